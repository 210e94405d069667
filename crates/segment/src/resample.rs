//! Masks on another grid.

use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use fabrica_volume::Mask;
use glam::DVec3;

use crate::SegmentError;
use crate::rows::mask_from_rows;

/// How values between voxel centres are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// From the nearest voxel.
    Nearest,
    /// Trilinear between the eight voxels around, of which at least half must belong. Smoother when the new grid is finer.
    Linear,
}

/// The mask sampled at the voxel centres of another grid. Both grids are taken to share their patient coordinates;
/// beyond its own grid the mask is empty.
///
/// On a grid coarser than the mask, parts thinner than its spacing may fall between its samples.
///
/// # Errors
/// When cancelled.
pub fn resample(
    mask: &Mask,
    onto: &Grid,
    interpolation: Interpolation,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    let to_source = mask.grid().patient_to_voxel() * onto.voxel_to_patient();
    let nx = onto.dims()[0];
    let step = to_source.matrix3.x_axis;
    mask_from_rows(onto, progress, |j, k, words| {
        let start = to_source.transform_point3(DVec3::new(0.0, j as f64, k as f64));
        for i in 0..nx {
            let at = start + step * i as f64;
            let inside = match interpolation {
                Interpolation::Nearest => get(mask, at.round()),
                Interpolation::Linear => half_inside(mask, at),
            };
            words[i / 64] |= u64::from(inside) << (i % 64);
        }
    })
}

fn get(mask: &Mask, at: DVec3) -> bool {
    at.min_element() >= 0.0 && mask.get([at.x as usize, at.y as usize, at.z as usize])
}

fn half_inside(mask: &Mask, at: DVec3) -> bool {
    let dims = mask.grid().dims();
    // Half a voxel beyond the outermost centres still belongs to the outermost voxels.
    for a in 0..3 {
        if at[a] < -0.5 || at[a] > dims[a] as f64 - 0.5 {
            return false;
        }
    }
    let at = at.max(DVec3::ZERO).min(DVec3::from_array(dims.map(|n| n as f64 - 1.0)));
    let low = at.floor();
    let part = at - low;
    let mut sum = 0.0;
    for corner in 0..8u32 {
        let offset = DVec3::from_array([0, 1, 2].map(|a| f64::from(corner >> a & 1)));
        let weight = (offset * part + (DVec3::ONE - offset) * (DVec3::ONE - part)).to_array().iter().product::<f64>();
        if weight > 0.0 && get(mask, low + offset) {
            sum += weight;
        }
    }
    sum >= 0.5 - 1e-9
}
