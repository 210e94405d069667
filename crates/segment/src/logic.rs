//! Logic between masks on one grid, 64 voxels at a time.

use fabrica_volume::Mask;

use crate::SegmentError;

/// The voxels in either mask.
///
/// # Errors
/// When the masks lie on different grids; [`resample`](crate::resample) one first.
pub fn union(a: &Mask, b: &Mask) -> Result<Mask, SegmentError> {
    Ok(a.combine(b, |a, b| a | b)?)
}

/// The voxels in both masks.
///
/// # Errors
/// As [`union`].
pub fn intersection(a: &Mask, b: &Mask) -> Result<Mask, SegmentError> {
    Ok(a.combine(b, |a, b| a & b)?)
}

/// The voxels of the first mask that are not in the second.
///
/// # Errors
/// As [`union`].
pub fn difference(a: &Mask, b: &Mask) -> Result<Mask, SegmentError> {
    Ok(a.combine(b, |a, b| a & !b)?)
}

/// The voxels in just one of the masks.
///
/// # Errors
/// As [`union`].
pub fn exclusive_or(a: &Mask, b: &Mask) -> Result<Mask, SegmentError> {
    Ok(a.combine(b, |a, b| a ^ b)?)
}
