//! What a stroke changed: sparse, and its own inverse.

use fabrica_volume::{BlockSet, Mask};

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
