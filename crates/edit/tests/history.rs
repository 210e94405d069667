//! Masks follow a plan's history: strokes, undo, redo, merging, other files, stored masks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Memory, all, at, author, ball, brush, grid};
use fabrica_edit::{Brush, Change, EditError, EditSession, Masks};
use fabrica_geometry::{LpsVector, Mm, PatientAxis};
use fabrica_plan::{
    Area, EditOperation, IslandChoice, Limits, Logic, Mode, Operation, Overwrite, Plan, Shape, Smoothing, Stroke,
    StrokePath, Tool, ValueRange,
};
use fabrica_progress::Progress;
use fabrica_volume::{BlockSet, Rgb};
use proptest::prelude::*;

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("b"), Just("c"), Just("new")].prop_map(str::to_owned)
}

fn limits() -> impl Strategy<Value = Limits> {
    let area = prop_oneof![
        4 => Just(Area::Everywhere),
        1 => name().prop_map(|n| Area::Inside(vec![n])),
        1 => name().prop_map(|n| Area::Outside(vec![n])),
    ];
    let values = prop_oneof![
        3 => Just(None),
        1 => Just(Some(ValueRange { lower: Some(0.0), upper: None })),
    ];
    (area, values).prop_map(|(area, values)| Limits { area, values })
}

fn overwrite() -> impl Strategy<Value = Overwrite> {
    prop_oneof![
        2 => Just(Overwrite::None),
        1 => Just(Overwrite::AllBut(vec![])),
        1 => name().prop_map(|n| Overwrite::Only(vec![n])),
    ]
}

fn point() -> impl Strategy<Value = fabrica_geometry::LpsPoint> {
    (0.0..70.0, 0.0..40.0, 0.0..35.0).prop_map(|(i, j, k)| at(&grid(), i, j, k))
}

fn tool() -> impl Strategy<Value = Tool> {
    let mode = || prop_oneof![Just(Mode::Add), Just(Mode::Erase)];
    prop_oneof![
        8 => (prop::collection::vec(point(), 1..4), 1.0..7.0, mode())
            .prop_map(|(p, r, mode)| Tool::Brush { path: StrokePath::new(p).unwrap(), radius: Mm(r), mode }),
        2 => (point(), mode()).prop_map(|(point, mode)| Tool::Cut {
            shape: Shape::HalfSpace { point, normal: LpsVector::new(0.3, 0.5, 0.9) }, inside: true, mode
        }),
        1 => name().prop_map(|n| Tool::Logic(Logic::Subtract(n))),
        1 => point().prop_map(|at| Tool::Islands(IslandChoice::KeepAt { at })),
        1 => Just(Tool::Islands(IslandChoice::KeepLargest { count: 1 })),
        1 => Just(Tool::Smooth(Smoothing::Median { radius: Mm(1.5) })),
        1 => Just(Tool::SmoothJointly { with: vec![], sigma: Mm(1.0) }),
        1 => (point(), mode()).prop_map(|(at, mode)| Tool::LevelTracing { at, across: PatientAxis::InferiorSuperior, mode }),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Stroke(Box<Stroke>),
    Create,
    Undo,
    Redo,
}

fn step() -> impl Strategy<Value = Step> {
    let stroke = (name(), tool(), limits(), overwrite()).prop_map(|(structure, tool, limits, overwrite)| {
        Step::Stroke(Box::new(Stroke { structure, tool, limits, overwrite }))
    });
    prop_oneof![8 => stroke, 1 => Just(Step::Create), 3 => Just(Step::Undo), 1 => Just(Step::Redo)]
}

/// Does a step if it makes sense in this copy of the plan.
fn take(plan: &mut Plan, step: &Step, by: &str) {
    let by = author(by);
    let create = EditOperation::Create { structure: "new".into(), volume: "volume-1".into(), colour: Rgb(1, 2, 3) };
    match step {
        Step::Stroke(stroke) => plan.apply(Operation::from(stroke.as_ref().clone()), &by).map(drop).ok(),
        Step::Create => plan.apply(create.into(), &by).map(drop).ok(),
        Step::Undo => plan.undo(&by).map(drop).ok(),
        Step::Redo => plan.redo(&by).map(drop).ok(),
    };
}

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..most)
}

/// The masks at hand are those that the plan makes from scratch.
fn check(masks: &mut Masks, memory: &Memory, plan: &Plan) {
    let progress = Progress::new();
    masks.bring_to(&plan.program(), memory, &progress).unwrap();
    let (expected, refused) = all(memory, plan);
    assert_eq!(masks.standings().keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    // From stored masks on it is not known what was refused before them.
    if memory.stored.lock().unwrap().is_empty() {
        assert_eq!(masks.refused().len(), refused);
    }
    for (name, mask) in &expected {
        assert!(*masks.mask(name, memory, &progress).unwrap().as_ref() == *mask, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn plans_edited_apart_merge_to_the_same_masks_in_either_order(
        common in steps(6), left in steps(8), right in steps(8), store: bool
    ) {
        let memory = Memory::new();
        let mut a = memory.plan();
        let mut masks = Masks::new();
        for step in &common {
            take(&mut a, step, "anna");
            check(&mut masks, &memory, &a);
        }
        let mut b = Plan::from_bytes(&a.snapshot().unwrap()).unwrap();
        memory.declare(&mut b);
        for step in &left {
            take(&mut a, step, "anna");
            // Anna's masks go along step by step.
            check(&mut masks, &memory, &a);
        }
        for step in &right {
            take(&mut b, step, "ben");
        }
        if store {
            memory.store(&mut masks);
        }
        let from_a = a.snapshot().unwrap();
        a.import_updates(&b.snapshot().unwrap()).unwrap();
        b.import_updates(&from_a).unwrap();
        prop_assert_eq!(a.program(), b.program());
        check(&mut masks, &memory, &a);
        prop_assert_eq!(all(&memory, &a), all(&memory, &b));
        // Anna and Ben take back what is theirs, in turn.
        for who in ["anna", "ben", "anna", "ben"] {
            take(&mut a, &Step::Undo, who);
            check(&mut masks, &memory, &a);
        }
    }

    #[test]
    fn a_brush_in_use_does_what_its_stroke_does(
        points in prop::collection::vec(point(), 1..6), limits in limits(), overwrite in overwrite(), add: bool
    ) {
        let memory = Memory::new();
        let mut plan = memory.plan();
        take(&mut plan, &Step::Create, "anna");
        let mut masks = Masks::new();
        let progress = Progress::new();
        masks.bring_to(&plan.program(), &memory, &progress).unwrap();
        let mode = if add { Mode::Add } else { Mode::Erase };
        let brush = Brush { structure: "b".into(), radius: Mm(4.0), mode, limits, overwrite };
        let mut session = EditSession::begin(brush, &mut masks, &memory, &progress).unwrap();
        let mut told: std::collections::BTreeMap<String, BlockSet> = Default::default();
        for point in points {
            for (name, blocks) in session.move_to(point).unwrap() {
                told.entry(name).or_insert_with(|| BlockSet::empty(&grid())).extend(&blocks);
            }
        }
        let live: Vec<_> = session.structures().map(|n| (n.to_owned(), session.mask(n).unwrap().clone())).collect();
        let stroke = session.finish(&mut masks).unwrap().unwrap();
        plan.apply(stroke.into(), &author("anna")).unwrap();
        let changes = masks.bring_to(&plan.program(), &memory, &progress).unwrap();
        for (name, mask) in live {
            prop_assert!(*masks.mask(&name, &memory, &progress).unwrap() == *mask, "{}", name);
            // The blocks told while painting are those that the stroke changed.
            let blocks = match changes.get(&name) {
                Some(Change::Blocks(blocks)) => Some(blocks.clone()).filter(|b| !b.is_empty()),
                None => None,
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(told.get(&name).cloned(), blocks);
        }
        check(&mut masks, &memory, &plan);
    }
}

#[test]
fn stored_masks_spare_the_work_and_damaged_ones_are_not_believed() {
    let memory = Memory::new();
    let mut plan = memory.plan();
    let grid = grid();
    let anna = author("anna");
    let paint = |plan: &mut Plan, name: &str, i: f64| {
        plan.apply(brush(name, &[at(&grid, i, 20.0, 17.0)], 5.0, Mode::Add).into(), &anna).unwrap();
    };
    (0..5).for_each(|n| paint(&mut plan, "a", 20.0 + f64::from(n)));
    let mut masks = Masks::new();
    check(&mut masks, &memory, &plan);
    memory.store(&mut masks);
    paint(&mut plan, "a", 40.0);

    // Opened again: the file of `a` is not even read.
    *memory.reads.lock().unwrap() = 0;
    let mut opened = Masks::new();
    opened.bring_to(&plan.program(), &memory, &Progress::new()).unwrap();
    assert_eq!(*memory.reads.lock().unwrap(), 0);
    check(&mut opened, &memory, &plan);
    // Back beyond what was stored.
    (0..3).for_each(|_| drop(plan.undo(&anna).unwrap()));
    check(&mut opened, &memory, &plan);
    (0..3).for_each(|_| drop(plan.redo(&anna).unwrap()));
    check(&mut opened, &memory, &plan);

    // Every byte of a stored mask counts.
    let (version, bytes) = memory.stored.lock().unwrap().first_key_value().map(|(v, b)| (*v, b.clone())).unwrap();
    for at in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        memory.stored.lock().unwrap().insert(version, damaged);
        let mut opened = Masks::new();
        opened.bring_to(&plan.program(), &memory, &Progress::new()).unwrap();
        check(&mut opened, &memory, &plan);
    }
}

#[test]
fn strokes_stay_with_the_file_that_they_were_made_on() {
    let mut memory = Memory::new();
    let mut plan = memory.plan();
    let grid = grid();
    let anna = author("anna");
    let mut masks = Masks::new();
    plan.apply(brush("a", &[at(&grid, 60.0, 30.0, 5.0)], 3.0, Mode::Add).into(), &anna).unwrap();
    plan.apply(Stroke::new("b", Tool::Logic(Logic::Add("a".into()))).into(), &anna).unwrap();
    check(&mut masks, &memory, &plan);
    let b = all(&memory, &plan).0["b"].clone();
    // `a` is separated anew: the new file is as it is, and `b` keeps what it got from the old one.
    let new = fabrica_plan::Base { id: "structure-c".into(), sha256: "c".repeat(64), volume: "volume-1".into() };
    let set = EditOperation::SetBase { structure: "a".into(), from: Some(Memory::base_of("a")), to: Some(new.clone()) };
    plan.apply(set.into(), &anna).unwrap();
    check(&mut masks, &memory, &plan);
    let now = all(&memory, &plan).0;
    assert_eq!((&now["a"], &now["b"]), (&memory.bases["c"], &b));
    // Removed: gone, and strokes on it change nothing.
    let gone = EditOperation::SetBase { structure: "a".into(), from: Some(new), to: None };
    plan.apply(gone.into(), &anna).unwrap();
    plan.apply(brush("a", &[at(&grid, 60.0, 30.0, 5.0)], 3.0, Mode::Add).into(), &anna).unwrap();
    check(&mut masks, &memory, &plan);
    assert!(!masks.standings().contains_key("a"));
    // Undo takes back the strokes, not what the case did.
    (0..3).for_each(|_| drop(plan.undo(&anna).unwrap()));
    check(&mut masks, &memory, &plan);
    assert_eq!(all(&memory, &plan).0["b"], memory.bases["b"]);

    // A file that came without a word of the plan is there.
    memory.bases.insert("d".into(), ball(&grid, [10.0, 10.0, 10.0], 3.0));
    check(&mut masks, &memory, &plan);
    assert!(masks.standings().contains_key("d"));
}

#[test]
fn trying_out_changes_nothing_and_tells_what_would() {
    let memory = Memory::new();
    let mut masks = Masks::new();
    let plan = memory.plan();
    let progress = Progress::new();
    masks.bring_to(&plan.program(), &memory, &progress).unwrap();
    let erase = Stroke::new("a", Tool::Logic(Logic::Clear));
    let tally = masks.try_out(&erase, &memory, &progress).unwrap();
    assert_eq!((tally["a"].gained, tally["a"].lost), (0, memory.bases["a"].count() as u64));
    check(&mut masks, &memory, &plan);
    let nowhere = Stroke::new("a", Tool::Islands(IslandChoice::KeepAt { at: at(&grid(), 0.0, 0.0, 0.0) }));
    assert!(matches!(masks.try_out(&nowhere, &memory, &progress), Err(EditError::Tool(_))));
    let cancelled = Progress::new();
    cancelled.cancel();
    let median = Stroke::new("a", Tool::Smooth(Smoothing::Median { radius: Mm(2.0) }));
    masks.try_out(&median, &memory, &cancelled).unwrap_err();
    check(&mut masks, &memory, &plan);
}
