//! Which ways are best, and why: stated criteria that a team may edit.

use std::path::Path as FilePath;

use fabrica_geometry::{LpsPoint, Mm};
use serde::{Deserialize, Serialize};

use crate::access::{Access, EntryPoint};
use crate::library::read_small;
use crate::{Alarm, ApproachError};

/// What makes a way good; see `assets/approach/criteria.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criteria {
    /// Its name.
    pub name: String,
    /// Who says so, and what it is for.
    pub note: String,
    /// Ways closer than this to a structure are not offered.
    pub least_clearance_mm: f64,
    /// Nor longer ones.
    pub greatest_length_mm: f64,
    /// Nor those more oblique to the surface.
    pub greatest_tilt_degrees: f64,
    /// How much each counts.
    pub weights: Weights,
    /// From where on each is as good as can be.
    pub scale: Scale,
}

/// How much each criterion counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Distance to structures.
    pub clearance: f64,
    /// Distance to the target.
    pub length: f64,
    /// Obliqueness to the surface.
    pub tilt: f64,
    /// Uncertain tissue on the way.
    pub uncertain: f64,
    /// Room to tilt.
    pub cone: f64,
}

/// Where penalties end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// More clearance than this is no better.
    pub ample_clearance_mm: f64,
    /// More room to tilt than this is no better.
    pub ample_cone_degrees: f64,
    /// Candidates keep so far apart.
    pub apart_mm: f64,
}

/// A way that is offered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// Which entry.
    pub entry: usize,
    /// Where it enters.
    pub at: LpsPoint,
    /// What it is like.
    pub access: Access,
    /// The weighted sum of the penalties, less is better.
    pub score: f64,
    /// Each penalty times its weight, by the criterion's name, the heaviest first.
    pub penalties: Vec<(&'static str, f64)>,
    /// Why it stands where it stands, in words.
    pub reason: String,
}

/// Why entries are not offered, and how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Too close to a structure or through it.
    pub too_close: usize,
    /// Longer than allowed or than the instrument.
    pub too_long: usize,
    /// Too oblique to the surface.
    pub too_oblique: usize,
}

impl Criteria {
    /// The built-in criteria.
    ///
    /// # Errors
    /// When they are malformed, which the tests rule out.
    pub fn built_in() -> Result<Self, ApproachError> {
        Self::read(include_str!("../../../assets/approach/criteria.toml"), "criteria.toml")
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or a number makes no sense.
    pub fn open(path: &FilePath) -> Result<Self, ApproachError> {
        Self::read(&read_small(path)?, &path.display().to_string())
    }

    /// Reads the text of a file, which errors call `file`.
    ///
    /// # Errors
    /// When it is no such text or a number makes no sense.
    pub fn read(text: &str, file: &str) -> Result<Self, ApproachError> {
        let wrong = |what: String| ApproachError::Data { file: file.into(), what };
        let criteria: Self = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        let Weights { clearance, length, tilt, uncertain, cone } = criteria.weights;
        for (name, value, most) in [
            ("least_clearance_mm", criteria.least_clearance_mm, 1e3),
            ("greatest_length_mm", criteria.greatest_length_mm, 1e4),
            ("greatest_tilt_degrees", criteria.greatest_tilt_degrees, 180.0),
            ("weights.clearance", clearance, 1e6),
            ("weights.length", length, 1e6),
            ("weights.tilt", tilt, 1e6),
            ("weights.uncertain", uncertain, 1e6),
            ("weights.cone", cone, 1e6),
            ("scale.ample_clearance_mm", criteria.scale.ample_clearance_mm, 1e3),
            ("scale.ample_cone_degrees", criteria.scale.ample_cone_degrees, 180.0),
            ("scale.apart_mm", criteria.scale.apart_mm, 1e3),
        ] {
            if !(0.0..=most).contains(&value) {
                return Err(wrong(format!("{name} {value} is not 0 to {most}")));
            }
        }
        if criteria.scale.ample_clearance_mm <= criteria.least_clearance_mm {
            return Err(wrong("scale.ample_clearance_mm must be over least_clearance_mm".into()));
        }
        Ok(criteria)
    }

    /// The best ways, at most `count`, best first, and how many were refused for which reason. `names` are the structures',
    /// `reach` the instrument's working length.
    pub fn rank(
        &self,
        entries: &[EntryPoint],
        map: &[Access],
        names: &[&str],
        reach: Mm,
        count: usize,
    ) -> (Vec<Candidate>, Refused) {
        let mut refused = Refused::default();
        let mut offered: Vec<(f64, usize)> = Vec::new();
        for (n, access) in map.iter().enumerate() {
            // Stop is decided with the error counted; the file's own limit comes on top.
            if access.clearance.0 < self.least_clearance_mm || access.alarm == Alarm::Stop {
                refused.too_close += 1;
            } else if access.length.0 > self.greatest_length_mm.min(reach.0) {
                refused.too_long += 1;
            } else if access.tilt_degrees > self.greatest_tilt_degrees {
                refused.too_oblique += 1;
            } else {
                offered.push((self.penalties(access).iter().map(|p| p.1).sum(), n));
            }
        }
        offered.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut best: Vec<Candidate> = Vec::new();
        for (score, n) in offered {
            if best.len() >= count {
                break;
            }
            let (Some(entry), Some(access)) = (entries.get(n), map.get(n)) else { continue };
            if best.iter().any(|c| c.at.distance(entry.at).0 < self.scale.apart_mm) {
                continue;
            }
            let mut penalties = self.penalties(access).to_vec();
            penalties.sort_by(|a, b| b.1.total_cmp(&a.1));
            let name = names.get(usize::from(access.nearest)).copied().unwrap_or("the nearest structure");
            let heaviest = penalties.first().map_or("", |p| p.0);
            let mut reason = format!(
                "keeps {:.1} mm from {name}, {:.0} mm long, {:.0}° from the perpendicular, may tilt by {:.1}°",
                access.clearance.0, access.length.0, access.tilt_degrees, access.cone_degrees
            );
            if access.uncertain.0 > 0.0 {
                reason += &format!(", {:.0} mm through tissue that the segmentation is unsure of", access.uncertain.0);
            }
            reason += &format!("; {heaviest} counts most against it");
            best.push(Candidate { entry: n, at: entry.at, access: *access, score, penalties, reason });
        }
        (best, refused)
    }

    /// Each penalty times its weight.
    fn penalties(&self, access: &Access) -> [(&'static str, f64); 5] {
        let ample = self.scale.ample_clearance_mm;
        let share = |value: f64, whole: f64| if whole > 0.0 { (value / whole).clamp(0.0, 1.0) } else { 0.0 };
        let Weights { clearance, length, tilt, uncertain, cone } = self.weights;
        [
            ("clearance", clearance * share(ample - access.clearance.0, ample - self.least_clearance_mm)),
            ("length", length * share(access.length.0, self.greatest_length_mm)),
            ("tilt", tilt * share(access.tilt_degrees, self.greatest_tilt_degrees)),
            ("uncertain tissue", uncertain * share(access.uncertain.0, access.length.0)),
            ("room to tilt", cone * (1.0 - share(access.cone_degrees, self.scale.ample_cone_degrees))),
        ]
    }
}
