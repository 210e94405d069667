//! Where the user works, whatever with.

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, LpsVector};
use fabrica_scene::input::{Hand, Hands, PatientRay, Press, SlicePointer, Tools};
use fabrica_scene::pick::Picker;
use fabrica_scene::world::PatientPose;

use crate::kind::{self, Use};

/// How far before the hand the brush is, metres in the room: before a controller's front, where it is seen.
const TIP: f32 = 0.05;

/// What is pointed at in this frame.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Pointed {
    /// Where; nothing where only air is.
    pub at: Option<LpsPoint>,
    /// The press there.
    pub press: Press,
    /// What it is done with.
    pub by: By,
    /// In the 3D view a stroke stays at the depth at which it began: a point and the line of sight.
    depth: Option<(LpsPoint, LpsVector)>,
}

/// What is pointed with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum By {
    /// Nothing.
    #[default]
    Nothing,
    /// The pointer on a slice, with its normal.
    Slice(LpsVector),
    /// A ray into the 3D view.
    Ray(PatientRay),
    /// The tip of what a hand holds, with its direction.
    Tip(Hand, PatientRay),
}

/// Follows the pointer: on a slice it is a point; a hand that is somewhere works at its tip; the mouse over the 3D view works
/// on what is seen there.
pub fn point(
    slice: Res<SlicePointer>,
    mut hands: ResMut<Hands>,
    patient: Res<PatientPose>,
    tools: Res<Tools>,
    mut picker: Picker,
    mut pointed: ResMut<Pointed>,
) {
    let before = *pointed;
    let mut now = Pointed::default();
    if slice.is_at_work() {
        now.at = slice.place.map(|place| place.at);
        now.press = slice.press;
        now.by = slice.place.map_or(before.by, |place| By::Slice(place.normal));
        *pointed = now;
        return;
    }
    let hand = *hands.working();
    let Some(ray) = hand.pointer.ray.filter(|_| !hand.pointer.taken) else {
        // A hand that is lost in the middle of a stroke has let go.
        now.press.ended = before.press.held;
        now.by = before.by;
        *pointed = now;
        return;
    };
    now.press = hand.pointer.trigger;
    if hand.grip.pose.is_some() {
        now.by = By::Tip(hand.hand, ray);
        now.at = Some(ray.at(patient.length_to_patient(TIP)));
        hands.get_mut(hand.hand).pointer.reach = Some(TIP);
        *pointed = now;
        return;
    }
    now.by = By::Ray(ray);
    now.depth = before.depth.filter(|_| now.press.held || now.press.ended);
    now.at = match now.depth {
        Some((at, sight)) => at_depth(ray, at, sight),
        // An outline is of the view, not of what is seen there.
        None if kind::chosen(&tools).used() == Use::Outline => None,
        None => picker.first(ray).map(|picked| picked.at),
    };
    if now.press.started {
        now.depth = now.at.map(|at| (at, ray.direction));
    }
    *pointed = now;
}

/// Where a ray comes to the plane through a point, across a line of sight.
fn at_depth(ray: PatientRay, at: LpsPoint, sight: LpsVector) -> Option<LpsPoint> {
    let along = ray.direction.0.dot(sight.0);
    let distance = (at - ray.origin).0.dot(sight.0) / along;
    (along > 1e-6 && distance.is_finite()).then(|| LpsPoint(ray.origin.0 + ray.direction.0 * distance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_in_the_view_stays_at_its_depth() {
        let sight = LpsVector::new(0.0, 1.0, 0.0);
        let slanted = LpsVector((sight.0 + glam::DVec3::X * 0.5).normalize());
        let ray = PatientRay { origin: LpsPoint::new(0.0, -100.0, 0.0), direction: slanted };
        // The plane y = 20: 120 mm ahead, half of that to the side.
        let at = at_depth(ray, LpsPoint::new(3.0, 20.0, 4.0), sight).unwrap();
        assert!(at.distance(LpsPoint::new(60.0, 20.0, 0.0)).0 < 1e-9);
        let across = PatientRay { direction: LpsVector::new(1.0, 0.0, 0.0), ..ray };
        assert_eq!(at_depth(across, LpsPoint::default(), sight), None);
    }
}
