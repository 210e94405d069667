//! What an instrument in the hand is told: distances, depth, what it crosses.

use std::sync::Arc;

use fabrica_geometry::{LpsPoint, Mm};
use serde::Serialize;

use crate::implant::{Breach, Screw};
use crate::obstacle::{Alarm, COVERAGE, Clearance, Crossing, Obstacle, crossings};
use crate::{ApproachError, Confidence, FromPlan, Instrument, Path, PlacedInstrument, PlaneAngles, Pose};

/// Farther than this nothing is told, mm.
const FAR: Mm = Mm(200.0);

/// The structures around an instrument, by what they are for it. Cheap to copy: surfaces are shared.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// To be kept away from.
    pub avoid: Vec<Obstacle>,
    /// May be crossed, and is told where it is.
    pub through: Vec<Obstacle>,
    /// The surface through which the instrument enters, mostly the skin.
    pub entry: Option<Obstacle>,
    /// The bone that holds screws.
    pub bone: Option<Obstacle>,
    /// What the segmentation is unsure of.
    pub doubt: Option<Arc<Confidence>>,
}

/// What is told of an instrument that lies somewhere.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// Where it lies.
    pub pose: Pose,
    /// To each structure that is to be kept away from, in their order; nothing for one farther than 200 mm.
    pub clearances: Vec<Option<Clearance>>,
    /// The gravest alarm. Unsure tissue on the way makes it a warning at least.
    pub alarm: Alarm,
    /// Where it goes in, where the entry's surface is known and it has gone through it.
    pub entry: Option<Entry>,
    /// What its middle line crosses, in order, from the entry or, without one, from the end of its working length.
    pub crossings: Vec<Crossing>,
    /// How much of that runs through tissue that the segmentation is unsure of.
    pub uncertain: Mm,
    /// To the anatomical planes.
    pub angles: PlaneAngles,
    /// How it departs from the plan, where there is one.
    pub from_plan: Option<FromPlan>,
    /// How deep the tip is beyond the working length; over 0 the instrument is too short.
    pub beyond_reach: Mm,
    /// Of a screw, whether it breaks out.
    pub breach: Option<Breach>,
}

/// Where an instrument goes in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Where.
    pub at: LpsPoint,
    /// From there to the tip.
    pub depth: Mm,
    /// ± of the depth, 95 times in 100: the surface's place, drawn out where it is met at a slant, and the tip's.
    pub error: Mm,
    /// From the perpendicular into the surface.
    pub tilt_degrees: f64,
}

impl Guard {
    /// Looks at an instrument. `before` is the last reading by the same guard, which makes this one quick.
    ///
    /// # Errors
    /// None for poses that [`Pose::new`] lets through.
    pub fn read(
        &self,
        instrument: &Instrument,
        screw: Option<Mm>,
        pose: &Pose,
        plan: Option<&Path>,
        before: Option<&Reading>,
    ) -> Result<Reading, ApproachError> {
        let placed = PlacedInstrument::new(instrument, pose);
        let mut alarm = Alarm::Free;
        let mut clearances = Vec::with_capacity(self.avoid.len());
        for (n, obstacle) in self.avoid.iter().enumerate() {
            let last = before.and_then(|b| b.clearances.get(n)).and_then(Option::as_ref);
            let found = obstacle.clearance(&placed, FAR, last);
            alarm = alarm.max(found.map_or(Alarm::Free, |c| c.alarm));
            clearances.push(found);
        }
        let whole =
            |length: Mm| Path { entry: LpsPoint(pose.tip().0 - pose.forward().0 * length.0), target: pose.tip() };
        let behind = instrument.length().0.max(instrument.working_length.0);
        let entry =
            self.entry.as_ref().map(|skin| entry(skin, &whole(Mm(behind)), instrument, pose)).transpose()?.flatten();
        // Without an entry all of the part that may go in counts.
        let path = whole(entry.map_or(instrument.working_length, |e| e.depth));
        let inside = path.length().0 > 1e-6;
        let crossed = self.avoid.iter().chain(&self.through).chain(&self.bone);
        let crossings = if inside { crossings(&path, crossed)? } else { Vec::new() };
        let uncertain = match &self.doubt {
            Some(doubt) if inside && entry.is_some() => doubt.uncertain(path.entry, path.direction()?.0, path.length()),
            _ => Mm(0.0),
        };
        if uncertain.0 > 0.0 {
            alarm = alarm.max(Alarm::Warn);
        }
        let breach = match (&self.bone, screw) {
            (Some(bone), Some(diameter)) => {
                let path = whole(instrument.working_length);
                Some(Screw { path, diameter }.breach(bone)?)
            }
            _ => None,
        };
        if breach.is_some_and(|b| b.possible) {
            alarm = Alarm::Stop;
        }
        Ok(Reading {
            pose: *pose,
            clearances,
            alarm,
            entry,
            crossings,
            uncertain,
            angles: pose.plane_angles(),
            from_plan: plan.map(|plan| pose.from_plan(plan)).transpose()?,
            beyond_reach: Mm(entry.map_or(0.0, |e| (e.depth.0 - instrument.working_length.0).max(0.0))),
            breach,
        })
    }
}

impl Reading {
    /// The nearest of the structures to be kept away from: its number in [`Guard::avoid`] and how near.
    pub fn nearest(&self) -> Option<(usize, &Clearance)> {
        let near = self.clearances.iter().enumerate().filter_map(|(n, c)| Some((n, c.as_ref()?)));
        near.min_by(|a, b| a.1.distance.0.total_cmp(&b.1.distance.0))
    }
}

/// Where a line from behind an instrument to its tip first goes through the surface; nothing where it does not.
fn entry(skin: &Obstacle, line: &Path, instrument: &Instrument, pose: &Pose) -> Result<Option<Entry>, ApproachError> {
    let Some(first) = crossings(line, [skin])?.into_iter().next() else { return Ok(None) };
    // From within to the tip: it never came through the surface.
    if first.from.0 <= 0.0 {
        return Ok(None);
    }
    let at = LpsPoint(line.entry.0 + pose.forward().0 * first.from.0);
    let outwards = skin.distance(at).map(|(_, near)| near).and_then(|near| skin.outwards(near));
    Ok(Some(Entry {
        at,
        depth: line.length() - first.from,
        error: Mm(first.error.0.hypot(COVERAGE * instrument.error.0)),
        tilt_degrees: outwards.map_or(0.0, |o| pose.angle_to_surface_degrees(o)),
    }))
}
