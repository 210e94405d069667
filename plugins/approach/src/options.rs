//! The tools' options.

use bevy::prelude::*;
use fabrica_geometry::Mm;
use fabrica_scene::OpenCase;
use fabrica_scene::input::{ToolOption, Tools};

use crate::library::Instruments;
use crate::{INSTRUMENT, TRAJECTORY};

pub(crate) const WHICH: &str = "instrument";
pub(crate) const DEPTH: &str = "depth";
pub(crate) const FOLLOW: &str = "follow";
pub(crate) const ALONG: &str = "along";
pub(crate) const KEEP: &str = "keep";
pub(crate) const RECORD: &str = "record";
pub(crate) const WHAT: &str = "what";
pub(crate) const AT_CROSSHAIR: &str = "crosshair";
pub(crate) const AGAIN: &str = "again";
pub(crate) const CANDIDATE: &str = "candidate";
pub(crate) const TAKE: &str = "take";

/// What an instrument may follow beside trajectories.
pub(crate) const NOTHING: &str = "nothing";
pub(crate) const CROSSHAIR: &str = "the crosshair";
/// What the trajectory tool does.
pub(crate) const TWO_POINTS: &str = "entry and target";
pub(crate) const MAP: &str = "map of entries";
/// How many candidates are offered.
pub(crate) const CANDIDATES: usize = 10;

/// The options of the tool Instrument.
pub(crate) fn of_instrument(library: &Instruments) -> Vec<ToolOption> {
    let names: Vec<&str> = library.names().iter().map(String::as_str).collect();
    vec![
        ToolOption::choice(WHICH, "Instrument", &names),
        ToolOption::choice(FOLLOW, "Aims at", &[NOTHING, CROSSHAIR]),
        ToolOption::length(DEPTH, "Depth", Mm(0.0), Mm(300.0), Mm(20.0)),
        ToolOption::button(ALONG, "Lay it along the trajectory"),
        ToolOption::button(KEEP, "Keep it so"),
        ToolOption::toggle(RECORD, "Record"),
    ]
}

/// The options of the tool Trajectory.
pub(crate) fn of_trajectory(library: &Instruments) -> Vec<ToolOption> {
    let names: Vec<&str> = library.names().iter().map(String::as_str).collect();
    let numbers: Vec<String> = (1..=CANDIDATES).map(|n| n.to_string()).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    vec![
        ToolOption::choice(WHAT, "What", &[TWO_POINTS, MAP]),
        ToolOption::choice(WHICH, "Instrument", &names),
        ToolOption::button(AT_CROSSHAIR, "Target at the crosshair"),
        ToolOption::button(AGAIN, "Start again"),
        ToolOption::choice(CANDIDATE, "Candidate", &numbers),
        ToolOption::button(TAKE, "Take this candidate"),
    ]
}

/// Offers the plan's trajectories, and only what means something now.
pub(crate) fn offer(case: Res<OpenCase>, mut tools: ResMut<Tools>) {
    let mut names: Vec<String> = vec![NOTHING.into(), CROSSHAIR.into()];
    names.extend(case.approach.trajectories.keys().cloned());
    Tools::offer(&mut tools, INSTRUMENT, FOLLOW, &names);
    let follows = tools.chosen(INSTRUMENT, FOLLOW).is_some_and(|name| case.approach.trajectories.contains_key(name));
    let mapped = tools.chosen(TRAJECTORY, WHAT) == Some(MAP);
    Tools::show_options(&mut tools, INSTRUMENT, &[(ALONG, follows)]);
    Tools::show_options(&mut tools, TRAJECTORY, &[(AGAIN, !mapped), (CANDIDATE, mapped), (TAKE, mapped)]);
}

/// The depth that is set.
pub(crate) fn depth(tools: &Tools) -> Mm {
    tools.length(INSTRUMENT, DEPTH).unwrap_or_default()
}

/// Sets the depth, as far as it may go.
pub(crate) fn set_depth(tools: &mut Tools, depth: Mm) {
    tools.set_length(INSTRUMENT, DEPTH, depth);
}
