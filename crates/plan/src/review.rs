//! Review decisions: who has looked at what, and what they say.

use serde::{Deserialize, Serialize};

use crate::operation::{check_name, check_text};
use crate::{Author, OpId, PlanError, PlanState, UtcTime};

/// An operation of review. Signed acts: none is undone in passing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ReviewOperation {
    /// Decides.
    Decide {
        /// About what.
        subject: ReviewSubject,
        /// What is decided.
        decision: Decision,
        /// Why, in the reviewer's words.
        reason: String,
        /// How many entries the history had that the reviewer saw ([`Plan::history`](crate::Plan::history)). One that
        /// has grown since is refused: the reviewer has not seen it.
        seen: u64,
    },
    /// Takes a decision back.
    Withdraw {
        /// The operation that decided.
        decision: OpId,
        /// Why, in the user's words.
        reason: String,
    },
}

/// What a decision is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReviewSubject {
    /// All of the plan.
    Plan,
    /// One structure.
    Structure(String),
}

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It can be acted on.
    Approve,
    /// It has to be changed first.
    RequestChanges,
    /// It must not be acted on.
    Reject,
}

/// A review that stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Review {
    /// The operation that decided.
    pub id: OpId,
    /// Who.
    pub by: Author,
    /// When.
    pub at: UtcTime,
    /// About what.
    pub subject: ReviewSubject,
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// How many entries the history had that the reviewer saw.
    pub seen: u64,
}

impl ReviewOperation {
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        match self {
            Self::Decide { subject, reason, .. } => {
                if let ReviewSubject::Structure(name) = subject {
                    check_name("structure", name)?;
                }
                check_text("reason", reason)
            }
            Self::Withdraw { reason, .. } => check_text("reason", reason),
        }
    }

    pub(crate) fn structures(&self) -> Vec<&str> {
        match self {
            Self::Decide { subject: ReviewSubject::Structure(name), .. } => vec![name],
            _ => Vec::new(),
        }
    }

    pub(crate) fn summary(&self) -> &'static str {
        match self {
            Self::Decide { decision: Decision::Approve, .. } => "review: approve",
            Self::Decide { decision: Decision::RequestChanges, .. } => "review: request changes",
            Self::Decide { decision: Decision::Reject, .. } => "review: reject",
            Self::Withdraw { .. } => "review: withdraw",
        }
    }

    pub(crate) fn step(&self, state: &mut PlanState, (id, by, at): (OpId, &Author, UtcTime)) -> Result<(), PlanError> {
        match self {
            Self::Decide { subject, decision, reason, seen } => {
                // A reviewer has one opinion of a subject: the last.
                state.reviews.retain(|r| !(r.by == *by && r.subject == *subject));
                let (subject, reason) = (subject.clone(), reason.clone());
                state.reviews.push(Review {
                    id,
                    by: by.clone(),
                    at,
                    subject,
                    decision: *decision,
                    reason,
                    seen: *seen,
                });
                Ok(())
            }
            Self::Withdraw { decision, .. } => {
                let found = state.reviews.iter().position(|r| r.id == *decision);
                let found = found.ok_or_else(|| PlanError::Unknown { kind: "review", name: decision.to_string() })?;
                state.reviews.remove(found);
                Ok(())
            }
        }
    }
}
