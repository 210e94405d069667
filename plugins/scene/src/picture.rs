//! Pictures made on the CPU, as Bevy's.

use bevy::asset::RenderAssetUsages;
use bevy::prelude::Image;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use fabrica_raycast::Image as Picture;

/// A picture as Bevy shows it: sRGB, in the render world only. Its bytes are taken, not copied.
pub fn bevy_image(picture: Picture) -> Image {
    let Picture { width, height, rgba } = picture;
    Image::new(
        Extent3d { width, height, depth_or_array_layers: 1 },
        TextureDimension::D2,
        rgba,
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::RENDER_WORLD,
    )
}

/// One pixel, until there is a picture.
pub fn blank_image(rgba: [u8; 4]) -> Image {
    bevy_image(Picture { width: 1, height: 1, rgba: rgba.to_vec() })
}
