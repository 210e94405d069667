//! The tool that edits structures by hand, for mouse, headset and scripts.
//!
//! A brush or eraser is moved in the slice views, in the 3D view or in the room; the session paints off the frame's thread
//! and every view follows; letting go makes one operation of it. Outlines are drawn on slices and, as scissors, in any view.
//! Tools without a place (smoothing, growing, islands) are applied by a button. What each does is in `fabrica-edit`.

mod apply;
mod growing;
mod kind;
mod outline;
mod paint;
mod pointing;
mod settings;

use bevy::prelude::*;
use fabrica_geometry::Mm;
use fabrica_scene::input::{InputSystems, SlicePointer, ToolInfo, ToolOption, Tools, ToolsExt, using};
use fabrica_scene::presence::Headset;
use fabrica_scene::{Annotation, Annotations, Editing, OpenCase, rings};
use fabrica_volume::Rgb;

use kind::{Kind, Use};

/// What programs call the tool.
pub(crate) const ID: &str = "edit";

const TOOL: ToolInfo = ToolInfo {
    id: ID,
    title: "Edit",
    help: "Press and drag in the slices, the 3D view or the room. [ and ], Shift+wheel or the stick change the radius; the \
           lower button changes between brush and eraser. Letting go makes one operation, which can be undone.",
};

/// The tool's options, as programs call them.
pub(crate) mod option {
    pub(crate) const STRUCTURE: &str = "structure";
    pub(crate) const WHAT: &str = "what";
    pub(crate) const RADIUS: &str = "radius";
    pub(crate) const LENGTH: &str = "length";
    pub(crate) const OVERWRITE: &str = "overwrite";
    pub(crate) const AREA: &str = "area";
    pub(crate) const VALUES: &str = "values";
    pub(crate) const OTHER: &str = "other";
    pub(crate) const LOOK: &str = "look";
    pub(crate) const ACCEPT: &str = "accept";
    pub(crate) const APPLY: &str = "apply";
}

/// The colour of the brush's rings.
const RING: Rgb = Rgb(255, 220, 90);

/// Adds the tool.
pub struct MaskEditingPlugin;

impl Plugin for MaskEditingPlugin {
    fn build(&self, app: &mut App) {
        app.add_tool_with(TOOL, options())
            .init_resource::<paint::Painting>()
            .init_resource::<outline::Drawing>()
            .init_resource::<growing::Looking>()
            .add_systems(
                Update,
                (offer, pointing::point, paint::paint, outline::draw, apply::apply, growing::look)
                    .chain()
                    .in_set(InputSystems::Tools)
                    .run_if(using(ID)),
            )
            .add_systems(Update, (lay_aside, growing::lay_aside).run_if(not(using(ID))))
            .add_systems(Update, show_in_room.after(InputSystems::Tools).after(lay_aside))
            .init_resource::<pointing::Pointed>();
    }
}

fn options() -> Vec<ToolOption> {
    vec![
        ToolOption::choice(option::STRUCTURE, "Structure", &[]),
        ToolOption::choice(option::WHAT, "With", &Kind::ALL.map(Kind::name)),
        ToolOption::length(option::RADIUS, "Radius", Mm(0.5), Mm(50.0), Mm(5.0)),
        ToolOption::length(option::LENGTH, "Length", Mm(0.2), Mm(30.0), Mm(2.0)),
        ToolOption::choice(option::OTHER, "Other structure", &[]),
        ToolOption::choice(option::OVERWRITE, "Takes from", &["no other", "visible others", "all others"]),
        ToolOption::choice(option::AREA, "Where", &[settings::EVERYWHERE]),
        ToolOption::toggle(option::VALUES, "Only values in the range"),
        ToolOption::toggle(option::LOOK, "Show what seeds would grow to"),
        ToolOption::button(option::ACCEPT, "Grow the seeds so"),
        ToolOption::button(option::APPLY, "Apply"),
    ]
}

/// Offers what there is to edit, and only the options that mean something for what is done.
fn offer(case: Res<OpenCase>, mut tools: ResMut<Tools>, mut editing: ResMut<Editing>) {
    let names: Vec<String> = case.structures.iter().map(|s| s.structure.name.clone()).collect();
    Tools::offer(&mut tools, ID, option::STRUCTURE, &names);
    Tools::offer(&mut tools, ID, option::OTHER, &names);
    Tools::offer(&mut tools, ID, option::AREA, &settings::areas(&names));
    let kind = kind::chosen(&tools);
    let shown = [
        (option::RADIUS, kind.used() == Use::Brush),
        (option::LENGTH, kind.has_length()),
        (option::OTHER, kind.has_other()),
        (option::OVERWRITE, kind.adds()),
        (option::APPLY, kind.used() == Use::Button),
        (option::LOOK, kind.seeds()),
        (option::ACCEPT, tools.is_on(ID, option::LOOK)),
    ];
    Tools::show_options(&mut tools, ID, &shown);
    Tools::take_stick(&mut tools, ID, kind.used() == Use::Brush);
    let structure = tools.chosen(ID, option::STRUCTURE).map(str::to_owned);
    if editing.structure != structure {
        editing.structure = structure;
    }
}

/// Lifts the brush, and leaves nothing half drawn.
fn lay_aside(
    mut painting: ResMut<paint::Painting>,
    mut drawing: ResMut<outline::Drawing>,
    mut editing: ResMut<Editing>,
    mut asked: MessageWriter<fabrica_scene::Paint>,
) {
    if painting.is_under_way() {
        asked.write(fabrica_scene::Paint::Lift);
        *painting = paint::Painting::default();
    }
    if !drawing.is_empty() {
        *drawing = outline::Drawing::default();
    }
    if editing.structure.is_some() || editing.ball.is_some() || !editing.outline.is_empty() {
        (editing.structure, editing.ball) = (None, None);
        editing.outline.clear();
    }
}

/// In the room the brush and the outline are among the annotations; on the desktop the panels draw them over the views,
/// which need not be drawn again for it.
fn show_in_room(
    editing: Res<Editing>,
    headset: Res<Headset>,
    slice: Res<SlicePointer>,
    mut annotations: ResMut<Annotations>,
) {
    if !editing.is_changed() {
        return;
    }
    let ring = |points| Annotation { closed: true, dots: false, ..Annotation::line(points, RING) };
    let mut shown = Vec::new();
    if headset.shown {
        shown.extend(
            editing.ball.filter(|_| slice.place.is_none()).into_iter().flat_map(|(at, r)| rings(at, r)).map(ring),
        );
        if editing.outline.len() > 1 {
            shown.push(ring(editing.outline.clone()));
        }
    }
    Annotations::set(&mut annotations, ID, shown);
}
