//! A binary mask, one bit a voxel.

use fabrica_geometry::{Grid, Mm3};
use rayon::prelude::*;

/// Which voxels of a grid belong to something, one bit each.
///
/// Each row (all i at one j, k) starts at a new 64-bit word, so that a word holds 64 neighbours along i and logical
/// or morphological operations treat 64 voxels at once. Bit `i % 64` of word `i / 64` of the row is voxel i. The
/// bits beyond the row's end are always zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    grid: Grid,
    row_words: usize,
    words: Vec<u64>,
}

/// Why two masks do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MaskError {
    /// The masks lie on different grids.
    #[error(
        "the masks lie on different grids: {first:?} and {second:?} voxels, or elsewhere in space; resample one first"
    )]
    DifferentGrids {
        /// Samples of the first.
        first: [usize; 3],
        /// Samples of the second.
        second: [usize; 3],
    },
    /// The number of values is not that of the grid.
    #[error("the grid has {grid} voxels, the data {values}")]
    Length {
        /// Voxels of the grid.
        grid: usize,
        /// Values given.
        values: usize,
    },
}

/// A run of voxels along i: `start..end` in row (j, k).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// First i.
    pub start: usize,
    /// One after the last i.
    pub end: usize,
    /// Row.
    pub j: usize,
    /// Slice.
    pub k: usize,
}

impl Mask {
    /// An empty mask.
    pub fn empty(grid: Grid) -> Self {
        let [nx, ny, nz] = grid.dims();
        let row_words = nx.div_ceil(64);
        Self { words: vec![0; row_words * ny * nz], row_words, grid }
    }

    /// A mask of words that an algorithm has filled, row after row, `nx.div_ceil(64)` words a row. Bits beyond each
    /// row's end are cleared.
    ///
    /// # Errors
    /// When there are more or fewer words than the grid's rows take.
    pub fn from_words(grid: Grid, words: Vec<u64>) -> Result<Self, MaskError> {
        let [nx, ny, nz] = grid.dims();
        let row_words = nx.div_ceil(64);
        if words.len() != row_words * ny * nz {
            return Err(MaskError::Length { grid: grid.len(), values: words.len() * 64 });
        }
        let mut mask = Self { grid, row_words, words };
        if nx % 64 != 0 {
            mask.for_each_row_mut(|_, _, _| {});
        }
        Ok(mask)
    }

    /// The words, row after row, for an algorithm that edits them at random; see [`Mask::from_words`] for the way back.
    pub fn into_words(self) -> Vec<u64> {
        self.words
    }

    /// A mask from a rule for each row: `fill(j, k, words)` sets the bits of row (j, k). Rows run in parallel.
    /// Bits beyond the row's end are cleared afterwards.
    pub fn from_rows(grid: Grid, fill: impl Fn(usize, usize, &mut [u64]) + Sync) -> Self {
        let mut mask = Self::empty(grid);
        mask.for_each_row_mut(fill);
        mask
    }

    /// A mask from a rule for each voxel's linear index. Rows run in parallel.
    pub fn from_fn(grid: Grid, inside: impl Fn(usize) -> bool + Sync) -> Self {
        let [nx, ny, _] = grid.dims();
        Self::from_rows(grid, |j, k, words| {
            let row = nx * (j + ny * k);
            for i in 0..nx {
                words[i / 64] |= u64::from(inside(row + i)) << (i % 64);
            }
        })
    }

    /// A mask of the voxels whose value is not zero.
    ///
    /// # Errors
    /// When there are more or fewer values than voxels.
    pub fn from_bytes(grid: Grid, values: &[u8]) -> Result<Self, MaskError> {
        if values.len() != grid.len() {
            return Err(MaskError::Length { grid: grid.len(), values: values.len() });
        }
        Ok(Self::from_fn(grid, |index| values[index] != 0))
    }

    /// One byte a voxel, 0 or 1, i fastest.
    pub fn to_bytes(&self) -> Vec<u8> {
        let nx = self.grid.dims()[0];
        let mut bytes = vec![0u8; self.grid.len()];
        bytes.par_chunks_mut(nx).zip(self.words.par_chunks(self.row_words)).for_each(|(row, words)| {
            for (i, byte) in row.iter_mut().enumerate() {
                *byte = (words[i / 64] >> (i % 64) & 1) as u8;
            }
        });
        bytes
    }

    /// Where the voxels lie.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Words a row.
    pub fn row_words(&self) -> usize {
        self.row_words
    }

    /// All words, row after row.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The words of row (j, k).
    #[inline]
    pub fn row(&self, j: usize, k: usize) -> &[u64] {
        let start = self.row_words * (j + self.grid.dims()[1] * k);
        &self.words[start..start + self.row_words]
    }

    /// Runs `edit(j, k, words)` on every row in parallel, then clears the bits beyond each row's end.
    pub fn for_each_row_mut(&mut self, edit: impl Fn(usize, usize, &mut [u64]) + Sync) {
        let [nx, ny, _] = self.grid.dims();
        let spare = nx % 64;
        self.words.par_chunks_mut(self.row_words).enumerate().for_each(|(row, words)| {
            edit(row % ny, row / ny, words);
            if spare != 0
                && let Some(last) = words.last_mut()
            {
                *last &= (1u64 << spare) - 1;
            }
        });
    }

    /// Whether voxel (i, j, k) belongs. Outside the grid nothing does.
    #[inline]
    pub fn get(&self, [i, j, k]: [usize; 3]) -> bool {
        let [nx, ny, nz] = self.grid.dims();
        i < nx && j < ny && k < nz && self.words[self.row_words * (j + ny * k) + i / 64] >> (i % 64) & 1 == 1
    }

    /// Adds or takes out voxel (i, j, k). Outside the grid nothing happens.
    #[inline]
    pub fn set(&mut self, [i, j, k]: [usize; 3], inside: bool) {
        let [nx, ny, nz] = self.grid.dims();
        if i < nx && j < ny && k < nz {
            let word = &mut self.words[self.row_words * (j + ny * k) + i / 64];
            *word = *word & !(1 << (i % 64)) | u64::from(inside) << (i % 64);
        }
    }

    /// Flips bits: each item is the index of a word in [`Mask::words`] and the bits to flip in it. Bits beyond a row's
    /// end and words beyond the mask stay as they are. Doing the same again takes it back.
    pub fn flip(&mut self, words: impl IntoIterator<Item = (usize, u64)>) {
        let spare = self.grid.dims()[0] % 64;
        let end = if spare == 0 { u64::MAX } else { (1 << spare) - 1 };
        for (at, bits) in words {
            if let Some(word) = self.words.get_mut(at) {
                *word ^= if (at + 1).is_multiple_of(self.row_words) { bits & end } else { bits };
            }
        }
    }

    /// The number of voxels that belong.
    pub fn count(&self) -> usize {
        self.words.par_iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Whether no voxel belongs.
    pub fn is_empty(&self) -> bool {
        self.words.par_iter().all(|&w| w == 0)
    }

    /// The volume of the voxels that belong.
    pub fn volume(&self) -> Mm3 {
        self.grid.voxel_volume() * self.count() as f64
    }

    /// The first and last index along i, j and k of the voxels that belong, or nothing when none does.
    pub fn bounding_box(&self) -> Option<([usize; 3], [usize; 3])> {
        let mut low = [usize::MAX; 3];
        let mut high = [0; 3];
        for run in self.runs() {
            low = [low[0].min(run.start), low[1].min(run.j), low[2].min(run.k)];
            high = [high[0].max(run.end - 1), high[1].max(run.j), high[2].max(run.k)];
        }
        (low[0] != usize::MAX).then_some((low, high))
    }

    /// The runs of neighbouring voxels along i, in order of k, j, i.
    pub fn runs(&self) -> impl Iterator<Item = Run> + '_ {
        let [nx, ny, nz] = self.grid.dims();
        (0..nz).flat_map(move |k| (0..ny).flat_map(move |j| row_runs(self.row(j, k), nx, j, k)))
    }

    /// Whether another mask lies on the same grid (to a hundredth of the finest spacing).
    ///
    /// # Errors
    /// [`MaskError::DifferentGrids`] when not.
    pub fn check_same_grid(&self, other: &Mask) -> Result<(), MaskError> {
        if self.grid.coincides(&other.grid, self.grid.finest_spacing() * 0.01) {
            Ok(())
        } else {
            Err(MaskError::DifferentGrids { first: self.grid.dims(), second: other.grid.dims() })
        }
    }

    /// Combines with another mask, 64 voxels at a time: `combine(mine, theirs)`.
    ///
    /// # Errors
    /// When the masks lie on different grids.
    pub fn combine(&self, other: &Mask, combine: impl Fn(u64, u64) -> u64 + Sync) -> Result<Mask, MaskError> {
        self.check_same_grid(other)?;
        let mut result = self.clone();
        result.for_each_row_mut(|j, k, words| {
            for (mine, theirs) in words.iter_mut().zip(other.row(j, k)) {
                *mine = combine(*mine, *theirs);
            }
        });
        Ok(result)
    }

    /// The voxels that do not belong.
    pub fn inverted(&self) -> Mask {
        let mut result = self.clone();
        result.for_each_row_mut(|_, _, words| words.iter_mut().for_each(|w| *w = !*w));
        result
    }

    /// The Dice coefficient with another mask: twice the common voxels over the sum of both. 1 when both are empty.
    ///
    /// # Errors
    /// When the masks lie on different grids.
    pub fn dice(&self, other: &Mask) -> Result<f64, MaskError> {
        let common = self.combine(other, |a, b| a & b)?.count();
        let sum = self.count() + other.count();
        Ok(if sum == 0 { 1.0 } else { 2.0 * common as f64 / sum as f64 })
    }
}

fn row_runs(words: &[u64], nx: usize, j: usize, k: usize) -> impl Iterator<Item = Run> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = next_bit(words, at, nx, true)?;
        let end = next_bit(words, start, nx, false).unwrap_or(nx);
        at = end;
        Some(Run { start, end, j, k })
    })
}

/// The first position from `from` on, below `nx`, whose bit is `wanted`.
fn next_bit(words: &[u64], from: usize, nx: usize, wanted: bool) -> Option<usize> {
    let mut word = from / 64;
    let mut mask = u64::MAX.checked_shl((from % 64) as u32).unwrap_or(0);
    while word < words.len() {
        let bits = if wanted { words[word] } else { !words[word] } & mask;
        if bits != 0 {
            let at = word * 64 + bits.trailing_zeros() as usize;
            return (at < nx).then_some(at);
        }
        word += 1;
        mask = u64::MAX;
    }
    None
}
