//! Masks stored to save time: caches that can be thrown away, and are believed only when their hash is right.

use std::io::{Read, Write};

use fabrica_geometry::Grid;
use fabrica_volume::Mask;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::Version;

const MAGIC: &[u8; 8] = b"FabMask1";
/// Magic, version, samples along i, j, k.
const HEADER: usize = 8 + 32 + 12;

/// A mask as bytes to store under its version.
///
/// # Errors
/// When memory runs out.
pub fn encode_mask(mask: &Mask, version: Version) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::from(MAGIC.as_slice());
    bytes.extend(version.bytes());
    bytes.extend(mask.grid().dims().iter().flat_map(|n| (*n as u32).to_le_bytes()));
    bytes.extend(hash_of(mask).bytes());
    let mut encoder = ZlibEncoder::new(bytes, Compression::fast());
    let mut piece = Vec::with_capacity(1 << 16);
    for words in mask.words().chunks(1 << 13) {
        piece.clear();
        piece.extend(words.iter().flat_map(|w| w.to_le_bytes()));
        encoder.write_all(&piece)?;
    }
    encoder.finish()
}

/// The mask that [`encode_mask`] gave under this version, on this grid. Nothing when the bytes are anything else, or
/// damaged.
pub fn decode_mask(bytes: &[u8], version: Version, grid: &Grid) -> Option<Mask> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
    let (hash, packed) = rest.split_at_checked(32)?;
    let dims: Vec<u8> = grid.dims().iter().flat_map(|n| (*n as u32).to_le_bytes()).collect();
    if header[..8] != *MAGIC || header[8..40] != *version.bytes() || header[40..] != *dims {
        return None;
    }
    let count = Mask::empty(grid.clone()).words().len();
    let mut unpacked = Vec::with_capacity(count * 8);
    // No more than the mask takes, whatever the bytes say.
    ZlibDecoder::new(packed).take(count as u64 * 8 + 1).read_to_end(&mut unpacked).ok()?;
    let (words, _) = unpacked.as_chunks::<8>();
    let mask = Mask::from_words(grid.clone(), words.iter().map(|w| u64::from_le_bytes(*w)).collect()).ok()?;
    (unpacked.len() == count * 8 && hash_of(&mask).bytes() == hash).then_some(mask)
}

/// A hash of a mask's voxels: equal for equal masks, on every machine.
pub fn hash_of(mask: &Mask) -> Version {
    let mut bytes = Vec::with_capacity(mask.words().len() * 8 + 12);
    bytes.extend(mask.grid().dims().iter().flat_map(|n| (*n as u32).to_le_bytes()));
    bytes.extend(mask.words().iter().flat_map(|w| w.to_le_bytes()));
    Version::hash([bytes.as_slice()])
}
