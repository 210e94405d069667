//! The files of a model: all of them or none.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use fabrica_case::write_atomic;
use fabrica_mesh::ModelFormat;

use crate::PrintError;

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

/// Where the same page lies for paper and archives: beside the model, ending in `.passport.pdf`.
pub fn pdf_path(model: &Path) -> PathBuf {
    model.with_extension("passport.pdf")
}

/// The format that a model's name says, if it is one for so many parts.
pub(crate) fn model_format(out: &Path, several: bool) -> Result<ModelFormat, PrintError> {
    let format = match ModelFormat::of_path(out) {
        Some(ModelFormat::Off) | None => return Err(PrintError::Format(out.to_owned())),
        Some(format) => format,
    };
    if several && !matches!(format, ModelFormat::ThreeMf | ModelFormat::Glb) {
        return Err(PrintError::OnePartFormat(out.to_owned()));
    }
    Ok(format)
}

/// Files that are removed unless they are settled before; what they replaced is kept beside them and comes back.
#[derive(Debug, Default)]
pub(crate) struct Written(Vec<(PathBuf, Option<PathBuf>)>);

impl Written {
    pub(crate) fn write(
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
    pub(crate) fn settle(&mut self) {
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
