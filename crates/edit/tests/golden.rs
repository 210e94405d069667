//! The same bits on every machine: hashes of what each tool makes. A hash here that changes means that old plans no longer
//! replay as they were made: then a new tool is needed, not a new hash.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

mod common;

use common::{Memory, after, at, brush, grid};
use fabrica_edit::hash_of;
use fabrica_geometry::{LpsVector, Mm, Mm3, PatientAxis};
use fabrica_plan::{
    Area, HollowSide, IslandChoice, Limits, Logic, Mode, Overwrite, Shape, Smoothing, Stroke, StrokePath, Tool,
    ValueRange,
};

fn strokes() -> Vec<(&'static str, Stroke)> {
    let grid = grid();
    let line = [at(&grid, 12.3, 8.1, 4.4), at(&grid, 55.7, 31.9, 29.2), at(&grid, 60.0, 9.0, 20.0)];
    let outline = StrokePath::new([(5.3, 4.7), (61.1, 9.2), (33.3, 36.6)].map(|(i, j)| at(&grid, i, j, 9.0))).unwrap();
    let tilted = LpsVector::new(0.21, -0.34, 0.87);
    let eye = at(&grid, 30.0, 20.0, 9.0) - tilted * 150.0;
    let cut = |shape| Stroke::new("a", Tool::Cut { shape, inside: true, mode: Mode::Add });
    let values = ValueRange { lower: Some(-10.0), upper: Some(310.0) };
    let one = |tool| Stroke::new("b", tool);
    vec![
        ("brush", brush("a", &line, 4.3, Mode::Add)),
        (
            "limited",
            Stroke {
                limits: Limits { area: Area::Outside(vec!["c".into()]), values: Some(values) },
                overwrite: Overwrite::AllBut(vec![]),
                ..brush("a", &line, 6.1, Mode::Add)
            },
        ),
        ("drawing", cut(Shape::Prism { outline: outline.clone(), along: tilted, thickness: Some(Mm(3.1)) })),
        ("scissors", cut(Shape::Prism { outline: outline.clone(), along: tilted, thickness: None })),
        ("scissors in perspective", cut(Shape::Cone { outline, eye, along: tilted })),
        (
            "level",
            one(Tool::LevelTracing {
                at: at(&grid, 22.0, 20.0, 17.0),
                across: PatientAxis::InferiorSuperior,
                mode: Mode::Add,
            }),
        ),
        ("threshold", one(Tool::Threshold { values, mode: Mode::Erase })),
        (
            "growing",
            one(Tool::GrowFromSeeds { with: vec!["a".into(), "c".into()], per_mm: 2.5, margin: Some(Mm(5.0)) }),
        ),
        ("islands", one(Tool::Islands(IslandChoice::RemoveSmaller { than: Mm3(50.0) }))),
        ("median", one(Tool::Smooth(Smoothing::Median { radius: Mm(2.1) }))),
        ("opening", one(Tool::Smooth(Smoothing::Opening { radius: Mm(3.3) }))),
        ("closing", one(Tool::Smooth(Smoothing::Closing { radius: Mm(2.7) }))),
        ("Gaussian", one(Tool::Smooth(Smoothing::Gaussian { sigma: Mm(1.7) }))),
        ("jointly", one(Tool::SmoothJointly { with: vec!["a".into(), "c".into()], sigma: Mm(1.7) })),
        ("margin", one(Tool::Margin { by: Mm(3.1) })),
        ("hollow", one(Tool::Hollow { thickness: Mm(2.2), side: HollowSide::Middle })),
        ("logic", one(Tool::Logic(Logic::Exclusive("a".into())))),
    ]
}

const GOLDEN: &str = include_str!("data/golden.txt");

#[test]
fn every_tool_makes_the_bits_that_it_always_made() {
    let memory = Memory::new();
    let mut found = String::new();
    for (name, stroke) in strokes() {
        let masks = after(&memory, stroke);
        let all: String = masks.values().map(|m| format!(" {:.12}", hash_of(m).to_string())).collect();
        found += &format!("{name}:{all}\n");
    }
    // Filling between slices needs gaps.
    let mut gaps = Memory::new();
    let b = gaps.bases["b"].clone();
    let kept = fabrica_volume::Mask::from_fn(grid(), |n| b.get(grid().position(n)) && grid().position(n)[2] % 4 == 1);
    gaps.bases.insert("b".into(), kept);
    let filled = after(&gaps, Stroke::new("b", Tool::FillBetweenSlices { across: PatientAxis::InferiorSuperior }));
    found += &format!("between slices: {:.12}\n", hash_of(&filled["b"]).to_string());
    if std::env::var("FABRICA_SHOW_GOLDEN").is_ok() {
        println!("{found}");
    }
    assert_eq!(found, GOLDEN);
}
