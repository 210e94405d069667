//! From a structure of a case to a model that prints, with its passport and audit entry.
//!
//! The surface is checked exactly, walls are measured, what was written is read back and proved against the structure
//! and the user's own measurements; a [`Passport`] beside the model says all of it.

mod error;
mod make;
mod options;
mod passport;
mod pictures;
mod proof;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use fabrica_case::{AuditData, Case, write_atomic};
use fabrica_mesh::{Model, ModelFormat, merge, read_model, write_model};
use fabrica_plan::{Author, MeasurementKind, UtcTime};
use fabrica_progress::Progress;
use fabrica_review::{Pass, require_validated};
use fabrica_surface::{Mesh, PrintModel, PrintOptions};
use fabrica_volume::{Structure, Volume};

pub use error::PrintError;
pub use options::ModelOptions;
pub use passport::{ModelFile, ModelStep, Passport, WARNING};
pub use proof::{Caliper, CaliperProof, Proof, prove};

/// A model to make of a structure, in three steps, of which only the first and the last need the case: the long work
/// between them leaves it free for changes.
#[derive(Debug)]
pub struct PrintJob {
    structure: Structure,
    /// The scan that places the surface, where one does.
    volume: Option<Volume>,
    simulated: bool,
    /// The structure's file and the scan's sources.
    sources: Vec<AuditData>,
    saved_by: Author,
    calipers: Vec<Caliper>,
    /// Whether the structure is validated, or why it is printed all the same.
    pass: Pass,
    out: PathBuf,
    format: ModelFormat,
}

impl PrintJob {
    /// Reads what a model of a structure is made of; it will be written to `out`, in the format of its ending. Straight
    /// distances that were measured on the same scan will be repeated on the model.
    ///
    /// # Errors
    /// While a geometry warning is open; when a network made the structure and it is not validated; when the structure is
    /// not there or its file or scan is damaged.
    pub fn prepare(case: &Case, name: &str, out: &Path, progress: &Progress) -> Result<Self, PrintError> {
        Self::prepare_with(case, name, out, None, progress)
    }

    /// As [`PrintJob::prepare`], where `reason` says why a network's structure is printed although it is not validated. That
    /// is recorded with the model, and the model's files say it.
    ///
    /// # Errors
    /// As [`PrintJob::prepare`].
    pub fn prepare_with(
        case: &Case,
        name: &str,
        out: &Path,
        reason: Option<&str>,
        progress: &Progress,
    ) -> Result<Self, PrintError> {
        case.require_settled_geometry()?;
        let pass = require_validated(case, [name], reason, progress)?;
        let format = model_format(out)?;
        let entry = case.structure_entry(name)?;
        let structure = case.structure(name, progress)?;
        // Only a thresholded structure's surface is placed by the scan.
        let volume = structure.isovalue.is_some().then(|| case.volume(&entry.volume, progress)).transpose()?;
        let scan = case.volume_entry(&entry.volume)?;
        let state = case.plan().state();
        let calipers = state.measurements.iter().filter(|m| m.measurement.volume == entry.volume);
        let calipers = calipers.filter_map(|m| match m.measurement.kind {
            MeasurementKind::Distance { points } => Some(Caliper { name: m.name.clone(), points }),
            _ => None,
        });
        Ok(Self {
            structure,
            volume,
            simulated: scan.provenance.simulated,
            sources: vec![
                AuditData { name: name.to_owned(), sha256: entry.sha256.clone() },
                AuditData { name: format!("sources of {}", entry.volume), sha256: scan.sources_sha256() },
            ],
            saved_by: entry.by.clone(),
            calipers: calipers.collect(),
            pass,
            out: out.to_owned(),
            format,
        })
    }

    /// Makes, checks, proves and writes the model, its report ([`report_path`]) and its passport ([`passport_path`]).
    ///
    /// # Errors
    /// When the structure is empty, the model is not fit to print and `options` do not allow that, a step or the proof
    /// fails, or a file cannot be written. Then no file is left.
    pub fn make(self, options: &PrintOptions, by: &Author, progress: &Progress) -> Result<Printed, PrintError> {
        self.make_with(&ModelOptions { surface: *options, ..ModelOptions::default() }, by, progress)
    }

    /// As [`PrintJob::make`], with all that can be asked for.
    ///
    /// # Errors
    /// As [`PrintJob::make`].
    pub fn make_with(self, options: &ModelOptions, by: &Author, progress: &Progress) -> Result<Printed, PrintError> {
        let mut made = make::make(&self.structure, self.volume.as_ref(), options, progress)?;
        made.surface.report.simulated = self.simulated;
        let name = self.structure.name.clone();
        let mut label = if self.simulated { format!("{name} SYNTHETIC") } else { name.clone() };
        let unvalidated = self.pass.of(&name);
        if unvalidated.is_some() {
            // First, since a header may be too short for all of it.
            label = format!("NOT VALIDATED {label}");
        }
        let validated = self.pass.validated.first().map(|(_, words)| words.clone());
        let validation = unvalidated.map(|u| u.words()).or(validated);
        let parts = make::scaled(&made.parts, options.scale)?;
        let inspection = make::inspected(&parts, options, progress)?;
        if !inspection.is_solid() && !options.surface.allow_open {
            let why = format!("it is no solid ({} self-intersections)", inspection.self_intersections);
            return Err(PrintError::Proof(why));
        }
        let model = Model { parts, unit: "millimetres".into() };

        let mut files = Written(Vec::new());
        files.write(&self.out, |file| write_model(&model, self.format, &label, file).map_err(io::Error::other))?;
        let bytes = std::fs::read(&self.out).map_err(|source| PrintError::Write { path: self.out.clone(), source })?;
        require_written(&model, &bytes, self.format)?;
        let proof = prove(&made.whole, &self.structure.mask, &self.calipers, options.tolerance, progress)?;

        let pictures = pictures::six_sides(&model.merged()?, self.structure.colour, self.simulated, progress)?;
        let mut passport = Passport {
            program: concat!("Fabrica ", env!("CARGO_PKG_VERSION")).into(),
            made: UtcTime::now(),
            by: by.clone(),
            warning: WARNING.into(),
            simulated: self.simulated,
            sources: self.sources.clone(),
            structure: name.clone(),
            origin: self.structure.origin.clone(),
            reviewed_by: self.saved_by.to_string(),
            validation,
            scale: options.scale,
            surface: made.surface.report.clone(),
            steps: made.steps,
            inspection,
            least_wall: options.least_wall,
            proof,
            files: vec![ModelFile {
                name: self.out.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                sha256: passport::sha256(&bytes),
            }],
            contents_sha256: String::new(),
        };
        passport.sign()?;
        let report = serde_json::to_vec_pretty(&made.surface.report)?;
        files.write(&report_path(&self.out), |file| file.write_all(&report))?;
        let json = serde_json::to_vec_pretty(&passport)?;
        files.write(&passport_path(&self.out), |file| file.write_all(&json))?;
        let page = passport.html(&pictures);
        files.write(&page_path(&self.out), |file| file.write_all(page.as_bytes()))?;
        let structure = AuditData { name, sha256: self.sources[0].sha256.clone() };
        Ok(Printed { model: made.surface, passport, structure, pass: self.pass, files })
    }
}

/// Refuses a file that does not read back as it was meant, coordinate by coordinate.
fn require_written(model: &Model, bytes: &[u8], format: ModelFormat) -> Result<(), PrintError> {
    // GLB is for viewing; no printer takes it, and it is not read.
    if format == ModelFormat::Glb {
        return Ok(());
    }
    let corners = |mesh: &Mesh| -> Vec<[[u32; 3]; 3]> {
        let place = |v: u32| mesh.vertices()[v as usize].map(|c| (c + 0.0).to_bits());
        mesh.triangles().iter().map(|t| t.map(place)).collect()
    };
    let back = read_model(bytes, format)?;
    let back = merge(back.parts.iter().map(|part| &part.mesh))?;
    if corners(&back) != corners(&model.merged()?) {
        return Err(PrintError::Proof("the file does not read back as it was written".into()));
    }
    Ok(())
}

/// A model whose files are written, but not yet entered in the audit log. Dropped without that, it removes them and brings
/// back what they replaced.
#[derive(Debug)]
pub struct Printed {
    model: PrintModel,
    passport: Passport,
    structure: AuditData,
    pass: Pass,
    files: Written,
}

impl Printed {
    /// The surface of the structure, with its report.
    pub fn model(&self) -> &PrintModel {
        &self.model
    }

    /// What is known about the model.
    pub fn passport(&self) -> &Passport {
        &self.passport
    }

    /// Enters the model in the audit log, with the hashes of the structure that it was made of.
    ///
    /// # Errors
    /// When a geometry warning has come meanwhile, or it cannot be saved. Then the files are removed, and what they replaced is back.
    pub fn record(self, case: &mut Case, by: &Author) -> Result<PrintModel, PrintError> {
        let Self { model, structure, pass, mut files, .. } = self;
        case.require_settled_geometry()?;
        let mut what = format!("print structure {}", structure.name);
        // First the override: no model without it.
        pass.record(case, &what, by)?;
        if let Some(unvalidated) = pass.of(&structure.name) {
            what = format!("{what}, NOT VALIDATED ({})", unvalidated.reason);
        }
        case.audit(&what, vec![structure], by)?;
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

/// Makes, checks and writes a structure's model (format by the ending of `out`), its report and passport beside it, and
/// enters it in the audit log: the steps of a [`PrintJob`] in one. Returns the model.
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
    PrintJob::prepare(case, name, out, progress)?.make(options, by, progress)?.record(case, by)
}

/// Where the report of a model's surface lies: beside it, ending in `.report.json` instead of the model's ending. Models
/// that differ only in their ending (`bone.stl`, `bone.obj`) share one report, that of the last written.
pub fn report_path(model: &Path) -> PathBuf {
    model.with_extension("report.json")
}

/// Where the passport of a model lies: beside it, ending in `.passport.json`.
pub fn passport_path(model: &Path) -> PathBuf {
    model.with_extension("passport.json")
}

/// Where the passport's page for people lies: beside the model, ending in `.passport.html`.
pub fn page_path(model: &Path) -> PathBuf {
    model.with_extension("passport.html")
}

fn model_format(out: &Path) -> Result<ModelFormat, PrintError> {
    match ModelFormat::of_path(out) {
        Some(ModelFormat::Off) | None => Err(PrintError::Format(out.to_owned())),
        Some(format) => Ok(format),
    }
}
