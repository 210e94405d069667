//! From structures of a case to a model that prints, with its passport and audit entry.
//!
//! A [`ModelSource`] is read from the case; it becomes a [`ProposedModel`]: made, checked exactly, its walls measured,
//! proved against the structures and the user's own measurements. A preview shows that very model. Written, it is read
//! back, a [`Passport`] beside it says all of it (JSON, HTML, PDF), and the audit log names it.

mod error;
mod files;
mod make;
mod options;
mod page;
mod passport;
mod pictures;
mod proof;
mod proposed;
mod source;
mod together;
mod write;

use std::path::{Path, PathBuf};

use fabrica_case::Case;
use fabrica_plan::Author;
use fabrica_progress::Progress;
use fabrica_surface::PrintOptions;

pub use error::PrintError;
pub use files::{dicom_path, page_path, passport_path, pdf_path, report_path};
pub use options::ModelOptions;
pub use passport::{ModelFile, ModelStep, Passport, PassportPart, PassportSolid, Rejoined, WARNING};
pub use proof::{Caliper, CaliperProof, Proof, prove};
pub use proposed::{Placement, ProposedModel, Solid};
pub use source::ModelSource;
pub use write::Printed;

/// A model to make of one structure or several and to write, in three steps, of which only the first and the last need
/// the case: the long work between them leaves it free for changes.
#[derive(Debug)]
pub struct PrintJob {
    source: ModelSource,
    out: PathBuf,
}

impl PrintJob {
    /// Reads what a model of a structure is made of; it will be written to `out`, in the format of its ending. Straight
    /// distances that were measured on the same scan will be repeated on the model.
    ///
    /// # Errors
    /// As [`ModelSource::gather`]; when the format is not known.
    pub fn prepare(case: &Case, name: &str, out: &Path, progress: &Progress) -> Result<Self, PrintError> {
        Self::prepare_many(case, &[name], out, None, progress)
    }

    /// As [`PrintJob::prepare`], of several structures of one scan; `reason` as in [`ModelSource::gather`].
    ///
    /// # Errors
    /// As [`PrintJob::prepare`]; when the format cannot hold several parts.
    pub fn prepare_many(
        case: &Case,
        names: &[&str],
        out: &Path,
        reason: Option<&str>,
        progress: &Progress,
    ) -> Result<Self, PrintError> {
        let source = ModelSource::gather(case, names, reason, progress)?;
        files::model_format(out, source.wanted.len() > 1)?;
        Ok(Self { source, out: out.to_owned() })
    }

    /// Makes, checks, proves and writes the model, its report and its passport.
    ///
    /// # Errors
    /// As [`ModelSource::model`] and [`ProposedModel::write`]. Then no file is left.
    pub fn make(self, options: &PrintOptions, by: &Author, progress: &Progress) -> Result<Printed, PrintError> {
        self.make_with(&ModelOptions { surface: *options, ..ModelOptions::default() }, by, progress)
    }

    /// As [`PrintJob::make`], with all that can be asked for.
    ///
    /// # Errors
    /// As [`PrintJob::make`].
    pub fn make_with(self, options: &ModelOptions, by: &Author, progress: &Progress) -> Result<Printed, PrintError> {
        // Before the long work.
        write::dicom_kind(options, files::model_format(&self.out, self.source.wanted.len() > 1)?)?;
        self.source.model(options, progress)?.write(&self.out, by, progress)
    }
}

/// Makes, checks and writes a structure's model (format by the ending of `out`), its report and passport beside it, and
/// enters it in the audit log: the steps of a [`PrintJob`] in one. Returns the passport.
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
) -> Result<Passport, PrintError> {
    PrintJob::prepare(case, name, out, progress)?.make(options, by, progress)?.record(case, by)
}
