//! What the user must be told: errors and results, each until it is dismissed, and the choice between scans.

use std::path::PathBuf;

use bevy_egui::egui::{self, RichText};
use fabrica_scene::{Request, Severity};

use crate::{Desk, style};

/// Draws the notices at the lower right and, when scans were found, the choice between them.
pub fn draw(ui: &egui::Ui, desk: &mut Desk) {
    told(ui, desk);
    choice(ui, desk);
}

fn told(ui: &egui::Ui, desk: &mut Desk) {
    if desk.notices.0.is_empty() {
        return;
    }
    let mut dismissed = None;
    egui::Window::new("Notices")
        .anchor(egui::Align2::RIGHT_BOTTOM, [-12.0, -40.0])
        .resizable(false)
        .default_width(420.0)
        .show(ui.ctx(), |ui| {
            for (index, notice) in desk.notices.0.iter().enumerate().rev().take(6) {
                ui.horizontal_top(|ui| {
                    if ui.small_button("x").clicked() {
                        dismissed = Some(index);
                    }
                    let colour = match notice.severity {
                        Severity::Done => ui.visuals().text_color(),
                        Severity::Warning => style::ALERT,
                        Severity::Error => style::FAILURE,
                    };
                    ui.add(egui::Label::new(RichText::new(&notice.text).color(colour)).wrap());
                });
            }
        });
    if let Some(index) = dismissed {
        desk.notices.0.remove(index);
    }
}

fn choice(ui: &egui::Ui, desk: &mut Desk) {
    if desk.choices.0.is_empty() || desk.work.running.is_some() {
        return;
    }
    let mut open = true;
    egui::Window::new("Which scan?")
        .anchor(egui::Align2::CENTER_CENTER, [0.0, 0.0])
        .collapsible(false)
        .default_width(620.0)
        .open(&mut open)
        .show(ui.ctx(), |ui| {
            ui.horizontal(|ui| {
                ui.label("Keep the case in");
                ui.add(egui::TextEdit::singleline(&mut desk.side.case_folder).desired_width(420.0));
            });
            ui.checkbox(&mut desk.side.resample, "Resample uneven or missing slices (with a warning)");
            ui.separator();
            egui::ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
                for (index, choice) in desk.choices.0.iter().enumerate() {
                    ui.horizontal_wrapped(|ui| {
                        if ui.button("Import").clicked() {
                            desk.requests.write(Request::Import {
                                choice: index,
                                case: PathBuf::from(desk.side.case_folder.trim()),
                                resample: desk.side.resample,
                            });
                        }
                        ui.label(choice.title.as_str());
                    });
                    for warning in &choice.warnings {
                        ui.label(RichText::new(warning).small().color(style::ALERT));
                    }
                }
            });
        });
    if !open {
        desk.requests.write(Request::Cancel);
    }
}
