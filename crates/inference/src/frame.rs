//! Lays a scan before the network: axes, spacing, box, crop, values.

use fabrica_geometry::{Grid, Mm, PatientDirection};
use fabrica_progress::Progress;
use fabrica_segment::fill_cavities;
use fabrica_volume::{Mask, Volume};
use glam::{DAffine3, DMat3, DVec3};
use rayon::prelude::*;

use crate::InferenceError;
use crate::image::{Axes, Image3};
use crate::model::{Crop, Model, Orientation, Placing};
use crate::normalise::normalise;
use crate::spline::{edge_to_edge, resample_axis};

/// The most samples that an image may have: 16 GiB of 32-bit floats. More comes from a spacing that is a mistake.
const MOST_SAMPLES: f64 = 4e9;
/// From this ratio of spacings on, slices are resampled apart (nnU-Net's threshold).
const ANISOTROPIC: f64 = 3.0;

/// Images before the network, all on one grid.
#[derive(Clone, Debug)]
pub struct Laid {
    /// One a channel, each of the same sides.
    pub images: Vec<Image3>,
    /// Takes positions in the images, in samples, to voxel positions of the scan.
    pub to_scan: DAffine3,
    /// The axis along which samples are so far apart that it is resampled by itself.
    pub across_slices: Option<usize>,
}

/// Lays the scans, which share one grid, as the model wants them.
pub fn lay(model: &Model, scans: &[&Volume], progress: &Progress) -> Result<Laid, InferenceError> {
    let grid = common_grid(model, scans)?;
    let frame = &model.frame;
    progress.stage("laying the scan");
    let mut laid = match (frame.orientation, frame.placing) {
        (Orientation::Patient { .. }, _) | (_, Placing::Box { .. }) => turned(model, scans, grid, progress)?,
        _ => straight(model, scans, grid, progress)?,
    };
    if !frame.normalise_first {
        for (image, channel) in laid.images.iter_mut().zip(&model.channels) {
            normalise(image, &channel.normalisation, None);
        }
    }
    if let Crop::Above { value } = frame.crop {
        laid.crop_to(|image| image.bounds_where(|v| f64::from(v) > value));
    }
    progress.check()?;
    if laid.images.iter().any(|image| image.data.par_iter().any(|v| !v.is_finite())) {
        return Err(InferenceError::Scan("its values are not all finite once normalised".into()));
    }
    Ok(laid)
}

impl Laid {
    /// The sides of all images.
    pub fn sides(&self) -> [usize; 3] {
        self.images.first().map_or([0; 3], |image| image.sides)
    }

    /// Cuts all images to the box that holds what any of them wants; all of it when none wants anything.
    fn crop_to(&mut self, wanted: impl Fn(&Image3) -> Option<([usize; 3], [usize; 3])>) {
        let boxes = self.images.iter().filter_map(wanted);
        let Some((low, high)) = boxes
            .reduce(|a, b| (std::array::from_fn(|n| a.0[n].min(b.0[n])), std::array::from_fn(|n| a.1[n].max(b.1[n]))))
        else {
            return;
        };
        let sides = std::array::from_fn(|a| high[a] - low[a] + 1);
        self.images.iter_mut().for_each(|image| *image = image.crop(low, sides));
        let shift = DVec3::from_array(low.map(|n| n as f64));
        self.to_scan *= DAffine3::from_translation(shift);
    }
}

fn common_grid<'a>(model: &Model, scans: &[&'a Volume]) -> Result<&'a Grid, InferenceError> {
    let wanted: Vec<&str> = model.channels.iter().map(|c| c.name.as_str()).collect();
    if scans.len() != wanted.len() {
        let what = format!("it takes the images {wanted:?}, {} were given", scans.len());
        return Err(InferenceError::Scan(what));
    }
    let grid = scans[0].grid();
    let tolerance = Mm(grid.finest_spacing().0 * 0.01);
    if scans.iter().any(|scan| !scan.grid().coincides(grid, tolerance)) {
        return Err(InferenceError::Scan(
            "its images do not lie on the same grid; register and resample them first".into(),
        ));
    }
    Ok(grid)
}

/// Along the scan's own axes: nothing is turned, each axis is resampled by itself.
fn straight(model: &Model, scans: &[&Volume], grid: &Grid, progress: &Progress) -> Result<Laid, InferenceError> {
    let frame = &model.frame;
    let axes = axes(grid, frame.orientation);
    let mut laid = Laid {
        images: scans.iter().map(|scan| Image3::of(scan, axes)).collect(),
        to_scan: axes_to_scan(grid, axes),
        across_slices: None,
    };
    if frame.crop == Crop::Nonzero {
        laid.crop_to(|image| image.bounds_where(|v| v != 0.0));
    }
    if frame.normalise_first {
        let inside = nonzero_filled(&laid, progress)?;
        for (image, channel) in laid.images.iter_mut().zip(&model.channels) {
            normalise(image, &channel.normalisation, Some(&inside));
        }
    }
    progress.check()?;
    let Some(wanted) = frame.spacing else { return Ok(laid) };
    let spacing = axes.order.map(|a| grid.spacing()[a]);
    let sides = laid.sides();
    let mut to = sides;
    for a in 0..3 {
        to[a] = match frame.placing {
            Placing::FirstCentre => {
                ((sides[a] as f64 - 1.0) * spacing[a] / wanted[a] + 1.0).round_ties_even().max(1.0) as usize
            }
            _ => (sides[a] as f64 * spacing[a] / wanted[a]).round_ties_even().max(1.0) as usize,
        };
    }
    check_size(to)?;
    laid.across_slices = slice_axis(spacing, wanted);
    let positions: [Vec<f64>; 3] = std::array::from_fn(|a| match frame.placing {
        Placing::FirstCentre => (0..to[a]).map(|n| n as f64 * wanted[a] / spacing[a]).collect(),
        _ => edge_to_edge(sides[a], to[a]),
    });
    // nnU-Net leaves an image alone whose sides stay.
    if !(to == sides && frame.placing == Placing::Edges) {
        let slices = frame.image.across_slices.and_then(|order| Some((laid.across_slices?, order)));
        for image in &mut laid.images {
            let (low, high) = image.range();
            let mut resampled = image.clone();
            // Slices first in their plane, then across.
            let mut order: Vec<usize> = (0..3).collect();
            order.sort_by_key(|&a| slices.is_some_and(|(axis, _)| axis == a));
            for a in order {
                let spline = slices.filter(|(axis, _)| *axis == a).map_or(frame.image.order, |(_, order)| order);
                if !(to[a] == sides[a] && frame.placing == Placing::Edges) {
                    resampled = resample_axis(&resampled, a, &positions[a], spline);
                }
                progress.check()?;
            }
            // A cubic spline overshoots; nothing may come out that was not in the image.
            resampled.data.par_iter_mut().for_each(|v| *v = v.clamp(low, high));
            *image = resampled;
        }
    }
    let scale: [f64; 3] = std::array::from_fn(|a| match frame.placing {
        Placing::FirstCentre => wanted[a] / spacing[a],
        _ => sides[a] as f64 / to[a] as f64,
    });
    let first = DVec3::from_array(std::array::from_fn(|a| positions[a][0]));
    let step = DAffine3 { matrix3: DMat3::from_diagonal(DVec3::from_array(scale)), translation: first };
    laid.to_scan *= step;
    Ok(laid)
}

/// On a grid of the patient's axes, or in a box: each sample is taken between eight voxels.
fn turned(model: &Model, scans: &[&Volume], grid: &Grid, progress: &Progress) -> Result<Laid, InferenceError> {
    let frame = &model.frame;
    if frame.image.order > 1 || frame.normalise_first || frame.crop == Crop::Nonzero {
        return Err(InferenceError::Scan(
            "the model asks for a box with cubic interpolation, which is not supported".into(),
        ));
    }
    let (directions, own_spacing) = match frame.orientation {
        Orientation::Patient { letters } => {
            (letters.map(|letter| direction(letter).vector().0), [grid.finest_spacing().0; 3])
        }
        orientation => {
            let axes = axes(grid, orientation);
            let direction = |a: usize| grid.axis(axes.order[a]).0 * if axes.flipped[a] { -1.0 } else { 1.0 };
            (std::array::from_fn(direction), axes.order.map(|a| grid.spacing()[a]))
        }
    };
    let spacing = frame.spacing.unwrap_or(own_spacing);
    let sides = match frame.placing {
        Placing::Box { sides } => sides,
        _ => {
            // The corners of the scan, along the directions.
            let (low, high) = grid.bounds();
            let extent = high.0 - low.0;
            std::array::from_fn(|a| (extent.dot(directions[a].abs()) / spacing[a]).ceil().max(1.0) as usize)
        }
    };
    check_size(sides)?;
    let step = DMat3::from_cols(directions[0] * spacing[0], directions[1] * spacing[1], directions[2] * spacing[2]);
    let middle = DVec3::from_array(sides.map(|n| (n as f64 - 1.0) / 2.0));
    let to_patient = DAffine3 { matrix3: step, translation: grid.centre().0 - step * middle };
    let to_scan = grid.patient_to_voxel() * to_patient;
    let mut images = Vec::new();
    for scan in scans {
        images.push(sampled(scan, sides, to_scan, frame.image.order));
        progress.check()?;
    }
    Ok(Laid { images, to_scan, across_slices: None })
}

/// The scan's values at the samples of an image; its smallest value outside.
fn sampled(scan: &Volume, sides: [usize; 3], to_scan: DAffine3, order: u8) -> Image3 {
    let source = Image3::of(scan, Axes { order: [2, 1, 0], flipped: [false; 3] });
    let (lowest, _) = source.range();
    let [nk, nj, ni] = source.sides;
    let last = DVec3::new(ni as f64, nj as f64, nk as f64) - 1.0;
    let mut image = Image3::filled(sides, lowest);
    image.data.par_chunks_mut(sides[2]).enumerate().for_each(|(row, values)| {
        let start = DVec3::new((row / sides[1]) as f64, (row % sides[1]) as f64, 0.0);
        for (n, value) in values.iter_mut().enumerate() {
            let at = to_scan.transform_point3(start + DVec3::new(0.0, 0.0, n as f64));
            if at.min_element() < -0.5 || (at - last).max_element() > 0.5 {
                continue;
            }
            let at = at.clamp(DVec3::ZERO, last);
            let at = if order == 0 { at.round() } else { at };
            let low = at.floor();
            let t = (at - low).as_vec3();
            let [i, j, k] = low.as_u64vec3().to_array().map(|v| v as usize);
            let (i1, j1, k1) = ((i + 1).min(ni - 1), (j + 1).min(nj - 1), (k + 1).min(nk - 1));
            let get = |i: usize, j: usize, k: usize| source.data[(k * nj + j) * ni + i];
            let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
            let along = |j: usize, k: usize| mix(get(i, j, k), get(i1, j, k), t.x);
            let plane = |k: usize| mix(along(j, k), along(j1, k), t.y);
            *value = mix(plane(k), plane(k1), t.z);
        }
    });
    image
}

/// Which of the scan's axes the network's are.
fn axes(grid: &Grid, orientation: Orientation) -> Axes {
    match orientation {
        Orientation::Scan { order } => Axes { order: order.map(|n| 2 - n), flipped: [false; 3] },
        Orientation::Nearest { letters } | Orientation::Patient { letters } => {
            let mut free = [true; 3];
            let mut axes = Axes { order: [0; 3], flipped: [false; 3] };
            for (n, letter) in letters.into_iter().enumerate() {
                let wanted = direction(letter).vector().0;
                let along = |a: usize| grid.axis(a).0.dot(wanted);
                let best = (0..3).filter(|&a| free[a]).max_by(|&a, &b| along(a).abs().total_cmp(&along(b).abs()));
                let best = best.unwrap_or(0);
                free[best] = false;
                axes.order[n] = best;
                axes.flipped[n] = along(best) < 0.0;
            }
            axes
        }
    }
}

fn axes_to_scan(grid: &Grid, axes: Axes) -> DAffine3 {
    let dims = grid.dims();
    let mut columns = [DVec3::ZERO; 3];
    let mut translation = DVec3::ZERO;
    for (a, column) in columns.iter_mut().enumerate() {
        let scan = axes.order[a];
        column[scan] = if axes.flipped[a] { -1.0 } else { 1.0 };
        translation[scan] = if axes.flipped[a] { dims[scan] as f64 - 1.0 } else { 0.0 };
    }
    DAffine3 { matrix3: DMat3::from_cols(columns[0], columns[1], columns[2]), translation }
}

/// The letters were checked when the model was read; what is left maps to superior.
fn direction(letter: char) -> PatientDirection {
    match letter {
        'L' => PatientDirection::Left,
        'R' => PatientDirection::Right,
        'P' => PatientDirection::Posterior,
        'A' => PatientDirection::Anterior,
        'I' => PatientDirection::Inferior,
        _ => PatientDirection::Superior,
    }
}

/// The axis whose samples are so far apart that it is resampled by itself: nnU-Net's rule, first of the scan's spacing,
/// then of the wanted one.
fn slice_axis(scan: [f64; 3], wanted: [f64; 3]) -> Option<usize> {
    let anisotropic = |s: [f64; 3]| {
        let (low, high) = s.iter().fold((f64::INFINITY, 0f64), |(l, h), &v| (l.min(v), h.max(v)));
        (high / low > ANISOTROPIC).then_some((s, high))
    };
    let (spacing, coarsest) = anisotropic(scan).or_else(|| anisotropic(wanted))?;
    let coarse: Vec<usize> = (0..3).filter(|&a| spacing[a] == coarsest).collect();
    if let [axis] = coarse.as_slice() { Some(*axis) } else { None }
}

/// What is not 0 in any image, with its cavities: what nnU-Net takes for the body of stripped scans.
fn nonzero_filled(laid: &Laid, progress: &Progress) -> Result<Vec<bool>, InferenceError> {
    let sides = laid.sides();
    // The mask's i is the fastest axis.
    let dims = [sides[2], sides[1], sides[0]];
    let grid =
        Grid::axis_aligned(dims, Default::default(), [1.0; 3]).map_err(|e| InferenceError::Scan(e.to_string()))?;
    let inside = |index: usize| laid.images.iter().any(|image| image.data[index] != 0.0);
    let mask = Mask::from_fn(grid, inside);
    let filled = fill_cavities(&mask, None, progress).map_err(|e| match e {
        fabrica_segment::SegmentError::Cancelled(_) => InferenceError::Cancelled,
        other => InferenceError::Scan(other.to_string()),
    })?;
    Ok(filled.to_bytes().into_iter().map(|b| b != 0).collect())
}

fn check_size(sides: [usize; 3]) -> Result<(), InferenceError> {
    let samples: f64 = sides.iter().map(|&n| n as f64).product();
    if samples > MOST_SAMPLES {
        let what = format!(
            "at the model's spacing it would have {sides:?} samples, which is too many; the scan's or the model's spacing must be wrong"
        );
        return Err(InferenceError::Scan(what));
    }
    Ok(())
}
