//! The model that is to be printed, before it is written.
//!
//! The tool Print makes the model of the structures that are chosen, by the very code of `fabrica print`, on a task
//! thread; shows it in place of the anatomy with the printer's bed around it, coloured by its walls or by how far it lies
//! from the scan's border; lists what the check found; and writes that same model with its passport. A plane in the hand
//! says where it is cut. While a geometry warning is open, or a network's structure is not validated, it says so instead.

mod colours;
mod drawn;
mod making;
mod plane;
mod settings;

use bevy::prelude::*;
use fabrica_geometry::Mm;
use fabrica_scene::input::{InputSystems, ToolInfo, ToolOption, ToolsExt, using};

/// What programs call the tool.
pub(crate) const ID: &str = "print";

const TOOL: ToolInfo = ToolInfo {
    id: ID,
    title: "Print",
    help: "Makes the model of what is chosen, and shows it before it is written. To cut it, hold the trigger: the plane is fixed \
           to the hand. With the mouse: drag in the 3D view to turn the plane, in a slice to move it.",
};

/// The tool's options, as programs call them.
pub(crate) mod option {
    pub(crate) const STRUCTURE: &str = "structure";
    pub(crate) const SCALE: &str = "scale";
    pub(crate) const WALL: &str = "wall";
    pub(crate) const THICKEN: &str = "thicken";
    pub(crate) const BED: &str = "bed";
    pub(crate) const ARRANGE: &str = "arrange";
    pub(crate) const CUT: &str = "cut";
    pub(crate) const PEGS: &str = "pegs";
    pub(crate) const TO_CROSSHAIR: &str = "crosshair";
    pub(crate) const MAKE: &str = "make";
    pub(crate) const COLOURS: &str = "colours";
    pub(crate) const WRITE: &str = "write";
}

/// Adds the tool.
pub struct PrintPreviewPlugin;

impl Plugin for PrintPreviewPlugin {
    fn build(&self, app: &mut App) {
        app.add_tool_with(TOOL, options())
            .init_resource::<making::Workshop>()
            .init_resource::<plane::Held>()
            .add_systems(
                Update,
                (settings::offer, plane::hold, making::start, making::write)
                    .chain()
                    .in_set(InputSystems::Tools)
                    .run_if(using(ID)),
            )
            .add_systems(Update, (making::finish, making::tell, drawn::draw).chain().after(InputSystems::Tools));
    }
}

fn options() -> Vec<ToolOption> {
    vec![
        ToolOption::choice(option::STRUCTURE, "Structure", &[settings::ALL]),
        ToolOption::choice(option::SCALE, "Size", &settings::SCALES.map(|(name, _)| name)),
        ToolOption::length(option::WALL, "Least wall", Mm(0.4), Mm(5.0), Mm(1.5)),
        ToolOption::toggle(option::THICKEN, "Thicken thinner walls"),
        ToolOption::choice(option::BED, "Printer's bed", &settings::BEDS.map(|(name, _)| name)),
        ToolOption::toggle(option::ARRANGE, "Parts beside each other on the bed"),
        ToolOption::toggle(option::CUT, "Cut it by the plane"),
        ToolOption::choice(option::PEGS, "Pegs", &settings::PEGS.map(|(name, ..)| name)),
        ToolOption::button(option::TO_CROSSHAIR, "Plane to the crosshair"),
        ToolOption::button(option::MAKE, "Make the model"),
        ToolOption::choice(option::COLOURS, "Colours", &colours::Colours::ALL.map(colours::Colours::name)),
        ToolOption::button(option::WRITE, "Write it with its passport"),
    ]
}
