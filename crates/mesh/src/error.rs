//! What can go wrong with meshes.

use fabrica_progress::Cancelled;
use fabrica_surface::SurfaceError;

use crate::repair::Loss;

/// Why a mesh could not be read, checked, repaired, changed or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeshError {
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The surface crate refuses: a damaged file, an option out of range, too many triangles.
    #[error(transparent)]
    Surface(SurfaceError),
    /// The file's name does not say a format.
    #[error("\"{0}\" must end in .stl, .obj, .ply, .off or .3mf")]
    Format(String),
    /// A mesh file cannot be understood.
    #[error("not a readable {format} file: {problem} ({place})")]
    File {
        /// What the file should be.
        format: &'static str,
        /// What is wrong.
        problem: String,
        /// Where: a byte, a line, an object.
        place: String,
    },
    /// There is no triangle in it.
    #[error("the mesh has no triangle: there is nothing to print")]
    Empty,
    /// A repair would lose something of the model.
    #[error(
        "the repair stopped, because it would lose something of the model: {0}. Allow it, or repair that place by hand"
    )]
    WouldLose(Loss),
    /// An option is out of its range.
    #[error("{option} is {value}; it must be {allowed}")]
    Option {
        /// Which option.
        option: &'static str,
        /// Its value.
        value: f64,
        /// What it may be, in words.
        allowed: &'static str,
    },
    /// The mesh is not the closed surface of a solid, which this step needs.
    #[error("{step} needs a closed, intersection-free solid, but {why}; repair the mesh first")]
    NotSolid {
        /// What was to be done.
        step: &'static str,
        /// What the check found.
        why: String,
    },
    /// A step could not do what it promises, and so did nothing.
    #[error("{step} did not succeed: {why}")]
    Failed {
        /// What was to be done.
        step: &'static str,
        /// What is wrong with its result.
        why: String,
    },
    /// The file could not be written.
    #[error("the mesh could not be written")]
    Write(#[source] std::io::Error),
}

impl From<SurfaceError> for MeshError {
    fn from(error: SurfaceError) -> Self {
        match error {
            SurfaceError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            other => Self::Surface(other),
        }
    }
}
