//! How bits become values: masks, signs, byte orders, and attributes that contradict each other.

mod encoders;

use encoders::{Lossless, jpeg_lossless};
use fabrica_dicom_pixels::*;

fn layout(pixels: usize, bits_allocated: u16, bits_stored: u16, high_bit: u16, signed: bool) -> FrameLayout {
    FrameLayout { rows: 1, columns: pixels, samples_per_pixel: 1, bits_allocated, bits_stored, high_bit, signed }
}

fn decode<T: StoredValue + Default>(codec: Codec, layout: &FrameLayout, bytes: &[u8]) -> Result<Vec<T>, PixelError> {
    let mut out = vec![T::default(); layout.pixels()];
    decode_frame(codec, layout, bytes, &mut out).map(|()| out)
}

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

#[test]
fn unused_high_bits_are_removed() {
    let bytes = words(&[0xF123, 0x8FFF, 0x7000]);
    assert_eq!(
        decode::<u16>(Codec::NativeLittleEndian, &layout(3, 16, 12, 11, false), &bytes).unwrap(),
        [0x123, 0xFFF, 0]
    );
    assert_eq!(decode::<i16>(Codec::NativeLittleEndian, &layout(3, 16, 12, 11, true), &bytes).unwrap(), [0x123, -1, 0]);
}

#[test]
fn values_may_lie_at_the_top_or_in_the_middle() {
    let bytes = words(&[0x1230, 0xFFF7, 0x800F]);
    assert_eq!(
        decode::<u16>(Codec::NativeLittleEndian, &layout(3, 16, 12, 15, false), &bytes).unwrap(),
        [0x123, 0xFFF, 0x800]
    );
    assert_eq!(
        decode::<i16>(Codec::NativeLittleEndian, &layout(3, 16, 12, 15, true), &bytes).unwrap(),
        [0x123, -1, -0x800]
    );
    assert_eq!(decode::<u8>(Codec::NativeLittleEndian, &layout(3, 16, 8, 11, false), &bytes).unwrap(), [0x23, 0xFF, 0]);
}

#[test]
fn every_depth_keeps_its_range() {
    for bits in 1..=16 {
        let pattern: Vec<u16> = vec![0, 1 << (bits - 1), ((1u32 << bits) - 1) as u16];
        let unsigned = layout(3, 16, bits, bits - 1, false);
        let signed = layout(3, 16, bits, bits - 1, true);
        let (low, high) = signed.value_range();
        let expected = [0, i64::from(pattern[1]), i64::from(pattern[2])];
        let values = |l: &FrameLayout| -> Vec<i64> {
            decode::<i32>(Codec::NativeLittleEndian, l, &words(&pattern)).unwrap().into_iter().map(i64::from).collect()
        };
        assert_eq!(values(&unsigned), expected);
        assert_eq!(unsigned.value_range(), (0, expected[2]));
        assert_eq!(values(&signed), [0, low, -1]);
        assert_eq!(high, -low - 1);
    }
}

#[test]
fn eight_and_thirty_two_bits() {
    let eight = layout(4, 8, 8, 7, false);
    assert_eq!(decode::<u8>(Codec::NativeLittleEndian, &eight, &[0, 1, 128, 255]).unwrap(), [0, 1, 128, 255]);
    let signed = layout(4, 8, 8, 7, true);
    assert_eq!(decode::<i16>(Codec::NativeLittleEndian, &signed, &[0, 1, 128, 255]).unwrap(), [0, 1, -128, -1]);
    let bytes: Vec<u8> = [7u32, u32::MAX].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(decode::<u32>(Codec::NativeLittleEndian, &layout(2, 32, 32, 31, false), &bytes).unwrap(), [7, u32::MAX]);
    assert_eq!(decode::<i32>(Codec::NativeLittleEndian, &layout(2, 32, 32, 31, true), &bytes).unwrap(), [7, -1]);
}

#[test]
fn big_endian_words() {
    let sixteen = layout(2, 16, 16, 15, false);
    assert_eq!(decode::<u16>(Codec::NativeBigEndian, &sixteen, &[0x12, 0x34, 0, 1]).unwrap(), [0x1234, 1]);
    // 8-bit pixels in 16-bit words: the first of two is the less significant byte, also when the number is odd.
    assert_eq!(decode::<u8>(Codec::NativeBigEndian, &layout(4, 8, 8, 7, false), &[2, 1, 4, 3]).unwrap(), [1, 2, 3, 4]);
    assert_eq!(decode::<u8>(Codec::NativeBigEndian, &layout(3, 8, 8, 7, false), &[2, 1, 99, 3]).unwrap(), [1, 2, 3]);
    let error = decode::<i32>(Codec::NativeBigEndian, &layout(1, 32, 32, 31, true), &[0; 4]).unwrap_err();
    assert!(error.to_string().contains("32-bit"), "{error}");
}

#[test]
fn output_types_that_cannot_hold_all_values_are_refused() {
    let bytes = [0; 4];
    assert!(decode::<i16>(Codec::NativeLittleEndian, &layout(2, 16, 15, 14, false), &bytes).is_ok());
    for error in [
        decode::<i16>(Codec::NativeLittleEndian, &layout(2, 16, 16, 15, false), &bytes).err(),
        decode::<u16>(Codec::NativeLittleEndian, &layout(2, 16, 16, 15, true), &bytes).err(),
        decode::<u8>(Codec::NativeLittleEndian, &layout(2, 16, 9, 8, false), &bytes).err(),
        decode::<i32>(Codec::NativeLittleEndian, &layout(1, 32, 32, 31, false), &bytes).err(),
    ] {
        assert!(matches!(error, Some(PixelError::OutputType { .. })), "{error:?}");
    }
    for (l, narrowest) in [
        (layout(1, 8, 8, 7, false), StoredType::U8),
        (layout(1, 16, 12, 11, false), StoredType::U16),
        (layout(1, 16, 12, 11, true), StoredType::I16),
        (layout(1, 32, 20, 19, false), StoredType::I32),
        (layout(1, 32, 32, 31, false), StoredType::U32),
    ] {
        assert_eq!(l.stored_type(), narrowest);
    }
}

#[test]
fn wrong_attributes_are_named() {
    let good = layout(2, 16, 12, 11, false);
    for (bad, named) in [
        (FrameLayout { rows: 0, ..good }, "Rows"),
        (FrameLayout { columns: 70000, ..good }, "70000"),
        (FrameLayout { samples_per_pixel: 0, ..good }, "Samples per Pixel"),
        (FrameLayout { samples_per_pixel: 3, ..good }, "colour"),
        (FrameLayout { bits_allocated: 1, ..good }, "bit mask"),
        (FrameLayout { bits_allocated: 12, ..good }, "Bits Allocated is 12"),
        (FrameLayout { bits_stored: 17, ..good }, "Bits Stored is 17"),
        (FrameLayout { bits_stored: 0, ..good }, "Bits Stored is 0"),
        (FrameLayout { high_bit: 10, ..good }, "High Bit is 10"),
        (FrameLayout { high_bit: 16, ..good }, "High Bit is 16"),
    ] {
        let message = decode::<i32>(Codec::NativeLittleEndian, &bad, &[0; 4]).unwrap_err().to_string();
        assert!(message.contains(named), "{message}");
    }
}

#[test]
fn frames_that_are_not_there_are_named() {
    let l = layout(4, 16, 16, 15, false);
    let bytes: Vec<u8> = (0..24).collect();
    assert_eq!(native_frame(&l, &bytes, 2).unwrap(), &bytes[16..]);
    let message = native_frame(&l, &bytes, 3).unwrap_err().to_string();
    assert!(
        message.contains("frame 4") && message.contains("32 bytes") && message.contains("24 are there"),
        "{message}"
    );
    assert!(native_frame(&l, &bytes, usize::MAX).is_err());
}

#[test]
fn codestreams_of_another_depth_than_bits_stored() {
    let coding = Lossless { precision: 16, predictor: 1, point_transform: 0, restart_rows: 0, long_codes: false };
    // All 16 bits are coded, the high four of which are overlays.
    let bytes = jpeg_lossless(&[0xF123, 0x8FFF], 2, coding);
    assert_eq!(decode::<u16>(Codec::Jpeg, &layout(2, 16, 12, 11, false), &bytes).unwrap(), [0x123, 0xFFF]);
    assert_eq!(decode::<i16>(Codec::Jpeg, &layout(2, 16, 12, 11, true), &bytes).unwrap(), [0x123, -1]);
    // Values at the top of their words, coded with all bits and without the empty ones.
    let bytes = jpeg_lossless(&[0x1230, 0xFFF0], 2, coding);
    assert_eq!(decode::<u16>(Codec::Jpeg, &layout(2, 16, 12, 15, false), &bytes).unwrap(), [0x123, 0xFFF]);
    let bytes = jpeg_lossless(&[0x123, 0xFFF], 2, Lossless { precision: 12, ..coding });
    assert_eq!(decode::<u16>(Codec::Jpeg, &layout(2, 16, 12, 15, false), &bytes).unwrap(), [0x123, 0xFFF]);
    // Fewer bits than stored: unambiguous unless signed and with the highest bit set.
    assert_eq!(decode::<u16>(Codec::Jpeg, &layout(2, 16, 16, 15, false), &bytes).unwrap(), [0x123, 0xFFF]);
    let error = decode::<i16>(Codec::Jpeg, &layout(2, 16, 16, 15, true), &bytes).unwrap_err();
    assert!(error.to_string().contains("sign"), "{error}");
    let positive = jpeg_lossless(&[0x123, 0x7FF], 2, Lossless { precision: 12, ..coding });
    assert_eq!(decode::<i16>(Codec::Jpeg, &layout(2, 16, 16, 15, true), &positive).unwrap(), [0x123, 0x7FF]);
    // More bits than allocated.
    let error = decode::<i16>(Codec::Jpeg, &layout(2, 8, 8, 7, true), &bytes).unwrap_err();
    assert!(error.to_string().contains("12-bit"), "{error}");
}

#[test]
fn transfer_syntaxes_are_known_by_name() {
    assert_eq!(codec_for("1.2.840.10008.1.2.4.70\0").unwrap(), Codec::Jpeg);
    assert_eq!(codec_for("1.2.840.10008.1.2.1.99").unwrap(), Codec::NativeLittleEndian);
    let message = codec_for("1.2.840.10008.1.2.4.201").unwrap_err().to_string();
    assert!(message.contains("High-Throughput JPEG 2000 Lossless") && message.contains(".201"), "{message}");
    assert!(matches!(codec_for("1.2.3"), Err(PixelError::UnknownTransferSyntax { .. })));
    assert!(matches!(codec_for(""), Err(PixelError::UnknownTransferSyntax { .. })));
}
