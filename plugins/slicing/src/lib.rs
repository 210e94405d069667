//! A free slice and a clip plane, held in the hand: a headset's hand carries it, a mouse turns it in the 3D view and moves it
//! in the slices.
//!
//! The slice shows the interpolated scan in its window, thin or as a slab, drawn by `raycast` on task threads while the
//! newest wish waits. The clip plane is the plan's: shown while it moves, one operation when it is let go.

mod picture;

use bevy::prelude::*;
use fabrica_geometry::{LpsVector, Mm};
use fabrica_plan::{ClipPlane, Operation};
use fabrica_scene::input::{Hands, InputSystems, SlicePointer, ToolInfo, ToolOption, Tools, ToolsExt, using};
use fabrica_scene::{Do, Grasp, HeldPlane, OpenCase, Preview, Redraw};

/// What programs call the tool.
pub(crate) const ID: &str = "slice";
/// The clip plane that the tool moves: the panel's.
const CLIP: &str = "clip";

const TOOL: ToolInfo = ToolInfo {
    id: ID,
    title: "Slice",
    help: "Hold the trigger: the plane is fixed to the hand. With the mouse: drag in the 3D view to turn it, in a slice to \
           move it.",
};

/// The tool's options, as programs call them.
pub(crate) mod option {
    pub(crate) const WHAT: &str = "what";
    pub(crate) const SLAB: &str = "slab";
    pub(crate) const THICKNESS: &str = "thickness";
    pub(crate) const FLIP: &str = "flip";
    pub(crate) const TO_CROSSHAIR: &str = "crosshair";
}

/// Adds the tool.
pub struct SlicingPlugin;

impl Plugin for SlicingPlugin {
    fn build(&self, app: &mut App) {
        app.add_tool_with(TOOL, options())
            .init_resource::<Holding>()
            .init_resource::<picture::Drawing>()
            .add_systems(Startup, picture::make)
            .add_systems(Update, hold.in_set(InputSystems::Tools).run_if(using(ID)))
            .add_systems(Update, lay_aside.run_if(not(using(ID))))
            .add_systems(Update, (picture::start, picture::show).chain().after(InputSystems::Tools).after(lay_aside));
    }
}

fn options() -> Vec<ToolOption> {
    vec![
        ToolOption::choice(option::WHAT, "What", &["slice", "clip plane", "both"]),
        ToolOption::choice(option::SLAB, "Slab", &["thin", "mean", "maximum"]),
        ToolOption::length(option::THICKNESS, "Thickness", Mm(1.0), Mm(50.0), Mm(10.0)),
        ToolOption::button(option::FLIP, "Cut the other side"),
        ToolOption::button(option::TO_CROSSHAIR, "To the crosshair"),
    ]
}

/// The plane, and how it is held.
#[derive(Resource, Default)]
pub(crate) struct Holding {
    pub(crate) plane: Option<HeldPlane>,
    /// What is cut away lies behind the picture, not before it.
    flipped: bool,
    grasp: Grasp,
}

/// Moves the plane as the user does.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
fn hold(
    case: Res<OpenCase>,
    hands: Res<Hands>,
    slice: Res<SlicePointer>,
    mut tools: ResMut<Tools>,
    mut holding: ResMut<Holding>,
    mut preview: ResMut<Preview>,
    mut operations: MessageWriter<Do>,
    mut redraw: MessageWriter<Redraw>,
) {
    let Some(scene) = &case.volume else {
        *holding = Holding::default();
        return;
    };
    let (slab, clips) =
        (tools.chosen(ID, option::SLAB) != Some("thin"), tools.chosen(ID, option::WHAT) != Some("slice"));
    Tools::show_options(&mut tools, ID, &[(option::THICKNESS, slab), (option::FLIP, clips)]);
    let before = (holding.plane, holding.flipped);
    if Tools::take_press(&mut tools, ID, option::FLIP) {
        holding.flipped = !holding.flipped;
    }
    let anew = Tools::take_press(&mut tools, ID, option::TO_CROSSHAIR) || holding.plane.is_none();
    if anew && !holding.grasp.is_held() {
        // The plan's clip plane is taken over where it is.
        let clip = case.clip.filter(|clip| clip.enabled && clips && holding.plane.is_none());
        let (at, normal) = clip.map_or((case.crosshair, LpsVector::new(0.0, 1.0, 0.0)), |c| (c.point, -c.normal));
        holding.plane = HeldPlane::across(at, normal).or(holding.plane);
    }
    let Some(plane) = holding.plane else { return };

    let (low, high) = scene.volume.grid().bounds();
    let radius = (high - low).0.length() / 4.0;
    let (moved, released) = holding.grasp.follow(plane, &hands, &slice, radius);
    holding.plane = Some(moved);
    let changed = (holding.plane, holding.flipped) != before;
    if !clips {
        return;
    }
    let Some(plane) = holding.plane else { return };
    let behind = plane.normal();
    let clip = ClipPlane { point: plane.centre, normal: if holding.flipped { behind } else { -behind }, enabled: true };
    if holding.grasp.is_held() {
        if preview.clip != Some(clip) {
            preview.clip = Some(clip);
            redraw.write_default();
        }
    } else if released || (changed && before.0.is_some()) {
        preview.clip = None;
        if case.clip == Some(clip) {
            return;
        }
        operations.write(Do(Operation::SetClipPlane { name: CLIP.into(), plane: clip }));
    }
}

/// The tool is not in use: the plane goes, what was half-moved stays as the plan has it.
fn lay_aside(mut holding: ResMut<Holding>, mut preview: ResMut<Preview>, mut redraw: MessageWriter<Redraw>) {
    if holding.plane.is_none() {
        return;
    }
    if holding.grasp.is_held() && preview.clip.take().is_some() {
        redraw.write_default();
    }
    *holding = Holding::default();
}
