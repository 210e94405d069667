//! The tools that rehearse an approach, for mouse, headset and scripts.
//!
//! - **Instrument**: an instrument of the library in the hand, at its true size, told how near it comes to each structure
//!   that must be kept away from, how deep it is, what it crosses; screws are placed with it; what is done is recorded.
//! - **Trajectory**: straight ways by two points, and the map of entries on the skin for a target that may move.
//!
//! What structures are to instruments is the plan's ([`fabrica_plan::Watch`]); every structure is kept away from until
//! somebody says otherwise. Distances are `fabrica-approach`'s, asked on task threads while the newest wish waits. While a
//! geometry warning is open nothing is told but why.

mod assess;
mod drawn;
mod instrument;
mod keep;
mod library;
mod map;
mod options;
mod record;
mod stand;
mod trajectory;
mod watch;

use std::path::PathBuf;

use bevy::prelude::*;
use fabrica_scene::input::{InputSystems, ToolInfo, Tools, ToolsExt, using};
use fabrica_scene::{Notices, OpenCase, Rehearsing, Severity, Told};

/// What programs call the tools.
pub(crate) const INSTRUMENT: &str = "instrument";
pub(crate) const TRAJECTORY: &str = "trajectory";

const INSTRUMENT_TOOL: ToolInfo = ToolInfo {
    id: INSTRUMENT,
    title: "Instrument",
    help: "In the room it is in the hand. With the mouse: press where it enters, in a slice drag to where its tip is to be; in \
           the 3D view it goes in by its depth.",
};

const TRAJECTORY_TOOL: ToolInfo = ToolInfo {
    id: TRAJECTORY,
    title: "Trajectory",
    help: "Press at the entry, then at the target. For the map of entries, press or drag the target.",
};

/// Adds the tools.
#[derive(Default)]
pub struct ApproachPlugin {
    /// A folder with instruments of one's own.
    pub instruments: Option<PathBuf>,
}

/// The steps of a frame, in order.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Steps {
    Prepare,
    Work,
    Finish,
}

impl Plugin for ApproachPlugin {
    fn build(&self, app: &mut App) {
        let (library, problems) = library::Instruments::new(self.instruments.as_deref());
        app.add_tool_with(INSTRUMENT_TOOL, options::of_instrument(&library))
            .add_tool_with(TRAJECTORY_TOOL, options::of_trajectory(&library))
            .insert_resource(library)
            .init_resource::<watch::Guarded>()
            .init_resource::<instrument::InHand>()
            .init_resource::<record::Recorder>()
            .init_resource::<trajectory::Planning>()
            .init_resource::<map::Mapping>()
            .init_resource::<assess::Assessing>()
            .configure_sets(
                Update,
                (Steps::Prepare.run_if(in_use), Steps::Work.in_set(InputSystems::Tools), Steps::Finish).chain(),
            )
            .add_systems(Update, (options::offer, watch::prepare).chain().in_set(Steps::Prepare))
            .add_systems(
                Update,
                (
                    (instrument::hold, instrument::read, instrument::feel, record::record, keep::keep)
                        .chain()
                        .run_if(using(INSTRUMENT)),
                    (trajectory::point, map::follow).chain().run_if(using(TRAJECTORY)),
                )
                    .in_set(Steps::Work),
            )
            .add_systems(
                Update,
                (say, record::stop, instrument::lay_aside, trajectory::lay_aside, assess::follow, drawn::draw)
                    .chain()
                    .in_set(Steps::Finish),
            )
            .add_systems(Startup, move |mut notices: ResMut<Notices>| {
                for problem in &problems {
                    notices.tell(Severity::Error, format!("An instrument was left out: {problem}"));
                }
            });
    }
}

/// Whether one of the tools is in use, or trajectories are to be looked at.
fn in_use(tools: Res<Tools>, case: Res<OpenCase>) -> bool {
    is_ours(&tools) || !case.approach.trajectories.is_empty()
}

/// Whether one of the tools is in use.
fn is_ours(tools: &Tools) -> bool {
    tools.is_active(INSTRUMENT) || tools.is_active(TRAJECTORY)
}

/// What both tools say alike: why nothing is told, and what is being prepared.
fn say(case: Res<OpenCase>, tools: Res<Tools>, guarded: Res<watch::Guarded>, mut rehearsing: ResMut<Rehearsing>) {
    let active = is_ours(&tools);
    if rehearsing.active != active {
        rehearsing.active = active;
    }
    if !active {
        if rehearsing.told.is_some() {
            rehearsing.told = None;
        }
        if case.approach.trajectories.is_empty() && !rehearsing.running.is_empty() {
            rehearsing.running.clear();
        }
        return;
    }
    if let Some(why) = blocked(&case) {
        tell(&mut rehearsing, Told::Blocked(why));
        rehearsing.reading = None;
        rehearsing.map = None;
    } else if guarded.ready.is_none() {
        tell(&mut rehearsing, Told::Next("The structures are being prepared.".into()));
    }
}

/// Why nothing may be told now.
pub(crate) fn blocked(case: &OpenCase) -> Option<String> {
    case.measuring_waits().map(|why| why.replacen("Measuring waits", "Rehearsing waits", 1))
}

/// Says something, unless it is said already.
pub(crate) fn tell(rehearsing: &mut ResMut<Rehearsing>, told: Told) {
    if rehearsing.told.as_ref() != Some(&told) {
        rehearsing.told = Some(told);
    }
}
