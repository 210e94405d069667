//! The scripted head, hands and controllers.

use std::collections::BTreeMap;

use glam::{DQuat, DVec3};

use super::pose::Pose;
use super::profiles::Kind;
use super::skeleton::{self, JOINTS, Shape};
use super::track::{Nanos, Track};

/// Which hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    Left,
    Right,
}

impl Side {
    pub(crate) fn of_user(user: &str) -> Option<Self> {
        match user {
            "/user/hand/left" => Some(Self::Left),
            "/user/hand/right" => Some(Self::Right),
            _ => None,
        }
    }

    pub(crate) fn user(self) -> &'static str {
        if self == Self::Left { "/user/hand/left" } else { "/user/hand/right" }
    }
}

/// One hand with what it holds.
#[derive(Debug)]
pub(crate) struct Hand {
    /// The grip pose in the stage.
    pub grip: Track,
    /// The controller held (an interaction profile's path); `None`: an empty hand.
    pub profile: Option<String>,
    /// What is pressed: `trigger/value`, `a/click`, `thumbstick/x`.
    pub inputs: BTreeMap<String, f64>,
    /// How the fingers are held.
    pub shape: Shape,
    /// Joints given one by one, in the frame of the grip pose, instead of a shape.
    pub joints: Option<Box<[(Pose, f64); JOINTS]>>,
    /// Whether the cameras see the fingers.
    pub fingers_tracked: bool,
    side: Side,
}

/// How the aim pose lies in the grip pose: at the front of the controller, tipped down from the handle's axis. (Real
/// controllers tip by 30° to 60°; an application that takes one pose for the other must be seen to be wrong.)
pub(crate) fn grip_from_aim() -> Pose {
    Pose::new(DVec3::new(0.0, -0.02, -0.05), DQuat::from_rotation_x(-40f64.to_radians()))
}

impl Hand {
    pub(crate) fn new(side: Side) -> Self {
        let x = if side == Side::Left { -0.25 } else { 0.25 };
        Self {
            grip: Track::new(Pose::at(x, 1.1, -0.35)),
            profile: Some("/interaction_profiles/oculus/touch_controller".to_owned()),
            inputs: BTreeMap::new(),
            shape: Shape::OPEN,
            joints: None,
            fingers_tracked: true,
            side,
        }
    }

    /// The joints in the stage at a time.
    pub(crate) fn joints_at(&self, time: Nanos) -> [(Pose, f64); JOINTS] {
        let grip = self.grip.at(time);
        let joints = match &self.joints {
            Some(joints) => **joints,
            None => skeleton::joints(&self.shape, self.side == Side::Left),
        };
        joints.map(|(pose, radius)| (grip * pose, radius))
    }

    /// Where a pose component is in the grip's frame: `None` for one that this simulator does not place.
    pub(crate) fn grip_from(&self, subpath: &str) -> Option<Pose> {
        Some(match subpath {
            "/input/grip/pose" => Pose::IDENTITY,
            "/input/aim/pose" => grip_from_aim(),
            "/input/palm_ext/pose" | "/input/grip_surface/pose" => self.joint(0),
            "/input/pinch_ext/pose" => {
                Pose::new(self.joint(5).position.midpoint(self.joint(10).position), self.joint(10).orientation)
            }
            "/input/poke_ext/pose" => self.joint(10),
            _ => return None,
        })
    }

    fn joint(&self, index: usize) -> Pose {
        let shaped = || skeleton::joints(&self.shape, self.side == Side::Left);
        let joints = self.joints.as_ref().map_or_else(shaped, |joints| **joints);
        joints.get(index).map_or(Pose::IDENTITY, |(pose, _)| *pose)
    }

    /// The value of a component: 0 or 1 for one that is on or off. What the script did not say outright follows from
    /// what it did: a trigger at 0.6 is touched, and clicks a simple controller's select.
    pub(crate) fn value(&self, subpath: &str, kind: Kind) -> f64 {
        let Some(name) = subpath.strip_prefix("/input/") else { return 0.0 };
        if let Some(value) = self.inputs.get(name) {
            return *value;
        }
        let of = |name: &str| self.inputs.get(name).copied().unwrap_or(0.0);
        let (input, component) = name.split_once('/').unwrap_or((name, ""));
        let on = |yes: bool| f64::from(u8::from(yes));
        let analogue = of(&format!("{input}/value"));
        match (input, component) {
            ("select", "click") => on(of("trigger/value") > 0.5 || self.inputs.get("trigger/click") == Some(&1.0)),
            ("trigger", "click") => on(analogue > 0.95),
            ("squeeze", "click") => on(analogue > 0.5),
            ("squeeze", "force") => analogue,
            ("trigger" | "squeeze", "touch") => on(analogue > 0.0),
            ("thumbstick" | "trackpad", "touch") => {
                let moved = of(&format!("{input}/x")) != 0.0 || of(&format!("{input}/y")) != 0.0;
                on(moved || of(&format!("{input}/click")) > 0.5)
            }
            ("pinch_ext" | "aim_activate_ext", "value") => self.shape.pinch,
            ("grasp_ext", "value") => self.shape.grasp(),
            (_, "ready_ext") => on(self.fingers_tracked),
            (_, "touch") => on(of(&format!("{input}/click")) > 0.5),
            (_, "value") if kind == Kind::Float => of(&format!("{input}/click")),
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_a_trigger() {
        let mut hand = Hand::new(Side::Right);
        hand.inputs.insert("trigger/value".into(), 0.6);
        assert_eq!(hand.value("/input/trigger/value", Kind::Float), 0.6);
        assert_eq!(hand.value("/input/trigger/touch", Kind::Bool), 1.0);
        assert_eq!(hand.value("/input/trigger/click", Kind::Bool), 0.0);
        assert_eq!(hand.value("/input/select/click", Kind::Bool), 1.0);
        assert_eq!(hand.value("/input/squeeze/click", Kind::Bool), 0.0);
    }

    #[test]
    fn aim_is_not_grip() {
        let hand = Hand::new(Side::Left);
        let aim = hand.grip_from("/input/aim/pose").unwrap();
        assert!(aim.orientation.angle_between(DQuat::IDENTITY) > 0.5);
        assert_eq!(hand.grip_from("/input/grip/pose").unwrap(), Pose::IDENTITY);
    }
}
