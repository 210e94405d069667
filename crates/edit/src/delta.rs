//! What a stroke changed: sparse, and its own inverse.

use fabrica_volume::{BlockSet, Mask};
use rayon::prelude::*;

/// Words of a mask and the bits flipped in them. A word may come several times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta(Vec<(u32, u64)>);

impl Delta {
    /// Adds flipped bits of a word.
    #[inline]
    pub(crate) fn push(&mut self, word: usize, bits: u64) {
        self.0.push((word as u32, bits));
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes that it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len() * size_of::<(u32, u64)>()
    }

    /// The words and the bits flipped in them.
    pub fn words(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.0.iter().map(|&(at, bits)| (at as usize, bits))
    }

    /// Does it to a mask, or takes it back.
    pub fn flip(&self, mask: &mut Mask) {
        mask.flip(self.words());
    }

    /// Enters the blocks that it touches.
    pub fn mark(&self, mask: &Mask, blocks: &mut BlockSet) {
        let (row_words, ny) = (mask.row_words(), mask.grid().dims()[1]);
        for (at, bits) in self.words() {
            let (word, row) = (at % row_words, at / row_words);
            blocks.insert_word(word, bits, row % ny, row / ny);
        }
    }
}

/// The blocks in which two masks of the same grid differ; nothing when the grids have other sizes. As fast as reading both:
/// who draws a structure learns by it what to draw anew, whatever changed the structure.
///
/// ```
/// use fabrica_edit::changed_blocks;
/// use fabrica_geometry::{Grid, LpsPoint};
/// use fabrica_volume::Mask;
/// let grid = Grid::axis_aligned([80, 40, 40], LpsPoint::default(), [1.0; 3]).unwrap();
/// let before = Mask::empty(grid);
/// let mut after = before.clone();
/// after.set([70, 35, 1], true);
/// // Voxel (70, 35, 1) lies in block (2, 1, 0).
/// assert_eq!(changed_blocks(&before, &after).unwrap().iter().collect::<Vec<_>>(), [[2, 1, 0]]);
/// ```
pub fn changed_blocks(before: &Mask, after: &Mask) -> Option<BlockSet> {
    if before.grid().dims() != after.grid().dims() {
        return None;
    }
    let (row_words, ny) = (after.row_words(), after.grid().dims()[1]);
    let slice = row_words * ny;
    let slices = before.words().par_chunks(slice.max(1)).zip(after.words().par_chunks(slice.max(1))).enumerate();
    Some(
        slices
            .filter(|(_, (a, b))| a != b)
            .map(|(k, (a, b))| {
                let mut blocks = BlockSet::empty(after.grid());
                for (at, bits) in a.iter().zip(b).map(|(a, b)| a ^ b).enumerate().filter(|(_, bits)| *bits != 0) {
                    blocks.insert_word(at % row_words, bits, at / row_words, k);
                }
                blocks
            })
            .reduce(
                || BlockSet::empty(after.grid()),
                |mut all, some| {
                    all.extend(&some);
                    all
                },
            ),
    )
}
