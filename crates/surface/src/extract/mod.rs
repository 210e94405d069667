//! Surfaces from masks and volumes.

mod blocks;
mod cases;
mod cells;
mod place;

use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use fabrica_volume::{Mask, MaskError, Volume, with_samples};

use crate::{Mesh, SurfaceError};
pub use blocks::BlockSurface;
use place::{HalfWay, Interpolated, Threshold, Told, pack_row};

/// The surface of a mask, half way between the voxels that belong and those that do not.
///
/// Always closed, edge- and vertex-manifold and facing outwards: beyond the grid is outside, and voxels that touch by a
/// face or an edge hang together. Empty when the mask is.
///
/// # Errors
/// When the user cancels, or there are more triangles than a mesh can hold.
///
/// # Example
/// ```
/// use fabrica_geometry::{Grid, LpsPoint};
/// use fabrica_progress::Progress;
/// use fabrica_surface::{check, surface_of_mask};
/// use fabrica_volume::Mask;
/// let grid = Grid::axis_aligned([3, 3, 3], LpsPoint::new(0.0, 0.0, 0.0), [2.0; 3]).unwrap();
/// let all = Mask::from_fn(grid, |_| true);
/// let progress = Progress::new();
/// let mesh = surface_of_mask(&all, &progress).unwrap();
/// let report = check(&mesh, &progress).unwrap();
/// assert!(report.is_solid());
/// // From the first to the last voxel's end.
/// let (low, high) = report.bounds.unwrap();
/// assert_eq!((low.0.x, high.0.x), (-1.0, 5.0));
/// ```
pub fn surface_of_mask(mask: &Mask, progress: &Progress) -> Result<Mesh, SurfaceError> {
    progress.stage("making the surface");
    cells::march(mask, &HalfWay, progress)
}

/// The surface of a mask, with each crossing where `fraction(inside, outside)` says: the share of the way, 0 to 1, from
/// the sample (by its linear index) that belongs to its neighbour that does not.
///
/// Closed and manifold as that of a mask, whatever the fractions; they are held between 1/128 and 127/128.
///
/// # Errors
/// As [`surface_of_mask`].
pub fn surface_of_mask_placed(
    mask: &Mask,
    fraction: impl Fn(usize, usize) -> f64 + Sync,
    progress: &Progress,
) -> Result<Mesh, SurfaceError> {
    progress.stage("making the surface");
    cells::march(mask, &Told(fraction), progress)
}

/// The surface of everything at or above `isovalue`, placed between voxels by linear interpolation.
///
/// Closed and manifold as that of a mask. Not-a-number is outside. A crossing keeps a small distance (1/128 voxel or,
/// where the grid lies far from the origin, what `f32` can tell apart) from the samples beside it, so that no triangle
/// loses its area where a sample equals the isovalue.
///
/// # Errors
/// When the isovalue is not finite, the user cancels, or there are more triangles than a mesh can hold.
pub fn surface_of_volume(volume: &Volume, isovalue: f64, progress: &Progress) -> Result<Mesh, SurfaceError> {
    if !isovalue.is_finite() {
        return Err(SurfaceError::Isovalue(isovalue));
    }
    progress.stage("making the surface");
    let grid = volume.grid();
    with_samples!(volume.samples().view(), |samples| {
        let inside = at_least(grid, samples, isovalue, progress)?;
        cells::march(&inside, &Interpolated { samples, isovalue, inset: inset(grid) }, progress)
    })
}

/// The surface of a mask, placed by the scan's intensity where the border of the mask is a crossing of `isovalue`, and
/// half way between voxels elsewhere (where the mask was cut, filled or edited).
///
/// # Errors
/// As [`surface_of_volume`], and when mask and volume lie on different grids.
pub fn surface_within(mask: &Mask, volume: &Volume, isovalue: f64, progress: &Progress) -> Result<Mesh, SurfaceError> {
    if !isovalue.is_finite() {
        return Err(SurfaceError::Isovalue(isovalue));
    }
    if !mask.grid().coincides(volume.grid(), mask.grid().finest_spacing() * 0.01) {
        return Err(MaskError::DifferentGrids { first: mask.grid().dims(), second: volume.grid().dims() }.into());
    }
    progress.stage("making the surface");
    let inset = inset(mask.grid());
    with_samples!(volume.samples().view(), |samples| {
        cells::march(mask, &Interpolated { samples, isovalue, inset }, progress)
    })
}

/// The voxels whose sample is at least `isovalue`.
fn at_least<T: Threshold>(
    grid: &Grid,
    samples: &[T],
    isovalue: f64,
    progress: &Progress,
) -> Result<Mask, SurfaceError> {
    let Some(threshold) = T::at_least(isovalue) else { return Ok(Mask::empty(grid.clone())) };
    let [nx, ny, _] = grid.dims();
    let mask = Mask::from_rows(grid.clone(), |j, k, words| {
        if !progress.is_cancelled() {
            let row = nx * (j + ny * k);
            pack_row(&samples[row..row + nx], threshold, words);
        }
    });
    progress.check()?;
    Ok(mask)
}

/// How far from a sample a crossing keeps, in voxels: 1/128, or eight steps of the `f32` coordinates if that is more.
fn inset(grid: &Grid) -> f64 {
    let (low, high) = grid.bounds();
    let farthest = low.0.abs().max(high.0.abs()).max_element();
    let step = farthest * f64::from(f32::EPSILON);
    (8.0 * step / grid.finest_spacing().0).clamp(1.0 / 128.0, 0.25)
}
