//! Which button of which controller does what.
//!
//! A runtime takes the profile of the controllers that are there, and may map it to others. Paths are from the chapter
//! "Interaction Profile Paths" of the OpenXR specification and from the extensions named beside each.

/// What a hand can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Deed {
    Aim,
    Grip,
    Trigger,
    Squeeze,
    Stick,
    Primary,
    Secondary,
    Menu,
    StickPress,
    Haptic,
}

/// What a hand holds, as far as it matters for what its inputs mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// A controller whose stick springs back.
    Controller,
    /// A controller with a trackpad for a stick: fingers rest on it.
    WithTrackpad,
    /// Nothing: the runtime sees the bare hand.
    Nothing,
}

impl Held {
    /// By the interaction profile in use.
    pub(crate) fn of(profile: &str) -> Self {
        match profile {
            "/interaction_profiles/htc/vive_controller" => Self::WithTrackpad,
            "/interaction_profiles/ext/hand_interaction_ext" => Self::Nothing,
            _ => Self::Controller,
        }
    }
}

/// An extension that a profile needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    /// XR_EXT_hp_mixed_reality_controller
    Hp,
    /// XR_BD_controller_interaction
    Pico,
    /// XR_EXT_hand_interaction
    HandInteraction,
}

/// The bindings of one kind of controller.
pub(crate) struct Profile {
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
    /// For both hands.
    pub(crate) both: &'static [(Deed, &'static str)],
    /// For the left hand only.
    pub(crate) left: &'static [(Deed, &'static str)],
    /// For the right hand only.
    pub(crate) right: &'static [(Deed, &'static str)],
}

use Deed::{Aim, Grip, Haptic, Menu, Primary, Secondary, Squeeze, Stick, StickPress, Trigger};

const POSES: [(Deed, &str); 3] = [(Aim, "input/aim/pose"), (Grip, "input/grip/pose"), (Haptic, "output/haptic")];

/// Both-hand bindings: the poses, the haptics, and these.
macro_rules! with_poses {
    ($($more:expr),* $(,)?) => {
        &[POSES[0], POSES[1], POSES[2], $($more),*]
    };
}

/// All that are known. Bindings of later ones never depend on earlier ones.
pub(crate) const PROFILES: [Profile; 9] = [
    // One button and a menu button: the menu button grabs, since there is no other.
    Profile {
        path: "/interaction_profiles/khr/simple_controller",
        needs: Needs::Nothing,
        both: with_poses![(Trigger, "input/select/click"), (Squeeze, "input/menu/click")],
        left: &[],
        right: &[],
    },
    Profile {
        path: "/interaction_profiles/oculus/touch_controller",
        needs: Needs::Nothing,
        both: with_poses![
            (Trigger, "input/trigger/value"),
            (Squeeze, "input/squeeze/value"),
            (Stick, "input/thumbstick"),
            (StickPress, "input/thumbstick/click"),
        ],
        left: &[(Primary, "input/x/click"), (Secondary, "input/y/click"), (Menu, "input/menu/click")],
        right: &[(Primary, "input/a/click"), (Secondary, "input/b/click")],
    },
    Profile {
        path: "/interaction_profiles/valve/index_controller",
        needs: Needs::Nothing,
        both: with_poses![
            (Trigger, "input/trigger/value"),
            (Squeeze, "input/squeeze/value"),
            (Stick, "input/thumbstick"),
            (StickPress, "input/thumbstick/click"),
            (Primary, "input/a/click"),
            (Secondary, "input/b/click"),
        ],
        left: &[],
        right: &[],
    },
    Profile {
        path: "/interaction_profiles/htc/vive_controller",
        needs: Needs::Nothing,
        both: with_poses![
            (Trigger, "input/trigger/value"),
            (Squeeze, "input/squeeze/click"),
            (Stick, "input/trackpad"),
            (StickPress, "input/trackpad/click"),
            (Menu, "input/menu/click"),
        ],
        left: &[],
        right: &[],
    },
    Profile {
        path: "/interaction_profiles/microsoft/motion_controller",
        needs: Needs::Nothing,
        both: with_poses![
            (Trigger, "input/trigger/value"),
            (Squeeze, "input/squeeze/click"),
            (Stick, "input/thumbstick"),
            (StickPress, "input/thumbstick/click"),
            (Menu, "input/menu/click"),
        ],
        left: &[],
        right: &[],
    },
    Profile {
        path: "/interaction_profiles/hp/mixed_reality_controller",
        needs: Needs::Hp,
        both: with_poses![
            (Trigger, "input/trigger/value"),
            (Squeeze, "input/squeeze/value"),
            (Stick, "input/thumbstick"),
            (StickPress, "input/thumbstick/click"),
            (Menu, "input/menu/click"),
        ],
        left: &[(Primary, "input/x/click"), (Secondary, "input/y/click")],
        right: &[(Primary, "input/a/click"), (Secondary, "input/b/click")],
    },
    Profile {
        path: "/interaction_profiles/bytedance/pico_neo3_controller",
        needs: Needs::Pico,
        both: with_poses![
            (Trigger, "input/trigger/value"),
            (Squeeze, "input/squeeze/value"),
            (Stick, "input/thumbstick"),
            (StickPress, "input/thumbstick/click"),
            (Menu, "input/menu/click"),
        ],
        left: &[(Primary, "input/x/click"), (Secondary, "input/y/click")],
        right: &[(Primary, "input/a/click"), (Secondary, "input/b/click")],
    },
    Profile {
        path: "/interaction_profiles/bytedance/pico4_controller",
        needs: Needs::Pico,
        both: with_poses![
            (Trigger, "input/trigger/value"),
            (Squeeze, "input/squeeze/value"),
            (Stick, "input/thumbstick"),
            (StickPress, "input/thumbstick/click"),
        ],
        left: &[(Primary, "input/x/click"), (Secondary, "input/y/click"), (Menu, "input/menu/click")],
        right: &[(Primary, "input/a/click"), (Secondary, "input/b/click")],
    },
    // Bare hands: no haptics.
    Profile {
        path: "/interaction_profiles/ext/hand_interaction_ext",
        needs: Needs::HandInteraction,
        both: &[POSES[0], POSES[1], (Trigger, "input/pinch_ext/value"), (Squeeze, "input/grasp_ext/value")],
        left: &[],
        right: &[],
    },
];

/// A profile's bindings with their whole paths.
pub(crate) fn paths(profile: &Profile) -> impl Iterator<Item = (Deed, String)> + '_ {
    let of = |hand: &'static str, list: &'static [(Deed, &'static str)]| {
        list.iter().map(move |(deed, path)| (*deed, format!("/user/hand/{hand}/{path}")))
    };
    of("left", profile.both)
        .chain(of("left", profile.left))
        .chain(of("right", profile.both))
        .chain(of("right", profile.right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_controller_points_grabs_and_pulls_a_trigger_with_both_hands() {
        for profile in &PROFILES {
            for hand in ["left", "right"] {
                for deed in [Aim, Grip, Trigger, Squeeze] {
                    let of_hand = |(d, path): &(Deed, String)| *d == deed && path.contains(&format!("/{hand}/"));
                    assert_eq!(paths(profile).filter(of_hand).count(), 1, "{} {hand} {deed:?}", profile.path);
                }
            }
        }
    }

    #[test]
    fn no_button_of_a_controller_does_two_things() {
        for profile in &PROFILES {
            let mut all: Vec<String> = paths(profile).map(|(_, path)| path).collect();
            let count = all.len();
            all.sort();
            all.dedup();
            assert_eq!(all.len(), count, "{}", profile.path);
        }
    }
}
