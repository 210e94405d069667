//! Cells in the order of their costs: R. B. Dial, "Algorithm 360: shortest-path forest with topological ordering",
//! Communications of the ACM 12 (1969). A bucket a cost, used again and again as costs grow.

/// No entry.
const NONE: u32 = u32::MAX;

/// The queue. No cell in it costs more than the cheapest plus what one step can cost.
pub(super) struct Queue {
    /// The first entry of each bucket.
    heads: Vec<u32>,
    /// A bit a bucket: whether anything is in it.
    filled: Vec<u64>,
    /// Cells, and the next entry of the same bucket.
    entries: Vec<(u16, u32)>,
    mask: usize,
}

impl Queue {
    /// For steps that cost up to `dearest`.
    pub(super) fn new(dearest: i32) -> Self {
        let buckets = (dearest.max(0) as usize + 2).next_power_of_two().max(64);
        Self { heads: vec![NONE; buckets], filled: vec![0; buckets / 64], entries: Vec::new(), mask: buckets - 1 }
    }

    /// Empties it.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        for (word, heads) in self.filled.iter_mut().zip(self.heads.chunks_exact_mut(64)).filter(|(word, _)| **word != 0)
        {
            *word = 0;
            heads.fill(NONE);
        }
    }

    /// Puts a cell in.
    #[inline]
    pub(super) fn push(&mut self, cost: i32, cell: u16) {
        let bucket = cost as usize & self.mask;
        self.entries.push((cell, self.heads[bucket]));
        self.heads[bucket] = self.entries.len() as u32 - 1;
        self.filled[bucket / 64] |= 1 << (bucket % 64);
    }

    /// The least cost in it, `from` or more; entries that were taken out are forgotten when there is none.
    pub(super) fn least(&mut self, from: i32) -> Option<i32> {
        let start = from as usize & self.mask;
        let words = self.filled.len();
        let first = self.filled[start / 64] >> (start % 64);
        if first != 0 {
            return Some(from + first.trailing_zeros() as i32);
        }
        let base = from - (start % 64) as i32;
        // The last of these is the first word again: the buckets before the start.
        let found = (1..=words).find_map(|n| {
            let word = self.filled[(start / 64 + n) % words];
            (word != 0).then(|| base + 64 * n as i32 + word.trailing_zeros() as i32)
        });
        if found.is_none() {
            self.entries.clear();
        }
        found
    }

    /// Takes out a bucket: its first entry, to be followed by [`Self::entry`].
    pub(super) fn take(&mut self, cost: i32) -> Option<u32> {
        let bucket = cost as usize & self.mask;
        self.filled[bucket / 64] &= !(1 << (bucket % 64));
        let head = std::mem::replace(&mut self.heads[bucket], NONE);
        (head != NONE).then_some(head)
    }

    /// A cell, and the next entry of its bucket.
    #[inline]
    pub(super) fn entry(&self, entry: u32) -> (u16, Option<u32>) {
        let (cell, next) = self.entries[entry as usize];
        (cell, (next != NONE).then_some(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_come_in_order_round_and_round() {
        let mut queue = Queue::new(100);
        let (mut at, mut seen) = (5, Vec::new());
        queue.push(5, 1);
        while let Some(cost) = queue.least(at) {
            at = cost;
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
    }
}
