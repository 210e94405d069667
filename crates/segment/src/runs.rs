//! The runs of a mask in a table by row.

use fabrica_volume::Mask;
use rayon::prelude::*;

use crate::SegmentError;
use crate::bits::next_bit;

/// A run `start..end` along i.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Span {
    pub start: u32,
    pub end: u32,
}

/// All runs of a mask, in order of k, j, i, and where each row's begin.
pub(crate) struct RunTable {
    pub spans: Vec<Span>,
    /// For row `j + ny * k` the index of its first span; one more at the end.
    pub first: Vec<u32>,
}

impl RunTable {
    pub fn of(mask: &Mask) -> Result<Self, SegmentError> {
        let [nx, ny, nz] = mask.grid().dims();
        let row_words = mask.row_words();
        let mut first = vec![0u32; ny * nz + 1];
        first[1..].par_iter_mut().zip(mask.words().par_chunks(row_words)).for_each(|(count, row)| {
            let mut before = 0;
            for &word in row {
                // A run starts at each set bit whose lower neighbour is clear.
                *count += (word & !(word << 1 | before)).count_ones();
                before = word >> 63;
            }
        });
        let mut total = 0u64;
        for entry in &mut first {
            total += u64::from(*entry);
            *entry = u32::try_from(total).map_err(|_| {
                SegmentError::Parameter(
                    "the mask is too large and too broken up to tell its islands; crop or smooth it first".into(),
                )
            })?;
        }
        let mut spans = vec![Span::default(); total as usize];
        let mut slices = Vec::with_capacity(nz);
        let mut rest = spans.as_mut_slice();
        for k in 0..nz {
            let (slice, others) = rest.split_at_mut((first[(k + 1) * ny] - first[k * ny]) as usize);
            slices.push(slice);
            rest = others;
        }
        slices.into_par_iter().enumerate().for_each(|(k, slice)| {
            let mut spans = slice.iter_mut();
            for j in 0..ny {
                let row = mask.row(j, k);
                let mut at = 0;
                while let Some(start) = next_bit(row, at, nx, true) {
                    let end = next_bit(row, start, nx, false).unwrap_or(nx);
                    if let Some(span) = spans.next() {
                        *span = Span { start: start as u32, end: end as u32 };
                    }
                    at = end;
                }
            }
        });
        Ok(Self { spans, first })
    }

    /// The range of the spans of row `j + ny * k`.
    #[inline]
    pub fn row(&self, row: usize) -> std::ops::Range<usize> {
        self.first[row] as usize..self.first[row + 1] as usize
    }
}
