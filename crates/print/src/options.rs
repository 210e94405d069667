//! What to make of a structure.

use fabrica_geometry::Mm;
use fabrica_mesh::{CutOptions, CutPlane, Engraving, HollowOptions};
use fabrica_surface::PrintOptions;
use serde::{Deserialize, Serialize};

/// How to make a model. What is left out is not done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelOptions {
    /// The surface and its smoothing.
    pub surface: PrintOptions,
    /// The least wall at the model's scale; thin places are listed.
    pub least_wall: Option<Mm>,
    /// Adds material where walls are thinner than the least wall, and only there.
    #[serde(default)]
    pub thicken: bool,
    /// Takes triangles away, within this distance in the patient's size.
    pub simplify: Option<Mm>,
    /// Texts to engrave, in sizes of the model's scale.
    pub engravings: Vec<Engraving>,
    /// Makes it hollow.
    pub hollow: Option<HollowOptions>,
    /// Cuts it in two.
    pub cut: Option<(CutPlane, CutOptions)>,
    /// The model's size over the patient's: 0.5 is a test print of half the size.
    pub scale: f64,
    /// Writes the model's file (STL or OBJ, at life size) as a DICOM object of the scan's study too.
    pub dicom: bool,
    /// The printer's build volume: width, depth, height.
    pub bed: Option<[Mm; 3]>,
    /// Puts the parts beside each other on the bed, this far apart; else they stay where they are in the patient.
    pub arrange: Option<Mm>,
    /// How far the model may depart in the proof.
    pub tolerance: Mm,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self {
            surface: PrintOptions::default(),
            least_wall: Some(Mm(1.5)),
            thicken: false,
            simplify: None,
            engravings: Vec::new(),
            hollow: None,
            cut: None,
            scale: 1.0,
            dicom: false,
            bed: None,
            arrange: None,
            tolerance: Mm(0.5),
        }
    }
}

impl ModelOptions {
    /// Whether the model departs from the anatomy on purpose.
    pub fn is_modified(&self) -> bool {
        self.thicken || !self.engravings.is_empty() || self.hollow.is_some() || self.cut.is_some()
    }
}
