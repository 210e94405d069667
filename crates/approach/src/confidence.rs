//! How sure a segmentation is along a path.

use fabrica_geometry::{LpsPoint, Mm, VoxelPoint};
use fabrica_volume::Volume;
use glam::{DAffine3, DVec3};

use crate::ApproachError;

/// Confidence in the scan's segmentation: 0 (guessed) to 1 (sure) for each voxel.
#[derive(Clone, Debug)]
pub struct Confidence {
    volume: Volume,
    to_voxel: DAffine3,
    least: f64,
}

impl Confidence {
    /// A volume of confidences, 0 to 1, and the least that counts as certain.
    ///
    /// # Errors
    /// When its values reach beyond 0 to 1 (a volume of something else), or `least` does.
    pub fn new(volume: Volume, least: f64) -> Result<Self, ApproachError> {
        let (low, high) = volume.range();
        if !(low >= 0.0 && high <= 1.0) {
            let what = format!("its values run from {low} to {high}; a confidence runs from 0 to 1");
            return Err(ApproachError::invalid("confidence", what));
        }
        if !(0.0..=1.0).contains(&least) {
            return Err(ApproachError::invalid("least confidence", format!("{least} is not 0 to 1")));
        }
        let to_voxel = volume.grid().patient_to_voxel();
        Ok(Self { volume, to_voxel, least })
    }

    /// The length of a line that runs through uncertain voxels or outside the scan, looked at every half voxel.
    pub fn uncertain(&self, from: LpsPoint, direction: DVec3, length: Mm) -> Mm {
        let step = self.volume.grid().finest_spacing().0 / 2.0;
        let count = (length.0 / step).ceil().max(1.0);
        let step = length.0 / count;
        let unsure = (0..count as usize).filter(|n| {
            let at = from.0 + direction * (step * (*n as f64 + 0.5));
            let value = self.volume.interpolate(VoxelPoint(self.to_voxel.transform_point3(at)));
            // Not a number and outside are unsure.
            value.is_none_or(|v| v.is_nan() || v < self.least)
        });
        Mm(unsure.count() as f64 * step)
    }
}
