//! Uncompressed pixel data.

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
