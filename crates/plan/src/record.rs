//! The records that a plan's history is made of.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Author, Operation, PlanError, SCHEMA, UtcTime};

/// Which operation: unique over all copies of a plan. Written `counter@peer`, the peer in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OpId {
    peer: u64,
    counter: i32,
}

impl From<loro::ID> for OpId {
    fn from(id: loro::ID) -> Self {
        Self { peer: id.peer, counter: id.counter }
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:x}", self.counter, self.peer)
    }
}

impl From<OpId> for String {
    fn from(id: OpId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for OpId {
    type Error = PlanError;
    fn try_from(text: String) -> Result<Self, PlanError> {
        text.split_once('@')
            .and_then(|(counter, peer)| {
                let counter = counter.parse().ok().filter(|c| *c >= 0)?;
                Some(Self { peer: u64::from_str_radix(peer, 16).ok()?, counter })
            })
            .ok_or_else(|| PlanError::invalid("operation id", format!("`{text}` is not of the form 12@3fa9")))
    }
}

/// What a user did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "nearly every entry is an operation; a box would cost each an allocation")]
pub enum Action {
    /// An operation.
    Do(Operation),
    /// Took one of their own operations back.
    Undo(OpId),
    /// Did one again that they had taken back.
    Redo(OpId),
}

impl Action {
    /// What it does, in a few words for lists and logs.
    pub fn summary(&self) -> &'static str {
        match self {
            Self::Do(operation) => operation.summary(),
            Self::Undo(_) => "undo",
            Self::Redo(_) => "redo",
        }
    }
}

/// One entry of the history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Which operation.
    pub id: OpId,
    /// Who.
    pub author: Author,
    /// When, by the clock of the machine where it was done.
    pub time: UtcTime,
    /// What.
    pub action: Action,
}

/// What is stored of an entry. Its id is the CRDT's own.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    schema: u32,
    author: Author,
    time: UtcTime,
    action: Action,
}

/// A record as text for the CRDT.
pub(crate) fn encode(author: &Author, time: UtcTime, action: &Action) -> Result<String, PlanError> {
    let record = Record { schema: SCHEMA, author: author.clone(), time, action: action.clone() };
    serde_json::to_string(&record).map_err(|e| PlanError::Encoding(e.to_string()))
}

/// The entry of a stored record, checked as if it were new.
pub(crate) fn decode(id: OpId, text: &str) -> Result<Entry, PlanError> {
    let unreadable = |why: String| PlanError::Unreadable { id, why, known: SCHEMA };
    let record: Record = serde_json::from_str(text).map_err(|e| unreadable(e.to_string()))?;
    if record.schema == 0 || record.schema > SCHEMA {
        return Err(unreadable(format!("its schema is {}", record.schema)));
    }
    if let Action::Do(operation) = &record.action {
        operation.check().map_err(|e| unreadable(e.to_string()))?;
    }
    Ok(Entry { id, author: record.author, time: record.time, action: record.action })
}
