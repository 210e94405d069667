//! Strokes and their management, items, reviews: what a plan takes, refuses, and says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_plan::{
    Annotation, AnnotationMark, Area, Author, Decision, EditOperation, Implant, Item, ItemKind, ItemOperation, Limits,
    Mode, Operation, Overwrite, Plan, PlanError, ProgramStep, Resection, ReviewOperation, ReviewSubject, Shape, Stroke,
    StrokePath, StructureProgress, Tool, Trajectory, ValueRange, VolumeMask, VolumeSide,
};
use fabrica_volume::Rgb;
use proptest::prelude::*;

fn author(name: &str) -> Author {
    Author::new(name).unwrap()
}

fn point(x: f64) -> LpsPoint {
    LpsPoint::new(x, 2.0, 3.0)
}

fn brush(structure: &str, x: f64) -> Stroke {
    let path = StrokePath::new([point(x), point(x + 1.0)]).unwrap();
    Stroke::new(structure, Tool::Brush { path, radius: Mm(10.0), mode: Mode::Add })
}

fn create(name: &str) -> Operation {
    EditOperation::Create { structure: name.into(), volume: "volume-1".into(), colour: Rgb(9, 9, 9) }.into()
}

/// A plan of a case with two structures.
fn plan() -> Plan {
    let mut plan = Plan::new();
    plan.declare(["bone".to_owned(), "skin".to_owned()], ["volume-1".to_owned()]);
    plan
}

#[test]
fn a_stroke_is_short_and_comes_back_as_it_was() {
    let mut path = StrokePath::default();
    for n in 0..100 {
        path.push(LpsPoint::new(-51.234, 20.0 + f64::from(n) * 0.513, 300.0 - f64::from(n * n) * 0.01)).unwrap();
    }
    let stroke = Stroke::new("bone", Tool::Brush { path, radius: Mm(10.0), mode: Mode::Add });
    let text = serde_json::to_string(&Operation::from(stroke.clone())).unwrap();
    assert!(text.len() < 1300, "{} bytes for 100 points", text.len());
    assert_eq!(serde_json::from_str::<Operation>(&text).unwrap(), stroke.into());
    let short = serde_json::to_string(&Operation::from(brush("bone", 1.0))).unwrap();
    assert_eq!(
        short,
        r#"{"edit":{"stroke":{"structure":"bone","tool":{"brush":{"path":[1000,2000,3000,1000,0,0],"radius":10.0,"mode":"add"}}}}}"#
    );
}

proptest! {
    #[test]
    fn paths_come_back_to_the_micrometre(points in prop::collection::vec(prop::array::uniform3(-9e4..9e4f64), 1..50)) {
        let path = StrokePath::new(points.iter().map(|p| LpsPoint::new(p[0], p[1], p[2]))).unwrap();
        let text = serde_json::to_string(&path).unwrap();
        let again: StrokePath = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&again, &path);
        for (given, kept) in points.iter().zip(path.points()) {
            prop_assert!(kept.distance(LpsPoint::new(given[0], given[1], given[2])).0 < 0.001);
        }
        // What was recorded is recorded as the same again.
        prop_assert_eq!(StrokePath::new(path.points()).unwrap(), path);
    }
}

#[test]
fn structures_are_made_in_the_plan_and_unmade_by_undo() {
    let (mut plan, anna, ben) = (plan(), author("anna"), author("ben"));
    assert!(matches!(plan.apply(brush("lesion", 0.0).into(), &anna), Err(PlanError::UnknownStructure { .. })));
    plan.apply(create("lesion"), &anna).unwrap();
    assert!(matches!(plan.apply(create("lesion"), &ben), Err(PlanError::Exists { .. })));
    assert!(matches!(plan.apply(create("bone"), &ben), Err(PlanError::Exists { .. })));
    plan.apply(brush("lesion", 0.0).into(), &ben).unwrap();
    assert_eq!(plan.program().steps().len(), 2);
    plan.undo(&anna).unwrap();
    assert!(plan.state().edits.created.is_empty());
    assert!(matches!(plan.program().steps()[0].1, ProgramStep::Stroke(_)));
    plan.redo(&anna).unwrap();
    assert_eq!(plan.state().edits.created["lesion"].by, anna);
    // Replay: the program as it was then, also before the undo.
    let lengths: Vec<_> = (0..=plan.history().len()).map(|n| plan.program_after(n).steps().len()).collect();
    assert_eq!(lengths, [0, 1, 2, 1, 2]);
}

#[test]
fn locks_hold_against_strokes_overwriting_and_undo() {
    let (mut plan, anna, ben) = (plan(), author("anna"), author("ben"));
    plan.apply(brush("bone", 0.0).into(), &anna).unwrap();
    plan.apply(EditOperation::Lock { structure: "bone".into(), locked: true }.into(), &ben).unwrap();
    let locked = |r: Result<_, PlanError>| matches!(r, Err(PlanError::Locked { .. }));
    assert!(locked(plan.apply(brush("bone", 1.0).into(), &anna)));
    assert!(locked(plan.undo(&anna)));
    let over = |overwrite| Stroke { overwrite, ..brush("skin", 1.0) };
    assert!(locked(plan.apply(over(Overwrite::AllBut(vec![])).into(), &anna)));
    assert!(locked(plan.apply(over(Overwrite::Only(vec!["bone".into()])).into(), &anna)));
    plan.apply(over(plan.state().overwrite_all()).into(), &anna).unwrap();
    plan.apply(over(plan.state().overwrite_visible(["bone", "skin"])).into(), &anna).unwrap();
    assert_eq!(plan.state().overwrite_visible(["bone", "skin"]), Overwrite::Only(vec!["skin".into()]));
    plan.apply(EditOperation::Lock { structure: "bone".into(), locked: false }.into(), &anna).unwrap();
    plan.apply(brush("bone", 1.0).into(), &anna).unwrap();
}

#[test]
fn progress_and_volume_masks_are_kept() {
    let (mut plan, anna) = (plan(), author("anna"));
    assert_eq!(plan.state().edits.progress("bone"), StructureProgress::NotStarted);
    for progress in [StructureProgress::InProgress, StructureProgress::Completed, StructureProgress::Flagged] {
        plan.apply(EditOperation::SetProgress { structure: "bone".into(), progress }.into(), &anna).unwrap();
        assert_eq!(plan.state().edits.progress("bone"), progress);
    }
    let mask = VolumeMask { structure: "skin".into(), fill: VolumeSide::Outside, value: -1024.0 };
    let set = |mask| Operation::from(EditOperation::MaskVolume { volume: "volume-1".into(), mask });
    plan.apply(set(Some(mask.clone())), &anna).unwrap();
    assert_eq!(plan.state().edits.volume_masks["volume-1"], mask);
    plan.apply(set(None), &anna).unwrap();
    assert!(plan.state().edits.volume_masks.is_empty());
    plan.undo(&anna).unwrap();
    assert_eq!(plan.state().edits.volume_masks["volume-1"], mask);
}

#[test]
fn items_of_each_kind_are_set_moved_and_removed() {
    let (mut plan, anna) = (plan(), author("anna"));
    let outline = StrokePath::new([point(0.0), point(1.0), LpsPoint::new(0.0, 9.0, 3.0)]).unwrap();
    let annotation =
        Annotation { mark: AnnotationMark::Outline, points: outline, text: "fracture".into(), colour: Rgb(255, 0, 0) };
    let trajectory = Trajectory { entry: point(0.0), target: point(50.0), diameter: Mm(2.5), safety: Mm(2.0) };
    let implant = Implant {
        model: "plate 4 holes".into(),
        mesh_sha256: "ab".repeat(32),
        origin: point(3.0),
        axes: [LpsVector::new(0.6, 0.8, 0.0), LpsVector::new(-0.8, 0.6, 0.0)],
    };
    let resection = Resection {
        structure: "bone".into(),
        region: Shape::HalfSpace { point: point(0.0), normal: LpsVector::new(0.0, 0.0, 2.0) },
        margin: Mm(5.0),
    };
    let items = [
        Item::Annotation(annotation.clone()),
        Item::Trajectory(trajectory),
        Item::Implant(implant.clone()),
        Item::Resection(resection.clone()),
    ];
    for item in items {
        plan.apply(Operation::Item(ItemOperation::Set { name: "first".into(), item }), &anna).unwrap();
    }
    let items = &plan.state().items;
    assert_eq!((&items.annotations["first"], &items.trajectories["first"]), (&annotation, &trajectory));
    assert_eq!((&items.implants["first"], &items.resections["first"]), (&implant, &resection));
    let again = Plan::from_bytes(&plan.snapshot().unwrap()).unwrap();
    assert_eq!(again.state(), plan.state());
    for kind in [ItemKind::Annotation, ItemKind::Trajectory, ItemKind::Implant, ItemKind::Resection] {
        let remove = Operation::Item(ItemOperation::Remove { kind, name: "first".into() });
        plan.apply(remove.clone(), &anna).unwrap();
        assert!(matches!(plan.apply(remove, &anna), Err(PlanError::Unknown { .. })));
    }
    assert_eq!(plan.state().items, Default::default());

    // A mirrored implant cannot be written down; one with skewed axes is refused.
    let skewed = Implant { axes: [LpsVector::new(1.0, 0.0, 0.0), LpsVector::new(0.6, 0.8, 0.0)], ..implant };
    let bad = [
        Item::Implant(skewed),
        Item::Trajectory(Trajectory { target: point(0.0), ..trajectory }),
        Item::Annotation(Annotation { mark: AnnotationMark::Label, ..annotation }),
        Item::Resection(Resection { structure: "liver".into(), ..resection }),
    ];
    for item in bad {
        plan.apply(Operation::Item(ItemOperation::Set { name: "x".into(), item }), &anna).unwrap_err();
    }
}

#[test]
fn a_review_holds_for_what_the_reviewer_saw() {
    let (mut plan, anna, ben) = (plan(), author("anna"), author("ben"));
    plan.apply(brush("bone", 0.0).into(), &anna).unwrap();
    let decide = |subject, seen| {
        let reason = "looked at every slice".to_owned();
        Operation::Review(ReviewOperation::Decide { subject, decision: Decision::Approve, reason, seen })
    };
    assert!(matches!(plan.apply(decide(ReviewSubject::Plan, 0), &ben), Err(PlanError::Unseen { seen: 0, now: 1 })));
    plan.apply(decide(ReviewSubject::Structure("skin".into()), 1), &ben).unwrap();
    plan.apply(decide(ReviewSubject::Plan, 2), &ben).unwrap();
    let current = |plan: &Plan| plan.state().reviews.iter().map(|r| plan.is_current(r)).collect::<Vec<_>>();
    assert_eq!(current(&plan), [true, true]);
    // Undo is no way to take back what was signed.
    assert!(matches!(plan.undo(&ben), Err(PlanError::Nothing { .. })));

    // A colleague's stroke on the bone, made apart, comes in: the plan is not what was approved, the skin still is.
    let mut other = Plan::from_bytes(&plan.snapshot().unwrap()).unwrap();
    other.apply(brush("bone", 5.0).into(), &anna).unwrap();
    let mut merged = Plan::from_bytes(&plan.snapshot().unwrap()).unwrap();
    merged.import_updates(&other.snapshot().unwrap()).unwrap();
    assert_eq!(current(&merged), [true, false]);
    // One that overwrites the skin changes it.
    let over = Stroke { overwrite: Overwrite::AllBut(vec![]), ..brush("bone", 6.0) };
    merged.apply(over.into(), &anna).unwrap();
    assert_eq!(current(&merged), [false, false]);

    let decision = plan.state().reviews[1].id;
    let withdraw = ReviewOperation::Withdraw { decision, reason: "overlooked a vessel".into() };
    plan.apply(Operation::Review(withdraw), &ben).unwrap();
    assert_eq!(plan.state().reviews.len(), 1);
}

#[test]
fn strokes_that_make_no_sense_are_refused() {
    let mut plan = plan();
    let anna = author("anna");
    let path = StrokePath::new([point(0.0)]).unwrap();
    let cut = |shape| Tool::Cut { shape, inside: true, mode: Mode::Erase };
    let outline = StrokePath::new([point(0.0), point(1.0), LpsPoint::new(0.0, 9.0, 3.0)]).unwrap();
    let values = |lower, upper| ValueRange { lower, upper };
    let tools = [
        Tool::Brush { path: StrokePath::default(), radius: Mm(3.0), mode: Mode::Add },
        Tool::Brush { path: path.clone(), radius: Mm(f64::NAN), mode: Mode::Add },
        Tool::Brush { path: path.clone(), radius: Mm(0.0), mode: Mode::Add },
        cut(Shape::Prism { outline: path, along: LpsVector::new(0.0, 0.0, 1.0), thickness: None }),
        cut(Shape::Prism { outline: outline.clone(), along: LpsVector::new(0.0, 0.0, 0.0), thickness: None }),
        cut(Shape::Prism { outline: outline.clone(), along: LpsVector::new(0.0, 0.0, 1.0), thickness: Some(Mm(-1.0)) }),
        // A corner behind the eye.
        cut(Shape::Cone { outline, eye: LpsPoint::new(0.0, 0.0, 9.0), along: LpsVector::new(0.0, 0.0, 1.0) }),
        cut(Shape::Box {
            centre: point(0.0),
            half: [LpsVector::new(1.0, 0.0, 0.0), LpsVector::new(1.0, 1.0, 0.0), LpsVector::new(0.0, 0.0, 1.0)],
        }),
        Tool::Threshold { values: values(Some(5.0), Some(1.0)), mode: Mode::Add },
        Tool::Threshold { values: values(Some(f64::INFINITY), None), mode: Mode::Add },
        Tool::GrowFromSeeds { with: vec![], per_mm: 1.0, margin: None },
        Tool::GrowFromSeeds { with: vec!["bone".into()], per_mm: 1.0, margin: None },
        Tool::Margin { by: Mm(f64::INFINITY) },
    ];
    for tool in tools {
        let stroke = Stroke::new("bone", tool.clone());
        assert!(matches!(plan.apply(stroke.into(), &anna), Err(PlanError::Invalid { .. })), "{tool:?}");
    }
    let limits = Limits { area: Area::Inside(vec!["liver".into()]), values: None };
    let limited = Stroke { limits, ..brush("bone", 0.0) };
    assert!(matches!(plan.apply(limited.into(), &anna), Err(PlanError::UnknownStructure { .. })));
    assert!(plan.history().is_empty());
    for text in
        ["[1,2]", "[200000000,0,0]", "[100000000,0,0,1,0,0]", "[9223372036854775807,0,0,9223372036854775807,0,0]"]
    {
        assert!(serde_json::from_str::<StrokePath>(text).is_err(), "{text}");
    }
    let far = StrokePath::new([LpsPoint::new(f64::NAN, 0.0, 0.0)]);
    assert!(far.is_err());
}
