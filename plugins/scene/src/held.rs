//! A plane in the patient that a hand carries, turns and pushes.

use fabrica_geometry::{LpsPoint, LpsVector};
use glam::{DMat3, DQuat, DVec3};

use crate::input::{Hands, PatientPlace, PatientRay, SlicePointer};

/// A plane with the directions of its picture: perpendicular unit vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldPlane {
    /// The middle of its picture.
    pub centre: LpsPoint,
    /// Where its picture goes to the right.
    pub right: LpsVector,
    /// Where its picture goes down.
    pub down: LpsVector,
}

impl HeldPlane {
    /// Behind the picture: right × down.
    pub fn normal(&self) -> LpsVector {
        LpsVector(self.right.0.cross(self.down.0))
    }

    /// Across a normal, upright as far as that goes.
    pub fn across(centre: LpsPoint, normal: LpsVector) -> Option<Self> {
        let normal = normal.0.try_normalize()?;
        // Superior is up in the picture; of a plane across the body, anterior.
        let up = if normal.z.abs() < 0.9 { DVec3::Z } else { DVec3::NEG_Y };
        let right = normal.cross(up).try_normalize()?;
        Some(Self { centre, right: LpsVector(right), down: LpsVector(normal.cross(right)) })
    }

    /// As if it were fixed to a hand that went from one place to another.
    pub fn carried(&self, from: &PatientPlace, to: &PatientPlace) -> Option<Self> {
        let turn = turn_between(from, to)?;
        let centre = LpsPoint(to.at.0 + turn * (self.centre - from.at).0);
        self.turned(turn).map(|turned| Self { centre, ..turned })
    }

    /// Turned about its centre as a ball of this radius under a pointer that went from one ray to another.
    pub fn rolled(&self, from: &PatientRay, to: &PatientRay, radius: f64) -> Option<Self> {
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

/// A plane in the hand: how it was grasped, and by what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grasp(Option<(HeldPlane, By)>);

#[derive(Clone, Copy, Debug)]
enum By {
    /// A hand in the room carries it.
    Hand(PatientPlace),
    /// A ray turns it.
    Ray(PatientRay),
    /// The pointer on a slice moves it.
    Slice,
}

impl Grasp {
    /// Follows the working hand's trigger, or the press on a slice, for a frame: a hand in the room carries the plane, a ray
    /// turns it as a ball of this radius, mm, the pointer on a slice takes its middle along. Returns where the plane is now,
    /// and whether it was just let go.
    pub fn follow(&mut self, plane: HeldPlane, hands: &Hands, slice: &SlicePointer, radius: f64) -> (HeldPlane, bool) {
        let hand = hands.working();
        let press = if slice.is_at_work() { slice.press } else { hand.pointer.trigger };
        let by = match (slice.place, hand.grip.place, hand.pointer.ray) {
            (Some(_), ..) => Some(By::Slice),
            _ if hand.pointer.taken => None,
            (None, Some(place), _) => Some(By::Hand(place)),
            (None, None, ray) => ray.map(By::Ray),
        };
        if press.started {
            self.0 = by.map(|by| (plane, by));
        }
        let mut moved = None;
        if press.held
            && let Some((was, from)) = self.0
        {
            moved = match (from, by) {
                (By::Hand(from), Some(By::Hand(to))) => was.carried(&from, &to),
                (By::Ray(from), Some(By::Ray(to))) => was.rolled(&from, &to, radius),
                (By::Slice, Some(By::Slice)) => slice.place.map(|place| HeldPlane { centre: place.at, ..plane }),
                _ => None,
            };
        }
        let released = press.ended && self.is_held();
        if !press.held {
            self.0 = None;
        }
        (moved.unwrap_or(plane), released)
    }

    /// Whether something has it.
    pub fn is_held(&self) -> bool {
        self.0.is_some()
    }
}

/// How a hand has turned from one place to another.
pub fn turn_between(from: &PatientPlace, to: &PatientPlace) -> Option<DMat3> {
    Some(axes(to)? * axes(from)?.transpose())
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
