//! The marker segments before the scan (ITU-T T.81 annex B).

use super::CODEC;
use super::huffman::Huffman;
use crate::PixelError;

/// The coding processes that are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    /// SOF0, SOF1.
    Dct,
    /// SOF3.
    Lossless,
}

/// All that the marker segments say about the one component.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub process: Process,
    /// Bits of a sample, P.
    pub precision: u16,
    pub rows: usize,
    pub columns: usize,
    /// In blocks or samples; 0 for none.
    pub restart_interval: usize,
    /// Of the DC coefficients, or of the differences of the lossless process.
    pub dc: Huffman,
    /// Of the AC coefficients.
    pub ac: Option<Huffman>,
    /// In zigzag order.
    pub quantisation: Option<[u16; 64]>,
    /// Ss: the predictor of the lossless process.
    pub start: u8,
    /// Al: the point transform of the lossless process.
    pub low_bit: u8,
    /// The entropy-coded data and what follows it.
    pub scan: &'a [u8],
}

#[derive(Clone, Copy)]
struct Frame {
    process: Process,
    precision: u16,
    rows: usize,
    columns: usize,
    quantisation: u8,
}

#[derive(Default)]
struct Tables {
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
    quantisation: [Option<[u16; 64]>; 4],
    restart_interval: usize,
    frame: Option<Frame>,
}

impl<'a> Header<'a> {
    /// Reads up to the first scan.
    pub fn read(bytes: &'a [u8]) -> Result<Self, PixelError> {
        let Some(mut rest) = bytes.strip_prefix(&[0xFF, 0xD8]) else {
            return Err(PixelError::corrupt(CODEC, "it does not begin with the marker SOI"));
        };
        let mut tables = Tables::default();
        loop {
            let marker;
            (marker, rest) = next_marker(rest)?;
            if matches!(marker, 0x01 | 0xD0..=0xD7) {
                continue; // markers without a segment
            }
            if matches!(marker, 0xD8 | 0xD9) {
                return Err(PixelError::corrupt(CODEC, "it has no scan: the image ends after its header"));
            }
            let segment;
            (segment, rest) = split_segment(marker, rest)?;
            match marker {
                0xC4 => tables.huffman(segment)?,
                0xDB => tables.quantisation(segment)?,
                0xDD => match segment {
                    &[high, low, ..] => tables.restart_interval = u16::from_be_bytes([high, low]).into(),
                    _ => return Err(too_short(marker)),
                },
                0xC0 | 0xC1 | 0xC3 if tables.frame.is_some() => {
                    return Err(PixelError::corrupt(CODEC, "it has two frame headers"));
                }
                0xC0 | 0xC1 => tables.frame = Some(frame(Process::Dct, segment)?),
                0xC3 => tables.frame = Some(frame(Process::Lossless, segment)?),
                0xC2 => return Err(PixelError::unsupported(CODEC, "progressive coding")),
                0xC5..=0xC7 => return Err(PixelError::unsupported(CODEC, "hierarchical coding")),
                0xC9..=0xCF => return Err(PixelError::unsupported(CODEC, "arithmetic coding")),
                0xF7 => return Err(PixelError::corrupt(CODEC, "it is JPEG-LS, not what the transfer syntax says")),
                0xDA => return tables.scan(segment, rest),
                _ => {}
            }
        }
    }
}

impl Tables {
    fn huffman(&mut self, mut segment: &[u8]) -> Result<(), PixelError> {
        while let Some((&class, rest)) = segment.split_first() {
            let Some((counts, rest)) = rest.split_first_chunk::<16>() else { return Err(too_short(0xC4)) };
            let length = counts.iter().map(|&c| usize::from(c)).sum();
            let Some((symbols, rest)) = rest.split_at_checked(length) else { return Err(too_short(0xC4)) };
            let class_tables = if class >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            let Some(table) = class_tables.get_mut(usize::from(class & 15)).filter(|_| class < 0x20) else {
                return Err(PixelError::corrupt(CODEC, format!("it has a Huffman table number {class:#04x}")));
            };
            *table = Some(Huffman::new(counts, symbols)?);
            segment = rest;
        }
        Ok(())
    }

    fn quantisation(&mut self, mut segment: &[u8]) -> Result<(), PixelError> {
        while let Some((&number, rest)) = segment.split_first() {
            let wide = number >> 4 != 0;
            let Some((values, rest)) = rest.split_at_checked(if wide { 128 } else { 64 }) else {
                return Err(too_short(0xDB));
            };
            let Some(table) = self.quantisation.get_mut(usize::from(number & 15)) else {
                return Err(PixelError::corrupt(CODEC, format!("it has a quantisation table number {}", number & 15)));
            };
            let mut steps = [0; 64];
            if wide {
                steps.iter_mut().zip(values.as_chunks().0).for_each(|(s, v)| *s = u16::from_be_bytes(*v));
            } else {
                steps.iter_mut().zip(values).for_each(|(s, &v)| *s = v.into());
            }
            *table = Some(steps);
            segment = rest;
        }
        Ok(())
    }

    fn scan<'a>(mut self, segment: &[u8], scan: &'a [u8]) -> Result<Header<'a>, PixelError> {
        let Some(frame) = self.frame else { return Err(PixelError::corrupt(CODEC, "its scan comes before its size")) };
        let &[1, _, selectors, start, _, bits, ..] = segment else {
            return Err(PixelError::corrupt(CODEC, "its scan header is not one of one component"));
        };
        let mut table = |ac: bool, number: u8| {
            let table =
                if ac { &mut self.ac } else { &mut self.dc }.get_mut(usize::from(number)).and_then(Option::take);
            let name = if ac { "AC" } else { "DC" };
            table.ok_or_else(|| PixelError::corrupt(CODEC, format!("its {name} Huffman table {number} is missing")))
        };
        let dc = table(false, selectors >> 4)?;
        let (ac, quantisation) = match frame.process {
            Process::Lossless => (None, None),
            Process::Dct => {
                let quantisation = self.quantisation.get(usize::from(frame.quantisation)).copied().flatten();
                if quantisation.is_none() {
                    let what = format!("its quantisation table {} is missing", frame.quantisation);
                    return Err(PixelError::corrupt(CODEC, what));
                }
                (Some(table(true, selectors & 15)?), quantisation)
            }
        };
        Ok(Header {
            process: frame.process,
            precision: frame.precision,
            rows: frame.rows,
            columns: frame.columns,
            restart_interval: self.restart_interval,
            dc,
            ac,
            quantisation,
            start,
            low_bit: bits & 15,
            scan,
        })
    }
}

fn frame(process: Process, segment: &[u8]) -> Result<Frame, PixelError> {
    let &[precision, r1, r0, c1, c0, components, ref components_list @ ..] = segment else {
        return Err(too_short(0xC0));
    };
    let possible = match process {
        Process::Dct => precision == 8 || precision == 12,
        Process::Lossless => (2..=16).contains(&precision),
    };
    if !possible {
        return Err(PixelError::corrupt(CODEC, format!("it claims {precision} bits a sample")));
    }
    if components != 1 {
        return Err(PixelError::Colour { samples: components.into() });
    }
    let &[_, _, quantisation, ..] = components_list else { return Err(too_short(0xC0)) };
    let rows = usize::from(u16::from_be_bytes([r1, r0]));
    let columns = usize::from(u16::from_be_bytes([c1, c0]));
    if rows == 0 {
        return Err(PixelError::unsupported(CODEC, "a number of rows that follows the image (DNL)"));
    }
    Ok(Frame { process, precision: precision.into(), rows, columns, quantisation })
}

/// The next marker's code, and what follows.
fn next_marker(bytes: &[u8]) -> Result<(u8, &[u8]), PixelError> {
    let Some(after) = bytes.strip_prefix(&[0xFF]) else {
        return Err(if bytes.is_empty() {
            PixelError::truncated(CODEC, "within its header")
        } else {
            PixelError::corrupt(CODEC, "its header has something else where a marker should be")
        });
    };
    let code = after.iter().position(|&b| b != 0xFF).and_then(|i| after.get(i..)).and_then(|rest| rest.split_first());
    code.map(|(&code, rest)| (code, rest)).ok_or_else(|| PixelError::truncated(CODEC, "within its header"))
}

/// The contents of a marker segment, and what follows.
fn split_segment(marker: u8, bytes: &[u8]) -> Result<(&[u8], &[u8]), PixelError> {
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else {
        return Err(PixelError::truncated(CODEC, format!("after the marker FF{marker:02X}")));
    };
    let Some(length) = usize::from(u16::from_be_bytes(*length)).checked_sub(2) else { return Err(too_short(marker)) };
    rest.split_at_checked(length)
        .ok_or_else(|| PixelError::truncated(CODEC, format!("within the segment of marker FF{marker:02X}")))
}

fn too_short(marker: u8) -> PixelError {
    PixelError::corrupt(CODEC, format!("the segment of marker FF{marker:02X} is too short for its contents"))
}
