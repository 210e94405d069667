//! A synthetic hand: 26 joints from how far each finger is bent (XR_EXT_hand_tracking, "hand joints").
//! Lengths are of a middling adult hand. Where a pinch draws thumb and index together the bones stretch a little.

use glam::{DMat3, DQuat, DVec3};

use super::pose::Pose;

/// Joints of `XR_HAND_JOINT_SET_DEFAULT_EXT`.
pub(crate) const JOINTS: usize = 26;

/// How a hand is held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shape {
    /// Thumb, index, middle, ring, little: 0 straight, 1 bent into the palm.
    pub curls: [f64; 5],
    /// 0: thumb and index apart as their curls say; 1: their tips touch.
    pub pinch: f64,
}

impl Shape {
    pub(crate) const OPEN: Self = Self { curls: [0.0, 0.05, 0.05, 0.08, 0.1], pinch: 0.0 };

    /// `open`, `fist`, `point` or `pinch`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "open" => Self::OPEN,
            "fist" => Self { curls: [0.8, 1.0, 1.0, 1.0, 1.0], pinch: 0.0 },
            "point" => Self { curls: [0.8, 0.0, 1.0, 1.0, 1.0], pinch: 0.0 },
            "pinch" => Self { curls: [0.3, 0.5, 0.3, 0.3, 0.3], pinch: 1.0 },
            _ => return None,
        })
    }

    /// 0 to 1: how much of a fist it is, from the three fingers that a pointing or pinching hand does not need.
    pub(crate) fn grasp(&self) -> f64 {
        let [_, _, middle, ring, little] = self.curls;
        ((middle + ring + little) / 3.0).clamp(0.0, 1.0)
    }
}

struct Finger {
    metacarpal: [f64; 3],
    knuckle: [f64; 3],
    bones: &'static [f64],
}

/// The right hand in the wrist's frame, metres: −Z along the fingers, Y out of the back, the thumb towards −X.
const FINGERS: [Finger; 5] = [
    Finger { metacarpal: [-0.025, -0.010, -0.030], knuckle: [-0.055, -0.015, -0.062], bones: &[0.034, 0.026] },
    Finger { metacarpal: [-0.014, 0.0, -0.020], knuckle: [-0.025, 0.0, -0.095], bones: &[0.045, 0.026, 0.022] },
    Finger { metacarpal: [0.0, 0.0, -0.020], knuckle: [0.0, 0.0, -0.095], bones: &[0.050, 0.030, 0.024] },
    Finger { metacarpal: [0.012, 0.0, -0.020], knuckle: [0.022, 0.0, -0.090], bones: &[0.045, 0.028, 0.023] },
    Finger { metacarpal: [0.022, 0.0, -0.020], knuckle: [0.042, -0.003, -0.082], bones: &[0.036, 0.020, 0.020] },
];

/// Where the tips of thumb and index meet in a pinch.
const PINCH: DVec3 = DVec3::new(-0.045, -0.035, -0.120);

/// Palm centre in the wrist's frame.
const PALM: DVec3 = DVec3::new(0.0, -0.005, -0.060);

/// The joints in the order of `XrHandJointEXT`, in the frame of the grip pose, with radii in metres.
pub(crate) fn joints(shape: &Shape, left: bool) -> [(Pose, f64); JOINTS] {
    let grip_from_wrist = grip_from_palm(left) * Pose::new(PALM, DQuat::IDENTITY).inverse();
    let mut joints = [(Pose::IDENTITY, 0.0); JOINTS];
    let mut slots = joints.iter_mut();
    let mut put = |pose: Pose, radius: f64| {
        if let Some(slot) = slots.next() {
            *slot = (grip_from_wrist * if left { mirrored(pose) } else { pose }, radius);
        }
    };
    put(Pose::new(PALM, DQuat::IDENTITY), 0.020);
    put(Pose::IDENTITY, 0.025);
    for (index, (finger, curl)) in FINGERS.iter().zip(shape.curls).enumerate() {
        let chain = bend(finger, curl, if index < 2 { shape.pinch } else { 0.0 });
        let last = chain.len() - 1;
        for (joint, pose) in chain.into_iter().enumerate() {
            put(pose, if joint == last { 0.006 } else { 0.011 - 0.001 * joint as f64 });
        }
    }
    joints
}

fn bend(finger: &Finger, curl: f64, pinch: f64) -> Vec<Pose> {
    let metacarpal = DVec3::from_array(finger.metacarpal);
    let knuckle = DVec3::from_array(finger.knuckle);
    let straight = DQuat::from_rotation_arc(DVec3::NEG_Z, (knuckle - metacarpal).normalize());
    let mut chain = vec![Pose::new(metacarpal, straight), Pose::new(knuckle, straight)];
    let flexion = DQuat::from_rotation_x(-curl.clamp(0.0, 1.0) * 80f64.to_radians());
    let mut pose = Pose::new(knuckle, straight * flexion);
    if let Some(second) = chain.get_mut(1) {
        *second = pose;
    }
    for (index, length) in finger.bones.iter().enumerate() {
        let here = pose.position + pose.orientation * DVec3::new(0.0, 0.0, -length);
        let tip = index + 1 == finger.bones.len();
        pose = Pose::new(here, if tip { pose.orientation } else { pose.orientation * flexion });
        chain.push(pose);
    }
    // A pinch draws the tip to the meeting point, and the joints before it in proportion.
    let pull = (PINCH - pose.position) * pinch.clamp(0.0, 1.0);
    let bones = finger.bones.len() as f64;
    for (index, joint) in chain.iter_mut().skip(2).enumerate() {
        joint.position += pull * ((index + 1) as f64 / bones);
    }
    chain
}

/// The grip pose's axes (xr spec 6.3.3): −Z to the thumb's side, −Y along the open fingers, +X out of the back of the
/// right hand and of the palm of the left.
fn grip_from_palm(left: bool) -> Pose {
    let back = if left { DVec3::NEG_X } else { DVec3::X };
    let turn = DMat3::from_cols(back.cross(DVec3::Y), back, DVec3::Y);
    Pose::new(DVec3::ZERO, DQuat::from_mat3(&turn))
}

fn mirrored(pose: Pose) -> Pose {
    let (p, q) = (pose.position, pose.orientation);
    Pose::new(DVec3::new(-p.x, p.y, p.z), DQuat::from_xyzw(q.x, -q.y, -q.z, q.w))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(shape: &Shape, left: bool) -> f64 {
        let joints = joints(shape, left);
        // XR_HAND_JOINT_THUMB_TIP_EXT 5, XR_HAND_JOINT_INDEX_TIP_EXT 10.
        joints[5].0.position.distance(joints[10].0.position)
    }

    #[test]
    fn a_pinch_brings_the_tips_together() {
        for left in [false, true] {
            assert!(gap(&Shape::named("pinch").unwrap(), left) < 1e-9);
            assert!(gap(&Shape::OPEN, left) > 0.05);
        }
    }

    #[test]
    fn all_joints_are_set_and_within_a_hand() {
        for (pose, radius) in joints(&Shape::OPEN, false) {
            assert!(radius > 0.004 && radius < 0.03);
            assert!(pose.position.length() < 0.2, "{pose:?}");
            assert!((pose.orientation.length() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn open_fingers_point_along_minus_y_of_the_grip_and_thumbs_to_minus_z() {
        for left in [false, true] {
            let joints = joints(&Shape::OPEN, left);
            let (palm, middle_tip, thumb_tip) = (joints[0].0, joints[15].0, joints[5].0);
            let along = (middle_tip.position - palm.position).normalize();
            assert!(along.y < -0.95, "{along}");
            assert!(thumb_tip.position.z < palm.position.z - 0.04);
            // The palm's Y leaves the back of the hand.
            let back = palm.orientation * DVec3::Y;
            assert!((back.x - if left { -1.0 } else { 1.0 }).abs() < 1e-9);
        }
    }

    #[test]
    fn a_fist_is_smaller_than_an_open_hand() {
        let open = joints(&Shape::OPEN, false)[15].0.position.length();
        let fist = joints(&Shape::named("fist").unwrap(), false)[15].0.position.length();
        assert!(fist < 0.6 * open);
        assert!(Shape::named("fist").unwrap().grasp() > 0.9 && Shape::OPEN.grasp() < 0.2);
    }
}
