//! The sequential DCT processes of 8 and 12 bits (ITU-T T.81 annexes A and F).

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::CODEC;
use super::bits::{BitReader, Intervals};
use super::header::Header;
use super::huffman::{Huffman, extend};
use crate::PixelError;
use crate::rows::{RowSink, Samples};

/// Where the coefficients of a block lie, in the order of the scan (figure A.6).
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, //
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
    55, 62, 63,
];

type Block = [[f32; 8]; 8];

/// Decodes the scan of a frame of which the size has been checked.
pub(super) fn decode(header: &Header<'_>, sink: &mut dyn RowSink) -> Result<(), PixelError> {
    let (Some(ac), Some(steps)) = (&header.ac, &header.quantisation) else {
        return Err(PixelError::corrupt(CODEC, "it lacks tables"));
    };
    sink.start(Samples { codec: CODEC, precision: header.precision, signed: false, lossy: true })?;
    let (middle, highest) = ((1 << (header.precision - 1)) as f32, ((1 << header.precision) - 1) as f32);
    let basis = basis();
    // One component is coded block by block, whatever its sampling factors (A.2.2).
    let blocks_a_row = header.columns.div_ceil(8);
    let width = blocks_a_row * 8;
    let mut rows = vec![0u16; width * 8];

    let mut intervals = Intervals::new(header.scan);
    let mut bits = intervals.first();
    let mut predicted = 0;
    let mut decoded = 0;
    for top in (0..header.rows).step_by(8) {
        for block in 0..blocks_a_row {
            if header.restart_interval != 0 && decoded != 0 && decoded % header.restart_interval == 0 {
                bits = intervals.next()?;
                predicted = 0;
            }
            decoded += 1;
            let coefficients = read_block(&mut bits, &header.dc, ac, steps, &mut predicted);
            if bits.overrun() {
                return Err(PixelError::truncated(CODEC, format!("in row {} of {}", top + 1, header.rows)));
            }
            let Some(coefficients) = coefficients else {
                let what = format!("the block at row {}, column {} holds an impossible code", top + 1, block * 8 + 1);
                return Err(PixelError::corrupt(CODEC, what));
            };
            let samples = inverse(&basis, &coefficients);
            for (row, samples) in rows.chunks_exact_mut(width).zip(&samples) {
                for (to, sample) in row.iter_mut().skip(block * 8).zip(samples) {
                    *to = (sample + middle).round().clamp(0.0, highest) as u16;
                }
            }
        }
        for row in rows.chunks_exact(width).take(header.rows - top) {
            sink.row16(row)?;
        }
    }
    Ok(())
}

/// Reads a block's coefficients (F.2.2) and multiplies them by their steps; none where no code fits.
fn read_block(
    bits: &mut BitReader<'_>,
    dc: &Huffman,
    ac: &Huffman,
    steps: &[u16; 64],
    predicted: &mut i32,
) -> Option<Block> {
    let mut block = [[0.0; 8]; 8];
    bits.ensure32();
    let category = u32::from(dc.read(bits)?);
    if category > 0 {
        let difference = if category <= 15 { extend(bits.take(category), category) } else { return None };
        *predicted = predicted.wrapping_add(difference);
    }
    block[0][0] = *predicted as f32 * f32::from(steps[0]);
    let mut at = 1;
    while at < 64 {
        bits.ensure32();
        let symbol = ac.read(bits)?;
        let (run, category) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        match (run, category) {
            (15, 0) => at += 16,
            (_, 0) => break,
            _ => {
                at += run;
                let value = extend(bits.take(category), category);
                let place = usize::from(*ZIGZAG.get(at)?);
                block[place / 8][place % 8] = value as f32 * f32::from(*steps.get(at)?);
                at += 1;
            }
        }
    }
    Some(block)
}

/// `basis[u][x]`: C(u)/2 · cos((2x+1)uπ/16) of A.3.3.
fn basis() -> Block {
    let value = |u: usize, x: usize| {
        let scale = if u == 0 { FRAC_1_SQRT_2 } else { 1.0 };
        (scale / 2.0 * ((2 * x + 1) as f64 * u as f64 * PI / 16.0).cos()) as f32
    };
    std::array::from_fn(|u| std::array::from_fn(|x| value(u, x)))
}

/// The inverse DCT (A.3.3): along the columns, then along the rows.
fn inverse(basis: &Block, block: &Block) -> Block {
    let mut columns = [[0.0; 8]; 8];
    for (v, coefficients) in block.iter().enumerate() {
        if coefficients.iter().all(|&c| c == 0.0) {
            continue; // most high frequencies are
        }
        for (y, row) in columns.iter_mut().enumerate() {
            row.iter_mut().zip(coefficients).for_each(|(sum, c)| *sum += basis[v][y] * c);
        }
    }
    let mut samples = [[0.0; 8]; 8];
    for (row, sums) in columns.iter().zip(&mut samples) {
        for (coefficient, basis) in row.iter().zip(basis) {
            sums.iter_mut().zip(basis).for_each(|(sum, b)| *sum += coefficient * b);
        }
    }
    samples
}
