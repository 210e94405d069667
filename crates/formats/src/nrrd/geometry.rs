//! Where an NRRD's samples lie.

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_volume::GeometryIssue;
use glam::DVec3;

use super::header::Header;
use super::laterality;
use crate::Problem;
use crate::frames::Frame;

/// Which axes are in space.
#[derive(Clone, Debug)]
pub(crate) struct Axes {
    /// The three axes in space.
    pub(crate) space: [usize; 3],
    /// How many samples the other axis has (1 without one).
    pub(crate) others: usize,
    /// The other axis runs fastest: the samples are interleaved.
    pub(crate) others_first: bool,
}

/// Kinds whose entries are one thing together, not one volume after another.
const PARTS_OF_ONE: [&str; 8] = ["color", "vector", "normal", "gradient", "quaternion", "matrix", "complex", "point"];

impl Axes {
    pub(crate) fn of(header: &Header) -> Result<Self, Problem> {
        let n = header.sizes.len();
        let kind = |axis: usize| header.kinds.get(axis).map_or("", String::as_str);
        let in_space = |axis: usize| match &header.directions {
            Some(directions) => directions[axis].is_some(),
            None => matches!(kind(axis), "domain" | "space"),
        };
        let mut space: Vec<usize> = (0..n).filter(|&a| in_space(a)).collect();
        if header.directions.is_none() && space.is_empty() && (n == 3 || n == 4) {
            // Nothing said: the first three, and then time.
            space = vec![0, 1, 2];
        }
        let Ok(space) = <[usize; 3]>::try_from(space.as_slice()) else {
            return Err(Problem::Unsupported(format!(
                "{} of the NRRD's {n} axes are in space; a volume has 3",
                space.len()
            )));
        };
        let others: Vec<usize> = (0..n).filter(|a| !space.contains(a)).collect();
        for &axis in &others {
            if PARTS_OF_ONE.iter().any(|part| kind(axis).contains(part)) && header.sizes[axis] > 1 {
                return Err(Problem::Unsupported(format!(
                    "each voxel is a {} of {} values: this is no scalar volume",
                    kind(axis),
                    header.sizes[axis]
                )));
            }
        }
        let counted: Vec<usize> = others.into_iter().filter(|&a| header.sizes[a] > 1).collect();
        match counted[..] {
            [] => Ok(Self { space, others: 1, others_first: false }),
            [axis] if axis == 0 || axis == n - 1 => {
                Ok(Self { space, others: header.sizes[axis], others_first: axis == 0 })
            }
            _ => Err(Problem::Unsupported("the axes outside space lie between those in space; reorder them".into())),
        }
    }
}

/// The grid in LPS millimetres, and what is dubious about it.
pub(crate) fn grid(header: &Header, axes: &Axes) -> Result<(Grid, Vec<GeometryIssue>), Problem> {
    let dims = axes.space.map(|a| header.sizes[a]);
    let mut issues = Vec::new();
    let Some(directions) = &header.directions else {
        return Ok((from_spacings(header, axes, dims, &mut issues)?, issues));
    };
    let frame = frame(header, &mut issues)?;
    let mut unit = [1.0; 3];
    for (axis, unit) in unit.iter_mut().enumerate() {
        if let Some(name) = header.space_units.get(axis) {
            *unit = millimetres("space units", name, &mut issues)?;
        }
    }
    let in_mm = |v: &[f64]| -> Result<DVec3, Problem> {
        let [x, y, z] = v else {
            return Err(Problem::header("space directions, space origin", "are not vectors of 3 numbers"));
        };
        Ok(frame.vector_to_lps(DVec3::new(x * unit[0], y * unit[1], z * unit[2])))
    };
    let mut columns = [DVec3::ZERO; 3];
    for (column, axis) in columns.iter_mut().zip(axes.space) {
        *column = in_mm(directions[axis].as_deref().unwrap_or_default())?;
    }
    let origin = match &header.origin {
        Some(origin) => in_mm(origin)?,
        None => {
            issues.push(GeometryIssue::Other {
                reason: "the NRRD has no space origin; the first voxel was put at 0, 0, 0, so the position in the \
                         patient is not known"
                    .into(),
            });
            DVec3::ZERO
        }
    };
    // The space origin is the centre of the first sample, whatever the centering (NRRD format, "space origin").
    let grid = Grid::new(dims, LpsPoint(origin), columns.map(LpsVector), columns.map(DVec3::length))?;
    Ok((grid, issues))
}

fn frame(header: &Header, issues: &mut Vec<GeometryIssue>) -> Result<Frame, Problem> {
    Ok(match header.space.as_deref() {
        Some("left-posterior-superior" | "lps") => Frame::Lps,
        Some("right-anterior-superior" | "ras") => Frame::Ras,
        Some("left-anterior-superior" | "las") => Frame::Las,
        Some(name @ ("scanner-xyz" | "3d-right-handed" | "3d-left-handed")) => {
            issues.push(laterality(&format!("the NRRD's space `{name}` does not say left; x, y, z were taken as LPS")));
            Frame::Lps
        }
        None if header.space_dimension.is_none_or(|n| n == 3) => {
            issues.push(laterality("the NRRD names no space; x, y, z were taken to run left, posterior, superior"));
            Frame::Lps
        }
        Some(other) => {
            return Err(Problem::header("space", format!("is `{other}`, which is not a space of 3 axes known here")));
        }
        None => return Err(Problem::header("space dimension", "is not 3")),
    })
}

/// No directions: only spacings, or the extent of each axis.
fn from_spacings(
    header: &Header,
    axes: &Axes,
    dims: [usize; 3],
    issues: &mut Vec<GeometryIssue>,
) -> Result<Grid, Problem> {
    issues.push(laterality("the NRRD gives no directions; i, j, k were taken to run left, posterior, superior"));
    let mut spacing = [1.0; 3];
    let mut origin = [0.0; 3];
    for (i, &axis) in axes.space.iter().enumerate() {
        let finite = |values: &Option<Vec<f64>>| values.as_ref().map(|v| v[axis]).filter(|v| v.is_finite());
        let cell = match header.centerings.get(axis).map(String::as_str) {
            Some("node") => false,
            // Without a word, extents are taken as those of cells, as teem does.
            _ => true,
        };
        let (low, high) = (finite(&header.axis_mins), finite(&header.axis_maxs));
        let extent = low
            .zip(high)
            .map(|(low, high)| (high - low) / if cell { dims[i] as f64 } else { (dims[i] as f64 - 1.0).max(1.0) });
        let Some(step) = finite(&header.spacings).or(extent) else {
            return Err(Problem::header(
                "spacings",
                format!("say nothing of axis {axis}: the voxel size is not known"),
            ));
        };
        let unit = match header.units.get(axis) {
            Some(name) => millimetres("units", name, issues)?,
            None => 1.0,
        };
        spacing[i] = step * unit;
        origin[i] = low.map_or(0.0, |low| low + if cell { step / 2.0 } else { 0.0 }) * unit;
    }
    if header.units.is_empty() {
        issues.push(GeometryIssue::Other {
            reason: "the NRRD does not say its unit of length; millimetres were taken".into(),
        });
    }
    Ok(Grid::axis_aligned(dims, LpsPoint(DVec3::from_array(origin)), spacing)?)
}

fn millimetres(field: &str, unit: &str, issues: &mut Vec<GeometryIssue>) -> Result<f64, Problem> {
    match unit.trim().to_ascii_lowercase().as_str() {
        "mm" | "millimeter" | "millimetre" | "millimeters" | "millimetres" => Ok(1.0),
        "cm" => Ok(10.0),
        "m" | "meter" | "metre" => Ok(1000.0),
        "um" | "µm" | "μm" | "micron" | "microns" | "micrometer" | "micrometre" => Ok(0.001),
        "" | "none" | "???" => {
            let issue = GeometryIssue::Other {
                reason: "the NRRD does not say its unit of length; millimetres were taken".into(),
            };
            if !issues.contains(&issue) {
                issues.push(issue);
            }
            Ok(1.0)
        }
        other => Err(Problem::header(field, format!("name `{other}`, which is no unit of length known here"))),
    }
}
