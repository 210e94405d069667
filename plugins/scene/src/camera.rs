//! The patient's camera as Bevy's: one conversion for the window and for pictures without one.

use bevy::camera::ScalingMode;
use bevy::prelude::*;
use fabrica_raycast::{Camera as PatientCamera, Projection as PatientProjection, RenderError};

use crate::world;

/// Nearest and farthest that is drawn, in metres: a finger's breadth before the eye inside the chest, and a large room.
const NEAR: f32 = 0.01;
const FAR: f32 = 100.0;

/// Where a camera is in the world and which way it looks.
///
/// # Errors
/// When the camera has no direction.
pub fn transform(camera: &PatientCamera) -> Result<Transform, RenderError> {
    let frame = camera.frame()?;
    let up = world::direction_to_world(frame.up);
    let forward = world::direction_to_world(frame.forward);
    Ok(Transform::from_translation(world::point_to_world(camera.eye)).looking_to(forward, up))
}

/// How a camera projects onto a picture of this size, pixels.
pub fn projection(camera: &PatientCamera, size: UVec2) -> Projection {
    match camera.projection {
        PatientProjection::Perspective { vertical_fov } => Projection::Perspective(PerspectiveProjection {
            fov: vertical_fov as f32,
            aspect_ratio: size.x as f32 / size.y.max(1) as f32,
            near: NEAR,
            far: FAR,
            ..default()
        }),
        PatientProjection::Orthographic { height } => Projection::Orthographic(OrthographicProjection {
            near: 0.0,
            far: FAR,
            scaling_mode: ScalingMode::FixedVertical { viewport_height: world::length_to_world(height) },
            ..OrthographicProjection::default_3d()
        }),
    }
}
