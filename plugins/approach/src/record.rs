//! The record of a rehearsal.

use std::sync::Arc;

use bevy::prelude::*;
use fabrica_approach::{Alarm, Reading};
use fabrica_geometry::Mm;
use fabrica_plan::{ApproachOperation, Operation, RecordSample, RecordedAlarm, RehearsalRecord};
use fabrica_scene::input::Tools;
use fabrica_scene::{Do, Leave, OpenCase, Rehearsing};

use crate::INSTRUMENT;
use crate::instrument::InHand;
use crate::options::RECORD;
use crate::watch::{Guarded, Ready};

/// Between two samples, milliseconds, unless an alarm changes or it is nearer than ever.
const EVERY: u32 = 100;
/// After so long a part is kept and the next begins, milliseconds: what is lost when the program is killed is no more.
const PART: u32 = 20_000;
/// A part keeps fewer alarms than the plan takes.
const MOST_ALARMS: usize = 1000;

/// What is being recorded.
#[derive(Resource, Default)]
pub struct Recorder {
    running: Option<Running>,
}

struct Running {
    name: String,
    part: u32,
    started: f64,
    revision: u64,
    record: RehearsalRecord,
    seen: Option<Arc<Reading>>,
    /// The alarm that is on for each structure: its number in the record.
    on: Vec<Option<usize>>,
    least: f64,
}

/// Records while that is wanted, and keeps what was recorded when it is not any more.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub fn record(
    time: Res<Time<Real>>,
    case: Res<OpenCase>,
    tools: Res<Tools>,
    guarded: Res<Guarded>,
    held: Res<InHand>,
    mut recorder: ResMut<Recorder>,
    mut rehearsing: ResMut<Rehearsing>,
    mut operations: MessageWriter<Do>,
) {
    let wanted = tools.is_on(INSTRUMENT, RECORD);
    let recorder = recorder.bypass_change_detection();
    let now = time.elapsed_secs_f64();
    let instrument = held.taken.as_ref().map(|taken| taken.instrument.name.as_str());
    let other = recorder.running.as_ref().is_some_and(|running| {
        let structures = guarded.ready.as_ref().map(|ready| ready.revision);
        let alarms = running.record.alarms.len() + running.record.structures.len();
        let full = running.milliseconds(now) >= PART || alarms > MOST_ALARMS;
        instrument != Some(running.record.instrument.as_str()) || structures != Some(running.revision) || full
    });
    if !wanted || other {
        let next = recorder.end(&mut operations).filter(|_| wanted);
        if let (Some((name, part)), Some(instrument), Some(ready)) = (next, instrument, &guarded.ready) {
            recorder.running = Some(Running::new(name, part + 1, instrument, ready, now));
        }
    }
    if wanted
        && recorder.running.is_none()
        && let (Some(instrument), Some(ready)) = (instrument, &guarded.ready)
    {
        recorder.running = Some(Running::new(free_name(&case), 1, instrument, ready, now));
    }
    if let (Some(running), Some((_, reading))) = (&mut recorder.running, &held.answer) {
        running.take(reading, now);
    }
    let says = recorder.running.as_ref().map(|running| running.name.clone());
    if rehearsing.recording != says {
        rehearsing.recording = says;
    }
}

/// The tool is not in use, or the program is left: what was recorded is kept.
pub fn stop(
    mut tools: ResMut<Tools>,
    mut leave: MessageReader<Leave>,
    mut recorder: ResMut<Recorder>,
    mut rehearsing: ResMut<Rehearsing>,
    mut operations: MessageWriter<Do>,
) {
    let used = tools.is_active(INSTRUMENT);
    let left = leave.read().count() > 0;
    if (used && !left) || recorder.running.is_none() {
        return;
    }
    recorder.end(&mut operations);
    rehearsing.recording = None;
    // It is an option of ours that is on or off.
    tools.set(INSTRUMENT, RECORD, "off").ok();
}

impl Recorder {
    /// Ends the recording and keeps it, unless nothing happened. Its name and the number of its part.
    pub fn end(&mut self, operations: &mut MessageWriter<Do>) -> Option<(String, u32)> {
        let running = self.running.take()?;
        let Running { name, part, record, .. } = running;
        if !record.samples.is_empty() {
            let kept = if part == 1 { name.clone() } else { format!("{name}, part {part}") };
            operations.write(Do(Operation::Approach(ApproachOperation::Rehearsed { name: kept, record })));
        }
        Some((name, part))
    }
}

impl Running {
    fn new(name: String, part: u32, instrument: &str, ready: &Ready, now: f64) -> Self {
        let record = RehearsalRecord {
            instrument: instrument.to_owned(),
            structures: ready.avoid.to_vec(),
            samples: Vec::new(),
            alarms: Vec::new(),
        };
        let on = vec![None; ready.avoid.len()];
        Self { name, part, started: now, revision: ready.revision, record, seen: None, on, least: f64::INFINITY }
    }

    fn milliseconds(&self, now: f64) -> u32 {
        ((now - self.started).max(0.0) * 1000.0) as u32
    }

    fn take(&mut self, reading: &Arc<Reading>, now: f64) {
        if self.seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, reading)) {
            return;
        }
        self.seen = Some(reading.clone());
        let ms = self.milliseconds(now);
        let changed = self.alarms(reading, ms);
        let nearest = reading.nearest().and_then(|(n, c)| Some((u16::try_from(n).ok()?, c.distance)));
        let nearer = nearest.is_some_and(|(_, distance)| distance.0 < self.least);
        let due = self.record.samples.last().is_none_or(|last| i64::from(ms) - last.ms() >= i64::from(EVERY));
        if changed || nearer || due {
            self.least = nearest.map_or(self.least, |(_, distance)| distance.0.min(self.least));
            let pose = &reading.pose;
            self.record.samples.push(RecordSample::new(ms, pose.tip(), pose.forward().0, nearest));
        }
    }

    /// Follows the alarms of each structure. Whether one has begun or ended.
    fn alarms(&mut self, reading: &Reading, ms: u32) -> bool {
        let mut changed = false;
        for (n, (on, clearance)) in (0u16..).zip(self.on.iter_mut().zip(&reading.clearances)) {
            let now = clearance.as_ref().filter(|c| c.alarm > Alarm::Free);
            let known = on.and_then(|at| self.record.alarms.get_mut(at));
            match (known, now) {
                (Some(alarm), Some(c)) if alarm.stop == (c.alarm == Alarm::Stop) => {
                    alarm.to_ms = ms;
                    alarm.least = Mm(alarm.least.0.min(c.distance.0));
                }
                (known, now) => {
                    changed |= known.is_some() || now.is_some();
                    if let Some(alarm) = known {
                        alarm.to_ms = ms;
                    }
                    *on = now.map(|c| {
                        let stop = c.alarm == Alarm::Stop;
                        let alarm = RecordedAlarm { structure: n, from_ms: ms, to_ms: ms, stop, least: c.distance };
                        self.record.alarms.push(alarm);
                        self.record.alarms.len() - 1
                    });
                }
            }
        }
        changed
    }
}

/// "Rehearsal 3": the first number that none has.
fn free_name(case: &OpenCase) -> String {
    let taken = |name: &String| case.approach.rehearsals.iter().any(|r| r.name == *name);
    (1..=case.approach.rehearsals.len() + 1)
        .map(|n| format!("Rehearsal {n}"))
        .find(|name| !taken(name))
        .unwrap_or_default()
}
