//! What can go wrong.

use std::path::PathBuf;

use fabrica_progress::Cancelled;

/// Why a rehearsal cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApproachError {
    /// A data file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A data file says something that cannot be.
    #[error("{file}: {what}")]
    Data {
        /// Which file, or which built-in one.
        file: String,
        /// What is wrong, and what is allowed.
        what: String,
    },
    /// There is no instrument, implant or criterion of this name.
    #[error("there is no {kind} \"{name}\"; there are {known}")]
    Unknown {
        /// What was looked for.
        kind: &'static str,
        /// By which name.
        name: String,
        /// What there is.
        known: String,
    },
    /// A structure without any surface.
    #[error("\"{0}\" is empty: nothing can be kept away from it, so it is refused instead of being called free")]
    Empty(String),
    /// A number that makes no sense.
    #[error("{field}: {what}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What is wrong, and what is allowed.
        what: String,
    },
    /// The surface cannot be made.
    #[error(transparent)]
    Surface(#[from] fabrica_surface::SurfaceError),
    /// A mask cannot be worked on.
    #[error(transparent)]
    Segment(#[from] fabrica_segment::SegmentError),
    /// Masks do not go together.
    #[error(transparent)]
    Mask(#[from] fabrica_volume::MaskError),
    /// A grid cannot be.
    #[error(transparent)]
    Grid(#[from] fabrica_geometry::GridError),
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl ApproachError {
    pub(crate) fn invalid(field: &'static str, what: impl Into<String>) -> Self {
        Self::Invalid { field, what: what.into() }
    }
}
