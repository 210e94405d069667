//! Smoothing of masks.
//!
//! Smoothing takes away what is thin: a median or a Gaussian erases a vessel or a plate that is thinner than about
//! its diameter, without a word. Compare before and after with a [`ChangeReport`](crate::ChangeReport).

use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_volume::Mask;
use rayon::prelude::*;

use crate::SegmentError;
use crate::bell::bell;
use crate::bits::word_at;
use crate::element::{Element, dilate_by};
use crate::rows::{check_length, mask_from_rows};

/// Around each voxel, the voxels that [`smooth_majority`] counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Neighbourhood {
    /// Those within this length, as a ball in the patient.
    Ball(Mm),
    /// Those at most this many voxels away along i, j and k.
    Box([usize; 3]),
}

/// Bits of the counters, so that a neighbourhood may have up to 2¹⁶ - 1 voxels.
const PLANES: usize = 16;

/// The median of the mask: a voxel belongs when more than half of its neighbourhood does. Beyond the scan's border the
/// outermost voxels are repeated.
///
/// Rods thinner than about the ball's radius and plates thinner than half of it vanish; larger structures keep their
/// volume but lose their edges and corners. The count is made for 64 voxels at a time, with one counter bit a word.
///
/// # Errors
/// When the neighbourhood is not finite or has more than 65,535 voxels, or when cancelled.
pub fn smooth_majority(mask: &Mask, neighbourhood: Neighbourhood, progress: &Progress) -> Result<Mask, SegmentError> {
    let spacing = mask.grid().spacing();
    let too_large = || SegmentError::Parameter("the neighbourhood has over 65,535 voxels; take a smaller one".into());
    let element = match neighbourhood {
        Neighbourhood::Ball(radius) => {
            check_length("a radius", radius.0)?;
            let voxels = 4.0 * (radius.0 + mask.grid().finest_spacing().0).powi(3) / mask.grid().voxel_volume().0;
            if voxels > 2e5 {
                return Err(too_large());
            }
            Element::ball(radius.0, spacing)
        }
        Neighbourhood::Box(reach) => {
            if reach.iter().any(|&n| n > 20) {
                return Err(too_large());
            }
            let [ri, rj, rk] = reach.map(|n| n as isize);
            let rows = (-rk..=rk).flat_map(|dk| (-rj..=rj).map(move |dj| (ri as usize, (dj, dk))));
            Element::new(rows.collect())
        }
    };
    let voxels: usize = element.iter().map(|(_, width)| 2 * width + 1).sum();
    if voxels >= 1 << PLANES {
        return Err(too_large());
    }
    let planes = (usize::BITS - voxels.leading_zeros()) as usize;

    // Only between what every neighbourhood misses and what every one lies in is there anything to count.
    let most = dilate_by(mask, &element, progress)?;
    let least = dilate_by(&mask.inverted(), &element, progress)?.inverted();
    let [nx, ny, nz] = mask.grid().dims();
    let widest = element.iter().map(|(_, width)| width).max().unwrap_or(0);
    let pad = widest.div_ceil(64);
    mask_from_rows(mask.grid(), progress, |j, k, out| {
        let (high, low) = (most.row(j, k), least.row(j, k));
        out.copy_from_slice(low);
        if high == low {
            return;
        }
        let mut counts = vec![[0u64; PLANES]; out.len()];
        let mut row = vec![0u64; out.len() + 2 * pad];
        for ((dj, dk), width) in element.iter() {
            let j = j.saturating_add_signed(dj).min(ny - 1);
            let k = k.saturating_add_signed(dk).min(nz - 1);
            repeat_ends(mask.row(j, k), nx, pad, &mut row);
            for (at, count) in counts.iter_mut().enumerate() {
                if high[at] == low[at] {
                    continue;
                }
                let first = (at + pad) * 64 - width;
                for shift in 0..=2 * width {
                    add(count, word_at(&row, first + shift), planes);
                }
            }
        }
        for (at, count) in counts.iter().enumerate() {
            if high[at] != low[at] {
                out[at] = more_than(count, voxels / 2, planes);
            }
        }
    })
}

/// Copies a row with `pad` words more at both ends, which repeat its first and last voxel.
fn repeat_ends(words: &[u64], nx: usize, pad: usize, row: &mut [u64]) {
    let spread = |bit: u64| if bit & 1 == 1 { u64::MAX } else { 0 };
    let first = spread(words[0]);
    let last = spread(words[(nx - 1) / 64] >> ((nx - 1) % 64));
    row[..pad].fill(first);
    row[pad..pad + words.len()].copy_from_slice(words);
    row[pad + words.len()..].fill(last);
    if !nx.is_multiple_of(64) {
        let beyond = u64::MAX << (nx % 64);
        let end = &mut row[pad + words.len() - 1];
        *end = *end & !beyond | last & beyond;
    }
}

/// Adds one bit to each of 64 counters.
#[inline]
fn add(count: &mut [u64; PLANES], mut bits: u64, planes: usize) {
    for plane in &mut count[..planes] {
        let carry = *plane & bits;
        *plane ^= bits;
        bits = carry;
        if bits == 0 {
            break;
        }
    }
}

/// Which of the 64 counters exceed `limit`.
fn more_than(count: &[u64; PLANES], limit: usize, planes: usize) -> u64 {
    let (mut greater, mut equal) = (0, u64::MAX);
    for plane in (0..planes).rev() {
        if limit >> plane & 1 == 1 {
            equal &= count[plane];
        } else {
            greater |= equal & count[plane];
            equal &= !count[plane];
        }
    }
    greater
}

/// Where [`smooth_gaussian`] cuts the blurred mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// At one half: flat borders stay where they are, convex ones move inward, thin parts vanish.
    Half,
    /// Where the number of voxels comes nearest to that before. What thin parts lose, the rest gains.
    KeepVolume,
}

/// Blurs the mask by a Gaussian of this standard deviation and cuts it again. Beyond the scan's border the outermost
/// voxels are repeated.
///
/// With [`Level::Half`] a rod of a radius below about 1.2 σ and a plate thinner than about 1.3 σ vanish.
///
/// # Errors
/// When σ is negative, not finite or over 100 voxels, or when cancelled.
pub fn smooth_gaussian(mask: &Mask, sigma: Mm, level: Level, progress: &Progress) -> Result<Mask, SegmentError> {
    check_length("σ", sigma.0)?;
    let (grid, spacing) = (mask.grid(), mask.grid().spacing());
    if spacing.iter().any(|s| sigma.0 / s > 100.0) {
        return Err(SegmentError::Parameter(format!("σ of {sigma} is over 100 voxels; take a smaller one")));
    }
    let Some((low, high)) = mask.bounding_box() else { return Ok(mask.clone()) };
    let taps: [Vec<f32>; 3] = std::array::from_fn(|a| gaussian(sigma.0 / spacing[a]));
    let dims = grid.dims();
    // The box that the blurred mask reaches.
    let low: [usize; 3] = std::array::from_fn(|a| low[a].saturating_sub(taps[a].len()));
    let size: [usize; 3] = std::array::from_fn(|a| (high[a] + taps[a].len()).min(dims[a] - 1) + 1 - low[a]);
    let blurred = blur(mask, low, size, &taps, progress)?;
    progress.check()?;
    let level = match level {
        Level::Half => 0.5,
        Level::KeepVolume => level_for(&blurred, mask.count()),
    };
    let [sx, sy, sz] = size;
    mask_from_rows(grid, progress, |j, k, words| {
        if let (Some(j), Some(k)) = (j.checked_sub(low[1]), k.checked_sub(low[2]))
            && j < sy
            && k < sz
        {
            for (i, &value) in blurred[sx * (j + sy * k)..][..sx].iter().enumerate() {
                let i = low[0] + i;
                words[i / 64] |= u64::from(value >= level) << (i % 64);
            }
        }
    })
}

/// The weights at 0, 1, 2 … voxels up to 3 σ; both sides together sum to 1.
fn gaussian(sigma: f64) -> Vec<f32> {
    if sigma == 0.0 {
        return vec![1.0];
    }
    let reach = (3.0 * sigma).ceil() as usize;
    let weights: Vec<f64> = (0..=reach).map(|n| bell(n as f64 / sigma)).collect();
    let sum = 2.0 * weights.iter().sum::<f64>() - 1.0;
    weights.into_iter().map(|w| (w / sum) as f32).collect()
}

/// The blurred mask within a box, i fastest. The box's own border is repeated: it is the scan's, or all is 0 there.
fn blur(
    mask: &Mask,
    low: [usize; 3],
    size: [usize; 3],
    taps: &[Vec<f32>; 3],
    progress: &Progress,
) -> Result<Vec<f32>, SegmentError> {
    let [sx, sy, sz] = size;
    let mut first = vec![0f32; sx * sy * sz];
    first.par_chunks_mut(sx * sy).enumerate().try_for_each(|(k, slice)| {
        progress.check()?;
        let mut rows = vec![0f32; sx * sy];
        let mut padded = vec![0f32; sx + 2 * taps[0].len()];
        for (j, row) in rows.chunks_mut(sx).enumerate() {
            let words = mask.row(low[1] + j, low[2] + k);
            if words.iter().all(|&w| w == 0) {
                continue;
            }
            let pad = taps[0].len();
            for (at, value) in padded.iter_mut().enumerate() {
                let i = low[0] + at.saturating_sub(pad).min(sx - 1);
                *value = (words[i / 64] >> (i % 64) & 1) as f32;
            }
            for (n, &weight) in taps[0].iter().enumerate() {
                add_row(row, &padded[pad - n..][..sx], weight);
                if n > 0 {
                    add_row(row, &padded[pad + n..][..sx], weight);
                }
            }
        }
        for j in 0..sy {
            let out = &mut slice[sx * j..][..sx];
            for (n, &weight) in taps[1].iter().enumerate() {
                add_row(out, &rows[sx * j.saturating_sub(n)..][..sx], weight);
                if n > 0 {
                    add_row(out, &rows[sx * (j + n).min(sy - 1)..][..sx], weight);
                }
            }
        }
        Ok::<(), SegmentError>(())
    })?;
    if taps[2].len() == 1 {
        return Ok(first);
    }
    let mut last = vec![0f32; first.len()];
    let area = sx * sy;
    last.par_chunks_mut(sx).enumerate().try_for_each(|(row, out)| {
        progress.check()?;
        let (j, k) = (row % sy, row / sy);
        for (n, &weight) in taps[2].iter().enumerate() {
            add_row(out, &first[area * k.saturating_sub(n) + sx * j..][..sx], weight);
            if n > 0 {
                add_row(out, &first[area * (k + n).min(sz - 1) + sx * j..][..sx], weight);
            }
        }
        Ok::<(), SegmentError>(())
    })?;
    Ok(last)
}

#[inline]
fn add_row(out: &mut [f32], row: &[f32], weight: f32) {
    for (out, value) in out.iter_mut().zip(row) {
        *out += weight * value;
    }
}

/// The level that nearest to `wanted` values reach.
fn level_for(values: &[f32], wanted: usize) -> f32 {
    const STEPS: usize = 1 << 16;
    let counts = values
        .par_chunks(1 << 20)
        .map(|chunk| {
            let mut counts = vec![0usize; STEPS + 1];
            for value in chunk {
                counts[((value * STEPS as f32) as usize).min(STEPS)] += 1;
            }
            counts
        })
        .reduce(
            || vec![0; STEPS + 1],
            |mut a, b| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                a
            },
        );
    let (mut reached, mut best) = (0usize, (usize::MAX, STEPS));
    for step in (1..=STEPS).rev() {
        reached += counts[step];
        let off = reached.abs_diff(wanted);
        if off < best.0 {
            best = (off, step);
        }
    }
    best.1 as f32 / STEPS as f32
}
