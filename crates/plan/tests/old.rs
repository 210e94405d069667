//! Plans that older versions wrote open, and say the same.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use fabrica_plan::{Action, Operation, Plan};
use serde_json::Value;

/// Written by schema 1, with every operation that it had, undo and redo; beside it what it said then.
const PLAN: &[u8] = include_bytes!("data/plan-schema-1.loro");
const STATE: &str = include_str!("data/plan-schema-1.json");

#[test]
fn a_plan_of_schema_1_opens_and_says_the_same() {
    let mut plan = Plan::from_bytes(PLAN).unwrap();
    assert_eq!(plan.history().len(), 25);
    let now = serde_json::to_value(plan.state()).unwrap();
    let then: Value = serde_json::from_str(STATE).unwrap();
    for (part, said) in then.as_object().unwrap() {
        assert_eq!(&now[part], said, "{part}");
    }
    // What is new says nothing.
    assert!(plan.program().is_empty() && plan.state().reviews.is_empty());
    // Work goes on in it, with what is new, and is saved and read again.
    let anna = plan.history()[0].author.clone();
    plan.undo(&anna).unwrap();
    let create = fabrica_plan::EditOperation::Create {
        structure: "drawn".into(),
        volume: "volume-1".into(),
        colour: fabrica_volume::Rgb(1, 2, 3),
    };
    plan.apply(create.into(), &anna).unwrap();
    let again = Plan::from_bytes(&plan.snapshot().unwrap()).unwrap();
    assert_eq!((again.state(), again.history()), (plan.state(), plan.history()));
    assert!(matches!(again.history()[26].action, Action::Do(Operation::Edit(_))));
}
