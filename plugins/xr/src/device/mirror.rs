//! The window's mirror: what the left eye sees, copied into the picture that the window shows as its 3D view. A copy of a
//! picture that is there, no drawing.

use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::TextureFormat;
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::texture::GpuImage;
use bevy::render::view::ViewTarget;
use fabrica_scene::View3d;
use fabrica_scene::presence::Comfort;

use super::eyes::Eye;
use super::frame::FrameNow;
use super::session::Connection;

/// Makes the window's picture as large as the eye's, while the mirror is wanted.
pub(crate) fn prepare(
    comfort: Res<Comfort>,
    connection: Res<Connection>,
    view: Res<View3d>,
    mut now: ResMut<FrameNow>,
    mut images: ResMut<Assets<Image>>,
) {
    let size = connection.live.as_ref().filter(|live| live.is_shown()).map(|live| live.eyes.size());
    let Some(size) = size.filter(|_| comfort.mirror) else { return };
    let fits = images.get(&view.image).is_some_and(|image| image.size() == size);
    if !fits {
        let picture = Image::new_target_texture(size.x, size.y, TextureFormat::Rgba8UnormSrgb, None);
        if images.insert(view.image.id(), picture).is_err() {
            return;
        }
    }
    now.mirror = Some(view.image.id());
}

/// In the render world, when the eyes are drawn.
pub(crate) fn copy(
    now: Res<FrameNow>,
    eyes: Query<(&Eye, &ViewTarget)>,
    images: Res<RenderAssets<GpuImage>>,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
) {
    let Some(to) = now.mirror.filter(|_| now.running).and_then(|id| images.get(id)) else { return };
    let Some((_, target)) = eyes.iter().find(|(Eye(eye), _)| *eye == 0) else { return };
    let from = target.main_texture();
    if from.format() != to.texture.format() || from.width() < now.extent.x || to.texture.width() < now.extent.x {
        return;
    }
    let size = wgpu::Extent3d {
        width: now.extent.x,
        height: now.extent.y.min(from.height()).min(to.texture.height()),
        depth_or_array_layers: 1,
    };
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("headset mirror") });
    encoder.copy_texture_to_texture(from.as_image_copy(), to.texture.as_image_copy(), size);
    queue.submit([encoder.finish()]);
}
