//! A coarse map of the distance to a structure, for questions by the hundred thousand.
//!
//! Exact signed distances to the structure's surface at the nodes of a cubic lattice, linear in between. A distance curves by
//! at most 1/d a mm across its gradient at d mm from the surface, so that linear interpolation on a lattice of h mm is off by
//! at most h²/(4 d) far from the surface; nearer than that tells, exact distances take over
//! ([`Accessibility`](crate::accessibility)).

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_progress::Progress;
use glam::{DVec3, Vec3};
use rayon::prelude::*;

use crate::tree::Nearest;
use crate::{ApproachError, Obstacle};

/// The most nodes of a lattice.
const MOST: f64 = 3e7;
/// Distances are kept in steps of this, mm.
const STEP: f64 = 1.0 / 64.0;
/// Distances at nodes are within this of exact; with the rounding it stays under a step.
const GAP: f64 = STEP / 4.0;

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
            let tree = obstacle.tree();
            let mut before: Option<Nearest> = None;
            for (i, value) in values.iter_mut().enumerate() {
                let at = low + DVec3::new(i as f64, j as f64, k as f64) * h;
                let near = tree.nearest_from(at, f64::INFINITY, before.as_ref(), GAP);
                let signed = near.and_then(|near| match before {
                    // No border lies between two nodes whose distances are more than the step together.
                    Some(before) if before.distance.abs() + near.distance > h * 1.000_001 + 2.0 * GAP => {
                        Some(Nearest { distance: near.distance.copysign(before.distance), ..near })
                    }
                    _ => tree.signed(at),
                });
                before = signed;
                let distance = signed.map_or(f64::INFINITY, |n| n.distance);
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
    pub fn at(&self, at: LpsPoint) -> Option<f64> {
        let p = self.place(at.0);
        self.holds(p).then(|| self.value(p.as_vec3()))
    }

    /// A point in steps from the first node.
    fn place(&self, at: DVec3) -> DVec3 {
        (at - self.origin) / self.step
    }

    /// Whether a place has nodes on all sides.
    fn holds(&self, p: DVec3) -> bool {
        let most = DVec3::from_array(self.dims.map(|n| n as f64 - 1.0));
        p.cmpge(DVec3::ZERO).all() && p.cmplt(most).all()
    }

    /// The value at a place that [`holds`](Self::holds).
    #[inline]
    fn value(&self, p: Vec3) -> f64 {
        let [nx, ny, nz] = self.dims;
        // By rounding a place between two that are held may lie a hair beyond.
        let [i, j, k] = [(p.x as usize).min(nx - 2), (p.y as usize).min(ny - 2), (p.z as usize).min(nz - 2)];
        let t = p - Vec3::new(i as f32, j as f32, k as f32);
        let first = i + nx * (j + ny * k);
        let row = |n: usize| {
            let pair = &self.values[n..n + 2];
            let (a, b) = (f32::from(pair[0]), f32::from(pair[1]));
            a + (b - a) * t.x
        };
        let plane = |n: usize| {
            let (a, b) = (row(n), row(n + nx));
            a + (b - a) * t.y
        };
        let (a, b) = (plane(first), plane(first + nx * ny));
        f64::from(a + (b - a) * t.z) * STEP
    }

    /// The least value along a straight line, and the length of it that lies within the structure; nothing where an end lies
    /// outside the box. By strides as long as nothing less can lie between. Values over `least_of_interest` are only told to
    /// be over it, which is quicker.
    pub fn along(&self, from: LpsPoint, to: LpsPoint, least_of_interest: f64) -> Option<Along> {
        let (start, end) = (self.place(from.0), self.place(to.0));
        if !self.holds(start) || !self.holds(end) {
            return None;
        }
        let length = from.0.distance(to.0);
        let each = if length > 0.0 { (end - start) / length } else { DVec3::ZERO }.as_vec3();
        let start = start.as_vec3();
        let mut found = Along { least: f64::INFINITY, within: 0.0 };
        let shortest = self.step / 2.0;
        let (mut t, mut before): (f64, Option<(f64, f64)>) = (0.0, None);
        loop {
            let here = self.value(start + each * t as f32);
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
            let stride = if found.least < 0.0 { here.abs() } else { here - found.least.min(least_of_interest) };
            t = (t + stride.max(shortest)).min(length);
        }
    }

    /// How much less than the value that [`along`](Self::along) found the true least distance may be.
    pub fn less_by(&self, least: f64) -> Mm {
        // Between two samples half the shortest stride apart from the least, the distance dips like that to a point.
        let half = self.step / 4.0;
        let dip = half.min(half * half / (2.0 * least.abs().max(1e-9)));
        Mm(self.error_at(Mm(least)).0 + dip)
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
