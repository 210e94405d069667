//! The orientation glyph: a small cube with the patient's directions on its faces, always in view at the lower left.

use bevy::camera::visibility::RenderLayers;
use bevy::prelude::*;
use fabrica_scene::OpenCase;
use fabrica_scene::input::RoomPose;
use fabrica_scene::presence::Headset;
use fabrica_scene::world::PatientPose;

use super::ROOM_LAYER;
use super::plates::text_image;

/// The cube's side, metres; where it floats, seen from the head: right, up, back. It is nearer than the table, the panel and
/// the patient, so that they do not hide it.
const SIDE: f32 = 0.026;
const PLACE: Vec3 = Vec3::new(-0.12, -0.1, -0.4);

/// The cube.
#[derive(Component)]
pub(crate) struct Glyph;

/// Where the glyph floats.
pub(crate) fn place(head: RoomPose) -> Vec3 {
    head.position + head.rotation * PLACE
}

/// Makes the cube. Its axes are the patient's: x left, y superior, z anterior.
pub(crate) fn build(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut images: ResMut<Assets<Image>>,
) {
    let square = meshes.add(Rectangle::new(SIDE, SIDE));
    let layer = RenderLayers::layer(ROOM_LAYER);
    commands.spawn((Glyph, Transform::default(), Visibility::Hidden)).with_children(|faces| {
        for (letter, normal, up) in FACES {
            let texture = text_image(letter).map(|image| images.add(image));
            let material = StandardMaterial { base_color_texture: texture, unlit: true, ..default() };
            faces.spawn((
                Mesh3d(square.clone()),
                MeshMaterial3d(materials.add(material)),
                // A rectangle looks along +Z.
                Transform::from_translation(normal * SIDE / 2.0).looking_to(-normal, up),
                layer.clone(),
            ));
        }
    });
}

/// Letter, where the face looks, and where the letter's top is.
const FACES: [(&str, Vec3, Vec3); 6] = [
    ("L", Vec3::X, Vec3::Y),
    ("R", Vec3::NEG_X, Vec3::Y),
    ("A", Vec3::Z, Vec3::Y),
    ("P", Vec3::NEG_Z, Vec3::Y),
    ("S", Vec3::Y, Vec3::NEG_Z),
    ("I", Vec3::NEG_Y, Vec3::Z),
];

/// Keeps the cube before the head, turned as the patient is.
pub(crate) fn follow(
    headset: Res<Headset>,
    patient: Res<PatientPose>,
    case: Res<OpenCase>,
    mut glyph: Query<(&mut Transform, &mut Visibility), With<Glyph>>,
) {
    let Some(head) = headset.head else { return };
    for (mut transform, mut visibility) in &mut glyph {
        *transform = Transform::from_translation(place(head)).with_rotation(patient.rotation);
        let shown = if case.volume.is_some() { Visibility::Inherited } else { Visibility::Hidden };
        visibility.set_if_neq(shown);
    }
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::LpsVector;
    use fabrica_scene::world::direction_to_world;

    use super::*;

    #[test]
    fn letters_are_on_the_sides_that_they_name() {
        for (letter, normal, _) in FACES {
            let in_patient = match letter {
                "L" => LpsVector::new(1.0, 0.0, 0.0),
                "R" => LpsVector::new(-1.0, 0.0, 0.0),
                "P" => LpsVector::new(0.0, 1.0, 0.0),
                "A" => LpsVector::new(0.0, -1.0, 0.0),
                "S" => LpsVector::new(0.0, 0.0, 1.0),
                _ => LpsVector::new(0.0, 0.0, -1.0),
            };
            assert_eq!(direction_to_world(in_patient), normal, "{letter}");
        }
    }

    #[test]
    fn a_face_looks_outwards_with_its_letter_upright() {
        for (_, normal, up) in FACES {
            let face = Transform::default().looking_to(-normal, up);
            assert!((face.rotation * Vec3::Z).distance(normal) < 1e-6);
            assert!((face.rotation * Vec3::Y).distance(up) < 1e-6);
        }
    }
}
