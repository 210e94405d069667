//! A free slice, a clip plane and a clip box, held in the hand: a headset's hand carries them, a mouse turns the plane in the
//! 3D view and moves it in the slices. And a vessel straightened along its centreline.
//!
//! The slice shows the interpolated scan in its window, thin or as a slab, drawn by `raycast` on task threads while the
//! newest wish waits. Clip plane and clip box are the plan's: shown while they move, one operation when they are let go.

mod along;
mod boxed;
mod boxes;
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
           move it. Of the box the hand takes the face that it is at, else all of it.",
};

/// The tool's options, as programs call them.
pub(crate) mod option {
    pub(crate) const WHAT: &str = "what";
    pub(crate) const SLAB: &str = "slab";
    pub(crate) const THICKNESS: &str = "thickness";
    pub(crate) const FLIP: &str = "flip";
    pub(crate) const TO_CROSSHAIR: &str = "crosshair";
    pub(crate) const CUTS: &str = "cuts";
    pub(crate) const AROUND: &str = "around";
    pub(crate) const ON_OFF: &str = "box";
    pub(crate) const VESSEL: &str = "vessel";
    pub(crate) const TURN: &str = "turn";
    /// Among what is held or shown.
    pub(crate) const ALONG: &str = "along a vessel";
    pub(crate) const BOX: &str = "clip box";
}

/// Adds the tool.
pub struct SlicingPlugin;

impl Plugin for SlicingPlugin {
    fn build(&self, app: &mut App) {
        app.add_tool_with(TOOL, options())
            .init_resource::<Holding>()
            .init_resource::<boxed::Boxing>()
            .init_resource::<along::Following>()
            .init_resource::<picture::Drawing>()
            .add_systems(Startup, picture::make)
            .add_systems(Update, (hold, boxed::hold).chain().in_set(InputSystems::Tools).run_if(using(ID)))
            .add_systems(Update, (lay_aside, boxed::lay_aside).run_if(not(using(ID))))
            .add_systems(Update, (picture::start, picture::show).chain().after(InputSystems::Tools).after(lay_aside))
            .add_systems(Update, along::follow.after(InputSystems::Tools));
    }
}

fn options() -> Vec<ToolOption> {
    vec![
        ToolOption::choice(option::WHAT, "What", &["slice", "clip plane", "both", option::BOX, option::ALONG]),
        ToolOption::choice(option::SLAB, "Slab", &["thin", "mean", "maximum"]),
        ToolOption::length(option::THICKNESS, "Thickness", Mm(1.0), Mm(50.0), Mm(10.0)),
        ToolOption::button(option::FLIP, "Cut the other side"),
        ToolOption::button(option::TO_CROSSHAIR, "To the crosshair"),
        ToolOption::choice(option::VESSEL, "Vessel", &[]),
        ToolOption::button(option::TURN, "Turn by 30°"),
        ToolOption::choice(option::CUTS, "The box cuts", &["everything"]),
        ToolOption::button(option::AROUND, "Around the whole scan"),
        ToolOption::button(option::ON_OFF, "Box on or off"),
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
    let what = tools.chosen(ID, option::WHAT).unwrap_or("slice").to_owned();
    let (is_box, is_along) = (what == option::BOX, what == option::ALONG);
    let clips = matches!(what.as_str(), "clip plane" | "both");
    let (slab, slices) = (tools.chosen(ID, option::SLAB) != Some("thin"), matches!(what.as_str(), "slice" | "both"));
    let shown = [
        (option::SLAB, slices),
        (option::THICKNESS, slab && slices),
        (option::FLIP, clips),
        (option::TO_CROSSHAIR, slices || clips),
        (option::VESSEL, is_along),
        (option::TURN, is_along),
        (option::CUTS, is_box),
        (option::AROUND, is_box),
        (option::ON_OFF, is_box),
    ];
    Tools::show_options(&mut tools, ID, &shown);
    if is_box || is_along {
        // Systems of their own see to these.
        if std::mem::take(&mut holding.grasp).is_held() && preview.clip.take().is_some() {
            redraw.write_default();
        }
        return;
    }
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
