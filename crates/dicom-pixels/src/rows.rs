//! What codecs hand over: rows of raw samples, which become values here.

use crate::{FrameLayout, PixelError};

/// What a codestream says about its samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Samples {
    pub codec: &'static str,
    /// Bits of a sample.
    pub precision: u16,
    /// Samples are given sign-extended.
    pub signed: bool,
    /// Samples may lie a little beside the originals, even outside the range of the values.
    pub lossy: bool,
}

/// Takes the rows of a frame from a codec, from the top.
pub(crate) trait RowSink {
    /// Checks the samples against the layout; once, before the first row.
    fn start(&mut self, samples: Samples) -> Result<(), PixelError>;
    /// The next row, of samples up to 16 bits.
    fn row16(&mut self, row: &[u16]) -> Result<(), PixelError>;
    /// The next row, of samples up to 32 bits.
    fn row32(&mut self, row: &[u32]) -> Result<(), PixelError>;
}

/// How a value lies in a sample.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading {
    /// Shift left, then right: arithmetically if signed.
    Bits { left: u32, right: u32, signed: bool },
    /// The sample, sign-extended already or not negative, limited to this range.
    Clamp { low: i32, high: i32 },
}

impl Reading {
    /// Values in words of Bits Allocated.
    pub fn native(layout: &FrameLayout) -> Self {
        Self::at(layout, layout.high_bit)
    }

    fn at(layout: &FrameLayout, high_bit: u16) -> Self {
        let (left, right) = (31u32.saturating_sub(high_bit.into()), 32u32.saturating_sub(layout.bits_stored.into()));
        Self::Bits { left, right, signed: layout.signed }
    }

    /// The value in a sample. The compiler moves the choice out of loops.
    #[inline(always)]
    pub fn value(self, sample: u32) -> i32 {
        match self {
            Self::Bits { left, right, signed: true } => ((sample << left) as i32) >> right,
            Self::Bits { left, right, signed: false } => ((sample << left) >> right) as i32,
            Self::Clamp { low, high } => (sample as i32).clamp(low, high),
        }
    }

    /// How samples of a codestream are to be read, and the bits that no sample may have set (for which both files and
    /// writers disagree on what they mean).
    fn of(layout: &FrameLayout, samples: Samples) -> Result<(Self, u32, &'static str), PixelError> {
        let Samples { codec, precision, .. } = samples;
        let wrong = |why: String| Err(PixelError::Precision { codec, precision, why });
        if precision == 0 || precision > layout.bits_allocated {
            return wrong(format!("more than the {} Bits Allocated", layout.bits_allocated));
        }
        let (forbidden, meaning) = if samples.signed && !layout.signed {
            (1 << 31, "some of them negative, but Pixel Representation says unsigned")
        } else if layout.signed && !samples.signed && precision < layout.bits_stored {
            (1 << (precision - 1), "which leaves the sign of the largest ones open, as Bits Stored is more and signed")
        } else {
            (0, "")
        };
        let (low, high) = layout.value_range();
        let (low, high) = (low.max(i32::MIN.into()) as i32, high.min(i32::MAX.into()) as i32);
        let reading = if precision < layout.bits_stored {
            Self::Clamp { low, high }
        } else if samples.lossy && precision > layout.bits_stored {
            // Lossy samples may overshoot the range; cutting bits off would turn white into black.
            if layout.signed && !samples.signed {
                return wrong(format!("lossy, but only {} Bits Stored and these signed", layout.bits_stored));
            }
            Self::Clamp { low, high }
        } else if precision > layout.high_bit {
            Self::native(layout)
        } else if precision == layout.bits_stored {
            Self::at(layout, layout.bits_stored - 1)
        } else {
            return wrong(format!("but Bits Stored is {} and High Bit {}", layout.bits_stored, layout.high_bit));
        };
        Ok((reading, forbidden, meaning))
    }
}

/// Writes mapped values into the output.
pub(crate) struct Output<'o, T, F> {
    layout: FrameLayout,
    rest: std::slice::ChunksExactMut<'o, T>,
    map: F,
    reading: Reading,
    forbidden: u32,
    /// The codestream's samples, and what is wrong when a forbidden bit is set.
    samples: Option<(Samples, &'static str)>,
}

impl<'o, T, F: Fn(i32) -> T> Output<'o, T, F> {
    /// For a checked layout and an output of its size.
    pub fn new(layout: &FrameLayout, out: &'o mut [T], map: F) -> Self {
        let rest = out.chunks_exact_mut(layout.columns.max(1));
        Self { layout: *layout, rest, map, reading: Reading::native(layout), forbidden: 0, samples: None }
    }

    /// Errors unless every row has come.
    pub fn finish(self, codec: &'static str) -> Result<(), PixelError> {
        match self.rest.len() {
            0 => Ok(()),
            missing => Err(PixelError::truncated(codec, format!("{missing} rows before the end of the frame"))),
        }
    }

    fn row<S: Copy + Into<u32>>(&mut self, row: &[S]) -> Result<(), PixelError> {
        let Some(out) = self.rest.next() else { return Ok(()) };
        if let Some((Samples { codec, precision, .. }, meaning)) = self.samples
            && self.forbidden != 0
            && row.iter().fold(0, |all, &s| all | s.into()) & self.forbidden != 0
        {
            return Err(PixelError::Precision { codec, precision, why: meaning.into() });
        }
        let (reading, map) = (self.reading, &self.map);
        out.iter_mut().zip(row).for_each(|(o, &s)| *o = map(reading.value(s.into())));
        Ok(())
    }
}

impl<T, F: Fn(i32) -> T> RowSink for Output<'_, T, F> {
    fn start(&mut self, samples: Samples) -> Result<(), PixelError> {
        let (reading, forbidden, meaning) = Reading::of(&self.layout, samples)?;
        (self.reading, self.forbidden, self.samples) = (reading, forbidden, Some((samples, meaning)));
        Ok(())
    }

    fn row16(&mut self, row: &[u16]) -> Result<(), PixelError> {
        self.row(row)
    }

    fn row32(&mut self, row: &[u32]) -> Result<(), PixelError> {
        self.row(row)
    }
}
