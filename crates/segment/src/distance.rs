//! The exact Euclidean distance map.

use std::sync::atomic::{AtomicUsize, Ordering};

use fabrica_progress::Progress;
use fabrica_volume::Mask;
use rayon::prelude::*;

use crate::SegmentError;
use crate::bits::next_bit;

/// For every voxel the signed distance to the mask's border in millimetres, i fastest, then j, then k: outside the
/// distance to the nearest voxel inside, inside **minus** the distance to the nearest voxel outside, from centre to
/// centre. The surface at 0 thus runs halfway between the voxels on both sides. Beyond the grid is neither inside nor
/// outside. An empty mask gives +∞ everywhere, a full one -∞.
///
/// Exact on anisotropic grids (to `f32` rounding), by lower envelopes of parabolas along one axis after another
/// (P. Felzenszwalb, D. Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 8, 2012;
/// A. Meijster et al., "A general algorithm for computing distance transforms in linear time", 2000). Both signs are
/// done in one pass and one buffer: within a line, what lies inside and what outside never cross.
///
/// # Errors
/// When cancelled.
pub fn signed_distance(mask: &Mask, progress: &Progress) -> Result<Vec<f32>, SegmentError> {
    let mut map = signed_squares(mask, progress)?;
    map.par_chunks_mut(1 << 16).for_each(|chunk| {
        for value in chunk {
            *value = value.abs().sqrt().copysign(*value);
        }
    });
    Ok(map)
}

/// The squares of the signed distance, with its sign.
pub(crate) fn signed_squares(mask: &Mask, progress: &Progress) -> Result<Vec<f32>, SegmentError> {
    let [nx, ny, nz] = mask.grid().dims();
    let spacing = mask.grid().spacing();
    let done = AtomicUsize::new(0);
    let step = |all: usize| {
        progress.check()?;
        progress.set(done.fetch_add(1, Ordering::Relaxed) as f32 / all as f32);
        Ok::<(), SegmentError>(())
    };
    let mut map = vec![0f32; nx * ny * nz];

    // Along i from the bits, then along j, slice by slice.
    map.par_chunks_mut(nx * ny).enumerate().try_for_each(|(k, slice)| {
        step(nz + ny)?;
        for (j, row) in slice.chunks_mut(nx).enumerate() {
            along_row(mask.row(j, k), row, spacing[0]);
        }
        let mut rows: Vec<&mut [f32]> = slice.chunks_mut(nx).collect();
        along_columns(&mut rows, spacing[1]);
        Ok::<(), SegmentError>(())
    })?;

    // Along k: the rows at one j of all slices.
    let mut planes: Vec<Vec<&mut [f32]>> = (0..ny).map(|_| Vec::with_capacity(nz)).collect();
    for (row, values) in map.chunks_mut(nx).enumerate() {
        planes[row % ny].push(values);
    }
    planes.par_iter_mut().try_for_each(|rows| {
        step(nz + ny)?;
        along_columns(rows, spacing[2]);
        Ok::<(), SegmentError>(())
    })?;
    Ok(map)
}

/// Squared distances along one row to the nearest voxel of the other kind in that row.
fn along_row(words: &[u64], row: &mut [f32], spacing: f64) {
    let nx = row.len();
    let mut start = 0;
    while start < nx {
        let inside = words[start / 64] >> (start % 64) & 1 == 1;
        let end = next_bit(words, start, nx, !inside).unwrap_or(nx);
        let sign = if inside { -1.0 } else { 1.0f32 };
        let square = |steps: usize| {
            let away = steps as f64 * spacing;
            (away * away) as f32
        };
        match (start > 0, end < nx) {
            (false, false) => row[start..end].fill(sign * f32::INFINITY),
            (has_before, has_after) => {
                for (at, value) in row[start..end].iter_mut().enumerate() {
                    let before = if has_before { at + 1 } else { usize::MAX };
                    let after = if has_after { end - start - at } else { usize::MAX };
                    *value = sign * square(before.min(after));
                }
            }
        }
        start = end;
    }
}

/// How many columns are gathered at a time: one cache line of each row.
const TILE: usize = 16;

/// Continues the distances along the axis across the rows.
fn along_columns(rows: &mut [&mut [f32]], spacing: f64) {
    let n = rows.len();
    if n == 1 {
        return;
    }
    let nx = rows[0].len();
    let mut tile = vec![0f32; n * TILE];
    let mut envelope = Envelope::with_capacity(n);
    for low in (0..nx).step_by(TILE) {
        let width = TILE.min(nx - low);
        for (at, row) in rows.iter().enumerate() {
            for (column, &value) in row[low..low + width].iter().enumerate() {
                tile[column * n + at] = value;
            }
        }
        let mut changed = false;
        for column in tile.chunks_mut(n).take(width) {
            changed |= along_column(column, spacing, &mut envelope);
        }
        if changed {
            for (at, row) in rows.iter_mut().enumerate() {
                for (column, value) in row[low..low + width].iter_mut().enumerate() {
                    *value = tile[column * n + at];
                }
            }
        }
    }
}

/// One column: each stretch of one sign on its own, since the voxels of the other sign at its ends are nearer (at
/// distance 0 from themselves) than anything beyond them. Says whether anything may have changed.
fn along_column(column: &mut [f32], spacing: f64, envelope: &mut Envelope) -> bool {
    let n = column.len();
    let mut changed = false;
    let mut start = 0;
    while start < n {
        let inside = column[start].is_sign_negative();
        let end = column[start..].iter().position(|v| v.is_sign_negative() != inside).map_or(n, |found| start + found);
        let sign = if inside { -1.0 } else { 1.0f32 };
        envelope.clear();
        if start > 0 {
            envelope.add(start as f64 - 1.0, 0.0, spacing);
        }
        for (at, value) in column[start..end].iter().enumerate() {
            if value.is_finite() {
                envelope.add((start + at) as f64, f64::from(value.abs()), spacing);
            }
        }
        if end < n {
            envelope.add(end as f64, 0.0, spacing);
        }
        if !envelope.is_empty() {
            changed = true;
            envelope.read(start, &mut column[start..end], sign, spacing);
        }
        start = end;
    }
    changed
}

/// The lower envelope of parabolas `height + (spacing · (x - at))²`.
struct Envelope {
    at: Vec<f64>,
    height: Vec<f64>,
    /// Where each parabola takes over from the one before.
    begins: Vec<f64>,
}

impl Envelope {
    fn with_capacity(n: usize) -> Self {
        let new = || Vec::with_capacity(n + 2);
        Self { at: new(), height: new(), begins: new() }
    }

    fn clear(&mut self) {
        self.at.clear();
        self.height.clear();
        self.begins.clear();
    }

    fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    #[inline]
    fn add(&mut self, at: f64, height: f64, spacing: f64) {
        let square = spacing * spacing;
        let mut begins = f64::NEG_INFINITY;
        while let (Some(&top), Some(&top_height), Some(&top_begins)) =
            (self.at.last(), self.height.last(), self.begins.last())
        {
            begins = (at + top + (height - top_height) / (square * (at - top))) / 2.0;
            if begins > top_begins {
                break;
            }
            self.at.pop();
            self.height.pop();
            self.begins.pop();
            begins = f64::NEG_INFINITY;
        }
        self.at.push(at);
        self.height.push(height);
        self.begins.push(begins);
    }

    #[inline]
    fn read(&self, first: usize, values: &mut [f32], sign: f32, spacing: f64) {
        let mut piece = 0;
        for (offset, value) in values.iter_mut().enumerate() {
            let x = (first + offset) as f64;
            while piece + 1 < self.begins.len() && self.begins[piece + 1] <= x {
                piece += 1;
            }
            let away = spacing * (x - self.at[piece]);
            *value = sign * (self.height[piece] + away * away) as f32;
        }
    }
}
