//! What small encoders make of random images comes back as it was.

mod encoders;

use encoders::{Lossless, jpeg_dct, jpeg_lossless, rle};
use fabrica_dicom_pixels::{Codec, FrameLayout, decode_frame};
use proptest::prelude::*;

fn layout(rows: usize, columns: usize, allocated: u16, stored: u16, signed: bool) -> FrameLayout {
    FrameLayout {
        rows,
        columns,
        samples_per_pixel: 1,
        bits_allocated: allocated,
        bits_stored: stored,
        high_bit: stored - 1,
        signed,
    }
}

/// An image of noise, or of a random walk, whose steps are small as in real images.
fn image(bits: u32) -> impl Strategy<Value = (usize, Vec<u16>)> {
    let mask = ((1u32 << bits) - 1) as u16;
    (1usize..24, 1usize..24, any::<bool>()).prop_flat_map(move |(rows, columns, smooth)| {
        prop::collection::vec(any::<u16>(), rows * columns).prop_map(move |noise| {
            let mut value = 0u16;
            let walk = |n: u16| {
                value = if smooth { value.wrapping_add(n % 9).wrapping_sub(4) & mask } else { n & mask };
                value
            };
            (columns, noise.into_iter().map(walk).collect())
        })
    })
}

fn lossless() -> impl Strategy<Value = (Lossless, (usize, Vec<u16>))> {
    (2u8..=16, 1u8..=7, 0usize..4, any::<bool>(), 0u8..3).prop_flat_map(
        |(precision, predictor, restart_rows, long_codes, shift)| {
            let point_transform = if precision > 4 { shift } else { 0 };
            (
                Just(Lossless { precision, predictor, point_transform, restart_rows, long_codes }),
                image(precision.into()),
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn jpeg_lossless_comes_back((coding, (columns, samples)) in lossless()) {
        let bytes = jpeg_lossless(&samples, columns, coding);
        let layout = layout(samples.len() / columns, columns, 16, coding.precision.into(), false);
        let mut decoded = vec![0u16; samples.len()];
        decode_frame(Codec::Jpeg, &layout, &bytes, &mut decoded).unwrap();
        let expected: Vec<u16> =
            samples.iter().map(|s| s >> coding.point_transform << coding.point_transform).collect();
        prop_assert_eq!(decoded, expected);
    }

    #[test]
    fn signed_jpeg_lossless_comes_back((coding, (columns, samples)) in lossless()) {
        let coding = Lossless { point_transform: 0, ..coding };
        let bits = u32::from(coding.precision);
        let bytes = jpeg_lossless(&samples, columns, coding);
        let layout = layout(samples.len() / columns, columns, 16, coding.precision.into(), true);
        let mut decoded = vec![0i16; samples.len()];
        decode_frame(Codec::Jpeg, &layout, &bytes, &mut decoded).unwrap();
        for (value, sample) in decoded.iter().zip(samples) {
            let sample = i32::from(sample);
            let expected = if sample >> (bits - 1) == 1 { sample - (1 << bits) } else { sample };
            prop_assert_eq!(i32::from(*value), expected);
        }
    }

    #[test]
    fn rle_comes_back((columns, samples) in image(16), bytes in prop::sample::select(vec![1usize, 2, 4])) {
        let samples: Vec<u32> = samples.iter().map(|&s| (u32::from(s) * 0x9001) & (u32::MAX >> (32 - 8 * bytes))).collect();
        let bits = 8 * bytes as u16;
        let mut decoded = vec![0u32; samples.len()];
        let encoded = rle(&samples, columns, bytes);
        decode_frame(Codec::Rle, &layout(samples.len() / columns, columns, bits, bits, false), &encoded, &mut decoded).unwrap();
        prop_assert_eq!(decoded, samples);
    }

    #[test]
    fn dct_agrees_with_its_formula(
        (columns, rows) in (1usize..20, 1usize..20),
        wide in any::<bool>(),
        step in 1u8..9,
        restart in 0u16..3,
        seed in prop::collection::vec((0usize..64, -300i32..300), 64),
    ) {
        let precision = if wide { 12u8 } else { 8 };
        let count = columns.div_ceil(8) * rows.div_ceil(8);
        let mut blocks = vec![[0i32; 64]; count];
        for (n, &(place, value)) in seed.iter().enumerate() {
            blocks[n % count][place] = value / (1 + place as i32 / 4);
        }
        let bytes = jpeg_dct(&blocks, rows, columns, precision, step, restart);
        let mut decoded = vec![0u16; rows * columns];
        decode_frame(Codec::Jpeg, &layout(rows, columns, 16, precision.into(), false), &bytes, &mut decoded).unwrap();
        for (i, &value) in decoded.iter().enumerate() {
            let (y, x) = (i / columns, i % columns);
            let block = &blocks[y / 8 * columns.div_ceil(8) + x / 8];
            let sample = formula(block, step.into(), y % 8, x % 8) + f64::from(1 << (precision - 1));
            let expected = sample.clamp(0.0, f64::from((1 << precision) - 1));
            prop_assert!((f64::from(value) - expected).abs() < 0.51, "{} at {},{}: {}", value, y, x, expected);
        }
    }
}

/// A sample of the inverse DCT as A.3.3 of ITU-T T.81 writes it.
fn formula(zigzag: &[i32; 64], step: f64, y: usize, x: usize) -> f64 {
    let scale = |n: usize| if n == 0 { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
    let wave = |n: usize, at: usize| ((2 * at + 1) as f64 * n as f64 * std::f64::consts::PI / 16.0).cos();
    let (mut u, mut v, mut sum) = (0usize, 0usize, 0.0);
    for &coefficient in zigzag {
        sum += scale(u) * scale(v) * f64::from(coefficient) * step * wave(u, x) * wave(v, y) / 4.0;
        // The next place of the zigzag: along the diagonals, up when u + v is even.
        (u, v) = match (u + v) % 2 == 0 {
            true if u == 7 => (u, v + 1),
            true if v == 0 => (u + 1, v),
            true => (u + 1, v - 1),
            false if v == 7 => (u + 1, v),
            false if u == 0 => (u, v + 1),
            false => (u - 1, v + 1),
        };
    }
    sum
}

#[test]
fn jpeg_ls_example_of_the_standard() {
    // ITU-T T.87 H.3: a 4×4 image of 8 bits and its codestream.
    let bytes = [
        0xFF, 0xD8, 0xFF, 0xF7, 0x00, 0x0B, 0x08, 0x00, 0x04, 0x00, 0x04, 0x01, 0x01, 0x11, 0x00, 0xFF, 0xDA, 0x00,
        0x08, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x6C, 0x80, 0x20, 0x8E, 0x01, 0xC0, 0x00, 0x00,
        0x57, 0x40, 0x00, 0x00, 0x6E, 0xE6, 0x00, 0x00, 0x01, 0xBC, 0x18, 0x00, 0x00, 0x05, 0xD8, 0x00, 0x00, 0x91,
        0x60, 0xFF, 0xD9,
    ];
    let mut decoded = [0u8; 16];
    decode_frame(Codec::JpegLs, &layout(4, 4, 8, 8, false), &bytes, &mut decoded).unwrap();
    assert_eq!(decoded, [0, 0, 90, 74, 68, 50, 43, 205, 64, 145, 145, 145, 100, 145, 145, 145]);
}
