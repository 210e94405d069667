//! Figures: meshes in the patient that are no structures.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, LpsVector};
use fabrica_scene::{Figure, FigurePaint, Figures, InPatient, Redraw, world};
use fabrica_surface::Mesh as Surface;
use fabrica_volume::Rgb;

/// Frames without a change before the desktop's 3D view is drawn again: on a slow device it would stand still while
/// something moves. The panel shows meanwhile where it is, and in the room it is seen at once.
const RESTS: u32 = 4;

/// What is drawn.
#[derive(Default)]
pub(crate) struct Drawn {
    known: BTreeMap<(&'static str, usize), (Entity, Figure)>,
    /// Frames since the last change that the 3D view does not show yet.
    waits: Option<u32>,
}

/// Draws [`Figures`]: what only moves or changes its one colour keeps its mesh.
pub(crate) fn draw(
    figures: Res<Figures>,
    mut drawn: Local<Drawn>,
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    mut redraw: MessageWriter<Redraw>,
) {
    if !figures.is_changed() {
        if let Some(frames) = drawn.waits {
            drawn.waits = (frames < RESTS).then_some(frames + 1);
            if frames == RESTS {
                redraw.write_default();
            }
        }
        return;
    }
    drawn.waits = Some(0);
    let mut before = std::mem::take(&mut drawn.known);
    for (key, figure) in figures.all() {
        let entity = match before.remove(&key) {
            Some((entity, known)) => {
                if !same_mesh(&known, figure) {
                    commands.entity(entity).insert(Mesh3d(meshes.add(mesh(figure))));
                }
                if known.place != figure.place {
                    commands.entity(entity).insert(place(figure));
                }
                if known.paint.one() != figure.paint.one() {
                    commands.entity(entity).insert(MeshMaterial3d(materials.add(material(figure))));
                }
                entity
            }
            None => {
                let look = (Mesh3d(meshes.add(mesh(figure))), MeshMaterial3d(materials.add(material(figure))));
                commands.spawn((look, place(figure), InPatient)).id()
            }
        };
        drawn.known.insert(key, (entity, figure.clone()));
    }
    before.into_values().for_each(|(entity, _)| commands.entity(entity).despawn());
}

/// One colour is the material's; painted vertices are the mesh's.
fn same_mesh(a: &Figure, b: &Figure) -> bool {
    let plain = a.paint.one().is_some() && b.paint.one().is_some();
    Arc::ptr_eq(&a.mesh, &b.mesh) && (plain || a.paint == b.paint)
}

/// A figure's own millimetres lie in the patient's world as if its frame were the patient's (see [`mesh`]); from there it is
/// turned to its place.
fn place(figure: &Figure) -> Transform {
    let Some((origin, [x, y])) = figure.place else { return Transform::IDENTITY };
    let z = LpsVector(x.0.cross(y.0));
    let [x, y, z] = [x, y, z].map(world::direction_to_world);
    // The own axes (1,0,0), (0,1,0), (0,0,1) lie at these of the world before.
    let own = [glam::DVec3::X, glam::DVec3::Y, glam::DVec3::Z].map(|v| world::direction_to_world(LpsVector(v)));
    let turn = Mat3::from_cols(x, y, z) * Mat3::from_cols(own[0], own[1], own[2]).transpose();
    Transform::from_translation(world::point_to_world(origin)).with_rotation(Quat::from_mat3(&turn))
}

fn material(figure: &Figure) -> StandardMaterial {
    let (Rgb(r, g, b), unlit) = match figure.paint {
        FigurePaint::One(colour) => (colour, false),
        // A map's colours are to be read, so no light changes them.
        FigurePaint::Vertices(_) => (Rgb(255, 255, 255), true),
        FigurePaint::Shaded(_) => (Rgb(255, 255, 255), false),
    };
    StandardMaterial {
        base_color: Color::srgb_u8(r, g, b),
        perceptual_roughness: 0.4,
        cull_mode: None,
        double_sided: true,
        unlit,
        ..default()
    }
}

fn mesh(figure: &Figure) -> Mesh {
    let surface: &Surface = &figure.mesh;
    let position =
        |&[x, y, z]: &[f32; 3]| world::point_to_world(LpsPoint::new(x.into(), y.into(), z.into())).to_array();
    let direction =
        |[x, y, z]: [f32; 3]| world::direction_to_world(LpsVector::new(x.into(), y.into(), z.into())).to_array();
    let positions: Vec<[f32; 3]> = surface.vertices().iter().map(position).collect();
    let normals: Vec<[f32; 3]> = surface.vertex_normals().into_iter().map(direction).collect();
    let count = positions.len();
    let made = Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_indices(Indices::U32(surface.triangles().as_flattened().to_vec()));
    let (FigurePaint::Vertices(colours) | FigurePaint::Shaded(colours)) = &figure.paint else { return made };
    let linear = |&Rgb(r, g, b): &Rgb| Color::srgb_u8(r, g, b).to_linear().to_f32_array();
    // One for each vertex, whatever was given.
    let grey = [0.5, 0.5, 0.5, 1.0];
    let colours: Vec<[f32; 4]> = colours.iter().map(linear).chain(std::iter::repeat(grey)).take(count).collect();
    made.with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, colours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_lies_where_its_place_says() {
        let origin = LpsPoint::new(10.0, -20.0, 30.0);
        // Its x points to superior, its y to the left; z is then posterior.
        let axes = [LpsVector::new(0.0, 0.0, 1.0), LpsVector::new(1.0, 0.0, 0.0)];
        let surface = Arc::new(Surface::default());
        let figure = Figure { mesh: surface, paint: FigurePaint::One(Rgb(1, 2, 3)), place: Some((origin, axes)) };
        let own = LpsPoint::new(5.0, 6.0, 7.0);
        let there = place(&figure).transform_point(world::point_to_world(own));
        let expected = world::point_to_world(LpsPoint::new(10.0 + 6.0, -20.0 + 7.0, 30.0 + 5.0));
        assert!(there.distance(expected) < 1e-6, "{there} {expected}");
    }
}
