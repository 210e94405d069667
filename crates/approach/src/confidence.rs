//! How sure a segmentation is along a path.

use fabrica_geometry::{Grid, LpsPoint, Mm, VoxelPoint};
use fabrica_volume::Volume;
use glam::{DAffine3, DVec3};

use crate::ApproachError;

/// Confidence in the scan's segmentation: 0 (guessed) to 1 (sure) for each voxel, or boxes of voxels that are in doubt.
#[derive(Clone, Debug)]
pub struct Confidence {
    kind: Kind,
    grid: Grid,
    to_voxel: DAffine3,
}

#[derive(Clone, Debug)]
enum Kind {
    Volume {
        volume: Box<Volume>,
        least: f64,
    },
    /// The first and the last voxel of each box.
    Boxes(Vec<[DVec3; 2]>),
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
        let grid = volume.grid().clone();
        Ok(Self { to_voxel: grid.patient_to_voxel(), grid, kind: Kind::Volume { volume: Box::new(volume), least } })
    }

    /// Boxes of voxels that are in doubt, each by its first and its last voxel: what a review has listed and nobody has
    /// decided yet. A box holds more than what is in doubt, which counts against a path, never for it.
    pub fn of_boxes(grid: Grid, boxes: impl IntoIterator<Item = ([u32; 3], [u32; 3])>) -> Self {
        let corner = |at: [u32; 3], by: f64| DVec3::from_array(at.map(f64::from)) + by;
        // A voxel reaches half a voxel beyond its centre.
        let boxes = boxes.into_iter().map(|(low, high)| [corner(low, -0.5), corner(high, 0.5)]).collect();
        Self { to_voxel: grid.patient_to_voxel(), grid, kind: Kind::Boxes(boxes) }
    }

    /// The length of a line that runs through uncertain voxels or outside the scan, looked at every half voxel.
    pub fn uncertain(&self, from: LpsPoint, direction: DVec3, length: Mm) -> Mm {
        let step = self.grid.finest_spacing().0 / 2.0;
        let count = (length.0 / step).ceil().clamp(1.0, 1e6);
        let step = length.0 / count;
        let unsure = (0..count as usize).filter(|n| {
            let at = from.0 + direction * (step * (*n as f64 + 0.5));
            self.is_unsure(self.to_voxel.transform_point3(at))
        });
        Mm(unsure.count() as f64 * step)
    }

    fn is_unsure(&self, at: DVec3) -> bool {
        match &self.kind {
            // Not a number and outside are unsure.
            Kind::Volume { volume, least } => {
                volume.interpolate(VoxelPoint(at)).is_none_or(|v| v.is_nan() || v < *least)
            }
            Kind::Boxes(boxes) => {
                let last = DVec3::from_array(self.grid.dims().map(|n| n as f64 - 0.5));
                let outside = !(at.cmpge(DVec3::splat(-0.5)).all() && at.cmple(last).all());
                outside || boxes.iter().any(|[low, high]| at.cmpge(*low).all() && at.cmple(*high).all())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_a_box_in_doubt_by_hand() {
        let grid =
            Grid::axis_aligned([40, 20, 20], LpsPoint::default(), [1.0, 1.0, 1.0]).unwrap_or_else(|_| unreachable!());
        // Voxels 10 to 14 along x: from 9.5 to 14.5 mm, 5 mm of the line.
        let doubt = Confidence::of_boxes(grid, [([10, 5, 5], [14, 9, 9])]);
        let line = |y| doubt.uncertain(LpsPoint::new(0.0, y, 7.0), DVec3::X, Mm(30.0)).0;
        assert!((line(7.0) - 5.0).abs() < 1e-9, "{}", line(7.0));
        assert_eq!(line(15.0), 0.0);
        // What runs out of the scan is unsure: 30 mm from x = 20 on leave it at 39.5.
        let beyond = doubt.uncertain(LpsPoint::new(20.0, 7.0, 7.0), DVec3::X, Mm(30.0)).0;
        assert!((beyond - 10.5).abs() < 0.51, "{beyond}");
    }
}
