//! The transfer function's editor: a curve over the histogram of the scan's values.

use std::sync::Arc;

use bevy_egui::egui::{self, Color32, Pos2, Rect, Sense, Stroke, pos2, vec2};
use fabrica_plan::{Operation, RenderingOperation, TransferFunction, TransferPoint, VolumeLook};
use fabrica_raycast::Preset;
use fabrica_scene::Do;
use fabrica_volume::{Rgb, Sample, Volume, with_samples};

use crate::Desk;

/// Height of the curve.
const HEIGHT: f32 = 130.0;
/// How near the pointer must be to a point.
const REACH: f32 = 9.0;
/// Bars of the histogram.
const BARS: usize = 128;

/// What is being edited.
#[derive(Default)]
pub struct CurveState {
    /// The structure whose function is edited; nothing: the scan's.
    structure: Option<String>,
    /// The point under the pointer, while it is dragged or its colour is chosen.
    point: Option<usize>,
    histogram: Option<Histogram>,
}

/// How often values occur, for a volume.
struct Histogram {
    volume: Arc<Volume>,
    low: f64,
    high: f64,
    /// Heights, 0 to 1, of the logarithm.
    bars: Vec<f32>,
}

impl Histogram {
    /// From about a million samples.
    fn of(volume: &Arc<Volume>) -> Self {
        let (low, high) = volume.range();
        let width = (high - low).max(f64::MIN_POSITIVE);
        let every = (volume.samples().len() / 1_000_000).max(1);
        let mut counts = vec![0u32; BARS];
        with_samples!(volume.samples().view(), |s| {
            for value in s.iter().step_by(every).map(|v| v.to_f64()).filter(|v| v.is_finite()) {
                counts[(((value - low) / width * BARS as f64) as usize).min(BARS - 1)] += 1;
            }
        });
        let log = |count: u32| (1.0 + count as f32).ln();
        let most = counts.iter().map(|&c| log(c)).fold(1e-6, f32::max);
        Self { volume: volume.clone(), low, high, bars: counts.into_iter().map(|c| log(c) / most).collect() }
    }
}

/// Draws the editor.
pub fn draw(ui: &mut egui::Ui, desk: &mut Desk) {
    let Some(scene) = desk.case.volume.clone() else { return };
    if desk.side.curve.histogram.as_ref().is_none_or(|h| !Arc::ptr_eq(&h.volume, &scene.volume)) {
        desk.side.curve.histogram = Some(Histogram::of(&scene.volume));
        desk.side.curve.structure = None;
    }
    choose(ui, desk);
    let structure = desk.side.curve.structure.clone();
    let own = match &structure {
        None => desk.case.function.clone(),
        Some(name) => match desk.case.structures.iter().find(|s| s.structure.name == *name).map(|s| &s.volume_look) {
            Some(VolumeLook::Through(function)) => Some(function.clone()),
            _ => return,
        },
    };
    let is_own = own.is_some();
    let preview = desk.preview.function.as_ref().filter(|(of, _)| *of == structure).map(|(_, f)| f.clone());
    let Some(mut function) = preview.or(own).or_else(|| preset_function(desk)) else { return };
    let change = canvas(ui, desk, &mut function);
    match change {
        Change::None => {}
        Change::Dragged => {
            desk.preview.function = Some((structure, function));
            desk.redraw.write_default();
        }
        Change::Done => {
            desk.preview.function = None;
            desk.operations.write(Do(set(&scene.id, structure, Some(function))));
        }
    }
    if is_own && desk.side.curve.structure.is_none() && ui.small_button("as in the preset").clicked() {
        desk.operations.write(Do(set(&scene.id, None, None)));
    }
}

fn set(volume: &str, structure: Option<String>, function: Option<TransferFunction>) -> Operation {
    Operation::Rendering(match (structure, function) {
        (Some(structure), Some(function)) => {
            RenderingOperation::SetVolumeLook { structure, look: VolumeLook::Through(function) }
        }
        (_, function) => RenderingOperation::SetFunction { volume: volume.to_owned(), function },
    })
}

/// Whose curve is shown, and how a structure is seen in the volume.
fn choose(ui: &mut egui::Ui, desk: &mut Desk) {
    let chosen = desk.side.curve.structure.clone();
    ui.horizontal(|ui| {
        egui::ComboBox::from_id_salt("curve of").selected_text(chosen.as_deref().unwrap_or("whole scan")).show_ui(
            ui,
            |ui| {
                ui.selectable_value(&mut desk.side.curve.structure, None, "whole scan");
                for shown in &desk.case.structures {
                    let name = shown.structure.name.clone();
                    ui.selectable_value(&mut desk.side.curve.structure, Some(name.clone()), name);
                }
            },
        );
        let Some(shown) = chosen.and_then(|name| desk.case.structures.iter().find(|s| s.structure.name == name)) else {
            return;
        };
        let word = |look: &VolumeLook| match look {
            VolumeLook::AsScan => "as the scan",
            VolumeLook::Hidden => "hidden",
            VolumeLook::Tinted => "in its colour",
            _ => "own curve",
        };
        let mut asked = None;
        egui::ComboBox::from_id_salt("volume look").selected_text(word(&shown.volume_look)).show_ui(ui, |ui| {
            for look in [VolumeLook::AsScan, VolumeLook::Hidden, VolumeLook::Tinted] {
                if ui.selectable_label(shown.volume_look == look, word(&look)).clicked() {
                    asked = Some(look);
                }
            }
            if ui.selectable_label(matches!(shown.volume_look, VolumeLook::Through(_)), "own curve").clicked() {
                asked = desk.case.function.clone().or_else(|| preset_function(desk)).map(VolumeLook::Through);
            }
        });
        if let Some(look) = asked {
            let structure = shown.structure.name.clone();
            desk.operations.write(Do(Operation::Rendering(RenderingOperation::SetVolumeLook { structure, look })));
        }
    });
}

/// The preset's function, as the plan writes functions.
fn preset_function(desk: &Desk) -> Option<TransferFunction> {
    let volume = &desk.case.volume.as_ref()?.volume;
    let function = Preset::named(&desk.case.preset).ok()?.transfer_function(volume).ok()?;
    let points = function.points().iter();
    Some(TransferFunction {
        points: points.map(|p| TransferPoint { value: p.value, colour: p.colour, opacity: p.opacity }).collect(),
        opacity_length: function.reference_length(),
    })
}

/// What the pointer did to the function.
enum Change {
    None,
    /// Still under the pointer.
    Dragged,
    /// For the plan.
    Done,
}

/// The curve over the histogram. Drag a point; double-click to add one; right-click to remove one.
fn canvas(ui: &mut egui::Ui, desk: &mut Desk, function: &mut TransferFunction) -> Change {
    let state = &mut desk.side.curve;
    let Some(histogram) = &state.histogram else { return Change::None };
    let (response, painter) = ui.allocate_painter(vec2(ui.available_width(), HEIGHT), Sense::click_and_drag());
    let area = response.rect.shrink(4.0);
    let first = function.points.first().map_or(histogram.low, |p| p.value.min(histogram.low));
    let last = function.points.last().map_or(histogram.high, |p| p.value.max(histogram.high));
    let span = (last - first).max(f64::MIN_POSITIVE);
    let to_screen = |value: f64, opacity: f64| {
        pos2(
            area.left() + ((value - first) / span) as f32 * area.width(),
            // The square root, so that faint fogs can be grasped.
            area.bottom() - opacity.sqrt() as f32 * area.height(),
        )
    };
    let from_screen = |at: Pos2| {
        let value = first + f64::from((at.x - area.left()) / area.width()) * span;
        let height = f64::from((area.bottom() - at.y) / area.height()).clamp(0.0, 1.0);
        (value, height * height)
    };
    painter.rect_filled(response.rect, 3.0, Color32::from_gray(18));
    let width = ((histogram.high - histogram.low) / BARS as f64).max(f64::MIN_POSITIVE);
    for (n, &bar) in histogram.bars.iter().enumerate() {
        let left = to_screen(histogram.low + n as f64 * width, 0.0);
        let right = to_screen(histogram.low + (n + 1) as f64 * width, 0.0);
        let bar = Rect::from_min_max(pos2(left.x, area.bottom() - bar * area.height()), right);
        painter.rect_filled(bar, 0.0, Color32::from_gray(60));
    }
    let points: Vec<Pos2> = function.points.iter().map(|p| to_screen(p.value, p.opacity)).collect();
    for pair in points.windows(2) {
        painter.line_segment([pair[0], pair[1]], Stroke::new(1.5, Color32::WHITE));
    }
    for (point, &at) in function.points.iter().zip(&points) {
        let Rgb(r, g, b) = point.colour;
        painter.circle(at, 5.0, Color32::from_rgb(r, g, b), Stroke::new(1.0, Color32::WHITE));
    }
    let pointer = response.interact_pointer_pos();
    let near = |at: Pos2| {
        let by_distance = |a: &usize, b: &usize| points[*a].distance(at).total_cmp(&points[*b].distance(at));
        (0..points.len()).min_by(by_distance).filter(|&n| points[n].distance(at) <= REACH)
    };
    let mut change = Change::None;
    if response.drag_started() || response.clicked() {
        state.point = pointer.and_then(near);
    }
    if let (Some(at), Some(n)) = (pointer, state.point.filter(|&n| n < function.points.len()))
        && (response.dragged() || response.drag_stopped())
    {
        let (value, opacity) = from_screen(at);
        // A point stays between its neighbours.
        let least = if n > 0 { function.points[n - 1].value + span * 1e-4 } else { f64::NEG_INFINITY };
        let most = function.points.get(n + 1).map_or(f64::INFINITY, |next| next.value - span * 1e-4);
        if least <= most {
            function.points[n].value = value.clamp(least, most);
        }
        function.points[n].opacity = opacity;
        change = if response.drag_stopped() { Change::Done } else { Change::Dragged };
    }
    if let Some(at) = pointer
        && response.double_clicked()
        && near(at).is_none()
    {
        let (value, opacity) = from_screen(at);
        let place = function.points.partition_point(|p| p.value < value);
        let colour = function.points[place.min(function.points.len() - 1)].colour;
        if function.points.iter().all(|p| p.value != value) {
            function.points.insert(place, TransferPoint { value, colour, opacity });
            state.point = Some(place);
            change = Change::Done;
        }
    }
    if response.secondary_clicked()
        && function.points.len() > 2
        && let Some(n) = pointer.and_then(near)
    {
        function.points.remove(n);
        state.point = None;
        change = Change::Done;
    }
    if let Some(at) = response.hover_pos() {
        let (value, opacity) = from_screen(at);
        response.on_hover_text(format!(
            "{value:.0}, opacity {opacity:.3} per {:.1} mm\ndrag a point · double-click: add · right-click: remove",
            function.opacity_length.0
        ));
    }
    if let Some(point) = state.point.and_then(|n| function.points.get_mut(n)) {
        ui.horizontal(|ui| {
            ui.weak(format!("point at {:.0}", point.value));
            let Rgb(r, g, b) = point.colour;
            let mut colour = [r, g, b];
            if ui.color_edit_button_srgb(&mut colour).changed() {
                let [r, g, b] = colour;
                point.colour = Rgb(r, g, b);
                change = Change::Done;
            }
        });
    }
    change
}
