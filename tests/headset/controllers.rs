//! Every controller that there are bindings for. No case is open: what hands do with the patient needs no picture.

use glam::DVec3;
use serde_json::json;

use super::ball::{close, patient_clock, place, tiny_display};
use super::driving::{Rehearsal, manifest};

/// Controllers, and what grabs on each.
const CONTROLLERS: [(&str, &str); 8] = [
    ("oculus/touch_controller", "squeeze"),
    ("valve/index_controller", "squeeze"),
    ("htc/vive_controller", "squeeze"),
    ("microsoft/motion_controller", "squeeze"),
    ("hp/mixed_reality_controller", "squeeze"),
    ("bytedance/pico_neo3_controller", "squeeze"),
    ("bytedance/pico4_controller", "squeeze"),
    ("khr/simple_controller", "menu"),
];

#[test]
fn every_controller_grabs() {
    let temporary = tempfile::tempdir().unwrap();
    let Some(manifest) = manifest(temporary.path()) else { return };
    let mut app = Rehearsal::start(temporary.path(), &manifest, &[tiny_display(), patient_clock()], &["--vr"]);
    app.until_state("FOCUSED");
    app.until("headset", |v| v["shown"] == true);
    for (profile, grab) in CONTROLLERS {
        app.tell(json!({ "do": "controllers", "profile": profile }));
        app.until("hands", |v| *v == json!(["Controller", "Controller"]));
        app.frames(4);
        carries(
            &mut app,
            profile,
            &|app| drop(app.tell(json!({ "do": "press", "hand": "right", "input": grab }))),
            &|app| drop(app.tell(json!({ "do": "release", "hand": "right", "input": grab }))),
        );
    }
    a_trackpad_turns_only_when_it_is_pressed(&mut app);
    app.no_problems();
    app.tell(json!({ "do": "exit" }));
    assert!(app.end(), "{}", app.said());
}

/// The right hand carries the patient 5 cm to the right.
pub fn carries(app: &mut Rehearsal, what: &str, hold: &dyn Fn(&mut Rehearsal), let_go: &dyn Fn(&mut Rehearsal)) {
    let before = place(&app.last("patient"));
    app.tell(json!({ "do": "hand", "hand": "right", "position": [0.1, 1.1, -0.5], "yaw_pitch_roll": [0, 0, 0] }));
    app.frames(3);
    hold(app);
    app.frames(4);
    app.tell(json!({ "do": "hand", "hand": "right", "position": [0.15, 1.1, -0.5] }));
    app.frames(4);
    let_go(app);
    app.frames(4);
    close(place(&app.last("patient")).0, before.0 + DVec3::X * 0.05, 1e-3, what);
    // What is let go stays.
    app.tell(json!({ "do": "hand", "hand": "right", "position": [0.1, 1.1, -0.5] }));
    app.frames(4);
    close(place(&app.last("patient")).0, before.0 + DVec3::X * 0.05, 1e-3, what);
}

fn a_trackpad_turns_only_when_it_is_pressed(app: &mut Rehearsal) {
    app.tell(json!({ "do": "controllers", "profile": "htc/vive_controller" }));
    app.frames(4);
    let pad = |x: f64| json!({ "do": "stick", "hand": "left", "input": "trackpad", "x": x, "y": 0.0 });
    let ahead = |app: &Rehearsal| place(&app.last("tracking")).1 * DVec3::NEG_Z;
    for (x, towards) in [(1.0, DVec3::new(0.5, 0.0, -(0.75f64.sqrt()))), (-1.0, DVec3::NEG_Z)] {
        let before = ahead(app);
        app.tell(pad(x));
        app.frames(4);
        close(ahead(app), before, 1e-6, "a thumb at rest");
        app.tell(json!({ "do": "press", "hand": "left", "input": "trackpad" }));
        app.frames(4);
        close(ahead(app), towards, 1e-3, "a thumb that presses");
        app.tell(json!({ "do": "release", "hand": "left", "input": "trackpad" }));
        app.tell(pad(0.0));
        app.frames(4);
    }
}
