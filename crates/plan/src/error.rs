//! Why the plan refuses something.

use crate::OpId;

/// Why a plan did not take an operation, or bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A value of an operation is out of its range.
    #[error("{field}: {what}")]
    Invalid {
        /// Which value.
        field: &'static str,
        /// What is wrong with it and what is allowed.
        what: String,
    },
    /// The case has no such structure.
    #[error("there is no structure `{name}`; the case has {}", list(known))]
    UnknownStructure {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The case has no such volume.
    #[error("there is no volume `{id}`; the case has {}", list(known))]
    UnknownVolume {
        /// The id asked for.
        id: String,
        /// The ids there are.
        known: Vec<String>,
    },
    /// The operation refers to something that the plan does not hold (any more).
    #[error("the plan has no {kind} `{name}`")]
    Unknown {
        /// Clip plane, saved view, note or acceptance.
        kind: &'static str,
        /// Which.
        name: String,
    },
    /// There is one of this name already.
    #[error("there is a {kind} `{name}` already; choose another name")]
    Exists {
        /// What.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// The structure is locked against edits.
    #[error("the structure `{structure}` is locked (by {by}); unlock it first")]
    Locked {
        /// The structure.
        structure: String,
        /// Who locked it.
        by: String,
    },
    /// The plan has grown since the reviewer looked.
    #[error("the plan has {now} entries, the reviewer saw {seen}; look at what is new and decide again")]
    Unseen {
        /// How many the reviewer saw.
        seen: u64,
        /// How many there are.
        now: u64,
    },
    /// This user has nothing left to undo or redo.
    #[error("{author} has nothing to {what}")]
    Nothing {
        /// The user.
        author: String,
        /// `undo` or `redo`.
        what: &'static str,
    },
    /// The bytes are no plan, or damaged.
    #[error("the plan's bytes are damaged or no plan: {0}")]
    Damaged(String),
    /// The bytes build on operations that are not here.
    #[error("the plan's bytes build on earlier operations that are missing")]
    Incomplete,
    /// A record of the plan holds something that no version of Fabrica writes, or was written by a newer one.
    #[error(
        "operation {id} cannot be read ({why}); it may be from a newer Fabrica: this one knows plan schema {known}"
    )]
    Unreadable {
        /// The operation.
        id: OpId,
        /// What is wrong with it.
        why: String,
        /// The newest schema that is known here.
        known: u32,
    },
    /// The bytes would take operations out of the history.
    #[error("the bytes would remove operations from the plan's history, which only grows; they were refused")]
    Rewrites,
    /// The CRDT library refused.
    #[error("the plan could not be encoded: {0}")]
    Encoding(String),
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".into();
    }
    let shown: Vec<_> = names.iter().take(20).map(|n| format!("`{n}`")).collect();
    let more = names.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

impl PlanError {
    pub(crate) fn invalid(field: &'static str, what: impl Into<String>) -> Self {
        Self::Invalid { field, what: what.into() }
    }
}
