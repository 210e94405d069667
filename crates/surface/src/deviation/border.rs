//! The border of a mask: the voxel faces between what belongs and what does not.

use fabrica_progress::Progress;
use fabrica_volume::Mask;
use glam::{DAffine3, DVec3};
use rayon::prelude::*;

use crate::SurfaceError;

pub(super) struct Border<'a> {
    mask: &'a Mask,
    to_voxel: DAffine3,
    to_patient: DAffine3,
    spacing: DVec3,
}

impl<'a> Border<'a> {
    pub(super) fn new(mask: &'a Mask) -> Self {
        let grid = mask.grid();
        Self {
            mask,
            to_voxel: grid.patient_to_voxel(),
            to_patient: grid.voxel_to_patient(),
            spacing: DVec3::from_array(grid.spacing()),
        }
    }

    pub(super) fn finest_spacing(&self) -> f64 {
        self.spacing.min_element()
    }

    /// The distance from a place in the patient to the nearest border face, mm. The mask must not be empty.
    pub(super) fn distance(&self, p: DVec3) -> f64 {
        let p = self.to_voxel.transform_point3(p);
        let last = DVec3::from_array(self.mask.grid().dims().map(|n| n as f64 - 1.0));
        let mut radius = 0.51 * self.spacing.max_element();
        loop {
            // All voxels of which any point may lie within the radius.
            let reach = DVec3::splat(radius) / self.spacing + 0.5;
            let low = (p - reach).ceil().max(DVec3::ZERO);
            let high = (p + reach).floor().min(last);
            let squared = self.nearest_squared(p, low, high);
            if squared <= radius * radius || (low == DVec3::ZERO && high == last) {
                return squared.sqrt();
            }
            radius *= 2.0;
        }
    }

    /// The least squared distance to a face of the voxels of the mask in a box; infinite when it has none there.
    fn nearest_squared(&self, p: DVec3, low: DVec3, high: DVec3) -> f64 {
        let range = |axis: usize| {
            let (low, high) = (low[axis], high[axis]);
            // An empty range where the box lies beyond the grid.
            if high < low { 0..0 } else { low as usize..high as usize + 1 }
        };
        let mut best = f64::INFINITY;
        for k in range(2) {
            for j in range(1) {
                for i in range(0) {
                    let voxel = [i, j, k];
                    if !self.mask.get(voxel) {
                        continue;
                    }
                    let offset = p - DVec3::from_array(voxel.map(|n| n as f64));
                    let beside = (offset.abs() - 0.5).max(DVec3::ZERO) * self.spacing;
                    let beside = beside * beside;
                    for axis in 0..3 {
                        let across = beside.element_sum() - beside[axis];
                        for side in [-0.5, 0.5] {
                            let squared = across + ((offset[axis] - side) * self.spacing[axis]).powi(2);
                            if squared < best && !self.mask.get(step(voxel, axis, side > 0.0)) {
                                best = squared;
                            }
                        }
                    }
                }
            }
        }
        best
    }

    /// `distance(centre)` of every border face, with the face's area. Slices run in parallel.
    pub(super) fn distances(
        &self,
        distance: impl Fn(DVec3) -> f64 + Sync,
        progress: &Progress,
    ) -> Result<Vec<(f32, f32)>, SurfaceError> {
        let [nx, ny, nz] = self.mask.grid().dims();
        let areas: [f32; 3] = std::array::from_fn(|axis| (self.spacing.element_product() / self.spacing[axis]) as f32);
        let rows = (0..ny * nz).into_par_iter().with_min_len(8).map(|row| {
            progress.check()?;
            let (j, k) = (row % ny, row / ny);
            let mut found = Vec::new();
            for (word, &bits) in self.mask.row(j, k).iter().enumerate().filter(|(_, bits)| **bits != 0) {
                for i in (word * 64..nx.min(word * 64 + 64)).filter(|i| bits >> (i % 64) & 1 == 1) {
                    let voxel = [i, j, k];
                    for axis in 0..3 {
                        for up in [false, true] {
                            if !self.mask.get(step(voxel, axis, up)) {
                                let mut centre = DVec3::from_array(voxel.map(|n| n as f64));
                                centre[axis] += if up { 0.5 } else { -0.5 };
                                let centre = self.to_patient.transform_point3(centre);
                                found.push((distance(centre) as f32, areas[axis]));
                            }
                        }
                    }
                }
            }
            Ok::<_, SurfaceError>(found)
        });
        Ok(rows.collect::<Result<Vec<Vec<_>>, _>>()?.concat())
    }
}

/// The neighbour along an axis. Below 0 it wraps to far beyond the grid, where no voxel belongs.
fn step(mut voxel: [usize; 3], axis: usize, up: bool) -> [usize; 3] {
    voxel[axis] = if up { voxel[axis] + 1 } else { voxel[axis].wrapping_sub(1) };
    voxel
}
