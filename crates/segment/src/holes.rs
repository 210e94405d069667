//! Filling holes.

use fabrica_geometry::{Grid, Mm2, Mm3, PatientAxis};
use fabrica_progress::Progress;
use fabrica_volume::Mask;

use crate::connectivity::RowStep;
use crate::islands::Islands;
use crate::logic::union;
use crate::{Connectivity, SegmentError};

/// Fills the cavities: what is not in the mask and is not connected, face to face, to the border of the scan. With a
/// limit only cavities of at most that volume are filled.
///
/// A cavity that the scan's border cuts is open and stays; see [`fill_slices`].
///
/// # Errors
/// When cancelled.
pub fn fill_cavities(mask: &Mask, limit: Option<Mm3>, progress: &Progress) -> Result<Mask, SegmentError> {
    let dims = mask.grid().dims();
    let outside = Islands::find(&mask.inverted(), Connectivity::Six, progress)?;
    let most = limit.map_or(f64::INFINITY, |limit| limit.0 / mask.grid().voxel_volume().0 * (1.0 + 1e-9));
    fill(mask, &outside, most, [true; 3], dims, progress)
}

/// Fills the holes of each slice across an anatomical axis (`InferiorSuperior`: axial slices): what is not in the mask
/// and, within its slice, not connected face to face to the slice's border. With a limit only holes of at most that
/// area. On an oblique scan the scan's own axis nearest to the anatomical one is taken.
///
/// # Errors
/// When cancelled.
pub fn fill_slices(
    mask: &Mask,
    across: PatientAxis,
    limit: Option<Mm2>,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    let grid = mask.grid();
    let axis = nearest_axis(grid, across);
    let area = grid.voxel_volume().0 / grid.spacing()[axis];
    let most = limit.map_or(f64::INFINITY, |limit| limit.0 / area * (1.0 + 1e-9));
    match axis {
        2 => fill_planes(mask, &[(-1, 0, 0)], [true, true, false], most, progress),
        1 => fill_planes(mask, &[(0, -1, 0)], [true, false, true], most, progress),
        // Slices across i hold no runs: turn the mask so that they do.
        _ => {
            let turned = turn(mask, progress)?;
            let filled = fill_planes(&turned, &[(-1, 0, 0)], [true, true, false], most, progress)?;
            let back = turn(&filled, progress)?;
            Ok(Mask::from_words(grid.clone(), back.into_words())?)
        }
    }
}

fn fill_planes(
    mask: &Mask,
    steps: &[RowStep],
    borders: [bool; 3],
    most: f64,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    let outside = Islands::find_along(&mask.inverted(), steps, progress)?;
    fill(mask, &outside, most, borders, mask.grid().dims(), progress)
}

/// Adds those parts of the outside that are small enough and touch none of the borders.
fn fill(
    mask: &Mask,
    outside: &Islands,
    most: f64,
    borders: [bool; 3],
    dims: [usize; 3],
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    let [nx, ny, nz] = dims;
    let mut open = vec![false; outside.len()];
    outside.for_each_run(|island, start, end, j, k| {
        open[island] |= borders[0] && (start == 0 || end == nx)
            || borders[1] && (j == 0 || j + 1 == ny)
            || borders[2] && (k == 0 || k + 1 == nz);
    });
    let holes = outside.keep(|island| !open[island] && outside.voxels()[island] as f64 <= most, progress)?;
    union(mask, &holes)
}

/// The grid's axis that runs most along an anatomical one.
pub(crate) fn nearest_axis(grid: &Grid, axis: PatientAxis) -> usize {
    let component = match axis {
        PatientAxis::RightLeft => 0,
        PatientAxis::AnteriorPosterior => 1,
        PatientAxis::InferiorSuperior => 2,
    };
    let along = |a: usize| grid.axis(a).0[component].abs();
    (0..3).fold(0, |best, a| if along(a) > along(best) { a } else { best })
}

/// The mask with i and k exchanged.
fn turn(mask: &Mask, progress: &Progress) -> Result<Mask, SegmentError> {
    let grid = mask.grid();
    let ([nx, ny, nz], spacing) = (grid.dims(), grid.spacing());
    let turned = Grid::new(
        [nz, ny, nx],
        grid.origin(),
        [grid.axis(2), grid.axis(1), grid.axis(0)],
        [spacing[2], spacing[1], spacing[0]],
    )
    .map_err(|error| SegmentError::Parameter(error.to_string()))?;
    crate::rows::mask_from_rows(&turned, progress, |j, i, words| {
        for k in 0..nz {
            words[k / 64] |= (mask.row(j, k)[i / 64] >> (i % 64) & 1) << (k % 64);
        }
    })
}
