//! The pointer on the slice views: a mouse, a laser on the board in the room, or a script. A slice is flat, so that the
//! pointer there is a point of the patient, not a ray.

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, LpsVector};

use super::Press;

/// A place on a slice view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlicePlace {
    /// Where it is in the patient: on the slice that is shown.
    pub at: LpsPoint,
    /// The slice's normal, unit length.
    pub normal: LpsVector,
}

/// What moves the pointer says of it; it holds until the next one.
#[derive(Message, Clone, Copy, Debug, Default, PartialEq)]
pub struct SliceSample {
    /// Where it is; nothing where it is on no slice view.
    pub place: Option<SlicePlace>,
    /// Whether it presses: the left mouse button, the trigger.
    pub pressed: bool,
}

/// The pointer on the slice views in this frame. Tools read it beside [`Hands`](super::Hands); while no tool is in use, and
/// for what belongs to the view (window, zoom), nothing is reported.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct SlicePointer {
    /// Where it is.
    pub place: Option<SlicePlace>,
    /// Its press.
    pub press: Press,
}

/// Takes this frame's samples.
pub(super) fn settle(
    mut samples: MessageReader<SliceSample>,
    mut latest: Local<SliceSample>,
    mut pointer: ResMut<SlicePointer>,
) {
    if let Some(sample) = samples.read().last() {
        *latest = *sample;
    }
    let finite = |place: &SlicePlace| place.at.0.is_finite() && place.normal.0.is_finite();
    let mut next = SlicePointer { place: latest.place.filter(finite), ..*pointer };
    next.press.take_button(latest.pressed);
    pointer.set_if_neq(next);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_on_a_slice_starts_and_ends_once() {
        let mut app = App::new();
        app.init_resource::<SlicePointer>().add_message::<SliceSample>().add_systems(Update, settle);
        let place = SlicePlace { at: LpsPoint::new(1.0, 2.0, 3.0), normal: LpsVector::new(0.0, 0.0, 1.0) };
        let mut after = |sample: Option<SliceSample>| {
            if let Some(sample) = sample {
                app.world_mut().write_message(sample);
            }
            app.update();
            *app.world().resource::<SlicePointer>()
        };
        let down = after(Some(SliceSample { place: Some(place), pressed: true }));
        assert_eq!((down.place, down.press.started), (Some(place), true));
        let held = after(None);
        assert!(held.press.held && !held.press.started);
        let up = after(Some(SliceSample::default()));
        assert_eq!((up.place, up.press.ended), (None, true));
        assert!(!after(None).press.ended);
    }
}
