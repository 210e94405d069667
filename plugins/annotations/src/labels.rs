//! Labels in the room: plates that face the user.

use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::RenderLayers;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use fabrica_geometry::LpsPoint;
use fabrica_raycast::{Anchor, Colour, Image as Picture, Mark, draw_marks};
use fabrica_scene::Annotations;
use fabrica_scene::presence::{Headset, ROOM_LAYER};
use fabrica_scene::world::PatientPose;
use fabrica_volume::Rgb;

/// Pixels of a line of text, and of one letter's width.
const LINE: u32 = 48;
const LETTER: u32 = 27;
/// Height of a plate at an arm's length, as a share of its distance: about two degrees.
const SHARE: f32 = 0.035;
/// A plate's back.
const BACK: Rgb = Rgb(24, 26, 30);

/// A label in the room.
#[derive(Component)]
pub(crate) struct Label {
    at: LpsPoint,
    /// Width over height.
    proportion: f32,
}

/// Makes the labels anew when the annotations change, where there is a headset to see them.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn make(
    annotations: Res<Annotations>,
    headset: Res<Headset>,
    labels: Query<Entity, With<Label>>,
    mut shown: Local<bool>,
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut images: ResMut<Assets<Image>>,
) {
    if !annotations.is_changed() && *shown == headset.shown {
        return;
    }
    *shown = headset.shown;
    labels.iter().for_each(|entity| commands.entity(entity).despawn());
    if !headset.shown {
        return;
    }
    let square = meshes.add(Rectangle::new(1.0, 1.0));
    for (at, text) in annotations.all().filter_map(|a| a.label.as_ref()) {
        let Some(picture) = picture(text) else { continue };
        let proportion = picture.width as f32 / picture.height as f32;
        let texture = images.add(image(picture));
        commands.spawn((
            Label { at: *at, proportion },
            Mesh3d(square.clone()),
            MeshMaterial3d(materials.add(StandardMaterial {
                base_color_texture: Some(texture),
                unlit: true,
                ..default()
            })),
            Transform::default(),
            RenderLayers::layer(ROOM_LAYER),
        ));
    }
}

/// Keeps the labels at their places, facing the user, large enough to be read.
pub(crate) fn face(headset: Res<Headset>, patient: Res<PatientPose>, mut labels: Query<(&Label, &mut Transform)>) {
    let Some(head) = headset.head else { return };
    for (label, mut transform) in &mut labels {
        let place = patient.to_room(label.at);
        let height = SHARE * place.distance(head.position);
        // Beside what it labels, not on it.
        let at = place + Vec3::Y * height;
        if at.distance_squared(head.position) > 1e-6 {
            // A rectangle looks along +Z, so its back looks away from the user.
            *transform = Transform::from_translation(at)
                .looking_at(at * 2.0 - head.position, Vec3::Y)
                .with_scale(Vec3::new(height * label.proportion, height, 1.0));
        }
    }
}

fn picture(text: &str) -> Option<Picture> {
    let size = [LETTER * text.chars().count().max(1) as u32 + LINE, LINE * 3 / 2];
    let mut picture = Picture::filled(size, BACK).ok()?;
    let mark = Mark::Text {
        at: size.map(|n| n as f32 / 2.0),
        anchor: Anchor::Centre,
        size: LINE as f32,
        text: text.to_owned(),
        colour: Colour([255, 255, 255, 255]),
    };
    draw_marks(&mut picture, &[mark]);
    Some(picture)
}

fn image(picture: Picture) -> Image {
    Image::new(
        Extent3d { width: picture.width, height: picture.height, depth_or_array_layers: 1 },
        TextureDimension::D2,
        picture.rgba,
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::RENDER_WORLD,
    )
}
