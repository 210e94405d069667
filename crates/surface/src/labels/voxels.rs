//! Labels on a grid, and where they change, 64 at a time.

use rayon::prelude::*;

/// A type that labels come in.
pub trait Label: Copy + Default + Eq + Send + Sync + private::Sealed {
    /// The label as a number.
    fn number(self) -> u16;
}

mod private {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for u16 {}
}

impl Label for u8 {
    fn number(self) -> u16 {
        self.into()
    }
}

impl Label for u16 {
    fn number(self) -> u16 {
        self
    }
}

/// Labels in x-fastest order; beyond the grid is 0.
pub(super) struct Voxels<'a, L> {
    pub(super) labels: &'a [L],
    pub(super) dims: [usize; 3],
}

impl<L: Label> Voxels<'_, L> {
    /// The label at a voxel. Below 0 wraps to far beyond the grid.
    #[inline(always)]
    pub(super) fn at(&self, [i, j, k]: [usize; 3]) -> u16 {
        let [nx, ny, nz] = self.dims;
        if i < nx && j < ny && k < nz { self.labels[i + nx * (j + ny * k)].number() } else { 0 }
    }

    /// The labels at the corners of a cell: corner `x + 2 y + 4 z` is voxel (i - 1 + x, j - 1 + y, k - 1 + z).
    #[inline(always)]
    pub(super) fn corners(&self, [i, j, k]: [usize; 3]) -> [u16; 8] {
        let [nx, ny, nz] = self.dims;
        if (1..nx).contains(&i) && (1..ny).contains(&j) && (1..nz).contains(&k) {
            let first = i - 1 + nx * (j - 1 + ny * (k - 1));
            let at = |n: usize| self.labels[n].number();
            let (up, on) = (nx, nx * ny);
            return [
                at(first),
                at(first + 1),
                at(first + up),
                at(first + up + 1),
                at(first + on),
                at(first + on + 1),
                at(first + on + up),
                at(first + on + up + 1),
            ];
        }
        let low = [i, j, k].map(|n| n.wrapping_sub(1));
        std::array::from_fn(|c| self.at(std::array::from_fn(|a| low[a].wrapping_add(c >> a & 1))))
    }

    fn row(&self, j: usize, k: usize) -> Option<&[L]> {
        let [nx, ny, nz] = self.dims;
        (j < ny && k < nz).then(|| &self.labels[nx * (j + ny * k)..][..nx])
    }
}

/// Rows of bits.
pub(super) struct Bits {
    words: Vec<u64>,
    width: usize,
    rows: [usize; 2],
}

impl Bits {
    /// `rows[0] * rows[1]` rows of `width` words, each filled by `fill(j, k, words)`.
    pub(super) fn from_rows(width: usize, rows: [usize; 2], fill: impl Fn(usize, usize, &mut [u64]) + Sync) -> Self {
        let mut words = vec![0; width * rows[0] * rows[1]];
        words.par_chunks_mut(width * rows[0]).enumerate().for_each(|(k, slice)| {
            slice.chunks_mut(width).enumerate().for_each(|(j, row)| fill(j, k, row));
        });
        Self { words, width, rows }
    }

    /// A row; empty beyond the last.
    #[inline(always)]
    pub(super) fn row(&self, j: usize, k: usize) -> &[u64] {
        if j < self.rows[0] && k < self.rows[1] {
            &self.words[self.width * (j + self.rows[0] * k)..][..self.width]
        } else {
            &[]
        }
    }
}

/// Bits of which each that is set has a number, in order.
pub(super) struct Ranked {
    bits: Bits,
    /// How many are set before each word.
    before: Vec<u32>,
    count: usize,
}

impl Ranked {
    pub(super) fn new(bits: Bits) -> Self {
        let mut count = 0usize;
        let before = bits
            .words
            .iter()
            .map(|word| {
                let before = count as u32;
                count += word.count_ones() as usize;
                before
            })
            .collect();
        Self { bits, before, count }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn row(&self, j: usize, k: usize) -> &[u64] {
        self.bits.row(j, k)
    }

    /// The number of a bit that is set.
    #[inline(always)]
    pub(super) fn number(&self, at: [usize; 3]) -> u32 {
        let (word, bit) = self.place(at);
        self.before[word] + (self.bits.words[word] & ((1 << bit) - 1)).count_ones()
    }

    #[inline(always)]
    pub(super) fn has(&self, at: [usize; 3]) -> bool {
        let (word, bit) = self.place(at);
        self.bits.words[word] >> bit & 1 == 1
    }

    #[inline(always)]
    fn place(&self, [i, j, k]: [usize; 3]) -> (usize, usize) {
        (self.bits.width * (j + self.bits.rows[0] * k) + i / 64, i % 64)
    }

    /// Where the set bits are, in the order of their numbers.
    pub(super) fn places(&self) -> impl Iterator<Item = [usize; 3]> + '_ {
        let (width, rows) = (self.bits.width, self.bits.rows[0]);
        self.bits.words.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(move |(at, &word)| {
            let (row, first) = (at / width, at % width * 64);
            ones(word).map(move |bit| [first + bit, row % rows, row / rows])
        })
    }
}

/// The bits that are set in a word, the lowest first.
#[inline(always)]
pub(super) fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let bit = word.trailing_zeros() as usize;
            word &= word - 1;
            bit
        })
    })
}

/// A word of a row; 0 beyond its end.
#[inline(always)]
pub(super) fn word(row: &[u64], at: usize) -> u64 {
    row.get(at).copied().unwrap_or(0)
}

/// Whether the label changes between a voxel and the one before it: bit i of row (j, k) of `along[axis]` stands for voxel
/// (i, j, k) and the one before it along that axis. There is one more along the axis than voxels.
pub(super) struct Changes {
    pub(super) along: [Bits; 3],
}

impl Changes {
    pub(super) fn new<L: Label>(voxels: &Voxels<'_, L>) -> Self {
        let [nx, ny, nz] = voxels.dims;
        let width = nx / 64 + 1;
        let nothing = vec![L::default(); nx];
        let row = |j: usize, k: usize| voxels.row(j, k).unwrap_or(&nothing);
        let x = Bits::from_rows(width, [ny, nz], |j, k, words| {
            let mut padded = vec![L::default(); nx + 2];
            padded[1..=nx].copy_from_slice(row(j, k));
            differ(&padded[..=nx], &padded[1..], words);
        });
        let y = Bits::from_rows(width, [ny + 1, nz], |j, k, words| differ(row(j.wrapping_sub(1), k), row(j, k), words));
        let z = Bits::from_rows(width, [ny, nz + 1], |j, k, words| differ(row(j, k.wrapping_sub(1)), row(j, k), words));
        Self { along: [x, y, z] }
    }

    /// The cells that a border passes through: cell (i, j, k) lies between voxels i - 1 and i, and so on.
    pub(super) fn cells(&self, dims: [usize; 3]) -> Bits {
        let [nx, ny, nz] = dims;
        Bits::from_rows(nx / 64 + 1, [ny + 1, nz + 1], |j, k, words| {
            let (before, below) = (j.wrapping_sub(1), k.wrapping_sub(1));
            let [x, y, z] = &self.along;
            let straight = [x.row(before, below), x.row(j, below), x.row(before, k), x.row(j, k)];
            // Those across are corners of this cell and of the next.
            let across = [y.row(j, below), y.row(j, k), z.row(before, k), z.row(j, k)];
            let mut carry = 0;
            for (at, to) in words.iter_mut().enumerate() {
                let here = across.iter().fold(0, |all, row| all | word(row, at));
                *to = straight.iter().fold(here | here << 1 | carry, |all, row| all | word(row, at));
                carry = here >> 63;
            }
        })
    }
}

/// Sets a bit for each place where two rows differ.
fn differ<L: Label>(a: &[L], b: &[L], words: &mut [u64]) {
    for ((a, b), word) in a.chunks(64).zip(b.chunks(64)).zip(words) {
        let mut bytes = [0u8; 64];
        for ((byte, a), b) in bytes.iter_mut().zip(a).zip(b) {
            *byte = u8::from(a != b);
        }
        *word = bytes.as_chunks::<8>().0.iter().rev().fold(0, |word, eight| {
            // The product gathers the eight lowest bits in the top byte.
            word << 8 | u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_one_voxel_are_its_six_faces_and_its_cells_the_eight_around() {
        let mut labels = vec![0u8; 70 * 3 * 3];
        labels[66 + 70 * (1 + 3)] = 7;
        let voxels = Voxels { labels: &labels, dims: [70, 3, 3] };
        let changes = Changes::new(&voxels);
        let set = |bits: &Bits| bits.words.iter().map(|w| w.count_ones()).sum::<u32>();
        assert_eq!([0, 1, 2].map(|a| set(&changes.along[a])), [2; 3]);
        assert_eq!(changes.along[0].row(1, 1)[1], 0b11 << 2);
        let cells = Ranked::new(changes.cells(voxels.dims));
        let places: Vec<_> = cells.places().collect();
        assert_eq!((cells.count(), places[0], places[7]), (8, [66, 1, 1], [67, 2, 2]));
        assert_eq!((cells.number([67, 2, 2]), cells.has([65, 1, 1])), (7, false));
        assert_eq!(voxels.corners([66, 1, 1]), [0, 0, 0, 0, 0, 0, 0, 7]);
    }
}
