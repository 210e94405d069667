//! The interaction profiles: which paths an application may suggest, and what is behind them.

use std::sync::LazyLock;

use openxr_sys::ActionType;

/// What a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// On or off.
    Bool,
    /// 0 to 1 (−1 to 1 for an axis of a stick).
    Float,
    /// A stick or pad.
    Vec2,
    /// A pose.
    Pose,
    /// A motor.
    Haptic,
}

/// One line of a profile: `/input/trigger/value`.
#[derive(Debug)]
pub(crate) struct Component {
    users: Vec<&'static str>,
    /// Begins with `/input/` or `/output/`.
    pub subpath: &'static str,
    pub kind: Kind,
}

/// A kind of controller.
#[derive(Debug)]
pub(crate) struct Profile {
    /// `/interaction_profiles/...`.
    pub path: &'static str,
    /// For people.
    pub title: &'static str,
    /// The extension that must be on.
    pub extension: Option<&'static str>,
    pub components: Vec<Component>,
}

/// The top level paths of the specification (6.3.2).
pub(crate) const USER_PATHS: [&str; 5] =
    ["/user/hand/left", "/user/hand/right", "/user/head", "/user/gamepad", "/user/treadmill"];

static PALM: Component = Component { users: Vec::new(), subpath: "/input/palm_ext/pose", kind: Kind::Pose };

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| parse(include_str!("profiles.txt")));

/// All profiles.
pub(crate) fn all() -> &'static [Profile] {
    &PROFILES
}

pub(crate) fn named(path: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.path == path)
}

fn parse(text: &'static str) -> Vec<Profile> {
    let mut profiles: Vec<Profile> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(rest) = line.strip_prefix("profile ") {
            let mut parts = rest.split('"');
            let path = parts.next().unwrap_or_default().trim();
            let title = parts.next().unwrap_or_default();
            let extension = parts.next().map(str::trim).filter(|extension| !extension.is_empty());
            profiles.push(Profile { path, title, extension, components: Vec::new() });
            continue;
        }
        let mut words = line.split(' ');
        let (Some(users), Some(subpath), Some(kind), Some(profile)) =
            (words.next(), words.next(), words.next(), profiles.last_mut())
        else {
            continue;
        };
        let users = users
            .chars()
            .filter_map(|user| "lrhg".find(user).and_then(|index| USER_PATHS.get(index).copied()))
            .collect();
        let kind = match kind {
            "bool" => Kind::Bool,
            "float" => Kind::Float,
            "vec2" => Kind::Vec2,
            "pose" => Kind::Pose,
            _ => Kind::Haptic,
        };
        profile.components.push(Component { users, subpath, kind });
    }
    profiles
}

impl Profile {
    /// The component behind a binding path, with its user path. A path that stops at the identifier
    /// (`/user/hand/left/input/trigger`) means the component that suits the action best (xr spec 6.4.1).
    pub(crate) fn resolve(&'static self, binding: &str, action: ActionType, palm: bool) -> Option<Source> {
        let user = USER_PATHS.iter().find(|user| {
            binding.strip_prefix(**user).is_some_and(|rest| rest.starts_with("/input/") || rest.starts_with("/output/"))
        })?;
        let subpath = binding.strip_prefix(user)?;
        let of_user = |component: &&Component| component.users.contains(user);
        let exact = self.components.iter().filter(of_user).find(|component| component.subpath == subpath);
        if let Some(component) = exact {
            return Some(Source { user, component });
        }
        // XR_EXT_palm_pose adds a pose to every profile of a hand.
        if palm && matches!(subpath, "/input/palm_ext/pose" | "/input/palm_ext") && user.starts_with("/user/hand/") {
            return Some(Source { user, component: &PALM });
        }
        let endings: &[&str] = match action {
            ActionType::BOOLEAN_INPUT => &["/click", "/force", "/value"],
            ActionType::FLOAT_INPUT => &["/force", "/value", "/click"],
            ActionType::POSE_INPUT => &["/pose"],
            _ => &[],
        };
        endings.iter().find_map(|ending| {
            let component = self
                .components
                .iter()
                .filter(of_user)
                .find(|component| component.subpath.strip_suffix(ending) == Some(subpath))?;
            Some(Source { user, component })
        })
    }

    /// Whether there is anything of this profile at a user path.
    pub(crate) fn has_user(&self, user: &str) -> bool {
        self.components.iter().any(|component| component.users.contains(&user))
    }
}

impl Source {
    /// Whether an action of a type can be fed from here (xr spec 11.4.1): on/off and numbers either way, the rest only
    /// as it is. A suggestion that cannot is no error; it binds nothing.
    pub(crate) fn suits(&self, action: ActionType) -> bool {
        match self.component.kind {
            Kind::Bool | Kind::Float => matches!(action, ActionType::BOOLEAN_INPUT | ActionType::FLOAT_INPUT),
            Kind::Vec2 => action == ActionType::VECTOR2F_INPUT,
            Kind::Pose => action == ActionType::POSE_INPUT,
            Kind::Haptic => action == ActionType::VIBRATION_OUTPUT,
        }
    }
}

/// A component of one hand's controller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    pub user: &'static str,
    pub component: &'static Component,
}

impl Source {
    /// The full path: `/user/hand/left/input/trigger/value`.
    pub(crate) fn path(&self) -> String {
        format!("{}{}", self.user, self.component.subpath)
    }

    /// Without the component: two actions on one of these compete for the same input.
    pub(crate) fn identifier(&self) -> (&'static str, &'static str) {
        let subpath = self.component.subpath;
        let end = subpath.match_indices('/').nth(2).map_or(subpath.len(), |(index, _)| index);
        (self.user, subpath.get(..end).unwrap_or(subpath))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(profile: &str, path: &str, action: ActionType) -> Option<String> {
        named(&format!("/interaction_profiles/{profile}"))?.resolve(path, action, false).map(|source| source.path())
    }

    #[test]
    fn all_profiles_of_the_table_are_read() {
        assert_eq!(all().len(), 16);
        assert!(all().iter().all(|profile| !profile.components.is_empty() && !profile.title.is_empty()));
        assert_eq!(
            named("/interaction_profiles/bytedance/pico4_controller").unwrap().extension,
            Some("XR_BD_controller_interaction")
        );
        assert_eq!(named("/interaction_profiles/oculus/touch_controller").unwrap().extension, None);
    }

    #[test]
    fn short_paths_find_their_component() {
        let touch = "oculus/touch_controller";
        let trigger = "/user/hand/left/input/trigger";
        let value = Some("/user/hand/left/input/trigger/value".to_owned());
        assert_eq!(resolve(touch, trigger, ActionType::BOOLEAN_INPUT), value);
        assert_eq!(resolve(touch, trigger, ActionType::FLOAT_INPUT), value);
        assert_eq!(
            resolve(touch, "/user/hand/left/input/grip", ActionType::POSE_INPUT).as_deref(),
            Some("/user/hand/left/input/grip/pose")
        );
        assert!(resolve(touch, "/user/hand/left/input/thumbstick", ActionType::VECTOR2F_INPUT).is_some());
        assert!(resolve(touch, trigger, ActionType::VECTOR2F_INPUT).is_none());
        let touch = named("/interaction_profiles/oculus/touch_controller").unwrap();
        let stick = touch.resolve("/user/hand/left/input/thumbstick", ActionType::FLOAT_INPUT, false).unwrap();
        assert!(!stick.suits(ActionType::FLOAT_INPUT) && stick.suits(ActionType::VECTOR2F_INPUT));
    }

    #[test]
    fn left_buttons_are_left() {
        let touch = "oculus/touch_controller";
        assert!(resolve(touch, "/user/hand/left/input/x/click", ActionType::BOOLEAN_INPUT).is_some());
        assert!(resolve(touch, "/user/hand/right/input/x/click", ActionType::BOOLEAN_INPUT).is_none());
        assert!(resolve(touch, "/user/hand/left/input/x/clicked", ActionType::BOOLEAN_INPUT).is_none());
    }

    #[test]
    fn the_identifier_leaves_the_component_out() {
        let touch = named("/interaction_profiles/oculus/touch_controller").unwrap();
        let stick = touch.resolve("/user/hand/left/input/thumbstick/x", ActionType::FLOAT_INPUT, false).unwrap();
        assert_eq!(stick.identifier(), ("/user/hand/left", "/input/thumbstick"));
    }
}
