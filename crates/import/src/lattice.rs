//! Grids that have their samples at the same places in another order.

use fabrica_geometry::Grid;
use fabrica_progress::{Cancelled, Progress};
use fabrica_segment::{Interpolation, SegmentError, resample};
use fabrica_volume::Mask;
use glam::DVec3;

/// How far samples of the two grids may lie from one another, in voxels.
const TOLERANCE: f64 = 0.01;

/// The mask with its samples in the order of `grid`, where that has its samples at the same places: the same axes, some
/// turned round or exchanged. Nothing where it has not. Exact: every voxel keeps its place in the patient.
pub fn reordered(mask: &Mask, grid: &Grid, progress: &Progress) -> Result<Option<Mask>, Cancelled> {
    if !same_places(mask.grid(), grid) {
        return Ok(None);
    }
    match resample(mask, grid, Interpolation::Nearest, progress) {
        Ok(mask) => Ok(Some(mask)),
        Err(SegmentError::Cancelled(cancelled)) => Err(cancelled),
        // Resampling fails in no other way; should it ever, the structure is left out with a note.
        Err(_) => Ok(None),
    }
}

fn same_places(from: &Grid, onto: &Grid) -> bool {
    let map = from.patient_to_voxel() * onto.voxel_to_patient();
    let [nx, ny, nz] = onto.dims().map(|n| n as f64 - 1.0);
    let last = DVec3::from_array(from.dims().map(|n| n as f64 - 1.0));
    let m = map.matrix3;
    // A signed permutation takes each axis to one axis, by whole voxels.
    let permutes = [m.x_axis, m.y_axis, m.z_axis].iter().all(|axis| {
        let a = axis.abs();
        (a.max_element() - 1.0).abs() * nx.max(ny).max(nz).max(1.0) < TOLERANCE
            && (a.element_sum() - 1.0).abs() < TOLERANCE
    });
    let corners = [DVec3::ZERO, DVec3::new(nx, ny, nz)].map(|corner| map.transform_point3(corner));
    let (low, high) = (corners[0].min(corners[1]), corners[0].max(corners[1]));
    permutes
        && from.len() == onto.len()
        && low.abs().max_element() < TOLERANCE
        && (high - last).abs().max_element() < TOLERANCE
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{LpsPoint, LpsVector};

    use super::*;

    #[test]
    fn turned_axes_keep_each_voxel_at_its_place() {
        let grid = Grid::axis_aligned([3, 4, 5], LpsPoint::new(10.0, 20.0, 30.0), [1.0, 2.0, 3.0]).unwrap();
        let mut mask = Mask::empty(grid);
        mask.set([2, 1, 0], true);
        // i to the front from the back end, j to the head, k to the right from the left end.
        let axes = [LpsVector::new(0.0, -1.0, 0.0), LpsVector::new(0.0, 0.0, 1.0), LpsVector::new(-1.0, 0.0, 0.0)];
        let turned = Grid::new([4, 5, 3], LpsPoint::new(12.0, 26.0, 30.0), axes, [2.0, 3.0, 1.0]).unwrap();
        let moved = reordered(&mask, &turned, &Progress::new()).unwrap().unwrap();
        assert_eq!(moved.count(), 1);
        assert!(moved.get([2, 0, 0]), "j = 1 of 4 is 2 from the back end, i = 2 of 3 is at the left end");
    }

    #[test]
    fn a_shifted_or_coarser_grid_is_another() {
        let grid = Grid::axis_aligned([4, 4, 4], LpsPoint::default(), [1.0; 3]).unwrap();
        let shifted = Grid::axis_aligned([4, 4, 4], LpsPoint::new(0.5, 0.0, 0.0), [1.0; 3]).unwrap();
        let coarser = Grid::axis_aligned([4, 4, 4], LpsPoint::default(), [1.0, 1.0, 1.1]).unwrap();
        let mask = Mask::empty(grid);
        for other in [shifted, coarser] {
            assert!(reordered(&mask, &other, &Progress::new()).unwrap().is_none());
        }
    }
}
