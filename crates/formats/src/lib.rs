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

mod detect;
mod error;
mod extras;
mod frames;
mod input;
mod inv3;
mod labels;
mod nifti;
mod nrrd;
mod output;
mod read;
mod stored;
mod write;

pub use error::{FormatError, Problem};
pub use read::{probe, read, read_kept, read_labels};
pub use write::{write_nifti, write_nifti_to, write_nrrd, write_nrrd_to, write_segmentation, write_segmentation_to};

use fabrica_volume::GeometryWarning;

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
    pub warnings: Vec<GeometryWarning>,
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
