//! RLE Lossless (PS3.5 annex G): byte planes, most significant first, each packed by the PackBits scheme.

use crate::rows::{RowSink, Samples};
use crate::{FrameLayout, PixelError};

const CODEC: &str = "RLE";
const HEADER: usize = 64;

/// Decodes a frame of which the layout has been checked.
pub(crate) fn decode(layout: &FrameLayout, bytes: &[u8], sink: &mut dyn RowSink) -> Result<(), PixelError> {
    let planes = usize::from(layout.bits_allocated / 8);
    let segments = segments(planes, bytes)?;
    let pixels = layout.pixels();
    for (number, segment) in (1..).zip(&segments) {
        if segment.len().saturating_mul(64) < pixels {
            return Err(PixelError::truncated(
                CODEC,
                format!("in segment {number}, whose {} bytes cannot hold {pixels} pixels", segment.len()),
            ));
        }
    }
    let mut unpacked = vec![0; pixels * planes];
    for ((plane, segment), number) in unpacked.chunks_exact_mut(pixels).zip(&segments).zip(1..) {
        let missing = unpack(segment, plane);
        if missing > 0 {
            return Err(PixelError::truncated(CODEC, format!("{missing} pixels before the end of segment {number}")));
        }
    }

    sink.start(Samples { codec: CODEC, precision: layout.bits_allocated, signed: false, lossy: false })?;
    let columns = layout.columns;
    let mut planes = unpacked.chunks_exact(pixels).map(|plane| plane.chunks_exact(columns));
    match (planes.next(), planes.next(), planes.next(), planes.next()) {
        (Some(plane), None, ..) => {
            let mut row = vec![0u16; columns];
            for bytes in plane {
                row.iter_mut().zip(bytes).for_each(|(r, &b)| *r = b.into());
                sink.row16(&row)?;
            }
        }
        (Some(high), Some(low), None, _) => {
            let mut row = vec![0u16; columns];
            for (high, low) in high.zip(low) {
                row.iter_mut().zip(high.iter().zip(low)).for_each(|(r, (&h, &l))| *r = u16::from_be_bytes([h, l]));
                sink.row16(&row)?;
            }
        }
        (Some(a), Some(b), Some(c), Some(d)) => {
            let mut row = vec![0u32; columns];
            for ((a, b), (c, d)) in a.zip(b).zip(c.zip(d)) {
                for ((r, (&a, &b)), (&c, &d)) in row.iter_mut().zip(a.iter().zip(b)).zip(c.iter().zip(d)) {
                    *r = u32::from_be_bytes([a, b, c, d]);
                }
                sink.row32(&row)?;
            }
        }
        _ => return Err(PixelError::Layout(format!("Bits Allocated is {}", layout.bits_allocated))),
    }
    Ok(())
}

/// The segments that the header (PS3.5 G.5) points to.
fn segments(planes: usize, bytes: &[u8]) -> Result<Vec<&[u8]>, PixelError> {
    let Some((header, _)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(PixelError::truncated(CODEC, format!("within the header, after {} of 64 bytes", bytes.len())));
    };
    let mut words = header.as_chunks::<4>().0.iter().map(|w| u32::from_le_bytes(*w) as usize);
    let count = words.next().unwrap_or(0);
    if count != planes {
        let what = format!("{count} segments, where {} Bits Allocated need {planes}", planes * 8);
        return Err(PixelError::corrupt(CODEC, what));
    }
    let starts: Vec<usize> = words.take(count).collect();
    (0..count)
        .map(|i| {
            let start = starts.get(i).copied().unwrap_or(0);
            let end = starts.get(i + 1).copied().unwrap_or(bytes.len());
            if start < HEADER || start > end {
                return Err(PixelError::corrupt(CODEC, format!("segment {} lies from byte {start} to {end}", i + 1)));
            }
            if start >= bytes.len() || end > bytes.len() {
                let place = format!("after {} bytes, before the end of segment {}", bytes.len(), i + 1);
                return Err(PixelError::truncated(CODEC, place));
            }
            Ok(bytes.get(start..end).unwrap_or_default())
        })
        .collect()
}

/// Unpacks PackBits (PS3.5 G.3.2) until the plane is full; returns how many bytes the segment leaves missing.
fn unpack(mut segment: &[u8], mut plane: &mut [u8]) -> usize {
    while !plane.is_empty() {
        let Some((&control, rest)) = segment.split_first() else { break };
        segment = rest;
        match control {
            0..=127 => {
                let length = (usize::from(control) + 1).min(segment.len()).min(plane.len());
                let (literal, rest) = segment.split_at(length);
                let (to, left) = std::mem::take(&mut plane).split_at_mut(length);
                to.copy_from_slice(literal);
                (segment, plane) = (rest, left);
            }
            128 => {}
            129..=255 => {
                let Some((&value, rest)) = segment.split_first() else { break };
                let length = (257 - usize::from(control)).min(plane.len());
                let (to, left) = std::mem::take(&mut plane).split_at_mut(length);
                to.fill(value);
                (segment, plane) = (rest, left);
            }
        }
    }
    plane.len()
}
