//! The title line and the status line.

use bevy_egui::egui::{self, RichText};
use fabrica_scene::Request;

use crate::{Desk, style};

/// From this width on, points, the title is one line.
const WIDE: f32 = 900.0;

/// What is open, whether it is synthetic, undo and redo.
pub fn title(ui: &mut egui::Ui, desk: &mut Desk) {
    // On the board in the room there is no place for all in one line.
    if ui.available_width() < WIDE {
        ui.vertical(|ui| {
            ui.horizontal(|ui| named(ui, desk));
            ui.horizontal(|ui| done(ui, desk));
        });
    } else {
        ui.horizontal(|ui| {
            ui.heading("Fabrica");
            ui.separator();
            named(ui, desk);
            done(ui, desk);
        });
    }
}

fn named(ui: &mut egui::Ui, desk: &Desk) {
    if desk.case.volume.is_some() {
        ui.label(desk.case.title.as_str());
    } else {
        ui.weak("No case is open. Drop a scan (a folder or files) or a case on this window.");
    }
    if desk.case.is_simulated() {
        ui.label(RichText::new("SYNTHETIC").strong().color(style::ALERT))
            .on_hover_text("Simulated data, not measured on a patient");
    }
    if desk.case.has_open_warnings() {
        ui.label(RichText::new("GEOMETRY WARNING").strong().color(style::ALERT))
            .on_hover_text("Measuring and printing wait until the warnings at the left are accepted");
    }
}

fn done(ui: &mut egui::Ui, desk: &mut Desk) {
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.weak("Not a cleared medical device").on_hover_text("For rehearsal and teaching. Decide by the scan.");
        ui.separator();
        let (undo, redo) = desk.case.undo_redo;
        let button = ui.add_enabled(redo, egui::Button::new("Redo")).on_hover_text("Ctrl+Shift+Z");
        desk.places.note("redo", &button);
        if button.clicked() {
            desk.requests.write(Request::Redo);
        }
        let button = ui.add_enabled(undo, egui::Button::new("Undo")).on_hover_text("Ctrl+Z");
        desk.places.note("undo", &button);
        if button.clicked() {
            desk.requests.write(Request::Undo);
        }
    });
}

/// The crosshair's place and value, and the running work with its cancel button.
pub fn bar(ui: &mut egui::Ui, desk: &mut Desk) {
    ui.horizontal(|ui| {
        if let Some(scene) = &desk.case.volume {
            let at = desk.preview.crosshair.unwrap_or(desk.case.crosshair);
            let side = |value: f64, plus: char, minus: char| {
                format!("{} {:.1}", if value < 0.0 { minus } else { plus }, value.abs())
            };
            ui.monospace(format!(
                "{}  {}  {} mm",
                side(at.0.x, 'L', 'R'),
                side(at.0.y, 'P', 'A'),
                side(at.0.z, 'S', 'I')
            ));
            ui.separator();
            let volume = &scene.volume;
            match volume.interpolate(volume.grid().to_voxel(at)) {
                Some(value) if volume.provenance.modality.is_ct() => ui.monospace(format!("{value:.0} HU")),
                Some(value) => ui.monospace(format!("{value:.1}")),
                None => ui.monospace("outside the scan"),
            };
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if let Some((what, progress)) = &desk.work.running {
                if ui.button("Cancel").clicked() {
                    desk.requests.write(Request::Cancel);
                }
                let stage = progress.current_stage();
                let text = if stage.is_empty() { what.clone() } else { format!("{what}: {stage}") };
                ui.add(egui::ProgressBar::new(progress.fraction()).desired_width(260.0).show_percentage());
                ui.label(text);
            }
            for (what, progress) in &desk.work.beside {
                if ui.small_button("stop").clicked() {
                    progress.cancel();
                }
                ui.add(egui::ProgressBar::new(progress.fraction()).desired_width(90.0));
                ui.label(what);
            }
        });
    });
}
