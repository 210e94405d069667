//! Which parts of a volume a ray may leap over.

use fabrica_volume::{Sample, Volume, with_samples};
use rayon::prelude::*;

use crate::{Lut, VoxelBox};

/// Cells (gaps between neighbouring samples) along each side of a block.
pub const BLOCK_CELLS: usize = 8;

/// The least and the greatest value in each block of 8 × 8 × 8 cells, with the samples on all its faces, so that
/// every interpolated value in a block lies between the two.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockRanges {
    dims: [usize; 3],
    ranges: Vec<[f32; 2]>,
}

impl BlockRanges {
    /// The ranges of a volume. One pass over the samples; they serve for every transfer function.
    pub fn new(volume: &Volume) -> Self {
        let samples = volume.grid().dims();
        let dims = samples.map(|n| (n - 1).div_ceil(BLOCK_CELLS).max(1));
        let ranges = with_samples!(volume.samples().view(), |data| {
            let one = |index: usize| {
                let block = [index % dims[0], index / dims[0] % dims[1], index / (dims[0] * dims[1])];
                block_range(data, samples, block)
            };
            (0..dims.iter().product()).into_par_iter().map(one).collect()
        });
        Self { dims, ranges }
    }

    /// Blocks along i, j and k.
    pub fn dims(&self) -> [usize; 3] {
        self.dims
    }

    /// Least and greatest value of each block, i fastest.
    pub fn ranges(&self) -> &[[f32; 2]] {
        &self.ranges
    }
}

fn block_range<T: Sample>(data: &[T], [nx, ny, nz]: [usize; 3], block: [usize; 3]) -> [f32; 2] {
    let first = block.map(|b| b * BLOCK_CELLS);
    let end = [nx, ny, nz].map(|n| n - 1);
    let last: [usize; 3] = std::array::from_fn(|a| (first[a] + BLOCK_CELLS).min(end[a]));
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    let mut odd = false;
    for k in first[2]..=last[2] {
        for j in first[1]..=last[1] {
            let row = nx * (j + ny * k);
            for value in &data[row + first[0]..=row + last[0]] {
                let value = value.to_f32();
                odd |= value.is_nan();
                low = low.min(value);
                high = high.max(value);
            }
        }
    }
    // What is not a number is drawn as the transfer function's lowest value.
    [if odd { f32::NEG_INFINITY } else { low }, high]
}

/// How far each block is from the nearest one that is not wholly transparent under a transfer function: 0 for such a
/// block itself, otherwise the number of blocks along the axis of the greatest difference, at most 255.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupancy {
    dims: [usize; 3],
    distance: Vec<u8>,
}

impl Occupancy {
    /// The distances for a transfer function.
    pub fn new(ranges: &BlockRanges, lut: &Lut) -> Self {
        let seed = ranges.ranges.par_iter().map(|&[low, high]| if lut.is_transparent(low, high) { 255 } else { 0 });
        Self::from_seeds(ranges.dims, seed.collect())
    }

    /// The distances to the blocks that are 0 among these; the others are 255.
    pub(crate) fn from_seeds(dims: [usize; 3], seeds: Vec<u8>) -> Self {
        let mut map = Self { dims, distance: seeds };
        map.spread();
        map
    }

    /// Distances of 0: nothing is leapt over.
    pub fn full(ranges: &BlockRanges) -> Self {
        Self { dims: ranges.dims, distance: vec![0; ranges.ranges.len()] }
    }

    /// Makes blocks show something or nothing, and gives the box of blocks whose distance has changed by it; nothing
    /// where all were so before.
    pub(crate) fn follow(&mut self, shows: impl Iterator<Item = (usize, bool)>) -> Option<VoxelBox> {
        // A block may come twice.
        let turned: Vec<(usize, bool)> = shows.filter(|&(index, shows)| (self.distance[index] == 0) != shows).collect();
        if turned.is_empty() {
            return None;
        }
        let before = self.distance.clone();
        self.distance.iter_mut().for_each(|distance| *distance = if *distance > 0 { 255 } else { 0 });
        for (index, shows) in turned {
            self.distance[index] = if shows { 0 } else { 255 };
        }
        self.spread();
        let [nx, ny, _] = self.dims;
        let mut changed: Option<VoxelBox> = None;
        for (index, _) in before.iter().zip(&self.distance).enumerate().filter(|(_, (b, a))| b != a) {
            let first = [index % nx, index / nx % ny, index / (nx * ny)];
            let block = VoxelBox { first, end: first.map(|f| f + 1) };
            changed = Some(changed.map_or(block, |all| all.union(block)));
        }
        changed
    }

    /// Blocks along i, j and k.
    pub fn dims(&self) -> [usize; 3] {
        self.dims
    }

    /// The distance of each block, i fastest.
    pub fn distances(&self) -> &[u8] {
        &self.distance
    }

    /// The share of blocks that are transparent, 0 to 1.
    pub fn empty_share(&self) -> f64 {
        self.distance.iter().filter(|&&d| d > 0).count() as f64 / self.distance.len() as f64
    }

    /// Chessboard distance transform in two sweeps (Rosenfeld and Pfaltz 1968), a row at a time: from a row's
    /// neighbours first, which the compiler does many blocks at once, then along the row.
    fn spread(&mut self) {
        let [nx, ny, nz] = self.dims;
        let mut nearest = vec![255u8; nx];
        for backwards in [false, true] {
            for row in 0..ny * nz {
                let row = if backwards { ny * nz - 1 - row } else { row };
                let (j, k) = ((row % ny) as isize, (row / ny) as isize);
                nearest.fill(255);
                let sign = if backwards { 1 } else { -1 };
                for (dj, dk) in [(sign, 0), (-1, sign), (0, sign), (1, sign)] {
                    let (j, k) = (j + dj, k + dk);
                    if (0..ny as isize).contains(&j) && (0..nz as isize).contains(&k) {
                        let start = nx * (j as usize + ny * k as usize);
                        take_nearest(&mut nearest, &self.distance[start..start + nx]);
                    }
                }
                let distances = &mut self.distance[nx * row..nx * (row + 1)];
                for (distance, &near) in distances.iter_mut().zip(&nearest) {
                    *distance = (*distance).min(near.saturating_add(1));
                }
                let mut before = 255u8;
                let step = |distance: &mut u8| {
                    *distance = (*distance).min(before.saturating_add(1));
                    before = *distance;
                };
                if backwards { distances.iter_mut().rev().for_each(step) } else { distances.iter_mut().for_each(step) }
            }
        }
    }
}

/// The least of each block of a neighbouring row and its two neighbours there.
fn take_nearest(nearest: &mut [u8], row: &[u8]) {
    for (near, &r) in nearest.iter_mut().zip(row) {
        *near = (*near).min(r);
    }
    for (near, &r) in nearest[1..].iter_mut().zip(row) {
        *near = (*near).min(r);
    }
    for (near, &r) in nearest.iter_mut().zip(&row[1..]) {
        *near = (*near).min(r);
    }
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{Grid, LpsPoint, Mm};
    use fabrica_volume::{Rgb, Samples, ValueUnit};

    use super::*;
    use crate::{ControlPoint, TransferFunction};

    fn function() -> TransferFunction {
        let point = |value, opacity| ControlPoint { value, colour: Rgb(255, 255, 255), opacity };
        TransferFunction::new(vec![point(50.0, 0.0), point(60.0, 1.0)], Mm(1.0)).unwrap()
    }

    #[test]
    fn one_bright_voxel_gives_the_chessboard_distance_to_its_blocks() {
        let grid = Grid::axis_aligned([65, 41, 25], LpsPoint::default(), [1.0; 3]).unwrap();
        let mut values = vec![0i16; grid.len()];
        values[grid.index(16, 20, 12)] = 100; // on the face of the blocks 1 and 2 along i
        let volume = Volume::new(grid, Samples::I16(values), ValueUnit::Hounsfield).unwrap();
        let ranges = BlockRanges::new(&volume);
        assert_eq!(ranges.dims(), [8, 5, 3]);
        let map = Occupancy::new(&ranges, &function().lut());
        for k in 0..3i32 {
            for j in 0..5i32 {
                for i in 0..8i32 {
                    let near_i = (1 - i).max(i - 2).max(0);
                    let wanted = near_i.max((j - 2).abs()).max((k - 1).abs());
                    assert_eq!(i32::from(map.distances()[(i + 8 * (j + 5 * k)) as usize]), wanted, "{i} {j} {k}");
                }
            }
        }
    }

    #[test]
    fn a_range_is_transparent_only_when_no_value_in_it_shows() {
        let lut = function().lut();
        assert!(lut.is_transparent(-1000.0, 49.0));
        assert!(!lut.is_transparent(-1000.0, 55.0));
        assert!(!lut.is_transparent(100.0, 200.0));
    }
}
