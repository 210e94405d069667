//! Growing, shrinking, opening and closing.
//!
//! The element of the functions that take a length is a ball in the patient: the voxels whose centres lie within the
//! radius. Small balls are done 64 voxels at a time, large ones by the distance map; the results are the same.
//! For the border of the scan see the [crate's documentation](crate).

use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_volume::Mask;

use crate::SegmentError;
use crate::distance::signed_squares;
use crate::element::{Element, ON_THE_BALL, dilate_by};
use crate::rows::{check_length, mask_from_rows};

/// Balls with more rows than this are done by the distance map.
const MOST_ROWS: f64 = 3000.0;

/// The voxels whose centres lie within `radius` of the centre of a voxel of the mask.
///
/// A radius below the spacing along an axis does not grow along it.
///
/// # Errors
/// When the radius is negative or not finite, or when cancelled.
pub fn dilate(mask: &Mask, radius: Mm, progress: &Progress) -> Result<Mask, SegmentError> {
    check_length("a radius", radius.0)?;
    let spacing = mask.grid().spacing();
    if Element::ball_rows(radius.0, spacing) <= MOST_ROWS {
        return dilate_by(mask, &Element::ball(radius.0, spacing), progress);
    }
    let squares = signed_squares(mask, progress)?;
    let limit = (radius.0 * radius.0 * ON_THE_BALL) as f32;
    let [nx, ny, _] = mask.grid().dims();
    mask_from_rows(mask.grid(), progress, |j, k, words| {
        let start = nx * (j + ny * k);
        for (word, values) in words.iter_mut().zip(squares[start..start + nx].chunks(64)) {
            *word = values.iter().enumerate().fold(0, |word, (i, &v)| word | u64::from(v <= limit) << i);
        }
    })
}

/// The voxels of the mask further than `radius` from every voxel of the scan outside the mask, from centre to centre.
///
/// What lies beyond the scan does not shrink the mask.
///
/// # Errors
/// As [`dilate`].
pub fn erode(mask: &Mask, radius: Mm, progress: &Progress) -> Result<Mask, SegmentError> {
    Ok(dilate(&mask.inverted(), radius, progress)?.inverted())
}

/// Shrinks, then grows: takes away whatever a ball of this radius does not fit into. Thin vessels and plates go: look
/// at a [`ChangeReport`](crate::ChangeReport).
///
/// # Errors
/// As [`dilate`].
pub fn open(mask: &Mask, radius: Mm, progress: &Progress) -> Result<Mask, SegmentError> {
    dilate(&erode(mask, radius, progress)?, radius, progress)
}

/// Grows, then shrinks: fills gaps and dents that a ball of this radius does not fit into.
///
/// # Errors
/// As [`dilate`].
pub fn close(mask: &Mask, radius: Mm, progress: &Progress) -> Result<Mask, SegmentError> {
    erode(&dilate(mask, radius, progress)?, radius, progress)
}

/// A margin: grows by a positive, shrinks by a negative length.
///
/// # Errors
/// When the length is not finite, or when cancelled.
pub fn margin(mask: &Mask, by: Mm, progress: &Progress) -> Result<Mask, SegmentError> {
    if by.0 < 0.0 { erode(mask, by * -1.0, progress) } else { dilate(mask, by, progress) }
}

/// A shape counted in voxels, whatever the spacing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoxelShape {
    /// Voxels at most this many steps from face to face away (1: the 6 neighbours).
    Cross(usize),
    /// Voxels at most this many away along every axis (1: the 26 neighbours).
    Box(usize),
}

impl VoxelShape {
    fn element(self) -> Result<Element, SegmentError> {
        let (Self::Cross(radius) | Self::Box(radius)) = self;
        if radius > 16 {
            return Err(SegmentError::Parameter(format!(
                "shapes in voxels are for up to 16 voxels, not {radius}; use a length in millimetres"
            )));
        }
        let reach = radius as isize;
        let mut rows = Vec::new();
        for dk in -reach..=reach {
            for dj in -reach..=reach {
                let left = match self {
                    Self::Cross(_) => reach - dj.abs() - dk.abs(),
                    Self::Box(_) => reach,
                };
                if let Ok(width) = usize::try_from(left) {
                    rows.push((width, (dj, dk)));
                }
            }
        }
        Ok(Element::new(rows))
    }
}

/// Grows by a shape counted in voxels: quick, but as anisotropic as the scan.
///
/// # Errors
/// When the shape is over 16 voxels, or when cancelled.
pub fn dilate_voxels(mask: &Mask, shape: VoxelShape, progress: &Progress) -> Result<Mask, SegmentError> {
    dilate_by(mask, &shape.element()?, progress)
}

/// Shrinks by a shape counted in voxels.
///
/// # Errors
/// As [`dilate_voxels`].
pub fn erode_voxels(mask: &Mask, shape: VoxelShape, progress: &Progress) -> Result<Mask, SegmentError> {
    Ok(dilate_voxels(&mask.inverted(), shape, progress)?.inverted())
}
