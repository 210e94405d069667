//! What growing goes over: values, walls, seeds, and what a step costs.

use fabrica_volume::{Mask, Sample, ValueUnit, Volume, with_samples};

use super::block::{RING, ROW, SIDE, SLICE};
use super::{Growing, LABEL_BITS, MOST_SEEDS, UNREACHED};
use crate::EditError;
use crate::limits::Editable;

/// Values are taken in at most this many steps.
const LEVELS: f64 = 4095.0;
/// What no way leads through.
pub(super) const WALL: u16 = u16::MAX;
/// The greatest length of a step, so that keys stay within 31 bits.
const LONGEST: i32 = 1 << 14;

/// What grows: a box of voxels, each `stride` voxels of the volume wide.
pub(super) struct Field<'a> {
    volume: &'a Volume,
    seeds: &'a [&'a Mask],
    editable: &'a Editable<'a>,
    pub(super) stride: usize,
    /// The first voxel of the box, in voxels of the volume.
    pub(super) low: [usize; 3],
    /// Cells along i, j, k.
    pub(super) size: [usize; 3],
    /// The least value, and steps a unit of value.
    least: f64,
    scale: f64,
    /// What a step along i, j, k costs beside the change of value, as a key.
    pub(super) lengths: [i32; 3],
}

impl<'a> Field<'a> {
    /// Nothing when no seed holds a voxel.
    pub(super) fn new(
        volume: &'a Volume,
        seeds: &'a [&'a Mask],
        editable: &'a Editable<'a>,
        how: Growing,
        stride: usize,
    ) -> Result<Option<Self>, EditError> {
        if seeds.len() > MOST_SEEDS {
            return Err(EditError::Tool(format!("{} seeds are over {MOST_SEEDS}", seeds.len())));
        }
        let (dims, spacing) = (volume.grid().dims(), volume.grid().spacing());
        let mut low = dims;
        let mut high = [0; 3];
        for (l, h) in seeds.iter().filter_map(|m| m.bounding_box()) {
            low = std::array::from_fn(|a| low[a].min(l[a]));
            high = std::array::from_fn(|a| high[a].max(h[a] + 1));
        }
        if high == [0; 3] {
            return Ok(None);
        }
        match how.margin {
            None => (low, high) = ([0; 3], dims),
            Some(margin) => {
                for a in 0..3 {
                    let voxels = (margin.0 / spacing[a]).ceil() as usize;
                    low[a] = low[a].saturating_sub(voxels);
                    high[a] = (high[a] + voxels).min(dims[a]);
                }
            }
        }
        let (least, most) = volume.range();
        // Hounsfield units stay as they are (metal beyond the 4,096 steps counts as the highest); whole values of a
        // narrow range too; a wider range is taken in fewer steps.
        let whole = !matches!(volume.samples(), fabrica_volume::Samples::F32(_));
        let plain = volume.unit == ValueUnit::Hounsfield || whole && most - least <= LEVELS;
        let scale = if plain { 1.0 } else { LEVELS / (most - least).max(f64::MIN_POSITIVE) };
        let lengths = spacing.map(|s| {
            let cost = (how.per_mm * s * stride as f64 * scale + 0.5).floor().min(f64::from(LONGEST));
            // At least 1: on an even path nearer seeds win, and keys grow with every step.
            (cost as i32).max(1) << LABEL_BITS
        });
        let size = std::array::from_fn(|a| (high[a] - low[a]).div_ceil(stride));
        Ok(Some(Self { volume, seeds, editable, stride, low, size, least, scale, lengths }))
    }

    /// Blocks along i, j, k.
    pub(super) fn blocks(&self) -> [usize; 3] {
        self.size.map(|n| n.div_ceil(SIDE))
    }

    /// The most that a step can cost.
    pub(super) fn dearest(&self) -> i32 {
        LEVELS as i32 + (self.lengths.into_iter().max().unwrap_or(0) >> LABEL_BITS)
    }

    /// The voxel that stands for a cell.
    fn voxel(&self, cell: [usize; 3]) -> [usize; 3] {
        let dims = self.volume.grid().dims();
        std::array::from_fn(|a| (self.low[a] + cell[a] * self.stride + self.stride / 2).min(dims[a] - 1))
    }

    /// The values around a block, its ring included; walls where nothing was measured and beyond the box.
    pub(super) fn values(&self, block: [usize; 3], values: &mut [u16]) {
        values.fill(WALL);
        let grid = self.volume.grid();
        let padding = self.volume.padding.as_ref();
        // Nothing lies from infinity to minus infinity.
        let (from, to) = padding.map_or((f64::INFINITY, f64::NEG_INFINITY), |p| (*p.start(), *p.end()));
        with_samples!(self.volume.samples().view(), |s| self.for_each_row(block, |at, start, count, [j, k]| {
            // Without branches, so that it is done for several cells at once.
            let level = |value: f64| {
                let wall = !value.is_finite() | ((value >= from) & (value <= to));
                let level = ((value - self.least) * self.scale).clamp(0.0, LEVELS) as i32 as u16;
                if wall { WALL } else { level }
            };
            if self.stride == 1 {
                // Cells are voxels: a row of them lies together.
                let [i, j, k] = self.voxel([start, j, k]);
                let first = grid.index(i, j, k);
                let row = s[first..first + count].iter();
                values[at..at + count].iter_mut().zip(row).for_each(|(v, s)| *v = level(s.to_f64()));
                return;
            }
            for n in 0..count {
                let [i, j, k] = self.voxel([start + n, j, k]);
                values[at + n] = level(s[grid.index(i, j, k)].to_f64());
            }
        }));
        if self.editable.is_everything() {
            return;
        }
        let row_words = grid.dims()[0].div_ceil(64);
        self.for_each_row(block, |at, start, count, [j, k]| {
            let mut known = (usize::MAX, 0);
            for n in 0..count {
                let [i, j, k] = self.voxel([start + n, j, k]);
                let word = row_words * (j + grid.dims()[1] * k) + i / 64;
                if known.0 != word {
                    let seeds = self.seeds.iter().fold(0, |any, m| any | m.words()[word]);
                    known = (word, self.editable.word(word, row_words) | seeds);
                }
                if known.1 >> (i % 64) & 1 == 0 {
                    values[at + n] = WALL;
                }
            }
        });
    }

    /// Calls `see(index in the ring, first cell, cells, [j, k])` for each row of cells around a block.
    fn for_each_row(&self, block: [usize; 3], mut see: impl FnMut(usize, usize, usize, [usize; 2])) {
        let first = block.map(|b| b * SIDE);
        // Ring cell r is cell first + r - 1.
        let start = first[0].saturating_sub(1);
        let end = (first[0] + SIDE + 1).min(self.size[0]);
        for r in 0..RING {
            let Some(k) = (first[2] + r).checked_sub(1).filter(|k| *k < self.size[2]) else { continue };
            for q in 0..RING {
                let Some(j) = (first[1] + q).checked_sub(1).filter(|j| *j < self.size[1]) else { continue };
                see(start + 1 - first[0] + ROW * q + SLICE * r, start, end - start, [j, k]);
            }
        }
    }

    /// The keys of a block before anything grows: 0 and the label at seeds.
    pub(super) fn seed(&self, block: [usize; 3]) -> Option<Vec<i32>> {
        let mut keys: Option<Vec<i32>> = None;
        let first = block.map(|b| b * SIDE);
        let dims = self.volume.grid().dims();
        for (label, mask) in self.seeds.iter().enumerate() {
            for (r, q) in (0..SIDE).flat_map(|r| (0..SIDE).map(move |q| (r, q))) {
                // All voxels of the cells, so that no seed is missed.
                for (dk, dj) in (0..self.stride).flat_map(|k| (0..self.stride).map(move |j| (k, j))) {
                    let j = self.low[1] + (first[1] + q) * self.stride + dj;
                    let k = self.low[2] + (first[2] + r) * self.stride + dk;
                    if j >= dims[1] || k >= dims[2] || first[1] + q >= self.size[1] || first[2] + r >= self.size[2] {
                        continue;
                    }
                    let words = mask.row(j, k);
                    let start = self.low[0] + first[0] * self.stride;
                    let end = (start + SIDE * self.stride).min(dims[0]).min(self.low[0] + self.size[0] * self.stride);
                    let mut i = start;
                    while i < end {
                        if words[i / 64] >> (i % 64) == 0 {
                            i = (i / 64 + 1) * 64;
                            continue;
                        }
                        if words[i / 64] >> (i % 64) & 1 == 1 {
                            let at = (i - start) / self.stride + SIDE * (q + SIDE * r);
                            let key = &mut keys.get_or_insert_with(|| vec![UNREACHED; SIDE * SIDE * SIDE])[at];
                            *key = (*key).min(label as i32);
                        }
                        i += 1;
                    }
                }
            }
        }
        keys
    }
}
