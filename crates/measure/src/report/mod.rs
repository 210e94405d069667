//! Measurements as JSON, as tables (CSV), the way in as JSON, and the plan as a page (HTML).

mod approach;
mod csv;
mod html;
mod json;

use fabrica_case::Case;
use fabrica_plan::{Measurement, NamedMeasurement};

pub use approach::approach_json;
pub use csv::{measurements_csv, sections_csv};
pub use html::{Picture, plan_report};
pub use json::measurements_json;

/// A measurement to be shown: one of the plan, or one that was only made.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The plan's id of it, where it is in the plan.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Who made it, and when, where it is in the plan.
    pub made: Option<(String, String)>,
    /// The measurement.
    pub measurement: Measurement,
    /// The data that has changed since.
    pub stale: Vec<String>,
}

impl Shown {
    /// One that is not in the plan.
    pub fn new(name: impl Into<String>, measurement: Measurement) -> Self {
        Self { id: None, name: name.into(), made: None, measurement, stale: Vec::new() }
    }

    /// One of a case's plan.
    pub fn of_plan(case: &Case, named: &NamedMeasurement) -> Self {
        Self {
            id: Some(named.id.to_string()),
            name: named.name.clone(),
            made: Some((named.author.to_string(), named.time.to_string())),
            measurement: named.measurement.clone(),
            stale: crate::stale(case, &named.measurement),
        }
    }

    /// All of a case's plan.
    pub fn all_of(case: &Case) -> Vec<Self> {
        case.plan().state().measurements.iter().map(|m| Self::of_plan(case, m)).collect()
    }
}

/// What is said beside every number.
pub const DISCLAIMER: &str = "Fabrica is not a cleared medical device. Each ± is the half width of the interval that \
                              holds the truth 95 times in 100 by the stated error model; it does not hold what was left \
                              out of a structure or mistaken for another.";
