//! No result of what a network made and nobody validated, unless somebody says so by name.

use fabrica_case::Case;
use fabrica_plan::{Author, Operation, ValidationOperation};
use fabrica_progress::Progress;

use crate::{ReviewError, status};

/// What lets a result be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Structures that are not validated, with what is missing; only with an override.
    pub unvalidated: Vec<Unvalidated>,
    /// For each structure that was validated: by whom and when, in words.
    pub validated: Vec<(String, String)>,
}

/// A structure of which a result is made although it is not validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unvalidated {
    /// Its name.
    pub structure: String,
    /// The hash of what the result is made of.
    pub mask: String,
    /// What is missing.
    pub missing: Vec<String>,
    /// Why it is made all the same.
    pub reason: String,
}

impl Unvalidated {
    /// What files say of it.
    pub fn words(&self) -> String {
        format!("NOT VALIDATED ({}); missing: {}", self.reason, self.missing.join("; "))
    }
}

impl Pass {
    /// What must be said of a structure in the result: that it is not validated.
    pub fn of(&self, structure: &str) -> Option<&Unvalidated> {
        self.unvalidated.iter().find(|u| u.structure == structure)
    }

    /// Writes the overrides into the plan. `what` was made, in a few words.
    ///
    /// # Errors
    /// When it cannot be saved.
    pub fn record(&self, case: &mut Case, what: &str, by: &Author) -> Result<(), ReviewError> {
        for found in &self.unvalidated {
            let operation = ValidationOperation::Override {
                structure: found.structure.clone(),
                mask: found.mask.clone(),
                what: what.into(),
                missing: found.missing.clone(),
                reason: found.reason.clone(),
            };
            case.apply(Operation::Validation(operation), by)?;
        }
        Ok(())
    }
}

/// Lets results be made of structures: those that a network made must be validated as they are now, or `reason` says why
/// they are used all the same. Structures that people made, by hand or by a preset whose rule they chose, pass.
///
/// # Errors
/// [`ReviewError::NotValidated`] says what each lacks; when the reason is empty, or a file cannot be read.
pub fn require_validated<'a>(
    case: &Case,
    structures: impl IntoIterator<Item = &'a str>,
    reason: Option<&str>,
    progress: &Progress,
) -> Result<Pass, ReviewError> {
    let mut pass = Pass { unvalidated: Vec::new(), validated: Vec::new() };
    for name in structures {
        let found = status(case, name, progress)?;
        if let (true, Some(signature)) = (found.is_validated(), &found.signature) {
            let mut words = format!("validated by {} at {}", signature.by, signature.at);
            if let Some(done) = &found.check {
                words += &format!(
                    "; caliper {:.2} in the images, {:.2} on the structure",
                    done.check.in_images, done.check.on_structure
                );
            }
            pass.validated.push((name.into(), words));
        } else if found.by_network {
            let (missing, mask) = (found.obstacles(), found.mask);
            let reason = reason.unwrap_or_default().trim().to_owned();
            pass.unvalidated.push(Unvalidated { structure: name.into(), mask, missing, reason });
        }
    }
    if pass.unvalidated.iter().any(|u| u.reason.is_empty()) {
        let all = pass.unvalidated.into_iter().map(|u| (u.structure, u.missing)).collect();
        return Err(ReviewError::NotValidated(all));
    }
    Ok(pass)
}
