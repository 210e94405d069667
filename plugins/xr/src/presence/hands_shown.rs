//! The hands, as the user sees them: a ball where the palm is and a ray where the hand points.

use bevy::camera::visibility::RenderLayers;
use bevy::prelude::*;
use fabrica_scene::input::{Hand, Hands};

use super::ROOM_LAYER;

/// How far a ray goes that hits nothing, metres, and how thick it is.
const RAY: [f32; 2] = [1.5, 0.003];
const PALM: f32 = 0.016;

/// A part of a hand.
#[derive(Component, Clone, Copy)]
pub(crate) enum Part {
    Palm(Hand),
    Ray(Hand),
}

/// Makes the hands.
pub(crate) fn build(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let ball = meshes.add(Sphere::new(PALM).mesh().ico(3).unwrap_or_else(|_| Sphere::new(PALM).mesh().uv(12, 8)));
    let rod = meshes.add(Cuboid::new(RAY[1], RAY[1], 1.0));
    let skin = materials.add(StandardMaterial { base_color: Color::srgb(0.55, 0.58, 0.62), unlit: true, ..default() });
    let beam = materials.add(StandardMaterial { base_color: Color::srgb(0.45, 0.75, 0.75), unlit: true, ..default() });
    for hand in Hand::BOTH {
        for (part, mesh, material) in [(Part::Palm(hand), &ball, &skin), (Part::Ray(hand), &rod, &beam)] {
            commands.spawn((
                part,
                Mesh3d(mesh.clone()),
                MeshMaterial3d(material.clone()),
                Transform::default(),
                Visibility::Hidden,
                RenderLayers::layer(ROOM_LAYER),
            ));
        }
    }
}

/// Puts the hands where they are.
pub(crate) fn follow(hands: Res<Hands>, mut parts: Query<(&Part, &mut Transform, &mut Visibility)>) {
    for (part, mut transform, mut visibility) in &mut parts {
        let placed = match *part {
            Part::Palm(hand) => hands.get(hand).grip.pose.map(|pose| pose.transform()),
            Part::Ray(hand) => hands.get(hand).pointer.pose.map(|pose| {
                let length = hands.get(hand).pointer.reach.unwrap_or(RAY[0]);
                let middle = pose.position + pose.forward() * length / 2.0;
                pose.transform().with_translation(middle).with_scale(Vec3::new(1.0, 1.0, length))
            }),
        };
        visibility.set_if_neq(if placed.is_some() { Visibility::Inherited } else { Visibility::Hidden });
        if let Some(placed) = placed {
            *transform = placed;
        }
    }
}
