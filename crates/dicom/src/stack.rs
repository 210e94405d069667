//! Where the slices of a phase lie, and what is dubious about it.
//!
//! Slices are ordered along the normal `row × column`, so that i, j, k are right-handed. Distances between slices come
//! from positions alone.

use fabrica_volume::GeometryIssue;
use glam::DVec3;

use crate::frame::{Frame, Orientation};

/// Slices nearer to one another than this along the normal lie at one position. Positions are written to at least
/// a hundredth of a millimetre; no scanner reconstructs slices so near to one another.
pub(crate) const SAME_POSITION_MM: f64 = 0.005;
/// Deviation from even distances, as part of the distance, that is rounding ...
const EVEN_PART: f64 = 0.02;
/// ... but no more than this,
const EVEN_MM: f64 = 0.02;
/// and deviations that are kept with a warning instead of resampled: positions rounded to a tenth of a millimetre.
const ROUNDED_PART: f64 = 0.1;
const ROUNDED_MM: f64 = 0.055;
/// How far gaps may be from a multiple of the usual one, as part of that, to count as missing slices.
const MULTIPLE_PART: f64 = 0.05;
/// Sideways displacement of a slice, as part of the smaller pixel spacing, up to which the stack is straight.
const STRAIGHT_PART: f64 = 0.1;
/// The slope up to which the grid itself follows the slices (0.05°); its axes may be off by that much.
const GRID_SLOPE: f64 = 9e-4;

/// Where one slice lies relative to the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    /// Along the normal, mm.
    pub(crate) depth: f64,
    /// Along the row and along the column, mm.
    pub(crate) shift: [f64; 2],
}

/// Uneven distances between slices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Uneven {
    pub(crate) least: f64,
    pub(crate) greatest: f64,
    /// How many slices are missing if the distances are multiples of one; else 0.
    pub(crate) missing: usize,
    /// The distance to resample to at most.
    pub(crate) step: f64,
}

/// The geometry of a phase.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) orientation: Orientation,
    /// Direction from slice to slice, of unit length: the normal unless slices are very slightly sheared.
    pub(crate) direction: DVec3,
    /// Along the row and along the column, mm.
    pub(crate) pixel: [f64; 2],
    /// Centre of the first pixel of the first slice.
    pub(crate) origin: DVec3,
    /// Distance between slices, mm: the usual one where they are uneven.
    pub(crate) step: f64,
    pub(crate) places: Vec<Place>,
    /// Angle between the normal and the direction from slice to slice, where slices are sheared or displaced.
    pub(crate) tilt_degrees: Option<f64>,
    pub(crate) uneven: Option<Uneven>,
}

/// What is known about a phase's geometry.
pub(crate) struct Measured {
    pub(crate) stack: Option<Stack>,
    pub(crate) issues: Vec<GeometryIssue>,
    pub(crate) obstacle: Option<String>,
}

/// Measures where slices lie. All frames have the same size, orientation and pixel spacing and come in slice order.
pub(crate) fn measure(frames: &[Frame], picture: bool) -> Measured {
    let mut issues = Vec::new();
    match stack(frames, picture, &mut issues) {
        Ok(stack) => Measured { stack: Some(stack), issues, obstacle: None },
        Err(obstacle) => Measured { stack: None, issues, obstacle: Some(obstacle) },
    }
}

/// Whether depths, in ascending order, are evenly spaced but for rounding.
pub(crate) fn is_even(depths: &[f64]) -> bool {
    let (worst, step) = unevenness(depths);
    worst <= rounding(step).1
}

/// How near an output slice must lie to a source slice to be taken for it.
pub(crate) fn same_depth(step: f64) -> f64 {
    rounding(step).0.max(SAME_POSITION_MM)
}

/// The largest deviation from even distances, and the mean distance.
fn unevenness(depths: &[f64]) -> (f64, f64) {
    let [first, .., last] = depths else { return (0.0, 0.0) };
    let step = (last - first) / (depths.len() - 1) as f64;
    let worst = depths.iter().enumerate().map(|(k, d)| (d - first - k as f64 * step).abs()).fold(0.0, f64::max);
    (worst, step)
}

/// The deviations that pass in silence, and with a warning.
fn rounding(step: f64) -> (f64, f64) {
    let silent = (EVEN_PART * step).min(EVEN_MM);
    (silent, (ROUNDED_PART * step).min(ROUNDED_MM).max(silent))
}

fn stack(frames: &[Frame], picture: bool, issues: &mut Vec<GeometryIssue>) -> Result<Stack, String> {
    let first = frames.first().ok_or("there is no slice")?;
    let pixel = match first.facts.pixel_spacing {
        Some(pixel) => pixel,
        None if picture || frames.len() == 1 => {
            issues.push(GeometryIssue::PixelSpacingUncertain {
                reason: "there is none in the file; 1 mm was assumed, so that no length is right".into(),
            });
            [1.0, 1.0]
        }
        None => return Err("the pixel spacing is missing or malformed, so that no length would be right".into()),
    };
    let orientation = match first.facts.orientation {
        Some(orientation) => orientation,
        None => assumed_orientation(frames, issues)?,
    };
    let positions = positions(frames, orientation, issues)?;
    let normal = orientation.normal();
    let origin = positions.first().copied().unwrap_or_default();
    let places: Vec<Place> = positions
        .iter()
        .map(|p| {
            let d = *p - origin;
            Place { depth: d.dot(normal), shift: [d.dot(orientation.row), d.dot(orientation.column)] }
        })
        .collect();
    let depths: Vec<f64> = places.iter().map(|p| p.depth).collect();
    let mut stack =
        Stack { orientation, direction: normal, pixel, origin, step: 0.0, places, tilt_degrees: None, uneven: None };
    if frames.len() == 1 {
        stack.step = single_step(first, issues);
        return Ok(stack);
    }
    stack.step = distances(&depths, &mut stack.uneven, issues)?;
    shear(&mut stack, issues);
    Ok(stack)
}

/// The distance between slices of a single slice: there is none, so that what it stands for is taken with a warning.
fn single_step(frame: &Frame, issues: &mut Vec<GeometryIssue>) -> f64 {
    let between = frame.facts.spacing_between_slices.map(|s| (s.abs(), "Spacing Between Slices"));
    let thickness = frame.facts.thickness.map(|t| (t, "Slice Thickness"));
    let (spacing_mm, from) = thickness.or(between).unwrap_or((1.0, "nothing: it is not in the file"));
    issues.push(GeometryIssue::SpacingAssumed { spacing_mm, from: format!("{from} (a single slice)") });
    spacing_mm
}

/// The usual distance between slices; notes uneven ones.
fn distances(depths: &[f64], uneven: &mut Option<Uneven>, issues: &mut Vec<GeometryIssue>) -> Result<f64, String> {
    let (worst, mean) = unevenness(depths);
    let (silent, tolerable) = rounding(mean);
    if worst <= silent {
        return Ok(mean);
    }
    if worst <= tolerable {
        issues.push(GeometryIssue::Other {
            reason: format!(
                "slice positions deviate from even distances by up to {worst:.3} mm, as if rounded; they were taken as even"
            ),
        });
        return Ok(mean);
    }
    let mut gaps: Vec<f64> = depths.windows(2).filter_map(|w| Some(w.last()? - w.first()?)).collect();
    gaps.sort_by(f64::total_cmp);
    let (Some(&least), Some(&greatest)) = (gaps.first(), gaps.last()) else { return Ok(mean) };
    let usual = gaps.get((gaps.len() - 1) / 2).copied().unwrap_or(mean);
    let multiples: Vec<f64> = gaps.iter().map(|g| g / usual).collect();
    let slack = MULTIPLE_PART.max(SAME_POSITION_MM / usual);
    let whole = multiples.iter().all(|m| (m - m.round()).abs() <= slack && m.round() >= 1.0);
    let extent: f64 = gaps.iter().sum();
    if whole {
        let slots: f64 = multiples.iter().map(|m| m.round()).sum();
        let missing = slots as usize - gaps.len();
        issues.push(GeometryIssue::MissingSlices { count: missing, gap_mm: greatest });
        *uneven = Some(Uneven { least, greatest, missing, step: extent / slots });
    } else {
        issues.push(GeometryIssue::UnevenSpacing { least_mm: least, greatest_mm: greatest });
        *uneven = Some(Uneven { least, greatest, missing: 0, step: least });
    }
    Ok(usual)
}

/// Notes how slices are displaced sideways.
fn shear(stack: &mut Stack, issues: &mut Vec<GeometryIssue>) {
    let n = stack.places.len() as f64;
    let mean = |of: &dyn Fn(&Place) -> f64| stack.places.iter().map(of).sum::<f64>() / n;
    let centre = mean(&|p| p.depth);
    let spread = mean(&|p| (p.depth - centre).powi(2));
    let slope = [0, 1].map(|a| {
        let m = mean(&|p| p.shift[a]);
        mean(&|p| (p.depth - centre) * (p.shift[a] - m)) / spread
    });
    let straight = STRAIGHT_PART * stack.pixel[0].min(stack.pixel[1]);
    let largest = |deviation: &dyn Fn(&Place, usize) -> f64| {
        stack.places.iter().map(|p| deviation(p, 0).hypot(deviation(p, 1))).fold(0.0, f64::max)
    };
    if largest(&|p, a| p.shift[a]) <= straight {
        return;
    }
    let jitter = largest(&|p, a| p.shift[a] - slope[a] * p.depth);
    let steepness = slope[0].hypot(slope[1]);
    if jitter <= straight && steepness <= GRID_SLOPE {
        let o = stack.orientation;
        stack.direction = (o.normal() + o.row * slope[0] + o.column * slope[1]).normalize();
        return;
    }
    let degrees = steepness.atan().to_degrees();
    stack.tilt_degrees = Some(degrees);
    if steepness > GRID_SLOPE {
        issues.push(GeometryIssue::GantryTilt { degrees });
    }
    if jitter > straight {
        issues.push(GeometryIssue::Other {
            reason: format!(
                "slices are displaced sideways against one another by up to {jitter:.2} mm, beyond a plain shear; they are placed by their positions"
            ),
        });
    }
}

/// Whether the positions of all slices, where they have some, differ along z alone.
pub(crate) fn along_z(frames: &[Frame]) -> bool {
    let mut positions = frames.iter().filter_map(|f| f.facts.position);
    let Some(first) = positions.next() else { return true };
    positions.all(|p| (p - first).truncate().length() <= SAME_POSITION_MM + 0.05 * (p - first).z.abs())
}

/// Without Image Orientation (Patient), only positions along one axis allow a guess.
fn assumed_orientation(frames: &[Frame], issues: &mut Vec<GeometryIssue>) -> Result<Orientation, String> {
    let axial = Orientation { row: DVec3::X, column: DVec3::Y };
    let assumed = "Image Orientation (Patient) is missing or malformed; axial slices were assumed, with columns running to the left and rows to the back";
    if !along_z(frames) {
        return Err(
            "Image Orientation (Patient) is missing or malformed, so that which way the image faces is unknown".into(),
        );
    }
    issues.push(GeometryIssue::LateralityAssumed { reason: assumed.into() });
    Ok(axial)
}

/// The position of each slice, from Image Position (Patient), else assumed with a warning, else refused.
fn positions(
    frames: &[Frame],
    orientation: Orientation,
    issues: &mut Vec<GeometryIssue>,
) -> Result<Vec<DVec3>, String> {
    let known: Vec<DVec3> = frames.iter().filter_map(|f| f.facts.position).collect();
    if known.len() == frames.len() {
        return Ok(known);
    }
    if !known.is_empty() {
        let missing = frames.len() - known.len();
        return Err(format!("{missing} of {} slices have no Image Position (Patient)", frames.len()));
    }
    let nowhere = "Image Position (Patient) is missing or malformed";
    let normal = orientation.normal();
    if frames.len() == 1 {
        issues.push(GeometryIssue::Other { reason: format!("{nowhere}: the image was put at the origin") });
        return Ok(vec![DVec3::ZERO]);
    }
    let locations: Vec<f64> = frames.iter().filter_map(|f| f.facts.slice_location).collect();
    let ascending = locations.windows(2).all(|w| matches!(w, [a, b] if b - a > SAME_POSITION_MM));
    let same_file = frames.windows(2).all(|w| matches!(w, [a, b] if std::sync::Arc::ptr_eq(&a.file, &b.file)));
    let step = frames.first().and_then(|f| f.facts.spacing_between_slices);
    let (depths, from): (Vec<f64>, &str) = if locations.len() == frames.len() && ascending {
        (locations, "Slice Location")
    } else if let (true, Some(step)) = (same_file, step) {
        ((0..frames.len()).map(|k| k as f64 * step.abs()).collect(), "Spacing Between Slices")
    } else {
        return Err(format!("{nowhere}, and nothing else says how far the {} slices are apart", frames.len()));
    };
    let (_, spacing_mm) = unevenness(&depths);
    issues.push(GeometryIssue::SpacingAssumed { spacing_mm, from: from.into() });
    issues.push(GeometryIssue::LateralityAssumed {
        reason: format!("{nowhere}; the order of slices along their normal was assumed from {from}"),
    });
    Ok(depths.into_iter().map(|d| normal * d).collect())
}
