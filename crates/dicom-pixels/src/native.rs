//! Uncompressed pixel data.

use crate::rows::Reading;
use crate::{FrameLayout, PixelError};

/// The bytes of frame `frame` (from 0) of native pixel data: frames lie one after the other, without padding between.
///
/// # Errors
/// [`PixelError::TooShort`] when the frame is not, or not wholly, there; [`PixelError::Layout`] for wrong attributes.
pub fn native_frame<'a>(layout: &FrameLayout, pixel_data: &'a [u8], frame: usize) -> Result<&'a [u8], PixelError> {
    layout.check()?;
    let length = layout.native_bytes();
    let start = frame.saturating_mul(length);
    let end = start.saturating_add(length);
    pixel_data.get(start..end).ok_or_else(|| PixelError::TooShort {
        what: format!(
            "frame {} of {}×{} pixels with {} bits",
            frame.saturating_add(1),
            layout.rows,
            layout.columns,
            layout.bits_allocated
        ),
        expected: end,
        found: pixel_data.len(),
    })
}

/// Pixels with the least significant byte first.
pub(crate) fn decode_little<T>(
    layout: &FrameLayout,
    bytes: &[u8],
    out: &mut [T],
    map: impl Fn(i32) -> T,
) -> Result<(), PixelError> {
    let bytes = native_frame(layout, bytes, 0)?;
    let reading = Reading::native(layout);
    match layout.bits_allocated {
        8 => out.iter_mut().zip(bytes).for_each(|(o, &b)| *o = map(reading.value(b.into()))),
        16 => {
            let words = bytes.as_chunks().0.iter().map(|w| u16::from_le_bytes(*w));
            out.iter_mut().zip(words).for_each(|(o, w)| *o = map(reading.value(w.into())));
        }
        _ => {
            let words = bytes.as_chunks().0.iter().map(|w| u32::from_le_bytes(*w));
            out.iter_mut().zip(words).for_each(|(o, w)| *o = map(reading.value(w)));
        }
    }
    Ok(())
}

/// Pixels in words of VR OW with the most significant byte first.
pub(crate) fn decode_big<T>(
    layout: &FrameLayout,
    bytes: &[u8],
    out: &mut [T],
    map: impl Fn(i32) -> T,
) -> Result<(), PixelError> {
    let reading = Reading::native(layout);
    match layout.bits_allocated {
        8 => {
            // An odd frame ends within a word, whose first byte belongs to what follows.
            let length = layout.native_bytes().next_multiple_of(2);
            let Some(bytes) = bytes.get(..length) else {
                let what = "a big endian frame in 16-bit words".into();
                return Err(PixelError::TooShort { what, expected: length, found: bytes.len() });
            };
            let pixels = bytes.as_chunks().0.iter().flat_map(|&[second, first]| [first, second]);
            out.iter_mut().zip(pixels).for_each(|(o, b)| *o = map(reading.value(b.into())));
        }
        16 => {
            let words = native_frame(layout, bytes, 0)?.as_chunks().0.iter().map(|w| u16::from_be_bytes(*w));
            out.iter_mut().zip(words).for_each(|(o, w)| *o = map(reading.value(w.into())));
        }
        bits => {
            let what = format!(
                "{bits}-bit pixels, whose order of words differs between writers; convert the file to little endian"
            );
            return Err(PixelError::unsupported("Explicit VR Big Endian", what));
        }
    }
    Ok(())
}
