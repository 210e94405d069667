//! How far a mesh departs from the mask that it was made of.

use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_volume::Mask;
use serde::{Deserialize, Serialize};

use crate::{Mesh, SurfaceError};

/// Distances in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Departure {
    /// Mean, weighted by area.
    pub mean: Mm,
    /// 95 % of the area lies within.
    pub p95: Mm,
    /// The greatest.
    pub max: Mm,
}

/// How far a mesh departs from a mask.
///
/// The mask's border is taken literally: the faces between a voxel that belongs and one that does not (or the end of
/// the grid), as the scan's voxels are drawn. A surface between voxels cannot follow their steps, so even a perfect one
/// departs by up to half a voxel; the mean of an ideal slanting plane is about a fifth of a voxel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Deviation {
    /// From points spread over the mesh to the nearest border face.
    pub mesh_to_mask: Departure,
    /// From the centre of every border face to the nearest point of the mesh.
    pub mask_to_mesh: Departure,
}

impl Deviation {
    /// The greater of both means.
    pub fn mean(&self) -> Mm {
        Mm(self.mesh_to_mask.mean.0.max(self.mask_to_mesh.mean.0))
    }

    /// The greater of both 95 % distances.
    pub fn p95(&self) -> Mm {
        Mm(self.mesh_to_mask.p95.0.max(self.mask_to_mesh.p95.0))
    }

    /// The greatest distance either way (the Hausdorff distance on the sampled points).
    pub fn max(&self) -> Mm {
        Mm(self.mesh_to_mask.max.0.max(self.mask_to_mesh.max.0))
    }
}

/// Measures how far `mesh` departs from `mask`, both ways. Zero where both are empty.
///
/// # Errors
/// When the user cancels.
pub fn deviation(mesh: &Mesh, mask: &Mask, progress: &Progress) -> Result<Deviation, SurfaceError> {
    let _ = (mesh, mask, progress);
    Err(SurfaceError::Unfinished("measuring the deviation"))
}
