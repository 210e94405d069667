//! The pixels of a segmentation's frames (PS3.3 C.8.20.2).

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::Problem;
use crate::attributes::{int, pixel_bytes, text, wrong};

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
    bytes: std::borrow::Cow<'a, [u8]>,
    pub(crate) meaning: Meaning,
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

impl<'a> Pixels<'a> {
    /// Checks that the pixel data holds as many frames as are promised.
    pub(crate) fn new(object: &'a InMemDicomObject, frames: usize, threshold: f64) -> Result<Self, Problem> {
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
        let bytes = pixel_bytes(object)?;
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
