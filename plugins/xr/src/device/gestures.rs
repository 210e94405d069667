//! Bare hands: what the joints of a hand say that it does.
//!
//! Pinching thumb and index finger is the trigger, closing the other fingers the squeeze, and the ray goes from the
//! shoulder through the pinch, which keeps it steady while the fingers close. Distances are of an adult's hand; the
//! thresholds of a press lie well inside.

use bevy::prelude::*;
use fabrica_scene::input::{Hand, HandSample, RoomPose, Source};
use openxr::{HandJoint, HandJointLocations, SpaceLocationFlags};

use super::convert::pose;

/// Between the tips of thumb and index finger, metres: closed and open.
const PINCH: [f32; 2] = [0.015, 0.045];
/// Between the tips of the other fingers and the palm, metres: closed and open.
const FIST: [f32; 2] = [0.045, 0.085];
/// The shoulder seen from the middle between the eyes, metres: down, and to the hand's side.
const SHOULDER: [f32; 2] = [-0.22, 0.17];

/// What gestures need of a hand's joints, in the tracking space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Joints {
    pub(crate) palm: RoomPose,
    pub(crate) thumb: Vec3,
    pub(crate) index: Vec3,
    /// Middle, ring and little finger.
    pub(crate) others: [Vec3; 3],
}

impl Joints {
    /// Nothing where a joint is not known.
    pub(crate) fn new(located: &HandJointLocations) -> Option<Self> {
        let joint = |joint: HandJoint| {
            let location = &located[joint];
            let known = SpaceLocationFlags::POSITION_VALID | SpaceLocationFlags::ORIENTATION_VALID;
            location.location_flags.contains(known).then(|| pose(&location.pose))
        };
        let tip = |which: HandJoint| joint(which).map(|pose| pose.position);
        Some(Self {
            palm: joint(HandJoint::PALM)?,
            thumb: tip(HandJoint::THUMB_TIP)?,
            index: tip(HandJoint::INDEX_TIP)?,
            others: [tip(HandJoint::MIDDLE_TIP)?, tip(HandJoint::RING_TIP)?, tip(HandJoint::LITTLE_TIP)?],
        })
    }

    /// What the hand does.
    pub(crate) fn sample(&self, hand: Hand, head: RoomPose) -> HandSample {
        let closed = |distance: f32, [near, far]: [f32; 2]| ((far - distance) / (far - near)).clamp(0.0, 1.0);
        let pinch = (self.thumb + self.index) / 2.0;
        let side = if hand == Hand::Left { -SHOULDER[1] } else { SHOULDER[1] };
        // The shoulders turn with the head about the vertical only.
        let forward = head.forward().with_y(0.0).normalize_or(Vec3::NEG_Z);
        let right = forward.cross(Vec3::Y);
        let shoulder = head.position + Vec3::Y * SHOULDER[0] + right * side;
        let fist = self.others.iter().map(|tip| tip.distance(self.palm.position)).sum::<f32>() / 3.0;
        let direction = (pinch - shoulder).normalize_or(forward);
        HandSample {
            aim: Some(RoomPose::looking_at(pinch, pinch + direction)),
            grip: Some(self.palm),
            trigger: closed(self.thumb.distance(self.index), PINCH),
            squeeze: closed(fist, FIST),
            ..HandSample::gone(hand, Source::TrackedHand)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hand(apart: f32, curled: f32) -> Joints {
        let palm = Vec3::new(0.17, 1.18, -0.4);
        Joints {
            palm: RoomPose { position: palm, rotation: Quat::IDENTITY },
            thumb: palm + Vec3::new(-apart / 2.0, 0.0, -0.1),
            index: palm + Vec3::new(apart / 2.0, 0.0, -0.1),
            others: [palm + Vec3::NEG_Z * curled; 3],
        }
    }

    const HEAD: RoomPose = RoomPose { position: Vec3::new(0.0, 1.4, 0.0), rotation: Quat::IDENTITY };

    #[test]
    fn closing_thumb_and_index_pulls_the_trigger_closing_the_rest_grabs() {
        let trigger = |apart| hand(apart, 0.1).sample(Hand::Right, HEAD).trigger;
        assert_eq!((trigger(0.01), trigger(0.06)), (1.0, 0.0));
        assert!((trigger(0.03) - 0.5).abs() < 1e-5);
        let squeeze = |curled| hand(0.1, curled).sample(Hand::Right, HEAD).squeeze;
        assert_eq!((squeeze(0.03), squeeze(0.1)), (1.0, 0.0));
    }

    #[test]
    fn the_ray_goes_from_the_shoulder_through_the_pinch() {
        // The shoulder is at (0.17, 1.18, 0): the ray is level and straight ahead.
        let aim = hand(0.02, 0.1).sample(Hand::Right, HEAD).aim.unwrap();
        assert!(aim.forward().distance(Vec3::NEG_Z) < 1e-3, "{}", aim.forward());
        assert!(aim.position.distance(Vec3::new(0.17, 1.18, -0.5)) < 1e-6);
    }
}
