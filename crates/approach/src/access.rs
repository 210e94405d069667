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
use crate::obstacle::{Alarm, COVERAGE, Obstacle};
use crate::tree::Nearest;
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

    /// Clearances of the middle line under this are exact, to the border's own error, for the nearest structure and wherever an
    /// alarm turns on it; those over it within [`CoarseDistance::error_at`].
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
        let outside =
            || ApproachError::invalid("entry or target", "it lies outside the region that the map was prepared for");
        // Every way ends at the target, so the structures near it are mostly the nearest of the way: they come first.
        let mut order: Vec<(f64, u16)> = Vec::with_capacity(self.coarse.len());
        for (n, coarse) in (0u16..).zip(&self.coarse) {
            order.push((coarse.at(target).ok_or_else(outside)?, n));
        }
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Ways beside each other find the same things close by, in the tree and in the machine's caches.
        let mut beside: Vec<(u32, usize)> =
            entries.iter().enumerate().map(|(n, entry)| (direction_key(target, entry.at), n)).collect();
        beside.sort_unstable();
        let found = beside
            .par_chunks(PIECE)
            .map(|piece| {
                progress.check()?;
                let mut room = Room { ways: Vec::new(), before: vec![None; self.coarse.len()] };
                let access = |&(_, n): &(u32, usize)| {
                    let access = self.access(&entries[n], target, radius.0, &order, &mut room)?;
                    Ok((n, access.ok_or_else(outside)?))
                };
                piece.iter().map(access).collect::<Result<Vec<_>, _>>()
            })
            .collect::<Result<Vec<_>, ApproachError>>()?;
        let mut map: Vec<Option<Access>> = vec![None; entries.len()];
        for (n, access) in found.into_iter().flatten() {
            map[n] = Some(access);
        }
        Ok(map.into_iter().flatten().collect())
    }

    /// One way; nothing where an end lies outside the region.
    fn access(
        &self,
        entry: &EntryPoint,
        target: LpsPoint,
        radius: f64,
        order: &[(f64, u16)],
        room: &mut Room,
    ) -> Result<Option<Access>, ApproachError> {
        let Room { ways, before } = room;
        let path = Path { entry: entry.at, target };
        let direction = path.direction()?.0;
        let length = path.length().0;
        let uncertain = |c: &Arc<Confidence>| c.uncertain(entry.at, direction, Mm(length));
        let mut access = Access {
            clearance: Mm(f64::INFINITY),
            nearest: 0,
            alarm: Alarm::Free,
            length: Mm(length),
            through: Mm(0.0),
            uncertain: self.confidence.as_ref().map_or(Mm(0.0), uncertain),
            cone_degrees: 0.0,
            tilt_degrees: crate::pose::angle(direction, -entry.outwards.0),
        };
        if !self.look(&path, radius, order, ways) {
            return Ok(None);
        }
        ways.sort_unstable_by(|a, b| a.least.total_cmp(&b.least));
        let step = self.coarse.first().map_or(0.0, |c| c.step().0);
        for way in ways.iter() {
            let (obstacle, coarse) = (self.obstacle(way.structure), &self.coarse[usize::from(way.structure)]);
            // What only grazes may slip between the lattice's nodes.
            let grazes = way.least.abs() < step;
            let within = if grazes { obstacle.tree().length_within(entry.at.0, direction, length) } else { way.within };
            access.through = access.through + Mm(within);
            let (mut least, mut error) = (way.least - radius, COVERAGE * obstacle.border_error().0);
            let less = coarse.less_by(way.least).0;
            let matters = least - less < access.clearance.0
                || (access.alarm < Alarm::Stop
                    && obstacle.alarm(least - less, error) != obstacle.alarm(least + 2.0 * step, error));
            // Deep within, the exact depth is of no interest.
            if matters && way.least < self.exact_below().0 && way.least > -step {
                let rod = Capsule { from: entry.at.0, to: target.0, radius };
                // Between two borders as near as each other the lattice tells too little, never too much.
                let before = &mut before[usize::from(way.structure)];
                let exact = [less, 2.0 * step]
                    .into_iter()
                    .find_map(|by| obstacle.tree().least_from(&rod, least + by, before.as_ref()));
                *before = exact.or(*before);
                let exact = exact.map_or(least + 2.0 * step, |n| n.distance);
                least = if way.within > 0.0 { exact.min(least) } else { exact };
            } else {
                error += if way.least < self.exact_below().0 { less } else { coarse.error_at(self.exact_below()).0 };
            }
            if least < access.clearance.0 {
                access.clearance = Mm(least);
                access.nearest = way.structure;
            }
            access.alarm = access.alarm.max(obstacle.alarm(least, error));
        }
        // Tilted by a about the target, a point of the way s mm from it moves by 2 s sin(a/2), and s ≤ the length.
        let share = (access.clearance.0.max(0.0) / (2.0 * length)).min(1.0);
        access.cone_degrees = (2.0 * share.asin()).to_degrees();
        Ok(Some(access))
    }

    /// The structures that are the nearest of a way or may raise an alarm; false where an end lies outside the region.
    fn look(&self, path: &Path, radius: f64, order: &[(f64, u16)], ways: &mut Vec<Way>) -> bool {
        ways.clear();
        let step = self.coarse.first().map_or(0.0, |c| c.step().0);
        let mut nearest = order.first().map_or(f64::INFINITY, |o| o.0);
        for &(_, structure) in order {
            let obstacle = self.obstacle(structure);
            // A step more than what the lattice may tell too little or too much.
            let alarms = obstacle.thresholds().warn_mm + COVERAGE * obstacle.border_error().0 + radius;
            let interest = nearest.max(alarms) + step;
            let Some(along) = self.coarse[usize::from(structure)].along(path.entry, path.target, interest) else {
                return false;
            };
            nearest = nearest.min(along.least);
            if along.least <= interest {
                ways.push(Way { structure, least: along.least, within: along.within });
            }
        }
        true
    }

    fn obstacle(&self, structure: u16) -> &Obstacle {
        self.obstacles[usize::from(structure)].borrow()
    }
}

/// What the lattice tells of a way and one structure.
struct Way {
    structure: u16,
    least: f64,
    within: f64,
}

/// Room to work in, and what the way before found nearest of each structure.
struct Room {
    ways: Vec<Way>,
    before: Vec<Option<Nearest>>,
}

/// A number for each direction from the target; directions close by mostly have numbers close by (G. Morton, 1966).
fn direction_key(target: LpsPoint, entry: LpsPoint) -> u32 {
    let direction = (entry - target).0.normalize_or_zero();
    let spread = |v: f64| {
        let mut n = ((v + 1.0) * 511.5) as u32 & 0x3ff;
        n = (n | n << 16) & 0x0300_00ff;
        n = (n | n << 8) & 0x0300_f00f;
        n = (n | n << 4) & 0x030c_30c3;
        (n | n << 2) & 0x0924_9249
    };
    spread(direction.x) | spread(direction.y) << 1 | spread(direction.z) << 2
}
