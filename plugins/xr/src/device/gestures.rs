//! Bare hands: what the joints of a hand say that it does.
//!
//! - Pinching thumb and index finger is the trigger; the ray goes from the shoulder through the index finger's knuckle, which
//!   stays where it is while the fingers close and open: what was pointed at is what is clicked.
//! - Closing all fingers is the squeeze. A fist brings thumb and index together too: that is no trigger.
//! - Pointing (the index finger out, the others closed) is neither; the ray starts at the fingertip and goes where the finger
//!   points, so that it can poke.
//! - A pinch with the palm towards the eyes is the menu button, as on most headsets: bare hands have no other.
//!
//! Distances are of an adult's hand; the thresholds of a press lie well inside.

use bevy::prelude::*;
use fabrica_scene::input::{Hand, HandSample, RoomPose, Source};
use openxr::{HandJoint, HandJointLocations, SpaceLocationFlags};

use super::convert::pose;

/// Between the tips of thumb and index finger, metres: closed and open.
const PINCH: [f32; 2] = [0.015, 0.045];
/// Between the tip of a finger and the palm, metres: closed and open.
const FIST: [f32; 2] = [0.045, 0.085];
/// The shoulder seen from the middle between the eyes, metres: down, and to the hand's side.
const SHOULDER: [f32; 2] = [-0.22, 0.17];
/// A finger more closed than this is closed, one less closed than the other is out.
const CLOSED: f32 = 0.6;
const OUT: f32 = 0.3;
/// The palm is towards the eyes when the cosine of the angle between its normal and the way to the eyes is over this.
const TOWARDS_EYES: f32 = 0.75;

/// What gestures need of a hand's joints, in the tracking space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Joints {
    /// −Z along the fingers, Y out of the back of the hand.
    pub(crate) palm: RoomPose,
    pub(crate) thumb: Vec3,
    /// The index finger's tip, and the joint from which it points.
    pub(crate) index: Vec3,
    pub(crate) knuckle: Vec3,
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
        let place = |which: HandJoint| joint(which).map(|pose| pose.position);
        Some(Self {
            palm: joint(HandJoint::PALM)?,
            thumb: place(HandJoint::THUMB_TIP)?,
            index: place(HandJoint::INDEX_TIP)?,
            knuckle: place(HandJoint::INDEX_PROXIMAL)?,
            others: [place(HandJoint::MIDDLE_TIP)?, place(HandJoint::RING_TIP)?, place(HandJoint::LITTLE_TIP)?],
        })
    }

    /// What the hand does, by its joints alone.
    pub(crate) fn sample(&self, hand: Hand, head: RoomPose) -> HandSample {
        let [others, index] = self.bent();
        let squeeze = others.min(index);
        let plain = HandSample {
            aim: Some(self.ray_of_shoulder(hand, head)),
            grip: Some(self.grip(hand)),
            trigger: if squeeze > 0.5 { 0.0 } else { self.pinch() },
            squeeze,
            ..HandSample::gone(hand, Source::TrackedHand)
        };
        self.refine(plain, head)
    }

    /// What a hand does whose pinch and grasp the runtime reports itself: pointing and calling the panel are added.
    pub(crate) fn refine(&self, mut sample: HandSample, head: RoomPose) -> HandSample {
        sample.source = Source::TrackedHand;
        let [others, index] = self.bent();
        let to_eyes = (head.position - self.palm.position).normalize_or_zero();
        if (self.palm.rotation * Vec3::NEG_Y).dot(to_eyes) > TOWARDS_EYES {
            sample.buttons.menu = sample.trigger > 0.5;
            sample.trigger = 0.0;
        } else if others > CLOSED && index < OUT && self.pinch() == 0.0 {
            sample.aim = Some(self.along_finger());
            sample.squeeze = 0.0;
        }
        sample
    }

    /// How far the last three fingers are closed, together, and the index finger: 0 to 1.
    fn bent(&self) -> [f32; 2] {
        let bent = |tip: Vec3| closed(tip.distance(self.palm.position), FIST);
        [self.others.iter().map(|&tip| bent(tip)).sum::<f32>() / 3.0, bent(self.index)]
    }

    fn pinch(&self) -> f32 {
        closed(self.thumb.distance(self.index), PINCH)
    }

    /// The palm in the axes of a controller's grip (OpenXR, "Standard pose identifiers"): −Z to the thumb's side, −Y along
    /// the open fingers, X out of the right hand's back and of the left hand's palm.
    fn grip(&self, hand: Hand) -> RoomPose {
        let side = if hand == Hand::Left { Vec3::NEG_Y } else { Vec3::Y };
        let grip_in_palm = Quat::from_mat3(&Mat3::from_cols(side, Vec3::Z, side.cross(Vec3::Z)));
        RoomPose { position: self.palm.position, rotation: self.palm.rotation * grip_in_palm }
    }

    fn along_finger(&self) -> RoomPose {
        let direction = (self.index - self.knuckle).normalize_or(self.palm.forward());
        RoomPose::looking_at(self.index, self.index + direction)
    }

    fn ray_of_shoulder(&self, hand: Hand, head: RoomPose) -> RoomPose {
        let side = if hand == Hand::Left { -SHOULDER[1] } else { SHOULDER[1] };
        // The shoulders turn with the head about the vertical only.
        let forward = head.forward().with_y(0.0).normalize_or(Vec3::NEG_Z);
        let right = forward.cross(Vec3::Y);
        let shoulder = head.position + Vec3::Y * SHOULDER[0] + right * side;
        let direction = (self.knuckle - shoulder).normalize_or(forward);
        RoomPose::looking_at(self.knuckle, self.knuckle + direction)
    }
}

fn closed(distance: f32, [near, far]: [f32; 2]) -> f32 {
    ((far - distance) / (far - near)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PALM: Vec3 = Vec3::new(0.17, 1.18, -0.4);

    /// A hand whose thumb and index finger are so far apart, the index finger so far out, the others so far, metres.
    fn hand(apart: f32, out: f32, others: f32) -> Joints {
        let middle = PALM + Vec3::NEG_Z * out;
        Joints {
            palm: RoomPose { position: PALM, rotation: Quat::IDENTITY },
            thumb: middle + Vec3::NEG_X * apart / 2.0,
            index: middle + Vec3::X * apart / 2.0,
            knuckle: PALM,
            others: [PALM + Vec3::NEG_Z * others; 3],
        }
    }

    const HEAD: RoomPose = RoomPose { position: Vec3::new(0.0, 1.4, 0.0), rotation: Quat::IDENTITY };

    fn does(joints: Joints) -> HandSample {
        joints.sample(Hand::Right, HEAD)
    }

    #[test]
    fn closing_thumb_and_index_pulls_the_trigger() {
        let trigger = |apart| does(hand(apart, 0.1, 0.1)).trigger;
        assert_eq!((trigger(0.01), trigger(0.06)), (1.0, 0.0));
        assert!((trigger(0.03) - 0.5).abs() < 1e-5);
    }

    #[test]
    fn closing_all_fingers_grabs_and_pulls_no_trigger() {
        let fist = does(hand(0.01, 0.03, 0.03));
        assert_eq!((fist.squeeze, fist.trigger), (1.0, 0.0));
        assert_eq!(does(hand(0.06, 0.1, 0.1)).squeeze, 0.0);
        // Many pinch with the other fingers closed.
        let pinch = does(hand(0.01, 0.09, 0.03));
        assert_eq!((pinch.squeeze, pinch.trigger), (0.0, 1.0));
    }

    #[test]
    fn a_pointing_finger_pokes_and_grabs_nothing() {
        let points = does(hand(0.08, 0.1, 0.03));
        assert_eq!((points.squeeze, points.trigger), (0.0, 0.0));
        let aim = points.aim.unwrap();
        let tip = Vec3::new(0.04, 0.0, -0.1);
        assert!(aim.position.distance(PALM + tip) < 1e-6);
        assert!(aim.forward().distance(tip.normalize()) < 1e-5);
    }

    #[test]
    fn a_pinch_with_the_palm_to_the_eyes_is_the_menu() {
        let mut joints = hand(0.01, 0.1, 0.1);
        // The palm's normal, −Y, towards the eyes.
        let to_eyes = (HEAD.position - PALM).normalize();
        joints.palm.rotation = Quat::from_rotation_arc(Vec3::NEG_Y, to_eyes);
        let sample = does(joints);
        assert!(sample.buttons.menu && sample.trigger == 0.0);
        assert!(!does(hand(0.01, 0.1, 0.1)).buttons.menu);
    }

    #[test]
    fn the_ray_goes_from_the_shoulder_through_the_knuckle_however_the_fingers_are() {
        // The shoulder is at (0.17, 1.18, 0): the ray is level and straight ahead.
        for apart in [0.01, 0.06] {
            let aim = does(hand(apart, 0.1, 0.1)).aim.unwrap();
            assert!(aim.forward().distance(Vec3::NEG_Z) < 1e-3, "{}", aim.forward());
            assert!(aim.position.distance(PALM) < 1e-6);
        }
    }

    #[test]
    fn the_palm_is_held_as_a_handle_would_be() {
        for (which, back) in [(Hand::Right, Vec3::X), (Hand::Left, Vec3::NEG_X)] {
            let grip = hand(0.02, 0.1, 0.1).grip(which).rotation;
            // The fingers point along −Z of the palm and −Y of the grip; the back of the hand is Y of the palm.
            assert!((grip * Vec3::NEG_Y).distance(Vec3::NEG_Z) < 1e-6, "{which:?}");
            assert!((grip * back).distance(Vec3::Y) < 1e-6, "{which:?}");
        }
    }
}
