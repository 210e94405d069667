//! Why a model was not written.

use std::io;
use std::path::PathBuf;

use fabrica_case::CaseError;
use fabrica_mesh::MeshError;
use fabrica_progress::Cancelled;
use fabrica_surface::SurfaceError;

/// Why a model was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrintError {
    /// The case refuses: an open geometry warning, an unknown structure, a damaged file.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A network made the structure, and nobody has validated it.
    #[error(transparent)]
    Review(#[from] fabrica_review::ReviewError),
    /// The model cannot be made, or is not fit to print.
    #[error(transparent)]
    Surface(#[from] SurfaceError),
    /// The model cannot be mended, changed or written.
    #[error(transparent)]
    Mesh(#[from] MeshError),
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The model does not pass the proof.
    #[error("the model was not written, because it does not pass the proof: {0}")]
    Proof(String),
    /// The pictures of the passport cannot be drawn.
    #[error("the pictures of the passport cannot be drawn: {0}")]
    Picture(String),
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
    /// The file's name does not say a format.
    #[error("{} must end in .stl, .obj, .ply, .3mf or .glb", .0.display())]
    Format(PathBuf),
    /// A file cannot be written.
    #[error("{} was not written: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The report cannot be encoded.
    #[error("the report cannot be encoded: {0}")]
    Report(#[from] serde_json::Error),
}
