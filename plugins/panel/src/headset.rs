//! The headset: how the patient lies, how the user is there, what the headset tells.

use bevy_egui::egui;
use fabrica_scene::presence::{Lying, MovePatient, StickUse, SummonPanel};

use crate::Desk;

/// Draws the headset's part of the side panel.
pub fn draw(ui: &mut egui::Ui, desk: &mut Desk) {
    let headset = &desk.headset;
    ui.label(headset.told.as_str());
    if headset.frames.0 > 0 {
        let (shown, missed) = headset.frames;
        let share = missed as f64 * 10_000.0 / (shown + missed).max(1) as f64;
        ui.weak(format!(
            "{:.0} Hz · {shown} frames, {share:.1} of 10,000 missed · {:.0} % of the resolution",
            headset.refresh_hz,
            headset.resolution_scale * 100.0
        ));
    }
    ui.horizontal_wrapped(|ui| {
        ui.weak(format!("Scale {:.0} %", desk.patient.scale * 100.0));
        if ui.button("Life-size").clicked() {
            desk.moves.write(MovePatient::LifeSize);
        }
    });
    ui.horizontal_wrapped(|ui| {
        for lying in Lying::ALL {
            let name = match lying {
                Lying::Supine => "Supine",
                Lying::Prone => "Prone",
                Lying::LeftSide => "On the left side",
                Lying::RightSide => "On the right side",
                Lying::Standing => "Upright",
            };
            let label = ui.selectable_label(desk.comfort.lying == lying, name);
            desk.places.note(lying.name(), &label);
            if label.clicked() {
                desk.moves.write(MovePatient::Place(lying));
            }
        }
    });
    comfort(ui, desk);
    ui.horizontal_wrapped(|ui| {
        let holding = desk.hands.dominant.other();
        let wrist = ui.button("Panel to the wrist");
        desk.places.note("wrist", &wrist);
        if wrist.clicked() {
            desk.panel.write(SummonPanel::Wrist(holding));
        }
        let floats = ui.button("Panel floats, or goes");
        desk.places.note("floats", &floats);
        if floats.clicked() {
            desk.panel.write(SummonPanel::Toggle);
        }
    });
}

fn comfort(ui: &mut egui::Ui, desk: &mut Desk) {
    let mut wanted = *desk.comfort;
    let seated = ui.checkbox(&mut wanted.seated, "Seated");
    desk.places.note("seated", &seated);
    ui.checkbox(&mut wanted.vignette, "Dark rim while turning");
    ui.horizontal_wrapped(|ui| {
        ui.weak("Snap turn");
        for degrees in [0.0, 15.0, 30.0, 45.0, 90.0] {
            let name = if degrees == 0.0 { "off".to_owned() } else { format!("{degrees:.0}°") };
            ui.selectable_value(&mut wanted.snap_turn_degrees, degrees, name);
        }
    });
    ui.horizontal_wrapped(|ui| {
        ui.weak("Working hand's stick");
        for (which, name) in [(StickUse::Window, "window"), (StickUse::Slices, "slices"), (StickUse::Turn, "turn")] {
            let label = ui.selectable_value(&mut wanted.working_stick, which, name);
            desk.places.note(format!("stick {name}"), &label);
        }
    });
    if desk.headset.can_pass_through {
        let real = ui.checkbox(&mut wanted.passthrough, "Show the real room");
        desk.places.note("real room", &real);
    }
    if wanted != *desk.comfort {
        let sits = wanted.seated != desk.comfort.seated;
        *desk.comfort = wanted;
        if sits {
            // The table is at another height now.
            desk.moves.write(MovePatient::Place(wanted.lying));
        }
    }
}
