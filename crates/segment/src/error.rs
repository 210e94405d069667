//! What can go wrong.

use fabrica_progress::Cancelled;
use fabrica_volume::MaskError;

/// Why a structure could not be separated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The user cancelled. Nothing is kept.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// Two masks, or a mask and a volume, do not lie on one grid.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// A number that makes no sense, with what would.
    #[error("{0}")]
    Parameter(String),
    /// A seed lies outside the scan.
    #[error("seed {seed} lies outside the scan of {dims:?} voxels; choose a point inside")]
    SeedOutside {
        /// The seed as it was given.
        seed: String,
        /// Samples of the scan.
        dims: [usize; 3],
    },
    /// Nothing was found, or what was found cannot be what was sought.
    #[error("{what}: {reason}")]
    NotFound {
        /// What was sought.
        what: String,
        /// Why it is taken as not there, and what to try.
        reason: String,
    },
    /// A preset for one kind of scan was asked of another.
    #[error(
        "preset \"{recipe}\" is made for {wanted}, whose values are absolute; this scan is {found}. \
         Choose a threshold or Otsu instead, or force the preset if the values are {wanted} values all the same"
    )]
    WrongModality {
        /// The preset.
        recipe: String,
        /// The kind that it is made for.
        wanted: String,
        /// The kind of this scan.
        found: String,
    },
    /// No preset has this name.
    #[error("there is no preset \"{name}\"; there are {known}")]
    UnknownRecipe {
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The text of a recipe cannot be understood.
    #[error("the recipe cannot be read: {0}")]
    Recipe(String),
}

impl SegmentError {
    pub(crate) fn not_found(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::NotFound { what: what.into(), reason: reason.into() }
    }
}
