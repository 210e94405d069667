//! A plane in the patient that a hand carries, turns and pushes.

use fabrica_geometry::{LpsPoint, LpsVector};
use fabrica_scene::input::{PatientPlace, PatientRay};
use glam::{DMat3, DQuat, DVec3};

/// A plane with the directions of its picture: perpendicular unit vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HeldPlane {
    pub(crate) centre: LpsPoint,
    pub(crate) right: LpsVector,
    pub(crate) down: LpsVector,
}

impl HeldPlane {
    /// Behind the picture: right × down.
    pub(crate) fn normal(&self) -> LpsVector {
        LpsVector(self.right.0.cross(self.down.0))
    }

    /// Across a normal, upright as far as that goes.
    pub(crate) fn across(centre: LpsPoint, normal: LpsVector) -> Option<Self> {
        let normal = normal.0.try_normalize()?;
        // Superior is up in the picture; of a plane across the body, anterior.
        let up = if normal.z.abs() < 0.9 { DVec3::Z } else { DVec3::NEG_Y };
        let right = normal.cross(up).try_normalize()?;
        Some(Self { centre, right: LpsVector(right), down: LpsVector(normal.cross(right)) })
    }

    /// As if it were fixed to a hand that went from one place to another.
    pub(crate) fn carried(&self, from: &PatientPlace, to: &PatientPlace) -> Option<Self> {
        let turn = axes(to)? * axes(from)?.transpose();
        let centre = LpsPoint(to.at.0 + turn * (self.centre - from.at).0);
        self.turned(turn).map(|turned| Self { centre, ..turned })
    }

    /// Turned about its centre as a ball of this radius under a pointer that went from one ray to another.
    pub(crate) fn rolled(&self, from: &PatientRay, to: &PatientRay, radius: f64) -> Option<Self> {
        let [a, b] = [from, to].map(|ray| on_ball(self.centre.0, radius, ray));
        self.turned(DMat3::from_quat(DQuat::from_rotation_arc(a?, b?)))
    }

    fn turned(&self, turn: DMat3) -> Option<Self> {
        // Made perpendicular again: errors of many small turns must not add up.
        let right = (turn * self.right.0).try_normalize()?;
        let down = (turn * self.down.0).reject_from_normalized(right).try_normalize()?;
        Some(Self { right: LpsVector(right), down: LpsVector(down), ..*self })
    }
}

/// A hand's axes in the patient: right, up, back.
fn axes(place: &PatientPlace) -> Option<DMat3> {
    let forward = place.forward.0.try_normalize()?;
    let up = place.up.0.reject_from_normalized(forward).try_normalize()?;
    Some(DMat3::from_cols(forward.cross(up), up, -forward))
}

/// Where a ray first meets a ball, as a direction from its centre; where it passes beside, the direction towards the ray.
fn on_ball(centre: DVec3, radius: f64, ray: &PatientRay) -> Option<DVec3> {
    let direction = ray.direction.0.try_normalize()?;
    let to_centre = centre - ray.origin.0;
    let nearest = ray.origin.0 + direction * to_centre.dot(direction);
    let beside = nearest - centre;
    let half = radius * radius - beside.length_squared();
    let at = if half > 0.0 { beside - direction * half.sqrt() } else { beside };
    at.try_normalize()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_PI_2;

    use super::*;

    fn close(a: DVec3, b: DVec3) {
        assert!(a.distance(b) < 1e-9, "{a} is not {b}");
    }

    #[test]
    fn a_plane_across_the_body_shows_the_front_up_and_the_right_on_the_left() {
        // Seen from the feet, as a radiologist does: behind the picture is superior.
        let plane = HeldPlane::across(LpsPoint::default(), LpsVector::new(0.0, 0.0, 2.0)).unwrap();
        close(plane.right.0, DVec3::X);
        close(plane.down.0, DVec3::Y);
        close(plane.normal().0, DVec3::Z);
        // From the front: posterior is behind the picture, the head up.
        let plane = HeldPlane::across(LpsPoint::default(), LpsVector::new(0.0, 1.0, 0.0)).unwrap();
        close(plane.right.0, DVec3::X);
        close(plane.down.0, DVec3::NEG_Z);
        assert_eq!(HeldPlane::across(LpsPoint::default(), LpsVector::default()), None);
    }

    #[test]
    fn the_hand_carries_it() {
        let plane = HeldPlane::across(LpsPoint::new(10.0, 0.0, 0.0), LpsVector::new(0.0, 0.0, 1.0)).unwrap();
        let from = PatientPlace {
            at: LpsPoint::default(),
            forward: LpsVector::new(1.0, 0.0, 0.0),
            up: LpsVector::new(0.0, 0.0, 1.0),
        };
        // A quarter turn about S (from left to posterior) and 5 mm up.
        let to = PatientPlace { at: LpsPoint::new(0.0, 0.0, 5.0), forward: LpsVector::new(0.0, 1.0, 0.0), ..from };
        let carried = plane.carried(&from, &to).unwrap();
        close(carried.centre.0, DVec3::new(0.0, 10.0, 5.0));
        close(carried.right.0, DVec3::Y);
        close(carried.normal().0, DVec3::Z);
    }

    #[test]
    fn a_pointer_rolls_it_about_its_centre() {
        let plane = HeldPlane::across(LpsPoint::default(), LpsVector::new(0.0, 1.0, 0.0)).unwrap();
        let ray =
            |x: f64| PatientRay { origin: LpsPoint::new(x, -100.0, 0.0), direction: LpsVector::new(0.0, 1.0, 0.0) };
        // From the middle to the rim of the ball: a quarter turn; what was in front faces left.
        let rolled = plane.rolled(&ray(0.0), &ray(50.0), 50.0).unwrap();
        let turn = DQuat::from_rotation_z(FRAC_PI_2);
        close(rolled.normal().0, turn * plane.normal().0);
        close(rolled.centre.0, plane.centre.0);
        assert!(rolled.right.0.dot(rolled.down.0).abs() < 1e-12);
    }
}
