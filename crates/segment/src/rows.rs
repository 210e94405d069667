//! Masks made row by row, with progress and cancellation.

use std::sync::atomic::{AtomicUsize, Ordering};

use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use fabrica_volume::Mask;

use crate::SegmentError;

/// A mask from a rule for each row, in parallel; stops between rows when cancelled.
pub(crate) fn mask_from_rows(
    grid: &Grid,
    progress: &Progress,
    fill: impl Fn(usize, usize, &mut [u64]) + Sync,
) -> Result<Mask, SegmentError> {
    let [_, ny, nz] = grid.dims();
    let done = AtomicUsize::new(0);
    let mask = Mask::from_rows(grid.clone(), |j, k, words| {
        if progress.is_cancelled() {
            return;
        }
        fill(j, k, words);
        if j + 1 == ny {
            progress.set((done.fetch_add(1, Ordering::Relaxed) + 1) as f32 / nz as f32);
        }
    });
    progress.check()?;
    Ok(mask)
}

/// Refuses a length that is negative, infinite or not a number.
pub(crate) fn check_length(what: &str, mm: f64) -> Result<(), SegmentError> {
    if mm.is_finite() && mm >= 0.0 {
        Ok(())
    } else {
        Err(SegmentError::Parameter(format!("{what} of {mm} mm is not a length; give a finite number, 0 or more")))
    }
}
