//! Huffman tables (ITU-T T.81 annexes C and F.2.2.3).

use super::CODEC;
use super::bits::BitReader;
use crate::PixelError;

/// Bits that are looked up at once; longer codes are searched for.
const LOOKUP_BITS: u32 = 9;

/// A table that decodes symbols.
#[derive(Debug)]
pub(super) struct Huffman {
    /// By the next bits: code length << 8 | symbol; 0 if the code is longer.
    lookup: Box<[u16; 1 << LOOKUP_BITS]>,
    /// By code length: the end of its codes in 16 bits, their first code, and the index of that one's symbol.
    lengths: [(u32, u32, usize); 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// From the number of codes of each length and the symbols in order of their codes.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, PixelError> {
        let mut lookup = Box::new([0; 1 << LOOKUP_BITS]);
        let mut lengths = [(0, 0, 0); 17];
        let (mut code, mut index) = (0u32, 0usize);
        for ((length, &count), entry) in (1u32..).zip(counts).zip(&mut lengths[1..]) {
            let first = code;
            for &symbol in symbols.iter().skip(index).take(count.into()) {
                if length <= LOOKUP_BITS {
                    let start = (code << (LOOKUP_BITS - length)) as usize;
                    for slot in lookup.iter_mut().skip(start).take(1 << (LOOKUP_BITS - length)) {
                        *slot = (length as u16) << 8 | u16::from(symbol);
                    }
                }
                code += 1;
            }
            if code > 1 << length {
                return Err(PixelError::corrupt(CODEC, "a Huffman table has more codes than there can be"));
            }
            *entry = (code << (16 - length), first, index);
            index += usize::from(count);
            code <<= 1;
        }
        Ok(Self { lookup, lengths, symbols: symbols.to_vec() })
    }

    /// The length of the code at the start of these 16 bits, and its symbol.
    pub fn find(&self, bits: u16) -> Option<(u32, u8)> {
        let found = self.lookup[usize::from(bits >> (16 - LOOKUP_BITS))];
        if found != 0 {
            return Some((u32::from(found >> 8), found as u8));
        }
        let bits = u32::from(bits);
        let (length, &(_, first, index)) = (0u32..).zip(&self.lengths).find(|(_, (end, ..))| bits < *end)?;
        let offset = (bits >> (16 - length)).checked_sub(first)?;
        self.symbols.get(index + offset as usize).map(|&symbol| (length, symbol))
    }

    /// Reads a symbol; none if no code fits.
    #[inline]
    pub fn read(&self, bits: &mut BitReader<'_>) -> Option<u8> {
        let (length, symbol) = self.find(bits.peek16())?;
        bits.skip(length);
        Some(symbol)
    }

    /// Every symbol of the table.
    pub fn symbols(&self) -> &[u8] {
        &self.symbols
    }
}

/// The difference that `category` additional bits stand for (EXTEND, F.2.2.1); `category` is 1 to 16.
#[inline(always)]
pub(super) fn extend(bits: u32, category: u32) -> i32 {
    if bits >> (category - 1) == 0 { bits as i32 - ((1 << category) - 1) } else { bits as i32 }
}
