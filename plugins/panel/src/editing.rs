//! Structures under edit: how far each is, locks, new ones; the range of values; and the brush over the views.

use bevy_egui::egui::{self, Color32, Key, Modifiers, Rect, RichText, Stroke, pos2};
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_plan::{EditOperation, Operation, StructureProgress};
use fabrica_scene::{Do, rings};
use fabrica_volume::Rgb;

use crate::Desk;
use crate::views::Map;

/// The editing tool, as it is registered.
pub const TOOL: &str = "edit";
/// The brush's ring and the outline.
const RING: Color32 = Color32::from_rgb(255, 220, 90);
/// What a key or a notch of the wheel does to the radius.
const FACTOR: f64 = 1.15;

/// Draws the structures' states, and what the editing tool has that is no option.
pub fn draw(ui: &mut egui::Ui, desk: &mut Desk) {
    let Some(scene) = &desk.case.volume else { return };
    let in_hand = desk.editing.structure.clone();
    let painted = desk.editing.painting.clone();
    for shown in &desk.case.structures {
        let name = &shown.structure.name;
        ui.push_id(name, |ui| {
            ui.horizontal(|ui| {
                egui::ComboBox::from_id_salt("progress").selected_text(words(shown.progress)).width(105.0).show_ui(
                    ui,
                    |ui| {
                        for state in STATES {
                            let chosen = state == shown.progress;
                            if ui.selectable_label(chosen, words(state)).clicked() && !chosen {
                                let operation = EditOperation::SetProgress { structure: name.clone(), progress: state };
                                desk.operations.write(Do(operation.into()));
                            }
                        }
                    },
                );
                let mut locked = shown.locked;
                if ui.checkbox(&mut locked, "lock").on_hover_text("Nothing edits or overwrites it").changed() {
                    desk.operations.write(Do(EditOperation::Lock { structure: name.clone(), locked }.into()));
                }
                let hand = in_hand.as_ref() == Some(name);
                if ui.selectable_label(hand, name).on_hover_text("Edit this one").clicked() {
                    desk.tools.choose(Some(TOOL));
                    desk.tools.set(TOOL, "structure", name).ok();
                }
                if painted.as_ref() == Some(name) {
                    ui.spinner();
                }
            });
        });
    }
    ui.horizontal(|ui| {
        let typed = egui::TextEdit::singleline(&mut desk.side.new_structure).hint_text("its name").desired_width(130.0);
        ui.add(typed);
        let name = desk.side.new_structure.trim().to_owned();
        let free = !name.is_empty() && desk.case.structures.iter().all(|s| s.structure.name != name);
        if ui.add_enabled(free, egui::Button::new("New structure")).clicked() {
            let colour = Rgb::palette(desk.case.structures.len());
            let operation: Operation =
                EditOperation::Create { structure: name, volume: scene.id.clone(), colour }.into();
            desk.operations.write(Do(operation));
            desk.side.new_structure.clear();
        }
    });
    let limited = desk.tools.is_on(TOOL, "values");
    let threshold = desk.tools.chosen(TOOL, "what") == Some("threshold");
    if in_hand.is_some() && (limited || threshold) {
        let window = desk.case.window.map(|window| window.range());
        let mut range = desk.editing.values.or(window).unwrap_or([0.0, 1.0]);
        ui.horizontal(|ui| {
            ui.weak("Values");
            let changed =
                range.iter_mut().map(|end| ui.add(egui::DragValue::new(end)).changed()).fold(false, |a, b| a | b);
            if changed {
                desk.editing.values = Some([range[0].min(range[1]), range[0].max(range[1])]);
            }
            if desk.editing.values.is_some() && ui.small_button("as the window").clicked() {
                desk.editing.values = None;
            }
        });
    }
    if let Some(told) = &desk.editing.told {
        ui.weak(told);
    }
    if painted.is_some() {
        ui.label(RichText::new("Painting").small().weak());
    }
}

const STATES: [StructureProgress; 4] = [
    StructureProgress::NotStarted,
    StructureProgress::InProgress,
    StructureProgress::Completed,
    StructureProgress::Flagged,
];

fn words(state: StructureProgress) -> &'static str {
    match state {
        StructureProgress::NotStarted => "not started",
        StructureProgress::InProgress => "in progress",
        StructureProgress::Completed => "completed",
        StructureProgress::Flagged => "flagged",
    }
}

/// [ and ] make the brush smaller and larger, and so does the wheel with Shift.
pub fn read_keys(ui: &egui::Ui, desk: &mut Desk) {
    if desk.editing.structure.is_none() || ui.ctx().egui_wants_keyboard_input() {
        return;
    }
    let steps = ui.ctx().input_mut(|input| {
        let key = |input: &mut egui::InputState, key| f64::from(u8::from(input.consume_key(Modifiers::NONE, key)));
        let keys = key(input, Key::CloseBracket) - key(input, Key::OpenBracket);
        // Shift turns the wheel's way sideways.
        let wheel =
            if input.modifiers.shift { input.smooth_scroll_delta().x + input.smooth_scroll_delta().y } else { 0.0 };
        keys + f64::from(wheel) / 50.0
    });
    if steps != 0.0 {
        desk.tools.scale_length(TOOL, "radius", FACTOR.powf(steps));
    }
}

/// Draws where a slice cuts the brush's ball, and the outline.
pub fn on_slice(painter: &egui::Painter, map: &Map, desk: &Desk) {
    let stroke = Stroke::new(1.5, RING);
    if let Some((at, Mm(radius))) = desk.editing.ball {
        let behind = (at - map.plane.centre).0.dot(map.plane.normal().0);
        if behind.abs() < radius {
            let ring = (radius * radius - behind * behind).sqrt();
            let middle = map.to_screen(at);
            let edge = map.to_screen(LpsPoint(at.0 + map.plane.right.0 * ring));
            painter.circle_stroke(middle, middle.distance(edge), stroke);
        }
    }
    let seen: Vec<_> = desk.editing.outline.iter().map(|at| map.to_screen(*at)).collect();
    let near = |at: &LpsPoint| (*at - map.plane.centre).0.dot(map.plane.normal().0).abs() < 1.0;
    if desk.editing.outline.iter().all(near) {
        painter.add(egui::Shape::closed_line(seen, stroke));
    }
}

/// Draws the brush's ball and the outline over the 3D view, which need not be drawn again for it.
pub fn on_view3d(painter: &egui::Painter, rect: Rect, size: [u32; 2], desk: &Desk) {
    let seen = |at: &LpsPoint| {
        let ([x, y], _) = desk.view3d.camera.project(*at, size).ok()??;
        let scale = rect.width() / size[0].max(1) as f32;
        Some(pos2(rect.left() + x as f32 * scale, rect.top() + y as f32 * scale))
    };
    let line = |points: &[LpsPoint]| {
        let points: Vec<_> = points.iter().filter_map(seen).collect();
        painter.add(egui::Shape::closed_line(points, Stroke::new(1.2, RING)));
    };
    if let Some((at, radius)) = desk.editing.ball {
        rings(at, radius).iter().for_each(|ring| line(ring));
    }
    line(&desk.editing.outline);
}
