//! Draws the volume in Bevy by ray marching, in the window and without one.
//!
//! - [`VolumeRenderingPlugin`] draws the open case's volume with its preset and clip plane.
//! - [`OffscreenRenderer`] makes pictures without a window, for the command line and for tests.
//!
//! The pass is `shaders/volume.wgsl` on `shaders/scene.wgsl`, the twin of `fabrica_raycast::render_scene`. Opaque meshes end the rays of
//! cameras that have a `DepthPrepass`; for other cameras the volume is drawn over them. For those with one it writes depth where it
//! is nearly opaque: a headset's compositor moves the picture by it.

mod box_mesh;
mod labels;
mod material;
mod offscreen;
mod patches;
mod shown;
mod texture;

use bevy::asset::uuid_handle;
use bevy::prelude::*;
use bevy::shader::Shader;

pub use material::VolumeMaterial;
pub use offscreen::{OffscreenError, OffscreenRenderer};
pub use shown::ShownVolume;
pub use texture::{PreparedVolume, TextureSupport, VolumeTextureError};

const SCENE_SHADER: Handle<Shader> = uuid_handle!("0f6f34a1-6a6c-4c05-8f5e-41f0a6b7f5d2");
const SHADER: Handle<Shader> = uuid_handle!("6f0c0e0e-5f0b-4a52-9a6e-0d6c3c0b7a11");

/// Draws the open case's volume.
pub struct VolumeRenderingPlugin;

impl Plugin for VolumeRenderingPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(VolumeMaterialPlugin)
            .add_systems(Update, (shown::prepare, labels::label, labels::light, shown::show).chain());
    }
}

/// The material and its shader, without anything that puts volumes into the scene.
pub(crate) struct VolumeMaterialPlugin;

impl Plugin for VolumeMaterialPlugin {
    fn build(&self, app: &mut App) {
        let mut shaders = app.world_mut().resource_mut::<Assets<Shader>>();
        for (handle, shader) in [
            (&SCENE_SHADER, Shader::from_wgsl(include_str!("../../../shaders/scene.wgsl"), "shaders/scene.wgsl")),
            (&SHADER, Shader::from_wgsl(include_str!("../../../shaders/volume.wgsl"), "shaders/volume.wgsl")),
        ] {
            if let Err(error) = shaders.insert(handle.id(), shader) {
                error!("a volume shader cannot be registered: {error}");
            }
        }
        app.add_plugins((MaterialPlugin::<VolumeMaterial>::default(), patches::TexturePatchPlugin));
    }
}
