//! Resampling of sheared, displaced or uneven slices to a straight, even grid.
//!
//! Every output voxel takes the value that the source has at the same place in the patient: within a slice by bilinear,
//! between the two slices around it by linear interpolation along the normal. The grid is wide enough that nothing is
//! cut off. Voxels that no slice covers get a value that says so; padding is never mixed with tissue.

use std::ops::RangeInclusive;

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_progress::{Cancelled, Progress};
use fabrica_volume::Sample;
use rayon::prelude::*;

use crate::DicomError;
use crate::stack::{Place, Stack, same_depth};
use crate::values::FromStored;

/// Resampling may not make more than this many times the voxels: slices would lie too far apart for sense.
const MAX_GROWTH: usize = 16;

/// An even grid has at most this many times the slices: where two of them nearly touch, it is coarser than their gap.
const MAX_FINER: usize = 8;

/// Sideways displacements below this part of a pixel are none.
const NO_SHIFT: f64 = 0.02;

/// Where the output lies and from where each output slice comes.
pub(crate) struct Plan {
    pub(crate) grid: Grid,
    /// For each output slice: the slice below, the slice above and the part of the latter.
    between: Vec<(usize, usize, f64)>,
    /// For each source slice: output pixel (0, 0) in its pixels.
    offsets: Vec<[f64; 2]>,
    source: [usize; 3],
}

impl Plan {
    /// Plans the straight, even grid over a stack of `columns × rows` slices.
    pub(crate) fn new(stack: &Stack, columns: usize, rows: usize) -> Result<Self, DicomError> {
        let extent = stack.places.last().map_or(0.0, |p| p.depth);
        let slices = stack.places.len();
        let (count, step) = match stack.uneven {
            None => (slices, stack.step),
            Some(uneven) => {
                let count = (extent / uneven.step - 1e-6).ceil().max(1.0).min((MAX_FINER * slices) as f64) as usize + 1;
                (count, extent / (count - 1) as f64)
            }
        };
        let mut shifts: Vec<[f64; 2]> = stack.places.iter().map(|p| p.shift).collect();
        let mut origin = [0.0; 2];
        let mut size = [columns, rows];
        for a in 0..2 {
            let pixel = stack.pixel[a];
            let low = shifts.iter().map(|s| s[a]).fold(f64::INFINITY, f64::min);
            let high = shifts.iter().map(|s| s[a]).fold(f64::NEG_INFINITY, f64::max);
            if high - low <= NO_SHIFT * pixel {
                shifts.iter_mut().for_each(|s| s[a] = 0.0);
            } else {
                origin[a] = low;
                size[a] += ((high - low) / pixel - 1e-6).ceil() as usize;
            }
        }
        let dims = [size[0], size[1], count];
        let source = [columns, rows, slices];
        let voxels = |d: [usize; 3]| d.iter().fold(1usize, |n, d| n.saturating_mul(*d));
        if voxels(dims) > voxels(source).saturating_mul(MAX_GROWTH) {
            return Err(DicomError::NotAVolume(format!(
                "the slices lie so far apart from one another that a straight grid would need {}×{}×{} voxels",
                dims[0], dims[1], dims[2]
            )));
        }
        let between = match stack.uneven {
            None => (0..slices).map(|k| (k, k, 0.0)).collect(),
            Some(_) => (0..count).map(|k| neighbours(&stack.places, k as f64 * step, step)).collect(),
        };
        let offsets = shifts.iter().map(|s| std::array::from_fn(|a| (origin[a] - s[a]) / stack.pixel[a])).collect();
        let o = stack.orientation;
        let at = stack.origin + o.row * origin[0] + o.column * origin[1];
        let axes = [o.row, o.column, o.normal()].map(LpsVector);
        let grid = Grid::new(dims, LpsPoint(at), axes, [stack.pixel[0], stack.pixel[1], step])?;
        Ok(Self { grid, between, offsets, source })
    }

    /// Resamples. `padding` are source values that mean "not measured", `fill` is what uncovered voxels get.
    pub(crate) fn run<T: FromStored + Sample>(
        &self,
        source: &[T],
        padding: Option<&RangeInclusive<f64>>,
        fill: T,
        progress: &Progress,
    ) -> Result<Vec<T>, Cancelled> {
        let [nx, ny, nz] = self.grid.dims();
        let slice_length = self.source[0] * self.source[1];
        let mut output = vec![fill; nx * ny * nz];
        let slices: Vec<Slice<'_, T>> = source
            .chunks(slice_length.max(1))
            .zip(&self.offsets)
            .map(|(samples, offset)| Slice { samples, columns: self.source[0], rows: self.source[1], offset: *offset })
            .collect();
        let done = std::sync::atomic::AtomicUsize::new(0);
        output.par_chunks_mut((nx * ny).max(1)).zip(&self.between).try_for_each(|(out, &(below, above, part))| {
            let (Some(below), Some(above)) = (slices.get(below), slices.get(above)) else { return Ok(()) };
            for (j, row) in out.chunks_mut(nx.max(1)).enumerate() {
                progress.check()?;
                for (i, voxel) in row.iter_mut().enumerate() {
                    if let Some(value) = mix(below, above, part, [i, j], padding) {
                        *voxel = value;
                    }
                }
            }
            let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            progress.set(done as f32 / nz as f32);
            Ok(())
        })?;
        Ok(output)
    }
}

/// The slices around a depth, and how far it lies on the way from the first to the second.
fn neighbours(places: &[Place], depth: f64, step: f64) -> (usize, usize, f64) {
    let last = places.len() - 1;
    let above = places.partition_point(|p| p.depth < depth).min(last);
    let below = above.saturating_sub(1);
    for nearest in [below, above] {
        if (places[nearest].depth - depth).abs() <= same_depth(step) {
            return (nearest, nearest, 0.0);
        }
    }
    let gap = places[above].depth - places[below].depth;
    (below, above, if gap > 0.0 { ((depth - places[below].depth) / gap).clamp(0.0, 1.0) } else { 0.0 })
}

struct Slice<'a, T> {
    samples: &'a [T],
    columns: usize,
    rows: usize,
    /// Output pixel (0, 0) in this slice's pixels.
    offset: [f64; 2],
}

/// Two samples and how far along between them.
#[derive(Clone, Copy)]
struct Between {
    low: usize,
    high: usize,
    part: f64,
}

impl<T: Sample> Slice<'_, T> {
    #[inline(always)]
    fn along(at: f64, count: usize) -> Option<Between> {
        let last = count as f64 - 1.0;
        if at < -0.5 || at > last + 0.5 {
            return None;
        }
        let at = at.clamp(0.0, last);
        let low = at as usize;
        Some(Between { low, high: (low + 1).min(count - 1), part: at - low as f64 })
    }

    /// The four samples around an output pixel, or nothing outside the slice.
    #[inline(always)]
    fn around(&self, pixel: [usize; 2]) -> Option<([T; 4], Between, Between)> {
        let x = Self::along(pixel[0] as f64 + self.offset[0], self.columns)?;
        let y = Self::along(pixel[1] as f64 + self.offset[1], self.rows)?;
        let at = |i: usize, j: usize| self.samples[i + self.columns * j];
        Some(([at(x.low, y.low), at(x.high, y.low), at(x.low, y.high), at(x.high, y.high)], x, y))
    }
}

/// The value of an output pixel between two slices, or nothing where they do not both cover it.
#[inline(always)]
fn mix<T: FromStored + Sample>(
    below: &Slice<'_, T>,
    above: &Slice<'_, T>,
    part: f64,
    pixel: [usize; 2],
    padding: Option<&RangeInclusive<f64>>,
) -> Option<T> {
    let lerp = |a: f64, b: f64, t: f64| a + (b - a) * t;
    let value = |[a, b, c, d]: [T; 4], x: Between, y: Between| {
        lerp(lerp(a.to_f64(), b.to_f64(), x.part), lerp(c.to_f64(), d.to_f64(), x.part), y.part)
    };
    let nearest = |s: [T; 4], x: Between, y: Between| s[usize::from(x.part >= 0.5) + 2 * usize::from(y.part >= 0.5)];
    let padded = |s: &[T; 4]| padding.is_some_and(|p| s.iter().any(|v| p.contains(&v.to_f64())));
    let (low, x, y) = below.around(pixel)?;
    if part == 0.0 {
        return Some(if padded(&low) { nearest(low, x, y) } else { T::nearest(value(low, x, y)) });
    }
    let (high, u, v) = above.around(pixel)?;
    if padded(&low) || padded(&high) {
        return Some(if part < 0.5 { nearest(low, x, y) } else { nearest(high, u, v) });
    }
    Some(T::nearest(lerp(value(low, x, y), value(high, u, v), part)))
}
