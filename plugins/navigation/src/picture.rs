//! The image that the 3D view is drawn into, and when.

use bevy::camera::RenderTarget;
use bevy::camera::visibility::RenderLayers;
use bevy::core_pipeline::prepass::DepthPrepass;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy::render::renderer::RenderAdapterInfo;
use fabrica_scene::presence::{DESK_LAYER, Headset};
use fabrica_scene::world::PatientPose;
use fabrica_scene::{Navigate, Redraw, View3d, View3dCamera, camera as scene_camera};

use crate::photo::AskedPhoto;

/// The share of the pixels' number along a side that is drawn while the user moves, where there is no GPU.
const COARSE: f32 = 0.35;
/// How many frames are drawn after a change: what is extracted in one frame may be prepared in the next.
const FRAMES_AFTER_CHANGE: u32 = 3;

/// Makes the camera and its image.
pub fn spawn_camera(mut commands: Commands, mut images: ResMut<Assets<Image>>, mut view: ResMut<View3d>) {
    let image = images.add(target(view.size));
    view.image = image.clone();
    commands.spawn((
        View3dCamera,
        Camera3d::default(),
        Camera { order: -1, clear_color: ClearColorConfig::Custom(Color::BLACK), ..default() },
        RenderTarget::Image(image.into()),
        Msaa::Off,
        Tonemapping::None,
        // Opaque surfaces end the volume's rays.
        DepthPrepass,
        Transform::default(),
        RenderLayers::from_layers(&[0, DESK_LAYER]),
        // The light goes with the eye, so that what is looked at is lit.
        children![(
            DirectionalLight { illuminance: 4_000.0, ..default() },
            RenderLayers::layer(DESK_LAYER),
            Transform::from_xyz(0.3, 0.4, 1.0).looking_at(Vec3::ZERO, Vec3::Y),
        )],
    ));
}

fn target(size: UVec2) -> Image {
    Image::new_target_texture(size.x.max(1), size.y.max(1), TextureFormat::Rgba8UnormSrgb, None)
}

/// Puts the Bevy camera where the patient's camera is.
pub fn follow_view(
    view: Res<View3d>,
    pose: Res<PatientPose>,
    mut camera: Single<(&mut Transform, &mut Projection), With<View3dCamera>>,
) {
    if !view.is_changed() && !pose.is_changed() {
        return;
    }
    let (transform, projection) = &mut *camera;
    // A camera without a direction cannot be reached by navigating; should one come all the same, the view stays.
    if let Ok(placed) = scene_camera::in_room(&view.camera, &pose, view.size) {
        (**transform, **projection) = placed;
    }
}

/// What decides whether and how finely a frame is drawn.
#[derive(Default)]
pub struct Drawing {
    frames_left: u32,
    coarse: bool,
    drawn: UVec2,
}

/// Switches the camera on for a few frames after a change, at full size or, while the user moves on a machine without a
/// GPU, at a smaller one. Where nobody sees this view, since there is no window or a headset shows the case and has the machine
/// for itself, only photos are drawn.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub fn draw_when_changed(
    mut changes: MessageReader<Redraw>,
    mut asked: MessageReader<Navigate>,
    mut drawing: Local<Drawing>,
    view: Res<View3d>,
    headset: Res<Headset>,
    photo: Res<AskedPhoto>,
    windows: Query<(), With<Window>>,
    adapter: Option<Res<RenderAdapterInfo>>,
    mut images: ResMut<Assets<Image>>,
    mut camera: Single<&mut Camera, With<View3dCamera>>,
) {
    let slow = adapter.is_some_and(|a| format!("{:?}", a.device_type) == "Cpu");
    let mut moved = false;
    // Pointing at something moves nothing.
    for change in asked.read().filter(|change| !matches!(change, Navigate::Pick { .. })) {
        moved = true;
        drawing.coarse = slow
            && match change {
                Navigate::Rotate { .. } | Navigate::Pan { .. } | Navigate::Zoom(_) => true,
                Navigate::Settle | Navigate::Look(_) | Navigate::From(_) => false,
                _ => drawing.coarse,
            };
    }
    let changed = changes.read().count() > 0;
    // A photo is no sketch.
    drawing.coarse &= !photo.is_waiting();
    let seen = !windows.is_empty() && !headset.shown;
    if (moved || changed) && (seen || photo.is_waiting()) {
        drawing.frames_left = FRAMES_AFTER_CHANGE;
    }
    let wanted = if drawing.coarse { (view.size.as_vec2() * COARSE).as_uvec2() } else { view.size }.max(UVec2::ONE);
    if drawing.frames_left > 0 && drawing.drawn != wanted {
        // A new image under the same handle: whoever shows it need not know.
        if images.insert(view.image.id(), target(wanted)).is_ok() {
            drawing.drawn = wanted;
        }
    }
    if headset.shown && drawing.frames_left == 0 {
        // The headset's mirror may use the image meanwhile.
        drawing.drawn = UVec2::ZERO;
    }
    camera.is_active = drawing.frames_left > 0;
    drawing.frames_left = drawing.frames_left.saturating_sub(1);
}
