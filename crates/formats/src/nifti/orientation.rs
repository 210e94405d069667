//! Where a NIfTI's voxels lie: sform, qform, or only spacings (nifti1.h, methods 3, 2 and 1).

use fabrica_geometry::{Grid, LpsPoint, LpsVector, VoxelPoint};
use fabrica_volume::{GeometryIssue, GeometryWarning};
use glam::{DAffine3, DMat3, DQuat, DVec3};

use super::Header;
use crate::Problem;
use crate::frames::Frame;

/// NIFTI_XFORM_SCANNER_ANAT: the scanner's own coordinates.
const SCANNER: i32 = 1;
/// NIFTI_XFORM_TALAIRACH and above: the patient was fitted to a template.
const TALAIRACH: i32 = 3;
/// sform and qform contradict when a corner moves by more than this part of the finest spacing.
const AGREEMENT: f64 = 0.1;

/// The grid in LPS millimetres, and what is dubious about it.
pub(super) fn grid(header: &Header) -> Result<(Grid, Vec<GeometryWarning>), Problem> {
    let mut issues = Vec::new();
    let unit = millimetres(header.space_unit, &mut issues)?;
    let scale = |a: DAffine3| DAffine3 { matrix3: a.matrix3 * unit, translation: a.translation * unit };
    let sform = (header.sform_code > 0).then(|| sform(header)).map(scale);
    let qform = if header.qform_code > 0 { Some(scale(qform(header)?)) } else { None };

    // The scanner's coordinates are the patient's; else, as nibabel and ITK do, the sform first.
    let chosen = match (sform, qform) {
        (Some(_), Some(q)) if header.qform_code == SCANNER && header.sform_code != SCANNER => Some((q, "qform")),
        (Some(s), _) => Some((s, "sform")),
        (None, q) => q.map(|q| (q, "qform")),
    };
    let Some((affine, name)) = chosen else {
        issues.push(GeometryIssue::LateralityAssumed {
            reason: "the NIfTI has neither sform nor qform; i was taken to run to the patient's right, j to anterior, \
                     k to superior, as nibabel takes it"
                .into(),
        });
        return Ok((from_spacing(header, unit)?, open(issues)));
    };
    let code = if name == "sform" { header.sform_code } else { header.qform_code };
    if code >= TALAIRACH {
        issues.push(GeometryIssue::Other {
            reason: format!(
                "the {name} gives template coordinates (code {code}); the head may have been scaled to fit, so lengths \
                 are not the patient's"
            ),
        });
    }
    let grid = in_lps(header, affine)?;
    if let (Some(s), Some(q)) = (sform, qform) {
        let apart = corner_distance(header.dims, s, q);
        if apart > AGREEMENT * grid.finest_spacing().0 {
            issues.push(GeometryIssue::Contradiction {
                reason: format!(
                    "sform and qform place the volume up to {apart:.2} mm apart; the {name} (code {code}) was taken"
                ),
            });
        }
    } else {
        compare_spacing(header, unit, &grid, name, &mut issues);
    }
    Ok((grid, open(issues)))
}

fn open(issues: Vec<GeometryIssue>) -> Vec<GeometryWarning> {
    issues.into_iter().map(GeometryWarning::new).collect()
}

/// Millimetres in the file's unit of length (xyzt_units).
fn millimetres(code: i32, issues: &mut Vec<GeometryIssue>) -> Result<f64, Problem> {
    match code {
        1 => Ok(1000.0),
        2 => Ok(1.0),
        3 => Ok(0.001),
        0 => {
            issues.push(GeometryIssue::Other {
                reason: "the NIfTI does not say its unit of length; millimetres were taken".into(),
            });
            Ok(1.0)
        }
        _ => Err(Problem::header("xyzt_units", format!("names unit of length {code}, which NIfTI does not define"))),
    }
}

fn sform(header: &Header) -> DAffine3 {
    let [x, y, z] = header.sform;
    let column = |i: usize| DVec3::new(x[i], y[i], z[i]);
    DAffine3 { matrix3: DMat3::from_cols(column(0), column(1), column(2)), translation: column(3) }
}

fn qform(header: &Header) -> Result<DAffine3, Problem> {
    let [b, c, d] = header.quaternion;
    let length = b * b + c * c + d * d;
    // A little over 1 comes from rounding to float32.
    if !(0.0..1.001).contains(&length) {
        return Err(Problem::header("quatern_b, _c, _d", format!("are {b}, {c}, {d}: no rotation")));
    }
    let rotation = DQuat::from_xyzw(b, c, d, (1.0 - length).max(0.0).sqrt()).normalize();
    let handed = if header.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    let [_, x, y, z] = header.pixdim;
    Ok(DAffine3 {
        matrix3: DMat3::from_quat(rotation) * DMat3::from_diagonal(DVec3::new(x, y, z * handed)),
        translation: DVec3::from_array(header.quaternion_offset),
    })
}

fn in_lps(header: &Header, affine: DAffine3) -> Result<Grid, Problem> {
    Ok(Grid::from_affine(header.dims, Frame::Ras.affine_to_lps(affine))?)
}

/// Method 1: nothing but spacings. Centred on the origin, so that it lies somewhere near where others put it.
fn from_spacing(header: &Header, unit: f64) -> Result<Grid, Problem> {
    let [_, x, y, z] = header.pixdim.map(|p| p * unit);
    let axes = [DVec3::X, DVec3::Y, DVec3::Z].map(|a| LpsVector(Frame::Ras.vector_to_lps(a)));
    let at_zero = Grid::new(header.dims, LpsPoint::default(), axes, [x, y, z])?;
    let origin = LpsPoint(-at_zero.centre().0);
    Ok(Grid::new(header.dims, origin, axes, [x, y, z])?)
}

/// How far two affines place the same corner apart at most.
fn corner_distance(dims: [usize; 3], a: DAffine3, b: DAffine3) -> f64 {
    (0..8)
        .map(|corner| {
            let at = VoxelPoint(DVec3::from_array(std::array::from_fn(|axis| {
                if corner >> axis & 1 == 0 { 0.0 } else { dims[axis] as f64 - 1.0 }
            })));
            a.transform_point3(at.0).distance(b.transform_point3(at.0))
        })
        .fold(0.0, |most, d| if d.is_nan() { f64::INFINITY } else { f64::max(most, d) })
}

/// With one affine only, its column lengths should still be the spacings.
fn compare_spacing(header: &Header, unit: f64, grid: &Grid, name: &str, issues: &mut Vec<GeometryIssue>) {
    let stated: [f64; 3] = std::array::from_fn(|a| header.pixdim[a + 1].abs() * unit);
    let placed = grid.spacing();
    if (0..3).any(|a| stated[a] > 0.0 && header.dims[a] > 1 && (stated[a] / placed[a] - 1.0).abs() > 0.001) {
        issues.push(GeometryIssue::Contradiction {
            reason: format!(
                "the {name} has spacings {placed:.4?} mm, pixdim says {stated:.4?} mm; the {name} was taken"
            ),
        });
    }
}
