//! What a moving instrument passes through.

use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm, Mm3, VoxelPoint};
use fabrica_progress::Progress;
use fabrica_volume::Mask;
use glam::{DQuat, DVec3};
use rayon::prelude::*;

use crate::convex::{Capsule, Convex};
use crate::pose::Placed;
use crate::{ApproachError, Instrument, PlacedInstrument, Pose};

/// The most poses between which a motion is cut.
const MOST: usize = 200_000;

/// The union of all places that an instrument has been.
#[derive(Clone, Debug)]
pub struct Sweep {
    bodies: Vec<Placed>,
    /// Each body is taken larger by this, so that nothing between two of them is missed.
    grown: f64,
    boxes: Vec<(DVec3, DVec3)>,
}

impl Sweep {
    /// A round burr that moves in straight lines from point to point: exact.
    ///
    /// # Errors
    /// When there is no point, one is not finite, or the diameter is not over 0.
    pub fn of_burr(points: &[LpsPoint], diameter: Mm) -> Result<Self, ApproachError> {
        if points.is_empty() || points.iter().any(|p| !p.0.is_finite()) || !(diameter.0 > 0.0 && diameter.0 < 1000.0) {
            return Err(ApproachError::invalid("burr", "it needs finite points and a diameter over 0"));
        }
        let radius = diameter.0 / 2.0;
        let ball = |from: DVec3, to: DVec3| Placed::Ball(Capsule { from, to, radius });
        let mut bodies: Vec<Placed> = points.windows(2).map(|p| ball(p[0].0, p[1].0)).collect();
        if bodies.is_empty() {
            bodies.extend(points.first().map(|p| ball(p.0, p.0)));
        }
        Ok(Self::new(bodies, 0.0))
    }

    /// A whole instrument that moves through poses, its tip in straight lines and evenly turning. The motion is cut so fine
    /// that no point of the instrument moves by more than `step` at a time, and each place is taken larger by half of that:
    /// never too small, too large by at most half a step.
    ///
    /// # Errors
    /// When there is no pose, or the motion is too long for the step.
    pub fn of_instrument(instrument: &Instrument, poses: &[Pose], step: Mm) -> Result<Self, ApproachError> {
        let Some(first) = poses.first() else {
            return Err(ApproachError::invalid("motion", "it has no pose"));
        };
        if step.0 <= 0.0 || step.0.is_nan() {
            return Err(ApproachError::invalid("motion's step", format!("{step} is not over 0")));
        }
        // The farthest point from the tip turns the farthest.
        let reach = instrument.length().0.hypot(instrument.radius_within(instrument.length()).0);
        let mut bodies = PlacedInstrument::new(instrument, first).parts;
        for pair in poses.windows(2) {
            let turn = turn_between(&pair[0], &pair[1]);
            let angle = turn.to_axis_angle().1.abs();
            let moved = pair[0].tip().distance(pair[1].tip()).0 + angle * reach;
            let count = (moved / step.0).ceil().max(1.0);
            if !(count * instrument.parts.len() as f64 + bodies.len() as f64).le(&(MOST as f64)) {
                return Err(ApproachError::invalid("motion", format!("it is too long for a step of {step}")));
            }
            for n in 1..=count as usize {
                let share = n as f64 / count;
                let part = DQuat::IDENTITY.slerp(turn, share);
                let tip = pair[0].tip().0.lerp(pair[1].tip().0, share);
                let turned = |v: LpsVector| LpsVector(part * v.0);
                let pose = Pose::new(LpsPoint(tip), turned(pair[0].forward()), turned(pair[0].up()))?;
                bodies.extend(PlacedInstrument::new(instrument, &pose).parts);
            }
        }
        Ok(Self::new(bodies, if poses.len() > 1 { step.0 / 2.0 } else { 0.0 }))
    }

    fn new(bodies: Vec<Placed>, grown: f64) -> Self {
        let boxes = bodies.iter().map(|b| b.bounds(grown)).collect();
        Self { bodies, grown, boxes }
    }

    /// How far a point is from what was passed through; below 0 within it.
    pub fn distance(&self, at: LpsPoint) -> Mm {
        let mut least = f64::INFINITY;
        for (body, (low, high)) in self.bodies.iter().zip(&self.boxes) {
            let to_box = (*low - at.0).max(at.0 - *high).max(DVec3::ZERO).length();
            if to_box < least.max(1e-9) {
                least = least.min(body.distance(at.0).0 - self.grown);
            }
        }
        Mm(least)
    }

    /// The smallest and largest coordinates.
    pub fn bounds(&self) -> (LpsPoint, LpsPoint) {
        let (low, high) =
            self.boxes.iter().fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(l, h), b| (l.min(b.0), h.max(b.1)));
        (LpsPoint(low), LpsPoint(high))
    }

    /// Its volume with the most that it can be off: space is halved until cubes of `finest` are left; each of these that the
    /// surface may pass through counts half.
    ///
    /// # Errors
    /// When the user cancels.
    pub fn volume(&self, finest: Mm, progress: &Progress) -> Result<(Mm3, Mm3), ApproachError> {
        let (low, high) = self.bounds();
        let side = finest.0.max(0.01);
        let whole = (high.0 - low.0).max_element();
        let cube = side * 2f64.powf((whole / side).log2().ceil().max(0.0));
        // Eight cubes, and eight of each, run in parallel.
        let parts = (0..64usize).into_par_iter().map(|n| {
            let quarter = cube / 4.0;
            let at = DVec3::new((n % 4) as f64, (n / 4 % 4) as f64, (n / 16) as f64) * quarter;
            self.fill(low.0 + at, quarter, side, progress)
        });
        let (sum, unsure) = parts.try_reduce(|| (0.0, 0.0), |a, b| Ok((a.0 + b.0, a.1 + b.1)))?;
        Ok((Mm3(sum), Mm3(unsure)))
    }

    fn fill(&self, low: DVec3, side: f64, finest: f64, progress: &Progress) -> Result<(f64, f64), ApproachError> {
        let distance = self.distance(LpsPoint(low + side / 2.0)).0;
        let half = side * 0.866_025_404;
        let volume = side * side * side;
        if distance > half {
            return Ok((0.0, 0.0));
        }
        if distance < -half {
            return Ok((volume, 0.0));
        }
        if side <= finest * 1.000_001 {
            // The share within, as if the surface were flat across the cube.
            let share = (0.5 - distance / side).clamp(0.0, 1.0);
            return Ok((volume * share, volume / 2.0));
        }
        progress.check()?;
        let mut sum = (0.0, 0.0);
        for n in 0..8usize {
            let at = DVec3::new((n & 1) as f64, (n >> 1 & 1) as f64, (n >> 2) as f64) * (side / 2.0);
            let part = self.fill(low + at, side / 2.0, finest, progress)?;
            sum = (sum.0 + part.0, sum.1 + part.1);
        }
        Ok(sum)
    }

    /// The voxels whose middle was passed through.
    pub fn mask(&self, grid: &Grid) -> Mask {
        let (low, high) = self.bounds();
        let nx = grid.dims()[0];
        let across = grid.axis(0).0 * grid.spacing()[0];
        Mask::from_rows(grid.clone(), |j, k, words| {
            let first = grid.to_patient(VoxelPoint::new(0.0, j as f64, k as f64)).0;
            let mut i = 0;
            while i < nx {
                let at = first + across * i as f64;
                let outside = (low.0 - at).max(at - high.0).max_element();
                let distance = if outside > 0.0 { outside } else { self.distance(LpsPoint(at)).0 };
                if distance <= 0.0 {
                    words[i / 64] |= 1 << (i % 64);
                    i += 1;
                } else {
                    // Nothing of it lies nearer than that.
                    i += ((distance / grid.spacing()[0]) as usize).max(1);
                }
            }
        })
    }
}

/// The turn that takes one pose's axes to another's.
fn turn_between(a: &Pose, b: &Pose) -> DQuat {
    let frame = |p: &Pose| {
        let (x, y) = (p.forward().0, p.up().0);
        DQuat::from_mat3(&glam::DMat3::from_cols(x, y, x.cross(y)))
    };
    let turn = frame(b) * frame(a).inverse();
    if turn.w < 0.0 { -turn } else { turn }
}
