//! A coarse map of the distance to a structure, for questions by the hundred thousand.
//!
//! Exact signed distances to the structure's surface at the nodes of a cubic lattice, linear in between. A distance curves by
//! at most 1/d a mm across its gradient at d mm from the surface, so that linear interpolation on a lattice of h mm is off by
//! at most h²/(4 d) far from the surface; nearer than that tells, exact distances take over
//! ([`Accessibility`](crate::accessibility)).

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_progress::Progress;
use glam::DVec3;
use rayon::prelude::*;

use crate::{ApproachError, Obstacle};

/// The most nodes of a lattice.
const MOST: f64 = 3e7;
/// Distances are kept in steps of this, mm.
const STEP: f64 = 1.0 / 64.0;

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct CoarseDistance {
    origin: DVec3,
    step: f64,
    dims: [usize; 3],
    values: Vec<i16>,
}

impl CoarseDistance {
    /// Distances in a box (its least and greatest corner), on a lattice of `step`.
    ///
    /// # Errors
    /// When the box is not finite or too large for the step, or the user cancels.
    pub fn new(
        obstacle: &Obstacle,
        region: (LpsPoint, LpsPoint),
        step: Mm,
        progress: &Progress,
    ) -> Result<Self, ApproachError> {
        let (low, high) = (region.0.0, region.1.0);
        let h = step.0;
        let cells = ((high - low) / h).ceil();
        if !(h > 0.0 && cells.is_finite() && cells.min_element() >= 0.0) || (cells + 2.0).element_product() > MOST {
            let what = format!(
                "{:.0} × {:.0} × {:.0} nodes of {step}: give a smaller region or a wider step",
                cells.x, cells.y, cells.z
            );
            return Err(ApproachError::invalid("coarse distance", what));
        }
        let dims = (cells + 2.0).to_array().map(|n| n as usize);
        let mut values = vec![0i16; dims.iter().product()];
        values.par_chunks_mut(dims[0]).enumerate().try_for_each(|(row, values)| {
            progress.check()?;
            let (j, k) = (row % dims[1], row / dims[1]);
            let mut within = f64::INFINITY;
            for (i, value) in values.iter_mut().enumerate() {
                let at = low + DVec3::new(i as f64, j as f64, k as f64) * h;
                // From one node to the next it changes by no more than the step.
                let found = obstacle.tree().signed_within(at, within).or_else(|| obstacle.tree().signed(at));
                let distance = found.map_or(f64::INFINITY, |n| n.distance);
                within = distance.abs() + h * 1.000_001 + 1e-6;
                *value = (distance / STEP).round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16;
            }
            Ok::<(), ApproachError>(())
        })?;
        Ok(Self { origin: low, step: h, dims, values })
    }

    /// The lattice's step.
    pub fn step(&self) -> Mm {
        Mm(self.step)
    }

    /// How far an interpolated value may be off at this distance from the surface.
    pub fn error_at(&self, distance: Mm) -> Mm {
        let d = distance.0.abs().max(1e-9);
        // Within a cell the surface itself may turn: never more than half the cell's diagonal.
        Mm((self.step * self.step / (4.0 * d)).min(self.step * 0.87) + STEP)
    }

    /// The signed distance at a point, interpolated; nothing outside the box.
    #[inline]
    pub fn at(&self, at: LpsPoint) -> Option<f64> {
        let p = (at.0 - self.origin) / self.step;
        if !(p.x >= 0.0 && p.y >= 0.0 && p.z >= 0.0) {
            return None;
        }
        let [i, j, k] = [p.x as usize, p.y as usize, p.z as usize];
        let [nx, ny, nz] = self.dims;
        if i + 1 >= nx || j + 1 >= ny || k + 1 >= nz {
            return None;
        }
        let t = p - DVec3::new(i as f64, j as f64, k as f64);
        let first = i + nx * (j + ny * k);
        let row = |n: usize| {
            let pair = &self.values[n..n + 2];
            f64::from(pair[0]) + f64::from(pair[1] - pair[0]) * t.x
        };
        let plane = |n: usize| {
            let (a, b) = (row(n), row(n + nx));
            a + (b - a) * t.y
        };
        let (a, b) = (plane(first), plane(first + nx * ny));
        Some((a + (b - a) * t.z) * STEP)
    }

    /// The least value along a line of unit direction, and the length of it that lies within the structure. By strides as long
    /// as nothing less can lie between; a point outside the box ends it with nothing.
    pub fn along(&self, from: LpsPoint, direction: DVec3, length: f64) -> Option<Along> {
        let mut found = Along { least: f64::INFINITY, within: 0.0 };
        let shortest = self.step / 3.0;
        let (mut t, mut before): (f64, Option<(f64, f64)>) = (0.0, None);
        loop {
            let here = self.at(LpsPoint(from.0 + direction * t))?;
            if let Some((at, value)) = before {
                let stretch = t - at;
                found.within += match (value < 0.0, here < 0.0) {
                    (true, true) => stretch,
                    (false, false) => 0.0,
                    (true, false) => stretch * value / (value - here),
                    (false, true) => stretch * here / (here - value),
                };
            }
            before = Some((t, here));
            found.least = found.least.min(here);
            if t >= length {
                return Some(found);
            }
            // Within, both the least value and the length are wanted; outside, only what could be less or inside.
            let stride = if found.least < 0.0 { here.abs() } else { here - found.least };
            t = (t + stride.max(shortest)).min(length);
        }
    }
}

/// What a line finds in a [`CoarseDistance`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Along {
    /// The least signed distance of its points, mm.
    pub least: f64,
    /// How much of it lies within the structure, mm.
    pub within: f64,
}
