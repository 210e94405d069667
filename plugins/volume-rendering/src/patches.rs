//! Parts of textures for the device, where sending a whole texture again would be a waste.

use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{Extent3d, Origin3d, TexelCopyBufferLayout, TexelCopyTextureInfo, TextureAspect};
use bevy::render::renderer::RenderQueue;
use bevy::render::texture::GpuImage;
use bevy::render::{ExtractSchedule, MainWorld, Render, RenderApp, RenderSystems};

/// New texels of a box in a texture.
pub(crate) struct TexturePatch {
    pub image: Handle<Image>,
    /// The box's first texel along each axis.
    pub first: [usize; 3],
    /// Texels along each axis.
    pub size: [usize; 3],
    /// The texels, tightly packed, the first axis fastest.
    pub texels: Vec<u8>,
}

/// The patches that wait for the device, in the order in which they are to be put on.
#[derive(Resource, Default)]
pub(crate) struct TexturePatches(pub Vec<TexturePatch>);

/// Puts patches onto textures that are on the device; they hold from the next frame on.
pub(crate) struct TexturePatchPlugin;

impl Plugin for TexturePatchPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<TexturePatches>();
        let Some(render) = app.get_sub_app_mut(RenderApp) else { return };
        render
            .init_resource::<TexturePatches>()
            .add_systems(ExtractSchedule, hand_over)
            .add_systems(Render, put_on.in_set(RenderSystems::PrepareResources));
    }
}

fn hand_over(mut main: ResMut<MainWorld>, mut patches: ResMut<TexturePatches>) {
    if let Some(mut waiting) = main.get_resource_mut::<TexturePatches>()
        && !waiting.0.is_empty()
    {
        patches.0.append(&mut waiting.0);
    }
}

fn put_on(mut patches: ResMut<TexturePatches>, images: Res<RenderAssets<GpuImage>>, queue: Res<RenderQueue>) {
    // A texture that is not there yet gets its patches when it is.
    patches.0.retain(|patch| {
        let Some(image) = images.get(&patch.image) else { return true };
        let [width, height, depth] = patch.size.map(|n| n as u32);
        let texels = patch.size.iter().product::<usize>().max(1);
        let [x, y, z] = patch.first.map(|n| n as u32);
        queue.write_texture(
            TexelCopyTextureInfo {
                texture: &image.texture,
                mip_level: 0,
                origin: Origin3d { x, y, z },
                aspect: TextureAspect::All,
            },
            &patch.texels,
            TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(width * (patch.texels.len() / texels) as u32),
                rows_per_image: Some(height),
            },
            Extent3d { width, height, depth_or_array_layers: depth },
        );
        false
    });
}
