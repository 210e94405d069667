//! The side panel: warnings, how the scan is shown, the structures, the clip plane.

use bevy::prelude::*;
use bevy_egui::egui::{self, RichText};
use fabrica_geometry::{LpsPoint, LpsVector};
use fabrica_plan::{ClipPlane, Operation, Window};
use fabrica_raycast::{NamedView, Preset, WINDOW_PRESETS};
use fabrica_scene::{Do, Navigate, Request, SceneWarning};
use fabrica_segment::Recipe;
use fabrica_volume::{Resolution, Rgb};

use crate::{Desk, curve, editing, headset, kept, measuring, printing, rehearsing, review, style, tools};

/// The slider rounds what it shows by up to this, mm; that is no move of the user's.
const ROUNDING: f64 = 0.051;
/// The clip plane that the panel moves.
const CLIP: &str = "clip";

/// What the user is typing.
#[derive(Resource)]
pub struct SideState {
    /// The case folder of the next import.
    pub case_folder: String,
    /// Whether the next import resamples uneven slices.
    pub resample: bool,
    /// Why the next warning is accepted.
    reason: String,
    /// What the reviewer says of the next region.
    pub review: String,
    /// Where the next model is written.
    model: String,
    /// Which way the clip plane faces, while it is dragged how far it is along there.
    clip_axis: usize,
    clip_drag: Option<f64>,
    /// The opacity under the pointer: structure and value.
    fading: Option<(String, f64)>,
    /// The looks and the recipes that the program carries; their own crates test that they can be read.
    presets: Vec<Preset>,
    recipes: Vec<Recipe>,
    /// The transfer function's editor.
    pub curve: curve::CurveState,
    /// The name of a structure that is to be made.
    pub new_structure: String,
    /// The safety distances under the pointer: of which structure.
    pub watch: Option<(String, fabrica_plan::Watch)>,
    /// The 3D view is being moved.
    pub turning: bool,
    /// The crosshair is being moved and not yet in the plan.
    pub scrolling: bool,
    /// The mouse is the working hand's pointer.
    pub pointing: bool,
    /// The slice view on which the mouse is the pointer.
    pub on_slice: Option<usize>,
}

impl Default for SideState {
    fn default() -> Self {
        Self {
            case_folder: "fabrica-case".into(),
            resample: false,
            reason: String::new(),
            review: String::new(),
            model: "model.stl".into(),
            clip_axis: 1,
            clip_drag: None,
            fading: None,
            presets: Preset::all().unwrap_or_default(),
            recipes: Recipe::built_in().unwrap_or_default(),
            curve: curve::CurveState::default(),
            new_structure: String::new(),
            watch: None,
            turning: false,
            scrolling: false,
            pointing: false,
            on_slice: None,
        }
    }
}

/// Draws the side panel.
pub fn draw(ui: &mut egui::Ui, desk: &mut Desk) {
    egui::ScrollArea::vertical().show(ui, |ui| {
        if desk.case.volume.is_none() {
            ui.weak("Drop a folder of DICOM files, a NIfTI, NRRD or InVesalius file, or a case on this window.");
            return;
        }
        warnings(ui, desk);
        // What is in the hand, and what it says, must be seen, however many structures there are.
        tools(ui, desk);
        let in_hand = Section::ALL.into_iter().find(|section| section.is_in_hand(desk));
        if let Some(section) = in_hand {
            section.draw(ui, desk);
        }
        if desk.printing.active {
            egui::CollapsingHeader::new(RichText::new("Print").strong())
                .default_open(true)
                .show(ui, |ui| printing::draw(ui, desk));
        }
        ui.collapsing(RichText::new("Scan").strong(), |ui| scan(ui, desk));
        egui::CollapsingHeader::new(RichText::new("Look").strong()).default_open(true).show(ui, |ui| look(ui, desk));
        ui.collapsing(RichText::new("Transfer function").strong(), |ui| curve::draw(ui, desk));
        egui::CollapsingHeader::new(RichText::new("Structures").strong())
            .default_open(true)
            .show(ui, |ui| structures(ui, desk));
        if !desk.case.reviews.is_empty() {
            egui::CollapsingHeader::new(RichText::new("Review").strong())
                .default_open(true)
                .show(ui, |ui| review::draw(ui, desk));
        }
        egui::CollapsingHeader::new(RichText::new("Clip plane").strong())
            .default_open(true)
            .show(ui, |ui| clip(ui, desk));
        for section in Section::ALL.into_iter().filter(|section| Some(*section) != in_hand) {
            section.draw(ui, desk);
        }
        let views = ui.collapsing(RichText::new("Views and photos").strong(), |ui| kept::draw(ui, desk));
        desk.places.note("views", &views.header_response);
        if !desk.headset.told.is_empty() {
            let section = ui.collapsing(RichText::new("Headset").strong(), |ui| headset::draw(ui, desk));
            desk.places.note("headset", &section.header_response);
        }
        ui.collapsing(RichText::new("Mouse and keys").strong(), help);
    });
}

fn tools(ui: &mut egui::Ui, desk: &mut Desk) {
    egui::CollapsingHeader::new(RichText::new("Tools").strong())
        .default_open(true)
        .show(ui, |ui| tools::draw(ui, desk));
}

/// A part of the panel that belongs to a tool: right below the tools while that one is in the hand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Editing,
    Measurements,
    Approach,
}

impl Section {
    const ALL: [Self; 3] = [Self::Editing, Self::Measurements, Self::Approach];

    fn is_in_hand(self, desk: &Desk) -> bool {
        match self {
            Self::Editing => desk.tools.is_active(editing::TOOL),
            Self::Measurements => desk.tools.is_active(measuring::TOOL),
            Self::Approach => desk.rehearsing.active,
        }
    }

    fn draw(self, ui: &mut egui::Ui, desk: &mut Desk) {
        // One name, one identity: it stays open or closed wherever it is drawn.
        let (name, is_open) = match self {
            Self::Editing => ("Editing", self.is_in_hand(desk)),
            Self::Measurements => ("Measurements", true),
            Self::Approach => ("Approach", true),
        };
        let header = egui::CollapsingHeader::new(RichText::new(name).strong()).id_salt((name, is_open));
        header.default_open(is_open).show(ui, |ui| match self {
            Self::Editing => editing::draw(ui, desk),
            Self::Measurements => measuring::draw(ui, desk),
            Self::Approach => rehearsing::draw(ui, desk),
        });
    }
}

fn warnings(ui: &mut egui::Ui, desk: &mut Desk) {
    for SceneWarning { volume, index, warning } in &desk.case.warnings {
        match &warning.resolution {
            Resolution::Open => {
                egui::Frame::group(ui.style()).show(ui, |ui| {
                    ui.label(RichText::new("Geometry warning").strong().color(style::ALERT));
                    ui.label(format!("{volume}: {}", warning.issue));
                    ui.weak("Measuring and printing wait until you accept it.");
                    let hint = "Why is it right to go on?";
                    let field = ui.add(egui::TextEdit::singleline(&mut desk.side.reason).hint_text(hint));
                    desk.places.note(format!("reason {index}"), &field);
                    let said = !desk.side.reason.trim().is_empty();
                    let accept = ui.add_enabled(said, egui::Button::new("Accept"));
                    desk.places.note(format!("accept {index}"), &accept);
                    if accept.clicked() {
                        let reason = std::mem::take(&mut desk.side.reason);
                        desk.requests.write(Request::AcceptWarning { volume: volume.clone(), index: *index, reason });
                    }
                });
            }
            Resolution::Accepted { by, reason, .. } => {
                ui.label(RichText::new(format!("A geometry warning was accepted by {by}")).small().weak())
                    .on_hover_text(format!("{volume}: {}\n\nAccepted because: {reason}", warning.issue));
            }
        }
    }
}

fn scan(ui: &mut egui::Ui, desk: &mut Desk) {
    let Some(scene) = &desk.case.volume else { return };
    let volume = &scene.volume;
    let (grid, from) = (volume.grid(), &volume.provenance);
    let [nx, ny, nz] = grid.dims();
    let [sx, sy, sz] = grid.spacing();
    egui::Grid::new("scan").num_columns(2).show(ui, |ui| {
        let mut row = |name: &str, value: String| {
            ui.weak(name);
            ui.label(value);
            ui.end_row();
        };
        row("Patient", from.patient_name.replace('^', " "));
        row("Modality", from.modality.to_string());
        row("Series", from.description.clone());
        row("Size", format!("{nx} × {ny} × {nz}"));
        row("Spacing", format!("{sx:.3} × {sy:.3} × {sz:.3} mm"));
        row("Axes", grid.orientation_code());
        row("Sources", format!("{} files", from.sources.len()));
    });
}

fn look(ui: &mut egui::Ui, desk: &mut Desk) {
    let Some(scene) = &desk.case.volume else { return };
    let volume = scene.id.clone();
    if desk.case.volumes.len() > 1 {
        let shown = desk.case.volumes.iter().find(|(id, _)| *id == volume).map_or("", |(_, name)| name);
        egui::ComboBox::from_label("phase")
            .selected_text(shown)
            .truncate()
            .show_ui(ui, |ui| {
                for (id, name) in &desk.case.volumes {
                    if ui.selectable_label(*id == volume, name).clicked() && *id != volume {
                        desk.requests.write(Request::ShowVolume { volume: id.clone() });
                    }
                }
            })
            .response
            .on_hover_text("Which phase, energy or time point is shown, with the structures that were made on it.");
    }
    let combo = egui::ComboBox::from_label("volume").selected_text(desk.case.preset.as_str()).show_ui(ui, |ui| {
        for preset in &desk.side.presets {
            let chosen = preset.name == desk.case.preset;
            let choice = ui.selectable_label(chosen, &preset.name).on_hover_text(&preset.description);
            desk.places.note(format!("look {}", preset.name), &choice);
            if choice.clicked() && !chosen {
                desk.operations
                    .write(Do(Operation::SetRenderPreset { volume: volume.clone(), preset: preset.name.clone() }));
            }
        }
    });
    desk.places.note("look", &combo.response);
    cinematic(ui, desk);
    let window = desk.preview.window.or(desk.case.window);
    let named = window.and_then(|w| {
        WINDOW_PRESETS.iter().find(|p| p.window.centre == w.centre && p.window.width == w.width).map(|p| p.name)
    });
    egui::ComboBox::from_label("window").selected_text(named.unwrap_or("own")).show_ui(ui, |ui| {
        for preset in &WINDOW_PRESETS {
            if ui.selectable_label(named == Some(preset.name), preset.name).on_hover_text(preset.description).clicked()
            {
                let window = Window { centre: preset.window.centre, width: preset.window.width };
                desk.operations.write(Do(Operation::SetWindow { volume: volume.clone(), window }));
            }
        }
    });
    if let Some(window) = window {
        ui.weak(format!("centre {:.0}, width {:.0}", window.centre, window.width));
    }
    ui.horizontal_wrapped(|ui| {
        for view in NamedView::ALL {
            let letter = view.name()[..1].to_uppercase();
            if ui.button(letter).on_hover_text(format!("Look from {}", view.name())).clicked() {
                desk.navigation.write(Navigate::Look(view));
            }
        }
        if ui.button("±").on_hover_text("Perspective or parallel projection (5)").clicked() {
            desk.navigation.write(Navigate::ToggleProjection);
        }
    });
}

fn structures(ui: &mut egui::Ui, desk: &mut Desk) {
    let busy = desk.work.running.is_some();
    let blocked = desk.case.has_open_warnings();
    for shown in &desk.case.structures {
        let name = &shown.structure.name;
        ui.push_id(name, |ui| {
            ui.horizontal(|ui| {
                let mut visible = shown.appearance.visible;
                let show = ui.checkbox(&mut visible, "").on_hover_text("Show");
                desk.places.note(format!("show {name}"), &show);
                if show.changed() {
                    desk.operations.write(Do(Operation::ShowStructure { structure: name.clone(), visible }));
                }
                let Rgb(r, g, b) = shown.colour();
                let mut colour = [r, g, b];
                if ui.color_edit_button_srgb(&mut colour).changed() {
                    let [r, g, b] = colour;
                    desk.operations
                        .write(Do(Operation::ColourStructure { structure: name.clone(), colour: Rgb(r, g, b) }));
                }
                ui.label(name).on_hover_text(format!(
                    "{:.1} mL — {}",
                    shown.structure.mask.volume().millilitres(),
                    shown.structure.origin
                ));
            });
            ui.horizontal(|ui| {
                let fading = desk.side.fading.as_ref().filter(|(who, _)| who == name).map(|(_, value)| *value);
                let mut opacity = fading.unwrap_or(shown.appearance.opacity);
                let slider = ui.add(egui::Slider::new(&mut opacity, 0.0..=1.0).show_value(false));
                slider.clone().on_hover_text("Opacity");
                if slider.dragged() {
                    desk.side.fading = Some((name.clone(), opacity));
                } else if slider.drag_stopped() || slider.changed() {
                    desk.side.fading = None;
                    desk.operations.write(Do(Operation::FadeStructure { structure: name.clone(), opacity }));
                }
                let print = ui.add_enabled(!busy && !blocked, egui::Button::new("Print").small());
                let hint = if blocked { "Accept the geometry warnings first" } else { "Write a closed model" };
                if print.on_hover_text(hint).on_disabled_hover_text(hint).clicked() {
                    let to = desk.side.model.trim().into();
                    desk.requests.write(Request::Print { structure: name.clone(), to });
                }
                if ui.small_button("remove").on_hover_text("Remove from the case").clicked() {
                    desk.requests.write(Request::RemoveStructure { name: name.clone() });
                }
            });
        });
    }
    ui.horizontal(|ui| {
        ui.weak("Model");
        let field = ui.add(egui::TextEdit::singleline(&mut desk.side.model).desired_width(180.0));
        desk.places.note(format!("model {}", desk.side.model), &field);
    });
    ui.weak("Make by preset:");
    ui.horizontal_wrapped(|ui| {
        for recipe in &desk.side.recipes {
            let button = ui.add_enabled(!busy, egui::Button::new(recipe.name.as_str()).small());
            if button.on_hover_text(format!("{}\nLimits: {}", recipe.purpose, recipe.limits)).clicked() {
                desk.requests.write(Request::Segment { preset: recipe.name.clone() });
            }
        }
    });
}

fn clip(ui: &mut egui::Ui, desk: &mut Desk) {
    const AXES: [(&str, LpsVector); 6] = [
        ("from the left", LpsVector::new(1.0, 0.0, 0.0)),
        ("from the front", LpsVector::new(0.0, -1.0, 0.0)),
        ("from above", LpsVector::new(0.0, 0.0, 1.0)),
        ("from the right", LpsVector::new(-1.0, 0.0, 0.0)),
        ("from behind", LpsVector::new(0.0, 1.0, 0.0)),
        ("from below", LpsVector::new(0.0, 0.0, -1.0)),
    ];
    let Some(scene) = &desk.case.volume else { return };
    let (low, high) = scene.volume.grid().bounds();
    let plane = desk.case.clip;
    let mut enabled = plane.is_some_and(|p| p.enabled);
    let mut asked = None;
    if ui.checkbox(&mut enabled, "cut away").changed() {
        let start = ClipPlane { point: desk.case.crosshair, normal: AXES[desk.side.clip_axis].1, enabled };
        asked = Some(ClipPlane { enabled, ..plane.unwrap_or(start) });
    }
    let Some(plane) = plane.filter(|p| p.enabled) else {
        if let Some(plane) = asked {
            desk.operations.write(Do(Operation::SetClipPlane { name: CLIP.into(), plane }));
        }
        return;
    };
    egui::ComboBox::from_id_salt("clip axis").selected_text(AXES[desk.side.clip_axis].0).show_ui(ui, |ui| {
        for (index, (text, normal)) in AXES.into_iter().enumerate() {
            if ui.selectable_label(index == desk.side.clip_axis, text).clicked() {
                desk.side.clip_axis = index;
                asked = Some(ClipPlane { normal, point: desk.case.crosshair, enabled: true });
            }
        }
    });
    if ui.button("at the crosshair").clicked() {
        asked = Some(ClipPlane { point: desk.case.crosshair, ..plane });
    }
    // How far along the normal, between the scan's ends.
    let normal = plane.normal.0.normalize_or_zero();
    let reach = (high.0 - low.0).dot(normal.abs()) / 2.0;
    let middle = (low.0 + high.0) / 2.0;
    let before = desk.side.clip_drag.unwrap_or((plane.point.0 - middle).dot(normal));
    let mut along = before;
    let slider = ui.add(egui::Slider::new(&mut along, -reach..=reach).suffix(" mm").fixed_decimals(1));
    let moved = ClipPlane { point: LpsPoint(middle + normal * along), ..plane };
    if slider.dragged() {
        desk.side.clip_drag = Some(along);
        desk.preview.clip = Some(moved);
        desk.redraw.write_default();
    } else if slider.drag_stopped() || (along - before).abs() > ROUNDING {
        desk.side.clip_drag = None;
        desk.preview.clip = None;
        asked = Some(moved);
    }
    if let Some(plane) = asked {
        desk.operations.write(Do(Operation::SetClipPlane { name: CLIP.into(), plane }));
    }
}

fn cinematic(ui: &mut egui::Ui, desk: &mut Desk) {
    let view = &mut *desk.cinematic;
    ui.horizontal_wrapped(|ui| {
        ui.checkbox(&mut view.on, "cinematic")
            .on_hover_text("The volume in the light of a studio, better with every second while nothing changes (C). Surfaces are not in it.");
        if view.on {
            ui.checkbox(&mut view.denoise, "smooth noise")
                .on_hover_text("Smooths what noise is left of few samples. It may wash out faint shadows; off shows the light as it was traced.");
        }
    });
    if let (true, Some(picture)) = (view.on, view.shown) {
        ui.weak(format!("{} samples{}", picture.samples, if picture.denoised { ", denoised" } else { "" }));
    }
}

fn help(ui: &mut egui::Ui) {
    for (what, how) in [
        ("Slices", "wheel: next slice · click: crosshair · Shift+move: crosshair follows"),
        ("", "Ctrl+drag: window/level · right drag: zoom · middle drag: move"),
        (
            "3D",
            "drag: turn · click: crosshair to what is seen · Shift or middle drag: move · right drag or wheel: zoom",
        ),
        ("", "with a tool: left button: use it, in the slices too · Ctrl+drag: turn, window/level"),
        ("", "editing: [ and ] or Shift+wheel: the brush's radius"),
        ("Keys", "1/3/7: front, left, above; with Ctrl: behind, right, below · 5: projection · C: cinematic"),
        ("", "Ctrl+Z: undo · Ctrl+Shift+Z: redo"),
    ] {
        ui.horizontal_wrapped(|ui| {
            ui.strong(what);
            ui.weak(how);
        });
    }
}
