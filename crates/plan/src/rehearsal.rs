//! What a rehearsal leaves in the plan: what structures are to instruments, how implants lie in bone, and records.

use fabrica_geometry::{LpsPoint, Mm};
use serde::{Deserialize, Serialize};

use crate::operation::{check_name, check_point};
use crate::{Author, PlanError, UtcTime};

/// The most structures and alarms of a record, and samples: half an hour at ten a second.
const MOST: usize = 1000;
const MOST_SAMPLES: usize = 18_000;
/// The greatest length, mm.
const FAR: f64 = 1e5;

/// What a structure is to instruments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It is kept away from: what every structure is until somebody says otherwise.
    #[default]
    Avoid,
    /// It may be crossed, and is told where it is.
    Cross,
    /// Instruments enter through its surface: the skin.
    Entry,
    /// It holds screws.
    Bone,
    /// It is of no interest here.
    Ignore,
}

/// What a structure is to instruments, and how close is too close.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// What it is.
    pub role: Role,
    /// Under this: stop.
    pub stop: Mm,
    /// Under this: warn.
    pub warn: Mm,
}

impl Default for Watch {
    fn default() -> Self {
        Self { role: Role::Avoid, stop: Mm(2.0), warn: Mm(5.0) }
    }
}

/// How a screw was found to lie in bone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScrewCheck {
    /// The bone.
    pub bone: String,
    /// Where the screw's axis has its head's end.
    pub entry: LpsPoint,
    /// Where it ends.
    pub tip: LpsPoint,
    /// Of the thread.
    pub diameter: Mm,
    /// The least wall of bone around it; below 0 it breaks out by as much.
    pub wall: Mm,
    /// The truth lies within ± this 95 times in 100.
    pub error: Mm,
    /// How far from the entry that is.
    pub at: Mm,
    /// Whether it may break out: never "no" where it does.
    pub possible: bool,
    /// The scan's mean value around the thread, in the scan's own unit; nothing where the scan does not reach.
    pub purchase: Option<f64>,
}

/// A rehearsal: where the instrument went, how close it came, what was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RehearsalRecord {
    /// The instrument, by its name.
    pub instrument: String,
    /// The structures that were kept away from; samples and alarms name them by number.
    pub structures: Vec<String>,
    /// Where the instrument was, in order of time.
    pub samples: Vec<RecordSample>,
    /// What was told, in the order in which it began.
    pub alarms: Vec<RecordedAlarm>,
}

/// A moment of a rehearsal. Written as nine whole numbers: milliseconds from the start; the tip, µm (LPS); the direction in
/// ten-thousandths; the number of the nearest structure, or −1; its clearance, µm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[i64; 9]", into = "[i64; 9]")]
pub struct RecordSample([i64; 9]);

/// A warning or an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedAlarm {
    /// The structure's number.
    pub structure: u16,
    /// Milliseconds from the start.
    pub from_ms: u32,
    /// Milliseconds from the start.
    pub to_ms: u32,
    /// Whether it was "stop", not only "warn".
    pub stop: bool,
    /// The least clearance meanwhile.
    pub least: Mm,
}

/// A record in the plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rehearsal {
    /// Its name.
    pub name: String,
    /// Who.
    pub by: Author,
    /// When it was kept.
    pub at: UtcTime,
    /// What happened.
    pub record: RehearsalRecord,
}

impl From<[i64; 9]> for RecordSample {
    fn from(numbers: [i64; 9]) -> Self {
        Self(numbers)
    }
}

impl From<RecordSample> for [i64; 9] {
    fn from(sample: RecordSample) -> Self {
        sample.0
    }
}

impl RecordSample {
    /// A moment: `nearest` is the number of the nearest structure and its clearance.
    pub fn new(ms: u32, tip: LpsPoint, forward: glam::DVec3, nearest: Option<(u16, Mm)>) -> Self {
        // Far beyond what `check` lets in, a number that is not finite becomes 0; callers give sound poses.
        let whole = |v: f64, by: f64| (v * by).round().clamp(-1e15, 1e15) as i64;
        let [x, y, z] = tip.0.to_array().map(|c| whole(c, 1000.0));
        let [u, v, w] = forward.to_array().map(|c| whole(c, 10_000.0));
        let (structure, clearance) = nearest.map_or((-1, 0), |(n, c)| (i64::from(n), whole(c.0, 1000.0)));
        Self([i64::from(ms), x, y, z, u, v, w, structure, clearance])
    }

    /// Milliseconds from the start.
    pub fn ms(&self) -> i64 {
        self.0[0]
    }

    /// Where the tip was.
    pub fn tip(&self) -> LpsPoint {
        LpsPoint(glam::DVec3::from_array([1, 2, 3].map(|n| self.0[n] as f64 / 1000.0)))
    }

    /// Where the instrument pointed; about of unit length.
    pub fn forward(&self) -> glam::DVec3 {
        glam::DVec3::from_array([4, 5, 6].map(|n| self.0[n] as f64 / 10_000.0))
    }

    /// The number of the nearest structure and its clearance.
    pub fn nearest(&self) -> Option<(usize, Mm)> {
        usize::try_from(self.0[7]).ok().map(|n| (n, Mm(self.0[8] as f64 / 1000.0)))
    }

    fn is_sound(&self, structures: usize) -> bool {
        let [ms, x, y, z, u, v, w, structure, clearance] = self.0;
        let far = (FAR * 1000.0) as i64;
        (0..=i64::from(u32::MAX)).contains(&ms)
            && [x, y, z, clearance].iter().all(|c| (-far..=far).contains(c))
            && [u, v, w].iter().all(|c| (-10_001..=10_001).contains(c))
            && (structure == -1 || usize::try_from(structure).is_ok_and(|n| n < structures))
    }
}

impl RehearsalRecord {
    /// How long it took, seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.last().map_or(0.0, |s| s.ms() as f64 / 1000.0)
    }

    /// The least clearance: which structure, how near, and when (seconds).
    pub fn least(&self) -> Option<(&str, Mm, f64)> {
        let near = self.samples.iter().filter_map(|s| Some((s, s.nearest()?)));
        let (sample, (n, clearance)) = near.min_by(|a, b| a.1.1.0.total_cmp(&b.1.1.0))?;
        Some((self.structures.get(n)?, clearance, sample.ms() as f64 / 1000.0))
    }

    pub(crate) fn check(&self) -> Result<(), PlanError> {
        check_name("instrument", &self.instrument)?;
        for structure in &self.structures {
            check_name("structure", structure)?;
        }
        let (structures, samples, alarms) = (self.structures.len(), self.samples.len(), self.alarms.len());
        if structures > MOST || alarms > MOST || samples > MOST_SAMPLES {
            let what =
                format!("over {MOST} structures or alarms, or over {MOST_SAMPLES} samples: end it, and begin another");
            return Err(PlanError::invalid("rehearsal", what));
        }
        let ordered = self.samples.windows(2).all(|pair| pair[0].ms() <= pair[1].ms());
        if !ordered || !self.samples.iter().all(|s| s.is_sound(structures)) {
            return Err(PlanError::invalid("rehearsal", "a sample is out of order, too far away or of no structure"));
        }
        for alarm in &self.alarms {
            let known = usize::from(alarm.structure) < structures;
            if !known || alarm.to_ms < alarm.from_ms || !(-FAR..=FAR).contains(&alarm.least.0) {
                return Err(PlanError::invalid(
                    "rehearsal",
                    "an alarm is of no structure, ends before it begins or is no length",
                ));
            }
        }
        Ok(())
    }
}

impl Watch {
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        let Self { stop, warn, .. } = self;
        if stop.0 >= 0.0 && warn.0 >= stop.0 && warn.0 <= 1000.0 {
            return Ok(());
        }
        Err(PlanError::invalid("thresholds", format!("stop {stop}, warn {warn}: 0 ≤ stop ≤ warn ≤ 1000 mm must hold")))
    }
}

impl ScrewCheck {
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        check_name("bone", &self.bone)?;
        check_point("screw's entry", self.entry)?;
        check_point("screw's tip", self.tip)?;
        let lengths = [self.diameter, self.error, self.at].iter().all(|l| (0.0..=FAR).contains(&l.0));
        if lengths && (-FAR..=FAR).contains(&self.wall.0) && self.purchase.is_none_or(f64::is_finite) {
            return Ok(());
        }
        Err(PlanError::invalid("screw", "a number is not finite, negative or too large"))
    }
}
