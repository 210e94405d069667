//! JPEG-LS (ITU-T T.87), lossless and near-lossless, of one component.

mod bits;
mod contexts;
mod header;
mod scan;

use crate::rows::{RowSink, Samples};
use crate::{FrameLayout, PixelError};
use bits::BitReader;
use header::Header;
use scan::Scan;

const CODEC: &str = "JPEG-LS";

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
    let lossy = header.near > 0 || header.low_bit > 0;
    sink.start(Samples { codec: CODEC, precision: header.precision, signed: false, lossy })?;

    let mut shifted = vec![0u16; header.columns];
    let interval = if header.restart_interval == 0 { header.rows } else { header.restart_interval };
    let mut data = header.scan;
    for (start, marker) in (0..header.rows).step_by(interval).zip((0xD0..=0xD7).cycle()) {
        let mut scan = Scan::new(&header, BitReader::new(data));
        for number in start..header.rows.min(start + interval) {
            let decoded = scan.next_row();
            let place = || format!("row {} of {}", number + 1, header.rows);
            if scan.overrun() {
                return Err(PixelError::truncated(CODEC, format!("in {}", place())));
            }
            decoded.map_err(|what| PixelError::corrupt(CODEC, format!("{} holds {what}", place())))?;
            let row = scan.row();
            if header.low_bit == 0 {
                sink.row16(row)?;
            } else {
                shifted.iter_mut().zip(row).for_each(|(s, r)| *s = r << header.low_bit);
                sink.row16(&shifted)?;
            }
        }
        if start + interval < header.rows {
            data = match scan.rest() {
                [0xFF, found, rest @ ..] if *found == marker => rest,
                _ => return Err(PixelError::corrupt(CODEC, format!("the restart marker FF{marker:02X} is missing"))),
            };
        }
    }
    Ok(())
}
