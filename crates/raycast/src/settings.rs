//! How a volume is drawn.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_volume::Rgb;
use serde::{Deserialize, Serialize};

use crate::{RenderError, Window};

/// What becomes of the values along a ray.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenderMode {
    /// Emission and absorption through the transfer function.
    #[default]
    Composite,
    /// The surface at a value, found between the samples and shaded: opaque.
    Surface {
        /// The value: what is at least as great is inside.
        value: f64,
        /// Its colour; structures with a look of their own keep theirs.
        colour: Rgb,
    },
    /// The greatest value, in grey (maximum intensity projection).
    Mip(Window),
    /// The least value, in grey.
    MinIp(Window),
    /// The mean value, in grey.
    Average(Window),
}

/// A headlight: Blinn-Phong shading by the gradient of the values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lighting {
    /// Light from everywhere.
    pub ambient: f32,
    /// Light from the lamp, by the angle of the surface.
    pub diffuse: f32,
    /// Highlight.
    pub specular: f32,
    /// Sharpness of the highlight.
    pub shininess: f32,
    /// Gradients below the first (values per mm) are not shaded, as in noise; those above the second wholly.
    pub gradient: [f32; 2],
    /// How much places that little light comes to are darkened, 0 (not at all) to 1: ambient occlusion.
    pub occlusion: f32,
}

impl Default for Lighting {
    fn default() -> Self {
        Self { ambient: 0.25, diffuse: 0.75, specular: 0.2, shininess: 24.0, gradient: [5.0, 40.0], occlusion: 0.0 }
    }
}

/// A plane that cuts the picture open: what lies before it is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClipPlane {
    /// A point of the plane.
    pub point: LpsPoint,
    /// The side that is kept: points towards which this direction leads from the plane. Any length but 0.
    pub keep: LpsVector,
}

/// The layer that a picture is made of, perpendicular to the view: all but it is left out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slab {
    /// A point in its middle.
    pub centre: LpsPoint,
    /// How thick it is.
    pub thickness: Mm,
}

/// How a volume is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RenderSettings {
    /// What becomes of the values along a ray.
    pub mode: RenderMode,
    /// Distance between samples along the ray, in units of the finest voxel spacing.
    pub step_voxels: f64,
    /// The lamp, or nothing for colours as in the transfer function.
    pub lighting: Option<Lighting>,
    /// A plane that cuts the picture open.
    pub clip: Option<ClipPlane>,
    /// The layer that the picture is made of, or nothing for all.
    pub slab: Option<Slab>,
    /// What is seen where nothing is.
    pub background: Rgb,
    /// Leaps over blocks that the transfer function makes transparent. The picture is the same without, only later.
    pub skip_empty: bool,
}

impl Default for RenderSettings {
    fn default() -> Self {
        Self {
            mode: RenderMode::Composite,
            step_voxels: 0.5,
            lighting: Some(Lighting::default()),
            clip: None,
            slab: None,
            background: Rgb(0, 0, 0),
            skip_empty: true,
        }
    }
}

impl RenderSettings {
    /// Refuses settings that cannot give a picture.
    ///
    /// # Errors
    /// [`RenderError::Setting`] when the step is outside 0.05 to 10 voxels, the clip plane has no direction or a
    /// window no width.
    pub fn check(&self) -> Result<(), RenderError> {
        let fail = |name, value, range| Err(RenderError::Setting { name, value, range });
        if !(0.05..=10.0).contains(&self.step_voxels) {
            return fail("the step in voxels", self.step_voxels, "between 0.05 and 10");
        }
        if let Some(clip) = self.clip
            && (!clip.point.0.is_finite() || clip.keep.0.try_normalize().is_none())
        {
            return fail("the length of the clip plane's direction", clip.keep.length().0, "finite and not 0");
        }
        if let Some(slab) = self.slab
            && !(slab.centre.0.is_finite() && slab.thickness.0 > 0.0 && slab.thickness.0.is_finite())
        {
            return fail("the slab's thickness in mm", slab.thickness.0, "positive and finite");
        }
        if let Some(lighting) = self.lighting
            && !(0.0..=1.0).contains(&lighting.occlusion)
        {
            return fail("the lighting's occlusion", f64::from(lighting.occlusion), "between 0 and 1");
        }
        match self.mode {
            RenderMode::Composite => Ok(()),
            RenderMode::Surface { value, .. } if !value.is_finite() => fail("the isovalue", value, "finite"),
            RenderMode::Surface { .. } => Ok(()),
            RenderMode::Mip(window) | RenderMode::MinIp(window) | RenderMode::Average(window) => {
                if window.width > 0.0 && window.width.is_finite() && window.centre.is_finite() {
                    Ok(())
                } else {
                    fail("the width of the window", window.width, "positive and finite")
                }
            }
        }
    }
}
