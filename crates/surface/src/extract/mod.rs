//! Surfaces from masks and volumes.

use fabrica_progress::Progress;
use fabrica_volume::{Mask, Volume};

use crate::{Mesh, SurfaceError};

/// The surface of a mask, half way between the voxels that belong and those that do not.
///
/// # Errors
/// When the user cancels, or there are more triangles than a mesh can hold.
pub fn surface_of_mask(mask: &Mask, progress: &Progress) -> Result<Mesh, SurfaceError> {
    let _ = (mask, progress);
    Err(SurfaceError::Unfinished("extraction"))
}

/// The surface of everything at or above `isovalue`, placed between voxels by linear interpolation.
///
/// # Errors
/// When the isovalue is not finite, the user cancels, or there are more triangles than a mesh can hold.
pub fn surface_of_volume(volume: &Volume, isovalue: f64, progress: &Progress) -> Result<Mesh, SurfaceError> {
    let _ = (volume, isovalue, progress);
    Err(SurfaceError::Unfinished("extraction"))
}

/// The surface of a mask, placed by the scan's intensity where the border of the mask is a crossing of `isovalue`, and
/// half way between voxels elsewhere (where the mask was cut, filled or edited).
///
/// # Errors
/// As [`surface_of_volume`], and when mask and volume lie on different grids.
pub fn surface_within(mask: &Mask, volume: &Volume, isovalue: f64, progress: &Progress) -> Result<Mesh, SurfaceError> {
    let _ = (mask, volume, isovalue, progress);
    Err(SurfaceError::Unfinished("extraction"))
}
