//! Trajectories with what was found and decided about them.

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_plan::{
    ApproachOperation, Assessment, Author, Item, ItemKind, ItemOperation, Operation, Plan, PlannedClearance,
    PlannedCrossing, Trajectory,
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
