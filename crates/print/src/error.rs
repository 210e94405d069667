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
    #[error("the model does not pass the proof, so nothing was written: {0}")]
    Proof(String),
    /// A structure has changed since the model was made.
    #[error("\"{0}\" has changed since the model was made; make it again")]
    Changed(String),
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
    /// Something that is only done to a model of one structure was asked for of several.
    #[error("{0} is made of one structure at a time; print the others without it, or alone")]
    OneOnly(&'static str),
    /// Structures of a model lie on different scans.
    #[error("\"{0}\" and \"{1}\" lie on different scans; print them as models of their own")]
    DifferentScans(String, String),
    /// Walls are to be thickened, and it is not told how thick they must be.
    #[error("to thicken walls the least wall must be told (--wall)")]
    NoWall,
    /// Parts are to be arranged on a bed that is not told.
    #[error("to arrange parts on the bed its size must be told (--bed WIDTHxDEPTHxHEIGHT)")]
    NoBed,
    /// DICOM holds a model in patient coordinates, in STL or OBJ.
    #[error(
        "a model for DICOM must be .stl or .obj, of the patient's size (100 %) and where the patient lies (not arranged on a bed)"
    )]
    NotForDicom,
    /// The model cannot be made a DICOM object.
    #[error(transparent)]
    Dicom(#[from] fabrica_dicom_results::ResultError),
    /// The passport's page cannot be written.
    #[error(transparent)]
    Page(#[from] fabrica_document::DocumentError),
    /// A format that cannot hold several parts.
    #[error("{} cannot hold several parts with names and colours; end it in .3mf or .glb", .0.display())]
    OnePartFormat(PathBuf),
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
