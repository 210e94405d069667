//! Measurements as the plan keeps them: what was measured, between which points or on which structures, the values
//! with their errors, how, and on which data.
//!
//! `fabrica-measure` makes them; this module says what one is, and checks that it makes sense.

mod kind;
mod operation;
mod quantity;

use fabrica_geometry::LpsPoint;
use serde::{Deserialize, Serialize};

use crate::operation::{check_name, check_text};
use crate::{Author, OpId, PlanError, UtcTime};

pub use kind::{CentrelinePoint, CrossSection, MeasurementKind, Path, Region};
pub use operation::MeasurementOperation;
pub use quantity::{COVERAGE_FACTOR, ErrorPart, ErrorSource, Quantity, QuantityKind, Unit};

/// A file of the case that a measurement was made on, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredData {
    /// The volume's id or the structure's name.
    pub name: String,
    /// SHA-256 of its file, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

impl MeasuredData {
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        check_name("measurement's data", &self.name)?;
        if self.sha256.len() == 64 && self.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(());
        }
        Err(PlanError::invalid("measurement's data", format!("`{}` is no SHA-256", self.sha256)))
    }
}

/// A measurement: what, where, how much, how sure, how, and on which data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// What was measured, with the points or structures that define it.
    pub kind: MeasurementKind,
    /// The volume that it was made on, by its id.
    pub volume: String,
    /// The values, the main one first. Each has its own error.
    pub quantities: Vec<Quantity>,
    /// How: the algorithm, the surface that was taken, and what was assumed, in words.
    pub method: String,
    /// What it was made on. A measurement whose data has changed since is stale.
    pub data: Vec<MeasuredData>,
}

/// A measurement in a plan, with who made it and when.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NamedMeasurement {
    /// The operation that made it.
    pub id: OpId,
    /// The name that users see. Not unique.
    pub name: String,
    /// Who made it first.
    pub author: Author,
    /// When it was last changed.
    pub time: UtcTime,
    /// What was measured.
    pub measurement: Measurement,
}

/// The most values of one measurement.
const MOST_QUANTITIES: usize = 100;
/// The most files that one measurement was made on.
const MOST_DATA: usize = 100;

impl Measurement {
    /// The main value.
    pub fn main(&self) -> Option<&Quantity> {
        self.quantities.first()
    }

    /// Checks what can be checked without a plan.
    ///
    /// # Errors
    /// [`PlanError::Invalid`] names the value and what is allowed.
    pub fn check(&self) -> Result<(), PlanError> {
        check_name("volume", &self.volume)?;
        check_text("measurement's method", &self.method)?;
        self.kind.check()?;
        if self.quantities.is_empty() || self.quantities.len() > MOST_QUANTITIES {
            let what = format!("{} values; there must be 1 to {MOST_QUANTITIES}", self.quantities.len());
            return Err(PlanError::invalid("measurement", what));
        }
        self.quantities.iter().try_for_each(Quantity::check)?;
        if self.data.is_empty() || self.data.len() > MOST_DATA {
            let what = format!("{} files; there must be 1 to {MOST_DATA}", self.data.len());
            return Err(PlanError::invalid("measurement's data", what));
        }
        self.data.iter().try_for_each(MeasuredData::check)
    }

    /// The points that define it, for drawing and for moving it.
    pub fn points(&self) -> Vec<LpsPoint> {
        self.kind.points()
    }
}
