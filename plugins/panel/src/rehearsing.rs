//! The way in: what the instrument is told, what structures are to it, trajectories, the map's candidates, implants, records.

use bevy_egui::egui::{self, Color32, RichText};
use fabrica_approach::report::RIGID;
use fabrica_approach::{Alarm, Reading};
use fabrica_geometry::Mm;
use fabrica_plan::{ApproachOperation, ItemKind, ItemOperation, Operation, Role};
use fabrica_scene::{Do, Navigate, Told};

use crate::{Desk, style};

const ROLES: [(Role, &str, &str); 5] = [
    (Role::Avoid, "keep away", "Distances to it are told and alarmed"),
    (Role::Cross, "may be crossed", "It is told where it is crossed"),
    (Role::Entry, "entry", "Instruments enter through its surface: the skin"),
    (Role::Bone, "bone", "It holds screws"),
    (Role::Ignore, "ignore", "It is of no interest here"),
];

/// How many distances are told at once.
const NEAREST: usize = 8;

/// Draws it.
pub fn draw(ui: &mut egui::Ui, desk: &mut Desk) {
    match &desk.rehearsing.told {
        Some(Told::Next(next)) => _ = ui.label(next.as_str()),
        Some(Told::Live(value)) => {
            let alarm = desk.rehearsing.reading.as_ref().map(|held| held.reading.alarm);
            let text = RichText::new(value).strong().size(18.0);
            ui.label(if let Some(alarm) = alarm { text.color(colour(alarm)) } else { text });
        }
        Some(Told::Blocked(why)) => _ = ui.label(RichText::new(why).color(style::ALERT)),
        None => {}
    }
    for (name, progress) in &desk.rehearsing.running {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label(format!("{name}: {}", progress.current_stage()));
        });
    }
    if let Some(name) = &desk.rehearsing.recording {
        ui.label(RichText::new(format!("Recording {name}")).color(style::ALERT));
    }
    if let Some(held) = desk.rehearsing.reading.clone() {
        reading(ui, &held.avoid, &held.reading);
    }
    for (name, why) in &desk.rehearsing.unwatched {
        ui.label(RichText::new(format!("Not watched: {name}. {why}")).color(style::ALERT));
    }
    if desk.rehearsing.active {
        ui.weak(RIGID);
        ui.collapsing("Structures", |ui| watches(ui, desk));
        candidates(ui, desk);
    }
    trajectories(ui, desk);
    implants(ui, desk);
    for kept in &desk.case.approach.rehearsals {
        let least = kept.record.least().map_or_else(String::new, |(name, least, at)| {
            format!(": least {:.1} mm to {name} after {at:.0} s", least.0)
        });
        let stops = kept.record.alarms.iter().filter(|a| a.stop).count();
        let text = format!("{}, {:.0} s{least}; {stops} stops", kept.name, kept.record.seconds());
        ui.weak(text).on_hover_text(format!("{}, by {}", kept.record.instrument, kept.by));
    }
}

/// The colour of an alarm's words.
fn colour(alarm: Alarm) -> Color32 {
    match alarm {
        Alarm::Free => Color32::from_rgb(110, 200, 130),
        Alarm::Warn => Color32::from_rgb(245, 180, 70),
        Alarm::Stop => Color32::from_rgb(245, 95, 85),
    }
}

fn word(alarm: Alarm) -> &'static str {
    match alarm {
        Alarm::Free => "free",
        Alarm::Warn => "warn",
        Alarm::Stop => "stop",
    }
}

/// All that the instrument is told.
fn reading(ui: &mut egui::Ui, avoid: &[String], reading: &Reading) {
    let mut near: Vec<_> = avoid.iter().zip(&reading.clearances).filter_map(|(n, c)| Some((n, c.as_ref()?))).collect();
    near.sort_by(|a, b| a.1.distance.0.total_cmp(&b.1.distance.0));
    egui::Grid::new("clearances").num_columns(3).show(ui, |ui| {
        for (name, c) in near.iter().take(NEAREST) {
            ui.label(*name);
            ui.label(RichText::new(format!("{:.1} ± {:.1} mm", c.distance.0, c.error.0)).strong());
            ui.label(RichText::new(word(c.alarm)).color(colour(c.alarm)));
            ui.end_row();
        }
    });
    let (farther, beyond) = (near.len().saturating_sub(NEAREST), avoid.len() - near.len());
    if farther + beyond > 0 {
        ui.weak(format!("{farther} farther than these, {beyond} farther than 200 mm"));
    }
    if let Some(entry) = reading.entry {
        ui.label(format!(
            "{:.1} ± {:.1} mm deep, {:.0}° from the perpendicular into the surface",
            entry.depth.0, entry.error.0, entry.tilt_degrees
        ));
    }
    let a = reading.angles;
    ui.weak(format!(
        "{:.0}° to axial, {:.0}° to coronal, {:.0}° to sagittal",
        a.axial_degrees, a.coronal_degrees, a.sagittal_degrees
    ));
    if let Some(plan) = reading.from_plan {
        ui.label(format!(
            "{:.1} mm beside the plan, {:.1}° off it, {:.1} mm to go",
            plan.aside.0, plan.angle_degrees, plan.to_go.0
        ));
    }
    if reading.beyond_reach.0 > 0.0 {
        let text = format!("It is too short by {:.0} mm", reading.beyond_reach.0);
        ui.label(RichText::new(text).color(style::ALERT));
    }
    if reading.uncertain.0 > 0.0 {
        let text = format!("{:.0} mm through tissue that the segmentation is unsure of", reading.uncertain.0);
        ui.label(RichText::new(text).color(colour(Alarm::Warn)));
    }
    for crossing in &reading.crossings {
        ui.label(format!(
            "{}: {:.1} ± {:.1} mm, from {:.1} mm on",
            crossing.structure,
            crossing.length().0,
            crossing.error.0,
            crossing.from.0
        ));
    }
}

/// What each structure is to instruments. A number that is dragged or typed is one operation, when it is let go.
fn watches(ui: &mut egui::Ui, desk: &mut Desk) {
    for shown in &desk.case.structures {
        let name = &shown.structure.name;
        let watch = desk.case.approach.watch(name);
        let typed = desk.side.watch.as_ref().filter(|(of, _)| of == name).map(|(_, typed)| *typed);
        let mut now = typed.unwrap_or(watch);
        let mut at_work = false;
        ui.push_id(name, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.label(name);
                let words = ROLES.iter().find(|(role, ..)| *role == watch.role).map_or("", |(_, word, _)| word);
                egui::ComboBox::from_id_salt("role").selected_text(words).width(110.0).show_ui(ui, |ui| {
                    for (role, word, help) in ROLES {
                        ui.selectable_value(&mut now.role, role, word).on_hover_text(help);
                    }
                });
                if watch.role == Role::Avoid {
                    for (limit, what) in [(&mut now.stop, "stop "), (&mut now.warn, "warn ")] {
                        let drag = egui::DragValue::new(&mut limit.0).range(0.0..=100.0).speed(0.1);
                        let drawn = ui.add(drag.prefix(what).suffix(" mm"));
                        at_work |= drawn.dragged() || drawn.has_focus();
                    }
                }
            });
        });
        now.warn = Mm(now.warn.0.max(now.stop.0));
        if at_work {
            desk.side.watch = Some((name.clone(), now));
            continue;
        }
        if typed.is_some() {
            desk.side.watch = None;
        }
        if now != watch {
            let operation = ApproachOperation::Watch { structure: name.clone(), watch: now };
            desk.operations.write(Do(Operation::Approach(operation)));
        }
    }
}

/// The map's legend and its candidates.
fn candidates(ui: &mut egui::Ui, desk: &mut Desk) {
    let Some(map) = &desk.rehearsing.map else { return };
    let refused = map.refused;
    ui.weak(format!(
        "Not offered: {} too close, {} too long, {} too oblique. Red: stop; amber: warn; green: free; grey: out of reach; violet: \
         through tissue that the segmentation is unsure of. {:.0} ms.",
        refused.too_close, refused.too_long, refused.too_oblique, map.milliseconds
    ));
    let mut picked = None;
    for (n, candidate) in map.candidates.iter().enumerate() {
        ui.horizontal_wrapped(|ui| {
            if ui.small_button(format!("{}", n + 1)).on_hover_text("Make it a trajectory").clicked() {
                picked = Some(n);
            }
            ui.label(RichText::new(word(candidate.access.alarm)).color(colour(candidate.access.alarm)));
            ui.label(&candidate.reason);
        });
    }
    if picked.is_some() {
        desk.rehearsing.picked = picked;
    }
}

/// The plan's trajectories, compared.
fn trajectories(ui: &mut egui::Ui, desk: &mut Desk) {
    if desk.case.approach.trajectories.is_empty() {
        return;
    }
    let (mut operations, mut go) = (Vec::new(), None);
    egui::Grid::new("trajectories").num_columns(6).striped(true).show(ui, |ui| {
        for head in ["Trajectory", "Least clearance", "Length", "Tilt", "Crosses", ""] {
            ui.weak(head);
        }
        ui.end_row();
        for (name, trajectory) in &desk.case.approach.trajectories {
            let found = desk.rehearsing.assessed.get(name);
            ui.label(name);
            match found.and_then(|f| f.clearances.first()) {
                Some((structure, c)) => {
                    let text = format!("{:.1} ± {:.1} mm, {structure}", c.distance.0, c.error.0);
                    ui.label(RichText::new(text).color(colour(found.map_or(Alarm::Stop, |f| f.alarm))));
                }
                None => _ = ui.weak(if found.is_some() { "nothing within 100 mm" } else { "..." }),
            }
            ui.label(format!("{:.0} mm", trajectory.entry.distance(trajectory.target).0));
            ui.label(found.and_then(|f| f.tilt_degrees).map_or_else(String::new, |tilt| format!("{tilt:.0}°")));
            let crossed = found.map_or_else(String::new, |f| {
                let each = f.crossings.iter().map(|c| format!("{} {:.0}", c.structure, c.length().0));
                each.collect::<Vec<_>>().join(", ")
            });
            ui.label(crossed);
            ui.horizontal(|ui| {
                if ui.small_button("go").clicked() {
                    go = Some(trajectory.target);
                }
                let decided = desk.case.approach.found.get(name).and_then(|f| f.decisions.last()).map(|d| d.chosen);
                for (chosen, word) in [(true, "choose"), (false, "reject")] {
                    if ui.selectable_label(decided == Some(chosen), word).clicked() && decided != Some(chosen) {
                        let reason = if chosen { "chosen in the table" } else { "rejected in the table" }.to_owned();
                        let trajectory = name.clone();
                        let decide = ApproachOperation::Decide { trajectory, chosen, reason };
                        operations.push(Operation::Approach(decide));
                    }
                }
                if ui.small_button("remove").clicked() {
                    let remove = ItemOperation::Remove { kind: ItemKind::Trajectory, name: name.clone() };
                    operations.push(Operation::Item(remove));
                }
            });
            ui.end_row();
        }
    });
    operations.into_iter().for_each(|operation| _ = desk.operations.write(Do(operation)));
    if let Some(at) = go {
        desk.operations.write(Do(Operation::SetCrosshair { at }));
        desk.navigation.write(Navigate::LookAt(at));
    }
}

/// What is put in.
fn implants(ui: &mut egui::Ui, desk: &mut Desk) {
    let mut remove = None;
    for (name, implant) in &desk.case.approach.implants {
        ui.horizontal_wrapped(|ui| {
            ui.label(format!("{name}: {}", implant.model));
            if let Some(check) = desk.case.approach.screws.get(name) {
                let verdict = if check.possible { "may break out" } else { "within bone" };
                let text = format!("wall {:.1} ± {:.1} mm in {}, {verdict}", check.wall.0, check.error.0, check.bone);
                let alarm = if check.possible { Alarm::Stop } else { Alarm::Free };
                ui.label(RichText::new(text).color(colour(alarm)));
                if let Some(purchase) = check.purchase {
                    ui.weak(format!("mean {purchase:.0} around the thread"));
                }
            }
            if ui.small_button("remove").clicked() {
                remove = Some(name.clone());
            }
        });
    }
    if let Some(name) = remove {
        desk.operations.write(Do(Operation::Item(ItemOperation::Remove { kind: ItemKind::Implant, name })));
    }
}
