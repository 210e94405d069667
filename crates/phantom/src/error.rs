//! What can go wrong.

use std::path::PathBuf;

use fabrica_geometry::GridError;
use fabrica_progress::Cancelled;
use fabrica_volume::VolumeError;

/// Why the synthetic patient could not be made, sampled or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhantomError {
    /// An option is outside its range.
    #[error("{option} is {value}; it must be {allowed}")]
    Option {
        /// Which option.
        option: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// More samples than fit.
    #[error(
        "{samples} samples were asked for; at most {limit} are made at once: choose a coarser spacing or a smaller region"
    )]
    TooLarge {
        /// Samples asked for.
        samples: u128,
        /// The most that are made.
        limit: u128,
    },
    /// The grid cannot be.
    #[error("the sampling grid: {0}")]
    Grid(#[from] GridError),
    /// The volume cannot be.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The volume is not one that CT Image Storage can hold.
    #[error("cannot be written as CT: {0}")]
    NotCt(String),
    /// A file of the series is already there. Nothing is overwritten.
    #[error("{} is already there; choose an empty folder", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file or folder could not be made.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A DICOM object could not be encoded.
    #[error("{}: the DICOM object cannot be encoded: {reason}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
