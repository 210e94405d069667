//! Which combinations of structures each block holds.

use rayon::prelude::*;

use crate::blocks::BLOCK_CELLS;
use crate::{LabelMap, VoxelBox};

/// Which combinations of structures occur in each block of 8 × 8 × 8 cells, its faces included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelBlocks {
    dims: [usize; 3],
    /// A bit for each combination; see [`LabelBlocks::bit`].
    sets: Vec<u64>,
    /// The one combination of a block, or [`LabelBlocks::SEVERAL`].
    uniform: Vec<u16>,
}

impl LabelBlocks {
    /// Stands for more than one combination in a block.
    pub const SEVERAL: u16 = u16::MAX;

    /// The blocks of labels. One pass over them.
    pub fn new(labels: &LabelMap) -> Self {
        let dims = labels.dims().map(|n| (n - 1).div_ceil(BLOCK_CELLS).max(1));
        let blocks: Vec<(u64, u16)> =
            (0..dims.iter().product::<usize>()).into_par_iter().map(|index| block(labels, dims, index)).collect();
        let (sets, uniform) = blocks.into_iter().unzip();
        Self { dims, sets, uniform }
    }

    /// Follows labels that have changed inside a box.
    pub fn update(&mut self, labels: &LabelMap, within: VoxelBox) {
        for index in blocks_of(within, self.dims).indices(self.dims) {
            (self.sets[index], self.uniform[index]) = block(labels, self.dims, index);
        }
    }

    /// The bit of a combination in a block's set: one of its own for the first 64, then shared, so that a set may say
    /// too much but never too little.
    pub fn bit(combination: u16) -> u32 {
        if combination == 0 { 0 } else { 1 + (u32::from(combination) - 1) % 63 }
    }

    /// The set of each block.
    pub fn sets(&self) -> &[u64] {
        &self.sets
    }

    /// The one combination of each block, or [`LabelBlocks::SEVERAL`].
    pub fn uniforms(&self) -> &[u16] {
        &self.uniform
    }

    #[inline(always)]
    pub(crate) fn uniform(&self, block: usize) -> Option<u16> {
        let combination = self.uniform[block];
        (combination != Self::SEVERAL).then_some(combination)
    }
}

/// The blocks, as a box of blocks, whose content voxels of a box belong to: a voxel on a face belongs to both sides.
pub(crate) fn blocks_of(within: VoxelBox, dims: [usize; 3]) -> VoxelBox {
    VoxelBox {
        first: within.first.map(|v| v.saturating_sub(1) / BLOCK_CELLS),
        end: std::array::from_fn(|a| (within.end[a] / BLOCK_CELLS + 1).min(dims[a])),
    }
}

fn block(labels: &LabelMap, dims: [usize; 3], index: usize) -> (u64, u16) {
    let samples = labels.dims();
    let at = [index % dims[0], index / dims[0] % dims[1], index / (dims[0] * dims[1])];
    let first = at.map(|b| b * BLOCK_CELLS);
    let last: [usize; 3] = std::array::from_fn(|a| (first[a] + BLOCK_CELLS).min(samples[a] - 1));
    let one = labels.combinations()[first[0] + samples[0] * (first[1] + samples[1] * first[2])];
    let (mut set, mut uniform) = (0u64, true);
    for k in first[2]..=last[2] {
        for j in first[1]..=last[1] {
            let row = samples[0] * (j + samples[1] * k);
            let row = &labels.combinations()[row + first[0]..=row + last[0]];
            if row.iter().all(|&c| c == one) {
                set |= 1 << LabelBlocks::bit(one);
                continue;
            }
            uniform = false;
            row.iter().for_each(|&c| set |= 1 << LabelBlocks::bit(c));
        }
    }
    // The greatest number is the sign for several.
    (set, if uniform { one } else { LabelBlocks::SEVERAL })
}
