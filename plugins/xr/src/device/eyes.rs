//! The two eyes: Bevy cameras that draw the same scene, and what is handed to the compositor.
//!
//! Both cameras draw the same entities with the same materials: the volume's textures, its tables and its pipeline are
//! there once.

use bevy::camera::visibility::RenderLayers;
use bevy::camera::{Camera3dDepthTextureUsage, ManualTextureViewHandle, RenderTarget, Viewport};
use bevy::core_pipeline::prepass::DepthPrepass;
use bevy::core_pipeline::tonemapping::{DebandDither, Tonemapping};
use bevy::prelude::*;
use bevy::render::extract_component::ExtractComponent;
use bevy::render::texture::{ManualTextureView, ManualTextureViews};
use bevy::render::view::ExtractedView;
use bevy_mod_xr::camera::{Fov, XrProjection, calculate_projection};
use fabrica_scene::presence::{Comfort, Headset};
use openxr::{EnvironmentBlendMode, Fovf, Session, Space, Swapchain, Vulkan, sys};

use super::convert::pose;
use super::frame::{FrameNow, NEAR, SharedEyes, View};
use super::session::Connection;
use crate::presence::{BACKGROUND, EYE_LAYERS, ROOM_LAYER};

/// What an eye draws into.
pub(crate) type Target = ManualTextureView;

/// An eye's camera: 0 is the left one.
#[derive(Component, ExtractComponent, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Eye(pub(crate) u32);

/// Draws before the window (0), after pictures that it shows (−1): those that it draws may be seen in the room.
const ORDER: isize = 5;
/// A number that nobody else uses for a texture view.
const TARGETS: u32 = 0x4661_6200;

pub(crate) fn handle(eye: u32) -> ManualTextureViewHandle {
    ManualTextureViewHandle(TARGETS + eye)
}

pub(crate) fn target(texture: &wgpu::Texture, format: wgpu::TextureFormat, size: UVec2, eye: u32) -> Target {
    let view = texture.create_view(&wgpu::TextureViewDescriptor {
        dimension: Some(wgpu::TextureViewDimension::D2),
        base_array_layer: eye,
        array_layer_count: Some(1),
        ..Default::default()
    });
    ManualTextureView { texture_view: view.into(), size, view_format: format }
}

/// Makes the eyes' cameras.
pub(crate) fn spawn(world: &mut World, eyes: &SharedEyes) {
    for eye in 0..2 {
        let Some(target) = eyes.first_view(eye) else { continue };
        world.resource_mut::<ManualTextureViews>().insert(handle(eye), target);
        let depth_usage = wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC;
        world.spawn((
            Eye(eye),
            Camera3d { depth_texture_usages: Camera3dDepthTextureUsage::from(depth_usage), ..default() },
            Camera { order: ORDER + eye as isize, is_active: false, ..default() },
            RenderTarget::TextureView(handle(eye)),
            Projection::custom(XrProjection { near: NEAR, ..default() }),
            // The compositor's images have one sample a pixel; the volume's rays and the room's flat colours gain nothing
            // from more, and the depth that is submitted must have one.
            Msaa::Off,
            Tonemapping::None,
            DebandDither::Disabled,
            // Opaque surfaces end the volume's rays.
            DepthPrepass,
            RenderLayers::from_layers(&[0, ROOM_LAYER, EYE_LAYERS[eye as usize]]),
            Transform::default(),
        ));
    }
}

/// Puts the cameras where the eyes will be, or takes them away with the session.
pub(crate) fn place(
    connection: Res<Connection>,
    now: Res<FrameNow>,
    comfort: Res<Comfort>,
    mut headset: ResMut<Headset>,
    mut cameras: Query<(Entity, &Eye, &mut Camera, &mut Transform, &mut Projection)>,
    mut targets: ResMut<ManualTextureViews>,
    mut commands: Commands,
) {
    headset.bypass_change_detection().head = now.head.map(|head| head.moved_by(&now.rig));
    for (entity, &Eye(eye), mut camera, mut transform, mut projection) in &mut cameras {
        if connection.live.is_none() {
            targets.remove(&handle(eye));
            commands.entity(entity).despawn();
            continue;
        }
        let view = now.views.get(eye as usize).filter(|_| now.running && now.state.should_render);
        camera.is_active = view.is_some();
        let Some(view) = view else { continue };
        *transform = pose(&view.pose).moved_by(&now.rig).transform();
        if let Projection::Custom(custom) = &mut *projection
            && let Some(eye) = custom.get_mut::<XrProjection>()
        {
            eye.projection_matrix = projection_matrix(&view.fov);
        }
        camera.viewport = Some(Viewport { physical_size: now.extent, ..default() });
        // Where the real room is behind, nothing must cover it.
        let background = if comfort.passthrough && headset.can_pass_through { Color::NONE } else { BACKGROUND };
        camera.clear_color = ClearColorConfig::Custom(background);
    }
}

fn projection_matrix(fov: &Fovf) -> Mat4 {
    let Fovf { angle_left, angle_right, angle_up, angle_down } = *fov;
    calculate_projection(NEAR, Fov { angle_left, angle_right, angle_down, angle_up })
}

/// In the render world: the eyes as they were found just before drawing.
pub(crate) fn look_again(now: Res<FrameNow>, mut views: Query<(&mut ExtractedView, &Eye)>) {
    if !now.running {
        return;
    }
    for (mut extracted, &Eye(eye)) in &mut views {
        if let Some(view) = now.views.get(eye as usize) {
            extracted.world_from_view = GlobalTransform::from(pose(&view.pose).moved_by(&now.rig).transform());
        }
    }
}

/// What is handed to the compositor.
pub(crate) struct Submission<'a> {
    pub(crate) session: &'a Session<Vulkan>,
    pub(crate) space: &'a Space,
    pub(crate) display_time: openxr::Time,
    pub(crate) blend_mode: EnvironmentBlendMode,
    /// Both eyes, or nothing to show.
    pub(crate) views: &'a [View],
    pub(crate) extent: UVec2,
    pub(crate) colour: &'a Swapchain<Vulkan>,
    pub(crate) depth: Option<&'a Swapchain<Vulkan>>,
}

impl Submission<'_> {
    /// Ends the frame with one projection layer, or with none. By hand: the wrapper has no place for depth.
    #[allow(unsafe_code, reason = "the layer is handed over as OpenXR's structures, which point at each other")]
    pub(crate) fn end_frame(&self) -> Result<(), sys::Result> {
        let sub_image = |swapchain: &Swapchain<Vulkan>, eye: usize| sys::SwapchainSubImage {
            swapchain: swapchain.as_raw(),
            image_rect: sys::Rect2Di {
                offset: sys::Offset2Di { x: 0, y: 0 },
                extent: sys::Extent2Di { width: self.extent.x as i32, height: self.extent.y as i32 },
            },
            image_array_index: eye as u32,
        };
        let depths: Vec<sys::CompositionLayerDepthInfoKHR> = self
            .depth
            .into_iter()
            .flat_map(|depth| (0..self.views.len()).map(move |eye| (depth, eye)))
            .map(|(depth, eye)| sys::CompositionLayerDepthInfoKHR {
                ty: sys::CompositionLayerDepthInfoKHR::TYPE,
                next: std::ptr::null(),
                sub_image: sub_image(depth, eye),
                min_depth: 0.0,
                max_depth: 1.0,
                // Bevy's depth runs from 1 at the near plane to 0 at infinity.
                near_z: f32::INFINITY,
                far_z: NEAR,
            })
            .collect();
        let views: Vec<sys::CompositionLayerProjectionView> = self
            .views
            .iter()
            .enumerate()
            .map(|(eye, view)| sys::CompositionLayerProjectionView {
                ty: sys::CompositionLayerProjectionView::TYPE,
                next: depths.get(eye).map_or(std::ptr::null(), |depth| std::ptr::from_ref(depth).cast()),
                pose: view.pose,
                fov: view.fov,
                sub_image: sub_image(self.colour, eye),
            })
            .collect();
        let mut flags = sys::CompositionLayerFlags::EMPTY;
        if self.blend_mode == EnvironmentBlendMode::ALPHA_BLEND {
            flags |= sys::CompositionLayerFlags::BLEND_TEXTURE_SOURCE_ALPHA;
        }
        let layer = sys::CompositionLayerProjection {
            ty: sys::CompositionLayerProjection::TYPE,
            next: std::ptr::null(),
            layer_flags: flags,
            space: self.space.as_raw(),
            view_count: views.len() as u32,
            views: views.as_ptr(),
        };
        let layers: [*const sys::CompositionLayerBaseHeader; 1] = [std::ptr::from_ref(&layer).cast()];
        let info = sys::FrameEndInfo {
            ty: sys::FrameEndInfo::TYPE,
            next: std::ptr::null(),
            display_time: self.display_time,
            environment_blend_mode: self.blend_mode,
            layer_count: u32::from(!views.is_empty()),
            layers: layers.as_ptr(),
        };
        // SAFETY: all structures live to the end of the call, and say truly what they point at; the session, the space and
        // the swapchains are held by `self`.
        let result = unsafe { (self.session.instance().fp().end_frame)(self.session.as_raw(), &info) };
        if result.into_raw() >= 0 { Ok(()) } else { Err(result) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eye_sees_between_its_angles() {
        let fov = Fovf { angle_left: -0.9, angle_right: 0.7, angle_up: 0.8, angle_down: -0.85 };
        let matrix = projection_matrix(&fov);
        // A point at the left and upper angle, two metres ahead, is at the picture's upper left corner.
        let corner = matrix.project_point3(Vec3::new(2.0 * (-0.9f32).tan(), 2.0 * 0.8f32.tan(), -2.0));
        assert!(corner.truncate().distance(Vec2::new(-1.0, 1.0)) < 1e-5, "{corner}");
        // Depth runs from 1 at the near plane to 0 far away.
        assert!((matrix.project_point3(Vec3::new(0.0, 0.0, -NEAR)).z - 1.0).abs() < 1e-5);
        assert!(matrix.project_point3(Vec3::new(0.0, 0.0, -1e6)).z.abs() < 1e-6);
    }
}
