//! JPEG (ITU-T T.81): sequential DCT of 8 and 12 bits, and lossless, of one component with Huffman coding.

mod bits;
mod dct;
mod header;
mod huffman;
mod lossless;

use crate::rows::RowSink;
use crate::{FrameLayout, PixelError};
use header::{Header, Process};

const CODEC: &str = "JPEG";

/// Decodes a frame of which the layout has been checked.
pub(crate) fn decode(layout: &FrameLayout, bytes: &[u8], sink: &mut dyn RowSink) -> Result<(), PixelError> {
    let header = Header::read(bytes)?;
    if (header.rows, header.columns) != (layout.rows, layout.columns) {
        return Err(PixelError::Size {
            codec: CODEC,
            rows: layout.rows,
            columns: layout.columns,
            stream_rows: header.rows,
            stream_columns: header.columns,
        });
    }
    match header.process {
        Process::Dct => dct::decode(&header, sink),
        Process::Lossless => lossless::decode(&header, sink),
    }
}
