//! Structures in reports: how large they are now, and whether they may be relied on.

use std::collections::HashMap;

use fabrica_case::{Case, StructureInfo};
use fabrica_plan::StructureProgress;
use fabrica_progress::Progress;
use serde_json::{Value, json};

/// Whether a structure may be used for results, as the gate before them sees it (`fabrica_review::require_validated`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validity {
    /// No network had a part in it: it is for those who made it to answer for.
    ByPeople,
    /// Validated as it is now: by whom and when.
    Validated(String),
    /// A network had a part in it, and nobody has validated it as it is now: what is missing.
    Lacking(Vec<String>),
}

impl Validity {
    /// Where a structure stands. What cannot be worked out is lacking, never valid.
    pub fn of(case: &Case, name: &str) -> Self {
        // It was measured once and is gone; that it is stale is told elsewhere.
        if case.structure_entry(name).is_err() {
            return Self::ByPeople;
        }
        match fabrica_review::status(case, name, &Progress::new()) {
            Err(error) => Self::Lacking(vec![format!("its review cannot be worked out: {error}")]),
            Ok(found) => match (&found.signature, found.is_validated()) {
                (Some(signature), true) => Self::Validated(format!("{} at {}", signature.by, signature.at)),
                _ if found.by_network => Self::Lacking(found.obstacles()),
                _ => Self::ByPeople,
            },
        }
    }

    /// Whether validation is needed and not there.
    pub fn is_lacking(&self) -> bool {
        matches!(self, Self::Lacking(_))
    }

    /// In words, for people; nothing where there is nothing to say.
    pub fn words(&self) -> String {
        match self {
            Self::ByPeople => String::new(),
            Self::Validated(by) => format!("validated by {by}"),
            Self::Lacking(missing) => format!("NOT VALIDATED; missing: {}", missing.join("; ")),
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        match self {
            Self::ByPeople => json!({ "needed": false }),
            Self::Validated(by) => json!({ "needed": true, "validated": true, "by": by }),
            Self::Lacking(missing) => json!({ "needed": true, "validated": false, "missing": missing }),
        }
    }
}

/// Where structures stand, each worked out once.
#[derive(Debug, Default)]
pub struct Validities(HashMap<String, Validity>);

impl Validities {
    /// Where a structure stands.
    pub fn of(&mut self, case: &Case, name: &str) -> &Validity {
        self.0.entry(name.to_owned()).or_insert_with(|| Validity::of(case, name))
    }
}

/// Its size as it is now, with what was drawn and edited.
pub(super) fn size(s: &StructureInfo) -> String {
    s.millilitres.map_or_else(|| "its edits cannot be worked out".to_owned(), |ml| format!("{ml:.2} mL"))
}

pub(super) fn progress(s: &StructureInfo) -> &'static str {
    match s.progress {
        StructureProgress::NotStarted => "",
        StructureProgress::InProgress => "in progress",
        StructureProgress::Completed => "completed",
        StructureProgress::Flagged => "FLAGGED: somebody must look at it",
    }
}
