//! Smoothing without shrinking.

use fabrica_geometry::{Grid, Mm, Mm3};
use fabrica_progress::Progress;
use serde::{Deserialize, Serialize};

use crate::{Mesh, SurfaceError};

/// How to smooth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Smoothing {
    /// Pairs of a shrinking and a growing step. More are smoother; 0 leaves the mesh as it is.
    pub passes: u32,
    /// Pass band of the low-pass filter, as a frequency of the mesh Laplacian, 0.01 to 0.5. Smaller is smoother.
    pub pass_band: f64,
    /// The farthest that a vertex may go from where it was, in voxels (an ellipsoid where voxels are not cubes).
    pub leash_voxels: f64,
}

impl Default for Smoothing {
    fn default() -> Self {
        Self { passes: 10, pass_band: 0.1, leash_voxels: 0.28 }
    }
}

/// What smoothing did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmoothingReport {
    /// Enclosed volume before.
    pub volume_before: Mm3,
    /// Enclosed volume after the filter, before its loss was corrected.
    pub volume_filtered: Mm3,
    /// Enclosed volume now.
    pub volume_after: Mm3,
    /// The farthest that a vertex went.
    pub greatest_move: Mm,
}

/// Smooths a surface in place. `grid` is that of the mask or volume that the surface was made from.
///
/// # Errors
/// When an option is out of range or the user cancels; the mesh is then unchanged.
pub fn smooth(
    mesh: &mut Mesh,
    grid: &Grid,
    options: &Smoothing,
    progress: &Progress,
) -> Result<SmoothingReport, SurfaceError> {
    let _ = (mesh, grid, options, progress);
    Err(SurfaceError::Unfinished("smoothing"))
}
