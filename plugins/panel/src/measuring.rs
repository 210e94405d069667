//! The plan's measurements, and what the measuring tool says.

use bevy_egui::egui::{self, RichText};
use fabrica_geometry::LpsPoint;
use fabrica_plan::{Measurement, MeasurementOperation, Operation};
use fabrica_scene::{Do, Navigate, SceneMeasurement, Told};

use crate::{Desk, style};

/// The measuring tool, as it is registered.
pub const TOOL: &str = "measure";

/// Draws what the tool says, and the measurements.
pub fn draw(ui: &mut egui::Ui, desk: &mut Desk) {
    match &desk.measuring.told {
        Some(Told::Next(next)) => _ = ui.label(next.as_str()),
        Some(Told::Live(value)) => _ = ui.label(RichText::new(value).strong().size(20.0)),
        Some(Told::Blocked(why)) => _ = ui.label(RichText::new(why).color(style::ALERT)),
        None => {}
    }
    for (name, progress) in &desk.measuring.running {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label(format!("{name}: {}", progress.current_stage()));
            if ui.small_button("stop").clicked() {
                progress.cancel();
            }
        });
    }
    if desk.case.measurements.is_empty() {
        ui.weak("None yet. Take the tool Measure.");
    }
    for index in 0..desk.case.measurements.len() {
        row(ui, desk, index);
    }
}

fn row(ui: &mut egui::Ui, desk: &mut Desk, index: usize) {
    let Some(SceneMeasurement { measurement, stale }) = desk.case.measurements.get(index) else { return };
    let id = measurement.id;
    ui.push_id(index, |ui| {
        ui.horizontal_wrapped(|ui| {
            let mut shown = !desk.measuring.hidden.contains(&id);
            if ui.checkbox(&mut shown, "").on_hover_text("Draw it").changed() {
                if shown {
                    desk.measuring.hidden.remove(&id);
                } else {
                    desk.measuring.hidden.insert(id);
                }
            }
            let value = measurement.measurement.main().map_or_else(String::new, ToString::to_string);
            ui.label(measurement.name.as_str());
            let label = ui.label(RichText::new(value).strong());
            let by = format!("\nBy {}", measurement.author);
            label.on_hover_text(details(&measurement.measurement) + &by);
            if !stale.is_empty() {
                let why = format!("{} changed since: measure it again", stale.join(", "));
                ui.label(RichText::new("out of date").color(style::ALERT)).on_hover_text(why);
            }
            let at = middle(&measurement.measurement.points());
            let go = ui.add_enabled(at.is_some(), egui::Button::new("go").small());
            if let Some(at) = at.filter(|_| go.on_hover_text("The slices and the 3D view go there").clicked()) {
                desk.operations.write(Do(Operation::SetCrosshair { at }));
                desk.navigation.write(Navigate::LookAt(at));
            }
            if ui.small_button("remove").clicked() {
                desk.operations.write(Do(Operation::Measurement(MeasurementOperation::Remove { id })));
            }
        });
    });
}

/// All values with the parts of their errors, and how they were made.
fn details(measurement: &Measurement) -> String {
    let mut text = String::new();
    for quantity in &measurement.quantities {
        let parts: Vec<String> =
            quantity.error.iter().map(|part| format!("{} {:.2}", part.source.name(), part.standard)).collect();
        text += &format!("{}: {quantity}\n    standard errors: {}\n", quantity.what.name(), parts.join(", "));
    }
    text + "± holds the true value 95 times in 100.\n" + &measurement.method
}

/// The point of a measurement that is in the middle of its points.
fn middle(points: &[LpsPoint]) -> Option<LpsPoint> {
    let sum = points.iter().fold(glam::DVec3::ZERO, |sum, p| sum + p.0);
    (!points.is_empty()).then(|| LpsPoint(sum / points.len() as f64))
}
