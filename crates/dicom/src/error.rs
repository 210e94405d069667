//! What can go wrong, in words for the user.

use std::path::PathBuf;

use fabrica_dicom_pixels::PixelError;
use fabrica_geometry::GridError;
use fabrica_progress::Cancelled;
use fabrica_volume::VolumeError;

/// Why DICOM could not be scanned or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DicomError {
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A file or folder cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is damaged, cut off or claims what it cannot hold.
    #[error("{}: {reason}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong and where.
        reason: String,
    },
    /// A file was changed or replaced after the scan.
    #[error("{}: the file has changed since the folder was searched; search it again", path.display())]
    Changed {
        /// Which file.
        path: PathBuf,
    },
    /// The pixel data of a frame cannot be decoded.
    #[error("{}, frame {}: {source}", path.display(), frame + 1)]
    Pixels {
        /// Which file.
        path: PathBuf,
        /// Which frame of the file, from 0.
        frame: usize,
        /// Why.
        source: PixelError,
    },
    /// There is no phase of this number.
    #[error("the series has {phases} phase(s); there is no phase {phase}")]
    NoSuchPhase {
        /// The number asked for, from 0.
        phase: usize,
        /// How many there are.
        phases: usize,
    },
    /// The phase cannot be a volume; the reason is that of [`Phase::obstacle`](crate::Phase::obstacle).
    #[error("this cannot be read as a volume: {0}")]
    NotAVolume(String),
    /// The gantry was tilted, and the caller refuses to resample.
    #[error(
        "the slices are sheared by {degrees:.2}° (gantry tilt); allow resampling to a straight grid, or reconstruct without tilt"
    )]
    TiltRefused {
        /// Angle between the slice normal and the direction from slice to slice.
        degrees: f64,
    },
    /// Slices are unevenly spaced or missing, and the caller refuses to resample.
    #[error(
        "the slices are {least_mm:.3} to {greatest_mm:.3} mm apart ({missing} missing); allow resampling, or find the missing slices"
    )]
    SpacingRefused {
        /// Least distance between neighbours, mm.
        least_mm: f64,
        /// Greatest distance between neighbours, mm.
        greatest_mm: f64,
        /// How many slices are missing, where the distances are multiples of one; else 0.
        missing: usize,
    },
    /// There is not enough memory.
    #[error("there is not enough memory: {bytes} bytes are needed")]
    Memory {
        /// Bytes needed.
        bytes: u64,
    },
    /// The geometry makes no grid.
    #[error("the geometry is impossible: {0}")]
    Grid(#[from] GridError),
    /// Samples and grid disagree.
    #[error(transparent)]
    Volume(#[from] VolumeError),
}
