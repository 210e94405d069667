//! The tool that plans straight ways: by two points, or by the target alone and the map of entries.

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_scene::input::{Haptic, Tools};
use fabrica_scene::pick::Pointing;
use fabrica_scene::{Do, Notices, OpenCase, Rehearsing, Severity, Told};

use crate::assess::Assessing;
use crate::keep::{new_trajectory, of_instrument};
use crate::library::Instruments;
use crate::options::{AGAIN, AT_CROSSHAIR, CANDIDATE, MAP, TAKE, WHAT, WHICH};
use crate::{TRAJECTORY, blocked, tell};

/// A way is at least this long.
const SHORTEST: Mm = Mm(1.0);

/// The way that is being planned.
#[derive(Resource, Default)]
pub struct Planning {
    /// The entry, once it is set.
    pub entry: Option<LpsPoint>,
    /// The map's target, once it is set.
    pub target: Option<LpsPoint>,
    /// Where the pointer is.
    pub pointed: Option<LpsPoint>,
}

/// Follows the pointer, the buttons and what was picked among the candidates.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub fn point(
    case: Res<OpenCase>,
    library: Res<Instruments>,
    mut tools: ResMut<Tools>,
    mut pointing: Pointing,
    mut planning: ResMut<Planning>,
    mut assessing: ResMut<Assessing>,
    mut rehearsing: ResMut<Rehearsing>,
    mut operations: MessageWriter<Do>,
    mut haptics: MessageWriter<Haptic>,
    mut notices: ResMut<Notices>,
) {
    let (pointed, hand) = (pointing.pointed(), pointing.hands.dominant);
    let at_crosshair = Tools::take_press(&mut tools, TRAJECTORY, AT_CROSSHAIR);
    if Tools::take_press(&mut tools, TRAJECTORY, AGAIN) {
        planning.entry = None;
    }
    let take = Tools::take_press(&mut tools, TRAJECTORY, TAKE);
    if let Some(why) = blocked(&case) {
        if pointed.press.started || at_crosshair || take {
            haptics.write(Haptic::warn(hand));
            notices.tell_once(Severity::Warning, why);
        }
        *planning = Planning::default();
        return;
    }
    let Some(taken) = tools.chosen(TRAJECTORY, WHICH).and_then(|name| library.get(name)) else { return };
    planning.pointed = pointed.at;
    let target = if at_crosshair { Some(case.crosshair) } else { pointed.at };
    let mut made = None;
    if tools.chosen(TRAJECTORY, WHAT) == Some(MAP) {
        if (pointed.press.held || at_crosshair) && target.is_some() {
            planning.target = target;
        }
        if take {
            let chosen = tools.chosen(TRAJECTORY, CANDIDATE).and_then(|n| n.parse::<usize>().ok());
            rehearsing.picked = chosen.and_then(|n| n.checked_sub(1));
        }
        // What is picked before the map is there waits for it.
        let of_now = rehearsing.map.as_ref().filter(|map| Some(map.target) == planning.target);
        if let (Some(picked), Some(map)) = (rehearsing.picked, of_now) {
            match map.candidates.get(picked) {
                Some(candidate) => made = Some((candidate.at, map.target)),
                None => notices.tell(Severity::Warning, format!("There is no candidate {}.", picked + 1)),
            }
            rehearsing.picked = None;
        }
        if planning.target.is_none() {
            tell(&mut rehearsing, Told::Next("Press the target: the map of entries follows it.".into()));
        }
    } else {
        match (planning.entry, target) {
            (None, Some(at)) if pointed.press.started => {
                planning.entry = Some(at);
                haptics.write(Haptic::click(hand));
            }
            (Some(entry), Some(at))
                if (pointed.press.started || at_crosshair) && entry.distance(at).0 >= SHORTEST.0 =>
            {
                made = Some((entry, at));
            }
            _ => {}
        }
        let next = if planning.entry.is_some() { "Press at the target." } else { "Press at the entry." };
        tell(&mut rehearsing, Told::Next(next.into()));
    }
    if let Some((entry, target)) = made {
        let planned = of_instrument(&case.structures, &case.approach, taken, [entry, target]);
        operations.write(Do(new_trajectory(&case, planned, taken, &mut assessing)));
        haptics.write(Haptic::click(hand));
        planning.entry = None;
    }
}

/// The tool is not in use: nothing is half-made.
pub fn lay_aside(tools: Res<Tools>, mut planning: ResMut<Planning>, mut rehearsing: ResMut<Rehearsing>) {
    if tools.is_active(TRAJECTORY) {
        return;
    }
    if planning.entry.is_some() || planning.target.is_some() || planning.pointed.is_some() {
        *planning = Planning::default();
    }
    if rehearsing.map.is_some() || rehearsing.picked.is_some() {
        (rehearsing.map, rehearsing.picked) = (None, None);
    }
}
