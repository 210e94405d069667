//! The lossless process (ITU-T T.81 annex H).

use super::CODEC;
use super::bits::{BitReader, Intervals};
use super::header::Header;
use super::huffman::{Huffman, extend};
use crate::PixelError;
use crate::rows::{RowSink, Samples};

/// Decodes the scan of a frame of which the size has been checked.
pub(super) fn decode(header: &Header<'_>, sink: &mut dyn RowSink) -> Result<(), PixelError> {
    let (columns, shift) = (header.columns, u16::from(header.low_bit));
    let next_row = match header.start {
        1 => next_row::<1>,
        2 => next_row::<2>,
        3 => next_row::<3>,
        4 => next_row::<4>,
        5 => next_row::<5>,
        6 => next_row::<6>,
        7 => next_row::<7>,
        other => return Err(PixelError::corrupt(CODEC, format!("it claims the predictor {other}"))),
    };
    if shift >= header.precision {
        return Err(PixelError::corrupt(CODEC, format!("it claims a point transform of {shift} bits")));
    }
    if !header.restart_interval.is_multiple_of(columns) {
        let what = format!("its restart interval of {} samples is not one of whole rows", header.restart_interval);
        return Err(PixelError::corrupt(CODEC, what));
    }
    let interval = if header.restart_interval == 0 { header.rows } else { header.restart_interval / columns };
    let table = Differences::new(&header.dc)?;
    sink.start(Samples { codec: CODEC, precision: header.precision, signed: false, lossy: shift > 0 })?;

    let (mut above, mut row) = (vec![0; columns], vec![0; columns]);
    let mut shifted = vec![0; columns];
    let mut intervals = Intervals::new(header.scan);
    for start in (0..header.rows).step_by(interval) {
        let mut bits = if start == 0 { intervals.first() } else { intervals.next()? };
        for number in start..header.rows.min(start + interval) {
            let decoded = if number == start {
                first_row(&mut bits, &table, 1 << (header.precision - shift - 1), &mut row)
            } else {
                next_row(&mut bits, &table, &above, &mut row)
            };
            if bits.overrun() {
                return Err(PixelError::truncated(CODEC, format!("in row {} of {}", number + 1, header.rows)));
            }
            if decoded.is_none() {
                let what = format!("row {} of {} holds a code that its table lacks", number + 1, header.rows);
                return Err(PixelError::corrupt(CODEC, what));
            }
            if shift == 0 {
                sink.row16(&row)?;
            } else {
                shifted.iter_mut().zip(&row).for_each(|(s, r)| *s = r << shift);
                sink.row16(&shifted)?;
            }
            std::mem::swap(&mut above, &mut row);
        }
    }
    Ok(())
}

/// Decodes the first row after the start or a restart: predicted from the left, the first sample from mid-range.
fn first_row(bits: &mut BitReader<'_>, table: &Differences, middle: u16, row: &mut [u16]) -> Option<()> {
    let mut left = middle;
    for sample in row {
        left = left.wrapping_add(table.read(bits)?);
        *sample = left;
    }
    Some(())
}

/// Decodes a row below another by the predictor (table H.1); the first sample is predicted from above.
fn next_row<const PREDICTOR: u8>(
    bits: &mut BitReader<'_>,
    table: &Differences,
    above: &[u16],
    row: &mut [u16],
) -> Option<()> {
    let (first, row) = row.split_first_mut()?;
    let (&first_above, above) = above.split_first()?;
    *first = first_above.wrapping_add(table.read(bits)?);
    let (mut left, mut above_left) = (*first, first_above);
    for (sample, &above) in row.iter_mut().zip(above) {
        let (a, b, c) = (i32::from(left), i32::from(above), i32::from(above_left));
        let predicted = match PREDICTOR {
            1 => a,
            2 => b,
            3 => c,
            4 => a + b - c,
            5 => a + ((b - c) >> 1),
            6 => b + ((a - c) >> 1),
            _ => (a + b) >> 1,
        };
        left = (predicted as u16).wrapping_add(table.read(bits)?);
        above_left = above;
        *sample = left;
    }
    Some(())
}

/// Bits that are looked up at once. Code and additional bits of most differences in CT and MR are shorter.
const LOOKUP_BITS: u32 = 12;

/// Decodes a difference, code and additional bits together where they are short.
struct Differences<'a> {
    /// By the next bits: the difference << 16 | the length of all its bits; 0 if they are more.
    lookup: Box<[u32; 1 << LOOKUP_BITS]>,
    codes: &'a Huffman,
}

impl<'a> Differences<'a> {
    fn new(codes: &'a Huffman) -> Result<Self, PixelError> {
        if let Some(wrong) = codes.symbols().iter().find(|&&s| s > 16) {
            return Err(PixelError::corrupt(CODEC, format!("its Huffman table has differences of {wrong} bits")));
        }
        let mut lookup = Box::new([0; 1 << LOOKUP_BITS]);
        for (next, entry) in (0u32..).zip(lookup.iter_mut()) {
            let Some((length, category)) = codes.find((next << (16 - LOOKUP_BITS)) as u16) else { continue };
            let category = u32::from(category);
            let additional = if category == 16 { 0 } else { category };
            if length + additional > LOOKUP_BITS {
                continue;
            }
            let value = (next >> (LOOKUP_BITS - length - additional)) & ((1 << additional) - 1);
            *entry = u32::from(difference(value, category)) << 16 | (length + additional);
        }
        Ok(Self { lookup, codes })
    }

    /// The next difference, modulo 2¹⁶; none where no code fits.
    #[inline(always)]
    fn read(&self, bits: &mut BitReader<'_>) -> Option<u16> {
        bits.ensure32();
        let entry = self.lookup[(bits.peek() >> (64 - LOOKUP_BITS)) as usize];
        if entry == 0 {
            return self.read_long(bits);
        }
        bits.skip(entry & 0xFF);
        Some((entry >> 16) as u16)
    }

    #[cold]
    fn read_long(&self, bits: &mut BitReader<'_>) -> Option<u16> {
        let category = u32::from(self.codes.read(bits)?);
        let value = if category % 16 == 0 { 0 } else { bits.take(category) };
        Some(difference(value, category))
    }
}

/// The difference of a category (table H.2) with these additional bits, modulo 2¹⁶.
fn difference(bits: u32, category: u32) -> u16 {
    match category {
        0 => 0,
        16 => 0x8000,
        _ => extend(bits, category) as u16,
    }
}
