//! Deflated Image Frame Compression (PS3.5 A.4.13): a native frame, deflated (RFC 1951) by itself.

use std::io::Read;

use flate2::read::DeflateDecoder;

use crate::{FrameLayout, PixelError};

const CODEC: &str = "deflated";

/// The native frame, little endian. No more is inflated than the layout has room for.
pub(crate) fn inflate(layout: &FrameLayout, bytes: &[u8]) -> Result<Vec<u8>, PixelError> {
    let length = layout.native_bytes();
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
