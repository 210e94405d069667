//! Writing files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use fabrica_progress::Progress;
use fabrica_volume::{Structure, Volume};

use crate::{Compression, FormatError, Problem, nifti, nrrd};

/// Creates a file, and takes it away again when it could not be completed.
fn to_file(path: &Path, write: impl FnOnce(BufWriter<File>) -> Result<(), Problem>) -> Result<(), FormatError> {
    let file = File::create(path).map_err(|e| Problem::Io(e).at(path))?;
    write(BufWriter::new(file)).map_err(|problem| {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(path);
        problem.at(path)
    })
}

/// Writes a NIfTI-1 file; gzip-compressed when the name ends in `.gz`. Not atomic, but an incomplete file is removed.
///
/// # Errors
/// When the file cannot be written, or a side exceeds NIfTI-1's 32,767.
pub fn write_nifti(volume: &Volume, path: &Path, progress: &Progress) -> Result<(), FormatError> {
    let gz = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    let compression = if gz { Compression::Gzip } else { Compression::None };
    to_file(path, |out| nifti::write(volume, out, compression, progress))
}

/// Writes a NIfTI-1 stream. Provenance, unit, padding and geometry warnings go along in an extension.
///
/// # Errors
/// As [`write_nifti`].
pub fn write_nifti_to(
    volume: &Volume,
    out: impl Write,
    compression: Compression,
    progress: &Progress,
) -> Result<(), Problem> {
    nifti::write(volume, out, compression, progress)
}

/// Writes an NRRD file with its data attached. Not atomic, but an incomplete file is removed.
///
/// # Errors
/// When the file cannot be written.
pub fn write_nrrd(
    volume: &Volume,
    path: &Path,
    compression: Compression,
    progress: &Progress,
) -> Result<(), FormatError> {
    to_file(path, |out| nrrd::write(volume, out, compression, progress))
}

/// Writes an NRRD stream with its data attached. Provenance, unit, padding and geometry warnings go along as JSON in
/// key/value pairs and come back from [`read`](crate::read).
///
/// # Errors
/// When the stream cannot be written.
pub fn write_nrrd_to(
    volume: &Volume,
    out: impl Write,
    compression: Compression,
    progress: &Progress,
) -> Result<(), Problem> {
    nrrd::write(volume, out, compression, progress)
}

/// Writes structures as a gzip-compressed 3D Slicer segmentation, `.seg.nrrd`. Not atomic, but an incomplete file is
/// removed.
///
/// # Errors
/// When there is no structure, they lie on different grids, or the file cannot be written.
pub fn write_segmentation(structures: &[Structure], path: &Path, progress: &Progress) -> Result<(), FormatError> {
    to_file(path, |out| nrrd::write_segmentation(structures, out, Compression::Gzip, progress))
}

/// Writes structures as a 3D Slicer segmentation stream. Structures that overlap go to different layers; name,
/// colour, code, origin and isovalue come back from [`read_labels`](crate::read_labels).
///
/// # Errors
/// As [`write_segmentation`].
pub fn write_segmentation_to(
    structures: &[Structure],
    out: impl Write,
    compression: Compression,
    progress: &Progress,
) -> Result<(), Problem> {
    nrrd::write_segmentation(structures, out, compression, progress)
}
