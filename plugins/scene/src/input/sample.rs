//! What devices report, and how it becomes [`Hands`].

use bevy::prelude::*;

use super::{Hand, Hands, RoomPose};

/// What a hand is seen by. Where several report a hand in the same frame, the last of this list is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The mouse over the desktop's 3D view: a pointer, no grip.
    Mouse,
    /// A headset's bare hands: pinch is the trigger, a fist the squeeze.
    TrackedHand,
    /// A headset's controller.
    Controller,
    /// A script.
    Script,
}

/// Which buttons are down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ButtonsDown {
    /// A or X.
    pub primary: bool,
    /// B or Y.
    pub secondary: bool,
    /// Menu.
    pub menu: bool,
    /// Stick or trackpad pressed.
    pub stick: bool,
}

/// All that a device says of a hand; it holds until the next one for that hand.
#[derive(Message, Clone, Copy, Debug, PartialEq)]
pub struct HandSample {
    /// Which hand.
    pub hand: Hand,
    /// Who says so.
    pub source: Source,
    /// Where the pointing ray starts and points, in the room.
    pub aim: Option<RoomPose>,
    /// Where the palm is, in the room.
    pub grip: Option<RoomPose>,
    /// 0 to 1.
    pub trigger: f32,
    /// 0 to 1.
    pub squeeze: f32,
    /// To the right, away from the user; each −1 to 1.
    pub stick: Vec2,
    /// Buttons.
    pub buttons: ButtonsDown,
}

impl HandSample {
    /// A hand that is not seen: everything is let go.
    pub fn gone(hand: Hand, source: Source) -> Self {
        Self {
            hand,
            source,
            aim: None,
            grip: None,
            trigger: 0.0,
            squeeze: 0.0,
            stick: Vec2::ZERO,
            buttons: ButtonsDown::default(),
        }
    }

    fn is_gone(&self) -> bool {
        self.aim.is_none() && self.grip.is_none()
    }
}

/// Takes this frame's samples; without one a hand stays as it was, and what had just happened to it has happened.
pub(super) fn settle(
    mut samples: MessageReader<HandSample>,
    mut latest: Local<[Option<HandSample>; 2]>,
    mut hands: ResMut<Hands>,
) {
    let mut reported: [Option<HandSample>; 2] = [None; 2];
    for sample in samples.read() {
        let known = &mut reported[sample.hand as usize];
        // A hand that one device does not see may be seen by another.
        let rank = |s: &HandSample| (!s.is_gone(), s.source);
        if known.is_none_or(|k| rank(&k) <= rank(sample)) {
            *known = Some(*sample);
        }
    }
    for (hand, reported) in Hand::BOTH.into_iter().zip(reported) {
        let kept = &mut latest[hand as usize];
        if let Some(new) = reported {
            // Who has lost sight of a hand says so once more, not what another device does with it.
            let stale = new.is_gone() && kept.is_some_and(|k| !k.is_gone() && k.source != new.source);
            if !stale {
                *kept = Some(new);
            }
        }
        let Some(sample) = *kept else { continue };
        let state = hands.get_mut(hand);
        state.source = (!sample.is_gone()).then_some(sample.source);
        state.pointer.pose = sample.aim.filter(RoomPose::is_finite);
        state.pointer.reach = None;
        state.grip.pose = sample.grip.filter(RoomPose::is_finite);
        state.pointer.trigger.take(sample.trigger);
        state.grip.squeeze.take(sample.squeeze);
        state.stick = if sample.stick.is_finite() { sample.stick.clamp(Vec2::NEG_ONE, Vec2::ONE) } else { Vec2::ZERO };
        state.buttons.primary.take_button(sample.buttons.primary);
        state.buttons.secondary.take_button(sample.buttons.secondary);
        state.buttons.menu.take_button(sample.buttons.menu);
        state.buttons.stick.take_button(sample.buttons.stick);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app() -> App {
        let mut app = App::new();
        app.init_resource::<Hands>().add_message::<HandSample>().add_systems(Update, settle);
        app
    }

    fn sample(source: Source, x: f32, trigger: f32) -> HandSample {
        let pose = RoomPose { position: Vec3::new(x, 1.0, 0.0), rotation: Quat::IDENTITY };
        HandSample { aim: Some(pose), trigger, ..HandSample::gone(Hand::Right, source) }
    }

    fn right(app: &App) -> super::super::HandState {
        *app.world().resource::<Hands>().get(Hand::Right)
    }

    #[test]
    fn a_press_starts_once_and_ends_once() {
        let mut app = app();
        app.world_mut().write_message(sample(Source::Mouse, 0.0, 1.0));
        app.update();
        assert!(right(&app).pointer.trigger.started && right(&app).pointer.trigger.held);
        app.update();
        assert!(!right(&app).pointer.trigger.started && right(&app).pointer.trigger.held);
        app.world_mut().write_message(sample(Source::Mouse, 0.0, 0.0));
        app.update();
        assert!(right(&app).pointer.trigger.ended);
        app.update();
        assert!(!right(&app).pointer.trigger.ended);
    }

    #[test]
    fn a_controller_comes_before_the_mouse_and_a_lost_one_lets_go() {
        let mut app = app();
        app.world_mut().write_message(sample(Source::Controller, 1.0, 1.0));
        app.world_mut().write_message(sample(Source::Mouse, 2.0, 0.0));
        app.update();
        assert_eq!(right(&app).source, Some(Source::Controller));
        assert_eq!(right(&app).pointer.pose.unwrap().position.x, 1.0);
        app.world_mut().write_message(HandSample::gone(Hand::Right, Source::Controller));
        app.update();
        assert_eq!((right(&app).source, right(&app).pointer.pose), (None, None));
        assert!(right(&app).pointer.trigger.ended);
    }

    #[test]
    fn a_device_that_sees_no_hand_does_not_hide_another_that_does() {
        let mut app = app();
        app.world_mut().write_message(sample(Source::Mouse, 2.0, 0.0));
        app.update();
        app.world_mut().write_message(HandSample::gone(Hand::Right, Source::Controller));
        app.update();
        assert_eq!(right(&app).source, Some(Source::Mouse));
    }

    #[test]
    fn what_is_no_number_is_not_seen() {
        let mut app = app();
        app.world_mut().write_message(sample(Source::Controller, f32::NAN, f32::NAN));
        app.update();
        assert_eq!(right(&app).pointer.pose, None);
        assert!(!right(&app).pointer.trigger.held);
    }
}
