//! What is said about the validity of a structure, and who may not say it twice.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use fabrica_geometry::{LpsPoint, Mm, Mm3};
use fabrica_plan::{
    Author, DimensionalCheck, DoubtSide, DoubtfulRegion, OpId, Operation, Plan, PlanError, Specks, ValidationOperation,
    Verdict, WorkList,
};

fn region(number: u32) -> DoubtfulRegion {
    DoubtfulRegion {
        number,
        side: DoubtSide::Inside,
        at: LpsPoint::new(1.0, 2.0, 3.0),
        low: [1, 2, 3],
        high: [4, 5, 6],
        volume: Mm3(64.0),
        probability: 0.6,
        expected_error: Mm3(25.6),
        content: "a".repeat(64),
    }
}

fn list(regions: u32) -> WorkList {
    WorkList {
        structure: "liver".into(),
        base: "structure-2".into(),
        found_by: "a network".into(),
        calibration: None,
        threshold: 0.85,
        regions: (1..=regions).map(region).collect(),
        specks: Specks { count: 0, volume: Mm3(0.0), expected_error: Mm3(0.0), smaller_than: Mm3(4.0) },
    }
}

fn decide(list: OpId, region: u32, verdict: Verdict) -> ValidationOperation {
    let (content, mask) = ("a".repeat(64), "b".repeat(64));
    ValidationOperation::Decide { structure: "liver".into(), list, region, verdict, content, mask, reason: None }
}

fn check(tolerance: f64) -> DimensionalCheck {
    DimensionalCheck {
        structure: "liver".into(),
        mask: "b".repeat(64),
        images: "c".repeat(64),
        points: [LpsPoint::new(0.0, 0.0, 0.0), LpsPoint::new(40.0, 0.0, 0.0)],
        in_images: Mm(40.0),
        on_structure: Mm(40.5),
        tolerance: Mm(tolerance),
    }
}

#[test]
fn lists_decisions_checks_and_signatures_stand_and_are_read_again() {
    let by = Author::new("reviewer").unwrap();
    let mut plan = Plan::new();
    let mut apply = |o: ValidationOperation| plan.apply(Operation::Validation(o), &by);
    let first = apply(ValidationOperation::List(list(2))).unwrap().id;
    apply(decide(first, 1, Verdict::Reject)).unwrap();
    apply(decide(first, 1, Verdict::Accept)).unwrap();
    // There is no region 3.
    assert!(matches!(apply(decide(first, 3, Verdict::Accept)), Err(PlanError::Unknown { .. })));
    apply(ValidationOperation::Check(check(1.0))).unwrap();
    apply(ValidationOperation::Validate { structure: "liver".into(), mask: "b".repeat(64) }).unwrap();
    let said = plan.state().validations["liver"].clone();
    assert_eq!((said.decisions.len(), said.checks.len(), said.signatures.len()), (2, 1, 1));
    assert!(said.checks[0].check.agrees() && !check(0.4).agrees());
    // Signed acts: undo does not touch them.
    assert!(matches!(plan.undo(&by), Err(PlanError::Nothing { .. })));
    let again = Plan::from_bytes(&plan.snapshot().unwrap()).unwrap();
    assert_eq!(again.state(), plan.state());

    // A new list takes the old one's decisions and signatures with it; decisions on the old one are refused.
    let mut apply = |o: ValidationOperation| plan.apply(Operation::Validation(o), &by);
    let second = apply(ValidationOperation::List(list(1))).unwrap().id;
    assert!(matches!(apply(decide(first, 1, Verdict::Accept)), Err(PlanError::Unknown { .. })));
    apply(decide(second, 1, Verdict::Corrected)).unwrap();
    let withdraw = ValidationOperation::Withdraw { structure: "liver".into(), reason: "the wrong scan".into() };
    apply(withdraw).unwrap();
    let said = &plan.state().validations["liver"];
    assert_eq!((said.decisions.len(), said.signatures.len()), (1, 0));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let by = Author::new("reviewer").unwrap();
    let mut plan = Plan::new();
    let mut refused = |o: ValidationOperation, word: &str| {
        let error = plan.apply(Operation::Validation(o), &by).unwrap_err().to_string();
        assert!(error.contains(word), "{error} should say {word}");
    };
    let with = |change: fn(&mut WorkList)| {
        let mut list = list(2);
        change(&mut list);
        ValidationOperation::List(list)
    };
    refused(with(|l| l.regions[1].number = 7), "number");
    refused(with(|l| l.regions[1].probability = 1.5), "probability");
    refused(with(|l| l.regions[1].low = [9, 0, 0]), "box");
    refused(with(|l| l.regions[1].volume = Mm3(f64::NAN)), "volume");
    refused(with(|l| l.threshold = f64::NAN), "threshold");
    refused(ValidationOperation::Check(check(1000.0)), "tolerance");
    let over = |reason: &str| ValidationOperation::Override {
        structure: "liver".into(),
        mask: "b".repeat(64),
        what: "print".into(),
        missing: Vec::new(),
        reason: reason.into(),
    };
    refused(over("  "), "reason");
}
