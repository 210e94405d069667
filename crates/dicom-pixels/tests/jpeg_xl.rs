//! JPEG XL codestreams that libjxl 0.11 (through `imagecodecs`) made of a computed image of 12 bits.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use fabrica_dicom_pixels::{Codec, FrameLayout, PixelError, decode_frame};

const ROWS: usize = 12;
const COLUMNS: usize = 16;

/// Lossless, 12 bits a sample.
const LOSSLESS: &str = "ff0a583018142d0208040100f4014b386898c283f725144c821137c7180cca64d193630cee408cc10b62308bf3854000f0ef2f000000e0ef1f00000090f607000000babbbbbbbbbb15a2bbbb19dddddddddd5d6829bdbbbbede2fc3f5a777777354577773fae80eeee0683a77501dddddd43b102babb9bbf69d25200a31a697777d3ba007092eeeeee16d0";
/// The same image within a file of boxes, declared as 16 bits.
const BOXED: &str = "0000000c4a584c200d0a870a00000014667479706a786c20000000006a786c20000000096a786c6c0a000000936a786c63ff0a5830fc00458b08040100f4014b386898c283f725144c821137c7180cca64d193630cee408cc10b62308bf3854000f0ef2f000000e0ef1f00000090f607000000babbbbbbbbbb15a2bbbb19dddddddddd5d6829bdbbbbede2fc3f5a777777354577773fae80eeee0683a77501dddddd43b102babb9bbf69d25200a31a697777d3ba007092eeeeee16d0";
/// Lossy, at a distance of 0.5.
const LOSSY: &str = "ff0a583098142d0200130800dc02773fc8010050a132cab8c1cbb99e2f3f74584cdbb8ced056db16963036db0b83848443a29bc753596b3e481efa3bbe2f8007a187958a7d800a29b00188206263232f46a962e3c52a52c718633c80cf008092f90da2787def5bd2245a1fd0667b61cb11a10d692897661c26d14fad7537f1ea58fd00c1edf0163fb743324e573b409d01f133a190093dc1e331bc09a1577d94d46e3815218ebd76f46eb4c085fa060f0c41d879bdd4bf0d4306ddc49fcca79c08d4172010";
/// Lossless, 8 bits: the lower eight of the image.
const EIGHT: &str =
    "ff0a5830101437020804010098004b283416fea6a0608a11d8c7e818831b1c83a14c02904b5b4feab4b491ec96f5e7dd1244a01b";

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes().chunks(2).map(|c| u8::from_str_radix(std::str::from_utf8(c).unwrap(), 16).unwrap()).collect()
}

fn original() -> Vec<u16> {
    (0..ROWS * COLUMNS).map(|n| ((n % COLUMNS * 257 + n / COLUMNS * 91) % 4096) as u16).collect()
}

fn layout(bits_allocated: u16, bits_stored: u16) -> FrameLayout {
    let high_bit = bits_stored - 1;
    FrameLayout {
        rows: ROWS,
        columns: COLUMNS,
        samples_per_pixel: 1,
        bits_allocated,
        bits_stored,
        high_bit,
        signed: false,
    }
}

fn decode(bytes: &[u8], layout: &FrameLayout) -> Result<Vec<u16>, PixelError> {
    let mut out = vec![0; layout.pixels()];
    decode_frame(Codec::JpegXl, layout, bytes, &mut out).map(|()| out)
}

#[test]
fn twelve_bits_are_not_stretched_to_sixteen() {
    assert_eq!(decode(&bytes(LOSSLESS), &layout(16, 12)).unwrap(), original());
    assert_eq!(decode(&bytes(BOXED), &layout(16, 12)).unwrap(), original());
    assert_eq!(decode(&bytes(BOXED), &layout(16, 16)).unwrap(), original());
}

#[test]
fn eight_bits() {
    let low: Vec<u16> = original().iter().map(|v| v % 256).collect();
    assert_eq!(decode(&bytes(EIGHT), &layout(8, 8)).unwrap(), low);
    assert_eq!(decode(&bytes(EIGHT), &layout(16, 8)).unwrap(), low);
}

#[test]
fn lossy_stays_near() {
    // libjxl itself decodes it to within 74 of the original.
    let worst = |a: &[u16], b: &[u16]| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    let found = worst(&decode(&bytes(LOSSY), &layout(16, 12)).unwrap(), &original());
    assert!((1..=200).contains(&found), "largest error {found}");
}

#[test]
fn every_cut_is_an_error() {
    for file in [LOSSLESS, BOXED, LOSSY, EIGHT] {
        let whole = bytes(file);
        let layout = if file == EIGHT { layout(8, 8) } else { layout(16, 12) };
        for length in 0..whole.len() - 1 {
            assert!(decode(&whole[..length], &layout).is_err(), "cut to {length} of {}", whole.len());
        }
    }
}

#[test]
fn flipped_bits_never_panic() {
    for file in [LOSSLESS, BOXED, LOSSY] {
        let whole = bytes(file);
        for bit in (0..whole.len() * 8).step_by(7) {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let _ = decode(&flipped, &layout(16, 12));
        }
    }
}

#[test]
fn a_codestream_of_another_size_or_depth_is_refused() {
    let stream = bytes(LOSSLESS);
    let larger = FrameLayout { rows: ROWS + 1, ..layout(16, 12) };
    assert!(matches!(decode(&stream, &larger), Err(PixelError::Size { stream_rows: 12, .. })));
    assert!(matches!(decode(&stream, &layout(8, 8)), Err(PixelError::Precision { precision: 12, .. })));
}

/// The size in the header may claim anything; nothing is believed that the frame does not say.
#[test]
fn a_lying_size_costs_no_memory() {
    let huge = FrameLayout { rows: 65535, columns: 65535, ..layout(16, 12) };
    let mut out = Vec::<u16>::new();
    let refused = decode_frame(Codec::JpegXl, &huge, &bytes(LOSSLESS), &mut out);
    assert!(refused.is_err());
}
