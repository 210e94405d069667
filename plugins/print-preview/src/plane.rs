//! The plane by which the model is cut, in the hand.

use bevy::prelude::*;
use fabrica_geometry::LpsVector;
use fabrica_scene::input::{Hands, SlicePointer, Tools};
use fabrica_scene::{Grasp, HeldPlane, OpenCase};

use crate::{ID, option, settings};

/// The plane, and how it is held.
#[derive(Resource, Default)]
pub(crate) struct Held {
    pub(crate) plane: Option<HeldPlane>,
    grasp: Grasp,
}

/// Moves the plane as the user does.
pub(crate) fn hold(
    case: Res<OpenCase>,
    hands: Res<Hands>,
    slice: Res<SlicePointer>,
    mut tools: ResMut<Tools>,
    mut held: ResMut<Held>,
) {
    let held = held.bypass_change_detection();
    let Some(scene) = case.volume.as_ref().filter(|_| settings::cuts(&tools)) else {
        held.grasp = Grasp::default();
        return;
    };
    if Tools::take_press(&mut tools, ID, option::TO_CROSSHAIR) || held.plane.is_none() {
        // Across the body, so that the first part is the upper one.
        held.plane = HeldPlane::across(case.crosshair, LpsVector::new(0.0, 0.0, 1.0)).or(held.plane);
    }
    let Some(plane) = held.plane else { return };
    let (low, high) = scene.volume.grid().bounds();
    let (moved, _) = held.grasp.follow(plane, &hands, &slice, (high - low).0.length() / 4.0);
    held.plane = Some(moved);
}
