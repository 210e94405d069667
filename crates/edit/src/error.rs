//! Why an edit cannot be made.

use fabrica_progress::Cancelled;
use fabrica_segment::SegmentError;
use fabrica_volume::MaskError;

/// Why an edit cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The structure is not there.
    #[error("there is no structure `{0}` at this point of the plan's history")]
    UnknownStructure(String),
    /// Two structures of one stroke lie on different grids.
    #[error("`{first}` and `{second}` lie on the grids of different volumes; resample one first")]
    OtherGrid {
        /// One.
        first: String,
        /// The other.
        second: String,
    },
    /// A tool was asked for what it cannot do.
    #[error("{0}")]
    Tool(String),
    /// An operation on whole masks failed.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// Masks do not go together.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// A file that edits build on cannot be read, in the words of whoever read it.
    #[error("what the edits of `{structure}` build on cannot be read: {why}")]
    Source {
        /// The structure (or volume).
        structure: String,
        /// Why not.
        why: String,
    },
    /// The user cancelled. Nothing was changed.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
