//! Where values are even.

use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Sample, Volume, with_samples};

use crate::element::Element;
use crate::rows::{check_length, mask_from_rows};
use crate::{SegmentError, threshold};

/// The voxels within `lower..=upper` around which, within a ball, the values' standard deviation is at most
/// `deviation`. Blood with contrast is even up to its noise; bone is not.
///
/// # Errors
/// When a number makes no sense, or when cancelled.
pub fn homogeneous(
    volume: &Volume,
    lower: f64,
    upper: f64,
    deviation: f64,
    radius: Mm,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    check_length("a deviation", deviation)?;
    check_length("a radius", radius.0)?;
    let candidates = threshold(volume, lower, upper, progress)?;
    let [nx, ny, nz] = volume.grid().dims();
    let ball = Element::ball(radius.0, volume.grid().spacing());
    with_samples!(volume.samples().view(), |s| mask_from_rows(volume.grid(), progress, |j, k, words| {
        for (at, &bits) in candidates.row(j, k).iter().enumerate() {
            let mut left = bits;
            while left != 0 {
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                let i = at * 64 + bit;
                let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
                for ((dj, dk), width) in ball.iter() {
                    let (j, k) = (j.wrapping_add_signed(dj), k.wrapping_add_signed(dk));
                    if j >= ny || k >= nz {
                        continue;
                    }
                    let row = nx * (j + ny * k);
                    for value in &s[row + i.saturating_sub(width)..row + (i + width + 1).min(nx)] {
                        let value = value.to_f64();
                        count += 1.0;
                        sum += value;
                        squares += value * value;
                    }
                }
                let mean = sum / count;
                if squares / count - mean * mean <= deviation * deviation {
                    words[at] |= 1 << bit;
                }
            }
        }
    }))
}
