//! Growing from seeds: structures grow against one another until every voxel belongs to one.
//!
//! Each voxel goes to the seed to which the cheapest way leads, where a step costs the change of value along it, plus
//! its length times a weight (V. Vezhnevets, V. Konouchine, "GrowCut", Graphicon 2005, in the shortest-path form of
//! L. Zhu et al., "An effective interactive medical image segmentation method using fast GrowCut", MICCAI 2014 workshop).
//! Of equally cheap ways the one to the seed named first counts. That makes the result unique: whole numbers, one least
//! cost a voxel, whatever the order of work. So blocks of voxels can be worked on in parallel, each until nothing in it
//! changes, and again when a neighbour has become cheaper.

use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Sample, ValueUnit, Volume, with_samples};
use rayon::prelude::*;

use crate::EditError;
use crate::limits::Editable;

/// Voxels along a block's side, and with the ring of neighbours around it.
const SIDE: usize = 32;
const RING: usize = SIDE + 2;
const ROW: usize = RING;
const SLICE: usize = RING * RING;
/// A voxel's key: the cost of its cheapest way, then which seed it leads to in the low bits.
const LABEL_BITS: u32 = 7;
const MOST_SEEDS: usize = 1 << LABEL_BITS;
/// Not reached. Steps from it come out dearer still, and nothing overflows.
const UNREACHED: i32 = 1 << 30;
/// Values are taken in at most this many steps.
const LEVELS: f64 = 4095.0;
/// What no way leads through.
const WALL: u16 = u16::MAX;
/// The dearest step, so that keys stay within 31 bits.
const DEAREST: i32 = 1 << 22;

/// How growing weighs a way.
#[derive(Clone, Copy, Debug)]
pub struct Growing {
    /// What a millimetre of way costs, in units of the volume's value.
    pub per_mm: f64,
    /// How far around the seeds' common box growing may reach; nothing for everywhere.
    pub margin: Option<Mm>,
}

/// What grows: a box of voxels, each `stride` voxels of the volume wide.
struct Field<'a> {
    volume: &'a Volume,
    seeds: &'a [&'a Mask],
    editable: &'a Editable<'a>,
    stride: usize,
    /// The first voxel of the box, in voxels of the volume.
    low: [usize; 3],
    /// Cells along i, j, k.
    size: [usize; 3],
    /// The least value, and steps a unit of value.
    least: f64,
    scale: f64,
    /// What a step along i, j, k costs beside the change of value, as a key.
    lengths: [i32; 3],
}

/// Grows the seeds over the volume. Gives what each has become, in their order.
pub(crate) fn grow(
    volume: &Volume,
    seeds: &[&Mask],
    editable: &Editable<'_>,
    how: Growing,
    progress: &Progress,
) -> Result<Vec<Mask>, EditError> {
    let Some(field) = Field::new(volume, seeds, editable, how, 1)? else {
        return Ok(seeds.iter().map(|&m| m.clone()).collect());
    };
    let grown = Blocks::run(&field, progress)?;
    let [nx, ny, nz] = field.size;
    let pick = |label: i32| {
        Mask::from_rows(volume.grid().clone(), |j, k, words| {
            if let (Some(j), Some(k)) = (j.checked_sub(field.low[1]), k.checked_sub(field.low[2]))
                && j < ny
                && k < nz
            {
                for i in 0..nx {
                    let at = field.low[0] + i;
                    words[at / 64] |= u64::from(grown.label([i, j, k]) == Some(label)) << (at % 64);
                }
            }
        })
    };
    Ok((0..seeds.len() as i32).map(pick).collect())
}

/// A quick look at what [`Tool::GrowFromSeeds`](fabrica_plan::Tool::GrowFromSeeds) will do: grown on every `stride`-th
/// voxel along each axis, and shown on the volume's grid in cubes of that size. The seeds are whole in it.
///
/// # Errors
/// As the tool itself.
pub fn grow_preview(
    volume: &Volume,
    seeds: &[&Mask],
    how: Growing,
    stride: usize,
    progress: &Progress,
) -> Result<Vec<Mask>, EditError> {
    let editable = Editable::new(&fabrica_plan::Limits::default(), |_| None, None);
    let Some(field) = Field::new(volume, seeds, &editable, how, stride.max(1))? else {
        return Ok(seeds.iter().map(|&m| m.clone()).collect());
    };
    let grown = Blocks::run(&field, progress)?;
    let end: [usize; 3] = std::array::from_fn(|a| field.low[a] + field.size[a] * field.stride);
    let pick = |label: usize| {
        Mask::from_rows(volume.grid().clone(), |j, k, words| {
            if j >= field.low[1] && k >= field.low[2] && j < end[1] && k < end[2] {
                for i in field.low[0]..volume.grid().dims()[0].min(end[0]) {
                    let cell = [i - field.low[0], j - field.low[1], k - field.low[2]].map(|c| c / field.stride);
                    words[i / 64] |= u64::from(grown.label(cell) == Some(label as i32)) << (i % 64);
                }
            }
            for (at, word) in words.iter_mut().enumerate() {
                // Where seeds overlap the first has it.
                let any = |masks: &[&Mask]| masks.iter().fold(0, |any, m| any | m.row(j, k)[at]);
                let own = seeds[label].row(j, k)[at] & !any(&seeds[..label]);
                *word = *word & !(any(seeds) & !own) | own;
            }
        })
    };
    Ok((0..seeds.len()).map(pick).collect())
}

impl<'a> Field<'a> {
    /// Nothing when no seed holds a voxel.
    fn new(
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
            let cost =
                (how.per_mm * s * stride as f64 * scale + 0.5).floor().min(f64::from(DEAREST >> LABEL_BITS) / 2.0);
            // At least 1: on an even path nearer seeds win, and keys grow with every step.
            (cost as i32).max(1) << LABEL_BITS
        });
        let size = std::array::from_fn(|a| (high[a] - low[a]).div_ceil(stride));
        Ok(Some(Self { volume, seeds, editable, stride, low, size, least, scale, lengths }))
    }

    fn blocks(&self) -> [usize; 3] {
        self.size.map(|n| n.div_ceil(SIDE))
    }

    /// The voxel that stands for a cell.
    fn voxel(&self, cell: [usize; 3]) -> [usize; 3] {
        let dims = self.volume.grid().dims();
        std::array::from_fn(|a| (self.low[a] + cell[a] * self.stride + self.stride / 2).min(dims[a] - 1))
    }

    /// The values around a block, its ring included; walls where nothing was measured and beyond the box.
    fn values(&self, block: [usize; 3], values: &mut [u16]) {
        values.fill(WALL);
        let grid = self.volume.grid();
        let padding = self.volume.padding.as_ref();
        with_samples!(self.volume.samples().view(), |s| self.for_each_row(block, |at, start, count, [j, k]| {
            for n in 0..count {
                let [i, j, k] = self.voxel([start + n, j, k]);
                let value = s[grid.index(i, j, k)].to_f64();
                if value.is_finite() && !padding.is_some_and(|p| p.contains(&value)) {
                    values[at + n] = ((value - self.least) * self.scale).clamp(0.0, LEVELS) as u16;
                }
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
    fn seed(&self, block: [usize; 3]) -> Option<Vec<i32>> {
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

/// A block at work. Its keys are made when it is first reached.
#[derive(Default)]
struct Block {
    keys: Vec<i32>,
    active: bool,
}

/// All blocks, those with an even sum of indices apart from those with an odd one: a block's neighbours are all of the
/// other kind, so one kind is worked on while the other is only read.
struct Blocks {
    count: [usize; 3],
    kinds: [Vec<Block>; 2],
}

impl Blocks {
    fn place(count: [usize; 3], [a, b, c]: [usize; 3]) -> (usize, usize) {
        ((a + b + c) % 2, (a + count[0] * (b + count[1] * c)) / 2)
    }

    /// The block at a place; with odd numbers of blocks along i or j two of one kind may share `index / 2`, so blocks
    /// are listed row by row with the rows padded to even length.
    fn run(field: &Field<'_>, progress: &Progress) -> Result<Self, EditError> {
        let real = field.blocks();
        let count = [real[0].next_multiple_of(2), real[1], real[2]];
        let halves = count.iter().product::<usize>() / 2;
        let make = || (0..halves).map(|_| Block::default()).collect::<Vec<_>>();
        let mut this = Self { count, kinds: [make(), make()] };
        let places: Vec<[usize; 3]> =
            (0..real[2]).flat_map(|c| (0..real[1]).flat_map(move |b| (0..real[0]).map(move |a| [a, b, c]))).collect();
        let seeded: Vec<_> = places.par_iter().filter_map(|&at| Some((at, field.seed(at)?))).collect();
        for (at, keys) in seeded {
            let (kind, index) = Self::place(count, at);
            this.kinds[kind][index] = Block { keys, active: true };
            // What lies around a seeded block is reached from it.
            for (_, near) in neighbours(at, real) {
                let (kind, index) = Self::place(count, near);
                this.kinds[kind][index].active = true;
            }
        }
        let whole = places.len();
        let mut kind = 0;
        let mut idle = 0;
        let mut reached = 0;
        while idle < 2 {
            progress.check()?;
            let (even, odd) = this.kinds.split_at_mut(1);
            let (mine, theirs) = if kind == 0 { (&mut even[0], &odd[0]) } else { (&mut odd[0], &even[0]) };
            let woken: Vec<[usize; 3]> = mine
                .par_iter_mut()
                .enumerate()
                .filter(|(_, block)| block.active)
                .flat_map_iter(|(index, block)| {
                    block.active = false;
                    let at = position(count, kind, index);
                    let changed = if at[0] < real[0] { work(field, real, at, block, theirs, count) } else { 0 };
                    neighbours(at, real).filter(move |(face, _)| changed >> face & 1 == 1).map(|(_, near)| near)
                })
                .collect();
            idle = if woken.is_empty() { idle + 1 } else { 0 };
            for at in woken {
                let (other, index) = Self::place(count, at);
                this.kinds[other][index].active = true;
                reached += 1;
            }
            progress.set(1.0 - 1.0 / (1.0 + reached as f32 / whole as f32));
            kind = 1 - kind;
        }
        Ok(this)
    }

    fn label(&self, cell: [usize; 3]) -> Option<i32> {
        let (kind, index) = Self::place(self.count, cell.map(|c| c / SIDE));
        let [i, j, k] = cell.map(|c| c % SIDE);
        let key = *self.kinds[kind][index].keys.get(i + SIDE * (j + SIDE * k))?;
        (key < UNREACHED).then_some(key & (MOST_SEEDS as i32 - 1))
    }
}

/// The block of a kind at an index: the inverse of [`Blocks::place`] for an even number of blocks along i.
fn position(count: [usize; 3], kind: usize, index: usize) -> [usize; 3] {
    let pair = index * 2;
    let (b, c) = (pair / count[0] % count[1], pair / count[0] / count[1]);
    [pair % count[0] + (kind + b + c) % 2, b, c]
}

/// The blocks at the six faces (0: low i, 1: high i, 2: low j …) that there are.
fn neighbours(at: [usize; 3], count: [usize; 3]) -> impl Iterator<Item = (usize, [usize; 3])> {
    (0..6).filter_map(move |face| {
        let mut near = at;
        near[face / 2] = if face % 2 == 0 { at[face / 2].checked_sub(1)? } else { at[face / 2] + 1 };
        (near[face / 2] < count[face / 2]).then_some((face, near))
    })
}

/// Lets everything in a block become as cheap as it can, given what lies around it. Says at which faces it changed.
fn work(
    field: &Field<'_>,
    real: [usize; 3],
    at: [usize; 3],
    block: &mut Block,
    theirs: &[Block],
    count: [usize; 3],
) -> u8 {
    let mut values = vec![0u16; RING * SLICE];
    let mut keys = vec![UNREACHED; RING * SLICE];
    field.values(at, &mut values);
    for (n, row) in block.keys.chunks(SIDE).enumerate() {
        keys[inner(0, n % SIDE, n / SIDE)..][..SIDE].copy_from_slice(row);
    }
    for (face, near) in neighbours(at, real) {
        let other = &theirs[Blocks::place(count, near).1].keys;
        if !other.is_empty() {
            copy_face(face, other, &mut keys);
        }
    }
    // No way leads into a wall, and none out of it.
    let walls: Vec<i32> = values.iter().map(|&v| if v == WALL { UNREACHED } else { 0 }).collect();
    while sweep(&mut keys, &values, &walls, field.lengths) {}
    let mut changed = 0;
    if block.keys.is_empty() {
        block.keys = vec![UNREACHED; SIDE * SIDE * SIDE];
    }
    for (n, row) in block.keys.chunks_mut(SIDE).enumerate() {
        let (j, k) = (n % SIDE, n / SIDE);
        let new = &keys[inner(0, j, k)..][..SIDE];
        if row == new {
            continue;
        }
        changed |= u8::from(row[0] != new[0]) | u8::from(row[SIDE - 1] != new[SIDE - 1]) << 1;
        changed |= u8::from(j == 0) << 2 | u8::from(j == SIDE - 1) << 3;
        changed |= u8::from(k == 0) << 4 | u8::from(k == SIDE - 1) << 5;
        row.copy_from_slice(new);
    }
    changed
}

/// The index in the ring of a block's own cell.
#[inline]
fn inner(i: usize, j: usize, k: usize) -> usize {
    i + 1 + ROW * (j + 1) + SLICE * (k + 1)
}

/// Copies the cells of a neighbour that touch a face.
fn copy_face(face: usize, other: &[i32], keys: &mut [i32]) {
    let steps = [1, SIDE, SIDE * SIDE];
    let ring = [1, ROW, SLICE];
    let axis = face / 2;
    let (u, v) = ([1, 0, 0][axis], [2, 2, 1][axis]);
    let (from, to) = if face.is_multiple_of(2) { ((SIDE - 1) * steps[axis], 0) } else { (0, (SIDE + 1) * ring[axis]) };
    for b in 0..SIDE {
        for a in 0..SIDE {
            keys[to + ring[u] * (a + 1) + ring[v] * (b + 1)] = other[from + steps[u] * a + steps[v] * b];
        }
    }
}

/// One pass along each axis both ways. Whether anything became cheaper.
fn sweep(keys: &mut [i32], values: &[u16], walls: &[i32], lengths: [i32; 3]) -> bool {
    let mut changed = false;
    for (step, length) in [(SLICE, lengths[2]), (ROW, lengths[1])] {
        for down in [false, true] {
            for outer in 0..SIDE {
                for middle in 0..SIDE {
                    let outer = if down { SIDE - 1 - outer } else { outer };
                    let at = if step == SLICE { inner(0, middle, outer) } else { inner(0, outer, middle) };
                    let from = if down { at + step } else { at - step };
                    changed |= relax_row(keys, values, walls, at, from, length);
                }
            }
        }
    }
    for k in 0..SIDE {
        for j in 0..SIDE {
            let at = inner(0, j, k);
            changed |=
                relax_along(&mut keys[at - 1..][..RING], &values[at - 1..][..RING], &walls[at - 1..], lengths[0]);
        }
    }
    changed
}

/// Steps from a row to the one beside it.
#[inline]
fn relax_row(keys: &mut [i32], values: &[u16], walls: &[i32], at: usize, from: usize, length: i32) -> bool {
    let mut source = [0i32; SIDE];
    source.copy_from_slice(&keys[from..][..SIDE]);
    let (here, there) = (&values[at..][..SIDE], &values[from..][..SIDE]);
    let walls = &walls[at..][..SIDE];
    let mut cheaper = 0;
    for (n, key) in keys[at..][..SIDE].iter_mut().enumerate() {
        let step = (i32::from(here[n].abs_diff(there[n]) & 0xfff) << LABEL_BITS) + length;
        let new = (source[n] + step) | walls[n];
        let least = new.min(*key);
        cheaper |= least ^ *key;
        *key = least;
    }
    cheaper != 0
}

/// Steps along a row, both ways; the slices hold the cells before and after it too.
#[inline]
fn relax_along(keys: &mut [i32], values: &[u16], walls: &[i32], length: i32) -> bool {
    let step = |a: u16, b: u16| (i32::from(a.abs_diff(b) & 0xfff) << LABEL_BITS) + length;
    let mut cheaper = 0;
    let mut last = keys[0];
    for n in 1..=SIDE {
        let new = (last + step(values[n], values[n - 1])) | walls[n];
        let least = new.min(keys[n]);
        cheaper |= least ^ keys[n];
        keys[n] = least;
        last = least;
    }
    let mut last = keys[SIDE + 1];
    for n in (1..=SIDE).rev() {
        let new = (last + step(values[n], values[n + 1])) | walls[n];
        let least = new.min(keys[n]);
        cheaper |= least ^ keys[n];
        keys[n] = least;
        last = least;
    }
    cheaper != 0
}
