//! Where a frame of a segmentation lies, in patient space and on the scan.

use fabrica_geometry::Grid;
use glam::DVec3;

/// How far a pixel may be from the voxel that it is taken for, in voxels. Positions come as decimal strings, rounded.
const COINCIDENT: f64 = 0.1;

/// A frame's pixels in patient space: pixel (column, row) lies at `origin + column × column_step + row × row_step`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane {
    pub(crate) origin: DVec3,
    pub(crate) column_step: DVec3,
    pub(crate) row_step: DVec3,
}

/// A frame whose pixels are voxels of the scan: columns run along one axis of the grid and rows along another, by one
/// voxel a pixel, forwards or backwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnGrid {
    /// The voxel of the first pixel; it may lie outside.
    first: [i64; 3],
    column_axis: usize,
    column_sign: i64,
    row_axis: usize,
    row_sign: i64,
}

impl Plane {
    /// The unit normal; nothing when the axes do not span a plane.
    pub(crate) fn normal(&self) -> Option<DVec3> {
        self.column_step.cross(self.row_step).try_normalize()
    }

    /// Finds the frame's pixels among the scan's voxels.
    pub(crate) fn on_grid(&self, scan: &Grid, columns: usize, rows: usize) -> Option<OnGrid> {
        let to_voxel = scan.patient_to_voxel();
        let first = to_voxel.transform_point3(self.origin);
        let (column_axis, column_sign) = one_voxel(to_voxel.transform_vector3(self.column_step))?;
        let (row_axis, row_sign) = one_voxel(to_voxel.transform_vector3(self.row_step))?;
        if column_axis == row_axis || first.abs().max_element() > 1e9 {
            return None;
        }
        let on =
            OnGrid { first: first.round().to_array().map(|v| v as i64), column_axis, column_sign, row_axis, row_sign };
        let corners = [(0, 0), (columns - 1, 0), (0, rows - 1), (columns - 1, rows - 1)];
        let close = corners.into_iter().all(|(column, row)| {
            let placed = self.origin + self.column_step * column as f64 + self.row_step * row as f64;
            let wanted = DVec3::from_array(on.voxel(column, row).map(|v| v as f64));
            (to_voxel.transform_point3(placed) - wanted).abs().max_element() <= COINCIDENT
        });
        close.then_some(on)
    }
}

/// The axis along which a step goes by one voxel, and which way.
fn one_voxel(step: DVec3) -> Option<(usize, i64)> {
    let axis = (0..3).max_by(|&a, &b| step[a].abs().total_cmp(&step[b].abs()))?;
    let sign = if step[axis] < 0.0 { -1 } else { 1 };
    ((step[axis].abs() - 1.0).abs() < COINCIDENT).then_some((axis, sign))
}

impl OnGrid {
    /// The voxel of a pixel; it may lie outside the scan.
    pub(crate) fn voxel(&self, column: usize, row: usize) -> [i64; 3] {
        let mut voxel = self.first;
        voxel[self.column_axis] += self.column_sign * column as i64;
        voxel[self.row_axis] += self.row_sign * row as i64;
        voxel
    }
}
