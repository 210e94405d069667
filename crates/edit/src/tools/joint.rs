//! Smoothing of several structures together.
//!
//! Smoothed one by one, structures that touch part from each other or run into each other. Here every voxel goes to the
//! structure (or to none) whose blurred share there is largest, so that each belongs to exactly one: neither gap nor
//! overlap can come between them, and the border that two share moves as one.

use fabrica_geometry::{Grid, Mm};
use fabrica_progress::Progress;
use fabrica_segment::bell;
use fabrica_volume::Mask;
use rayon::prelude::*;

use crate::EditError;

/// The sum of the weights along one axis. Whole numbers, so that sums are exact; three axes make 2³⁰.
const WHOLE: u32 = 1 << 10;
/// The most structures.
const MOST: usize = 254;
/// The most voxels that a weight may reach.
const REACH: usize = 100;

/// The box that something happens in.
struct Area {
    low: [usize; 3],
    size: [usize; 3],
}

/// Smooths structures together; the blur has this standard deviation. What belongs to several beforehand goes to the
/// first of them. Beyond the scan's border the outermost voxels are repeated.
pub(super) fn smooth(masks: &[&Mask], sigma: Mm, progress: &Progress) -> Result<Vec<Mask>, EditError> {
    if masks.len() > MOST {
        return Err(EditError::Tool(format!("{} structures are over {MOST}", masks.len())));
    }
    let Some(first) = masks.first() else { return Ok(Vec::new()) };
    let grid = first.grid();
    let mut taps = Vec::with_capacity(3);
    for spacing in grid.spacing() {
        taps.push(weights(sigma.0 / spacing)?);
    }
    let Some(area) = surroundings(grid, masks, &taps) else { return Ok(masks.iter().map(|&m| m.clone()).collect()) };
    let len = area.size.iter().product();
    // Whose each voxel is: 0 for none, n + 1 for structure n.
    let mut owner = vec![0u8; len];
    for (n, mask) in masks.iter().enumerate().rev() {
        fill(&area, mask, &mut owner, n as u8 + 1);
    }
    let mut best = vec![0u32; len];
    let mut winner = vec![0u8; len];
    for label in 0..=masks.len() as u8 {
        progress.check()?;
        progress.set(f32::from(label) / (masks.len() + 1) as f32);
        let share = blur(&owner, label, area.size, &taps, progress)?;
        let all = best.par_iter_mut().zip(winner.par_iter_mut()).zip(share.par_iter().zip(owner.par_iter()));
        all.with_min_len(1 << 14).for_each(|((best, winner), (&share, &owner))| {
            // Of equal shares the present owner's wins, then the first's.
            if share > *best || share == *best && (owner == label || *winner == 0 && owner != 0) {
                *best = share;
                *winner = label;
            }
        });
    }
    Ok((0..masks.len() as u8).map(|n| pick(grid, &area, &winner, n + 1)).collect())
}

/// Whole weights at 0, 1, 2 … voxels; both sides together sum to [`WHOLE`].
fn weights(sigma: f64) -> Result<Vec<u32>, EditError> {
    let reach = (3.0 * sigma).ceil() as usize;
    if reach > REACH {
        return Err(EditError::Tool(format!("a deviation of {sigma:.0} voxels is over {}", REACH / 3)));
    }
    let parts: Vec<f64> = (0..=reach).map(|n| bell(n as f64 / sigma)).collect();
    let sum = 2.0 * parts.iter().sum::<f64>() - 1.0;
    let mut whole: Vec<u32> = parts.iter().map(|p| (p / sum * f64::from(WHOLE) + 0.5).floor() as u32).collect();
    let others: u32 = whole.iter().skip(1).sum::<u32>() * 2;
    if let Some(middle) = whole.first_mut() {
        *middle = WHOLE.saturating_sub(others);
    }
    Ok(whole)
}

/// The box around all masks that blurring reaches.
fn surroundings(grid: &Grid, masks: &[&Mask], taps: &[Vec<u32>]) -> Option<Area> {
    let boxes = masks.iter().filter_map(|m| m.bounding_box());
    let (low, high) = boxes.reduce(|(l, h), (l2, h2)| {
        (std::array::from_fn(|a| l[a].min(l2[a])), std::array::from_fn(|a| h[a].max(h2[a])))
    })?;
    let dims = grid.dims();
    let low: [usize; 3] = std::array::from_fn(|a| low[a].saturating_sub(taps[a].len()));
    let size = std::array::from_fn(|a| (high[a] + taps[a].len()).min(dims[a] - 1) + 1 - low[a]);
    Some(Area { low, size })
}

fn fill(area: &Area, mask: &Mask, owner: &mut [u8], label: u8) {
    let [sx, sy, _] = area.size;
    owner.par_chunks_mut(sx).enumerate().for_each(|(row, values)| {
        let words = mask.row(area.low[1] + row % sy, area.low[2] + row / sy);
        for (i, value) in values.iter_mut().enumerate() {
            let i = area.low[0] + i;
            if words[i / 64] >> (i % 64) & 1 == 1 {
                *value = label;
            }
        }
    });
}

fn pick(grid: &Grid, area: &Area, winner: &[u8], label: u8) -> Mask {
    let [sx, sy, sz] = area.size;
    Mask::from_rows(grid.clone(), |j, k, words| {
        if let (Some(j), Some(k)) = (j.checked_sub(area.low[1]), k.checked_sub(area.low[2]))
            && j < sy
            && k < sz
        {
            for (i, &value) in winner[sx * (j + sy * k)..][..sx].iter().enumerate() {
                let i = area.low[0] + i;
                words[i / 64] |= u64::from(value == label) << (i % 64);
            }
        }
    })
}

/// The blurred share of one label, of 2³⁰.
fn blur(
    owner: &[u8],
    label: u8,
    [sx, sy, sz]: [usize; 3],
    taps: &[Vec<u32>],
    progress: &Progress,
) -> Result<Vec<u32>, EditError> {
    let slice = sx * sy;
    let mut first = vec![0u32; owner.len()];
    first.par_chunks_mut(slice).zip(owner.par_chunks(slice)).try_for_each(|(out, owner)| {
        progress.check()?;
        let mut rows = vec![0u32; slice];
        for (row, owner) in rows.chunks_mut(sx).zip(owner.chunks(sx)) {
            if owner.contains(&label) {
                along_row(row, owner, label, &taps[0]);
            }
        }
        for (j, out) in out.chunks_mut(sx).enumerate() {
            along_rows(out, |n| &rows[sx * clamp(j, n, sy)..][..sx], &taps[1]);
        }
        Ok::<_, EditError>(())
    })?;
    let mut last = vec![0u32; owner.len()];
    last.par_chunks_mut(sx).enumerate().for_each(|(row, out)| {
        let (j, k) = (row % sy, row / sy);
        along_rows(out, |n| &first[slice * clamp(k, n, sz) + sx * j..][..sx], &taps[2]);
    });
    Ok(last)
}

/// The index `n` steps away, kept within `0..len`.
fn clamp(at: usize, n: isize, len: usize) -> usize {
    at.saturating_add_signed(n).min(len - 1)
}

fn along_row(out: &mut [u32], owner: &[u8], label: u8, taps: &[u32]) {
    let pad = taps.len();
    let padded: Vec<u32> = (0..owner.len() + 2 * pad)
        .map(|at| u32::from(owner[at.saturating_sub(pad).min(owner.len() - 1)] == label))
        .collect();
    along_rows(out, |n| &padded[pad.saturating_add_signed(n)..][..owner.len()], taps);
}

/// Adds up weighted rows; `row(n)` is the one `n` steps away.
fn along_rows<'a>(out: &mut [u32], row: impl Fn(isize) -> &'a [u32], taps: &[u32]) {
    for (n, &weight) in taps.iter().enumerate() {
        let n = n as isize;
        let sides: &[isize] = if n == 0 { &[0] } else { &[-n, n] };
        for &side in sides {
            for (out, value) in out.iter_mut().zip(row(side)) {
                *out += weight * value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_whole() {
        for sigma in [0.3, 1.0, 2.7, 30.0] {
            let w = weights(sigma).unwrap();
            assert_eq!(w[0] + 2 * w[1..].iter().sum::<u32>(), WHOLE, "{sigma}");
        }
        assert!(weights(50.0).is_err());
    }
}
