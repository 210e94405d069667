//! Deflated Image Frame Compression (PS3.5 A.4.13): a native frame, deflated (RFC 1951) by itself.

use std::io::Read;

use flate2::read::DeflateDecoder;

use crate::PixelError;

const CODEC: &str = "deflated";

/// The `length` bytes of a native frame, inflated from those of [`Codec::DeflatedFrame`](crate::Codec::DeflatedFrame);
/// no more is inflated than these. Deflated frames are the only compressed ones whose pixels may have one bit.
///
/// # Errors
/// [`PixelError::Corrupt`] or [`PixelError::Truncated`].
pub fn inflate_frame(bytes: &[u8], length: usize) -> Result<Vec<u8>, PixelError> {
    let mut frame = Vec::new();
    DeflateDecoder::new(bytes)
        .take(length as u64)
        .read_to_end(&mut frame)
        .map_err(|e| PixelError::corrupt(CODEC, e.to_string()))?;
    if frame.len() < length {
        return Err(PixelError::truncated(CODEC, format!("after {} of the frame's {length} bytes", frame.len())));
    }
    Ok(frame)
}
