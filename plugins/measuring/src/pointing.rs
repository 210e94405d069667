//! Where the user points, whatever with.

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_scene::input::{Hands, Haptic, Press, SlicePointer, Tools};
use fabrica_scene::pick::Picker;
use fabrica_scene::world::PatientPose;
use fabrica_scene::{Measuring, Notices, OpenCase, Severity, Told};

use crate::making::Making;
use crate::{ID, kind, option};

/// Follows the pointer and the tool's buttons.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn point(
    case: Res<OpenCase>,
    slice: Res<SlicePointer>,
    patient: Res<PatientPose>,
    mut tools: ResMut<Tools>,
    mut hands: ResMut<Hands>,
    mut picker: Picker,
    mut making: ResMut<Making>,
    mut measuring: ResMut<Measuring>,
    mut haptics: MessageWriter<Haptic>,
    mut notices: ResMut<Notices>,
) {
    making.take_kind(kind::chosen(&tools));
    let at_tip = tools.is_on(ID, option::AT_TIP);
    let (at, press) = pointed(&slice, &mut hands, &mut picker, &patient, at_tip);
    if Tools::take_press(&mut tools, ID, option::AGAIN) || hands.working().buttons.primary.started {
        making.start_again();
    }
    let hand = hands.dominant;
    if let Some(why) = case.measuring_waits() {
        let asked = press.started || Tools::take_press(&mut tools, ID, option::MEASURE);
        if asked {
            haptics.write(Haptic::warn(hand));
            notices.tell_once(Severity::Warning, why.as_str());
        }
        making.start_again();
        making.pointed = None;
        tell(&mut measuring, Some(Told::Blocked(why)));
        return;
    }
    if making.follow(at, press) {
        haptics.write(Haptic::click(hand));
    }
    if measuring.points != making.points {
        measuring.points.clone_from(&making.points);
    }
}

/// Says something, unless it is said already.
pub(crate) fn tell(measuring: &mut ResMut<Measuring>, told: Option<Told>) {
    if measuring.told != told {
        measuring.told = told;
    }
}

/// Where the pointer is in the patient, and its press: on a slice, else on what the working hand's ray meets.
fn pointed(
    slice: &SlicePointer,
    hands: &mut Hands,
    picker: &mut Picker,
    patient: &PatientPose,
    at_tip: bool,
) -> (Option<LpsPoint>, Press) {
    if slice.is_at_work() {
        return (slice.place.map(|place| place.at), slice.press);
    }
    let hand = *hands.working();
    if hand.pointer.taken {
        return (None, Press::default());
    }
    let press = hand.pointer.trigger;
    let Some(ray) = hand.pointer.ray else { return (None, press) };
    // The mouse has no hand that could be somewhere.
    if at_tip && hand.grip.pose.is_some() {
        return (Some(ray.origin), press);
    }
    let picked = picker.first(ray);
    if let Some(picked) = &picked {
        let distance: Mm = picked.at.distance(ray.origin);
        hands.get_mut(hand.hand).pointer.reach = Some(patient.length_to_room(distance));
    }
    (picked.map(|picked| picked.at), press)
}
