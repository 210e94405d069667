//! Decoding the rows of a scan (ITU-T T.87 annexes A and B of one component).

use super::bits::BitReader;
use super::contexts::{Context, RunContext, gradient_classes};
use super::header::Header;

/// J: run lengths are counted in units of 2 to this power, which grows as runs succeed (A.2.1).
const RUN_BITS: [u8; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

const BAD_ERROR: &str = "an error beyond the range of the samples";
const BAD_RUN: &str = "a run beyond its end";

/// Decodes row after row, from the start of a scan or a restart.
pub(super) struct Scan<'a> {
    bits: BitReader<'a>,
    columns: usize,
    max: i32,
    near: i32,
    reset: i32,
    /// RANGE: how many different errors there are.
    range: i32,
    /// qbpp: the bits that hold any error.
    error_bits: u32,
    /// LIMIT: the longest code of an error.
    longest: u32,
    classes: Vec<i8>,
    contexts: [Context; 365],
    /// By RItype.
    run_contexts: [RunContext; 2],
    run_index: usize,
    /// The row and the one above it, each with one more sample at either end.
    row: Vec<u16>,
    above: Vec<u16>,
}

impl<'a> Scan<'a> {
    pub fn new(header: &Header<'_>, bits: BitReader<'a>) -> Self {
        let (max, near) = (header.presets.max, header.near);
        let range = (max + 2 * near) / (2 * near + 1) + 1;
        let sample_bits = (32 - max.leading_zeros()).max(2);
        Self {
            bits,
            columns: header.columns,
            max,
            near,
            reset: header.presets.reset,
            range,
            error_bits: 32 - (range - 1).leading_zeros(),
            longest: 2 * (sample_bits + sample_bits.max(8)),
            classes: gradient_classes(&header.presets, near),
            contexts: [Context::new(range); 365],
            run_contexts: [RunContext::new(range, 0), RunContext::new(range, 1)],
            run_index: 0,
            row: vec![0; header.columns + 2],
            above: vec![0; header.columns + 2],
        }
    }

    /// The row decoded last.
    pub fn row(&self) -> &[u16] {
        &self.row[1..=self.columns]
    }

    /// Whether more bits have been taken than there were.
    pub fn overrun(&self) -> bool {
        self.bits.overrun()
    }

    /// What follows the data.
    pub fn rest(&self) -> &'a [u8] {
        self.bits.rest()
    }

    /// Decodes the next row, or says what is wrong with it.
    pub fn next_row(&mut self) -> Result<(), &'static str> {
        std::mem::swap(&mut self.row, &mut self.above);
        let (mut row, mut above) = (std::mem::take(&mut self.row), std::mem::take(&mut self.above));
        let decoded = if self.near == 0 {
            self.decode::<true>(&mut row, &mut above)
        } else {
            self.decode::<false>(&mut row, &mut above)
        };
        (self.row, self.above) = (row, above);
        decoded
    }

    fn decode<const LOSSLESS: bool>(&mut self, row: &mut [u16], above: &mut [u16]) -> Result<(), &'static str> {
        let columns = self.columns;
        row[0] = above[1];
        above[columns + 1] = above[columns];
        let step = if LOSSLESS { 1 } else { 2 * self.near + 1 };
        let middle = self.max;
        let mut x = 1;
        while x <= columns {
            // a is left, b above, c above left, d above right.
            let (a, b, c, d) =
                (i32::from(row[x - 1]), i32::from(above[x]), i32::from(above[x - 1]), i32::from(above[x + 1]));
            let class = |gradient: i32| i32::from(self.classes[(gradient + middle) as usize]);
            let context = 81 * class(d - b) + 9 * class(b - c) + class(c - a);
            if context == 0 {
                x = self.run(row, above, x)?;
                continue;
            }
            let sign = context >> 31; // 0 or -1
            let statistics = &mut self.contexts[((context ^ sign) - sign) as usize];
            let bias = (statistics.bias ^ sign) - sign;
            let predicted = (median(a, b, c) + bias).clamp(0, self.max);

            let k = statistics.plain_bits();
            let code = read_error(&mut self.bits, k, self.longest, self.error_bits, self.range)?;
            let mut error = (code >> 1) as i32 ^ -((code & 1) as i32);
            if LOSSLESS && k == 0 && statistics.leans_negative() {
                error = !error;
            }
            statistics.learn(error, step, self.reset);
            row[x] = self.reconstruct(predicted, ((error ^ sign) - sign) * step, step);
            x += 1;
        }
        Ok(())
    }

    /// The sample predicted, with its error modulo the range (A.8).
    #[inline(always)]
    fn reconstruct(&self, predicted: i32, error: i32, step: i32) -> u16 {
        let mut sample = predicted + error;
        if sample < -self.near {
            sample += self.range * step;
        } else if sample > self.max + self.near {
            sample -= self.range * step;
        }
        sample.clamp(0, self.max) as u16
    }

    /// Decodes a run from column `x` and the sample that interrupts it (A.7); returns the column after these.
    fn run(&mut self, row: &mut [u16], above: &[u16], x: usize) -> Result<usize, &'static str> {
        let value = row[x - 1];
        let mut rest = &mut row[x..=self.columns];
        loop {
            let unit = 1usize << RUN_BITS[self.run_index];
            if !self.bits.bit() {
                break;
            }
            let length = unit.min(rest.len());
            let (run, after) = rest.split_at_mut(length);
            run.fill(value);
            if length == unit {
                self.run_index = (self.run_index + 1).min(31);
            }
            if after.is_empty() {
                return Ok(self.columns + 1);
            }
            rest = after;
        }
        let unit_bits = u32::from(RUN_BITS[self.run_index]);
        let length = self.bits.take(unit_bits) as usize;
        if length >= rest.len() {
            return Err(BAD_RUN);
        }
        rest[..length].fill(value);
        let at = self.columns + 1 - rest.len() + length;

        let (a, b) = (i32::from(value), i32::from(above[at]));
        let step = 2 * self.near + 1;
        let alike = (a - b).abs() <= self.near;
        let statistics = &mut self.run_contexts[usize::from(alike)];
        let k = statistics.plain_bits();
        let code = read_error(&mut self.bits, k, self.longest - unit_bits - 1, self.error_bits, self.range)?;
        let error = statistics.error(code, k, self.reset) * step;
        row[at] = match alike {
            true => self.reconstruct(a, error, step),
            false if a > b => self.reconstruct(b, -error, step),
            false => self.reconstruct(b, error, step),
        };
        self.run_index = self.run_index.saturating_sub(1);
        Ok(at + 1)
    }
}

/// The prediction from left, above and above left (A.4.1).
#[inline(always)]
fn median(a: i32, b: i32, c: i32) -> i32 {
    let (low, high) = (a.min(b), a.max(b));
    (a + b - c).clamp(low, high)
}

/// Reads the code of an error with `k` plain bits (A.5.3).
#[inline(always)]
fn read_error(
    bits: &mut BitReader<'_>,
    k: u32,
    longest: u32,
    error_bits: u32,
    range: i32,
) -> Result<u32, &'static str> {
    let escape = longest.saturating_sub(error_bits + 1);
    let zeros = bits.zeros(escape).ok_or(BAD_ERROR)?;
    let code = if zeros < escape { zeros << k.min(24) | bits.take(k) } else { bits.take(error_bits) + 1 };
    if code > range as u32 + 1 { Err(BAD_ERROR) } else { Ok(code) }
}
