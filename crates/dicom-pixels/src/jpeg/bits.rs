//! The entropy-coded data: restart intervals, and reading them bit by bit.

use super::CODEC;
use crate::PixelError;

/// Cuts a scan into restart intervals.
pub(super) struct Intervals<'a> {
    rest: &'a [u8],
    /// The interval's bytes without stuffing (FF00 is FF).
    clean: Vec<u8>,
    next_restart: u8,
}

impl<'a> Intervals<'a> {
    pub fn new(scan: &'a [u8]) -> Self {
        Self { rest: scan, clean: Vec::new(), next_restart: 0 }
    }

    /// The first interval.
    pub fn first(&mut self) -> BitReader<'_> {
        self.unstuff();
        BitReader::new(&self.clean)
    }

    /// The interval after the marker that ended the one before.
    pub fn next(&mut self) -> Result<BitReader<'_>, PixelError> {
        let expected = 0xD0 + self.next_restart;
        self.next_restart = (self.next_restart + 1) % 8;
        match *self.rest {
            [0xFF, marker, ref rest @ ..] if marker == expected => self.rest = rest,
            [0xFF, marker, ..] => {
                let what = format!("the marker FF{marker:02X} comes where the restart marker FF{expected:02X} should");
                return Err(PixelError::corrupt(CODEC, what));
            }
            _ => return Err(PixelError::truncated(CODEC, format!("before the restart marker FF{expected:02X}"))),
        }
        self.unstuff();
        Ok(BitReader::new(&self.clean))
    }

    /// Copies the bytes up to the next marker.
    fn unstuff(&mut self) {
        self.clean.clear();
        loop {
            let Some(at) = memchr::memchr(0xFF, self.rest) else {
                self.clean.extend_from_slice(self.rest);
                self.rest = &[];
                return;
            };
            let (plain, rest) = self.rest.split_at(at);
            self.clean.extend_from_slice(plain);
            self.rest = rest;
            match rest {
                [0xFF, 0x00, after @ ..] => {
                    self.clean.push(0xFF);
                    self.rest = after;
                }
                [0xFF, 0xFF, ..] => self.rest = rest.get(1..).unwrap_or_default(), // a fill byte
                _ => return,
            }
        }
    }
}

/// Reads bits, the most significant of each byte first. Past the end there are zeros, and [`overrun`](Self::overrun) tells.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bytes in `bits` already.
    taken: usize,
    /// The next bits, left-aligned.
    bits: u64,
    /// How many of them are good.
    count: u32,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, taken: 0, bits: 0, count: 0 }
    }

    /// Makes at least 56 bits good.
    #[inline(always)]
    fn refill(&mut self) {
        if let Some((word, _)) = self.bytes.get(self.taken..).and_then(<[u8]>::split_first_chunk::<8>) {
            // The bits after the good ones are those of the next bytes, so that or-ing them again changes nothing.
            self.bits |= u64::from_be_bytes(*word) >> self.count;
            self.taken += ((63 - self.count) >> 3) as usize;
            self.count |= 56;
        } else {
            self.refill_at_end();
        }
    }

    #[cold]
    fn refill_at_end(&mut self) {
        while self.count <= 56 {
            let byte = self.bytes.get(self.taken).copied().unwrap_or(0);
            self.bits |= u64::from(byte) << (56 - self.count);
            self.taken += 1;
            self.count += 8;
        }
    }

    /// Makes at least 32 bits good: enough for a code and its additional bits.
    #[inline(always)]
    pub fn ensure32(&mut self) {
        if self.count < 32 {
            self.refill();
        }
    }

    /// The next bits, left-aligned; as many as were ensured are good.
    #[inline(always)]
    pub fn peek(&self) -> u64 {
        self.bits
    }

    /// The next 16 bits, which must have been ensured.
    #[inline(always)]
    pub fn peek16(&self) -> u16 {
        (self.bits >> 48) as u16
    }

    /// Leaves out this many ensured bits.
    #[inline(always)]
    pub fn skip(&mut self, bits: u32) {
        self.bits <<= bits;
        self.count = self.count.wrapping_sub(bits);
    }

    /// Takes 1 to 16 ensured bits.
    #[inline(always)]
    pub fn take(&mut self, bits: u32) -> u32 {
        let taken = (self.bits >> (64 - bits)) as u32;
        self.skip(bits);
        taken
    }

    /// Whether more bits have been taken than there were.
    pub fn overrun(&self) -> bool {
        self.taken * 8 > self.bytes.len() * 8 + self.count as usize
    }
}
