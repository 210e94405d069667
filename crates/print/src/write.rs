//! A model on the disk, with its report and passport; and in the audit log.

use std::io::{self, Write};
use std::path::Path;

use fabrica_case::{AuditData, Case, sha256};
use fabrica_dicom_results::{ModelKind, PrintableModel, Source, encapsulated_model, read_encapsulated_model, to_bytes};
use fabrica_document::Attachment;
use fabrica_mesh::{Model, ModelFormat, merge, read_model, write_model};
use fabrica_plan::{Author, UtcTime};
use fabrica_progress::Progress;
use fabrica_review::Pass;
use fabrica_surface::{Mesh, PrintReport};

use crate::files::{Written, dicom_path, model_format, page_path, passport_path, pdf_path, report_path};
use crate::passport::{ModelFile, Passport, WARNING};
use crate::{ModelOptions, PrintError, ProposedModel, pictures};

impl ProposedModel {
    /// Writes the model to `out`, in the format of its ending, with its report ([`report_path`]) and its passport
    /// ([`passport_path`], [`page_path`], [`pdf_path`]) beside it, and reads it back.
    ///
    /// # Errors
    /// When the format is not known or cannot hold the model's structures, a DICOM object was asked for of a model that is
    /// no such thing, a file cannot be written or does not read back as it was meant, or the user cancels. Then no file is
    /// left.
    pub fn write(&self, out: &Path, by: &Author, progress: &Progress) -> Result<Printed, PrintError> {
        let (source, options) = (&self.source, &self.options);
        let format = model_format(out, source.wanted.len() > 1)?;
        let kind = dicom_kind(options, format)?;
        let name = source.names().collect::<Vec<_>>().join(", ");
        // First, since a header may be too short for all of it.
        let marked = if source.pass.unvalidated.is_empty() { name.clone() } else { format!("NOT VALIDATED {name}") };
        let label = if source.is_simulated() { format!("{marked} SYNTHETIC") } else { marked.clone() };
        let parts = self.solids().iter().map(|solid| solid.part.clone()).collect();
        let model = Model { parts, unit: "millimetres".into() };

        let mut files = Written::default();
        files.write(out, |file| write_model(&model, format, &label, file).map_err(io::Error::other))?;
        let bytes = std::fs::read(out).map_err(|source| PrintError::Write { path: out.to_owned(), source })?;
        require_written(&model, &bytes, format)?;
        let mut model_files = vec![file_of(out, &bytes)];
        if let Some(kind) = kind {
            let scan = &source.scan;
            let source = Source { provenance: &scan.provenance, grid: &scan.grid, sha256: &scan.sha256 };
            let object = PrintableModel { name: &marked, kind, bytes: &bytes, modified: options.is_modified() };
            let object = to_bytes(&encapsulated_model(&source, &object, UtcTime::now())?)?;
            let back = read_encapsulated_model(object.as_slice())?;
            if back.bytes != bytes {
                return Err(PrintError::Proof("the DICOM object does not read back as it was written".into()));
            }
            files.write(&dicom_path(out), |file| file.write_all(&object))?;
            model_files.push(file_of(&dicom_path(out), &object));
        }

        let pictures = pictures::six_sides(&model.parts, source.is_simulated(), progress)?;
        let mut passport = Passport {
            program: concat!("Fabrica ", env!("CARGO_PKG_VERSION")).into(),
            made: UtcTime::now(),
            by: by.clone(),
            warning: WARNING.into(),
            simulated: source.is_simulated(),
            sources: source.sources.clone(),
            structure: name,
            validation: source.validation(),
            settings: options.clone(),
            parts: self.parts.clone(),
            steps: self.steps.clone(),
            files: model_files,
            contents_sha256: String::new(),
        };
        passport.sign()?;
        let reports: Vec<&PrintReport> = self.parts.iter().map(|part| &part.surface).collect();
        let report = match &reports[..] {
            [one] => serde_json::to_vec_pretty(one)?,
            several => serde_json::to_vec_pretty(several)?,
        };
        files.write(&report_path(out), |file| file.write_all(&report))?;
        let json = serde_json::to_vec_pretty(&passport)?;
        files.write(&passport_path(out), |file| file.write_all(&json))?;
        let mut page = passport.page(pictures);
        files.write(&page_path(out), |file| file.write_all(page.html().as_bytes()))?;
        // The page carries what programs read, so that one cannot be lost without the other.
        let attached = file_of(&passport_path(out), &[]).name;
        page.attachments.push(Attachment { name: attached, mime: "application/json", bytes: json });
        let pdf = page.pdf()?;
        files.write(&pdf_path(out), |file| file.write_all(&pdf))?;
        let structures = source.sources.iter().take(source.wanted.len()).cloned().collect();
        Ok(Printed { passport, structures, pass: source.pass.clone(), files })
    }
}

/// What the model is in DICOM, where that is asked for.
pub(crate) fn dicom_kind(options: &ModelOptions, format: ModelFormat) -> Result<Option<ModelKind>, PrintError> {
    let in_patient = options.scale == 1.0 && options.arrange.is_none();
    match (options.dicom, format) {
        (false, _) => Ok(None),
        (true, ModelFormat::Stl) if in_patient => Ok(Some(ModelKind::Stl)),
        (true, ModelFormat::Obj) if in_patient => Ok(Some(ModelKind::Obj)),
        _ => Err(PrintError::NotForDicom),
    }
}

fn file_of(path: &Path, bytes: &[u8]) -> ModelFile {
    ModelFile { name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(), sha256: sha256(bytes) }
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
    passport: Passport,
    structures: Vec<AuditData>,
    pass: Pass,
    files: Written,
}

impl Printed {
    /// What is known about the model.
    pub fn passport(&self) -> &Passport {
        &self.passport
    }

    /// Enters the model in the audit log, with the hashes of the structures that it was made of, of its files, and of the
    /// passport's contents.
    ///
    /// # Errors
    /// When a geometry warning has come meanwhile, or it cannot be saved. Then the files are removed, and what they replaced is back.
    pub fn record(self, case: &mut Case, by: &Author) -> Result<Passport, PrintError> {
        let Self { passport, structures, pass, mut files } = self;
        case.require_settled_geometry()?;
        let mut what = format!("print structure {}", passport.structure);
        // First the override: no model without it.
        pass.record(case, &what, by)?;
        if let Some(unvalidated) = pass.unvalidated.first() {
            what = format!("{what}, NOT VALIDATED ({})", unvalidated.reason);
        }
        let made = passport.files.iter().map(|file| AuditData { name: file.name.clone(), sha256: file.sha256.clone() });
        let signed = AuditData { name: "passport".into(), sha256: passport.contents_sha256.clone() };
        case.audit(&what, structures.into_iter().chain(made).chain([signed]).collect(), by)?;
        files.settle();
        Ok(passport)
    }
}
