//! The image's values: at a point, in a ball, in a structure.
//!
//! # Errors
//! - **Noise**: the scan's noise nearby (from neighbouring voxels' differences, `noise.rs`), less what interpolation
//!   averages out; of a mean, less what the voxels average out, as far as they are independent: neighbours that vary
//!   together count for less (their correlation along each axis, as of a first-order autoregressive process).
//! - **Voxels** and **repeatability**: the point may lie elsewhere in its voxel and the hand errs, where the values
//!   have a slope.
//! - **Segmentation**: a border too far out takes in some of what lies beyond it.

use fabrica_geometry::{LpsPoint, Mm, VoxelPoint};
use fabrica_plan::{ErrorPart, ErrorSource, Quantity, QuantityKind, Unit};
use fabrica_volume::{Sample, Volume, with_samples};
use glam::DVec3;

use crate::{Border, MeasureError, PointErrors, Settings, noise, propagate};

/// Voxels to each side from which the noise is told.
const NEARBY: f64 = 3.0;

/// The image's value at a point, trilinearly interpolated.
///
/// # Errors
/// When the point lies outside the scan.
pub fn probe(volume: &Volume, at: LpsPoint, settings: &Settings) -> Result<Quantity, MeasureError> {
    let to_voxel = volume.grid().patient_to_voxel();
    let value = |p: LpsPoint| volume.interpolate(VoxelPoint(to_voxel.transform_point3(p.0)));
    let here = value(at).ok_or(MeasureError::Outside { at })?;
    // Beyond the scan's end the value is taken not to change.
    let errors = PointErrors::picked(1, volume.grid(), settings);
    let mut error = propagate(&[at], &errors, |p| p.first().and_then(|p| value(*p)).unwrap_or(here));
    let voxel = to_voxel.transform_point3(at.0);
    let part = voxel - voxel.floor();
    let weights = part * part + (DVec3::ONE - part) * (DVec3::ONE - part);
    let noise = noise::around(volume, VoxelPoint(voxel), NEARBY) * weights.element_product().sqrt();
    // The values nearby differ by noise too, which is no slope: in three displacements it makes 3/6 of its variance as
    // slope and 3/3 as bend.
    for part in &mut error {
        part.standard = (part.standard.powi(2) - 1.5 * noise * noise).max(0.0).sqrt();
    }
    error.push(ErrorPart { source: ErrorSource::Noise, standard: noise });
    Ok(Quantity { what: QuantityKind::Value, value: here, unit: Unit::Image(volume.unit.clone()), error })
}

/// Values with how much each counts, and where they stand in the grid.
struct Region {
    values: Vec<(f64, f64)>,
    low: [usize; 3],
    high: [usize; 3],
}

/// Statistics of the image's values in a ball: mean, standard deviation, median, minimum, maximum. Voxels on its
/// border count in part.
///
/// # Errors
/// When the ball lies outside the scan or holds no voxel.
pub fn in_sphere(
    volume: &Volume,
    centre: LpsPoint,
    radius: Mm,
    settings: &Settings,
) -> Result<Vec<Quantity>, MeasureError> {
    if !(radius.0 > 0.0 && radius.0 <= 1000.0) {
        return Err(MeasureError::Setting { what: "the radius", value: radius.to_string(), allowed: "over 0, to 1 m" });
    }
    let to_voxel = volume.grid().patient_to_voxel();
    if volume.interpolate(VoxelPoint(to_voxel.transform_point3(centre.0))).is_none() {
        return Err(MeasureError::Outside { at: centre });
    }
    let region = ball(volume, centre, radius.0);
    let errors = PointErrors::picked(1, volume.grid(), settings);
    let mean_at = |p: &[LpsPoint]| p.first().map_or(f64::NAN, |p| mean(&ball(volume, *p, radius.0).values));
    let here = mean(&region.values);
    let mut of_place = propagate(&[centre], &errors, |p| {
        let mean = mean_at(p);
        if mean.is_finite() { mean } else { here }
    });
    // Means nearby differ by noise too, which is no slope.
    let noise = noise::around(volume, VoxelPoint(to_voxel.transform_point3(centre.0)), NEARBY);
    for part in &mut of_place {
        let of_noise = noise * noise / region.values.len().max(1) as f64;
        part.standard = (part.standard.powi(2) - of_noise).max(0.0).sqrt();
    }
    let grid = volume.grid();
    let inside = |[i, j, k]: [usize; 3]| {
        grid.to_patient(VoxelPoint::new(i as f64, j as f64, k as f64)).distance(centre) <= radius
    };
    statistics(volume, region, of_place, inside, "the ball")
}

/// Statistics of the image's values in a structure: mean, standard deviation, median, minimum, maximum.
///
/// # Errors
/// When no voxel of the image lies in it.
pub fn in_structure(volume: &Volume, border: &Border) -> Result<Vec<Quantity>, MeasureError> {
    let grid = volume.grid();
    let block = border.field().grid();
    // The block's corners bound the structure in the volume's voxels, whichever way that is turned.
    let corners = (0..8).map(|c| {
        let at = DVec3::from_array(std::array::from_fn(|a| if c >> a & 1 == 0 { 0.0 } else { block.dims()[a] as f64 }));
        grid.to_voxel(block.to_patient(VoxelPoint(at))).0
    });
    let (low, high) = corners.fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(l, h), p| (l.min(p), h.max(p)));
    let low: [usize; 3] = std::array::from_fn(|a| low[a].floor().max(0.0) as usize);
    let high: [usize; 3] = std::array::from_fn(|a| (high[a].ceil().max(0.0) as usize).min(grid.dims()[a] - 1));
    let mut values = Vec::new();
    // The values at the border, for what a border elsewhere would take in.
    let (mut edge, mut edge_count) = (0.0, 0usize);
    let reach = border.voxel_along(grid.axis(0)).0;
    with_samples!(volume.samples().view(), |samples| {
        for k in low[2]..=high[2] {
            for j in low[1]..=high[1] {
                for i in low[0]..=high[0] {
                    let at = grid.to_patient(VoxelPoint::new(i as f64, j as f64, k as f64));
                    if border.contains(at) {
                        let value = samples[grid.index(i, j, k)].to_f64();
                        values.push((value, 1.0));
                        if border.nearest(at, Mm(reach)).is_some() {
                            edge += value;
                            edge_count += 1;
                        }
                    }
                }
            }
        }
    });
    let [size, _, area] = crate::size(border);
    let mut of_place = Vec::new();
    if edge_count > 0 && size.value > 0.0 {
        let change = (edge / edge_count as f64 - mean(&values)) / size.value;
        for part in &size.error {
            let standard = match part.source {
                ErrorSource::Segmentation => area.value * border.segmentation_error().0,
                _ => part.standard,
            };
            let source = if part.source == ErrorSource::Noise { ErrorSource::Voxels } else { part.source };
            of_place.push(ErrorPart { source, standard: (change * standard).abs() });
        }
    }
    let inside =
        |[i, j, k]: [usize; 3]| border.contains(grid.to_patient(VoxelPoint::new(i as f64, j as f64, k as f64)));
    statistics(volume, Region { values, low, high }, of_place, inside, border.name())
}

/// The voxels of a ball; those that its surface passes through count in part.
fn ball(volume: &Volume, centre: LpsPoint, radius: f64) -> Region {
    let grid = volume.grid();
    let spacing = grid.spacing();
    let at = grid.to_voxel(centre).0;
    // A voxel's half extent along a random direction.
    let half = grid.voxel_volume().0.cbrt() / 2.0;
    let reach: [f64; 3] = std::array::from_fn(|a| (radius + half) / spacing[a]);
    let low: [usize; 3] = std::array::from_fn(|a| (at[a] - reach[a]).floor().max(0.0) as usize);
    let high: [usize; 3] =
        std::array::from_fn(|a| ((at[a] + reach[a]).ceil().max(0.0) as usize).min(grid.dims()[a] - 1));
    let mut values = Vec::new();
    with_samples!(volume.samples().view(), |samples| {
        for k in low[2]..=high[2] {
            for j in low[1]..=high[1] {
                for i in low[0]..=high[0] {
                    let away = (DVec3::new(i as f64, j as f64, k as f64) - at) * DVec3::from_array(spacing);
                    let weight = (0.5 + (radius - away.length()) / (2.0 * half)).clamp(0.0, 1.0);
                    if weight > 0.0 {
                        values.push((samples[grid.index(i, j, k)].to_f64(), weight));
                    }
                }
            }
        }
    });
    Region { values, low, high }
}

fn mean(values: &[(f64, f64)]) -> f64 {
    let (sum, weights) = values.iter().fold((0.0, 0.0), |(s, w), (v, weight)| (s + v * weight, w + weight));
    sum / weights
}

fn statistics(
    volume: &Volume,
    region: Region,
    of_place: Vec<ErrorPart>,
    inside: impl Fn([usize; 3]) -> bool,
    name: &str,
) -> Result<Vec<Quantity>, MeasureError> {
    let Region { mut values, low, high } = region;
    values.retain(|(v, _)| v.is_finite() && volume.padding.as_ref().is_none_or(|p| !p.contains(v)));
    if values.is_empty() {
        return Err(MeasureError::Empty(name.into()));
    }
    let mean = mean(&values);
    let (weights, squares, variance) = values.iter().fold((0.0, 0.0, 0.0), |(w, s, v), (value, weight)| {
        (w + weight, s + weight * weight, v + weight * (value - mean).powi(2))
    });
    let sd = (variance / weights).sqrt();
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut half = weights / 2.0;
    let median = values.iter().find(|(_, w)| {
        half -= w;
        half <= 0.0
    });
    let (least, greatest) = (values[0].0, values[values.len() - 1].0);
    let median = median.map_or(greatest, |m| m.0);
    // As many independent values as there would be if neighbours did not vary together.
    let noise = noise::around_box(volume, low, high, &inside);
    let alike: f64 = noise.correlation.iter().map(|r| (1.0 + r) / (1.0 - r)).product();
    let independent = (weights * weights / squares / alike.max(1.0)).max(1.0);
    let with = |what, value, standard: f64, place: bool| {
        let mut error = vec![ErrorPart { source: ErrorSource::Noise, standard }];
        if place {
            error.extend(of_place.iter().copied());
        }
        Quantity { what, value, unit: Unit::Image(volume.unit.clone()), error }
    };
    Ok(vec![
        with(QuantityKind::Mean, mean, noise.sd / independent.sqrt(), true),
        with(QuantityKind::StandardDeviation, sd, sd / (2.0 * independent).sqrt(), false),
        // Of Gaussian values the median errs by √(π/2) of what the mean does.
        with(QuantityKind::Median, median, noise.sd * 1.2533 / independent.sqrt(), true),
        with(QuantityKind::Minimum, least, noise.sd, false),
        with(QuantityKind::Maximum, greatest, noise.sd, false),
    ])
}
