//! What can be wrong with a file.

use std::path::{Path, PathBuf};

use fabrica_geometry::GridError;
use fabrica_progress::Cancelled;
use fabrica_volume::VolumeError;

/// Why a file could not be read or written, and which file it was.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct FormatError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The content is none of the formats that are read here.
    #[error("this is no NIfTI, NRRD or InVesalius file ({0})")]
    UnknownFormat(String),
    /// A field of the header makes no sense.
    #[error("the header's `{field}` {what}")]
    Header {
        /// The field, as the format names it.
        field: String,
        /// What is wrong with it.
        what: String,
    },
    /// The file is sound, but of a kind that is not read here.
    #[error("{0}")]
    Unsupported(String),
    /// The header promises more than the file holds.
    #[error("the header promises {promised} bytes of samples, the file holds {held}; it is cut off or its header lies")]
    Truncated {
        /// Bytes that the header promises.
        promised: u64,
        /// Bytes that are there (at most, for compressed data).
        held: u64,
    },
    /// The compressed data is damaged.
    #[error("the compressed data is damaged: {0}")]
    Damaged(String),
    /// The samples do not fit into memory.
    #[error("{0} bytes of samples do not fit into this machine's memory")]
    TooLarge(u64),
    /// There is no such time point.
    #[error("there is no time point {wanted}: the file holds {held}, counted from 0")]
    TimePoint {
        /// Asked for.
        wanted: usize,
        /// In the file.
        held: usize,
    },
    /// The geometry makes no regular grid.
    #[error(transparent)]
    Geometry(#[from] GridError),
    /// Samples and grid disagree.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// Structures to be written together lie on different grids.
    #[error("the structures `{first}` and `{second}` lie on different grids; resample one first")]
    DifferentGrids {
        /// One structure.
        first: String,
        /// The other.
        second: String,
    },
}

impl Problem {
    /// A senseless header field.
    pub(crate) fn header(field: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Header { field: field.into(), what: what.into() }
    }

    pub(crate) fn at(self, path: &Path) -> FormatError {
        FormatError { path: path.to_owned(), problem: self }
    }
}
