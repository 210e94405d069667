//! Trajectories with what was found and decided about them.

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_plan::{
    ApproachOperation, Assessment, Author, Item, ItemKind, ItemOperation, MeasuredData, Operation, Plan,
    PlannedClearance, PlannedCrossing, RecordSample, RecordedAlarm, RehearsalRecord, Role, ScrewCheck, Trajectory,
    Watch,
};

fn trajectory(target: f64) -> Trajectory {
    let (entry, target) = (LpsPoint::new(0.0, -90.0, 0.0), LpsPoint::new(0.0, 0.0, target));
    Trajectory { entry, target, diameter: Mm(1.3), safety: Mm(2.0) }
}

fn assessment(of: Trajectory) -> Assessment {
    Assessment {
        entry: of.entry,
        target: of.target,
        instrument: "needle 1.3 mm".into(),
        clearances: vec![PlannedClearance {
            structure: "aorta".into(),
            distance: Mm(6.5),
            error: Mm(0.8),
            stop: Mm(2.0),
        }],
        crossings: vec![PlannedCrossing { structure: "liver".into(), from: Mm(20.0), to: Mm(70.0) }],
        data: vec![MeasuredData { name: "aorta".into(), sha256: "0a".repeat(32) }],
    }
}

#[test]
fn assessments_and_decisions_stay_with_their_trajectory() {
    let by = Author::new("surgeon").unwrap();
    let mut plan = Plan::new();
    let set = |target| {
        Operation::Item(ItemOperation::Set { name: "way 1".into(), item: Item::Trajectory(trajectory(target)) })
    };
    let assess =
        |a: Assessment| Operation::Approach(ApproachOperation::Assess { trajectory: "way 1".into(), assessment: a });
    let found = assessment(trajectory(0.0));
    // There is no trajectory yet.
    assert!(plan.apply(assess(found.clone()), &by).is_err());
    plan.apply(set(0.0), &by).unwrap();
    plan.apply(assess(found.clone()), &by).unwrap();
    let reject =
        ApproachOperation::Decide { trajectory: "way 1".into(), chosen: false, reason: "through the pleura".into() };
    plan.apply(Operation::Approach(reject), &by).unwrap();
    let approach = &plan.state().approaches["way 1"];
    assert_eq!(approach.assessment_of(&trajectory(0.0)), Some(&found));
    assert!(!approach.decisions[0].chosen);

    // Once the trajectory moves, what was found for it no longer holds.
    plan.apply(set(5.0), &by).unwrap();
    assert_eq!(plan.state().approaches["way 1"].assessment_of(&trajectory(5.0)), None);

    let mut wrong = found;
    wrong.clearances[0].distance = Mm(f64::NAN);
    assert!(plan.apply(assess(wrong), &by).is_err());

    plan.apply(Operation::Item(ItemOperation::Remove { kind: ItemKind::Trajectory, name: "way 1".into() }), &by)
        .unwrap();
    assert!(plan.state().approaches.is_empty());
}

/// Safety distances, a screw and a record go into the plan, are undone, and are read again from its bytes.
#[test]
fn a_rehearsal_is_kept_undone_and_read_again() {
    let by = Author::new("surgeon").unwrap();
    let mut plan = Plan::new();
    assert_eq!(plan.state().watch("aorta"), Watch::default());
    let watch = |stop, warn| {
        let watch = Watch { role: Role::Avoid, stop: Mm(stop), warn: Mm(warn) };
        Operation::Approach(ApproachOperation::Watch { structure: "aorta".into(), watch })
    };
    plan.apply(watch(3.0, 8.0), &by).unwrap();
    assert!(plan.apply(watch(8.0, 3.0), &by).is_err());
    assert!(plan.apply(watch(f64::NAN, 3.0), &by).is_err());
    assert_eq!(plan.state().watch("aorta").warn, Mm(8.0));
    plan.undo(&by).unwrap();
    assert_eq!(plan.state().watch("aorta"), Watch::default());
    plan.redo(&by).unwrap();

    let tip = LpsPoint::new(1.0, -2.5, 3.0004);
    let sample = |ms, near| RecordSample::new(ms, tip, glam::DVec3::new(0.0, 0.6, 0.8), Some((0, Mm(near))));
    let record = RehearsalRecord {
        instrument: "needle 1.3 mm".into(),
        structures: vec!["aorta".into()],
        samples: vec![sample(0, 9.0), sample(400, 1.25), sample(900, 4.0)],
        alarms: vec![RecordedAlarm { structure: 0, from_ms: 400, to_ms: 900, stop: true, least: Mm(1.25) }],
    };
    let keep = |record: RehearsalRecord| {
        Operation::Approach(ApproachOperation::Rehearsed { name: "Rehearsal 1".into(), record })
    };
    plan.apply(keep(record.clone()), &by).unwrap();
    let again = Plan::from_bytes(&plan.snapshot().unwrap()).unwrap();
    assert_eq!(again.state(), plan.state());
    let kept = &again.state().rehearsals[0].record;
    assert_eq!(kept.least(), Some(("aorta", Mm(1.25), 0.4)));
    assert!((kept.samples[1].tip().distance(tip).0) < 0.001 && kept.samples[1].forward().y == 0.6);
    // Out of order, and of a structure that is not there.
    let mut wrong = record.clone();
    wrong.samples.swap(0, 2);
    assert!(plan.apply(keep(wrong), &by).is_err());
    let mut wrong = record;
    wrong.structures.clear();
    assert!(plan.apply(keep(wrong), &by).is_err());

    let check = ScrewCheck {
        bone: "vertebra".into(),
        entry: tip,
        tip: LpsPoint::new(1.0, -40.0, 3.0),
        diameter: Mm(6.5),
        wall: Mm(0.4),
        error: Mm(0.6),
        at: Mm(12.0),
        possible: true,
        purchase: Some(310.0),
    };
    let keep = Operation::Approach(ApproachOperation::CheckScrew { implant: "Screw 1".into(), check });
    // There is no such implant.
    assert!(plan.apply(keep.clone(), &by).is_err());
    let implant = fabrica_plan::Implant {
        model: "pedicle screw".into(),
        mesh_sha256: "0".repeat(64),
        origin: tip,
        axes: [fabrica_geometry::LpsVector::new(1.0, 0.0, 0.0), fabrica_geometry::LpsVector::new(0.0, 1.0, 0.0)],
    };
    let place = |origin| {
        let item = Item::Implant(fabrica_plan::Implant { origin, ..implant.clone() });
        Operation::Item(ItemOperation::Set { name: "Screw 1".into(), item })
    };
    plan.apply(place(tip), &by).unwrap();
    plan.apply(keep, &by).unwrap();
    assert!(plan.state().screws["Screw 1"].possible);
    // Moved, what was found no longer holds.
    plan.apply(place(LpsPoint::default()), &by).unwrap();
    assert!(plan.state().screws.is_empty());
}

#[test]
fn an_assessment_of_before_opens_and_a_hash_must_be_one() {
    // As schema 6 wrote it: without what it was made of.
    let mut old = serde_json::to_value(assessment(trajectory(0.0))).unwrap();
    old.as_object_mut().unwrap().remove("data");
    let read: Assessment = serde_json::from_value(old.clone()).unwrap();
    assert!(read.data.is_empty());
    assert_eq!(serde_json::to_value(&read).unwrap(), old);
    let by = Author::new("surgeon").unwrap();
    let mut plan = Plan::new();
    let way = Item::Trajectory(trajectory(0.0));
    plan.apply(Operation::Item(ItemOperation::Set { name: "way 1".into(), item: way }), &by).unwrap();
    let mut wrong = assessment(trajectory(0.0));
    wrong.data[0].sha256 = "none".into();
    let assess = ApproachOperation::Assess { trajectory: "way 1".into(), assessment: wrong };
    assert!(plan.apply(Operation::Approach(assess), &by).is_err());
}
