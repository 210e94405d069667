//! All blocks, worked on in parallel, those first that are offered the cheapest.

use fabrica_progress::Progress;
use rayon::prelude::*;

use super::block::{Bench, Block, Offer, SIDE};
use super::field::Field;
use super::{LABEL_BITS, MOST_SEEDS, UNREACHED};
use crate::EditError;

/// Blocks go on as far as this beyond the cheapest that waits anywhere: what they did beyond it might have to be done again, as
/// a neighbour may offer something cheaper. Less, and they are worked on more often; a thousand does each cell 1.1 times.
const AHEAD: i32 = 1024 << LABEL_BITS;

/// All blocks, those with an even sum of indices apart from those with an odd one: a block's neighbours are all of the
/// other kind, so one kind is worked on while the other is only read.
pub(super) struct Blocks {
    count: [usize; 3],
    kinds: [Vec<Block>; 2],
}

impl Blocks {
    /// A block's kind and its index among those. Two of one kind have different indices where the number along i is even.
    fn place(count: [usize; 3], [a, b, c]: [usize; 3]) -> (usize, usize) {
        ((a + b + c) % 2, (a + count[0] * (b + count[1] * c)) / 2)
    }

    /// Grows until nothing becomes cheaper.
    pub(super) fn run(field: &Field<'_>, progress: &Progress) -> Result<Self, EditError> {
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
            this.kinds[kind][index] = Block::seeded(keys);
        }
        let mut kind = 0;
        let mut worked = 0;
        while let Some(cheapest) = this.kinds.iter().flatten().map(|b| b.offered).min().filter(|o| *o < UNREACHED) {
            progress.check()?;
            worked += this.work_on(kind, cheapest + AHEAD, field, real);
            progress.set(1.0 - 1.0 / (1.0 + worked as f32 / places.len() as f32));
            kind = 1 - kind;
        }
        Ok(this)
    }

    /// Works on the blocks of a kind that are offered something this cheap. Says how many.
    fn work_on(&mut self, kind: usize, limit: i32, field: &Field<'_>, real: [usize; 3]) -> usize {
        let count = self.count;
        let (even, odd) = self.kinds.split_at_mut(1);
        let (mine, theirs) = if kind == 0 { (&mut even[0], &mut odd[0]) } else { (&mut odd[0], &mut even[0]) };
        let worked: Vec<([usize; 3], [Vec<Offer>; 6])> = mine
            .par_iter_mut()
            .enumerate()
            .filter(|(_, block)| block.offered < UNREACHED && block.offered <= limit)
            .map_init(
                || Bench::new(field, AHEAD),
                |bench, (index, block)| {
                    let at = position(count, kind, index);
                    (at, bench.work(field, at, block, limit))
                },
            )
            .collect();
        let blocks = worked.len();
        for (at, offers) in worked {
            for (face, offers) in offers.into_iter().enumerate() {
                let least = offers.iter().map(|(key, _)| *key).min();
                if let (Some(near), Some(least)) = (neighbour(at, face, real), least) {
                    let block = &mut theirs[Self::place(count, near).1];
                    block.offered = block.offered.min(least);
                    block.inbox.push(offers);
                }
            }
        }
        blocks
    }

    /// The cells of a block's row whose cheapest way leads to the seed of this label, a bit each, the first the lowest.
    pub(super) fn row(&self, block: usize, [j, k]: [usize; 2], label: i32) -> u32 {
        let (kind, index) = Self::place(self.count, [block, j / SIDE, k / SIDE]);
        let start = SIDE * (j % SIDE + SIDE * (k % SIDE));
        let keys = self.kinds[kind].get(index).and_then(|b| b.keys.get(start..start + SIDE)).unwrap_or_default();
        let leads = |key: i32| key < UNREACHED && key & (MOST_SEEDS as i32 - 1) == label;
        keys.iter().enumerate().fold(0, |bits, (i, key)| bits | u32::from(leads(*key)) << i)
    }

    /// The label of the seed to which a cell's cheapest way leads; nothing where no way leads to one.
    pub(super) fn label(&self, cell: [usize; 3]) -> Option<i32> {
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

/// The block at a face (0: low i, 1: high i, 2: low j …), if there is one.
fn neighbour(at: [usize; 3], face: usize, count: [usize; 3]) -> Option<[usize; 3]> {
    let mut near = at;
    near[face / 2] = if face.is_multiple_of(2) { at[face / 2].checked_sub(1)? } else { at[face / 2] + 1 };
    (near[face / 2] < count[face / 2]).then_some(near)
}
