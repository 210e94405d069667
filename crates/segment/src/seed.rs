//! Places from which regions grow.

use fabrica_geometry::{Grid, LpsPoint};

use crate::SegmentError;

/// A place that the user pointed at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seed {
    /// A point of the patient; the voxel nearest to it is meant.
    Patient(LpsPoint),
    /// The voxel (i, j, k).
    Voxel([usize; 3]),
}

impl Seed {
    /// The voxel that is meant.
    ///
    /// # Errors
    /// [`SegmentError::SeedOutside`] when it lies outside the grid.
    pub fn voxel(self, grid: &Grid) -> Result<[usize; 3], SegmentError> {
        let dims = grid.dims();
        let (voxel, seed) = match self {
            Self::Voxel(voxel) => (Some(voxel), format!("voxel {voxel:?}")),
            Self::Patient(point) => {
                let at = grid.to_voxel(point).0;
                let inside = at.is_finite() && (0..3).all(|a| at[a] >= -0.5 && at[a] < dims[a] as f64 - 0.5);
                let voxel = inside.then(|| std::array::from_fn(|a| at[a].round().max(0.0) as usize));
                (voxel, format!("({:.1}, {:.1}, {:.1}) mm LPS", point.0.x, point.0.y, point.0.z))
            }
        };
        voxel.filter(|v| (0..3).all(|a| v[a] < dims[a])).ok_or(SegmentError::SeedOutside { seed, dims })
    }

    pub(crate) fn voxels(seeds: &[Seed], grid: &Grid) -> Result<Vec<[usize; 3]>, SegmentError> {
        if seeds.is_empty() {
            return Err(SegmentError::Parameter("no seed was given; point at the structure at least once".into()));
        }
        seeds.iter().map(|seed| seed.voxel(grid)).collect()
    }
}
