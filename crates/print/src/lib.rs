//! From a structure of a case to a model that prints, with its report and audit entry.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use fabrica_case::{AuditData, Case, CaseError, write_atomic};
use fabrica_plan::Author;
use fabrica_progress::Progress;
use fabrica_surface::{MeshFormat, PrintModel, PrintOptions, SurfaceError, print_model, write_mesh};
use fabrica_volume::{Structure, Volume};

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
        source: io::Error,
    },
    /// The report cannot be encoded.
    #[error("the report cannot be encoded: {0}")]
    Report(#[from] serde_json::Error),
}

/// A model to make of a structure, in three steps, of which only the first and the last need the case: the long work
/// between them leaves it free for changes.
#[derive(Debug)]
pub struct PrintJob {
    structure: Structure,
    /// The scan that places the surface, where one does.
    volume: Option<Volume>,
    simulated: bool,
    /// SHA-256 of the structure's file.
    sha256: String,
    out: PathBuf,
    format: MeshFormat,
}

impl PrintJob {
    /// Reads what a model of a structure is made of; it will be written to `out`, in the format of its ending.
    ///
    /// # Errors
    /// While a geometry warning is open; when the structure is not there or its file or scan is damaged.
    pub fn prepare(case: &Case, name: &str, out: &Path, progress: &Progress) -> Result<Self, PrintError> {
        case.require_settled_geometry()?;
        let format = mesh_format(out)?;
        let entry = case.structure_entry(name)?;
        let structure = case.structure(name, progress)?;
        // Only a thresholded structure's surface is placed by the scan.
        let volume = structure.isovalue.is_some().then(|| case.volume(&entry.volume, progress)).transpose()?;
        let simulated = case.volume_entry(&entry.volume)?.provenance.simulated;
        Ok(Self { structure, volume, simulated, sha256: entry.sha256.clone(), out: out.to_owned(), format })
    }

    /// Makes, checks and writes the model, and its report beside it ([`report_path`]).
    ///
    /// # Errors
    /// When the structure is empty, the model is not fit to print and `options` do not allow that, or a file cannot be
    /// written. Then no file is left.
    pub fn make(self, options: &PrintOptions, progress: &Progress) -> Result<Printed, PrintError> {
        let mut model = print_model(&self.structure, self.volume.as_ref(), options, progress)?;
        model.report.simulated = self.simulated;
        let name = self.structure.name;
        let label = if self.simulated { format!("{name} SYNTHETIC") } else { name.clone() };
        let json = serde_json::to_vec_pretty(&model.report)?;
        let mut files = Written(Vec::new());
        files.write(&self.out, |file| write_mesh(&model.mesh, self.format, &label, file).map_err(io::Error::other))?;
        files.write(&report_path(&self.out), |file| file.write_all(&json))?;
        Ok(Printed { model, structure: AuditData { name, sha256: self.sha256 }, files })
    }
}

/// A model whose files are written, but not yet entered in the audit log. Dropped without that, it removes them and brings
/// back what they replaced.
#[derive(Debug)]
pub struct Printed {
    model: PrintModel,
    structure: AuditData,
    files: Written,
}

impl Printed {
    /// The model.
    pub fn model(&self) -> &PrintModel {
        &self.model
    }

    /// Enters the model in the audit log, with the hashes of the structure that it was made of.
    ///
    /// # Errors
    /// When a geometry warning has come meanwhile, or it cannot be saved. Then the files are removed, and what they replaced is back.
    pub fn record(self, case: &mut Case, by: &Author) -> Result<PrintModel, PrintError> {
        let Self { model, structure, mut files } = self;
        case.require_settled_geometry()?;
        case.audit(&format!("print structure {}", structure.name), vec![structure], by)?;
        files.settle();
        Ok(model)
    }
}

/// Files that are removed unless they are settled before; what they replaced is kept beside them and comes back.
#[derive(Debug)]
struct Written(Vec<(PathBuf, Option<PathBuf>)>);

impl Written {
    fn write(
        &mut self,
        path: &Path,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), PrintError> {
        let failed = |source| PrintError::Write { path: path.to_owned(), source };
        let before = keep(path).map_err(failed)?;
        if let Err(source) = write_atomic(path, write) {
            forget(before.as_deref());
            return Err(failed(source));
        }
        self.0.push((path.to_owned(), before));
        Ok(())
    }

    /// The files stay.
    fn settle(&mut self) {
        self.0.drain(..).for_each(|(_, before)| forget(before.as_deref()));
    }
}

/// Keeps a file under another name beside it, which is told; nothing where there is none. The file itself stays in place.
fn keep(path: &Path) -> io::Result<Option<PathBuf>> {
    if !path.is_file() {
        return Ok(None);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let kept = path.with_file_name(format!(".{name}.before-{}", std::process::id()));
    forget(Some(&kept));
    // Not every file system (that of a memory stick, for one) can link.
    std::fs::hard_link(path, &kept).or_else(|_| std::fs::copy(path, &kept).map(drop))?;
    Ok(Some(kept))
}

fn forget(kept: Option<&Path>) {
    if let Some(kept) = kept {
        std::fs::remove_file(kept).ok();
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        for (path, before) in &self.0 {
            // The error that led here is the one to tell.
            match before {
                Some(before) => std::fs::rename(before, path).ok(),
                None => std::fs::remove_file(path).ok(),
            };
        }
    }
}

/// Makes, checks and writes a structure's model (format by the ending of `out`), its report beside it
/// ([`report_path`]), and enters both in the audit log: the steps of a [`PrintJob`] in one. Returns the model.
///
/// # Errors
/// As [`PrintJob::prepare`], [`PrintJob::make`] and [`Printed::record`]. Then no file is left.
pub fn print_structure(
    case: &mut Case,
    name: &str,
    out: &Path,
    options: &PrintOptions,
    by: &Author,
    progress: &Progress,
) -> Result<PrintModel, PrintError> {
    PrintJob::prepare(case, name, out, progress)?.make(options, progress)?.record(case, by)
}

/// Where the report of a model lies: beside it, ending in `.report.json` instead of the model's ending. Models that
/// differ only in their ending (`bone.stl`, `bone.obj`) share one report, that of the last written.
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
