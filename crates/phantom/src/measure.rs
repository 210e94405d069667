//! The volume and centroid of any solid by subdividing space.

use fabrica_progress::Progress;
use glam::DVec3;
use rayon::prelude::*;

use crate::random::uniform;
use crate::{PhantomError, Solid};

/// A solid's extent.
pub struct Extent {
    /// mm³.
    pub volume: f64,
    /// Three standard errors of the volume, mm³.
    pub error: f64,
    /// Centre of volume.
    pub centroid: DVec3,
}

/// Random points in each of the smallest cells that the surface may pass through.
const POINTS: usize = 8;

#[derive(Clone, Copy, Default)]
struct Sum {
    volume: f64,
    variance: f64,
    moment: DVec3,
}

impl Sum {
    fn plus(self, other: Self) -> Self {
        Self {
            volume: self.volume + other.volume,
            variance: self.variance + other.variance,
            moment: self.moment + other.moment,
        }
    }
}

/// The error that is small enough, as a part of the volume.
const ENOUGH: f64 = 2e-3;

/// The extent, with cells of a 128th of the solid's box, halved up to twice while the error is over two thousandths of the
/// volume.
pub fn extent(solid: &Solid, progress: &Progress) -> Result<Extent, PhantomError> {
    let mut best = at_level(solid, 8.0, progress)?;
    for level in [16.0, 32.0] {
        if best.error <= ENOUGH * best.volume {
            break;
        }
        best = at_level(solid, level, progress)?;
    }
    Ok(best)
}

/// Cells wholly inside (by the field's bound) count in full; those that the surface may cross are halved down to a
/// 16 × `level`th of the solid's box and then sampled at jittered points. The standard error is that of the sampling; it is an
/// upper estimate, since the points are stratified.
fn at_level(solid: &Solid, level: f64, progress: &Progress) -> Result<Extent, PhantomError> {
    let bounds = solid.bounds();
    let size = bounds.high - bounds.low;
    if !size.is_finite() || size.min_element() <= 0.0 {
        return Ok(Extent { volume: 0.0, error: 0.0, centroid: DVec3::ZERO });
    }
    let side = size.max_element() / 16.0;
    let count = (size / side).ceil().as_u64vec3();
    let cells: Vec<DVec3> = (0..count.x * count.y * count.z)
        .map(|n| {
            let at = DVec3::new((n % count.x) as f64, (n / count.x % count.y) as f64, (n / (count.x * count.y)) as f64);
            bounds.low + (at + 0.5) * side
        })
        .collect();
    let smallest = (side / level).max(0.05);
    // Summed in the order of the cells, so that the result does not depend on the threads.
    let sums = cells
        .par_iter()
        .map(|&centre| -> Result<Sum, PhantomError> {
            progress.check()?;
            Ok(cell(solid, centre, side / 2.0, smallest))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let sum = sums.into_iter().fold(Sum::default(), Sum::plus);
    let centroid = if sum.volume > 0.0 { sum.moment / sum.volume } else { DVec3::ZERO };
    Ok(Extent { volume: sum.volume, error: 3.0 * sum.variance.sqrt(), centroid })
}

fn cell(solid: &Solid, centre: DVec3, half: f64, smallest: f64) -> Sum {
    let radius = half * 3f64.sqrt();
    let field = solid.within(centre, radius);
    let volume = (2.0 * half).powi(3);
    if field >= radius {
        return Sum::default();
    }
    if field <= -radius {
        return Sum { volume, variance: 0.0, moment: centre * volume };
    }
    if 2.0 * half > smallest {
        return (0..8).fold(Sum::default(), |sum, corner| {
            let sign = |bit: u32| if corner >> bit & 1 == 0 { -0.5 } else { 0.5 };
            let child = centre + DVec3::new(sign(0), sign(1), sign(2)) * half;
            sum.plus(cell(solid, child, half / 2.0, smallest))
        });
    }
    let key = centre.to_array().iter().fold(0u64, |key, c| crate::random::scatter(key ^ c.to_bits()));
    let mut inside = 0.0;
    let mut moment = DVec3::ZERO;
    for point in 0..POINTS as u64 {
        // One point in each octant.
        let jitter = |axis: u64| (point >> axis & 1) as f64 - 1.0 + uniform(key.wrapping_add(point * 3 + axis));
        let at = centre + DVec3::new(jitter(0), jitter(1), jitter(2)) * half;
        if solid.contains(at) {
            inside += 1.0;
            moment += at;
        }
    }
    let n = POINTS as f64;
    let part = inside / n;
    // A cell with all or no points inside may still be crossed: half a point's worth of doubt.
    let doubt = (part * (1.0 - part) / n).max(0.25 / (n * n) * f64::from(field.abs() < half));
    Sum { volume: volume * part, variance: volume * volume * doubt, moment: moment * (volume / n) }
}
