//! Blocks of voxels: which parts of a grid something touched.

use fabrica_geometry::Grid;

/// Voxels along each side of a block.
pub const BLOCK: usize = 32;

/// A set of blocks of 32³ voxels of a grid. Block (a, b, c) holds the voxels (32a.., 32b.., 32c..).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockSet {
    /// Blocks along i, j, k.
    size: [usize; 3],
    bits: Vec<u64>,
}

impl BlockSet {
    /// No block of a grid.
    pub fn empty(grid: &Grid) -> Self {
        let size = grid.dims().map(|n| n.div_ceil(BLOCK));
        Self { size, bits: vec![0; size.iter().product::<usize>().div_ceil(64)] }
    }

    /// All blocks of a grid.
    pub fn all(grid: &Grid) -> Self {
        let mut set = Self::empty(grid);
        let [nx, ny, nz] = set.size;
        for c in 0..nz {
            for b in 0..ny {
                for a in 0..nx {
                    set.insert([a, b, c]);
                }
            }
        }
        set
    }

    /// Blocks along i, j, k.
    pub fn size(&self) -> [usize; 3] {
        self.size
    }

    /// Puts a block in. One outside the grid is left out.
    #[inline]
    pub fn insert(&mut self, [a, b, c]: [usize; 3]) {
        let [nx, ny, nz] = self.size;
        if a < nx && b < ny && c < nz {
            let at = a + nx * (b + ny * c);
            self.bits[at / 64] |= 1 << (at % 64);
        }
    }

    /// Puts in the block that a word of bits of row (j, k) lies in: two blocks, since a word holds 64 voxels.
    #[inline]
    pub fn insert_word(&mut self, word: usize, bits: u64, j: usize, k: usize) {
        let (b, c) = (j / BLOCK, k / BLOCK);
        if bits as u32 != 0 {
            self.insert([2 * word, b, c]);
        }
        if bits >> 32 != 0 {
            self.insert([2 * word + 1, b, c]);
        }
    }

    /// Whether a block is in the set.
    pub fn contains(&self, [a, b, c]: [usize; 3]) -> bool {
        let [nx, ny, nz] = self.size;
        let at = a + nx * (b + ny * c);
        a < nx && b < ny && c < nz && self.bits[at / 64] >> (at % 64) & 1 == 1
    }

    /// Puts all blocks of another set of the same grid in.
    pub fn extend(&mut self, other: &Self) {
        debug_assert_eq!(self.size, other.size);
        for (mine, theirs) in self.bits.iter_mut().zip(&other.bits) {
            *mine |= theirs;
        }
    }

    /// How many blocks there are.
    pub fn len(&self) -> usize {
        self.bits.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|&w| w == 0)
    }

    /// The blocks, in order of c, b, a.
    pub fn iter(&self) -> impl Iterator<Item = [usize; 3]> + '_ {
        let [nx, ny, _] = self.size;
        self.bits.iter().enumerate().flat_map(move |(word, &bits)| {
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| {
                let at = word * 64 + bit;
                [at % nx, at / nx % ny, at / nx / ny]
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabrica_geometry::LpsPoint;

    #[test]
    fn blocks_are_found_again() {
        let grid = Grid::axis_aligned([100, 33, 64], LpsPoint::new(0.0, 0.0, 0.0), [1.0; 3]).unwrap();
        let mut set = BlockSet::empty(&grid);
        assert_eq!(set.size(), [4, 2, 2]);
        // Voxels 64 and 99 of row (32, 0): words 1, bits 0 and 35.
        set.insert_word(1, 1 | 1 << 35, 32, 0);
        assert_eq!(set.iter().collect::<Vec<_>>(), [[2, 1, 0], [3, 1, 0]]);
        set.insert([4, 0, 0]);
        assert_eq!(set.len(), 2);
        assert!(set.contains([3, 1, 0]) && !set.contains([3, 0, 0]));
        assert_eq!(BlockSet::all(&grid).len(), 16);
    }
}
