//! The panel in the room, and how the user is there: what the first rehearsal does not press.

use std::path::Path;

use glam::DVec3;
use serde_json::{Value, json};

use super::ball::*;
use super::driving::{Rehearsal, manifest, png_rgba};

/// A rehearsal before the table, and where its tracking space is in the stage.
pub fn start(folder: &Path, manifest: &Path, case: &str) -> (Rehearsal, Pose) {
    let script = [middling_display(), patient_clock(), looks_down()];
    let mut app = Rehearsal::start(folder, manifest, &script, &[case, "--vr"]);
    app.until_open();
    let stage = ball_is_seen(&mut app, "start");
    (app, stage)
}

/// Presses something on the panel by laser; scrolls the side panel to it first.
pub fn press(app: &mut Rehearsal, stage: Pose, name: &str) {
    let found = |app: &Rehearsal| {
        app.last("places").as_array().and_then(|all| all.iter().find(|p| p[0] == name).map(|p| p[1].clone()))
    };
    // What was pressed before may bring it.
    for _ in 0..3 {
        if found(app).is_none() {
            app.frames(5);
        }
    }
    if found(app).is_none() {
        // Into the side panel, on the wrist too, where the board is smaller; down to its end, then up from there.
        let panel = place(&app.last("panel"));
        let at = panel.0 + panel.1 * DVec3::new(-0.09, 0.0, 0.0);
        let from = at + panel.1 * DVec3::Z * 0.35;
        let [from, at] = [from, at].map(|p| to_stage(app, stage, p).to_array());
        app.point("right", from, at);
        for step in 0..80 {
            assert!(step < 79, "{name} is nowhere on the panel: {}", app.last("places"));
            let y = if step < 30 { -1.0 } else { 1.0 };
            app.tell(json!({ "do": "stick", "hand": "right", "x": 0.0, "y": y }));
            app.frames(4);
            if found(app).is_some() {
                break;
            }
        }
        app.tell(json!({ "do": "stick", "hand": "right", "x": 0.0, "y": 0.0 }));
    }
    // What scrolls or opens comes to rest first.
    let mut before = Value::Null;
    while found(app).is_none_or(|at| std::mem::replace(&mut before, at.clone()) != at) {
        app.frames(6);
    }
    let tracking = place(&app.last("tracking"));
    press_on_panel(app, tracking, stage, name);
}

fn comfort(app: &mut Rehearsal, says: &str) {
    app.until("comfort", |v| v.as_str().is_some_and(|all| all.contains(says)));
}

#[test]
fn a_warning_is_accepted_with_typed_words_and_views_and_photos_are_kept() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let Some(manifest) = manifest(folder) else { return };
    // Which side is left is assumed: measuring waits until the user says why that is right.
    let case = ball_case_in_space(folder, "3d-right-handed");
    let (mut app, stage) = start(folder, &manifest, &case);
    assert_eq!(app.last("warnings"), json!(["Open"]));
    press(&mut app, stage, "reason 0");
    for key in ["key o", "key x", "key delete", "key k", "key done"] {
        press(&mut app, stage, key);
    }
    app.until("places", |v| !v.to_string().contains("key o"));
    press(&mut app, stage, "accept 0");
    app.until("warnings", |v| v[0].as_str().is_some_and(|said| said.contains("reason: \"ok\"")));

    press(&mut app, stage, "views");
    press(&mut app, stage, "keep view");
    app.until("views", |v| *v == json!(["View 1"]));
    press(&mut app, stage, "photo");
    app.until("notices", |v| v.to_string().contains("The photo is in"));
    let (width, _, rgba) = png_rgba(&Path::new(&case).join("photos/photo-1.png"));
    assert!(width > 100 && rgba.chunks(4).any(|p| p[0] > 150), "the ball is not in the photo");

    app.no_problems();
    app.tell(json!({ "do": "exit" }));
    assert!(app.end(), "{}", app.said());
    let plan = fabrica_case::Case::open(Path::new(&case)).unwrap();
    assert_eq!(plan.plan().state().views.len(), 1);
    assert!(plan.require_settled_geometry().is_ok());
}

#[test]
fn the_real_room_sitting_lying_the_left_hand_and_the_wrist() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let Some(manifest) = manifest(folder) else { return };
    let case = ball_case(folder);
    let (mut app, stage) = start(folder, &manifest, &case);
    let app = &mut app;
    press(app, stage, "headset");

    // The real room behind: the picture is clear there, and the patient is not.
    press(app, stage, "real room");
    comfort(app, "passthrough: true");
    // Out of the way.
    app.tell(json!({ "do": "hand", "hand": "right", "position": [0.25, 1.1, -0.35], "yaw_pitch_roll": [0, 0, 0] }));
    app.frames(6);
    let capture = app.capture("real_room");
    assert_eq!(capture.description["blend_mode"], "ALPHA_BLEND", "{}", capture.description);
    let tracking = place(&app.last("tracking"));
    let (width, height, rgba) = &capture.eyes[0];
    let alpha = |x: u32, y: u32| rgba[(y * width + x) as usize * 4 + 3];
    let [x, y] = pixel(&capture, 0, tracking, ball_in_room());
    assert_eq!(alpha(x as u32, y as u32), 255);
    assert_eq!([alpha(width - 2, 1), alpha(1, height - 2)], [0, 0]);
    press(app, stage, "real room");
    comfort(app, "passthrough: false");

    // Sitting, the table is 20 cm lower.
    let standing = place(&app.last("patient")).0;
    press(app, stage, "seated");
    app.until("patient", |v| (place(v).0 - (standing - DVec3::Y * 0.2)).length() < 1e-3);
    press(app, stage, "seated");
    app.until("patient", |v| (place(v).0 - standing).length() < 1e-3);

    // On the belly, and on the back again.
    press(app, stage, "prone");
    app.until("patient", |v| (place(v).1 * DVec3::Z - DVec3::NEG_Y).length() < 1e-3);
    press(app, stage, "supine");
    app.until("patient", |v| (place(v).1 * DVec3::Z - DVec3::Y).length() < 1e-3);

    // The left hand works: its trigger presses, and the right hand's buttons hold.
    press(app, stage, "left works");
    app.until("dominant", |v| v == "left");
    let lying = app.last("patient");
    app.tell(json!({ "do": "hand", "hand": "right", "position": [0.1, 1.1, -0.5], "yaw_pitch_roll": [0, 0, 0] }));
    app.frames(4);
    app.tell(json!({ "do": "press", "hand": "right", "input": "squeeze" }));
    app.frames(4);
    app.tell(json!({ "do": "hand", "hand": "right", "position": [0.2, 1.1, -0.5] }));
    app.frames(4);
    app.tell(json!({ "do": "release", "hand": "right", "input": "squeeze" }));
    app.frames(4);
    assert!(app.last("patient") != lying);
    app.click("right", "b");
    app.until("patient", |v| *v == lying);
    press(app, stage, "right works");
    app.until("dominant", |v| v == "right");

    // On the holding hand's wrist it goes where the hand goes.
    press(app, stage, "wrist");
    for x in [-0.2, -0.3] {
        let at = to_stage(app, stage, DVec3::new(x, 1.2, -0.4));
        app.tell(json!({ "do": "hand", "hand": "left", "position": at.to_array() }));
        let over = DVec3::new(x, 1.36, -0.42);
        app.until("panel", |v| !v.is_null() && (place(v).0 - over).length() < 1e-3);
    }
    app.capture("wrist");
    press(app, stage, "floats");
    let head = place(&app.last("head")).0;
    app.until("panel", |v| !v.is_null() && ((place(v).0 - head).length() - 0.6).abs() < 1e-3);
    app.no_problems();
}
