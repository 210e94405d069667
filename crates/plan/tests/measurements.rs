//! Measurements in the plan: added, edited, renamed, removed, undone, merged, refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_plan::{
    Author, ErrorPart, ErrorSource, MeasuredData, Measurement, MeasurementKind, MeasurementOperation, Operation, Plan,
    PlanError, Quantity, QuantityKind, Region, Unit,
};

fn author(name: &str) -> Author {
    Author::new(name).unwrap()
}

fn quantity(value: f64) -> Quantity {
    let error = vec![ErrorPart { source: ErrorSource::Voxels, standard: 0.25 }];
    Quantity { what: QuantityKind::Length, value, unit: Unit::Millimetre, error }
}

fn measurement(kind: MeasurementKind, value: f64) -> Measurement {
    Measurement {
        kind,
        volume: "volume-1".into(),
        quantities: vec![quantity(value)],
        method: "straight distance between two points".into(),
        data: vec![MeasuredData { name: "volume-1".into(), sha256: "0f".repeat(32) }],
    }
}

fn distance(value: f64) -> Measurement {
    let points = [LpsPoint::new(0.0, 0.0, 0.0), LpsPoint::new(value, 0.0, 0.0)];
    measurement(MeasurementKind::Distance { points }, value)
}

fn closest(first: &str, second: &str) -> Measurement {
    let points = [LpsPoint::new(0.0, 0.0, 0.0), LpsPoint::new(3.0, 0.0, 0.0)];
    measurement(MeasurementKind::ClosestDistance { structures: [first.into(), second.into()], points }, 3.0)
}

fn add(name: &str, m: Measurement) -> Operation {
    Operation::Measurement(MeasurementOperation::Add { name: name.into(), measurement: Box::new(m) })
}

#[test]
fn measurements_are_added_edited_renamed_removed_and_all_of_it_is_undone() {
    let anna = author("Anna");
    let mut plan = Plan::new();
    let id = plan.apply(add("cyst", distance(12.0)), &anna).unwrap().id;
    let steps = [
        MeasurementOperation::Edit { id, measurement: Box::new(distance(13.5)) },
        MeasurementOperation::Rename { id, name: "cyst, longest".into() },
        MeasurementOperation::Remove { id },
    ];
    let mut past = vec![plan.state().clone()];
    for step in steps {
        plan.apply(Operation::Measurement(step), &anna).unwrap();
        past.push(plan.state().clone());
    }
    let shown = |state: &fabrica_plan::PlanState| {
        state.measurements.first().map(|m| (m.name.clone(), m.measurement.quantities[0].to_string()))
    };
    assert_eq!(shown(&past[0]), Some(("cyst".into(), "12.0 ± 0.5 mm".into())));
    assert_eq!(shown(&past[1]), Some(("cyst".into(), "13.5 ± 0.5 mm".into())));
    assert_eq!(shown(&past[2]), Some(("cyst, longest".into(), "13.5 ± 0.5 mm".into())));
    assert_eq!(shown(&past[3]), None);
    for state in past.iter().rev().skip(1) {
        plan.undo(&anna).unwrap();
        assert_eq!(plan.state(), state);
    }
    // Saved and opened, it is the same, to the last bit of its numbers.
    let again = Plan::from_bytes(&plan.snapshot().unwrap()).unwrap();
    assert_eq!(again.state(), plan.state());
    let gone = MeasurementOperation::Rename { id, name: "x".into() };
    plan.undo(&anna).unwrap();
    let refused = plan.apply(Operation::Measurement(gone), &anna).unwrap_err();
    assert!(matches!(refused, PlanError::Unknown { kind: "measurement", .. }), "{refused}");
}

#[test]
fn one_renames_while_another_removes_and_both_copies_agree() {
    let (anna, ben) = (author("Anna"), author("Ben"));
    let mut a = Plan::new();
    let id = a.apply(add("aorta", distance(31.0)), &anna).unwrap().id;
    let mut b = Plan::from_bytes(&a.snapshot().unwrap()).unwrap();
    a.apply(Operation::Measurement(MeasurementOperation::Rename { id, name: "aorta, arch".into() }), &anna).unwrap();
    b.apply(Operation::Measurement(MeasurementOperation::Remove { id }), &ben).unwrap();
    let (from_a, from_b) = (a.snapshot().unwrap(), b.snapshot().unwrap());
    a.import_updates(&from_b).unwrap();
    b.import_updates(&from_a).unwrap();
    assert_eq!(a.state(), b.state());
    assert!(a.state().measurements.is_empty());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let anna = author("Anna");
    let mut plan = Plan::new();
    plan.declare(["liver".to_owned(), "tumour".to_owned()], ["volume-1".to_owned()]);
    plan.apply(add("margin", closest("tumour", "liver")), &anna).unwrap();
    let before = plan.state().clone();
    let unknown = plan.apply(add("margin", closest("tumour", "vein")), &anna).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no structure `vein`; the case has `liver`, `tumour`");
    let sphere = |radius| {
        let region = Region::Sphere { centre: LpsPoint::default(), radius: Mm(radius) };
        measurement(MeasurementKind::RegionStatistics { region }, 1.0)
    };
    for wrong in [
        Measurement { quantities: Vec::new(), ..distance(1.0) },
        Measurement { quantities: vec![Quantity { error: Vec::new(), ..quantity(1.0) }], ..distance(1.0) },
        Measurement { quantities: vec![quantity(f64::NAN)], ..distance(1.0) },
        Measurement { method: " ".into(), ..distance(1.0) },
        Measurement { data: Vec::new(), ..distance(1.0) },
        Measurement { data: vec![MeasuredData { name: "x".into(), sha256: "0F".repeat(32) }], ..distance(1.0) },
        distance(1e9),
        sphere(0.0),
        sphere(f64::NAN),
        measurement(MeasurementKind::Area { polygon: vec![LpsPoint::default(); 2] }, 1.0),
        measurement(MeasurementKind::DiameterProfile { structure: "liver".into(), sections: Vec::new() }, 1.0),
    ] {
        let refused = plan.apply(add("x", wrong), &anna).unwrap_err();
        assert!(matches!(refused, PlanError::Invalid { .. }), "{refused}");
    }
    let elsewhere = Measurement { volume: "volume-2".into(), ..distance(1.0) };
    assert!(matches!(plan.apply(add("x", elsewhere), &anna), Err(PlanError::UnknownVolume { .. })));
    assert_eq!(plan.state(), &before);
}

#[test]
fn a_measurement_is_plain_json() {
    let text = serde_json::to_string(&add("cyst", distance(2.0))).unwrap();
    let expected = concat!(
        r#"{"measurement":{"add":{"name":"cyst","measurement":{"kind":{"distance":{"points":[[0.0,0.0,0.0],[2.0,0.0,0.0]]}},"#,
        r#""volume":"volume-1","quantities":[{"what":"length","value":2.0,"unit":"millimetre","#,
        r#""error":[{"source":"voxels","standard":0.25}]}],"method":"straight distance between two points","#,
        r#""data":[{"name":"volume-1","sha256":"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"}]}}}}"#
    );
    assert_eq!(text, expected);
    assert_eq!(serde_json::from_str::<Operation>(&text).unwrap(), add("cyst", distance(2.0)));
}
