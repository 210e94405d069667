//! The pointer on the slice views: a mouse, a laser on the board in the room, or a script. A slice is flat, so that the
//! pointer there is a point of the patient, not a ray.

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, LpsVector};

use super::{Hands, Press, Source};

/// A place on a slice view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlicePlace {
    /// Where it is in the patient: on the slice that is shown.
    pub at: LpsPoint,
    /// The slice's normal, unit length.
    pub normal: LpsVector,
}

/// What moves the pointer says of it; it holds until the next one.
#[derive(Message, Clone, Copy, Debug, PartialEq)]
pub struct SliceSample {
    /// Who says so: a script comes before the mouse (which in the room is the laser on the board).
    pub source: Source,
    /// Where it is; nothing where it is on no slice view.
    pub place: Option<SlicePlace>,
    /// Whether it presses: the left mouse button, the trigger.
    pub pressed: bool,
}

impl SliceSample {
    /// It is on no slice view.
    pub fn gone(source: Source) -> Self {
        Self { source, place: None, pressed: false }
    }

    fn is_gone(&self) -> bool {
        self.place.is_none() && !self.pressed
    }
}

/// The pointer on the slice views in this frame. Tools read it beside [`Hands`](super::Hands); while no tool is in use, and
/// for what belongs to the view (window, zoom), nothing is reported.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub struct SlicePointer {
    /// Where it is.
    pub place: Option<SlicePlace>,
    /// What moves it.
    pub source: Source,
    /// Its press.
    pub press: Press,
}

impl Default for SlicePointer {
    fn default() -> Self {
        Self { place: None, source: Source::Mouse, press: Press::default() }
    }
}

impl SlicePointer {
    /// Whether it is at work: on a slice view, or with a press that began there. Then the hands in the room are not asked.
    pub fn is_at_work(&self) -> bool {
        self.place.is_some() || self.press.held || self.press.ended
    }
}

/// What the mouse and a script last said, and whether it was the script that moved the pointer.
#[derive(Default)]
pub(super) struct Latest {
    mouse: Option<SliceSample>,
    script: Option<SliceSample>,
    scripted: bool,
}

/// Takes this frame's samples.
pub(super) fn settle(
    mut samples: MessageReader<SliceSample>,
    mut latest: Local<Latest>,
    mut pointer: ResMut<SlicePointer>,
) {
    for sample in samples.read() {
        let of = if sample.source == Source::Script { &mut latest.script } else { &mut latest.mouse };
        *of = Some(*sample);
    }
    let scripted = latest.script.is_some_and(|script| !script.is_gone());
    // Where a script's press ends is not where the mouse happens to lie.
    let sample = if scripted || latest.scripted { latest.script } else { latest.mouse };
    latest.scripted = scripted;
    let sample = sample.unwrap_or(SliceSample::gone(Source::Mouse));
    let finite = |place: &SlicePlace| place.at.0.is_finite() && place.normal.0.is_finite();
    let mut next = SlicePointer { place: sample.place.filter(finite), source: sample.source, ..*pointer };
    next.press.take_button(sample.pressed);
    pointer.set_if_neq(next);
}

/// A mouse that lies on a slice view does not come before a hand that works in the room: without a press it points at
/// nothing then. A hand whose laser is on the board is that mouse.
pub(super) fn give_way(hands: Res<Hands>, mut pointer: ResMut<SlicePointer>) {
    let hand = hands.working();
    let works = hand.source.is_some_and(|source| source != Source::Mouse) && !hand.pointer.taken;
    let idle = pointer.source != Source::Script && !pointer.press.held && !pointer.press.ended;
    if works && idle && pointer.place.is_some() {
        pointer.place = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app() -> App {
        let mut app = App::new();
        app.init_resource::<SlicePointer>()
            .init_resource::<Hands>()
            .add_message::<SliceSample>()
            .add_systems(Update, (settle, give_way).chain());
        app
    }

    fn place(x: f64) -> Option<SlicePlace> {
        Some(SlicePlace { at: LpsPoint::new(x, 2.0, 3.0), normal: LpsVector::new(0.0, 0.0, 1.0) })
    }

    fn after(app: &mut App, samples: &[SliceSample]) -> SlicePointer {
        for sample in samples {
            app.world_mut().write_message(*sample);
        }
        app.update();
        *app.world().resource::<SlicePointer>()
    }

    fn mouse(x: f64, pressed: bool) -> SliceSample {
        SliceSample { source: Source::Mouse, place: place(x), pressed }
    }

    fn script(x: f64, pressed: bool) -> SliceSample {
        SliceSample { source: Source::Script, ..mouse(x, pressed) }
    }

    #[test]
    fn a_press_on_a_slice_starts_and_ends_once() {
        let mut app = app();
        let down = after(&mut app, &[mouse(1.0, true)]);
        assert_eq!((down.place, down.press.started), (place(1.0), true));
        let held = after(&mut app, &[]);
        assert!(held.press.held && !held.press.started);
        let up = after(&mut app, &[SliceSample::gone(Source::Mouse)]);
        assert_eq!((up.place, up.press.ended), (None, true));
        assert!(!after(&mut app, &[]).press.ended);
    }

    /// Regression: in a window, a mouse that lay on a slice view moved the ends of scripted measurements.
    #[test]
    fn a_mouse_that_lies_there_does_not_move_what_a_script_does() {
        let mut app = app();
        assert_eq!(after(&mut app, &[mouse(9.0, false)]).place, place(9.0));
        let down = after(&mut app, &[script(1.0, true), mouse(9.0, false)]);
        assert_eq!((down.place, down.press.started), (place(1.0), true));
        assert_eq!(after(&mut app, &[mouse(8.0, false)]).place, place(1.0));
        // The press ends with the script's going, and nowhere else.
        let up = after(&mut app, &[SliceSample::gone(Source::Script), mouse(8.0, false)]);
        assert_eq!((up.place, up.press.ended), (None, true));
        assert_eq!(after(&mut app, &[mouse(7.0, false)]).place, place(7.0));
    }

    #[test]
    fn a_mouse_that_lies_there_gives_way_to_a_hand_that_works() {
        let mut app = app();
        let hand = |app: &mut App, taken: bool| {
            let mut hands = app.world_mut().resource_mut::<Hands>();
            let working = hands.dominant;
            let state = hands.get_mut(working);
            (state.source, state.pointer.taken) = (Some(Source::Controller), taken);
        };
        hand(&mut app, false);
        assert_eq!(after(&mut app, &[mouse(9.0, false)]).place, None);
        // A press is meant, and the laser on the board is the hand's own.
        assert_eq!(after(&mut app, &[mouse(9.0, true)]).place, place(9.0));
        assert_eq!(after(&mut app, &[mouse(9.0, false)]).place, place(9.0));
        assert_eq!(after(&mut app, &[]).place, None);
        hand(&mut app, true);
        assert_eq!(after(&mut app, &[mouse(9.0, false)]).place, place(9.0));
    }
}
