//! Splitting encapsulated pixel data (PS3.5 A.4) into frames.

use std::borrow::Cow;
use std::ops::Range;

use crate::{Codec, PixelError};

/// The offset tables of a file, as far as it has them. Wrong ones are recognised and not used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OffsetTables<'a> {
    /// The values of the Basic Offset Table item; empty if it is empty.
    pub basic: &'a [u32],
    /// Extended Offset Table (7FE0,0001); empty if absent.
    pub extended: &'a [u64],
}

/// Which fragments make up each of the `frames` frames. Fragments exclude the Basic Offset Table item.
///
/// One fragment a frame needs no table. Otherwise the extended, then the basic offset table is used if it has one offset a
/// frame and each is the start of a fragment; else, for the JPEG family, a fragment that begins like a codestream begins a
/// frame.
///
/// # Errors
/// [`PixelError::Fragments`] when the fragments cannot be assigned without doubt.
pub fn frame_fragments<F: AsRef<[u8]>>(
    codec: Codec,
    frames: usize,
    fragments: &[F],
    tables: OffsetTables<'_>,
) -> Result<Vec<Range<usize>>, PixelError> {
    let filled = fragments.iter().rposition(|f| !f.as_ref().is_empty()).map_or(0, |last| last + 1);
    let fragments = fragments.get(..filled).unwrap_or_default();
    let doubt = |what: String| Err(PixelError::Fragments(what));
    if frames == 0 || filled < frames {
        return doubt(format!("the file promises {frames} frames and has {filled} fragments with data"));
    }
    let begins: Vec<usize> =
        (0..).zip(fragments).filter(|(_, f)| begins_frame(codec, f.as_ref())).map(|(i, _)| i).collect();
    if frames == 1 {
        if begins.len() > 1 {
            return doubt(format!("the file promises one frame, but {} of its fragments begin an image", begins.len()));
        }
        return Ok(std::iter::once(0..filled).collect());
    }
    if frames == filled {
        return Ok((0..filled).map(|f| f..f + 1).collect());
    }
    let by_basic = || table_starts(frames, fragments, tables.basic.iter().map(|&o| u64::from(o)));
    let starts = table_starts(frames, fragments, tables.extended.iter().copied())
        .or_else(by_basic)
        .or_else(|| (begins.len() == frames && begins.first() == Some(&0)).then_some(begins));
    let Some(starts) = starts else {
        return doubt(format!(
            "{frames} frames in {filled} fragments, and neither an offset table nor the fragments' contents tell where frames begin"
        ));
    };
    let ends = starts.iter().copied().skip(1).chain([filled]);
    Ok(starts.iter().zip(ends).map(|(&start, end)| start..end).collect())
}

/// The bytes of one frame: its fragments one after the other, borrowed if there is just one.
pub fn join_fragments<F: AsRef<[u8]>>(fragments: &[F]) -> Cow<'_, [u8]> {
    match fragments {
        [one] => Cow::Borrowed(one.as_ref()),
        many => {
            let mut joined = Vec::with_capacity(many.iter().map(|f| f.as_ref().len()).sum());
            many.iter().for_each(|f| joined.extend_from_slice(f.as_ref()));
            Cow::Owned(joined)
        }
    }
}

/// The first fragment of each frame by an offset table: offsets count from the first fragment's item tag, and an item has
/// eight bytes before its data. None if the table does not fit the fragments.
fn table_starts<F: AsRef<[u8]>>(
    frames: usize,
    fragments: &[F],
    offsets: impl Iterator<Item = u64>,
) -> Option<Vec<usize>> {
    let mut positions = (0..).zip(fragments.iter().scan(0u64, |next, fragment| {
        let position = *next;
        *next += 8 + fragment.as_ref().len().next_multiple_of(2) as u64;
        Some(position)
    }));
    let starts: Vec<usize> = offsets
        .map_while(|offset| positions.find(|&(_, position)| position >= offset).filter(|&(_, p)| p == offset))
        .map(|(fragment, _)| fragment)
        .collect();
    (starts.len() == frames && starts.first() == Some(&0)).then_some(starts)
}

/// Whether a fragment begins like a codestream.
fn begins_frame(codec: Codec, fragment: &[u8]) -> bool {
    match codec {
        Codec::Jpeg | Codec::JpegLs => fragment.starts_with(&[0xFF, 0xD8, 0xFF]),
        Codec::Jpeg2000 => {
            fragment.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) || fragment.starts_with(b"\0\0\0\x0CjP  \r\n\x87\n")
        }
        Codec::JpegXl => fragment.starts_with(&[0xFF, 0x0A]) || fragment.starts_with(b"\0\0\0\x0CJXL \r\n\x87\n"),
        _ => false,
    }
}
