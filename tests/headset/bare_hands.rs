//! Bare hands: a fist grabs, a pinch clicks from afar, a finger pokes, a pinch before the eyes calls the panel. On a runtime
//! that knows no floor.

use glam::{DQuat, DVec3};
use serde_json::{Value, json};

use super::ball::*;
use super::controllers::carries;
use super::driving::{Rehearsal, manifest, three};

#[test]
fn bare_hands_reach_everything() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let Some(manifest) = manifest(folder) else { return };
    let case = ball_case(folder);
    let floorless =
        [json!({ "do": "system", "without": ["XR_EXT_local_floor"] }), json!({ "do": "bounds", "size": null })];
    let script = [floorless.as_slice(), &[middling_display(), patient_clock(), looks_down()]].concat();
    let mut app = Rehearsal::start(folder, &manifest, &script, &[&case, "--vr"]);
    app.until_open();

    // No floor is known: that is told, and the eyes are 1.6 m high.
    app.until("notices", |v| v.to_string().contains("where the floor is"));
    let stage = ball_is_seen(&mut app, "no_floor");
    with_fingers(&mut app, stage);
    app.no_problems();
}

fn shape(app: &mut Rehearsal, hand: &str, shape: &str) {
    app.tell(json!({ "do": "shape", "hand": hand, "shape": shape }));
    app.frames(4);
}

/// Moves the right hand so that its ray starts at a place of the room. Twice: how it is turned may follow the place.
fn reach(app: &mut Rehearsal, stage: Pose, to: DVec3, turn: DQuat) {
    let mut grip = to_stage(app, stage, to);
    for _ in 0..2 {
        app.tell(json!({ "do": "hand", "hand": "right", "position": grip.to_array(), "orientation": turn.to_array() }));
        app.frames(3);
        let tip = DVec3::from_array(three(&app.last("aims")[1][0]));
        grip += to_stage(app, stage, to) - to_stage(app, stage, tip);
    }
    app.tell(json!({ "do": "hand", "hand": "right", "position": grip.to_array(), "orientation": turn.to_array() }));
    app.frames(3);
}

fn with_fingers(app: &mut Rehearsal, stage: Pose) {
    app.tell(json!({ "do": "controllers", "profile": null }));
    app.until("hands", |v| *v == json!(["TrackedHand", "TrackedHand"]));
    carries(app, "fist", &|app| shape(app, "right", "fist"), &|app| shape(app, "right", "open"));
    // A pointing finger carries nothing.
    let before = app.last("patient");
    shape(app, "right", "point");
    app.tell(json!({ "do": "hand", "hand": "right", "position": [0.2, 1.1, -0.5] }));
    app.frames(4);
    assert_eq!(app.last("patient"), before);

    let panel = place(&app.last("panel"));
    let out = panel.1 * DVec3::Z;
    // The open fingers point along −Y of the grip: into the board.
    let turn = DQuat::from_rotation_arc(DVec3::NEG_Y, stage.1 * -out);
    let look = place_named(app, "look");
    // With the tip before the board, through it, and back.
    for depth in [0.02, -0.01, 0.02] {
        reach(app, stage, look + out * depth, turn);
    }
    let preset = app.last("preset");
    let other = |v: &Value| -> Option<String> {
        let names = v.as_array()?.iter().filter_map(|place| place[0].as_str()?.strip_prefix("look "));
        names.map(str::to_owned).find(|name| preset != *name.as_str())
    };
    let offered = app.until("places", |v| other(v).is_some());
    let name = other(&offered).unwrap();

    // From afar: the ray goes from the right shoulder through the knuckle.
    let target = place_named(app, &format!("look {name}"));
    let head = place(&app.last("head"));
    let ahead = (head.1 * DVec3::NEG_Z * DVec3::new(1.0, 0.0, 1.0)).normalize();
    let shoulder = head.0 + DVec3::Y * -0.22 + ahead.cross(DVec3::Y) * 0.17;
    // First elsewhere: an open hand where the finger poked is on the panel too.
    reach(app, stage, shoulder + DVec3::NEG_Z * 0.4, turn);
    shape(app, "right", "open");
    reach(app, stage, shoulder.lerp(target, 0.6), turn);
    shape(app, "right", "pinch");
    shape(app, "right", "open");
    app.until("preset", |v| v == name.as_str());

    // The palm to the eyes, and a pinch: the panel goes, and comes again.
    for shown in [false, true] {
        let hand = to_stage(app, stage, DVec3::new(-0.1, 1.35, -0.4));
        let eyes = to_stage(app, stage, place(&app.last("head")).0);
        let turn = DQuat::from_rotation_arc(DVec3::X, (eyes - hand).normalize());
        app.tell(json!({ "do": "hand", "hand": "left", "position": hand.to_array(), "orientation": turn.to_array() }));
        app.frames(4);
        shape(app, "left", "pinch");
        shape(app, "left", "open");
        app.until("panel", |v| v.is_null() != shown);
    }
    // A runtime that sees pinch and grasp itself.
    app.tell(json!({ "do": "controllers", "profile": "ext/hand_interaction_ext" }));
    app.until("hands", |v| *v == json!(["TrackedHand", "TrackedHand"]));
    carries(app, "grasp", &|app| shape(app, "right", "fist"), &|app| shape(app, "right", "open"));
}
