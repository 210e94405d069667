//! While the user is turned, the rim of the view is dark: what the eyes see and the ear does not feel makes people sick,
//! and most of it is seen at the rim.

use bevy::camera::visibility::RenderLayers;
use bevy::prelude::*;
use fabrica_scene::presence::{Comfort, Headset};

use super::ROOM_LAYER;
use super::room::mesh;

/// How long it stays and fades, seconds.
const SECONDS: f32 = 0.35;
/// A frame counts for no more than this, seconds.
const LONGEST_FRAME: f32 = 0.04;
/// How far before the eyes it is, metres; where it begins and where it is full, as angles from straight ahead.
const DISTANCE: f32 = 0.25;
const RIM_DEGREES: [f32; 3] = [28.0, 42.0, 80.0];

/// The user is being moved.
#[derive(Resource, Default)]
pub(crate) struct Motion {
    seconds_left: f32,
}

impl Motion {
    /// The user begins to be moved.
    pub(crate) fn begin(&mut self) {
        self.seconds_left = SECONDS;
    }
}

/// The dark rim.
#[derive(Component)]
pub(crate) struct Rim(Handle<StandardMaterial>);

/// Makes the rim.
pub(crate) fn build(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let material = materials.add(StandardMaterial {
        base_color: Color::BLACK,
        unlit: true,
        alpha_mode: AlphaMode::Blend,
        cull_mode: None,
        ..default()
    });
    commands.spawn((
        Rim(material.clone()),
        Mesh3d(meshes.add(rim())),
        MeshMaterial3d(material),
        Transform::default(),
        Visibility::Hidden,
        RenderLayers::layer(ROOM_LAYER),
    ));
}

/// Shows the rim while the user is moved, and fades it.
pub(crate) fn follow(
    headset: Res<Headset>,
    comfort: Res<Comfort>,
    time: Res<Time<Real>>,
    mut motion: ResMut<Motion>,
    mut rim: Query<(&Rim, &mut Transform, &mut Visibility)>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let Some(head) = headset.head else { return };
    let shown = comfort.vignette && motion.seconds_left > 0.0;
    for (rim, mut transform, mut visibility) in &mut rim {
        visibility.set_if_neq(if shown { Visibility::Inherited } else { Visibility::Hidden });
        if !shown {
            continue;
        }
        *transform = head.transform();
        if let Some(mut material) = materials.get_mut(&rim.0) {
            material.base_color = Color::BLACK.with_alpha((motion.seconds_left / SECONDS).clamp(0.0, 1.0));
        }
    }
    // It is seen for some frames, however long those take.
    motion.seconds_left = (motion.seconds_left - time.delta_secs().min(LONGEST_FRAME)).max(0.0);
}

/// A ring around straight ahead (−Z) that grows dark outwards.
fn rim() -> Mesh {
    const STEPS: u32 = 48;
    let radii = RIM_DEGREES.map(|degrees: f32| DISTANCE * degrees.to_radians().tan());
    let (mut points, mut colours, mut indices) = (Vec::new(), Vec::new(), Vec::new());
    for step in 0..=STEPS {
        let (sin, cos) = (step as f32 / STEPS as f32 * std::f32::consts::TAU).sin_cos();
        for (radius, alpha) in radii.into_iter().zip([0.0, 1.0, 1.0]) {
            points.push([cos * radius, sin * radius, -DISTANCE]);
            colours.push([1.0, 1.0, 1.0, alpha]);
        }
        if step < STEPS {
            for ring in 0..2 {
                let [a, b] = [step * 3 + ring, (step + 1) * 3 + ring];
                indices.extend([a, a + 1, b, b, a + 1, b + 1]);
            }
        }
    }
    let normals = vec![[0.0, 0.0, 1.0]; points.len()];
    mesh(points, normals, Some(colours), indices)
}
