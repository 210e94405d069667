//! A block of cells: what is offered to it goes out in it, the cheapest first, up to a limit of cost.

use super::field::{Field, WALL};
use super::queue::Queue;
use super::{LABEL_BITS, UNREACHED};

/// Cells along a block's side, and with the ring of neighbours around it.
pub(super) const SIDE: usize = 32;
pub(super) const RING: usize = SIDE + 2;
pub(super) const ROW: usize = RING;
pub(super) const SLICE: usize = RING * RING;
const CELLS: usize = SIDE * SIDE * SIDE;
/// No way leads to it, and none from it: walls.
const CLOSED: i32 = i32::MIN;
/// A cell of the ring: what reaches it is for the block that it belongs to.
const BEYOND: i32 = UNREACHED + 1;

/// A key, and the cell in the ring of the block that it is for.
pub(super) type Offer = (i32, u16);

/// A block. Its keys are made when it is first reached.
pub(super) struct Block {
    /// The key of each cell, i fastest. Empty before it is reached.
    pub(super) keys: Vec<i32>,
    /// It holds seeds from which nothing has gone out yet.
    fresh: bool,
    /// No key that waits in it is cheaper; [`UNREACHED`] while there is nothing to do.
    pub(super) offered: i32,
    /// What neighbours offer.
    pub(super) inbox: Vec<Vec<Offer>>,
    /// Cells of its own from which nothing has gone out yet, the cheapest first.
    pending: Vec<Offer>,
    /// The values around it, kept while cells wait: they lie far apart in the volume.
    values: Vec<u16>,
}

impl Default for Block {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            fresh: false,
            offered: UNREACHED,
            inbox: Vec::new(),
            pending: Vec::new(),
            values: Vec::new(),
        }
    }
}

impl Block {
    /// A block that holds seeds.
    pub(super) fn seeded(keys: Vec<i32>) -> Self {
        Self { keys, fresh: true, offered: 0, ..Self::default() }
    }
}

/// What a thread works in: a block with the ring of cells around it.
pub(super) struct Bench {
    keys: Vec<i32>,
    queue: Queue,
}

impl Bench {
    /// For keys that lie at most `ahead` and a step apart.
    pub(super) fn new(field: &Field<'_>, ahead: i32) -> Self {
        Self { keys: vec![CLOSED; RING * SLICE], queue: Queue::new(field.dearest() + (ahead >> LABEL_BITS)) }
    }

    /// Works on the block at a place: from all cells that cost no more than the limit the ways go on. Gives what reaches the
    /// block at each face (0: low i, 1: high i, 2: low j …).
    pub(super) fn work(&mut self, field: &Field<'_>, at: [usize; 3], block: &mut Block, limit: i32) -> [Vec<Offer>; 6] {
        if block.values.is_empty() {
            block.values = vec![WALL; RING * SLICE];
            field.values(at, &mut block.values);
        }
        self.take_in(block);
        self.receive(block);
        let offers = self.settle(&block.values, field.lengths, limit >> LABEL_BITS);
        let keys = &self.keys;
        self.queue.drain(|cost, cell| {
            let key = keys[usize::from(cell)];
            // Otherwise it has become cheaper since, and was left then.
            if key >> LABEL_BITS == cost {
                block.pending.push((key, cell));
            }
        });
        block.offered = block.pending.first().map_or(UNREACHED, |(key, _)| key >> LABEL_BITS << LABEL_BITS);
        if block.pending.is_empty() {
            block.values = Vec::new();
        }
        self.give_back(block);
        offers
    }

    fn take_in(&mut self, block: &mut Block) {
        for (key, value) in self.keys.iter_mut().zip(&block.values) {
            *key = if *value == WALL { CLOSED } else { BEYOND };
        }
        for n in 0..SIDE * SIDE {
            let start = inner(0, n % SIDE, n / SIDE);
            let open = self.keys[start..][..SIDE].iter_mut().enumerate().filter(|(_, key)| **key != CLOSED);
            let known = block.keys.get(n * SIDE..(n + 1) * SIDE);
            for (i, key) in open {
                *key = known.map_or(UNREACHED, |known| known[i]);
                if block.fresh && *key < UNREACHED {
                    self.queue.push(*key >> LABEL_BITS, (start + i) as u16);
                }
            }
        }
        block.fresh = false;
    }

    /// Puts into the queue what waits and what neighbours offer.
    fn receive(&mut self, block: &mut Block) {
        for (key, cell) in block.pending.drain(..) {
            self.queue.push(key >> LABEL_BITS, cell);
        }
        for (key, cell) in block.inbox.drain(..).flatten() {
            let known = &mut self.keys[usize::from(cell)];
            if key < *known {
                *known = key;
                self.queue.push(key >> LABEL_BITS, cell);
            }
        }
    }

    /// Goes out from the cells in the queue, the cheapest first, so that each is left once, as far as the limit.
    fn settle(&mut self, values: &[u16], lengths: [i32; 3], limit: i32) -> [Vec<Offer>; 6] {
        let Self { keys, queue } = self;
        let mut offers: [Vec<Offer>; 6] = Default::default();
        while let Some(cost) = queue.least().filter(|cost| *cost <= limit) {
            let mut next = queue.take(cost);
            while let Some(entry) = next {
                let (cell, more) = queue.entry(entry);
                next = more;
                let from = usize::from(cell);
                let (key, value) = (keys[from], values[from]);
                // It has become cheaper since, and was left then.
                if key >> LABEL_BITS != cost {
                    continue;
                }
                for (axis, (stride, length)) in [1, ROW, SLICE].into_iter().zip(lengths).enumerate() {
                    for (side, to) in [from - stride, from + stride].into_iter().enumerate() {
                        let new = key + step(value, values[to], length);
                        if new >= keys[to] {
                            continue;
                        }
                        if keys[to] == BEYOND {
                            // The neighbour has the cell at its other side.
                            let there = if side == 0 { to + SIDE * stride } else { to - SIDE * stride };
                            offers[2 * axis + side].push((new, there as u16));
                        } else {
                            keys[to] = new;
                            queue.push(new >> LABEL_BITS, to as u16);
                        }
                    }
                }
            }
        }
        offers
    }

    fn give_back(&self, block: &mut Block) {
        block.keys.resize(CELLS, UNREACHED);
        for (n, row) in block.keys.chunks_exact_mut(SIDE).enumerate() {
            let settled = &self.keys[inner(0, n % SIDE, n / SIDE)..][..SIDE];
            for (key, settled) in row.iter_mut().zip(settled) {
                // A wall keeps what it has: nothing, or the seed that lies in it.
                if *settled != CLOSED {
                    *key = *settled;
                }
            }
        }
    }
}

/// What a step costs, as a key.
#[inline]
fn step(a: u16, b: u16, length: i32) -> i32 {
    (i32::from(a.abs_diff(b)) << LABEL_BITS) + length
}

/// The index in the ring of a block's own cell.
#[inline]
fn inner(i: usize, j: usize, k: usize) -> usize {
    i + 1 + ROW * (j + 1) + SLICE * (k + 1)
}
