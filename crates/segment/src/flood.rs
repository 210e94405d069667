//! Flood filling by runs.

use fabrica_progress::Progress;
use fabrica_volume::Mask;

use crate::bits::{clear_span, next_bit, run_start};
use crate::connectivity::step_row;
use crate::{Connectivity, SegmentError};

/// What of the mask is connected to the seed voxels. Seeds outside the mask reach nothing.
///
/// Whole runs are taken at a time, so that the work is in the number of runs, not of voxels.
///
/// # Errors
/// When cancelled.
pub fn flood(
    mask: &Mask,
    seeds: &[[usize; 3]],
    connectivity: Connectivity,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    let [nx, ny, nz] = mask.grid().dims();
    let row_words = mask.row_words();
    // What is not reached yet. What is reached is the rest of the mask.
    let mut left = mask.clone().into_words();
    let mut waiting: Vec<(u32, u32, u32)> = Vec::new();
    for &[i, j, k] in seeds {
        if mask.get([i, j, k]) {
            let row = j + ny * k;
            take_runs(&mut left[row * row_words..][..row_words], nx, i, i + 1, |start, end| {
                waiting.push((row as u32, start, end));
            });
        }
    }
    let mut steps = 0u32;
    while let Some((row, start, end)) = waiting.pop() {
        steps = steps.wrapping_add(1);
        if steps.is_multiple_of(1 << 16) {
            progress.check()?;
        }
        let (j, k) = (row as usize % ny, row as usize / ny);
        for &(dj, dk, reach) in connectivity.rows() {
            let Some((nj, nk)) = step_row(j, k, (dj, dk), ny, nz) else { continue };
            let other = nj + ny * nk;
            let words = &mut left[other * row_words..][..row_words];
            let (from, to) = ((start as usize).saturating_sub(reach), (end as usize + reach).min(nx));
            take_runs(words, nx, from, to, |start, end| waiting.push((other as u32, start, end)));
        }
    }
    progress.check()?;
    let left = Mask::from_words(mask.grid().clone(), left)?;
    Ok(mask.combine(&left, |all, left| all & !left)?)
}

/// Takes every run that touches `from..to` out of a row, whole.
#[inline]
fn take_runs(row: &mut [u64], nx: usize, from: usize, to: usize, mut taken: impl FnMut(u32, u32)) {
    let mut at = from;
    while let Some(found) = next_bit(row, at, to, true) {
        let start = if found == from { run_start(row, found) } else { found };
        let end = next_bit(row, found, nx, false).unwrap_or(nx);
        clear_span(row, start, end);
        taken(start as u32, end as u32);
        at = end;
    }
}
