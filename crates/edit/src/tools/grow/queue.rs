//! Cells in the order of their costs: R. B. Dial, "Algorithm 360: shortest-path forest with topological ordering",
//! Communications of the ACM 12 (1969). A bucket a cost, used again and again as costs grow.

/// No entry.
const NONE: u32 = u32::MAX;

/// The queue. All costs in it lie within a range that it was made for.
pub(super) struct Queue {
    /// The first entry of each bucket.
    heads: Vec<u32>,
    /// A bit a bucket: whether anything is in it.
    filled: Vec<u64>,
    /// Cells, and the next entry of the same bucket; or, of entries that were taken out, the next such one.
    entries: Vec<(u16, u32)>,
    /// The first entry that was taken out: its place is taken again, so that the entries stay in the cache.
    free: u32,
    /// How many are in it, and a cost that none is below.
    count: usize,
    least: i32,
    mask: usize,
}

impl Queue {
    /// For costs that lie up to `range` apart.
    pub(super) fn new(range: i32) -> Self {
        let buckets = (range.max(0) as usize + 2).next_power_of_two().max(64);
        Self {
            heads: vec![NONE; buckets],
            filled: vec![0; buckets / 64],
            entries: Vec::new(),
            free: NONE,
            count: 0,
            least: 0,
            mask: buckets - 1,
        }
    }

    /// Puts a cell in.
    #[inline]
    pub(super) fn push(&mut self, cost: i32, cell: u16) {
        if self.count == 0 || cost < self.least {
            self.least = cost;
        }
        self.count += 1;
        let bucket = cost as usize & self.mask;
        let entry = (cell, self.heads[bucket]);
        if self.free == NONE {
            self.heads[bucket] = self.entries.len() as u32;
            self.entries.push(entry);
        } else {
            self.heads[bucket] = self.free;
            let place = &mut self.entries[self.free as usize];
            self.free = place.1;
            *place = entry;
        }
        self.filled[bucket / 64] |= 1 << (bucket % 64);
    }

    /// The least cost in it.
    pub(super) fn least(&mut self) -> Option<i32> {
        if self.count == 0 {
            return None;
        }
        let start = self.least as usize & self.mask;
        let words = self.filled.len();
        let first = self.filled[start / 64] >> (start % 64);
        if first != 0 {
            self.least += first.trailing_zeros() as i32;
            return Some(self.least);
        }
        let base = self.least - (start % 64) as i32;
        // The last of these is the first word again: the buckets before the start.
        let found = (1..=words).find_map(|n| {
            let word = self.filled[(start / 64 + n) % words];
            (word != 0).then(|| base + 64 * n as i32 + word.trailing_zeros() as i32)
        });
        self.least = found.unwrap_or(self.least);
        found
    }

    /// Takes out a bucket: its first entry, to be followed to the end by [`Self::entry`].
    pub(super) fn take(&mut self, cost: i32) -> Option<u32> {
        let bucket = cost as usize & self.mask;
        self.filled[bucket / 64] &= !(1 << (bucket % 64));
        let head = std::mem::replace(&mut self.heads[bucket], NONE);
        (head != NONE).then_some(head)
    }

    /// Takes out a cell; gives the next entry of its bucket too.
    #[inline]
    pub(super) fn entry(&mut self, entry: u32) -> (u16, Option<u32>) {
        let place = &mut self.entries[entry as usize];
        let (cell, next) = *place;
        place.1 = self.free;
        self.free = entry;
        self.count -= 1;
        (cell, (next != NONE).then_some(next))
    }

    /// Takes all out, the cheapest first.
    pub(super) fn drain(&mut self, mut see: impl FnMut(i32, u16)) {
        while let Some(cost) = self.least() {
            let mut next = self.take(cost);
            while let Some(entry) = next {
                let (cell, more) = self.entry(entry);
                next = more;
                see(cost, cell);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_come_in_order_round_and_round() {
        let mut queue = Queue::new(100);
        let mut seen = Vec::new();
        queue.push(5, 1);
        while let Some(cost) = queue.least() {
            let mut next = queue.take(cost);
            while let Some(entry) = next {
                let (cell, more) = queue.entry(entry);
                seen.push((cost, cell));
                next = more;
                if cell < 4 {
                    queue.push(cost + 100, cell + 1);
                    queue.push(cost + 63, 9);
                }
            }
        }
        assert_eq!(seen, [(5, 1), (68, 9), (105, 2), (168, 9), (205, 3), (268, 9), (305, 4)]);
        // Places are taken again, and what is emptied begins anew, lower too.
        assert_eq!(queue.entries.len(), 2);
        queue.push(30, 7);
        queue.push(12, 8);
        let mut drained = Vec::new();
        queue.drain(|cost, cell| drained.push((cost, cell)));
        assert_eq!((drained, queue.least()), (vec![(12, 8), (30, 7)], None));
    }
}
