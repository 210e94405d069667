//! Upper bounds of the extinction, block by block: how far light may fly before the tracer must look.

use fabrica_raycast::{LUT_ENTRIES, LabelMap, Scene};
use fabrica_volume::{Sample, Volume, with_samples};
use glam::Vec3;
use rayon::prelude::*;

use crate::kinds::Kinds;
use crate::medium::Frame;

/// The most blocks of a volume: as small as they can be, so that their bounds are tight, but so few that the bounds
/// follow a transfer function that is being dragged.
const MOST_BLOCKS: usize = 1 << 21;

/// Blocks further than this from anything that shows count as this far.
const MOST_DISTANCE: u32 = 63;

/// What each block of the volume holds, its faces included. A block is a cube of 2, 4, 8 ... cells (gaps between
/// neighbouring samples) along each side. Follows from the volume and its labels alone, so it is
/// made once for all looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocks {
    cells: usize,
    dims: [usize; 3],
    /// The least and the greatest value.
    ranges: Vec<[f32; 2]>,
    /// The combinations of structures, where there are structures.
    held: Option<Vec<Held>>,
}

/// The combinations of structures in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// This one only.
    One(u16),
    /// Several: bit c % 64 is set for each combination c.
    Several(u64),
}

impl Blocks {
    /// The blocks of a volume and of labels on its grid; one pass over them.
    pub fn new(volume: &Volume, labels: Option<&LabelMap>) -> Self {
        let samples = volume.grid().dims();
        let (cells, dims) = layout(samples);
        let [bx, by, bz] = dims;
        let at = |n: usize| [n % bx, n / bx % by, n / (bx * by)];
        let all = (0..bx * by * bz).into_par_iter();
        let ranges = with_samples!(volume.samples().view(), |data| {
            all.clone().map(|n| range(rows(data, samples, cells, at(n)))).collect()
        });
        // Labels of another grid say nothing here; `Scene::check` refuses them.
        let labels = labels.filter(|labels| labels.dims() == samples);
        let held = labels.map(|labels| all.map(|n| held(rows(labels.combinations(), samples, cells, at(n)))).collect());
        Self { cells, dims, ranges, held }
    }

    /// Blocks along i, j and k.
    pub fn dims(&self) -> [usize; 3] {
        self.dims
    }

    /// Cells along each side of a block.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Whether these can be the blocks of a scene: as many, with labels where it has labels.
    pub(crate) fn serve(&self, scene: &Scene<'_>) -> bool {
        (self.cells, self.dims) == layout(scene.volume.grid().dims())
            && self.held.is_some() == scene.structures.is_some()
    }

    /// The one combination of structures in a block, or nothing where there are several.
    #[inline(always)]
    pub(crate) fn combination(&self, block: usize) -> Option<u16> {
        match self.held.as_ref().map(|held| held[block]) {
            None => Some(0),
            Some(Held::One(combination)) => Some(combination),
            Some(Held::Several(_)) => None,
        }
    }
}

/// Cells along each side of a block, and blocks along i, j and k.
fn layout(samples: [usize; 3]) -> (usize, [usize; 3]) {
    let mut cells = 2;
    loop {
        let dims = samples.map(|n| (n - 1).div_ceil(cells).max(1));
        if dims.iter().product::<usize>() <= MOST_BLOCKS {
            return (cells, dims);
        }
        cells *= 2;
    }
}

/// The rows of samples of a block, faces included.
fn rows<T>(data: &[T], [nx, ny, nz]: [usize; 3], cells: usize, block: [usize; 3]) -> impl Iterator<Item = &[T]> {
    let first = block.map(|b| b * cells);
    let last: [usize; 3] = std::array::from_fn(|a| (first[a] + cells).min([nx, ny, nz][a] - 1));
    (first[2]..=last[2]).flat_map(move |k| {
        (first[1]..=last[1]).map(move |j| {
            let row = nx * (j + ny * k);
            &data[row + first[0]..=row + last[0]]
        })
    })
}

fn range<'a, T: Sample>(rows: impl Iterator<Item = &'a [T]>) -> [f32; 2] {
    let (mut low, mut high, mut odd) = (f32::INFINITY, f32::NEG_INFINITY, false);
    for row in rows {
        for value in row {
            let value = value.to_f32();
            odd |= value.is_nan();
            low = low.min(value);
            high = high.max(value);
        }
    }
    // What is not a number counts as the lowest value, and so may whatever is interpolated with it.
    [if odd { f32::NEG_INFINITY } else { low }, high]
}

fn held<'a>(rows: impl Iterator<Item = &'a [u16]>) -> Held {
    let (mut one, mut several, mut set) = (None, false, 0u64);
    for row in rows {
        for &combination in row {
            several |= one.is_some_and(|o| o != combination);
            one = Some(combination);
            set |= 1 << (combination % 64);
        }
    }
    if several { Held::Several(set) } else { Held::One(one.unwrap_or(0)) }
}

/// An upper bound of the extinction in each block under a scene's looks; for blocks where nothing shows, how far away
/// the nearest block is where something does.
#[derive(Clone, Debug, PartialEq)]
pub struct Majorants {
    dims: [usize; 3],
    bounds: Vec<f32>,
}

impl Majorants {
    /// The bounds under these kinds of matter. Quick enough to follow a transfer function that is being dragged.
    pub fn new(blocks: &Blocks, kinds: &Kinds<'_>, frame: &Frame) -> Self {
        let greatest: Vec<RangeMaximum> =
            kinds.tables.par_iter().map(|table| RangeMaximum::new(&table.extinction)).collect();
        let [nx, ny, _] = blocks.dims;
        let side = Vec3::splat(blocks.cells as f32) / frame.per_mm;
        // The outermost blocks also hold the half voxel beyond the outermost samples.
        let radius = (side / 2.0 + 0.5 / frame.per_mm).length();
        let bound = |(n, &[low, high]): (usize, &[f32; 2])| {
            let (first, _) = kinds.entry(low);
            let (end, beyond) = kinds.entry(high);
            let end = if beyond > 0.0 { (end + 1).min(LUT_ENTRIES - 1) } else { end };
            let block = Vec3::new((n % nx) as f32, (n / nx % ny) as f32, (n / (nx * ny)) as f32);
            // Other clips may cut too, and only take away.
            let cut = kinds.cut_all((block + 0.5) * side, radius);
            let of =
                |combination: u16| greatest[usize::from(kinds.materials.number(combination, cut))].between(first, end);
            match blocks.held.as_ref().map(|held| held[n]) {
                None => of(0),
                Some(Held::One(combination)) => of(combination),
                Some(Held::Several(set)) => (0..kinds.materials.combinations() as u16)
                    .filter(|c| set >> (c % 64) & 1 == 1)
                    .map(of)
                    .fold(0.0, f32::max),
            }
        };
        let mut bounds: Vec<f32> = blocks.ranges.par_iter().enumerate().map(bound).collect();
        write_distances(&mut bounds, blocks.dims);
        Self { dims: blocks.dims, bounds }
    }

    /// Blocks along i, j and k.
    pub fn dims(&self) -> [usize; 3] {
        self.dims
    }

    /// For each block, i fastest: the greatest extinction per mm where it is above 0; else minus the number of blocks
    /// (along the axis of the greatest difference) to the nearest block with one.
    pub fn bounds(&self) -> &[f32] {
        &self.bounds
    }

    /// The share of blocks that are empty, 0 to 1.
    pub fn empty_share(&self) -> f64 {
        self.bounds.iter().filter(|&&b| b <= 0.0).count() as f64 / self.bounds.len() as f64
    }
}

/// The greatest of any run of a table's entries in two looks (sparse table).
struct RangeMaximum {
    /// Level n holds the maxima of runs of 2ⁿ entries.
    levels: Vec<Vec<f32>>,
}

impl RangeMaximum {
    fn new(table: &[f32]) -> Self {
        let mut levels = vec![table.to_vec()];
        let mut run = 1;
        while let Some(below) = levels.last()
            && below.len() > run
        {
            levels.push((0..below.len() - run).map(|i| below[i].max(below[i + run])).collect());
            run *= 2;
        }
        Self { levels }
    }

    /// The greatest from `first` to `last`, both included.
    fn between(&self, first: usize, last: usize) -> f32 {
        let level = (last - first + 1).ilog2() as usize;
        let runs = &self.levels[level];
        runs[first].max(runs[last + 1 - (1 << level)])
    }
}

/// Writes minus the chessboard distance into all blocks that are empty. One axis after the other: the distance along
/// the axes so far is the least, over the line, of the greater of offset and distance before.
fn write_distances(bounds: &mut [f32], [nx, ny, nz]: [usize; 3]) {
    let mut distance: Vec<u32> = bounds.par_iter().map(|&b| if b > 0.0 { 0 } else { MOST_DISTANCE }).collect();
    for (count, stride) in [(nx, 1), (ny, nx), (nz, nx * ny)] {
        let before = &distance;
        let after = (0..before.len()).into_par_iter().map(|n| {
            let at = n / stride % count;
            let mut best = before[n];
            let mut offset = 1;
            while (offset as u32) < best {
                if at >= offset {
                    best = best.min(before[n - offset * stride].max(offset as u32));
                }
                if at + offset < count {
                    best = best.min(before[n + offset * stride].max(offset as u32));
                }
                offset += 1;
            }
            best
        });
        distance = after.collect();
    }
    bounds.par_iter_mut().zip(distance).filter(|(_, d)| *d > 0).for_each(|(b, d)| *b = -(d as f32));
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
    use fabrica_raycast::{Clip, ClipPlane, ClipShape, ControlPoint, StructureLook, Structures, TransferFunction};
    use fabrica_volume::{Mask, Rgb, Samples, ValueUnit};

    use super::*;

    fn function() -> TransferFunction {
        let point = |value, opacity| ControlPoint { value, colour: Rgb(255, 255, 255), opacity };
        TransferFunction::new(vec![point(50.0, 0.0), point(60.0, 0.5), point(70.0, 0.1)], Mm(1.0)).unwrap()
    }

    fn majorants(scene: &Scene<'_>) -> Majorants {
        let frame = Frame::new(scene.volume.grid());
        let labels = scene.structures.map(|s| s.labels);
        Majorants::new(&Blocks::new(scene.volume, labels), &Kinds::new(scene, &frame, 1.0), &frame)
    }

    /// One bright voxel on the face of blocks 1 and 2 along i.
    fn bright() -> Volume {
        let grid = Grid::axis_aligned([17, 11, 7], LpsPoint::default(), [1.0; 3]).unwrap();
        let mut values = vec![0i16; grid.len()];
        values[grid.index(4, 5, 3)] = 100;
        Volume::new(grid, Samples::I16(values), ValueUnit::Hounsfield).unwrap()
    }

    #[test]
    fn one_bright_voxel_bounds_its_blocks_and_all_others_know_how_far_it_is() {
        let (volume, function) = (bright(), function());
        let map = majorants(&Scene::new(&volume, &function));
        assert_eq!(map.dims(), [8, 5, 3]);
        for (n, &bound) in map.bounds().iter().enumerate() {
            let [i, j, k] = [n % 8, n / 8 % 5, n / 40].map(|v| v as i32);
            let distance = (1 - i).max(i - 2).max(0).max((j - 2).abs()).max((k - 1).abs());
            if distance > 0 {
                assert_eq!(bound, -distance as f32, "{i} {j} {k}");
            } else {
                // From 0 to 100 all opacities occur, so the greatest: 0.5 a mm is ln 2.
                assert!((bound - 2f32.ln()).abs() < 1e-3, "{bound}");
            }
        }
    }

    #[test]
    fn what_is_hidden_or_cut_away_is_empty() {
        let (volume, function) = (bright(), function());
        let mask = Mask::from_fn(volume.grid().clone(), |n| n == volume.grid().index(4, 5, 3));
        let labels = LabelMap::new(volume.grid(), &[&mask]).unwrap();
        let scene = Scene::new(&volume, &function);
        let whole = Mask::from_fn(volume.grid().clone(), |_| true);
        let all = LabelMap::new(volume.grid(), &[&whole]).unwrap();
        let looks = [StructureLook::hidden()];
        let share = |labels| {
            majorants(&Scene { structures: Some(Structures { labels, looks: &looks }), ..scene }).empty_share()
        };
        assert_eq!(share(&all), 1.0);
        // Where others are beside what is hidden, the block's values count for them too: safe, if not tight.
        assert!(share(&labels) < 1.0);
        let clip = |point: f64| {
            let plane = ClipPlane { point: LpsPoint::new(point, 0.0, 0.0), keep: LpsVector::new(1.0, 0.0, 0.0) };
            [Clip { shape: ClipShape::Plane(plane), enabled: true }]
        };
        let cut = clip(30.0);
        assert_eq!(majorants(&Scene { clips: &cut, ..scene }).empty_share(), 1.0);
        let through = clip(4.0);
        assert!(majorants(&Scene { clips: &through, ..scene }).empty_share() < 1.0);
    }

    #[test]
    fn the_greatest_of_a_run_is_that_of_a_plain_search() {
        let table: Vec<f32> = (0..97).map(|n| ((n * 37) % 101) as f32).collect();
        let greatest = RangeMaximum::new(&table);
        for first in 0..97 {
            for last in first..97 {
                let wanted = table[first..=last].iter().copied().fold(0.0, f32::max);
                assert_eq!(greatest.between(first, last), wanted);
            }
        }
    }
}
