//! A structure as a model that prints.

use std::fmt;

use fabrica_geometry::Mm3;
use fabrica_progress::Progress;
use fabrica_volume::{Structure, Volume};
use serde::{Deserialize, Serialize};

use crate::{Deviation, Mesh, MeshReport, Smoothing, SmoothingReport, SurfaceError};

/// How to make a model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrintOptions {
    /// How to smooth, or not at all.
    pub smoothing: Option<Smoothing>,
    /// Return a model that is not fit to print too, instead of refusing it.
    pub allow_open: bool,
}

impl Default for PrintOptions {
    fn default() -> Self {
        Self { smoothing: Some(Smoothing::default()), allow_open: false }
    }
}

/// A model and what is known about it.
#[derive(Clone, Debug)]
pub struct PrintModel {
    /// The surface, LPS mm.
    pub mesh: Mesh,
    /// The report that goes beside it.
    pub report: PrintReport,
}

/// What is known about a model. Its `Display` is the text that goes beside the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrintReport {
    /// Name of the structure.
    pub structure: String,
    /// The scan is simulated.
    pub simulated: bool,
    /// How the surface was placed, in words.
    pub placed_by: String,
    /// The check of the mesh.
    pub mesh: MeshReport,
    /// Volume of the mask's voxels.
    pub mask_volume: Mm3,
    /// Volume of the mesh less that of the mask, in per cent of the mask's.
    pub volume_difference_percent: f64,
    /// Separate solid parts (cavities do not count).
    pub islands: usize,
    /// What smoothing did, if it was asked for.
    pub smoothing: Option<SmoothingReport>,
    /// How far the mesh departs from the mask.
    pub deviation: Deviation,
    /// The leash, passes and band of the smoothing.
    pub options: PrintOptions,
}

impl fmt::Display for PrintReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.structure)
    }
}

/// Makes the model of a structure. With the scan that a thresholded structure comes from, its surface is placed between
/// voxels by intensity; without, half way between them.
///
/// # Errors
/// When the structure is empty, it and the scan lie on different grids, the model is not closed, manifold and facing
/// outwards (unless `allow_open`), or the user cancels.
pub fn print_model(
    structure: &Structure,
    volume: Option<&Volume>,
    options: &PrintOptions,
    progress: &Progress,
) -> Result<PrintModel, SurfaceError> {
    let _ = (structure, volume, options, progress);
    Err(SurfaceError::Unfinished("print models"))
}
