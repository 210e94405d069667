//! A camera that turns about its target, as 3D Slicer's does.

use std::f64::consts::PI;

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_raycast::{Camera, Projection};
use fabrica_scene::Navigate;
use glam::DQuat;

/// Angle of view when the projection becomes perspective.
const FIELD_OF_VIEW: f64 = PI / 6.0;

/// Moves the camera. Changes that need more than the camera are left to the caller; a degenerate camera stays.
pub fn apply(camera: &mut Camera, change: Navigate) {
    let Ok(frame) = camera.frame() else { return };
    match change {
        Navigate::Rotate { across, down } => {
            // A drag to the right turns the patient to the right: the camera goes to the left about "up".
            let turn = DQuat::from_axis_angle(frame.up.0, -f64::from(across) * PI)
                * DQuat::from_axis_angle(frame.right.0, -f64::from(down) * PI);
            camera.eye = LpsPoint(camera.target.0 + turn * (camera.eye.0 - camera.target.0));
            camera.up = LpsVector(turn * frame.up.0);
        }
        Navigate::Pan { across, down } => {
            let height = camera.mm_per_pixel(1).0;
            let by = LpsVector((frame.right.0 * -f64::from(across) + frame.up.0 * f64::from(down)) * height);
            camera.eye = camera.eye + by;
            camera.target = camera.target + by;
        }
        Navigate::Zoom(factor) => {
            let factor = f64::from(factor).clamp(0.1, 10.0);
            match &mut camera.projection {
                Projection::Orthographic { height } => *height = Mm((height.0 / factor).clamp(1.0, 1e5)),
                Projection::Perspective { .. } => {
                    let distance = (camera.eye.distance(camera.target).0 / factor).clamp(1.0, 1e5);
                    camera.eye = camera.target - frame.forward * distance;
                }
            }
        }
        Navigate::LookAt(point) => {
            let by = point - camera.target;
            camera.eye = camera.eye + by;
            camera.target = point;
        }
        Navigate::ToggleProjection => {
            // What lies at the target keeps its size.
            let height = camera.mm_per_pixel(1);
            match camera.projection {
                Projection::Perspective { .. } => camera.projection = Projection::Orthographic { height },
                Projection::Orthographic { .. } => {
                    camera.projection = Projection::Perspective { vertical_fov: FIELD_OF_VIEW };
                    let distance = height.0 / 2.0 / (FIELD_OF_VIEW / 2.0).tan();
                    camera.eye = camera.target - frame.forward * distance;
                }
            }
        }
        Navigate::Look(_) | Navigate::From(_) | Navigate::Resize(_) | Navigate::Pick { .. } | Navigate::Settle => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front() -> Camera {
        Camera {
            eye: LpsPoint::new(0.0, -1000.0, 0.0),
            target: LpsPoint::default(),
            up: LpsVector::new(0.0, 0.0, 1.0),
            projection: Projection::Orthographic { height: Mm(400.0) },
        }
    }

    #[test]
    fn dragging_half_the_height_to_the_right_shows_the_patients_right_side() {
        // What faced the user moves to the right, towards the patient's left: the right side comes to the front.
        let mut camera = front();
        apply(&mut camera, Navigate::Rotate { across: 0.5, down: 0.0 });
        assert!(camera.eye.distance(LpsPoint::new(-1000.0, 0.0, 0.0)).0 < 1e-6, "{:?}", camera.eye);
    }

    #[test]
    fn dragging_down_shows_the_head_from_above() {
        let mut camera = front();
        apply(&mut camera, Navigate::Rotate { across: 0.0, down: 0.5 });
        assert!(camera.eye.distance(LpsPoint::new(0.0, 0.0, 1000.0)).0 < 1e-6, "{:?}", camera.eye);
    }

    #[test]
    fn panning_moves_the_patient_with_the_pointer() {
        let mut camera = front();
        let before = camera.project(LpsPoint::default(), [400, 400]).unwrap().unwrap().0;
        apply(&mut camera, Navigate::Pan { across: 0.25, down: 0.1 });
        let after = camera.project(LpsPoint::default(), [400, 400]).unwrap().unwrap().0;
        assert!((after[0] - before[0] - 100.0).abs() < 1e-6);
        assert!((after[1] - before[1] - 40.0).abs() < 1e-6);
    }

    #[test]
    fn changing_the_projection_keeps_the_size_at_the_target() {
        let mut camera = front();
        apply(&mut camera, Navigate::ToggleProjection);
        assert!((camera.mm_per_pixel(400).0 - 1.0).abs() < 1e-9);
        apply(&mut camera, Navigate::ToggleProjection);
        assert!((camera.mm_per_pixel(400).0 - 1.0).abs() < 1e-9);
    }
}
