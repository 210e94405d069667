//! Transfer functions and looks in the plan: set, undone, refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use fabrica_geometry::Mm;
use fabrica_plan::{Operation, RenderingOperation, TransferFunction, TransferPoint};
use fabrica_volume::Rgb;

fn function(values: &[f64], opacity: f64) -> TransferFunction {
    let points = values.iter().map(|&value| TransferPoint { value, colour: Rgb(200, 100, 50), opacity });
    TransferFunction { points: points.collect(), opacity_length: Mm(1.0) }
}

fn set(function: TransferFunction) -> Operation {
    Operation::Rendering(RenderingOperation::SetFunction { volume: "volume-1".into(), function: Some(function) })
}

#[test]
fn functions_that_cannot_be_drawn_are_refused_with_the_reason() {
    set(function(&[100.0, 300.0], 0.5)).check().unwrap();
    for (bad, why) in [
        (function(&[100.0], 0.5), "1 points"),
        (function(&[300.0, 100.0], 0.5), "the value of point 1 is 100"),
        (function(&[100.0, f64::NAN], 0.5), "the value of point 1"),
        (function(&[100.0, 300.0], 1.5), "the opacity of point 0 is 1.5"),
        (TransferFunction { opacity_length: Mm(0.0), ..function(&[1.0, 2.0], 0.5) }, "the length must be over 0"),
    ] {
        let error = set(bad).check().unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn operations_survive_their_text() {
    let operation = set(function(&[100.0, 300.0], 0.25));
    let text = serde_json::to_string(&operation).unwrap();
    assert_eq!(serde_json::from_str::<Operation>(&text).unwrap(), operation);
    assert_eq!(operation.volume(), Some("volume-1"));
}
