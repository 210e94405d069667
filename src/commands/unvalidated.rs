//! Which structures a network made and nobody has validated: said wherever numbers of them are told.

use anyhow::Result;
use fabrica_case::Case;
use fabrica_progress::Progress;
use fabrica_review::{is_by_network, status};
use serde_json::{Value, json};

/// A structure that a network had a part in and that is not validated as it is now.
pub struct Unvalidated {
    /// Its name.
    pub structure: String,
    /// What keeps it from being validated.
    pub obstacles: Vec<String>,
}

impl Unvalidated {
    /// In a sentence.
    pub fn words(&self) -> String {
        format!("NOT VALIDATED: a network had a part in \"{}\", and {}.", self.structure, self.obstacles.join("; "))
    }

    fn json(&self) -> Value {
        json!({ "structure": self.structure, "obstacles": self.obstacles })
    }
}

/// All of a case. Only masks that a network had a part in are read.
pub fn all(case: &Case, progress: &Progress) -> Result<Vec<Unvalidated>> {
    let names = case.structures().iter().map(|s| s.name.clone()).filter(|name| is_by_network(case, name));
    let found = names.map(|structure| {
        let status = status(case, &structure, progress)?;
        Ok((!status.is_validated()).then(|| Unvalidated { structure, obstacles: status.obstacles() }))
    });
    found.filter_map(Result::transpose).collect()
}

/// Adds them to an object of JSON, as `unvalidated`: an empty list where there are none.
pub fn add_to(object: &mut Value, all: &[Unvalidated]) {
    object["unvalidated"] = all.iter().map(Unvalidated::json).collect();
}
