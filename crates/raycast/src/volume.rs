//! Pictures of a volume by itself.

use fabrica_progress::Progress;
use fabrica_volume::Volume;

use crate::tables::{Derived, LookTables};
use crate::{
    BlockRanges, Camera, Image, RenderError, RenderSettings, Scene, TransferFunction, render_scene, render_scene_with,
};

/// A picture of a volume by ray casting: [`render_scene`] of a scene with nothing but the volume.
///
/// # Errors
/// When cancelled, or when the size, the camera or a setting cannot give a picture.
pub fn render_volume(
    volume: &Volume,
    function: &TransferFunction,
    camera: &Camera,
    size: [u32; 2],
    settings: &RenderSettings,
    progress: &Progress,
) -> Result<Image, RenderError> {
    let scene = Scene { settings: *settings, ..Scene::new(volume, function) };
    render_scene(&scene, camera, size, progress)
}

/// [`render_volume`] with the volume's [`BlockRanges`] at hand, for several pictures of one volume.
///
/// # Errors
/// As [`render_volume`].
pub fn render_volume_with(
    volume: &Volume,
    ranges: &BlockRanges,
    function: &TransferFunction,
    camera: &Camera,
    size: [u32; 2],
    settings: &RenderSettings,
    progress: &Progress,
) -> Result<Image, RenderError> {
    let scene = Scene { settings: *settings, ..Scene::new(volume, function) };
    scene.check()?;
    let derived = Derived::of_ranges(ranges.clone());
    let tables = LookTables::of(&scene, &derived);
    render_scene_with(&scene, &derived, &tables, camera, size, progress)
}
