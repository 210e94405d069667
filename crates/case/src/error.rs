//! Why a case cannot be opened, read or changed.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use fabrica_edit::EditError;
use fabrica_formats::{FormatError, Problem};
use fabrica_plan::PlanError;
use fabrica_progress::Cancelled;

use crate::CaseWarning;

/// Why a case cannot be opened, read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// The file system refused.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No room is left.
    #[error(
        "{}: the disk is full ({source}). This change was not saved; everything saved before is unharmed. Free some space and repeat it", path.display()
    )]
    DiskFull {
        /// What was being written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder holds no case.
    #[error("{}: this is no case: it has no case.json. Choose the folder that `fabrica import` made", .0.display())]
    NotACase(PathBuf),
    /// There is something where a case was to be made.
    #[error("{}: this exists already and is not an empty folder; choose another name for the case", .0.display())]
    Exists(PathBuf),
    /// Another case cannot be merged into this one.
    #[error("{}: this is no copy of the same case that could be merged: {why}", path.display())]
    NotACopy {
        /// The other case.
        path: PathBuf,
        /// Why not, and what to do.
        why: String,
    },
    /// Another program is changing the case.
    #[error(
        "{}: the case is open for changes elsewhere ({by}). Close it there, or open it here for reading only", path.display()
    )]
    Locked {
        /// The case.
        path: PathBuf,
        /// What the other program said of itself.
        by: String,
    },
    /// The case was written by a newer version.
    #[error(
        "{}: the case has schema {found}, this version of Fabrica knows up to {known}; open it with a newer version. Nothing was changed", path.display()
    )]
    Newer {
        /// The manifest.
        path: PathBuf,
        /// Its schema.
        found: u64,
        /// The newest that is known here.
        known: u32,
    },
    /// The manifest makes no sense.
    #[error(
        "{}: {what}. Nothing was changed. Restore case.json from a backup of the case, or import the scan again", path.display()
    )]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A file of the case is missing or is not what was saved.
    #[error("{}: {what}. Restore this file from a backup of the case", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The plan refused.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Voxels could not be edited.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// A volume or structure file could not be read or written.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// There is no such volume.
    #[error("the case has no volume `{id}`; it has {}", known.join(", "))]
    UnknownVolume {
        /// The id asked for.
        id: String,
        /// The ids that there are.
        known: Vec<String>,
    },
    /// There is no such structure.
    #[error(
        "the case has no structure `{name}`; it has {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") }
    )]
    UnknownStructure {
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// There is a structure of this name already.
    #[error("the case has a structure `{0}` already; replace it, or choose another name")]
    DuplicateStructure(String),
    /// A structure does not lie on its volume's grid.
    #[error("the structure `{structure}` does not lie on the grid of volume `{volume}`; resample it first")]
    OtherGrid {
        /// The structure's name.
        structure: String,
        /// The volume's id.
        volume: String,
    },
    /// There is no such geometry warning.
    #[error("volume `{volume}` has no geometry warning {index} (counted from 0); it has {held}")]
    UnknownWarning {
        /// The volume's id.
        volume: String,
        /// The warning asked for.
        index: usize,
        /// How many it has.
        held: usize,
    },
    /// Geometry warnings wait for the user: no measuring and printing until they are settled.
    #[error("{}", OpenWarnings { folder, warnings })]
    OpenGeometry {
        /// The case.
        folder: PathBuf,
        /// Those that are open.
        warnings: Vec<CaseWarning>,
    },
    /// The case was opened for reading.
    #[error("the case is open for reading only; open it for changes first")]
    ReadOnly,
    /// The user cancelled. Nothing was changed.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

struct OpenWarnings<'a> {
    folder: &'a Path,
    warnings: &'a [CaseWarning],
}

impl fmt::Display for OpenWarnings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let few = self.warnings.len();
        write!(f, "{few} geometry warning(s) must be settled before anything is measured or printed:")?;
        for w in self.warnings {
            write!(f, "\n  {}. volume {}: {}", w.number, w.volume, w.warning.issue)?;
        }
        let number = self.warnings.first().map_or(1, |w| w.number);
        write!(
            f,
            "\nCompare with the scanner's own pictures. To go on in spite of one: fabrica accept {} --warning {number} --reason \"...\"",
            self.folder.display()
        )
    }
}

impl CaseError {
    /// Tells a full disk from other refusals of the file system.
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge) {
            return Self::DiskFull { path: path.into(), source };
        }
        Self::Io { doing, path: path.into(), source }
    }

    /// A problem while a volume or structure file was written.
    pub(crate) fn writing(path: &Path, problem: Problem) -> Self {
        match problem {
            Problem::Io(source) => Self::io("write", path, source),
            Problem::Cancelled(cancelled) => Self::Cancelled(cancelled),
            problem => Self::Format(FormatError { path: path.into(), problem }),
        }
    }

    /// A problem while a volume or structure file was read.
    pub(crate) fn reading(error: FormatError) -> Self {
        match error.problem {
            Problem::Cancelled(cancelled) => Self::Cancelled(cancelled),
            _ => Self::Format(error),
        }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.into(), what: what.into() }
    }
}
