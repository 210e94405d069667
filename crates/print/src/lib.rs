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
mod together;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use fabrica_case::{AuditData, Case, VolumeEntry, write_atomic};
use fabrica_dicom_results::{ModelKind, PrintableModel, Source, encapsulated_model, read_encapsulated_model, to_bytes};
use fabrica_mesh::{Model, ModelFormat, merge, read_model, write_model};
use fabrica_plan::{Author, MeasurementKind, UtcTime};
use fabrica_progress::Progress;
use fabrica_review::{Pass, require_validated};
use fabrica_surface::{Mesh, PrintModel, PrintOptions, SurfaceError};
use fabrica_volume::Volume;

use make::{Made, Wanted};

pub use error::PrintError;
pub use options::ModelOptions;
pub use passport::{ModelFile, ModelStep, Passport, PassportPart, WARNING};
pub use proof::{Caliper, CaliperProof, Proof, prove};

/// A model to make of one structure or several, in three steps, of which only the first and the last need the case: the long work
/// between them leaves it free for changes.
#[derive(Debug)]
pub struct PrintJob {
    /// At least one.
    wanted: Vec<Wanted>,
    /// The scan that places the surface, where one does.
    volume: Option<Volume>,
    scan: VolumeEntry,
    /// The structures' files, in order, and the scan's sources.
    sources: Vec<AuditData>,
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
        Self::prepare_many(case, &[name], out, reason, progress)
    }

    /// As [`PrintJob::prepare_with`], of several structures of one scan: a part for each, with shared borders, and one for
    /// each way in which they overlap. The reason stands for all that are not validated.
    ///
    /// # Errors
    /// As [`PrintJob::prepare`]; when there is no name, several structures do not lie on one scan, or the format cannot
    /// hold several parts.
    pub fn prepare_many(
        case: &Case,
        names: &[&str],
        out: &Path,
        reason: Option<&str>,
        progress: &Progress,
    ) -> Result<Self, PrintError> {
        // A structure that is named twice is meant once.
        let mut distinct: Vec<&str> = Vec::new();
        for name in names {
            if !distinct.contains(name) {
                distinct.push(name);
            }
        }
        let names = &distinct[..];
        case.require_settled_geometry()?;
        let pass = require_validated(case, names.iter().copied(), reason, progress)?;
        let format = model_format(out)?;
        let several = names.len() > 1;
        if several && !matches!(format, ModelFormat::ThreeMf | ModelFormat::Glb) {
            return Err(PrintError::OnePartFormat(out.to_owned()));
        }
        let Some(first) = names.first() else {
            return Err(PrintError::Surface(SurfaceError::EmptyStructure(String::new())));
        };
        let on = case.structure_entry(first)?.volume.clone();
        let (mut wanted, mut sources) = (Vec::new(), Vec::new());
        for name in names {
            let entry = case.structure_entry(name)?;
            if entry.volume != on {
                return Err(PrintError::DifferentScans((*first).to_owned(), (*name).to_owned()));
            }
            sources.push(AuditData { name: (*name).to_owned(), sha256: entry.sha256.clone() });
            wanted.push(Wanted { structure: case.structure(name, progress)?, saved_by: entry.by.to_string() });
        }
        // Only a thresholded structure's surface is placed by the scan, and shared borders never are.
        let by_scan = wanted.len() == 1 && wanted.iter().any(|w| w.structure.isovalue.is_some());
        let volume = by_scan.then(|| case.volume(&on, progress)).transpose()?;
        let scan = case.volume_entry(&on)?.clone();
        sources.push(AuditData { name: format!("sources of {on}"), sha256: scan.sources_sha256() });
        let state = case.plan().state();
        let calipers = state.measurements.iter().filter(|m| m.measurement.volume == on);
        let calipers = calipers.filter_map(|m| match m.measurement.kind {
            MeasurementKind::Distance { points } => Some(Caliper { name: m.name.clone(), points }),
            _ => None,
        });
        Ok(Self { scan, wanted, volume, sources, calipers: calipers.collect(), pass, out: out.to_owned(), format })
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
        if !(0.05..=10.0).contains(&options.scale) {
            return Err(PrintError::Option { option: "the scale", value: options.scale, allowed: "0.05 to 10" });
        }
        let in_patient = options.scale == 1.0 && options.arrange.is_none();
        let kind = match (options.dicom, self.format) {
            (false, _) => None,
            (true, ModelFormat::Stl) if in_patient => Some(ModelKind::Stl),
            (true, ModelFormat::Obj) if in_patient => Some(ModelKind::Obj),
            _ => return Err(PrintError::NotForDicom),
        };
        let Made { mut pieces, mut steps } = match &self.wanted[..] {
            [one] => make::make(one, self.volume.as_ref(), &self.calipers, options, progress)?,
            several => together::make(several, &self.calipers, options, progress)?,
        };
        let name = self.wanted.iter().map(|w| w.structure.name.as_str()).collect::<Vec<_>>().join(", ");
        // First, since a header may be too short for all of it.
        let marked = if self.pass.unvalidated.is_empty() { name.clone() } else { format!("NOT VALIDATED {name}") };
        let label = if self.scan.provenance.simulated { format!("{marked} SYNTHETIC") } else { marked.clone() };
        let validation = self.validation();
        let middle = make::middle(&pieces);
        let (mut model, mut parts) = (Model { parts: Vec::new(), unit: "millimetres".into() }, Vec::new());
        for piece in &mut pieces {
            piece.surface.report.simulated = self.scan.provenance.simulated;
            let mut scaled = make::scaled(&piece.parts, options.scale, middle)?;
            if piece.structures.iter().any(|name| self.pass.of(name).is_some()) {
                scaled.iter_mut().for_each(|part| part.name = format!("NOT VALIDATED {}", part.name));
            }
            let inspection = make::inspected(&scaled, options, progress)?;
            if !inspection.is_solid() && !options.surface.allow_open {
                let why = format!("it is no solid ({} self-intersections)", inspection.self_intersections);
                return Err(PrintError::Proof(why));
            }
            model.parts.extend(scaled);
            parts.push(PassportPart {
                name: piece.name.clone(),
                origin: piece.origin.clone(),
                reviewed_by: piece.reviewed_by.clone(),
                surface: piece.surface.report.clone(),
                inspection,
                proof: piece.proof.clone(),
            });
        }

        make::arranged(&mut model.parts, options, &mut steps)?;

        let mut files = Written(Vec::new());
        files.write(&self.out, |file| write_model(&model, self.format, &label, file).map_err(io::Error::other))?;
        let bytes = std::fs::read(&self.out).map_err(|source| PrintError::Write { path: self.out.clone(), source })?;
        require_written(&model, &bytes, self.format)?;

        let file_of = |path: &Path, bytes: &[u8]| ModelFile {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            sha256: passport::sha256(bytes),
        };
        let made = UtcTime::now();
        let mut model_files = vec![file_of(&self.out, &bytes)];
        if let Some(kind) = kind {
            let source = Source { provenance: &self.scan.provenance, grid: &self.scan.grid, sha256: &self.scan.sha256 };
            let modified = options.is_modified();
            let object = PrintableModel { name: &marked, kind, bytes: &bytes, modified };
            let object = to_bytes(&encapsulated_model(&source, &object, made)?)?;
            let back = read_encapsulated_model(object.as_slice())?;
            if back.bytes != bytes {
                return Err(PrintError::Proof("the DICOM object does not read back as it was written".into()));
            }
            files.write(&dicom_path(&self.out), |file| file.write_all(&object))?;
            model_files.push(file_of(&dicom_path(&self.out), &object));
        }

        let pictures = pictures::six_sides(&model.parts, self.scan.provenance.simulated, progress)?;
        let mut passport = Passport {
            program: concat!("Fabrica ", env!("CARGO_PKG_VERSION")).into(),
            made,
            by: by.clone(),
            warning: WARNING.into(),
            simulated: self.scan.provenance.simulated,
            sources: self.sources.clone(),
            structure: name,
            validation,
            scale: options.scale,
            parts,
            steps,
            least_wall: options.least_wall,
            files: model_files,
            contents_sha256: String::new(),
        };
        passport.sign()?;
        let reports: Vec<_> = pieces.iter().map(|piece| &piece.surface.report).collect();
        let report = match &reports[..] {
            [one] => serde_json::to_vec_pretty(one)?,
            several => serde_json::to_vec_pretty(several)?,
        };
        files.write(&report_path(&self.out), |file| file.write_all(&report))?;
        let json = serde_json::to_vec_pretty(&passport)?;
        files.write(&passport_path(&self.out), |file| file.write_all(&json))?;
        let page = passport.html(&pictures);
        files.write(&page_path(&self.out), |file| file.write_all(page.as_bytes()))?;
        let structures = self.sources[..self.wanted.len()].to_vec();
        let models = pieces.into_iter().map(|piece| piece.surface).collect();
        Ok(Printed { models, passport, structures, pass: self.pass, files })
    }
}

impl PrintJob {
    /// What is known of the structures' validation, in words; of several each with its name.
    fn validation(&self) -> Option<String> {
        let unvalidated = self.pass.unvalidated.iter().map(|u| (u.structure.as_str(), u.words()));
        let validated = self.pass.validated.iter().map(|(name, words)| (name.as_str(), words.clone()));
        let all: Vec<(&str, String)> = unvalidated.chain(validated).collect();
        match &all[..] {
            [] => None,
            [(_, words)] if self.wanted.len() == 1 => Some(words.clone()),
            several => {
                Some(several.iter().map(|(name, words)| format!("{name}: {words}")).collect::<Vec<_>>().join("; "))
            }
        }
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
    models: Vec<PrintModel>,
    passport: Passport,
    structures: Vec<AuditData>,
    pass: Pass,
    files: Written,
}

impl Printed {
    /// The surfaces of the structures, each with its report.
    pub fn models(&self) -> &[PrintModel] {
        &self.models
    }

    /// What is known about the model.
    pub fn passport(&self) -> &Passport {
        &self.passport
    }

    /// Enters the model in the audit log, with the hashes of the structures that it was made of.
    ///
    /// # Errors
    /// When a geometry warning has come meanwhile, or it cannot be saved. Then the files are removed, and what they replaced is back.
    pub fn record(self, case: &mut Case, by: &Author) -> Result<Vec<PrintModel>, PrintError> {
        let Self { models, structures, passport, pass, mut files } = self;
        case.require_settled_geometry()?;
        let mut what = format!("print structure {}", passport.structure);
        // First the override: no model without it.
        pass.record(case, &what, by)?;
        if let Some(unvalidated) = pass.unvalidated.first() {
            what = format!("{what}, NOT VALIDATED ({})", unvalidated.reason);
        }
        case.audit(&what, structures, by)?;
        files.settle();
        Ok(models)
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
    let models = PrintJob::prepare(case, name, out, progress)?.make(options, by, progress)?.record(case, by)?;
    models.into_iter().next().ok_or_else(|| SurfaceError::EmptyStructure(name.to_owned()).into())
}

/// Where the report of a model's surface lies: beside it, ending in `.report.json` instead of the model's ending. Models
/// that differ only in their ending (`bone.stl`, `bone.obj`) share one report, that of the last written.
pub fn report_path(model: &Path) -> PathBuf {
    model.with_extension("report.json")
}

/// Where the DICOM object of a model lies: beside it, ending in `.dcm`.
pub fn dicom_path(model: &Path) -> PathBuf {
    model.with_extension("dcm")
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
