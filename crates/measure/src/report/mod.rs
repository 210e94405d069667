//! Measurements as JSON, as tables (CSV), the way in as JSON, and the plan as a page (HTML).

mod approach;
mod csv;
mod html;
mod json;
mod structures;

use fabrica_case::Case;
use fabrica_plan::{Measurement, NamedMeasurement};

pub use approach::approach_json;
pub use csv::{measurements_csv, report_csv, sections_csv};
pub use html::{Picture, plan_report};
pub use json::{measurements_json, report_json};
pub use structures::{Validities, Validity};

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
    /// The structures that it was made of which a network had a part in and nobody has validated as they are now.
    pub unvalidated: Vec<String>,
}

impl Shown {
    /// One that is not in the plan.
    pub fn new(name: impl Into<String>, measurement: Measurement) -> Self {
        Self { id: None, name: name.into(), made: None, measurement, stale: Vec::new(), unvalidated: Vec::new() }
    }

    /// One that was made of a case just now and is not in its plan.
    pub fn made_of(case: &Case, name: impl Into<String>, measurement: Measurement) -> Self {
        let unvalidated = unvalidated_of(case, &measurement, &mut Validities::default());
        Self { unvalidated, ..Self::new(name, measurement) }
    }

    /// One of a case's plan.
    pub fn of_plan(case: &Case, named: &NamedMeasurement) -> Self {
        Self::of_plan_with(case, named, &mut Validities::default())
    }

    fn of_plan_with(case: &Case, named: &NamedMeasurement, validities: &mut Validities) -> Self {
        Self {
            id: Some(named.id.to_string()),
            name: named.name.clone(),
            made: Some((named.author.to_string(), named.time.to_string())),
            measurement: named.measurement.clone(),
            stale: crate::stale(case, &named.measurement),
            unvalidated: unvalidated_of(case, &named.measurement, validities),
        }
    }

    /// All of a case's plan.
    pub fn all_of(case: &Case) -> Vec<Self> {
        let mut validities = Validities::default();
        case.plan().state().measurements.iter().map(|m| Self::of_plan_with(case, m, &mut validities)).collect()
    }
}

fn unvalidated_of(case: &Case, measurement: &Measurement, validities: &mut Validities) -> Vec<String> {
    let names = measurement.kind.structures().into_iter();
    names.filter(|name| validities.of(case, name).is_lacking()).map(str::to_owned).collect()
}

/// What is said beside every number.
pub const DISCLAIMER: &str = "Fabrica is not a cleared medical device. Each ± is the half width of the interval that \
                              holds the truth 95 times in 100 by the stated error model; it does not hold what was left \
                              out of a structure or mistaken for another.";
