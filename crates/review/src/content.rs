//! What lies at a region: a hash, to tell whether anything was edited there.

use std::fmt::Write as _;

use fabrica_volume::Mask;
use sha2::{Digest, Sha256};

/// Edits so many voxels around a region count as edits of it.
const AROUND: usize = 2;

/// SHA-256 of a structure's voxels in and around a box (first and last position along each axis), 64 hexadecimal digits:
/// the box, grown by two voxels within the grid, as six 32-bit numbers, then a byte a voxel, i fastest; all little-endian.
pub fn content_sha256(mask: &Mask, low: [usize; 3], high: [usize; 3]) -> String {
    let dims = mask.grid().dims();
    let low = low.map(|n| n.saturating_sub(AROUND));
    let high: [usize; 3] = std::array::from_fn(|a| (high[a] + AROUND).min(dims[a] - 1));
    let mut sha = Sha256::new();
    for n in low.into_iter().chain(high) {
        sha.update((n as u32).to_le_bytes());
    }
    let mut row = Vec::with_capacity(high[0].saturating_sub(low[0]) + 1);
    for k in low[2]..=high[2] {
        for j in low[1]..=high[1] {
            row.clear();
            row.extend((low[0]..=high[0]).map(|i| u8::from(mask.get([i, j, k]))));
            sha.update(&row);
        }
    }
    sha.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
