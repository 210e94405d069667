//! What to make of a structure.

use fabrica_geometry::Mm;
use fabrica_mesh::{CutOptions, CutPlane, HollowOptions};
use fabrica_surface::PrintOptions;
use serde::{Deserialize, Serialize};

/// How to make a model. What is left out is not done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelOptions {
    /// The surface and its smoothing.
    pub surface: PrintOptions,
    /// The least wall at the model's scale; thin places are listed.
    pub least_wall: Option<Mm>,
    /// Makes it hollow.
    pub hollow: Option<HollowOptions>,
    /// Cuts it in two.
    pub cut: Option<(CutPlane, CutOptions)>,
    /// The model's size over the patient's: 0.5 is a test print of half the size.
    pub scale: f64,
    /// The printer's build volume: width, depth, height.
    pub bed: Option<[Mm; 3]>,
    /// How far the model may depart in the proof.
    pub tolerance: Mm,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self {
            surface: PrintOptions::default(),
            least_wall: Some(Mm(1.5)),
            hollow: None,
            cut: None,
            scale: 1.0,
            bed: None,
            tolerance: Mm(0.5),
        }
    }
}
