//! How a trajectory was found to be, and what was decided about it.

use fabrica_geometry::{LpsPoint, Mm};
use serde::{Deserialize, Serialize};

use crate::operation::{check_name, check_point, check_text};
use crate::{
    Author, MeasuredData, PlanError, PlanState, Rehearsal, RehearsalRecord, ScrewCheck, Trajectory, UtcTime, Watch,
};

/// The most structures in one assessment.
const MOST: usize = 1000;
/// The greatest length in an assessment, mm.
const FAR: f64 = 1e5;

/// An operation on a trajectory's assessment (since schema 3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ApproachOperation {
    /// Keeps what a trajectory was found to be like, in place of what was kept before.
    Assess {
        /// The trajectory's name.
        trajectory: String,
        /// What was found.
        assessment: Assessment,
    },
    /// Chooses or rejects a trajectory. Rejected ones stay in the plan, with the reason.
    Decide {
        /// The trajectory's name.
        trajectory: String,
        /// Whether it is to be used.
        chosen: bool,
        /// Why, in the user's words.
        reason: String,
    },
    /// Says what a structure is to instruments, and how close is too close (since schema 6).
    Watch {
        /// The structure.
        structure: String,
        /// What it is.
        watch: Watch,
    },
    /// Keeps how a screw was found to lie, in place of what was kept before (since schema 6).
    CheckScrew {
        /// The implant's name.
        implant: String,
        /// What was found.
        check: ScrewCheck,
    },
    /// Keeps a rehearsal, in place of one of the same name (since schema 6).
    Rehearsed {
        /// Its name.
        name: String,
        /// What happened.
        record: RehearsalRecord,
    },
}

/// What a trajectory was found to be like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// The entry that it was found for. A trajectory that was moved since has no assessment any more.
    pub entry: LpsPoint,
    /// The target that it was found for.
    pub target: LpsPoint,
    /// The instrument, by its name.
    pub instrument: String,
    /// How near it comes to structures.
    pub clearances: Vec<PlannedClearance>,
    /// What it crosses, in order.
    pub crossings: Vec<PlannedCrossing>,
    /// The structures that it was found among, as they were (since schema 7; empty where it was made before).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<MeasuredData>,
}

/// How near a trajectory comes to a structure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedClearance {
    /// The structure.
    pub structure: String,
    /// Between the instrument and the structure; below 0 where it goes in.
    pub distance: Mm,
    /// The truth lies within ± this 95 times in 100.
    pub error: Mm,
    /// Under this it is too near.
    pub stop: Mm,
}

/// A stretch of a trajectory within a structure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedCrossing {
    /// The structure.
    pub structure: String,
    /// From the entry.
    pub from: Mm,
    /// From the entry.
    pub to: Mm,
}

/// What is known and decided about a trajectory.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Approach {
    /// What was found last.
    pub assessment: Option<Assessment>,
    /// Decisions, in the order in which they were made; the last holds.
    pub decisions: Vec<ApproachDecision>,
}

/// A decision about a trajectory.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ApproachDecision {
    /// Who.
    pub by: Author,
    /// When.
    pub at: UtcTime,
    /// Whether it is to be used.
    pub chosen: bool,
    /// Why.
    pub reason: String,
}

impl Approach {
    /// The assessment, if it was made for the trajectory as it lies now.
    pub fn assessment_of(&self, trajectory: &Trajectory) -> Option<&Assessment> {
        self.assessment.as_ref().filter(|a| a.entry == trajectory.entry && a.target == trajectory.target)
    }
}

impl ApproachOperation {
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        match self {
            Self::Assess { trajectory, assessment } => {
                check_name("trajectory", trajectory)?;
                assessment.check()
            }
            Self::Decide { trajectory, reason, .. } => {
                check_name("trajectory", trajectory)?;
                check_text("reason", reason)
            }
            Self::Watch { structure, watch } => {
                check_name("structure", structure)?;
                watch.check()
            }
            Self::CheckScrew { implant, check } => {
                check_name("implant", implant)?;
                check.check()
            }
            Self::Rehearsed { name, record } => {
                check_name("rehearsal", name)?;
                record.check()
            }
        }
    }

    pub(crate) fn summary(&self) -> &'static str {
        match self {
            Self::Assess { .. } => "assess trajectory",
            Self::Decide { chosen: true, .. } => "choose trajectory",
            Self::Decide { chosen: false, .. } => "reject trajectory",
            Self::Watch { .. } => "set safety distances",
            Self::CheckScrew { .. } => "check screw",
            Self::Rehearsed { .. } => "keep rehearsal",
        }
    }

    /// The structure that must exist for it.
    pub(crate) fn structure(&self) -> Option<&str> {
        if let Self::Watch { structure, .. } = self { Some(structure) } else { None }
    }

    pub(crate) fn step(&self, state: &mut PlanState, (by, at): (&Author, UtcTime)) -> Result<(), PlanError> {
        match self {
            Self::Assess { trajectory, assessment } => {
                of_trajectory(state, trajectory)?.assessment = Some(assessment.clone());
            }
            Self::Decide { trajectory, chosen, reason } => {
                let (by, reason) = (by.clone(), reason.clone());
                let decision = ApproachDecision { by, at, chosen: *chosen, reason };
                of_trajectory(state, trajectory)?.decisions.push(decision);
            }
            Self::Watch { structure, watch } => drop(state.watches.insert(structure.clone(), *watch)),
            Self::CheckScrew { implant, check } => {
                if !state.items.implants.contains_key(implant) {
                    return Err(PlanError::Unknown { kind: "implant", name: implant.clone() });
                }
                state.screws.insert(implant.clone(), check.clone());
            }
            Self::Rehearsed { name, record } => {
                state.rehearsals.retain(|r| r.name != *name);
                let (name, by) = (name.clone(), by.clone());
                state.rehearsals.push(Rehearsal { name, by, at, record: record.clone() });
            }
        }
        Ok(())
    }
}

fn of_trajectory<'a>(state: &'a mut PlanState, name: &str) -> Result<&'a mut Approach, PlanError> {
    if !state.items.trajectories.contains_key(name) {
        return Err(PlanError::Unknown { kind: "trajectory", name: name.into() });
    }
    Ok(state.approaches.entry(name.into()).or_default())
}

impl Assessment {
    fn check(&self) -> Result<(), PlanError> {
        check_point("assessment's entry", self.entry)?;
        check_point("assessment's target", self.target)?;
        check_name("instrument", &self.instrument)?;
        if self.clearances.len() > MOST || self.crossings.len() > MOST {
            return Err(PlanError::invalid("assessment", format!("it has more than {MOST} clearances or crossings")));
        }
        if self.data.len() > MOST {
            return Err(PlanError::invalid("assessment", format!("it was made among more than {MOST} structures")));
        }
        self.data.iter().try_for_each(MeasuredData::check)?;
        let far = |v: Mm| !(-FAR..=FAR).contains(&v.0);
        for c in &self.clearances {
            check_name("structure", &c.structure)?;
            if far(c.distance) || !(0.0..=FAR).contains(&c.error.0) || !(0.0..=FAR).contains(&c.stop.0) {
                return Err(PlanError::invalid(
                    "clearance",
                    format!("{} ± {} is not finite or too far", c.distance, c.error),
                ));
            }
        }
        for c in &self.crossings {
            check_name("structure", &c.structure)?;
            if !(c.from.0 >= 0.0 && c.to.0 >= c.from.0 && c.to.0 <= FAR) {
                return Err(PlanError::invalid("crossing", format!("from {} to {} is no stretch", c.from, c.to)));
            }
        }
        Ok(())
    }
}
