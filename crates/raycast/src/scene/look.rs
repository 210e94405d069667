//! How a structure is shown.

use fabrica_geometry::Mm;
use fabrica_volume::Rgb;

use super::ClipSet;
use crate::{RenderError, TransferFunction};

/// How a structure is shown in the volume's picture.
#[derive(Clone, Debug, PartialEq)]
pub struct StructureLook {
    /// Whether its voxels are seen, and through which transfer function.
    pub shown: Shown,
    /// A colour in place of the transfer function's; shape comes from shading.
    pub colour: Option<Rgb>,
    /// Factor of its opacity, 0 to 1.
    pub opacity: f64,
    /// Which of the scene's clips cut it.
    pub clips: ClipSet,
    /// 0: as it is. 1: only where it turns away from the eye, so that it is an outline round what it contains.
    pub silhouette: f32,
    /// How much of it each ray passes before it is seen, mm: what lies on top is peeled off. The count runs over all
    /// peeled structures together.
    pub peel: Mm,
}

/// Whether and how the voxels of a structure are seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shown {
    /// As if it were no structure: by the scene's own transfer function.
    #[default]
    AsScan,
    /// Not at all. A voxel that another structure also holds is still seen as part of that one.
    Hidden,
    /// Through a transfer function of its own.
    Through(TransferFunction),
}

impl Default for StructureLook {
    fn default() -> Self {
        Self { shown: Shown::AsScan, colour: None, opacity: 1.0, clips: ClipSet::ALL, silhouette: 0.0, peel: Mm(0.0) }
    }
}

impl StructureLook {
    /// A structure that is not seen.
    pub fn hidden() -> Self {
        Self { shown: Shown::Hidden, ..Self::default() }
    }

    /// An even fog of one colour whatever the values: for a halo round a critical structure (a mask of the margin
    /// round it), or for a mask that is itself the finding. `opacity` holds for a layer of `length`.
    ///
    /// # Errors
    /// When the opacity is not between 0 and 1 or the length not positive.
    pub fn fog(colour: Rgb, opacity: f64, length: Mm) -> Result<Self, crate::TransferFunctionError> {
        // Any two values: beyond its ends a transfer function is constant.
        let point = |value| crate::ControlPoint { value, colour, opacity };
        let function = TransferFunction::new(vec![point(0.0), point(1.0)], length)?;
        Ok(Self { shown: Shown::Through(function), ..Self::default() })
    }

    /// Refuses numbers out of range.
    pub(crate) fn check(&self) -> Result<(), RenderError> {
        let fail = |name, value, range| Err(RenderError::Setting { name, value, range });
        if !(0.0..=1.0).contains(&self.opacity) {
            return fail("a structure's opacity", self.opacity, "between 0 and 1");
        }
        if !(0.0..=1.0).contains(&self.silhouette) {
            return fail("a structure's silhouette", f64::from(self.silhouette), "between 0 and 1");
        }
        if !(0.0..=1e4).contains(&self.peel.0) {
            return fail("a structure's peel in mm", self.peel.0, "between 0 and 10,000");
        }
        Ok(())
    }
}
