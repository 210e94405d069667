//! A block of cells: everything in it becomes as cheap as what lies around it allows.

use super::field::{Field, WALL};
use super::queue::Queue;
use super::{LABEL_BITS, UNREACHED};

/// Cells along a block's side, and with the ring of neighbours around it.
pub(super) const SIDE: usize = 32;
pub(super) const RING: usize = SIDE + 2;
pub(super) const ROW: usize = RING;
pub(super) const SLICE: usize = RING * RING;
const CELLS: usize = SIDE * SIDE * SIDE;
/// No way leads to it, and none from it: walls, and the ring.
const CLOSED: i32 = i32::MIN;

/// A block. Its keys are made when it is first reached.
pub(super) struct Block {
    /// The key of each cell, i fastest. Empty before it is reached.
    pub(super) keys: Vec<i32>,
    /// It holds seeds from which nothing has gone out yet.
    pub(super) fresh: bool,
    /// The cheapest key that is offered to it; [`UNREACHED`] while there is nothing to do.
    pub(super) offered: i32,
}

impl Default for Block {
    fn default() -> Self {
        Self { keys: Vec::new(), fresh: false, offered: UNREACHED }
    }
}

/// What a thread works in: a block with the ring of cells around it.
pub(super) struct Bench {
    values: Vec<u16>,
    keys: Vec<i32>,
    queue: Queue,
    /// Keys that did not come from within the block, and where.
    sources: Vec<(i32, u16)>,
}

impl Bench {
    pub(super) fn new(field: &Field<'_>) -> Self {
        Self {
            values: vec![WALL; RING * SLICE],
            keys: vec![CLOSED; RING * SLICE],
            queue: Queue::new(field.dearest()),
            sources: Vec::new(),
        }
    }

    /// Works on the block at a place. `near` gives the keys of the block at a face (0: low i, 1: high i, 2: low j …), empty
    /// before it is reached, or nothing where there is none. Says what the block can offer to each of them that is cheaper
    /// than what that has: the cheapest key, or [`UNREACHED`].
    pub(super) fn work<'a>(
        &mut self,
        field: &Field<'_>,
        at: [usize; 3],
        block: &mut Block,
        near: impl Fn(usize) -> Option<&'a [i32]>,
    ) -> [i32; 6] {
        field.values(at, &mut self.values);
        self.take_in(block);
        for face in 0..6 {
            if let Some(keys) = near(face).filter(|keys| !keys.is_empty()) {
                self.ask(face, keys, field.lengths[face / 2]);
            }
        }
        self.settle(field.lengths);
        self.give_back(block);
        std::array::from_fn(|face| match near(face) {
            Some(keys) => self.offer(face, keys, field.lengths[face / 2]),
            None => UNREACHED,
        })
    }

    fn take_in(&mut self, block: &mut Block) {
        self.sources.clear();
        for n in 0..SIDE * SIDE {
            let start = inner(0, n % SIDE, n / SIDE);
            let values = &self.values[start..][..SIDE];
            let row = &mut self.keys[start..][..SIDE];
            match block.keys.chunks_exact(SIDE).nth(n) {
                Some(known) => row.copy_from_slice(known),
                None => row.fill(UNREACHED),
            }
            if block.fresh {
                let seeds = row.iter().zip(values).enumerate().filter(|(_, (key, v))| **key < UNREACHED && **v != WALL);
                self.sources.extend(seeds.map(|(i, (key, _))| (*key, (start + i) as u16)));
            }
            for (key, value) in row.iter_mut().zip(values) {
                if *value == WALL {
                    *key = CLOSED;
                }
            }
        }
        block.fresh = false;
    }

    /// Takes what a neighbour's cells offer.
    fn ask(&mut self, face: usize, theirs: &[i32], length: i32) {
        for_each_pair(face, |ours, ring, their| {
            let (value, key) = (self.values[ring], theirs[their]);
            if key < UNREACHED && value != WALL {
                let new = key + step(value, self.values[ours], length);
                if new < self.keys[ours] {
                    self.keys[ours] = new;
                    self.sources.push((new, ours as u16));
                }
            }
        });
    }

    /// The cheapest key that a neighbour does not have yet.
    fn offer(&self, face: usize, theirs: &[i32], length: i32) -> i32 {
        let mut least = UNREACHED;
        for_each_pair(face, |ours, ring, their| {
            let (value, key) = (self.values[ring], self.keys[ours]);
            if (0..UNREACHED).contains(&key) && value != WALL {
                let new = key + step(value, self.values[ours], length);
                if new < theirs.get(their).copied().unwrap_or(UNREACHED) {
                    least = least.min(new);
                }
            }
        });
        least
    }

    /// Goes out from the sources, cheapest first, so that each cell is left once.
    fn settle(&mut self, lengths: [i32; 3]) {
        let Self { values, keys, queue, sources, .. } = self;
        sources.sort_unstable();
        queue.clear();
        let mut waiting = sources.iter().peekable();
        let mut at = 0;
        loop {
            let source = waiting.peek().map(|(key, _)| key >> LABEL_BITS);
            let Some(cost) = queue.least(at).into_iter().chain(source).min() else { return };
            at = cost;
            while let Some((_, cell)) = waiting.next_if(|(key, _)| key >> LABEL_BITS == cost) {
                queue.push(cost, *cell);
            }
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
                for (stride, length) in [1, ROW, SLICE].into_iter().zip(lengths) {
                    for to in [from - stride, from + stride] {
                        let new = key + step(value, values[to], length);
                        if new < keys[to] {
                            keys[to] = new;
                            queue.push(new >> LABEL_BITS, to as u16);
                        }
                    }
                }
            }
        }
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

/// Calls `see(own cell, cell of the ring before it, the neighbour's index of that)` for the cells at a face.
#[inline]
fn for_each_pair(face: usize, mut see: impl FnMut(usize, usize, usize)) {
    let (steps, ring) = ([1, SIDE, SIDE * SIDE], [1, ROW, SLICE]);
    let axis = face / 2;
    let (u, v) = ([1, 0, 0][axis], [2, 2, 1][axis]);
    let (ours, before, theirs) = if face.is_multiple_of(2) { (1, 0, SIDE - 1) } else { (SIDE, SIDE + 1, 0) };
    for b in 0..SIDE {
        for a in 0..SIDE {
            let along = ring[u] * (a + 1) + ring[v] * (b + 1);
            let their = theirs * steps[axis] + steps[u] * a + steps[v] * b;
            see(ours * ring[axis] + along, before * ring[axis] + along, their);
        }
    }
}
