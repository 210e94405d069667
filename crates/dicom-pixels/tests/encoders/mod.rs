//! Small encoders that the tests hold the decoders against, written from the standards and not for speed.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses some; tests may panic")]

/// Writes bits, stuffing a zero byte after FF.
#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    bits: u32,
    count: u32,
}

impl BitWriter {
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.bits = self.bits << 1 | (value >> bit & 1);
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.bits as u8);
                if self.bits == 0xFF {
                    self.bytes.push(0);
                }
                (self.bits, self.count) = (0, 0);
            }
        }
    }

    fn flush(&mut self) {
        while self.count != 0 {
            self.put(1, 1);
        }
    }
}

fn segment(marker: u8, contents: &[u8]) -> Vec<u8> {
    let length = (contents.len() as u16 + 2).to_be_bytes();
    [&[0xFF, marker], &length[..], contents].concat()
}

fn category(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

fn additional(value: i32, category: u32) -> u32 {
    (if value < 0 { value - 1 } else { value }) as u32 & ((1u64 << category) - 1) as u32
}

/// How a lossless JPEG is coded.
#[derive(Clone, Copy, Debug)]
pub struct Lossless {
    pub precision: u8,
    pub predictor: u8,
    pub point_transform: u8,
    /// Rows from restart to restart; 0 for none.
    pub restart_rows: usize,
    /// Short codes for small differences, or the other way round.
    pub long_codes: bool,
}

/// Encodes samples by the lossless process of ITU-T T.81.
pub fn jpeg_lossless(samples: &[u16], columns: usize, coding: Lossless) -> Vec<u8> {
    let rows = samples.len() / columns;
    // Codes of 1, 2, ... 16 bits (10, 110, ...) and one more of 16: the longest that there can be.
    let mut symbols: Vec<u8> = (0..=16).collect();
    if coding.long_codes {
        symbols.reverse();
    }
    let mut counts = [1u8; 16];
    counts[15] = 2;
    let code_of = |category: u32| -> (u32, u32) {
        let place = symbols.iter().position(|&s| u32::from(s) == category).unwrap() as u32;
        if place == 16 { (0xFFFF, 16) } else { ((1 << (place + 1)) - 2, place + 1) }
    };

    let mut out = vec![0xFF, 0xD8];
    let size = [(rows as u16).to_be_bytes(), (columns as u16).to_be_bytes()].concat();
    out.extend(segment(0xC3, &[&[coding.precision], &size[..], &[1, 1, 0x11, 0]].concat()));
    out.extend(segment(0xC4, &[&[0], &counts[..], &symbols[..]].concat()));
    let interval = coding.restart_rows * columns;
    out.extend(segment(0xDD, &(interval as u16).to_be_bytes()));
    out.extend(segment(0xDA, &[1, 1, 0, coding.predictor, 0, coding.point_transform]));

    let mut bits = BitWriter::default();
    let at = |y: usize, x: usize| i32::from(samples[y * columns + x] >> coding.point_transform);
    for y in 0..rows {
        let first = if coding.restart_rows == 0 { y == 0 } else { y % coding.restart_rows == 0 };
        if first && y > 0 {
            bits.flush();
            let number = (y / coding.restart_rows - 1) % 8;
            bits.bytes.extend([0xFF, 0xD0 + number as u8]);
        }
        for x in 0..columns {
            let predicted = match (first, x, coding.predictor) {
                (true, 0, _) => 1 << (coding.precision - coding.point_transform - 1),
                (true, ..) => at(y, x - 1),
                (false, 0, _) => at(y - 1, x),
                (.., 1) => at(y, x - 1),
                (.., 2) => at(y - 1, x),
                (.., 3) => at(y - 1, x - 1),
                (.., 4) => at(y, x - 1) + at(y - 1, x) - at(y - 1, x - 1),
                (.., 5) => at(y, x - 1) + ((at(y - 1, x) - at(y - 1, x - 1)) >> 1),
                (.., 6) => at(y - 1, x) + ((at(y, x - 1) - at(y - 1, x - 1)) >> 1),
                _ => (at(y, x - 1) + at(y - 1, x)) >> 1,
            };
            let difference = match (at(y, x) - predicted) as i16 {
                i16::MIN => 32768, // modulo 2^16 of which 32768 stands for itself
                other => i32::from(other),
            };
            let category = category(difference);
            let (code, length) = code_of(category);
            bits.put(code, length);
            if category < 16 {
                bits.put(additional(difference, category), category);
            }
        }
    }
    bits.flush();
    out.extend(bits.bytes);
    out.extend([0xFF, 0xD9]);
    out
}

/// Encodes quantised coefficients (blocks from left to right, top to bottom; zigzag order) by the sequential DCT process.
pub fn jpeg_dct(blocks: &[[i32; 64]], rows: usize, columns: usize, precision: u8, step: u8, restart: u16) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8];
    let size = [(rows as u16).to_be_bytes(), (columns as u16).to_be_bytes()].concat();
    out.extend(segment(0xDB, &[&[0][..], &[step; 64]].concat()));
    out.extend(segment(0xC1, &[&[precision], &size[..], &[1, 1, 0x22, 0]].concat()));
    // All codes have 8 bits: the place of their symbol.
    let counts = |n: u8| -> [u8; 16] { std::array::from_fn(|i| if i == 7 { n } else { 0 }) };
    let dc: Vec<u8> = (0..16).collect();
    let ac: Vec<u8> = (0..=255u8).filter(|s| s & 15 != 0 || matches!(s, 0 | 0xF0)).collect();
    out.extend(segment(0xC4, &[&[0], &counts(16)[..], &dc, &[0x10], &counts(ac.len() as u8), &ac].concat()));
    out.extend(segment(0xDD, &restart.to_be_bytes()));
    out.extend(segment(0xDA, &[1, 1, 0, 0, 63, 0]));
    let mut bits = BitWriter::default();
    let mut predicted = 0;
    for (number, block) in blocks.iter().enumerate() {
        if restart != 0 && number != 0 && number % usize::from(restart) == 0 {
            bits.flush();
            bits.bytes.extend([0xFF, 0xD0 + ((number / usize::from(restart) - 1) % 8) as u8]);
            predicted = 0;
        }
        let size = category(block[0] - predicted);
        bits.put(size, 8);
        bits.put(additional(block[0] - predicted, size), size);
        predicted = block[0];
        let mut run = 0;
        let code = |symbol: u32| ac.iter().position(|&s| u32::from(s) == symbol).unwrap() as u32;
        for &value in &block[1..] {
            if value == 0 {
                run += 1;
                continue;
            }
            while run > 15 {
                bits.put(code(0xF0), 8);
                run -= 16;
            }
            let size = category(value);
            bits.put(code(run << 4 | size), 8);
            bits.put(additional(value, size), size);
            run = 0;
        }
        if run > 0 {
            bits.put(code(0), 8);
        }
    }
    bits.flush();
    out.extend(bits.bytes);
    out.extend([0xFF, 0xD9]);
    out
}

/// Encodes samples of so many bytes by RLE Lossless (PS3.5 annex G), rows by themselves.
pub fn rle(samples: &[u32], columns: usize, bytes: usize) -> Vec<u8> {
    let mut header = vec![bytes as u32];
    let mut body = Vec::new();
    for plane in (0..bytes).rev() {
        header.push(64 + body.len() as u32);
        for row in samples.chunks(columns) {
            let row: Vec<u8> = row.iter().map(|s| (s >> (8 * plane)) as u8).collect();
            let mut x = 0;
            while x < row.len() {
                let run = row[x..].iter().take(128).take_while(|&&b| b == row[x]).count();
                if run > 1 {
                    body.extend([(257 - run) as u8, row[x]]);
                    x += run;
                } else {
                    let literal =
                        (x..row.len()).take(128).take_while(|&i| row.get(i + 1) != Some(&row[i])).count().max(1);
                    body.push(literal as u8 - 1);
                    body.extend(&row[x..x + literal]);
                    x += literal;
                }
            }
        }
        if body.len() % 2 == 1 {
            body.push(0);
        }
    }
    header.resize(16, 0);
    header.iter().flat_map(|h| h.to_le_bytes()).chain(body).collect()
}
