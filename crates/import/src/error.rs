//! What can go wrong between files and a case.

use std::path::PathBuf;

use fabrica_case::CaseError;
use fabrica_dicom::DicomError;
use fabrica_formats::FormatError;
use fabrica_progress::Cancelled;

/// Why something was not imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// DICOM could not be read.
    #[error(transparent)]
    Dicom(#[from] DicomError),
    /// A file of another format could not be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The case refused.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A path is not there or cannot be read.
    #[error("{}: {source}", path.display())]
    Path {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nothing was asked for.
    #[error("the scan has no phase to import")]
    NoPhase,
}
