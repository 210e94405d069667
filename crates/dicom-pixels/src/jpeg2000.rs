//! JPEG 2000 (ITU-T T.800): the checks around the decoder of the crate `hayro-jpeg2000`, which is memory-safe throughout.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use crate::rows::{RowSink, Samples};
use crate::{FrameLayout, PixelError};

const CODEC: &str = "JPEG 2000";
/// The first bytes of a JP2 file, which DICOM does not allow but some writers embed.
const JP2: [u8; 12] = [0, 0, 0, 12, b'j', b'P', b' ', b' ', 13, 10, 0x87, 10];
/// More tiles than any scanner makes would cost more than the image.
const MOST_TILES: u64 = 4096;

/// What the marker segment SIZ (A.5.1) says about the image of one component.
struct Size {
    rows: usize,
    columns: usize,
    precision: u16,
    signed: bool,
}

/// Decodes a frame of which the layout has been checked.
pub(crate) fn decode(layout: &FrameLayout, bytes: &[u8], sink: &mut dyn RowSink) -> Result<(), PixelError> {
    let codestream = codestream(bytes)?;
    let size = Size::read(codestream)?;
    if (size.rows, size.columns) != (layout.rows, layout.columns) {
        return Err(PixelError::Size {
            codec: CODEC,
            rows: layout.rows,
            columns: layout.columns,
            stream_rows: size.rows,
            stream_columns: size.columns,
        });
    }
    sink.start(Samples {
        codec: CODEC,
        precision: size.precision,
        signed: size.signed,
        lossy: !reversible(codestream)?,
    })?;

    let settings = DecodeSettings { resolve_palette_indices: false, strict: true, target_resolution: None };
    let damaged = |error| PixelError::corrupt(CODEC, format!("{error}"));
    let image = Image::new(codestream, &settings).map_err(damaged)?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(damaged)?;
    let [component] = decoded.components() else {
        return Err(PixelError::Colour { samples: decoded.components().len() });
    };
    let samples = component.samples();
    if samples.len() != layout.pixels() {
        return Err(PixelError::corrupt(CODEC, format!("it holds {} pixels", samples.len())));
    }
    // The decoder shifts signed samples like unsigned ones (G.1.2).
    let (shift, low, high) = if size.signed {
        let half = (1i64 << (size.precision - 1)) as f32;
        (half, -half, half - 1.0)
    } else {
        (0.0, 0.0, ((1i64 << size.precision) - 1) as f32)
    };
    let mut row = vec![0u32; layout.columns];
    for samples in samples.chunks_exact(layout.columns) {
        row.iter_mut().zip(samples).for_each(|(r, s)| *r = (s - shift).round().clamp(low, high) as i32 as u32);
        sink.row32(&row)?;
    }
    Ok(())
}

/// The codestream itself, whether or not it is wrapped in a JP2 file.
fn codestream(bytes: &[u8]) -> Result<&[u8], PixelError> {
    if !bytes.starts_with(&JP2) {
        return Ok(bytes);
    }
    let mut rest = bytes;
    while let Some((&[l3, l2, l1, l0, t3, t2, t1, t0], contents)) = rest.split_first_chunk::<8>() {
        if [t3, t2, t1, t0] == *b"jp2c" {
            return Ok(if [l3, l2, l1, l0] == [0, 0, 0, 1] { contents.get(8..).unwrap_or_default() } else { contents });
        }
        let length = u32::from_be_bytes([l3, l2, l1, l0]) as usize;
        if length < 8 {
            break;
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Err(PixelError::corrupt(CODEC, "it is a JP2 file without a codestream"))
}

/// Whether the wavelet in the marker segment COD (A.6.1) is the reversible one.
fn reversible(codestream: &[u8]) -> Result<bool, PixelError> {
    let mut rest = codestream.get(2..).unwrap_or_default();
    while let Some((&[0xFF, marker, high, low], contents)) = rest.split_first_chunk::<4>() {
        let length = usize::from(u16::from_be_bytes([high, low]));
        if marker == 0x90 {
            return Err(PixelError::corrupt(CODEC, "its header lacks the marker COD"));
        }
        if marker != 0x52 {
            rest = rest.get(length.max(2) + 2..).unwrap_or_default();
            continue;
        }
        // Scod, progression, layers (2), component transformation, levels, width and height of code-blocks, their style.
        return match contents {
            [_, _, _, _, _, _, _, _, style, ..] if style & 0x40 != 0 => {
                Err(PixelError::unsupported(CODEC, "high-throughput coding (HTJ2K)"))
            }
            [_, _, _, _, _, _, _, _, _, wavelet, ..] => Ok(*wavelet == 1),
            _ => Err(PixelError::truncated(CODEC, "within its header")),
        };
    }
    Err(PixelError::truncated(CODEC, "within its header"))
}

impl Size {
    fn read(codestream: &[u8]) -> Result<Self, PixelError> {
        let Some(segment) = codestream.strip_prefix(&[0xFF, 0x4F, 0xFF, 0x51]) else {
            return Err(PixelError::corrupt(CODEC, "it does not begin with the markers SOC and SIZ"));
        };
        // Lsiz, Rsiz, then eight 32-bit numbers, Csiz, and Ssiz, XRsiz, YRsiz of each component.
        let numbers = segment.get(4..36).map(|n| n.as_chunks::<4>().0);
        let (Some(&[x1, y1, x0, y0, tile_width, tile_height, tile_x0, tile_y0]), Some(&[c1, c0, depth, dx, dy])) =
            (numbers, segment.get(36..41))
        else {
            return Err(PixelError::truncated(CODEC, "within its header"));
        };
        let components = u16::from_be_bytes([c1, c0]);
        if components != 1 {
            return Err(PixelError::Colour { samples: components.into() });
        }
        if (dx, dy) != (1, 1) {
            return Err(PixelError::unsupported(CODEC, "a subsampled component"));
        }
        let [x1, y1, x0, y0, tile_width, tile_height, tile_x0, tile_y0] =
            [x1, y1, x0, y0, tile_width, tile_height, tile_x0, tile_y0].map(|n| u64::from(u32::from_be_bytes(n)));
        if x0 >= x1 || y0 >= y1 || tile_width == 0 || tile_height == 0 || tile_x0 > x0 || tile_y0 > y0 {
            return Err(PixelError::corrupt(CODEC, "its image or tile area is empty"));
        }
        let tiles = (x1 - tile_x0).div_ceil(tile_width) * (y1 - tile_y0).div_ceil(tile_height);
        if tiles > MOST_TILES {
            return Err(PixelError::unsupported(CODEC, format!("{tiles} tiles")));
        }
        let precision = u16::from(depth & 0x7F) + 1;
        // The decoder counts in 32-bit floating point, which is exact for the wavelet coefficients of 16-bit samples.
        if precision > 16 {
            return Err(PixelError::unsupported(CODEC, format!("{precision} bits a sample")));
        }
        Ok(Self { rows: (y1 - y0) as usize, columns: (x1 - x0) as usize, precision, signed: depth & 0x80 != 0 })
    }
}
