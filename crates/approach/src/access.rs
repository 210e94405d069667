//! The accessibility map: from where a target can be reached.

use std::borrow::Borrow;
use std::sync::Arc;

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use rayon::prelude::*;
use serde::Serialize;

use crate::coarse::CoarseDistance;
use crate::confidence::Confidence;
use crate::convex::Capsule;
use crate::obstacle::{Alarm, Obstacle};
use crate::{ApproachError, Path};

/// A place where an instrument may enter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EntryPoint {
    /// Where, on skin or bone.
    pub at: LpsPoint,
    /// The surface outwards, unit length.
    pub outwards: LpsVector,
}

/// What a straight way from an entry to the target is like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Access {
    /// The least clearance to any of the structures: between its surface and that of the instrument. Below 0 the way goes
    /// through it. Values over [`Accessibility::exact_below`] come from the coarse map.
    pub clearance: Mm,
    /// Which structure is nearest, by its number.
    pub nearest: u16,
    /// By the thresholds of all structures, with their errors counted against the way.
    pub alarm: Alarm,
    /// From entry to target.
    pub length: Mm,
    /// How much of it lies within structures that are to be avoided.
    pub through: Mm,
    /// How much of it runs through tissue that the segmentation is unsure of.
    pub uncertain: Mm,
    /// The way may be tilted about the target by at least this much, any way, and still touch nothing: 0° where it touches.
    pub cone_degrees: f64,
    /// Between the way and the perpendicular into the surface.
    pub tilt_degrees: f64,
}

/// Structures prepared for a map. Setting up is slow (seconds for large structures), asking is quick, and the target may
/// move. `O` is an [`Obstacle`] or a reference to one.
#[derive(Debug)]
pub struct Accessibility<O> {
    obstacles: Vec<O>,
    coarse: Vec<CoarseDistance>,
    confidence: Option<Arc<Confidence>>,
}

impl<O: Borrow<Obstacle> + Sync> Accessibility<O> {
    /// Under this clearance (of the middle line, in lattice steps) answers are exact.
    const EXACT_STEPS: f64 = 2.5;

    /// Prepares structures for entries and targets within a region, on a lattice of `step` (2 mm keeps what is far within
    /// 0.1 mm).
    ///
    /// # Errors
    /// When there is no structure or more than 65,535, the region is too large for the step, or the user cancels.
    pub fn new(
        obstacles: impl IntoIterator<Item = O>,
        region: (LpsPoint, LpsPoint),
        step: Mm,
        confidence: Option<Arc<Confidence>>,
        progress: &Progress,
    ) -> Result<Self, ApproachError> {
        let obstacles: Vec<O> = obstacles.into_iter().collect();
        if obstacles.is_empty() || obstacles.len() > usize::from(u16::MAX) {
            return Err(ApproachError::invalid("structures to avoid", "there must be 1 to 65,535"));
        }
        let mut coarse = Vec::with_capacity(obstacles.len());
        for (n, obstacle) in obstacles.iter().map(Borrow::borrow).enumerate() {
            progress.stage(format!("measuring distances to {}", obstacle.name()));
            progress.set(n as f32 / obstacles.len() as f32);
            coarse.push(CoarseDistance::new(obstacle, region, step, progress)?);
        }
        Ok(Self { obstacles, coarse, confidence })
    }

    /// The structures.
    pub fn obstacles(&self) -> impl ExactSizeIterator<Item = &Obstacle> {
        self.obstacles.iter().map(Borrow::borrow)
    }

    /// Clearances of the middle line under this are exact, to the border's own error; those over it within
    /// [`CoarseDistance::error_at`].
    pub fn exact_below(&self) -> Mm {
        Mm(self.coarse.first().map_or(0.0, |c| c.step().0 * Self::EXACT_STEPS * 2.0))
    }

    /// The map: each entry's straight way to the target for an instrument of this radius. In the order of the entries.
    ///
    /// # Errors
    /// When an entry or the target lies outside the region or they are the same point, or the user cancels.
    pub fn map(
        &self,
        entries: &[EntryPoint],
        target: LpsPoint,
        radius: Mm,
        progress: &Progress,
    ) -> Result<Vec<Access>, ApproachError> {
        if !(0.0..=100.0).contains(&radius.0) {
            return Err(ApproachError::invalid("radius", format!("{radius} is not 0 to 100 mm")));
        }
        const PIECE: usize = 256;
        let mut map = Vec::with_capacity(entries.len());
        entries
            .par_chunks(PIECE)
            .map(|entries| {
                progress.check()?;
                entries.iter().map(|entry| self.access(entry, target, radius.0)).collect::<Result<Vec<_>, _>>()
            })
            .collect::<Result<Vec<_>, ApproachError>>()?
            .into_iter()
            .for_each(|piece| map.extend(piece));
        Ok(map)
    }

    fn access(&self, entry: &EntryPoint, target: LpsPoint, radius: f64) -> Result<Access, ApproachError> {
        let path = Path { entry: entry.at, target };
        let direction = path.direction()?.0;
        let length = path.length().0;
        let exact_below = self.exact_below().0;
        let mut access = Access {
            clearance: Mm(f64::INFINITY),
            nearest: 0,
            alarm: Alarm::Free,
            length: Mm(length),
            through: Mm(0.0),
            uncertain: self.confidence.as_ref().map_or(Mm(0.0), |c| c.uncertain(entry.at, direction, Mm(length))),
            cone_degrees: 0.0,
            tilt_degrees: crate::pose::angle(direction, -entry.outwards.0),
        };
        for (n, (obstacle, coarse)) in self.obstacles().zip(&self.coarse).enumerate() {
            let along = coarse.along(entry.at, direction, length).ok_or_else(|| {
                ApproachError::invalid("entry or target", "it lies outside the region that the map was prepared for")
            })?;
            // Deep within, the exact depth is of no interest; what only grazes may slip between the lattice's nodes.
            let deep = -coarse.step().0;
            let grazes = along.least.abs() < -deep;
            let within =
                if grazes { obstacle.tree().length_within(entry.at.0, direction, length) } else { along.within };
            access.through = access.through + Mm(within);
            let least = if along.least < exact_below && along.least > deep {
                let limit = along.least + coarse.step().0 + radius;
                let rod = Capsule { from: entry.at.0, to: target.0, radius };
                let exact = obstacle.tree().least(&rod, limit, None).map_or(limit, |n| n.distance);
                if along.within > 0.0 { exact.min(along.least - radius) } else { exact }
            } else {
                along.least - radius
            };
            if least < access.clearance.0 {
                access.clearance = Mm(least);
                access.nearest = n as u16;
            }
            let error = crate::obstacle::COVERAGE * obstacle.border_error().0
                + if least + radius < exact_below { 0.0 } else { coarse.error_at(Mm(exact_below)).0 };
            access.alarm = access.alarm.max(obstacle.alarm(least, error));
        }
        // Tilted by a about the target, a point of the way s mm from it moves by 2 s sin(a/2), and s ≤ the length.
        let share = (access.clearance.0.max(0.0) / (2.0 * length)).min(1.0);
        access.cone_degrees = (2.0 * share.asin()).to_degrees();
        Ok(access)
    }
}
