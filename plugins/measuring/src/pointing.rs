//! Where the user points, whatever with.

use bevy::prelude::*;
use fabrica_geometry::LpsPoint;
use fabrica_scene::input::{Haptic, Press, Tools};
use fabrica_scene::pick::Pointing;
use fabrica_scene::{Measuring, Notices, OpenCase, Severity, Told};

use crate::making::Making;
use crate::{ID, kind, option};

/// Follows the pointer and the tool's buttons.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn point(
    case: Res<OpenCase>,
    mut tools: ResMut<Tools>,
    mut pointing: Pointing,
    mut making: ResMut<Making>,
    mut measuring: ResMut<Measuring>,
    mut haptics: MessageWriter<Haptic>,
    mut notices: ResMut<Notices>,
) {
    making.take_kind(kind::chosen(&tools));
    let at_tip = tools.is_on(ID, option::AT_TIP);
    let (at, press) = pointed(&mut pointing, at_tip);
    let hands = &pointing.hands;
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

/// Where the pointer is in the patient, and its press; the tip of what the working hand holds, where that is wanted.
fn pointed(pointing: &mut Pointing, at_tip: bool) -> (Option<LpsPoint>, Press) {
    let hand = pointing.hands.working();
    // The mouse has no hand that could be somewhere.
    if at_tip
        && !pointing.slice.is_at_work()
        && !hand.pointer.taken
        && hand.grip.pose.is_some()
        && let Some(ray) = hand.pointer.ray
    {
        return (Some(ray.origin), hand.pointer.trigger);
    }
    let pointed = pointing.pointed();
    (pointed.at, pointed.press)
}
