//! The marker segments before the scan (ITU-T T.87 annex C).

use super::CODEC;
use crate::PixelError;

/// All that the marker segments say about the one component.
#[derive(Debug)]
pub(super) struct Header<'a> {
    /// Bits of a sample, P.
    pub precision: u16,
    pub rows: usize,
    pub columns: usize,
    /// In rows; 0 for none.
    pub restart_interval: usize,
    /// The largest error of a sample; 0 for lossless.
    pub near: i32,
    /// Pt: the point transform.
    pub low_bit: u8,
    pub presets: Presets,
    /// The entropy-coded data and what follows it.
    pub scan: &'a [u8],
}

/// The preset coding parameters (C.2.4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Presets {
    /// MAXVAL: the largest sample.
    pub max: i32,
    /// T1, T2, T3: where gradients are divided into classes.
    pub thresholds: [i32; 3],
    /// RESET: after how many samples a context's statistics are halved.
    pub reset: i32,
}

impl Presets {
    /// Fills in the defaults (C.2.4.1.1.1) of the parameters given as 0 and checks the rest.
    fn complete(given: [u16; 5], precision: u16, near: i32) -> Result<Self, PixelError> {
        let [max, t1, t2, t3, reset] = given.map(i32::from);
        let highest = (1 << precision) - 1;
        let max = if max == 0 { highest } else { max };
        let clamp = |value: i32, low: i32| if value > max || value < low { low } else { value };
        let (d1, d2, d3) = if max >= 128 {
            let factor = (max.min(4095) + 128) / 256;
            let t1 = clamp(factor + 2 + 3 * near, near + 1);
            let t2 = clamp(factor * 4 + 3 + 5 * near, t1);
            (t1, t2, clamp(factor * 17 + 4 + 7 * near, t2))
        } else {
            let factor = 256 / (max + 1);
            let t1 = clamp((3 / factor + 3 * near).max(2), near + 1);
            let t2 = clamp((7 / factor + 5 * near).max(3), t1);
            (t1, t2, clamp((21 / factor + 7 * near).max(4), t2))
        };
        let or = |given: i32, default: i32| if given == 0 { default } else { given };
        let (t1, t2, t3) = (or(t1, d1), or(t2, d2), or(t3, d3));
        let reset = or(reset, 64);
        let possible = max <= highest
            && near <= (max / 2).min(255)
            && near < t1
            && t1 <= t2
            && t2 <= t3
            && t3 <= max
            && (3..=max.max(255)).contains(&reset);
        if !possible {
            let what =
                format!("its parameters are impossible: MAXVAL {max}, NEAR {near}, T {t1}/{t2}/{t3}, RESET {reset}");
            return Err(PixelError::corrupt(CODEC, what));
        }
        Ok(Self { max, thresholds: [t1, t2, t3], reset })
    }
}

impl<'a> Header<'a> {
    /// Reads up to the first scan.
    pub fn read(bytes: &'a [u8]) -> Result<Self, PixelError> {
        let Some(mut rest) = bytes.strip_prefix(&[0xFF, 0xD8]) else {
            return Err(PixelError::corrupt(CODEC, "it does not begin with the marker SOI"));
        };
        let mut frame = None;
        let mut presets = [0; 5];
        let mut restart_interval = 0;
        loop {
            let (marker, segment);
            (marker, segment, rest) = next_segment(rest)?;
            match marker {
                0xF7 => frame = Some(read_frame(segment)?),
                0xF8 => match segment {
                    [1, values @ ..] if values.len() >= 10 => {
                        presets.iter_mut().zip(values.as_chunks().0).for_each(|(p, v)| *p = u16::from_be_bytes(*v));
                    }
                    [1, ..] | [] => return Err(too_short(marker)),
                    [2 | 3, ..] => return Err(PixelError::unsupported(CODEC, "a mapping table (palette)")),
                    [other, ..] => {
                        return Err(PixelError::unsupported(CODEC, format!("preset parameters of type {other}")));
                    }
                },
                0xDD => {
                    if !(2..=4).contains(&segment.len()) {
                        return Err(too_short(marker));
                    }
                    restart_interval = segment.iter().fold(0, |all, &b| all << 8 | usize::from(b));
                }
                0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                    return Err(PixelError::corrupt(CODEC, "it is JPEG, not what the transfer syntax says"));
                }
                0xDA => {
                    let Some((precision, rows, columns)) = frame else {
                        return Err(PixelError::corrupt(CODEC, "its scan comes before its size"));
                    };
                    let &[1, _, mapping, near, interleave, low_bit, ..] = segment else {
                        return Err(PixelError::corrupt(CODEC, "its scan header is not one of one component"));
                    };
                    if mapping != 0 {
                        return Err(PixelError::unsupported(CODEC, "a mapping table (palette)"));
                    }
                    if interleave != 0 || u16::from(low_bit & 15) >= precision {
                        return Err(PixelError::corrupt(CODEC, "its scan header is wrong for one component"));
                    }
                    let presets = Presets::complete(presets, precision, near.into())?;
                    return Ok(Self {
                        precision,
                        rows,
                        columns,
                        restart_interval,
                        near: near.into(),
                        low_bit: low_bit & 15,
                        presets,
                        scan: rest,
                    });
                }
                _ => {}
            }
        }
    }
}

/// Precision, rows and columns of the frame header (C.2.2).
fn read_frame(segment: &[u8]) -> Result<(u16, usize, usize), PixelError> {
    let &[precision, r1, r0, c1, c0, components, ..] = segment else { return Err(too_short(0xF7)) };
    if !(2..=16).contains(&precision) {
        return Err(PixelError::corrupt(CODEC, format!("it claims {precision} bits a sample")));
    }
    if components != 1 {
        return Err(PixelError::Colour { samples: components.into() });
    }
    let rows = usize::from(u16::from_be_bytes([r1, r0]));
    let columns = usize::from(u16::from_be_bytes([c1, c0]));
    if rows == 0 || columns == 0 {
        return Err(PixelError::unsupported(CODEC, "a size outside its frame header"));
    }
    Ok((precision.into(), rows, columns))
}

/// The next marker's code, the contents of its segment, and what follows.
fn next_segment(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), PixelError> {
    let end = || PixelError::truncated(CODEC, "within its header");
    let Some(after) = bytes.strip_prefix(&[0xFF]) else {
        let what = "its header has something else where a marker should be";
        return Err(if bytes.is_empty() { end() } else { PixelError::corrupt(CODEC, what) });
    };
    let start = after.iter().position(|&b| b != 0xFF).ok_or_else(end)?;
    let (&marker, rest) = after.get(start..).and_then(<[u8]>::split_first).ok_or_else(end)?;
    if marker == 0xD9 {
        return Err(PixelError::corrupt(CODEC, "it has no scan: the image ends after its header"));
    }
    let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(end)?;
    let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2).ok_or_else(|| too_short(marker))?;
    let (segment, rest) = rest.split_at_checked(length).ok_or_else(end)?;
    Ok((marker, segment, rest))
}

fn too_short(marker: u8) -> PixelError {
    PixelError::corrupt(CODEC, format!("the segment of marker FF{marker:02X} is too short for its contents"))
}
