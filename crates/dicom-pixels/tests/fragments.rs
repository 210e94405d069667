//! Fragments to frames.

use fabrica_dicom_pixels::*;

const SOI: [u8; 4] = [0xFF, 0xD8, 0xFF, 0xC3];

fn fragment(start: bool, length: usize) -> Vec<u8> {
    let mut bytes = if start { SOI.to_vec() } else { vec![1; 4] };
    bytes.resize(length, 7);
    bytes
}

fn frames(
    codec: Codec,
    count: usize,
    fragments: &[Vec<u8>],
    basic: &[u32],
    extended: &[u64],
) -> Result<Vec<(usize, usize)>, PixelError> {
    let ranges = frame_fragments(codec, count, fragments, OffsetTables { basic, extended })?;
    Ok(ranges.into_iter().map(|r| (r.start, r.end)).collect())
}

#[test]
fn one_frame_takes_all_fragments() {
    let fragments = [fragment(true, 10), fragment(false, 10), fragment(false, 4), vec![]];
    assert_eq!(frames(Codec::Jpeg, 1, &fragments, &[], &[]).unwrap(), [(0, 3)]);
    assert_eq!(join_fragments(&fragments[..3]).len(), 24);
}

#[test]
fn one_fragment_a_frame_needs_no_table() {
    let fragments = [fragment(true, 10), fragment(true, 12), fragment(true, 4)];
    assert_eq!(frames(Codec::Jpeg, 3, &fragments, &[5, 6, 7], &[]).unwrap(), [(0, 1), (1, 2), (2, 3)]);
    assert_eq!(frames(Codec::Rle, 3, &fragments, &[], &[]).unwrap(), [(0, 1), (1, 2), (2, 3)]);
}

#[test]
fn tables_tell_where_frames_begin() {
    let fragments = [fragment(false, 10), fragment(false, 6), fragment(false, 4), fragment(false, 8)];
    // Positions: 0, 18, 32, 44.
    assert_eq!(frames(Codec::Rle, 2, &fragments, &[0, 32], &[]).unwrap(), [(0, 2), (2, 4)]);
    assert_eq!(frames(Codec::Rle, 2, &fragments, &[], &[0, 18]).unwrap(), [(0, 1), (1, 4)]);
    // The extended table counts more than the basic one, unless it is wrong.
    assert_eq!(frames(Codec::Rle, 2, &fragments, &[0, 32], &[0, 44]).unwrap(), [(0, 3), (3, 4)]);
    assert_eq!(frames(Codec::Rle, 2, &fragments, &[0, 32], &[0, 45]).unwrap(), [(0, 2), (2, 4)]);
}

#[test]
fn without_a_right_table_the_fragments_beginnings_tell() {
    let fragments = [fragment(true, 10), fragment(false, 6), fragment(true, 4), fragment(false, 8)];
    for table in [&[][..], &[0], &[0, 33], &[8, 32], &[32, 0], &[0, 0]] {
        assert_eq!(frames(Codec::Jpeg, 2, &fragments, table, &[]).unwrap(), [(0, 2), (2, 4)], "{table:?}");
        assert!(frames(Codec::Rle, 2, &fragments, table, &[]).is_err(), "{table:?}");
    }
}

#[test]
fn doubt_is_an_error() {
    let fragments = [fragment(true, 10), fragment(true, 6), fragment(true, 4)];
    for count in [0, 1, 2, 4, usize::MAX] {
        let error = frames(Codec::Jpeg, count, &fragments, &[], &[]).unwrap_err();
        assert!(matches!(error, PixelError::Fragments(_)), "{count}: {error}");
    }
    assert!(frames(Codec::Jpeg, 1, &[], &[], &[]).is_err());
    assert!(frames(Codec::Jpeg, 2, &[fragment(true, 8), vec![]], &[], &[]).is_err());
}
