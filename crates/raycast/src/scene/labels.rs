//! Which structures each voxel belongs to, in one number a voxel.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use fabrica_geometry::Grid;
use fabrica_volume::{BLOCK, BlockSet, Mask};
use rayon::prelude::*;

/// Which structures each voxel belongs to: the number of a *combination*, and for each combination the structures that
/// it holds. Combination 0 holds none. Structures overlap freely, and a voxel still is one number.
#[derive(Clone, Debug)]
pub struct LabelMap {
    dims: [usize; 3],
    structures: usize,
    combinations: Vec<u16>,
    /// The structures of each combination, growing.
    members: Vec<Vec<u16>>,
    /// The combination that another becomes when a structure is added.
    with: HashMap<(u16, u16), u16>,
}

/// Voxels from `first` up to, not including, `end`, along i, j and k.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoxelBox {
    /// The first voxel.
    pub first: [usize; 3],
    /// One after the last voxel.
    pub end: [usize; 3],
}

impl VoxelBox {
    /// The voxels of blocks of a grid of these sides: a box for each row of neighbouring blocks along i.
    pub fn of_blocks(blocks: &BlockSet, dims: [usize; 3]) -> Vec<Self> {
        let mut boxes: Vec<Self> = Vec::new();
        for block in blocks.iter() {
            let first = block.map(|b| b * BLOCK);
            let end: [usize; 3] = std::array::from_fn(|a| (first[a] + BLOCK).min(dims[a]));
            match boxes.last_mut() {
                // Blocks come in order of k, j, i.
                Some(last) if last.end[0] == first[0] && last.first[1..] == first[1..] => last.end[0] = end[0],
                _ => boxes.push(Self { first, end }),
            }
        }
        boxes
    }

    /// The numbers of its voxels in a grid of these sides.
    pub(crate) fn indices(self, [nx, ny, _]: [usize; 3]) -> impl Iterator<Item = usize> {
        let Self { first, end } = self;
        (first[2]..end[2]).flat_map(move |k| {
            (first[1]..end[1]).flat_map(move |j| (first[0]..end[0]).map(move |i| i + nx * (j + ny * k)))
        })
    }

    /// The smallest box that holds both.
    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            first: std::array::from_fn(|a| self.first[a].min(other.first[a])),
            end: std::array::from_fn(|a| self.end[a].max(other.end[a])),
        }
    }

    /// How many voxels along i, j and k.
    pub fn size(&self) -> [usize; 3] {
        std::array::from_fn(|a| self.end[a].saturating_sub(self.first[a]))
    }
}

/// Why structures cannot be labels of a scene.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A mask lies elsewhere.
    #[error(
        "structure {structure} lies on another grid ({mask:?} voxels) than the scan ({volume:?}); resample it first"
    )]
    Mask {
        /// Which structure, from 0.
        structure: usize,
        /// Voxels of its mask.
        mask: [usize; 3],
        /// Voxels of the scan.
        volume: [usize; 3],
    },
    /// The labels were made for another grid.
    #[error("the labels have {labels:?} voxels, the scan {volume:?}; make them from masks on the scan's grid")]
    OtherGrid {
        /// Voxels of the labels.
        labels: [usize; 3],
        /// Voxels of the scan.
        volume: [usize; 3],
    },
    /// There are more or fewer looks than structures.
    #[error("there are {looks} looks for {structures} structures; give each structure one")]
    Looks {
        /// Looks given.
        looks: usize,
        /// Structures of the labels.
        structures: usize,
    },
    /// Structures overlap in too many ways.
    #[error("the structures overlap in more than 65,535 ways; show fewer of them at a time")]
    TooMany,
}

impl LabelMap {
    /// Labels of structures on a scan's grid, in the order given.
    ///
    /// # Errors
    /// [`LabelError::Mask`] when a mask lies on another grid, [`LabelError::TooMany`] when there are more than 65,535
    /// structures or combinations.
    pub fn new(grid: &Grid, masks: &[&Mask]) -> Result<Self, LabelError> {
        let dims = grid.dims();
        if masks.len() > usize::from(u16::MAX) {
            return Err(LabelError::TooMany);
        }
        let mut labels = Self {
            dims,
            structures: masks.len(),
            combinations: vec![0; grid.len()],
            members: vec![Vec::new()],
            with: HashMap::new(),
        };
        for (structure, mask) in masks.iter().enumerate() {
            if !mask.grid().coincides(grid, grid.finest_spacing() * 0.01) {
                return Err(LabelError::Mask { structure, mask: mask.grid().dims(), volume: dims });
            }
        }
        labels.update(masks, VoxelBox { first: [0; 3], end: dims })?;
        Ok(labels)
    }

    /// Follows masks that have changed inside a box; outside it nothing is looked at. The masks are those that the
    /// labels were made of, in the same order and on the same grid.
    ///
    /// # Errors
    /// [`LabelError::Looks`] when there are more or fewer masks than structures, [`LabelError::Mask`] when a mask has
    /// another size, [`LabelError::TooMany`] when there are too many combinations. On an error the labels stay usable;
    /// in the box they may be incomplete.
    pub fn update(&mut self, masks: &[&Mask], within: VoxelBox) -> Result<(), LabelError> {
        if masks.len() != self.structures {
            return Err(LabelError::Looks { looks: masks.len(), structures: self.structures });
        }
        if let Some(structure) = masks.iter().position(|m| m.grid().dims() != self.dims) {
            let mask = masks[structure].grid().dims();
            return Err(LabelError::Mask { structure, mask, volume: self.dims });
        }
        let [nx, ny, _] = self.dims;
        let first: [usize; 3] = std::array::from_fn(|a| within.first[a].min(self.dims[a]));
        let end: [usize; 3] = std::array::from_fn(|a| within.end[a].clamp(first[a], self.dims[a]));
        let rows = |k: usize| move |j: usize| nx * (j + ny * k);
        let slab = nx * ny * first[2]..nx * ny * end[2];
        for slice in self.combinations[slab.clone()].chunks_mut(nx * ny) {
            for row in (first[1]..end[1]).map(rows(0)) {
                slice[row + first[0]..row + end[0]].fill(0);
            }
        }
        for (structure, mask) in masks.iter().enumerate() {
            // Which combinations the structure meets, then what each becomes with it.
            let met: Vec<AtomicBool> = self.members.iter().map(|_| AtomicBool::new(false)).collect();
            let mask_rows = |slice: usize| {
                let k = first[2] + slice;
                (first[1]..end[1]).flat_map(move |j| runs(mask.row(j, k), first[0], end[0]).map(move |run| (j, run)))
            };
            self.combinations[slab.clone()].par_chunks(nx * ny).enumerate().for_each(|(slice, combinations)| {
                for (j, run) in mask_rows(slice) {
                    for &combination in &combinations[nx * j + run.start..nx * j + run.end] {
                        met[usize::from(combination)].store(true, Ordering::Relaxed);
                    }
                }
            });
            let mut becomes = vec![0u16; met.len()];
            for (combination, met) in met.iter().enumerate() {
                if met.load(Ordering::Relaxed) {
                    becomes[combination] = self.with(combination as u16, structure as u16)?;
                }
            }
            self.combinations[slab.clone()].par_chunks_mut(nx * ny).enumerate().for_each(|(slice, combinations)| {
                for (j, run) in mask_rows(slice) {
                    for combination in &mut combinations[nx * j + run.start..nx * j + run.end] {
                        *combination = becomes[usize::from(*combination)];
                    }
                }
            });
        }
        Ok(())
    }

    /// The blocks in which masks differ from those that labels were made of; nothing where there are more or fewer, or
    /// one lies on another grid: then labels are made anew. Looks at words of 64 voxels, as fast as memory is read.
    pub fn changes(before: &[&Mask], after: &[&Mask]) -> Option<BlockSet> {
        let same = before.len() == after.len() && before.iter().zip(after).all(|(b, a)| b.grid() == a.grid());
        let grid = after.first().filter(|_| same)?.grid();
        let [_, ny, nz] = grid.dims();
        let mut changed = BlockSet::empty(grid);
        for (before, after) in before.iter().zip(after) {
            if before.words() == after.words() {
                continue;
            }
            for (k, j) in (0..nz).flat_map(|k| (0..ny).map(move |j| (k, j))) {
                for (word, (b, a)) in before.row(j, k).iter().zip(after.row(j, k)).enumerate() {
                    changed.insert_word(word, b ^ a, j, k);
                }
            }
        }
        Some(changed)
    }

    /// The combinations of the voxels of a box inside the grid, i fastest.
    pub fn within(&self, part: VoxelBox) -> Vec<u16> {
        let [nx, ny, _] = self.dims;
        let mut combinations = Vec::with_capacity(part.size().iter().product());
        for k in part.first[2]..part.end[2] {
            for j in part.first[1]..part.end[1] {
                let row = nx * (j + ny * k);
                combinations.extend_from_slice(&self.combinations[row + part.first[0]..row + part.end[0]]);
            }
        }
        combinations
    }

    /// The combination of another and one more structure, made when it is new.
    fn with(&mut self, combination: u16, structure: u16) -> Result<u16, LabelError> {
        if let Some(&known) = self.with.get(&(combination, structure)) {
            return Ok(known);
        }
        let new = u16::try_from(self.members.len()).map_err(|_| LabelError::TooMany)?;
        let mut members = self.members[usize::from(combination)].clone();
        members.push(structure);
        self.members.push(members);
        self.with.insert((combination, structure), new);
        Ok(new)
    }

    /// Voxels along i, j and k.
    pub fn dims(&self) -> [usize; 3] {
        self.dims
    }

    /// How many structures there are.
    pub fn structures(&self) -> usize {
        self.structures
    }

    /// The combination of each voxel, i fastest.
    pub fn combinations(&self) -> &[u16] {
        &self.combinations
    }

    /// The structures of each combination. Some combinations may occur no longer, after updates.
    pub fn members(&self) -> &[Vec<u16>] {
        &self.members
    }
}

/// The runs of set bits of a row, inside `first..end`.
fn runs(words: &[u64], first: usize, end: usize) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let mut at = first;
    std::iter::from_fn(move || {
        let start = next(words, at, end, true)?;
        let stop = next(words, start, end, false).unwrap_or(end);
        at = stop;
        Some(start..stop)
    })
}

/// The first position from `from` on, before `end`, whose bit is `wanted`.
fn next(words: &[u64], from: usize, end: usize, wanted: bool) -> Option<usize> {
    let mut at = from;
    while at < end {
        let word = if wanted { words[at / 64] } else { !words[at / 64] } >> (at % 64);
        if word != 0 {
            let found = at + word.trailing_zeros() as usize;
            return (found < end).then_some(found);
        }
        at = (at / 64 + 1) * 64;
    }
    None
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::LpsPoint;
    use proptest::prelude::*;

    use super::*;

    fn grid() -> Grid {
        Grid::axis_aligned([70, 5, 4], LpsPoint::default(), [1.0; 3]).unwrap()
    }

    proptest! {
        /// Every voxel's combination holds just the structures whose masks hold it; after an edit too, if the box
        /// covers it.
        #[test]
        fn combinations_say_what_the_masks_say(seeds in prop::collection::vec(any::<u64>(), 4), edit in 0usize..1400) {
            let mix = |seed: u64, n: usize| (seed ^ n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
            let mut masks: Vec<Mask> =
                seeds.iter().map(|&s| Mask::from_fn(grid(), |n| mix(s, n) % 3 == 0)).collect();
            let of = masks.clone();
            let mut labels = LabelMap::new(&grid(), &of.iter().collect::<Vec<_>>()).unwrap();
            let at = grid().position(edit);
            masks[1].set(at, !of[1].get(at));
            let end = at.map(|n| n + 1);
            labels.update(&masks.iter().collect::<Vec<_>>(), VoxelBox { first: at, end }).unwrap();
            for n in 0..grid().len() {
                let members = &labels.members()[usize::from(labels.combinations()[n])];
                for (s, mask) in masks.iter().enumerate() {
                    prop_assert_eq!(members.contains(&(s as u16)), mask.get(grid().position(n)));
                }
            }
            prop_assert!(labels.members().len() <= 16);
        }
    }

    #[test]
    fn masks_elsewhere_are_refused() {
        let other = Grid::axis_aligned([70, 5, 4], LpsPoint::new(1.0, 0.0, 0.0), [1.0; 3]).unwrap();
        let error = LabelMap::new(&grid(), &[&Mask::empty(other)]).unwrap_err();
        assert!(matches!(error, LabelError::Mask { structure: 0, .. }));
    }
}
