//! The action set: what OpenXR calls the things that hands do.

use bevy::prelude::*;
use fabrica_scene::input::{ButtonsDown, Hand, HandSample, Haptic, RoomPose, Source};
use openxr::{
    Action, ActionSet, ActiveActionSet, Binding, HapticVibration, Instance, Path, Posef, Session, Space,
    SpaceLocationFlags, Vector2f, Vulkan, sys,
};

use super::bindings::{self, Deed, Needs, PROFILES};
use super::convert::pose;

type Result<T> = std::result::Result<T, sys::Result>;

/// The actions, made once for an instance.
pub(crate) struct Actions {
    set: ActionSet,
    hands: [Path; 2],
    aim: Action<Posef>,
    grip: Action<Posef>,
    trigger: Action<f32>,
    squeeze: Action<f32>,
    stick: Action<Vector2f>,
    primary: Action<bool>,
    secondary: Action<bool>,
    menu: Action<bool>,
    stick_press: Action<bool>,
    haptic: Action<openxr::Haptic>,
}

/// The actions of a session: attached, with the spaces of the poses.
pub(crate) struct AttachedActions {
    spaces: [HandSpaces; 2],
}

struct HandSpaces {
    aim: Space,
    grip: Space,
}

impl Actions {
    /// Makes the actions and suggests their bindings.
    pub(crate) fn new(instance: &Instance) -> Result<Self> {
        let set = instance.create_action_set("hands", "Hands", 0)?;
        let hands = [instance.string_to_path("/user/hand/left")?, instance.string_to_path("/user/hand/right")?];
        let actions = Self {
            aim: set.create_action("aim", "Point", &hands)?,
            grip: set.create_action("grip", "Hand", &hands)?,
            trigger: set.create_action("trigger", "Use the tool", &hands)?,
            squeeze: set.create_action("squeeze", "Grab", &hands)?,
            stick: set.create_action("stick", "Turn, window and level", &hands)?,
            primary: set.create_action("primary", "Life-size", &hands)?,
            secondary: set.create_action("secondary", "Operating pose, panel", &hands)?,
            menu: set.create_action("menu", "Panel", &hands)?,
            stick_press: set.create_action("stick_press", "Press the stick", &hands)?,
            haptic: set.create_action("haptic", "Vibration", &hands)?,
            hands,
            set,
        };
        actions.suggest(instance)?;
        Ok(actions)
    }

    fn suggest(&self, instance: &Instance) -> Result<()> {
        let exts = instance.exts();
        for profile in &PROFILES {
            let offered = match profile.needs {
                Needs::Nothing => true,
                Needs::Hp => exts.ext_hp_mixed_reality_controller.is_some(),
                Needs::Pico => exts.bd_controller_interaction.is_some(),
                Needs::HandInteraction => exts.ext_hand_interaction.is_some(),
            };
            if !offered {
                continue;
            }
            let mut suggested = Vec::new();
            for (deed, path) in bindings::paths(profile) {
                let path = instance.string_to_path(&path)?;
                suggested.push(match deed {
                    Deed::Aim => Binding::new(&self.aim, path),
                    Deed::Grip => Binding::new(&self.grip, path),
                    Deed::Trigger => Binding::new(&self.trigger, path),
                    Deed::Squeeze => Binding::new(&self.squeeze, path),
                    Deed::Stick => Binding::new(&self.stick, path),
                    Deed::Primary => Binding::new(&self.primary, path),
                    Deed::Secondary => Binding::new(&self.secondary, path),
                    Deed::Menu => Binding::new(&self.menu, path),
                    Deed::StickPress => Binding::new(&self.stick_press, path),
                    Deed::Haptic => Binding::new(&self.haptic, path),
                });
            }
            let profile_path = instance.string_to_path(profile.path)?;
            match instance.suggest_interaction_profile_bindings(profile_path, &suggested) {
                Ok(()) => {}
                // A runtime need not know every controller.
                Err(sys::Result::ERROR_PATH_UNSUPPORTED) => warn!("the runtime does not know {}", profile.path),
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// Attaches the actions to a session.
    pub(crate) fn attach(&self, session: &Session<Vulkan>) -> Result<AttachedActions> {
        session.attach_action_sets(&[&self.set])?;
        let spaces = |hand: Path| -> Result<HandSpaces> {
            Ok(HandSpaces {
                aim: self.aim.create_space(session, hand, Posef::IDENTITY)?,
                grip: self.grip.create_space(session, hand, Posef::IDENTITY)?,
            })
        };
        Ok(AttachedActions { spaces: [spaces(self.hands[0])?, spaces(self.hands[1])?] })
    }

    /// What the hands do, at the time when the picture will be shown. Poses are in the tracking space.
    pub(crate) fn read(
        &self,
        attached: &AttachedActions,
        session: &Session<Vulkan>,
        base: &Space,
        time: openxr::Time,
    ) -> Result<[HandSample; 2]> {
        session.sync_actions(&[ActiveActionSet::new(&self.set)])?;
        let read = |hand: Hand| -> Result<HandSample> {
            let (path, spaces) = (self.hands[hand as usize], &attached.spaces[hand as usize]);
            let located = |action: &Action<Posef>, space: &Space| -> Result<Option<RoomPose>> {
                if !action.is_active(session, path)? {
                    return Ok(None);
                }
                let location = space.locate(base, time)?;
                let known = SpaceLocationFlags::POSITION_VALID | SpaceLocationFlags::ORIENTATION_VALID;
                Ok(location.location_flags.contains(known).then(|| pose(&location.pose)))
            };
            let stick = self.stick.state(session, path)?.current_state;
            let down = |action: &Action<bool>| Ok::<_, sys::Result>(action.state(session, path)?.current_state);
            Ok(HandSample {
                hand,
                source: Source::Controller,
                aim: located(&self.aim, &spaces.aim)?,
                grip: located(&self.grip, &spaces.grip)?,
                trigger: self.trigger.state(session, path)?.current_state,
                squeeze: self.squeeze.state(session, path)?.current_state,
                stick: Vec2::new(stick.x, stick.y),
                buttons: ButtonsDown {
                    primary: down(&self.primary)?,
                    secondary: down(&self.secondary)?,
                    menu: down(&self.menu)?,
                    stick: down(&self.stick_press)?,
                },
            })
        };
        Ok([read(Hand::Left)?, read(Hand::Right)?])
    }

    /// Lets a hand's controller vibrate. One without vibration does not.
    pub(crate) fn vibrate(&self, session: &Session<Vulkan>, haptic: &Haptic) -> Result<()> {
        let duration = openxr::Duration::from_nanos((f64::from(haptic.seconds.clamp(0.0, 1.0)) * 1e9) as i64);
        let event = HapticVibration::new()
            .amplitude(haptic.amplitude.clamp(0.0, 1.0))
            .frequency(openxr::FREQUENCY_UNSPECIFIED)
            .duration(duration);
        self.haptic.apply_feedback(session, self.hands[haptic.hand as usize], &event)
    }

    /// The interaction profiles in use, left first; empty where a hand has none.
    pub(crate) fn profiles(&self, instance: &Instance, session: &Session<Vulkan>) -> [String; 2] {
        self.hands.map(|hand| {
            let path = session.current_interaction_profile(hand).ok().filter(|path| *path != Path::NULL);
            path.and_then(|path| instance.path_to_string(path).ok()).unwrap_or_default()
        })
    }
}
