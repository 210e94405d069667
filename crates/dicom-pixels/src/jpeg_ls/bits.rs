//! Reading the entropy-coded data bit by bit (ITU-T T.87 A.1): after a byte FF the next one holds but seven bits.

/// Reads bits, the most significant of each byte first, up to the next marker. Past it there are zeros, and
/// [`overrun`](Self::overrun) tells.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    /// What is not yet in `bits`; never begins within FF and the byte that follows it.
    rest: &'a [u8],
    /// The next bits, left-aligned; what follows the good ones is zero.
    bits: u64,
    /// How many of them are good.
    count: u32,
    /// Zeros that have been put in after the end.
    invented: u64,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, bits: 0, count: 0, invented: 0 }
    }

    /// Makes at least 48 bits good.
    #[inline(always)]
    fn refill(&mut self) {
        if let Some(bytes) = self.rest.first_chunk::<8>() {
            let word = u64::from_be_bytes(*bytes);
            // Set where a byte is FF.
            let full =
                word & (word & 0x7F7F_7F7F_7F7F_7F7F).wrapping_add(0x0101_0101_0101_0101) & 0x8080_8080_8080_8080;
            if full == 0 {
                let taken = (64 - self.count) / 8;
                let mask = !u64::MAX.checked_shr(taken * 8).unwrap_or(0);
                self.bits |= (word & mask) >> self.count;
                self.count += taken * 8;
                self.rest = self.rest.get(taken as usize..).unwrap_or_default();
                return;
            }
        }
        self.refill_by_bytes();
    }

    fn refill_by_bytes(&mut self) {
        while self.count <= 48 {
            match self.rest {
                [0xFF, low @ 0..=0x7F, rest @ ..] => {
                    self.bits |= (0xFF << 7 | u64::from(*low)) << (49 - self.count);
                    self.count += 15;
                    self.rest = rest;
                }
                [byte @ 0..=0xFE, rest @ ..] => {
                    self.bits |= u64::from(*byte) << (56 - self.count);
                    self.count += 8;
                    self.rest = rest;
                }
                _ => {
                    self.invented += u64::from(64 - self.count);
                    self.count = 64;
                }
            }
        }
    }

    /// The next bit.
    #[inline(always)]
    pub fn bit(&mut self) -> bool {
        self.take(1) != 0
    }

    /// The next 0 to 32 bits.
    #[inline(always)]
    pub fn take(&mut self, bits: u32) -> u32 {
        if self.count < bits {
            self.refill();
        }
        let taken = (self.bits >> 32 >> (32 - bits)) as u32;
        self.bits <<= bits;
        self.count -= bits;
        taken
    }

    /// The number of zeros before the next one, which is taken too; none if they are more than `limit`.
    #[inline(always)]
    pub fn zeros(&mut self, limit: u32) -> Option<u32> {
        if self.count < 32 {
            self.refill();
        }
        let zeros = self.bits.leading_zeros();
        if zeros >= self.count {
            return self.many_zeros(limit);
        }
        self.bits = self.bits << zeros << 1;
        self.count -= zeros + 1;
        (zeros <= limit).then_some(zeros)
    }

    #[cold]
    fn many_zeros(&mut self, limit: u32) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit() {
            zeros += 1;
            if zeros > limit {
                return None;
            }
        }
        Some(zeros)
    }

    /// Whether more bits have been taken than there were.
    pub fn overrun(&self) -> bool {
        self.invented > u64::from(self.count)
    }

    /// What follows the data: the next marker and all after it.
    pub fn rest(&self) -> &'a [u8] {
        let marker = self.rest.windows(2).position(|pair| matches!(pair, [0xFF, 0x80..=0xFF]));
        marker.and_then(|at| self.rest.get(at..)).unwrap_or_default()
    }
}
