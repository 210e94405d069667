//! The operations on measurements.

use serde::{Deserialize, Serialize};

use super::{Measurement, NamedMeasurement};
use crate::operation::check_name;
use crate::record::Entry;
use crate::{OpId, PlanError};

/// A change of the plan's measurements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum MeasurementOperation {
    /// Adds a measurement.
    Add {
        /// The name that users see.
        name: String,
        /// The measurement.
        measurement: Box<Measurement>,
    },
    /// Puts another in its place: a point was moved, or the structure has changed.
    Edit {
        /// The operation that made it.
        id: OpId,
        /// What it is now.
        measurement: Box<Measurement>,
    },
    /// Gives it another name.
    Rename {
        /// The operation that made it.
        id: OpId,
        /// Its name now.
        name: String,
    },
    /// Takes it away.
    Remove {
        /// The operation that made it.
        id: OpId,
    },
}

impl MeasurementOperation {
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        match self {
            Self::Add { name, measurement } => {
                check_name("measurement", name)?;
                measurement.check()
            }
            Self::Edit { measurement, .. } => measurement.check(),
            Self::Rename { name, .. } => check_name("measurement", name),
            Self::Remove { .. } => Ok(()),
        }
    }

    /// The measurement that it brings.
    pub fn measurement(&self) -> Option<&Measurement> {
        match self {
            Self::Add { measurement, .. } | Self::Edit { measurement, .. } => Some(measurement),
            Self::Rename { .. } | Self::Remove { .. } => None,
        }
    }

    pub(crate) fn summary(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add measurement",
            Self::Edit { .. } => "edit measurement",
            Self::Rename { .. } => "rename measurement",
            Self::Remove { .. } => "remove measurement",
        }
    }

    pub(crate) fn step(&self, entry: &Entry, all: &mut Vec<NamedMeasurement>) -> Result<(), PlanError> {
        let find = |all: &[NamedMeasurement], id: &OpId| {
            let at = all.iter().position(|m| m.id == *id);
            at.ok_or_else(|| PlanError::Unknown { kind: "measurement", name: id.to_string() })
        };
        match self {
            Self::Add { name, measurement } => all.push(NamedMeasurement {
                id: entry.id,
                name: name.clone(),
                author: entry.author.clone(),
                time: entry.time,
                measurement: (**measurement).clone(),
            }),
            Self::Edit { id, measurement } => {
                let at = find(all, id)?;
                all[at].measurement = (**measurement).clone();
                all[at].time = entry.time;
            }
            Self::Rename { id, name } => {
                let at = find(all, id)?;
                all[at].name.clone_from(name);
                all[at].time = entry.time;
            }
            Self::Remove { id } => {
                let at = find(all, id)?;
                all.remove(at);
            }
        }
        Ok(())
    }
}
