//! What is drawn on a slice.

use fabrica_geometry::{Grid, LpsPoint};
use fabrica_plan::{Annotation, AnnotationMark, MeasurementKind, NamedMeasurement, Region};

/// Graphic data of an object holds at most so many points (Number of Graphic Points is 16 bits).
const MOST_POINTS: usize = 60_000;

/// How the points of a mark are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A point.
    Point,
    /// A line from point to point. A closed one ends where it begins.
    Line,
    /// Words alone.
    Nothing,
}

/// Something drawn on a slice.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// How it is drawn.
    pub shape: Shape,
    /// Column and row, in pixels; the upper left corner of the image is (0, 0), the centre of its first pixel (0.5, 0.5).
    pub points: Vec<[f64; 2]>,
    /// What is written beside its last point.
    pub lines: Vec<String>,
}

/// The slice that all points lie on, within half the distance between slices, and where on it.
fn on_slice(grid: &Grid, points: &[LpsPoint]) -> Result<(usize, Vec<[f64; 2]>), String> {
    let voxels: Vec<_> = points.iter().map(|p| grid.to_voxel(*p).0).collect();
    let first = voxels.first().ok_or("it has no place")?;
    let slice = first.z.round();
    let [columns, rows, slices] = grid.dims().map(|n| n as f64);
    // A point half way belongs to either.
    if voxels.iter().any(|v| (v.z - slice).abs() > 0.5 + 1e-6) {
        return Err("it does not lie on one slice".into());
    }
    let within = |v: &glam::DVec3| (-0.5..=columns - 0.5).contains(&v.x) && (-0.5..=rows - 0.5).contains(&v.y);
    if !(0.0..slices).contains(&slice) || !voxels.iter().all(within) {
        return Err("it reaches beyond the images".into());
    }
    if voxels.len() > MOST_POINTS {
        return Err(format!("its {} points are over {MOST_POINTS}", voxels.len()));
    }
    Ok((slice as usize, voxels.iter().map(|v| [v.x + 0.5, v.y + 0.5]).collect()))
}

/// A measurement's marks and their slice, or why it has none.
///
/// # Errors
/// Why it cannot be drawn on a slice, in words.
pub fn marks_of_measurement(grid: &Grid, named: &NamedMeasurement) -> Result<(usize, Vec<Mark>), String> {
    let kind = &named.measurement.kind;
    let mut lines = vec![named.name.clone()];
    lines.extend(named.measurement.quantities.iter().take(6).map(|q| format!("{}: {q}", q.what.name())));
    let points = kind.points();
    if points.is_empty() {
        return Err("it is of a whole structure".into());
    }
    let (slice, mut at) = on_slice(grid, &points)?;
    let mark = |shape, points, lines| Mark { shape, points, lines };
    let marks = match kind {
        MeasurementKind::LineAngle { .. } => {
            let second = at.split_off(2.min(at.len()));
            vec![mark(Shape::Line, at, Vec::new()), mark(Shape::Line, second, lines)]
        }
        MeasurementKind::Area { .. } => {
            at.extend(at.first().copied());
            vec![mark(Shape::Line, at, lines)]
        }
        MeasurementKind::RegionStatistics { region: Region::Sphere { centre, radius } } => {
            vec![mark(Shape::Line, circle(grid, *centre, radius.0, slice), lines)]
        }
        _ if at.len() == 1 => vec![mark(Shape::Point, at, lines)],
        _ => vec![mark(Shape::Line, at, lines)],
    };
    Ok((slice, marks))
}

/// Where a ball meets the plane of a slice, as a closed line: an ellipse where pixels are not square.
fn circle(grid: &Grid, centre: LpsPoint, radius: f64, slice: usize) -> Vec<[f64; 2]> {
    const CORNERS: u32 = 48;
    let at = grid.to_voxel(centre).0;
    let [across, down, through] = grid.spacing();
    let off = (at.z - slice as f64) * through;
    let here = (radius * radius - off * off).max(0.0).sqrt();
    let turn = |n: u32| (f64::from(n % CORNERS) * std::f64::consts::TAU / f64::from(CORNERS)).sin_cos();
    (0..=CORNERS)
        .map(turn)
        .map(|(sin, cos)| [at.x + 0.5 + here * cos / across, at.y + 0.5 + here * sin / down])
        .collect()
}

/// An annotation's mark and its slice, or why it has none.
///
/// # Errors
/// Why it cannot be drawn on a slice, in words.
pub fn marks_of_annotation(grid: &Grid, name: &str, annotation: &Annotation) -> Result<(usize, Vec<Mark>), String> {
    let points: Vec<LpsPoint> = annotation.points.points().collect();
    let (slice, mut at) = on_slice(grid, &points)?;
    let text = if annotation.text.is_empty() { name } else { &annotation.text };
    let shape = match annotation.mark {
        AnnotationMark::Label => Shape::Nothing,
        AnnotationMark::Arrow | AnnotationMark::Line => Shape::Line,
        AnnotationMark::Outline => {
            at.extend(at.first().copied());
            Shape::Line
        }
    };
    Ok((slice, vec![Mark { shape, points: at, lines: text.lines().map(str::to_owned).collect() }]))
}
