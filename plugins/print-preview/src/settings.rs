//! What is asked for, as the tool's options say it.

use std::sync::Arc;

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_mesh::{CutOptions, CutPlane};
use fabrica_print::ModelOptions;
use fabrica_scene::input::Tools;
use fabrica_scene::{HeldPlane, OpenCase, Printing};
use fabrica_volume::Structure;

use crate::colours::Colours;
use crate::{ID, option};

/// All structures that are shown, as one model.
pub(crate) const ALL: &str = "all that are shown";
/// The model's size over the patient's.
pub(crate) const SCALES: [(&str, f64); 4] = [("100 %", 1.0), ("50 %", 0.5), ("25 %", 0.25), ("200 %", 2.0)];
/// Usual build volumes: width, depth, height, mm.
pub(crate) const BEDS: [(&str, [f64; 3]); 5] = [
    ("250 x 210 x 210 mm", [250.0, 210.0, 210.0]),
    ("180 x 180 x 180 mm", [180.0, 180.0, 180.0]),
    ("256 x 256 x 256 mm", [256.0, 256.0, 256.0]),
    ("350 x 350 x 400 mm", [350.0, 350.0, 400.0]),
    ("145 x 145 x 175 mm", [145.0, 145.0, 175.0]),
];
/// What keeps cut parts together: how many pegs, their radius and their length, mm. Thin parts have room for small ones only.
pub(crate) const PEGS: [(&str, usize, f64, f64); 3] =
    [("two", 2, 2.5, 5.0), ("two small ones", 2, 1.5, 3.0), ("none", 0, 2.5, 5.0)];
/// Between parts on the bed.
const GAP: Mm = Mm(5.0);

/// Offers the structures that there are, and only what means something now.
pub(crate) fn offer(case: Res<OpenCase>, printing: Res<Printing>, mut tools: ResMut<Tools>) {
    let names = case.structures.iter().map(|s| s.structure.name.clone());
    // First a single one, the most usual; all of them last.
    let names: Vec<String> = names.chain([ALL.to_owned()]).collect();
    Tools::offer(&mut tools, ID, option::STRUCTURE, &names);
    let (one, cut) = (tools.chosen(ID, option::STRUCTURE) != Some(ALL), tools.is_on(ID, option::CUT));
    let made = printing.model.is_some();
    let shown = [
        (option::CUT, one),
        (option::PEGS, one && cut),
        (option::THICKEN, one),
        (option::TO_CROSSHAIR, one && cut),
        (option::COLOURS, made),
        (option::WRITE, made && printing.stale.is_none()),
    ];
    Tools::show_options(&mut tools, ID, &shown);
}

/// Which structures are chosen.
pub(crate) fn structures(case: &OpenCase, tools: &Tools) -> Vec<Arc<Structure>> {
    let chosen = tools.chosen(ID, option::STRUCTURE);
    let wanted = case.structures.iter().filter(|s| match chosen {
        Some(ALL) => s.appearance.is_seen(),
        Some(name) => s.structure.name == name,
        None => false,
    });
    wanted.map(|s| s.structure.clone()).collect()
}

/// Whether one structure is to be cut.
pub(crate) fn cuts(tools: &Tools) -> bool {
    tools.is_on(ID, option::CUT) && tools.chosen(ID, option::STRUCTURE) != Some(ALL)
}

pub(crate) fn bed(tools: &Tools) -> [Mm; 3] {
    let chosen = tools.chosen(ID, option::BED);
    BEDS.iter().find(|(name, _)| chosen == Some(name)).map_or(BEDS[0].1, |(_, size)| *size).map(Mm)
}

pub(crate) fn colours(tools: &Tools) -> Colours {
    Colours::ALL.into_iter().find(|c| tools.chosen(ID, option::COLOURS) == Some(c.name())).unwrap_or_default()
}

fn pegs(tools: &Tools) -> CutOptions {
    let chosen = tools.chosen(ID, option::PEGS);
    let (_, pegs, radius, length) = PEGS.into_iter().find(|(name, ..)| chosen == Some(name)).unwrap_or(PEGS[0]);
    CutOptions { pegs, radius: Mm(radius), length: Mm(length), ..CutOptions::default() }
}

/// How the model is to be made. The first part lies behind the plane's picture.
pub(crate) fn model_options(tools: &Tools, plane: Option<HeldPlane>) -> ModelOptions {
    let scale = tools.chosen(ID, option::SCALE);
    let plane = plane.filter(|_| cuts(tools)).map(|plane| {
        // Micrometres: a plane that looks the same is the same.
        let place = LpsPoint((plane.centre.0 * 1000.0).round() / 1000.0);
        (CutPlane { point: place, normal: plane.normal() }, pegs(tools))
    });
    ModelOptions {
        scale: SCALES.iter().find(|(name, _)| scale == Some(name)).map_or(1.0, |(_, scale)| *scale),
        least_wall: tools.length(ID, option::WALL),
        thicken: tools.is_on(ID, option::THICKEN) && tools.chosen(ID, option::STRUCTURE) != Some(ALL),
        bed: Some(bed(tools)),
        arrange: tools.is_on(ID, option::ARRANGE).then_some(GAP),
        cut: plane,
        ..ModelOptions::default()
    }
}
