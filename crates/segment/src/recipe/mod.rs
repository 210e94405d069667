//! Recipes: lists of operations that separate a structure, kept as text.
//!
//! A recipe is a TOML document:
//! ```toml
//! name = "bone"
//! title = "Bone"
//! purpose = "..."          # what it is for
//! limits = "..."           # where it fails
//! modality = "CT"          # leave out for any
//! colour = [241, 229, 206]
//! code = { value = "272673000", scheme = "SCT", meaning = "Bone" }   # may be left out
//!
//! [[steps]]
//! do = "threshold"
//! lower = 200
//! ```
//! Each step works on the mask that the steps before have made, which is empty at first; [`Step`] lists them. A run
//! that ends with nothing is an error that names the step that left nothing.

mod run;
mod step;

use std::collections::HashSet;

use fabrica_progress::Progress;
use fabrica_volume::{Code, Rgb, Structure, ValueUnit, Volume};
use serde::Deserialize;

pub use step::{Operand, Step};

use crate::SegmentError;

/// A named list of operations that separates a structure; see the [module](self) for its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The name that commands use, such as `bone`.
    pub name: String,
    /// The name that users see; the structure's name.
    pub title: String,
    /// What it is for.
    pub purpose: String,
    /// Where it fails.
    pub limits: String,
    /// The DICOM modality that it is made for, such as `CT`; none for any.
    pub modality: Option<String>,
    /// The colour of the structure.
    pub colour: Rgb,
    /// The code of the structure.
    pub code: Option<Code>,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    name: String,
    title: String,
    purpose: String,
    limits: String,
    modality: Option<String>,
    colour: [u8; 3],
    code: Option<Code>,
    steps: Vec<Step>,
}

/// The text of the built-in recipes.
const BUILT_IN: [&str; 7] = [
    include_str!("../../../../assets/segmentation/bone.toml"),
    include_str!("../../../../assets/segmentation/skin.toml"),
    include_str!("../../../../assets/segmentation/lung.toml"),
    include_str!("../../../../assets/segmentation/airway.toml"),
    include_str!("../../../../assets/segmentation/vessels.toml"),
    include_str!("../../../../assets/segmentation/soft_tissue.toml"),
    include_str!("../../../../assets/segmentation/otsu.toml"),
];

impl Recipe {
    /// The built-in presets.
    ///
    /// # Errors
    /// Never, unless the build carries a recipe that cannot be read.
    pub fn built_in() -> Result<Vec<Recipe>, SegmentError> {
        BUILT_IN.iter().map(|text| Self::parse(text)).collect()
    }

    /// The built-in preset of this name.
    ///
    /// # Errors
    /// [`SegmentError::UnknownRecipe`], with the names that there are.
    pub fn named(name: &str) -> Result<Recipe, SegmentError> {
        let all = Self::built_in()?;
        let known = all.iter().map(|recipe| recipe.name.as_str()).collect::<Vec<_>>().join(", ");
        all.into_iter()
            .find(|recipe| recipe.name == name)
            .ok_or_else(|| SegmentError::UnknownRecipe { name: name.into(), known })
    }

    /// Reads a recipe.
    ///
    /// # Errors
    /// [`SegmentError::Recipe`] with the line, when the text is not TOML, a field or a step is unknown or missing, a
    /// number makes no sense, or a step refers to a mask that no step before has saved.
    pub fn parse(text: &str) -> Result<Recipe, SegmentError> {
        let text: Text = toml::from_str(text).map_err(|error| SegmentError::Recipe(error.to_string()))?;
        let mut saved = HashSet::new();
        for (number, step) in text.steps.iter().enumerate() {
            step.check(&saved)
                .map_err(|problem| SegmentError::Recipe(format!("step {} ({step}): {problem}", number + 1)))?;
            if let Step::Save { name } = step {
                saved.insert(name.clone());
            }
        }
        if text.steps.is_empty() {
            return Err(SegmentError::Recipe("there is no step".into()));
        }
        let [r, g, b] = text.colour;
        Ok(Recipe {
            name: text.name,
            title: text.title,
            purpose: text.purpose,
            limits: text.limits,
            modality: text.modality,
            colour: Rgb(r, g, b),
            code: text.code,
            steps: text.steps,
        })
    }

    /// Runs on a scan of the modality that the recipe is made for.
    ///
    /// A scan of unknown modality is taken as CT when its unit is Hounsfield.
    ///
    /// # Errors
    /// [`SegmentError::WrongModality`]; [`SegmentError::NotFound`] with the step that found nothing and why; or when
    /// cancelled.
    pub fn run(&self, volume: &Volume, progress: &Progress) -> Result<Structure, SegmentError> {
        self.check_modality(volume)?;
        run::run(self, volume, progress)
    }

    /// Runs whatever the modality is. For scans that carry the right values without saying so.
    ///
    /// # Errors
    /// As [`Recipe::run`], but for the modality.
    pub fn run_forced(&self, volume: &Volume, progress: &Progress) -> Result<Structure, SegmentError> {
        run::run(self, volume, progress)
    }

    fn check_modality(&self, volume: &Volume) -> Result<(), SegmentError> {
        let Some(wanted) = &self.modality else { return Ok(()) };
        let found = &volume.provenance.modality.0;
        if wanted == found || found.is_empty() && wanted == "CT" && volume.unit == ValueUnit::Hounsfield {
            return Ok(());
        }
        let found = if found.is_empty() { "of unknown kind".into() } else { found.clone() };
        Err(SegmentError::WrongModality { recipe: self.name.clone(), wanted: wanted.clone(), found })
    }
}
