//! Which mask: a hash of all that it follows from.
//!
//! A mask is named by what made it: its file, then the strokes that changed it and, for each, the versions of all masks
//! that took part. So equal versions mean equal masks, in every copy of the plan and on every machine, and a stored mask
//! can be used wherever its version comes up again, after undo, redo, opening or merging.

use std::fmt;

use fabrica_plan::{Base, Stroke};
use sha2::{Digest, Sha256};

use crate::EditError;

/// A version of a mask, or of a step of a program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version([u8; 32]);

impl Version {
    /// Of an empty mask that was made in the plan.
    pub(crate) fn empty() -> Self {
        Self::hash(["empty".as_bytes()])
    }

    /// Of a file of the case.
    pub fn of_base(base: &Base) -> Self {
        Self::hash(["base".as_bytes(), base.sha256.as_bytes()])
    }

    /// Of what a stroke does to masks of these versions (by name, in the order of names).
    pub(crate) fn of_stroke<'a>(
        stroke: &Stroke,
        involved: impl IntoIterator<Item = (&'a str, Version)>,
    ) -> Result<Self, EditError> {
        let text =
            serde_json::to_vec(stroke).map_err(|e| EditError::Tool(format!("a stroke cannot be written: {e}")))?;
        let mut hash = Sha256::new();
        feed(&mut hash, b"stroke");
        feed(&mut hash, &text);
        for (name, version) in involved {
            feed(&mut hash, name.as_bytes());
            feed(&mut hash, &version.0);
        }
        Ok(Self(hash.finalize().into()))
    }

    /// Of one structure after a step of this version.
    pub(crate) fn of(self, name: &str) -> Self {
        Self::hash(["of".as_bytes(), &self.0, name.as_bytes()])
    }

    pub(crate) fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        parts.into_iter().for_each(|part| feed(&mut hash, part));
        Self(hash.finalize().into())
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// With its length, so that parts do not run into one another.
fn feed(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_le_bytes());
    hash.update(part);
}

impl fmt::Display for Version {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
