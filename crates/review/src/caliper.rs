//! The dimensional check: a caliper on the images, and the same on the structure.

use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_volume::Mask;
use glam::DVec3;

use crate::ReviewError;

/// How far along the caliper a border is looked for from each end.
const REACH: f64 = 10.0;

/// The length of a caliper on a structure: between the places where its line passes the structure's border nearest to each
/// end. The border lies where the voxels, 1 or 0 and linear between their centres, are one half.
///
/// By hand: voxels 10 to 19 of 1 mm are a part from 9.5 to 19.5; a caliper from 9.2 to 19.9 along them finds 10 mm.
///
/// # Errors
/// When it is shorter than three voxels or than 2 mm, or no border lies within 10 mm (and a third of its length) of an end.
pub fn on_structure(name: &str, mask: &Mask, [a, b]: [LpsPoint; 2]) -> Result<Mm, ReviewError> {
    let length = a.distance(b);
    let width = voxel_along(mask.grid(), a, b);
    let least = Mm((3.0 * width.0).max(2.0));
    if length.0.is_nan() || length.0 < least.0 {
        return Err(ReviewError::ShortCaliper { length, least });
    }
    let along = (b - a).0 / length.0;
    let reach = REACH.min(length.0 / 3.0);
    let step = (mask.grid().finest_spacing().0 * 0.1).min(reach / 10.0);
    let value = |t: f64| occupancy(mask, LpsPoint(a.0 + along * t)) - 0.5;
    let near = |end: f64, which| {
        crossing(&value, end, reach, step).ok_or_else(|| ReviewError::CaliperOff {
            structure: name.into(),
            which,
            reach: Mm(reach),
        })
    };
    let (from, to) = (near(0.0, "first")?, near(length.0, "second")?);
    Ok(Mm(to - from))
}

/// How wide a voxel is along a caliper: a border cannot be told finer.
pub fn voxel_along(grid: &Grid, a: LpsPoint, b: LpsPoint) -> Mm {
    let along = (b - a).0.normalize_or_zero();
    Mm((0..3).map(|axis| grid.axis(axis).0.dot(along).abs() * grid.spacing()[axis]).sum())
}

/// Where a function crosses zero nearest to a place, both ways in small steps.
fn crossing(value: &impl Fn(f64) -> f64, at: f64, reach: f64, step: f64) -> Option<f64> {
    let start = value(at);
    if start == 0.0 {
        return Some(at);
    }
    let (mut up, mut down) = (start, start);
    for n in 1..=(reach / step) as u64 {
        let far = n as f64 * step;
        let (higher, lower) = (value(at + far), value(at - far));
        // Straight between two steps.
        let share = |before: f64, now: f64| far - step * now.abs() / (before.abs() + now.abs());
        if up * higher <= 0.0 {
            return Some(at + share(up, higher));
        }
        if down * lower <= 0.0 {
            return Some(at - share(down, lower));
        }
        (up, down) = (higher, lower);
    }
    None
}

/// A mask's value between voxel centres, linear; 0 beyond the grid.
fn occupancy(mask: &Mask, at: LpsPoint) -> f64 {
    let at = mask.grid().to_voxel(at).0;
    let low = at.floor();
    let share = at - low;
    let mut sum = 0.0;
    for corner in 0..8u8 {
        let high = DVec3::new(f64::from(corner & 1), f64::from(corner >> 1 & 1), f64::from(corner >> 2 & 1));
        let place = low + high;
        if place.min_element() < 0.0 || place.max_element() > 1e9 {
            continue;
        }
        let voxel = place.to_array().map(|n| n as usize);
        if mask.get(voxel) {
            let weight = DVec3::ONE - (high - share).abs();
            sum += weight.x * weight.y * weight.z;
        }
    }
    sum
}
