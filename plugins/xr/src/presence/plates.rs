//! Small plates with text in the room: the scale while it changes, the sides of the patient, and what every picture of
//! this data must say.

use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::RenderLayers;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use fabrica_raycast::{Anchor, Colour, Image as Picture, Mark, draw_marks};
use fabrica_scene::OpenCase;
use fabrica_scene::input::RoomPose;
use fabrica_scene::presence::{Headset, scan_corners};
use fabrica_scene::world::PatientPose;
use fabrica_volume::Rgb;

use super::ROOM_LAYER;
use super::grab::Grabbing;

/// Pixels of a line of text.
const LINE: f32 = 48.0;
/// A plate's back.
const BACK: Rgb = Rgb(24, 26, 30);

/// What a plate says.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plate {
    /// The scale, between the hands.
    Scale,
    /// The patient's left side.
    Left,
    /// The patient's right side.
    Right,
    /// What the data is: under the orientation glyph.
    Notice,
}

/// What a plate says now.
#[derive(Component, Default)]
pub(crate) struct Said(String);

/// Makes the plates.
pub(crate) fn build(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let square = meshes.add(Rectangle::new(1.0, 1.0));
    for plate in [Plate::Scale, Plate::Left, Plate::Right, Plate::Notice] {
        commands.spawn((
            plate,
            Said::default(),
            Mesh3d(square.clone()),
            MeshMaterial3d(materials.add(StandardMaterial { unlit: true, ..default() })),
            Transform::default(),
            Visibility::Hidden,
            RenderLayers::layer(ROOM_LAYER),
        ));
    }
}

/// Keeps the plates where they belong, facing the user, saying what is so.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn follow(
    case: Res<OpenCase>,
    patient: Res<PatientPose>,
    grabbing: Res<Grabbing>,
    headset: Res<Headset>,
    mut plates: Query<(&Plate, &mut Said, &mut Transform, &mut Visibility, &MeshMaterial3d<StandardMaterial>)>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut images: ResMut<Assets<Image>>,
) {
    let Some(head) = headset.head else { return };
    let sides = scan_corners(&case).map(|corners| sides(&corners, &patient));
    for (plate, mut said, mut transform, mut visibility, material) in &mut plates {
        let wanted = match plate {
            Plate::Scale => grabbing.scaling_at.map(|at| (at + Vec3::Y * 0.04, 0.03, scale_text(patient.scale))),
            Plate::Left => sides.map(|[left, _]| (left, 0.04, "L".to_owned())),
            Plate::Right => sides.map(|[_, right]| (right, 0.04, "R".to_owned())),
            Plate::Notice => {
                notice(&case).map(|text| (super::glyph::place(head) - head.rotation * Vec3::Y * 0.032, 0.0095, text))
            }
        };
        let Some((at, height, text)) = wanted else {
            visibility.set_if_neq(Visibility::Hidden);
            continue;
        };
        if said.0 != text {
            let Some(image) = text_image(&text) else { continue };
            if let Some(mut material) = materials.get_mut(&material.0) {
                material.base_color_texture = Some(images.add(image));
            }
            said.0 = text;
        }
        visibility.set_if_neq(Visibility::Inherited);
        *transform = facing(at, head).with_scale(Vec3::new(height * proportion(&said.0), height, 1.0));
    }
}

/// At a place, facing the head, upright.
pub(crate) fn facing(at: Vec3, head: RoomPose) -> Transform {
    // A rectangle looks along +Z, so its back looks away from the user.
    Transform::from_translation(at).looking_at(at * 2.0 - head.position, Vec3::Y)
}

/// Where the letters of both sides stand: beside the scan.
fn sides(corners: &[Vec3; 8], patient: &PatientPose) -> [Vec3; 2] {
    let middle = corners.iter().sum::<Vec3>() / 8.0;
    let half = corners.iter().map(|c| c.x).fold(f32::NEG_INFINITY, f32::max) - middle.x;
    let beyond = half + 0.04 / patient.scale;
    let to_room = patient.transform();
    [1.0, -1.0].map(|side| to_room.transform_point(middle + Vec3::X * side * beyond))
}

/// Life-size is 100 %.
fn scale_text(scale: f32) -> String {
    let percent = scale * 100.0;
    if percent < 200.0 { format!("{percent:.0} %") } else { format!("{scale:.1} ×") }
}

/// What must be said of what is shown.
fn notice(case: &OpenCase) -> Option<String> {
    case.volume.as_ref()?;
    let mut said = Vec::new();
    if case.is_simulated() {
        said.push("SYNTHETIC");
    }
    if case.has_open_warnings() {
        said.push("GEOMETRY WARNING");
    }
    said.push("Not a cleared medical device");
    Some(said.join("  ·  "))
}

/// Width over height of a text's plate. The font is monospaced.
fn proportion(text: &str) -> f32 {
    let [width, height] = plate_size(text);
    width as f32 / height as f32
}

fn plate_size(text: &str) -> [u32; 2] {
    let letters = text.chars().count().max(1) as f32;
    // Hack's letters are 0.6 of the font's size wide; and a margin of half a line.
    [(letters * LINE * 0.56 + LINE * 0.6) as u32, (LINE * 1.3) as u32]
}

/// A line of text as a texture.
pub(crate) fn text_image(text: &str) -> Option<Image> {
    let size = plate_size(text);
    let mut picture = Picture::filled(size, BACK).ok()?;
    let colour = match text {
        // As on images: the patient's left and right must not be mistaken.
        "L" | "R" => Colour([255, 222, 89, 255]),
        _ => Colour([235, 235, 235, 255]),
    };
    let at = size.map(|n| n as f32 / 2.0);
    draw_marks(&mut picture, &[Mark::Text { at, anchor: Anchor::Centre, text: text.into(), size: LINE, colour }]);
    Some(texture(picture))
}

/// A picture as a texture.
pub(crate) fn texture(picture: Picture) -> Image {
    Image::new(
        Extent3d { width: picture.width, height: picture.height, depth_or_array_layers: 1 },
        TextureDimension::D2,
        picture.rgba,
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::RENDER_WORLD,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_stand_at_the_patients_own_sides_however_the_patient_lies() {
        let corners = std::array::from_fn(|n| {
            let side = |axis: usize| if n >> axis & 1 == 0 { -0.1 } else { 0.1 };
            Vec3::new(side(0), side(1), side(2))
        });
        // Supine: the right side is on the user's side, +Z.
        let rotation = fabrica_scene::presence::Lying::Supine.rotation();
        let [left, right] = sides(&corners, &PatientPose { rotation, ..default() });
        assert!(right.z > 0.1 && left.z < -0.1, "{left} {right}");
    }

    #[test]
    fn a_plate_faces_the_user() {
        let head = RoomPose { position: Vec3::new(0.0, 1.6, 1.0), rotation: Quat::IDENTITY };
        let plate = facing(Vec3::new(0.0, 1.6, -1.0), head);
        assert!((plate.rotation * Vec3::Z).distance(Vec3::Z) < 1e-6);
        // Its right side is the user's right side: the text is not mirrored.
        assert!((plate.rotation * Vec3::X).distance(Vec3::X) < 1e-6);
    }

    #[test]
    fn the_scale_is_said_as_people_say_it() {
        assert_eq!([0.5, 1.0, 1.99, 2.5].map(scale_text), ["50 %", "100 %", "199 %", "2.5 ×"]);
    }
}
