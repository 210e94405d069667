//! A quiet room: a floor with a fine grid, a table, a far horizon. Nothing in it moves or shines.

use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::RenderLayers;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use fabrica_scene::presence::{Comfort, Headset};

use super::ROOM_LAYER;
use super::rig::{TABLE_DISTANCE, table_height};

/// The floor's half side, metres.
const FLOOR: f32 = 6.0;
/// Between the floor's lines, metres.
const GRID: f32 = 0.5;
/// The table's top: long, thick, deep; metres.
const TABLE: Vec3 = Vec3::new(2.0, 0.05, 0.62);
/// How far the horizon is, and how high it glows, metres.
const HORIZON: [f32; 2] = [40.0, 9.0];

/// What goes when the real room is seen.
#[derive(Component)]
pub(crate) struct Scenery;

/// What is drawn at the table's height.
#[derive(Component)]
pub(crate) struct Table;

/// Makes the room and its light.
pub(crate) fn build(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let layer = RenderLayers::layer(ROOM_LAYER);
    let mut flat = |colour: Color, alpha_mode: AlphaMode| {
        materials.add(StandardMaterial { base_color: colour, unlit: true, alpha_mode, ..default() })
    };
    let floor = flat(Color::srgb(0.085, 0.09, 0.1), AlphaMode::Opaque);
    let lines = flat(Color::srgb(0.15, 0.16, 0.18), AlphaMode::Opaque);
    let top = flat(Color::srgb(0.2, 0.22, 0.25), AlphaMode::Opaque);
    let foot = flat(Color::srgb(0.12, 0.13, 0.15), AlphaMode::Opaque);
    // Colours are the vertices' own.
    let glow = flat(Color::WHITE, AlphaMode::Opaque);
    let square = Plane3d::new(Vec3::Y, Vec2::splat(FLOOR));
    commands.spawn((Scenery, Mesh3d(meshes.add(square)), MeshMaterial3d(floor), Transform::default(), layer.clone()));
    // A hair above the floor, so that the two do not fight.
    let raised = Transform::from_xyz(0.0, 0.002, 0.0);
    commands.spawn((Scenery, Mesh3d(meshes.add(grid())), MeshMaterial3d(lines), raised, layer.clone()));
    commands.spawn((Scenery, Mesh3d(meshes.add(horizon())), MeshMaterial3d(glow), Transform::default(), layer.clone()));
    let table = (Table, Visibility::default(), Transform::default());
    commands.spawn(table).with_children(|parts| {
        let below = Transform::from_xyz(0.0, -TABLE.y / 2.0, 0.0);
        parts.spawn((Mesh3d(meshes.add(Cuboid::from_size(TABLE))), MeshMaterial3d(top), below, layer.clone()));
        let column = meshes.add(Cuboid::new(0.5, 0.7, 0.34));
        let at = Transform::from_xyz(0.0, -0.4, 0.0);
        parts.spawn((Mesh3d(column), MeshMaterial3d(foot), at, layer.clone()));
    });
    // The room's light hangs over the user's left shoulder. It lights the patient for those in the room.
    commands.spawn((
        DirectionalLight { illuminance: 4_000.0, ..default() },
        Transform::from_xyz(-0.5, 1.6, 1.0).looking_at(Vec3::ZERO, Vec3::Y),
        layer,
    ));
}

/// Keeps the table at the user's height, and hides the scenery where the real room is seen.
pub(crate) fn follow(
    comfort: Res<Comfort>,
    headset: Res<Headset>,
    mut table: Query<&mut Transform, With<Table>>,
    mut scenery: Query<&mut Visibility, With<Scenery>>,
) {
    let at = Vec3::new(0.0, table_height(comfort.seated), -TABLE_DISTANCE);
    for mut transform in &mut table {
        transform.set_if_neq(Transform::from_translation(at));
    }
    let hidden = comfort.passthrough && headset.can_pass_through;
    for mut visibility in &mut scenery {
        visibility.set_if_neq(if hidden { Visibility::Hidden } else { Visibility::Inherited });
    }
}

/// The floor's lines, as thin strips: lines of one pixel would flicker.
fn grid() -> Mesh {
    let half = 0.004;
    let count = (FLOOR / GRID) as i32;
    let (mut points, mut indices) = (Vec::new(), Vec::new());
    for n in -count..=count {
        let at = n as f32 * GRID;
        for along_x in [true, false] {
            let corner = |side: f32, end: f32| {
                if along_x { [end * FLOOR, 0.0, at + side * half] } else { [at + side * half, 0.0, end * FLOOR] }
            };
            let first = points.len() as u32;
            points.extend([corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)]);
            let faces = [[0, 1, 2], [0, 2, 3]];
            indices.extend(faces.into_iter().flat_map(|f: [u32; 3]| {
                // Seen from above, whichever way the strip runs.
                let face = if along_x { f } else { [f[0], f[2], f[1]] };
                face.map(|i| first + i)
            }));
        }
    }
    let normals = vec![[0.0, 1.0, 0.0]; points.len()];
    mesh(points, normals, None, indices)
}

/// A ring all around that glows faintly above the horizon.
fn horizon() -> Mesh {
    const STEPS: u32 = 48;
    let [radius, height] = HORIZON;
    let heights = [-0.5, 0.0, height * 0.15, height];
    let colours: [[f32; 4]; 4] =
        [[0.012, 0.013, 0.016, 1.0], [0.035, 0.04, 0.05, 1.0], [0.018, 0.021, 0.026, 1.0], [0.0045, 0.005, 0.006, 1.0]];
    let (mut points, mut tints, mut indices) = (Vec::new(), Vec::new(), Vec::new());
    for step in 0..=STEPS {
        let (sin, cos) = (step as f32 / STEPS as f32 * std::f32::consts::TAU).sin_cos();
        for (y, colour) in heights.into_iter().zip(colours) {
            points.push([sin * radius, y, cos * radius]);
            tints.push(colour);
        }
        if step < STEPS {
            for row in 0..3 {
                let [a, b] = [step * 4 + row, (step + 1) * 4 + row];
                // Seen from inside.
                indices.extend([a, a + 1, b, b, a + 1, b + 1]);
            }
        }
    }
    let normals = points.iter().map(|[x, _, z]| [-x / radius, 0.0, -z / radius]).collect();
    mesh(points, normals, Some(tints), indices)
}

pub(crate) fn mesh(
    points: Vec<[f32; 3]>,
    normals: Vec<[f32; 3]>,
    colours: Option<Vec<[f32; 4]>>,
    indices: Vec<u32>,
) -> Mesh {
    let mesh = Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::default())
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, points)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_indices(Indices::U32(indices));
    match colours {
        Some(colours) => mesh.with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, colours),
        None => mesh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which way the faces of a mesh look.
    fn facing(mesh: &Mesh) -> Vec<(Vec3, Vec3)> {
        let points = mesh.attribute(Mesh::ATTRIBUTE_POSITION).unwrap().as_float3().unwrap();
        let indices: Vec<usize> = mesh.indices().unwrap().iter().collect();
        indices
            .chunks(3)
            .map(|f| {
                let [a, b, c] = [0, 1, 2].map(|n| Vec3::from_array(points[f[n]]));
                ((b - a).cross(c - a), (a + b + c) / 3.0)
            })
            .collect()
    }

    #[test]
    fn the_floor_is_seen_from_above_and_the_horizon_from_inside() {
        assert!(facing(&grid()).iter().all(|(normal, _)| normal.y > 0.0));
        assert!(facing(&horizon()).iter().all(|(normal, at)| normal.dot(at.with_y(0.0)) < 0.0));
    }
}
