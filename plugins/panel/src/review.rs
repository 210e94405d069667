//! Review: where a network was in doubt, the largest expected error first; go there, accept, reject, validate.

use bevy_egui::egui::{self, RichText};
use fabrica_plan::{DoubtSide, Operation, ValidationOperation, Verdict};
use fabrica_review::{RegionStatus, decision};
use fabrica_scene::{Do, Severity};

use crate::{Desk, style};

/// How many regions are shown at once: the worst; the next come when these are decided.
const SHOWN: usize = 8;

/// The verdicts, with the words of their buttons.
const VERDICTS: [(Verdict, &str, &str); 3] = [
    (Verdict::Accept, "accept", "It is right as it is"),
    (Verdict::Corrected, "corrected", "It was wrong and has been edited"),
    (Verdict::Reject, "reject", "It is wrong and is still to be edited; say why below"),
];

/// Draws the review of each structure that a network made.
pub fn draw(ui: &mut egui::Ui, desk: &mut Desk) {
    for found in &desk.case.reviews {
        let name = &found.structure;
        let shown = desk.case.structures.iter().find(|s| s.structure.name == *name);
        let Some(mask) = shown.map(|s| &s.structure.mask) else { continue };
        if let (true, Some(by)) = (found.is_validated(), &found.signature) {
            ui.label(format!("{name}: validated by {}", by.by));
            continue;
        }
        ui.label(RichText::new(format!("{name}: not validated")).strong().color(style::ALERT));
        if let Some(list) = &found.list {
            let calibrated = if list.calibration.is_some() { "calibrated" } else { "uncalibrated" };
            ui.weak(format!(
                "{} of {} regions below {:.0} % ({calibrated}) are to be decided",
                found.open().count(),
                list.regions.len(),
                list.threshold * 100.0
            ));
        }
        for r in found.open().take(SHOWN) {
            let number = r.region.number;
            ui.label(words(r));
            ui.horizontal(|ui| {
                let go = ui.small_button("go there").on_hover_text("Puts the crosshair there, in all views");
                desk.places.note(format!("go to {name} {number}"), &go);
                if go.clicked() {
                    desk.operations.write(Do(Operation::SetCrosshair { at: r.region.at }));
                }
                for (verdict, label, hint) in VERDICTS {
                    let said = desk.side.review.trim().to_owned();
                    let allowed = verdict != Verdict::Reject || !said.is_empty();
                    let button = ui.add_enabled(allowed, egui::Button::new(label).small());
                    let button = button.on_hover_text(hint).on_disabled_hover_text(hint);
                    desk.places.note(format!("{label} {name} {number}"), &button);
                    if !button.clicked() {
                        continue;
                    }
                    match decision(found, number, verdict, (!said.is_empty()).then_some(said), mask) {
                        Ok(operation) => {
                            desk.operations.write(Do(Operation::Validation(operation)));
                            desk.side.review.clear();
                        }
                        Err(error) => desk.notices.tell(Severity::Error, error.to_string()),
                    }
                }
            });
        }
        for missing in found.obstacles() {
            ui.label(RichText::new(missing).small().weak());
        }
        let button = ui.add_enabled(found.missing.is_empty(), egui::Button::new("Validate").small());
        let hint = "You answer by name for this structure as it is now";
        let button = button.on_hover_text(hint).on_disabled_hover_text("Do first what is missing");
        desk.places.note(format!("validate {name}"), &button);
        if button.clicked() {
            let operation = ValidationOperation::Validate { structure: name.clone(), mask: found.mask.clone() };
            desk.operations.write(Do(Operation::Validation(operation)));
        }
    }
    ui.add(egui::TextEdit::singleline(&mut desk.side.review).hint_text("What you say of the next region"));
}

fn words(r: &RegionStatus) -> String {
    let side = match r.region.side {
        DoubtSide::Inside => "taken in",
        DoubtSide::Outside => "left out",
    };
    format!(
        "{}. {:.0} % right, {side}, {:.2} mL, {}",
        r.region.number,
        r.region.probability * 100.0,
        r.region.volume.millilitres(),
        r.state.words()
    )
}
