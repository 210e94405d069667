//! The tool that measures, for mouse, headset and scripts.
//!
//! The user sets points in the slice views or on what is seen in 3D (or says which structures), and sees the value with its
//! ± while a point is moved. What is kept is one operation, worked out by `fabrica-measure` on a task thread from the case as
//! it is on the disk. While a geometry warning is open nothing is measured, and the tool says so.

mod drawn;
mod kind;
mod making;
mod pointing;
mod work;

use bevy::prelude::*;
use fabrica_geometry::Mm;
use fabrica_scene::OpenCase;
use fabrica_scene::input::{InputSystems, ToolInfo, ToolOption, Tools, ToolsExt, using};

use kind::{Count, Kind};

/// What programs call the tool.
pub(crate) const ID: &str = "measure";

const TOOL: ToolInfo = ToolInfo {
    id: ID,
    title: "Measure",
    help: "Press for each point, or press, drag and let go; in the slices, in the 3D view, in the room. The value with its \
           ± follows the pointer.",
};

/// The tool's options, as programs call them.
pub(crate) mod option {
    pub(crate) const KIND: &str = "kind";
    pub(crate) const SNAP: &str = "snap";
    pub(crate) const STRUCTURE: &str = "structure";
    pub(crate) const OTHER: &str = "other";
    pub(crate) const RADIUS: &str = "radius";
    pub(crate) const AT_TIP: &str = "tip";
    pub(crate) const MEASURE: &str = "measure";
    pub(crate) const AGAIN: &str = "again";
}

/// Adds the tool, and draws the plan's measurements.
pub struct MeasuringPlugin;

impl Plugin for MeasuringPlugin {
    fn build(&self, app: &mut App) {
        app.add_tool_with(TOOL, options())
            .init_resource::<making::Making>()
            .init_resource::<work::Bench>()
            .add_systems(
                Update,
                (offer, pointing::point, work::measure).chain().in_set(InputSystems::Tools).run_if(using(ID)),
            )
            .add_systems(Update, making::lay_aside.run_if(not(using(ID))))
            .add_systems(
                Update,
                (work::finish, drawn::draw).chain().after(InputSystems::Tools).after(making::lay_aside),
            );
    }
}

fn options() -> Vec<ToolOption> {
    vec![
        ToolOption::choice(option::KIND, "What", &Kind::ALL.map(Kind::name)),
        ToolOption::choice(option::SNAP, "Snap to", &["nothing", "surface", "edge", "vessel's middle"]),
        ToolOption::choice(option::STRUCTURE, "Structure", &[]),
        ToolOption::choice(option::OTHER, "To", &[]),
        ToolOption::length(option::RADIUS, "Radius", Mm(1.0), Mm(50.0), Mm(5.0)),
        ToolOption::toggle(option::AT_TIP, "Points at the hand, not where it points"),
        ToolOption::button(option::MEASURE, "Measure"),
        ToolOption::button(option::AGAIN, "Start again"),
    ]
}

/// Offers what there is to measure on, and only the options that mean something for what is measured.
fn offer(case: Res<OpenCase>, mut tools: ResMut<Tools>) {
    let names: Vec<String> = case.structures.iter().map(|s| s.structure.name.clone()).collect();
    for option in [option::STRUCTURE, option::OTHER] {
        Tools::offer(&mut tools, ID, option, &names);
    }
    let kind = kind::chosen(&tools);
    let snaps_to_structure =
        kind.snaps() && matches!(tools.chosen(ID, option::SNAP), Some("surface" | "vessel's middle"));
    let shown = [
        (option::SNAP, kind.snaps()),
        (option::STRUCTURE, kind.of_structure() || snaps_to_structure),
        (option::OTHER, kind == Kind::Closest),
        (option::RADIUS, kind == Kind::Ball),
        (option::AT_TIP, kind.points() != Count::None),
        (option::MEASURE, !matches!(kind.points(), Count::Exactly(_))),
        (option::AGAIN, !matches!(kind.points(), Count::None | Count::Exactly(1))),
    ];
    Tools::show_options(&mut tools, ID, &shown);
}
