//! Why structures could not be read.

use std::path::{Path, PathBuf};

use fabrica_progress::Cancelled;

/// Why structures could not be read, and from which file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct StructureError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    #[source]
    pub problem: Problem,
}

/// What is wrong with a file of structures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file is not readable DICOM.
    #[error("not readable as DICOM: {0}")]
    Dicom(String),
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The object is of another kind.
    #[error("this is {found}, not {wanted}")]
    WrongKind {
        /// What was asked for.
        wanted: &'static str,
        /// The SOP class found, by name or UID.
        found: String,
    },
    /// The structures belong to another patient position or scan.
    #[error("the structures are in frame of reference {structures}, the scan in {scan}; they do not belong together")]
    FrameOfReference {
        /// Of the structures.
        structures: String,
        /// Of the scan.
        scan: String,
    },
    /// The frames do not lie on the scan's grid, and resampling was not asked for.
    #[error("the structures do not lie on the scan's voxels: {0}")]
    OtherGrid(String),
    /// An attribute is missing or makes no sense.
    #[error("{attribute} {what}")]
    Attribute {
        /// The attribute's name, with the frame or item where there are several.
        attribute: String,
        /// What is wrong with it.
        what: String,
    },
    /// Sound, but not read here.
    #[error("{0}")]
    Unsupported(String),
}

impl Problem {
    pub(crate) fn at(self, path: &Path) -> StructureError {
        StructureError { path: path.to_owned(), problem: self }
    }
}
