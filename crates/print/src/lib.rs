//! From a structure of a case to a model that prints, with its report and audit entry.

use std::io::Write;
use std::path::{Path, PathBuf};

use fabrica_case::{AuditData, Case, CaseError, write_atomic};
use fabrica_plan::Author;
use fabrica_progress::Progress;
use fabrica_surface::{MeshFormat, PrintModel, PrintOptions, SurfaceError, print_model, write_mesh};

/// Why a model was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrintError {
    /// The case refuses: an open geometry warning, an unknown structure, a damaged file.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The model cannot be made, or is not fit to print.
    #[error(transparent)]
    Surface(#[from] SurfaceError),
    /// The file's name does not say a format.
    #[error("{} must end in .stl, .obj or .ply", .0.display())]
    Format(PathBuf),
    /// A file cannot be written.
    #[error("{} was not written: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The report cannot be encoded.
    #[error("the report cannot be encoded: {0}")]
    Report(#[from] serde_json::Error),
}

/// Makes, checks and writes a structure's model (format by the ending of `out`), its report beside it
/// ([`report_path`]), and enters both in the audit log. Returns the model.
///
/// # Errors
/// While a geometry warning is open; when the structure is not there or empty, the model is not fit to print and
/// `options` do not allow that, or a file cannot be written. Then no file is left.
pub fn print_structure(
    case: &mut Case,
    name: &str,
    out: &Path,
    options: &PrintOptions,
    by: &Author,
    progress: &Progress,
) -> Result<PrintModel, PrintError> {
    case.require_settled_geometry()?;
    let format = mesh_format(out)?;
    let entry = case.structure_entry(name)?.clone();
    let structure = case.structure(name, progress)?;
    // Only a thresholded structure's surface is placed by the scan.
    let volume = structure.isovalue.is_some().then(|| case.volume(&entry.volume, progress)).transpose()?;
    let model = print_model(&structure, volume.as_ref(), options, progress)?;
    let label = if case.is_simulated() { format!("{name} SYNTHETIC") } else { name.to_owned() };
    let written = |path: &Path, source| PrintError::Write { path: path.to_owned(), source };
    write_atomic(out, |file| write_mesh(&model.mesh, format, &label, file).map_err(std::io::Error::other))
        .map_err(|e| written(out, e))?;
    let report = report_path(out);
    let json = serde_json::to_vec_pretty(&model.report)?;
    write_atomic(&report, |file| file.write_all(&json)).map_err(|e| written(&report, e))?;
    case.audit(&format!("print structure {name}"), vec![AuditData { name: name.to_owned(), sha256: entry.sha256 }], by)?;
    Ok(model)
}

/// Where the report of a model lies: beside it, ending in `.report.json`.
pub fn report_path(model: &Path) -> PathBuf {
    model.with_extension("report.json")
}

fn mesh_format(out: &Path) -> Result<MeshFormat, PrintError> {
    match out.extension().unwrap_or_default().to_string_lossy().to_lowercase().as_str() {
        "stl" => Ok(MeshFormat::Stl),
        "obj" => Ok(MeshFormat::Obj),
        "ply" => Ok(MeshFormat::Ply),
        _ => Err(PrintError::Format(out.to_owned())),
    }
}
