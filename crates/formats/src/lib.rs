//! Volumes and label maps in NIfTI, NRRD and InVesalius files.
//!
//! | Format | Read | Written |
//! |---|---|---|
//! | NIfTI-1, NIfTI-2 (`.nii`, `.nii.gz`) | volumes, label maps | volumes, NIfTI-1 |
//! | NRRD (`.nrrd`, `.nhdr` with its data file) | volumes, label maps | volumes |
//! | 3D Slicer segmentation (`.seg.nrrd`) | structures that may overlap | structures that may overlap |
//! | InVesalius project (`.inv3`) | volumes | |
//!
//! Whatever axes a file uses, what comes out is in patient coordinates (LPS, mm), and what the file does not say
//! about them is a [`GeometryWarning`](fabrica_volume::GeometryWarning) on the volume, never a silent guess.

mod error;

pub use error::{FormatError, Problem};

use std::io::Write;
use std::path::Path;

use fabrica_progress::Progress;
use fabrica_volume::{Structure, Volume};

/// A file format that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// NIfTI-1, `.nii` or `.nii.gz`.
    Nifti1,
    /// NIfTI-2, `.nii` or `.nii.gz`.
    Nifti2,
    /// NRRD, attached or with a detached data file.
    Nrrd,
    /// 3D Slicer's segmentation in NRRD.
    SegmentationNrrd,
    /// InVesalius project.
    InVesalius,
}

/// What a file's header says, without reading samples.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FileInfo {
    /// The format.
    pub format: Format,
    /// Samples along i, j and k.
    pub dims: [usize; 3],
    /// Distances between sample centres along i, j and k, mm.
    pub spacing: [f64; 3],
    /// Where i, j and k point, for example `LPS`; see [`fabrica_geometry::Grid::orientation_code`].
    pub orientation: String,
    /// How many volumes follow one another in the file.
    pub time_points: usize,
    /// The stored sample type, as users know it (`int16`).
    pub sample_type: &'static str,
    /// What is dubious about the geometry.
    pub warnings: Vec<fabrica_volume::GeometryWarning>,
}

/// How samples are stored in a written file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// As they are: largest and fastest.
    None,
    /// Gzip, compressed on all cores; one ordinary gzip member.
    #[default]
    Gzip,
}

/// Reads the header of a file: format, size, spacing, time points and warnings.
///
/// # Errors
/// When the file cannot be read, is of no known format, or its header makes no sense.
pub fn probe(path: &Path) -> Result<FileInfo, FormatError> {
    Err(Problem::UnknownFormat("not written yet".into()).at(path))
}

/// Reads one volume. The format is found by the content, not the name. `time_point` counts from 0; files of one
/// volume have only time point 0.
///
/// # Errors
/// When the file cannot be read, is of no known format, is damaged, sheared, or holds what is not a scalar volume.
pub fn read(path: &Path, time_point: usize, progress: &Progress) -> Result<Volume, FormatError> {
    let _ = (time_point, progress);
    Err(Problem::UnknownFormat("not written yet".into()).at(path))
}

/// Reads structures: from a `.seg.nrrd` with names, colours and overlaps; from any other volume of whole numbers one
/// structure for each value but 0, named `Label 3`.
///
/// # Errors
/// As [`read`]; also when values are not whole numbers, or there are more than 4,096 of them.
pub fn read_labels(path: &Path, progress: &Progress) -> Result<Vec<Structure>, FormatError> {
    let _ = progress;
    Err(Problem::UnknownFormat("not written yet".into()).at(path))
}

/// Writes a NIfTI-1 file; gzip-compressed when the name ends in `.gz`. Not atomic.
///
/// # Errors
/// When the file cannot be written, or a side exceeds NIfTI-1's 32,767.
pub fn write_nifti(volume: &Volume, path: &Path, progress: &Progress) -> Result<(), FormatError> {
    let _ = (volume, progress);
    Err(Problem::UnknownFormat("not written yet".into()).at(path))
}

/// Writes a NIfTI-1 stream.
///
/// # Errors
/// As [`write_nifti`].
pub fn write_nifti_to(
    volume: &Volume,
    out: impl Write,
    compression: Compression,
    progress: &Progress,
) -> Result<(), Problem> {
    let _ = (volume, out, compression, progress);
    Err(Problem::UnknownFormat("not written yet".into()))
}

/// Writes an NRRD file with its data attached. Not atomic.
///
/// # Errors
/// When the file cannot be written.
pub fn write_nrrd(
    volume: &Volume,
    path: &Path,
    compression: Compression,
    progress: &Progress,
) -> Result<(), FormatError> {
    let _ = (volume, compression, progress);
    Err(Problem::UnknownFormat("not written yet".into()).at(path))
}

/// Writes an NRRD stream with its data attached. Provenance, unit, padding and geometry warnings go along and come
/// back from [`read`].
///
/// # Errors
/// As [`write_nrrd`].
pub fn write_nrrd_to(
    volume: &Volume,
    out: impl Write,
    compression: Compression,
    progress: &Progress,
) -> Result<(), Problem> {
    let _ = (volume, out, compression, progress);
    Err(Problem::UnknownFormat("not written yet".into()))
}

/// Writes structures as a 3D Slicer segmentation, `.seg.nrrd`. Not atomic.
///
/// # Errors
/// When there is no structure, they lie on different grids, or the file cannot be written.
pub fn write_segmentation(structures: &[Structure], path: &Path, progress: &Progress) -> Result<(), FormatError> {
    let _ = (structures, progress);
    Err(Problem::UnknownFormat("not written yet".into()).at(path))
}

/// Writes structures as a 3D Slicer segmentation stream. Structures that overlap go to different layers; name,
/// colour, code, origin and isovalue come back from [`read_labels`].
///
/// # Errors
/// As [`write_segmentation`].
pub fn write_segmentation_to(
    structures: &[Structure],
    out: impl Write,
    compression: Compression,
    progress: &Progress,
) -> Result<(), Problem> {
    let _ = (structures, out, compression, progress);
    Err(Problem::UnknownFormat("not written yet".into()))
}
