//! The patient's camera as Bevy's: one conversion for the window and for pictures without one.

use bevy::camera::ScalingMode;
use bevy::prelude::*;
use fabrica_plan::{Camera as PlanCamera, Projection as PlanProjection};
use fabrica_raycast::{Camera as PatientCamera, Projection as PatientProjection, RenderError};

use crate::input::RoomPose;
use crate::world::{self, PatientPose};

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

/// Where a patient's camera is in the room, and how it projects, when the patient lies so: the picture stays the same.
///
/// # Errors
/// When the camera has no direction.
pub fn in_room(
    camera: &PatientCamera,
    pose: &PatientPose,
    size: UVec2,
) -> Result<(Transform, Projection), RenderError> {
    let placed = pose.transform().mul_transform(transform(camera)?);
    let projection = match camera.projection {
        PatientProjection::Perspective { .. } => projection(camera, size),
        PatientProjection::Orthographic { height } => {
            let height = height * f64::from(pose.scale);
            projection(&PatientCamera { projection: PatientProjection::Orthographic { height }, ..*camera }, size)
        }
    };
    Ok((placed.with_scale(Vec3::ONE), projection))
}

/// The camera of an eye that is there in the room and looks half a metre ahead, 60° high.
pub fn of_eye(eye: &RoomPose, pose: &PatientPose) -> PatientCamera {
    PatientCamera {
        eye: pose.to_patient(eye.position),
        target: pose.to_patient(eye.position + eye.forward() * 0.5),
        up: pose.direction_to_patient(eye.rotation * Vec3::Y),
        projection: PatientProjection::Perspective { vertical_fov: std::f64::consts::FRAC_PI_3 },
    }
}

/// A camera as the plan keeps it.
pub fn to_plan(camera: &PatientCamera) -> PlanCamera {
    let projection = match camera.projection {
        PatientProjection::Perspective { vertical_fov } => {
            PlanProjection::Perspective { vertical_degrees: vertical_fov.to_degrees() }
        }
        PatientProjection::Orthographic { height } => PlanProjection::Orthographic { height },
    };
    PlanCamera { eye: camera.eye, target: camera.target, up: camera.up, projection }
}

/// A camera that the plan has kept. Nothing where it projects in a way that is not known here.
pub fn from_plan(camera: &PlanCamera) -> Option<PatientCamera> {
    let projection = match camera.projection {
        PlanProjection::Perspective { vertical_degrees } => {
            PatientProjection::Perspective { vertical_fov: vertical_degrees.to_radians() }
        }
        PlanProjection::Orthographic { height } => PatientProjection::Orthographic { height },
        _ => return None,
    };
    Some(PatientCamera { eye: camera.eye, target: camera.target, up: camera.up, projection })
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

#[cfg(test)]
mod tests {
    use fabrica_geometry::{LpsPoint, LpsVector, Mm};

    use super::*;

    #[test]
    fn moving_the_patient_does_not_change_the_picture() {
        let pose = PatientPose {
            translation: Vec3::new(0.3, 1.1, -0.7),
            rotation: Quat::from_rotation_y(1.0) * Quat::from_rotation_x(0.4),
            scale: 2.5,
        };
        let at = LpsPoint::new(30.0, -20.0, 40.0);
        for projection in [
            PatientProjection::Orthographic { height: Mm(400.0) },
            PatientProjection::Perspective { vertical_fov: 0.5 },
        ] {
            let camera = PatientCamera {
                eye: LpsPoint::new(100.0, -900.0, 50.0),
                target: LpsPoint::new(0.0, 0.0, 20.0),
                up: LpsVector::new(0.0, 0.0, 1.0),
                projection,
            };
            let [still, moved] = [PatientPose::default(), pose].map(|pose| {
                let (transform, mut projection) = in_room(&camera, &pose, UVec2::new(400, 300)).unwrap();
                projection.update(400.0, 300.0);
                let clip = projection.get_clip_from_view() * transform.to_matrix().inverse();
                clip.project_point3(pose.to_room(at)).truncate()
            });
            assert!(still.distance(moved) < 1e-4, "{still} {moved}");
        }
    }
}
