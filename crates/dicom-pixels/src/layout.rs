//! How the values of a frame are laid out in bits: the attributes of the Image Pixel module (PS3.3 C.7.6.3).

use crate::PixelError;

/// The attributes of the Image Pixel module (PS3.3 C.7.6.3) that decoding needs, as found in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameLayout {
    /// Rows (0028,0010).
    pub rows: usize,
    /// Columns (0028,0011).
    pub columns: usize,
    /// Samples per Pixel (0028,0002): 1; anything else is refused as a colour image.
    pub samples_per_pixel: u16,
    /// Bits Allocated (0028,0100): 8, 16 or 32.
    pub bits_allocated: u16,
    /// Bits Stored (0028,0101): 1 to Bits Allocated.
    pub bits_stored: u16,
    /// High Bit (0028,0102): the most significant bit of the value, counted from 0.
    pub high_bit: u16,
    /// Pixel Representation (0028,0103) is 1: two's complement.
    pub signed: bool,
}

/// The narrowest integer type that holds every value of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoredType {
    /// Unsigned, up to 8 bits.
    U8,
    /// Signed, up to 16 bits.
    I16,
    /// Unsigned, 9 to 16 bits. Up to 15 bits they fit an `i16` too.
    U16,
    /// Signed, or unsigned and less than 2³¹.
    I32,
    /// Unsigned, 32 bits.
    U32,
}

impl FrameLayout {
    /// Checks that the attributes describe something that can be decoded.
    ///
    /// # Errors
    /// [`PixelError::Colour`] or [`PixelError::Layout`], saying which attribute is wrong.
    pub fn check(&self) -> Result<(), PixelError> {
        let wrong = |what: String| Err(PixelError::Layout(what));
        if self.samples_per_pixel == 0 {
            return wrong("Samples per Pixel is 0".into());
        }
        if self.samples_per_pixel > 1 {
            return Err(PixelError::Colour { samples: self.samples_per_pixel.into() });
        }
        if self.rows == 0 || self.columns == 0 || self.rows > 65535 || self.columns > 65535 {
            return wrong(format!("Rows × Columns are {}×{}; both must be 1 to 65535", self.rows, self.columns));
        }
        if self.bits_allocated == 1 {
            return wrong("Bits Allocated is 1: a bit mask (a segmentation or overlay), not an image of values".into());
        }
        if ![8, 16, 32].contains(&self.bits_allocated) {
            return wrong(format!("Bits Allocated is {}; only 8, 16 and 32 are possible", self.bits_allocated));
        }
        if self.bits_stored == 0 || self.bits_stored > self.bits_allocated {
            return wrong(format!("Bits Stored is {} of {} Bits Allocated", self.bits_stored, self.bits_allocated));
        }
        if self.high_bit >= self.bits_allocated || self.high_bit + 1 < self.bits_stored {
            return wrong(format!(
                "High Bit is {} with {} Bits Stored of {} Bits Allocated",
                self.high_bit, self.bits_stored, self.bits_allocated
            ));
        }
        Ok(())
    }

    /// Pixels of a frame.
    pub fn pixels(&self) -> usize {
        self.rows.saturating_mul(self.columns)
    }

    /// Bytes of a frame in native (uncompressed) form.
    pub fn native_bytes(&self) -> usize {
        self.pixels().saturating_mul(usize::from(self.bits_allocated / 8))
    }

    /// The narrowest type that holds every value this layout allows.
    pub fn stored_type(&self) -> StoredType {
        match (self.signed, self.bits_stored) {
            (false, ..=8) => StoredType::U8,
            (false, ..=16) => StoredType::U16,
            (false, ..=31) => StoredType::I32,
            (false, _) => StoredType::U32,
            (true, ..=16) => StoredType::I16,
            (true, _) => StoredType::I32,
        }
    }

    /// The lowest and highest value this layout allows.
    pub fn value_range(&self) -> (i64, i64) {
        let bits = self.bits_stored.clamp(1, 32);
        if self.signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
    }
}
