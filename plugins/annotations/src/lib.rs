//! Lines, labels and figures in the patient, drawn in the 3D view and in the room.
//!
//! Lines are meshes in the patient's world: volume and surfaces hide them and are hidden by them, as an instrument would
//! be. Labels are plates that face the user in the room; on the desktop the panel writes them over its views.

mod figures;
mod labels;
mod tube;

use bevy::prelude::*;
use fabrica_scene::{Annotation, Annotations, InPatient, Redraw};
use fabrica_volume::Rgb;

/// Draws [`Annotations`] and [`Figures`](fabrica_scene::Figures).
pub struct AnnotationsPlugin;

impl Plugin for AnnotationsPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Update, (draw, figures::draw, labels::make, labels::face).chain());
    }
}

/// Part of the drawing of the annotations, made anew when they change.
#[derive(Component)]
struct Drawn;

fn draw(
    annotations: Res<Annotations>,
    drawn: Query<Entity, With<Drawn>>,
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut redraw: MessageWriter<Redraw>,
) {
    if !annotations.is_changed() {
        return;
    }
    drawn.iter().for_each(|entity| commands.entity(entity).despawn());
    // One without points is a label only.
    for annotation in annotations.all().filter(|annotation| !annotation.points.is_empty()) {
        commands.spawn((
            Drawn,
            Mesh3d(meshes.add(tube::mesh(annotation))),
            MeshMaterial3d(materials.add(paint(annotation))),
            Transform::default(),
            InPatient,
        ));
    }
    redraw.write_default();
}

fn paint(annotation: &Annotation) -> StandardMaterial {
    let Rgb(r, g, b) = annotation.colour;
    StandardMaterial { base_color: Color::srgb_u8(r, g, b), unlit: true, ..default() }
}
