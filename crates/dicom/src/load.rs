//! Reading a volume.
use fabrica_progress::Progress;
use fabrica_volume::Volume;

use crate::{DicomError, LoadOptions, Series};

/// Reads phase `phase` (from 0) of a series as a volume.
///
/// # Errors
/// When the phase has an obstacle, needs a resampling that `options` refuse, a file is damaged or has changed since
/// the scan, or the user cancels.
pub fn load(series: &Series, phase: usize, options: &LoadOptions, progress: &Progress) -> Result<Volume, DicomError> {
    progress.check()?;
    let _ = options;
    let chosen = series.phases.get(phase).ok_or(DicomError::NoSuchPhase { phase, phases: series.phases.len() })?;
    Err(DicomError::NotAVolume(chosen.obstacle.clone().unwrap_or_else(|| "reading is not built yet".into())))
}
