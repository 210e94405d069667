//! The model that is to be printed: where the work stands, what its colours mean, what the check found, where it is written.

use bevy_egui::egui::{self, Color32, RichText};
use fabrica_plan::Operation;
use fabrica_scene::{Do, Legend, Navigate, Told};
use fabrica_volume::Rgb;

use crate::{Desk, style};

/// How many places are shown at once: the worst, the ones that are marked on the model.
const SHOWN: usize = 12;

/// Draws it.
pub fn draw(ui: &mut egui::Ui, desk: &mut Desk) {
    match &desk.printing.told {
        Some(Told::Next(next)) => _ = ui.label(next.as_str()),
        Some(Told::Live(value)) => _ = ui.label(RichText::new(value).strong()),
        Some(Told::Blocked(why)) => _ = ui.label(RichText::new(why).color(style::ALERT)),
        None => {}
    }
    if let Some((name, progress)) = &desk.printing.running {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label(format!("{name}: {}", progress.current_stage()));
            if ui.small_button("stop").clicked() {
                progress.cancel();
            }
        });
    }
    if let Some(why) = &desk.printing.stale {
        ui.label(RichText::new(why).color(style::ALERT));
    }
    if let Some(legend) = &desk.printing.legend {
        draw_legend(ui, legend);
    }
    if desk.printing.model.is_some() {
        places(ui, desk);
    }
    ui.horizontal(|ui| {
        ui.weak("File");
        let field = ui.add(egui::TextEdit::singleline(&mut desk.printing.file).desired_width(200.0));
        let hint = "Its ending says the format: .3mf, .stl, .obj, .ply or .glb. The passport (PDF, HTML, JSON) lies beside it.";
        field.clone().on_hover_text(hint);
        desk.places.note("print file", &field);
    });
}

fn places(ui: &mut egui::Ui, desk: &mut Desk) {
    let count = desk.printing.places.len();
    ui.weak(match count {
        0 => "The check found nothing.".to_owned(),
        n if n > SHOWN => format!("The check lists {n} places; the first {SHOWN}:"),
        _ => "What the check found:".to_owned(),
    });
    let mut go = None;
    for (n, place) in desk.printing.places.iter().take(SHOWN).enumerate() {
        ui.horizontal_wrapped(|ui| {
            let button = ui.small_button(format!("{}", n + 1)).on_hover_text("The slices and the 3D view go there");
            desk.places.note(format!("print place {}", n + 1), &button);
            if button.clicked() {
                go = Some(place.clone());
            }
            let text = RichText::new(&place.what);
            ui.label(if place.is_fault { text.color(style::ALERT) } else { text });
        });
    }
    if let Some(place) = go {
        desk.operations.write(Do(Operation::SetCrosshair { at: place.in_patient }));
        desk.navigation.write(Navigate::LookAt(place.on_model));
    }
}

/// A bar of the colours with millimetres under it.
fn draw_legend(ui: &mut egui::Ui, legend: &Legend) {
    const STEPS: usize = 96;
    let (Some((least, _)), Some((greatest, _))) = (legend.stops.first(), legend.stops.last()) else { return };
    ui.weak(legend.title.as_str());
    let wide = ui.available_width().min(260.0);
    let (place, painter) = ui.allocate_painter(egui::vec2(wide, 32.0), egui::Sense::hover());
    let bar = egui::Rect::from_min_size(place.rect.min, egui::vec2(wide, 14.0));
    for n in 0..STEPS {
        let share = |n: usize| n as f32 / STEPS as f32;
        let mm = least.0 + (greatest.0 - least.0) * (n as f64 + 0.5) / STEPS as f64;
        let Rgb(r, g, b) = legend.colour(fabrica_geometry::Mm(mm));
        let (left, right) = (bar.left() + wide * share(n), bar.left() + wide * share(n + 1));
        let cell = egui::Rect::from_x_y_ranges(left..=right, bar.y_range());
        painter.rect_filled(cell, 0.0, Color32::from_rgb(r, g, b));
    }
    let colour = ui.visuals().text_color();
    let font = egui::FontId::proportional(11.0);
    for (n, part) in [0.0, 0.5, 1.0].into_iter().enumerate() {
        let mm = least.0 + (greatest.0 - least.0) * part;
        let beyond = if n == 2 && !legend.beyond.is_empty() { format!(" {}", legend.beyond) } else { String::new() };
        let align = [egui::Align2::LEFT_TOP, egui::Align2::CENTER_TOP, egui::Align2::RIGHT_TOP][n];
        let at = egui::pos2(bar.left() + wide * part as f32, bar.bottom() + 2.0);
        painter.text(at, align, format!("{mm:.2} mm{beyond}"), font.clone(), colour);
    }
}
