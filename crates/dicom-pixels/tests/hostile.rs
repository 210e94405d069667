//! Damaged, cut and lying data: an error or some image, never a panic, and soon.

mod common;
mod encoders;

use common::{Frames, data, read};
use encoders::{Lossless, jpeg_dct, jpeg_lossless, rle};
use fabrica_dicom_pixels::{Codec, FrameLayout, PixelError, decode_frame};
use proptest::prelude::*;

fn layout(rows: usize, columns: usize) -> FrameLayout {
    FrameLayout {
        rows,
        columns,
        samples_per_pixel: 1,
        bits_allocated: 16,
        bits_stored: 16,
        high_bit: 15,
        signed: false,
    }
}

fn try_decode(codec: Codec, layout: &FrameLayout, bytes: &[u8]) -> Result<Vec<i32>, PixelError> {
    let mut out = vec![0; layout.pixels()];
    decode_frame(codec, layout, bytes, &mut out).map(|()| out)
}

/// One small or middling frame of each compression.
fn real_frames() -> Option<Vec<Frames>> {
    let folder = data("ct_dicom")?;
    let files = [
        "odd_files_pydicom/emri_small_RLE.dcm",
        "odd_files_pydicom/emri_small_jpeg_ls_lossless.dcm",
        "transfer_syntaxes_WG04/JLSN/NM1_JLSN.dcm",
        "transfer_syntaxes_WG04/JPLL/NM1_JPLL.dcm",
        "transfer_syntaxes_WG04/JPLY/NM1_JPLY.dcm",
        "transfer_syntaxes_WG04/J2KI/NM1_J2KI.dcm",
        "transfer_syntaxes_WG04/J2KR/NM1_J2KR.dcm",
        "odd_files_pydicom/JPEG2000.dcm",
    ];
    Some(files.iter().map(|f| read(&folder.join(f))).collect())
}

#[test]
fn cut_frames_are_errors() {
    let Some(files) = real_frames() else { return };
    for file in files {
        let whole = &file.frames[0];
        let used = whole.len() - 8; // the end may be padding and the marker EOI
        for length in (0..40).chain((1..20).map(|n| used * n / 20)) {
            let result = try_decode(file.codec, &file.layout, &whole[..length.min(used)]);
            assert!(result.is_err(), "{:?} cut to {length} of {} bytes", file.codec, whole.len());
        }
    }
}

#[test]
fn flipped_bits_never_panic() {
    let Some(files) = real_frames() else { return };
    let mut random = 0x2545_F491_4F6C_DD1Du64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    for file in files {
        for round in 0..60 {
            let mut bytes = file.frames[0].clone();
            for _ in 0..1 + round % 4 {
                // Half of the damage goes to the headers.
                let at = if round % 2 == 0 { next(bytes.len().min(200)) } else { next(bytes.len()) };
                bytes[at] ^= 1 << next(8);
            }
            let _ = try_decode(file.codec, &file.layout, &bytes);
        }
    }
}

#[test]
fn a_codestream_of_another_size_says_both() {
    let Some(files) = real_frames() else { return };
    for file in files.iter().filter(|f| f.codec != Codec::Rle) {
        let (rows, columns) = (file.layout.rows, file.layout.columns);
        for (r, c) in [(rows * 2, columns), (columns, rows * 2), (rows, columns - 1), (1, 1)] {
            let error = try_decode(file.codec, &FrameLayout { rows: r, columns: c, ..file.layout }, &file.frames[0])
                .unwrap_err();
            let message = error.to_string();
            assert!(
                message.contains(&format!("{r}×{c}")) && message.contains(&format!("{rows}×{columns}")),
                "{message}"
            );
        }
    }
}

#[test]
fn rle_of_another_depth_or_size_is_an_error() {
    let bytes = rle(&[1, 2, 3, 4, 5, 6], 3, 2);
    let eight = FrameLayout { bits_allocated: 8, bits_stored: 8, high_bit: 7, ..layout(2, 3) };
    assert!(try_decode(Codec::Rle, &layout(2, 3), &bytes).is_ok());
    assert!(try_decode(Codec::Rle, &eight, &bytes).unwrap_err().to_string().contains("2 segments"));
    assert!(matches!(try_decode(Codec::Rle, &layout(3, 3), &bytes), Err(PixelError::Truncated { .. })));
}

#[test]
fn huge_claims_are_refused_before_they_cost_anything() {
    let huge = layout(65535, 65535);
    for codec in [Codec::Rle, Codec::Jpeg, Codec::JpegLs, Codec::Jpeg2000, Codec::NativeLittleEndian] {
        assert!(codec.max_pixels(&huge, 1000) < huge.pixels(), "{codec:?}");
    }
}

#[test]
fn codestreams_of_each_other_are_errors() {
    let Some(files) = real_frames() else { return };
    for file in &files {
        for codec in [Codec::Rle, Codec::Jpeg, Codec::JpegLs, Codec::Jpeg2000] {
            if codec != file.codec {
                assert!(try_decode(codec, &file.layout, &file.frames[0]).is_err(), "{:?} as {codec:?}", file.codec);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), rows in 1usize..40, columns in 1usize..40) {
        for codec in [Codec::Rle, Codec::Jpeg, Codec::JpegLs, Codec::Jpeg2000, Codec::NativeBigEndian] {
            let _ = try_decode(codec, &layout(rows, columns), &bytes);
        }
    }

    #[test]
    fn damaged_small_images_never_panic(
        samples in prop::collection::vec(any::<u16>(), 64),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        predictor in 1u8..8,
        restart_rows in 0usize..3,
        keep in any::<prop::sample::Index>(),
    ) {
        let coding = Lossless { precision: 16, predictor, point_transform: 0, restart_rows, long_codes: false };
        let block = std::array::from_fn(|i| i32::from(samples[i]) % 100);
        for (codec, mut bytes) in [
            (Codec::Jpeg, jpeg_lossless(&samples, 8, coding)),
            (Codec::Jpeg, jpeg_dct(&[block], 8, 8, 12, 3, 1)),
            (Codec::Rle, rle(&samples.iter().map(|&s| s.into()).collect::<Vec<_>>(), 8, 2)),
        ] {
            for (at, value) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            let _ = try_decode(codec, &layout(8, 8), &bytes);
            bytes.truncate(keep.index(bytes.len()));
            let _ = try_decode(codec, &layout(8, 8), &bytes);
        }
    }
}
