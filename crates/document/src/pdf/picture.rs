//! Pictures in a PDF.

use std::io::Cursor;

use png::{ColorType, Decoder, Transformations};

use super::file::{File, Id};
use crate::{DocumentError, Picture};

/// The most pixels of a picture, so that a small file cannot ask for a large memory.
const MOST: usize = 1 << 26;

/// A picture in the file: width and height in pixels.
pub(super) struct Placed {
    pub(super) id: Id,
    pub(super) size: [u32; 2],
}

/// Writes a picture, on white where it is translucent.
pub(super) fn write(file: &mut File, picture: &Picture) -> Result<Placed, DocumentError> {
    let failed = |error| DocumentError::Picture(picture.caption.clone(), error);
    let mut decoder = Decoder::new_with_limits(Cursor::new(&picture.png[..]), png::Limits { bytes: 4 * MOST });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(failed)?;
    let length = reader.output_buffer_size().filter(|length| *length <= 4 * MOST);
    let length = length.ok_or_else(|| failed(png::DecodingError::LimitsExceeded))?;
    let mut pixels = vec![0; length];
    let info = reader.next_frame(&mut pixels).map_err(failed)?;
    pixels.truncate(info.buffer_size());
    let on_white = |colour: u8, alpha: u8| {
        let (colour, alpha) = (u32::from(colour), u32::from(alpha));
        ((colour * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    let rgb: Vec<u8> = match info.color_type {
        ColorType::Rgb => pixels,
        ColorType::Rgba => pixels.chunks_exact(4).flat_map(|p| [0, 1, 2].map(|n| on_white(p[n], p[3]))).collect(),
        ColorType::GrayscaleAlpha => pixels.chunks_exact(2).flat_map(|p| [on_white(p[0], p[1]); 3]).collect(),
        // A palette is expanded to colours.
        ColorType::Grayscale | ColorType::Indexed => pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
    };
    let entries = format!(
        "/Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace/DeviceRGB/BitsPerComponent 8",
        info.width, info.height
    );
    Ok(Placed { id: file.add_stream(&entries, &rgb), size: [info.width, info.height] })
}
