//! The pixels of a segmentation's frames (PS3.3 C.8.20.2).

use std::borrow::Cow;

use dicom_core::DicomValue;
use dicom_core::value::PrimitiveValue;
use dicom_dictionary_std::tags;
use dicom_object::DefaultDicomObject;
use fabrica_dicom_pixels::{
    Codec, FrameLayout, OffsetTables, PixelError, codec_for, decode_frame, frame_fragments, inflate_frame,
    join_fragments,
};
use rayon::prelude::*;

use crate::Problem;
use crate::attributes::{element, int, text, wrong};

/// What a pixel says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Meaning {
    /// One bit: belongs or not.
    Binary,
    /// A byte: how much belongs, and the least that counts as belonging.
    Fractional { least: u8 },
    /// One byte or two: the number of the segment that the pixel belongs to.
    LabelMap { wide: bool },
}

/// All frames' pixels.
pub(crate) struct Pixels<'a> {
    bytes: Cow<'a, [u8]>,
    pub(crate) meaning: Meaning,
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

impl<'a> Pixels<'a> {
    /// Checks that the pixel data holds as many frames as are promised.
    pub(crate) fn new(object: &'a DefaultDicomObject, frames: usize, threshold: f64) -> Result<Self, Problem> {
        let columns: u16 = int(object, tags::COLUMNS, "")?;
        let rows: u16 = int(object, tags::ROWS, "")?;
        if columns == 0 || rows == 0 {
            return Err(wrong(tags::ROWS, "", format!("and Columns are {rows} and {columns}")));
        }
        let allocated: u16 = int(object, tags::BITS_ALLOCATED, "")?;
        let kind = text(object, tags::SEGMENTATION_TYPE).unwrap_or_default();
        let meaning = match (kind.as_str(), allocated) {
            ("BINARY", 1) => Meaning::Binary,
            ("FRACTIONAL", 8) => {
                let full: u8 = int(object, tags::MAXIMUM_FRACTIONAL_VALUE, "")?;
                // At least 1: a fraction of 0 never belongs.
                let least = (threshold.clamp(0.0, 1.0) * f64::from(full)).ceil().max(1.0);
                Meaning::Fractional { least: least as u8 }
            }
            ("LABELMAP", 8) => Meaning::LabelMap { wide: false },
            ("LABELMAP", 16) => Meaning::LabelMap { wide: true },
            (kind, bits) => {
                return Err(Problem::Unsupported(format!(
                    "the segmentation is of type `{kind}` with {bits} bits a pixel, which DICOM does not define"
                )));
            }
        };
        let (bytes, meaning) = match element(object, tags::PIXEL_DATA).map(|e| e.value()) {
            None => return Err(wrong(tags::PIXEL_DATA, "", "is missing")),
            Some(DicomValue::Primitive(PrimitiveValue::U8(bytes))) => (Cow::Borrowed(bytes.as_slice()), meaning),
            Some(DicomValue::Primitive(other)) => (other.to_bytes(), meaning),
            Some(DicomValue::Sequence(_)) => return Err(wrong(tags::PIXEL_DATA, "", "is a sequence")),
            Some(DicomValue::PixelSequence(sequence)) => {
                let compressed = Compressed {
                    codec: codec_for(object.meta().transfer_syntax()).map_err(refused)?,
                    fragments: sequence.fragments(),
                    offsets: sequence.offset_table(),
                    rows: rows.into(),
                    columns: columns.into(),
                };
                let (bytes, meaning) = compressed.decode(meaning, frames)?;
                (Cow::Owned(bytes), meaning)
            }
        };
        let bits = match meaning {
            Meaning::Binary => 1u64,
            Meaning::Fractional { .. } | Meaning::LabelMap { wide: false } => 8,
            Meaning::LabelMap { wide: true } => 16,
        };
        let pixels = u64::from(columns) * u64::from(rows) * frames as u64;
        let needed = pixels.saturating_mul(bits).div_ceil(8);
        if (bytes.len() as u64) < needed {
            let what = format!("holds {} bytes, {frames} frame(s) need {needed}", bytes.len());
            return Err(wrong(tags::PIXEL_DATA, "", what));
        }
        Ok(Self { bytes, meaning, columns: usize::from(columns), rows: usize::from(rows) })
    }

    /// Whether a pixel belongs to a segment. The frame must be one of those promised.
    #[inline]
    pub(crate) fn inside(&self, frame: usize, column: usize, row: usize, segment: u16) -> bool {
        let pixel = (frame * self.rows + row) * self.columns + column;
        match self.meaning {
            // Frames follow one another without padding, first pixel in the lowest bit (PS3.5 8.1.1).
            Meaning::Binary => self.bytes[pixel / 8] >> (pixel % 8) & 1 == 1,
            Meaning::Fractional { least } => self.bytes[pixel] >= least,
            Meaning::LabelMap { wide: false } => u16::from(self.bytes[pixel]) == segment,
            Meaning::LabelMap { wide: true } => {
                u16::from_le_bytes([self.bytes[2 * pixel], self.bytes[2 * pixel + 1]]) == segment
            }
        }
    }

    /// Calls `take` with each column of a row that belongs to a segment.
    #[inline]
    pub(crate) fn for_each_inside(&self, frame: usize, row: usize, segment: u16, mut take: impl FnMut(usize)) {
        if self.meaning != Meaning::Binary {
            (0..self.columns).filter(|&c| self.inside(frame, c, row, segment)).for_each(take);
            return;
        }
        // Most bytes of a mask are empty.
        let start = (frame * self.rows + row) * self.columns;
        let end = start + self.columns;
        let mut pixel = start;
        while pixel < end {
            let byte = self.bytes[pixel / 8] >> (pixel % 8);
            let here = (8 - pixel % 8).min(end - pixel);
            if byte != 0 {
                (0..here).filter(|bit| byte >> bit & 1 == 1).for_each(|bit| take(pixel + bit - start));
            }
            pixel += here;
        }
    }
}

fn refused(error: PixelError) -> Problem {
    match error {
        PixelError::UnsupportedTransferSyntax { .. } | PixelError::UnknownTransferSyntax { .. } => {
            Problem::Unsupported(error.to_string())
        }
        other => Problem::Dicom(other.to_string()),
    }
}

/// Encapsulated pixel data.
struct Compressed<'a> {
    codec: Codec,
    fragments: &'a [Vec<u8>],
    offsets: &'a [u32],
    rows: usize,
    columns: usize,
}

impl Compressed<'_> {
    /// The pixels of all frames, one after the other, in bytes or words. Single bits become bytes of 0 and 1.
    fn decode(&self, meaning: Meaning, frames: usize) -> Result<(Vec<u8>, Meaning), Problem> {
        let tables = OffsetTables { basic: self.offsets, extended: &[] };
        let of_frame = frame_fragments(self.codec, frames, self.fragments, tables).map_err(refused)?;
        let wide = matches!(meaning, Meaning::LabelMap { wide: true });
        let pixels = self.rows * self.columns;
        let size = if wide { 2 * pixels } else { pixels };
        let frame = |range: &std::ops::Range<usize>| {
            let fragments = self.fragments.get(range.clone()).unwrap_or_default();
            self.frame(&join_fragments(fragments), meaning)
        };
        // What the fragments cannot hold is refused frame by frame, before room for all of them is made.
        let decoded: Vec<Vec<u8>> = of_frame.par_iter().map(frame).collect::<Result<_, _>>()?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size.saturating_mul(frames)).map_err(|e| Problem::Unsupported(e.to_string()))?;
        decoded.iter().for_each(|frame| bytes.extend_from_slice(frame));
        Ok((bytes, if meaning == Meaning::Binary { Meaning::Fractional { least: 1 } } else { meaning }))
    }

    fn frame(&self, bytes: &[u8], meaning: Meaning) -> Result<Vec<u8>, Problem> {
        let (rows, columns) = (self.rows, self.columns);
        let layout = |bits_allocated: u16, bits_stored: u16| FrameLayout {
            rows,
            columns,
            samples_per_pixel: 1,
            bits_allocated,
            bits_stored,
            high_bit: bits_stored - 1,
            signed: false,
        };
        let room = |layout: &FrameLayout| match layout.pixels() <= self.codec.max_pixels(layout, bytes.len()) {
            true => Ok(layout.pixels()),
            false => Err(Problem::Dicom(format!(
                "a frame of {rows}×{columns} pixels claims to lie in {} bytes",
                bytes.len()
            ))),
        };
        match (meaning, self.codec) {
            // Eight pixels a byte (PS3.5 8.1.1).
            (Meaning::Binary, Codec::DeflatedFrame | Codec::EncapsulatedUncompressed) => {
                let packed = (rows * columns).div_ceil(8);
                let bits = match self.codec {
                    Codec::DeflatedFrame => Cow::Owned(inflate_frame(bytes, packed).map_err(refused)?),
                    _ => Cow::Borrowed(bytes),
                };
                let short = || Problem::Dicom(format!("a frame of {packed} bytes has {}", bits.len()));
                let bits = bits.get(..packed).ok_or_else(short)?;
                Ok((0..rows * columns).map(|p| bits[p / 8] >> (p % 8) & 1).collect())
            }
            (Meaning::LabelMap { wide: true }, _) => {
                let layout = layout(16, 16);
                let mut words = vec![0u16; room(&layout)?];
                decode_frame(self.codec, &layout, bytes, &mut words).map_err(refused)?;
                Ok(words.into_iter().flat_map(u16::to_le_bytes).collect())
            }
            _ => {
                let layout = layout(8, if meaning == Meaning::Binary { 1 } else { 8 });
                let mut pixels = vec![0u8; room(&layout)?];
                decode_frame(self.codec, &layout, bytes, &mut pixels).map_err(refused)?;
                Ok(pixels)
            }
        }
    }
}
