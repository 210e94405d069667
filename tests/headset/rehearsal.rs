//! From putting the headset on to the runtime's death.

use std::path::Path;

use glam::DVec3;
use serde_json::{Value, json};

use super::ball::*;
use super::driving::{Rehearsal, manifest, three};

#[test]
fn a_rehearsal_from_putting_it_on_to_the_runtimes_death() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let Some(manifest) = manifest(folder) else { return };
    let case = ball_case(folder);
    let mut app =
        Rehearsal::start(folder, &manifest, &[small_display(), patient_clock(), looks_down()], &[&case, "--vr"]);

    app.until_open();

    // The user stands at the room's origin; the patient lies where it was worked out by hand.
    let tracking = place(&app.last("tracking"));
    close(tracking.0, DVec3::ZERO, 1e-4, "the user's place");
    let laid = app.last("patient");
    let half = SIDE as f64 / 1000.0;
    close(place(&laid).0, DVec3::new(0.0, 0.92 + half, -0.62), 1e-4, "the patient's place");
    assert_eq!(laid["scale"], 1.0);

    // The ball is where it should be, in both eyes, to the pixel.
    let capture = app.capture("start");
    for eye in 0..2 {
        let wanted = pixel(&capture, eye, tracking, ball_in_room());
        let (found, count) = bright_middle(&capture.eyes[eye], wanted, AROUND);
        let off = (found[0] - wanted[0]).hypot(found[1] - wanted[1]);
        assert!(count > 12 && off <= 1.0, "eye {eye}: {count} pixels at {found:?}, wanted {wanted:?}");
    }
    // The compositor gets the depth of what is seen: of the ball's surface, which is that much nearer than its middle.
    let seen = seen_by(&capture, 0, tracking, ball_in_room());
    let surface = -seen.z * (1.0 - BALL_RADIUS / 1000.0 / seen.length());
    let [x, y] = pixel(&capture, 0, tracking, ball_in_room());
    // Bevy's depth: the near plane, a centimetre, over the distance.
    let submitted = 0.01 / capture.depth(x as usize, y as usize);
    assert!((submitted - surface).abs() < 0.005, "the ball is at {surface} m, its depth at {submitted}");

    // One hand carries the patient: 10 cm to the right.
    app.tell(json!({ "do": "hand", "hand": "right", "position": [0.1, 1.1, -0.5], "yaw_pitch_roll": [0, 0, 0] }));
    app.frames(4);
    app.tell(json!({ "do": "press", "hand": "right", "input": "squeeze" }));
    app.frames(4);
    app.tell(json!({ "do": "hand", "hand": "right", "position": [0.2, 1.1, -0.5], "over_frames": 5 }));
    app.frames(10);
    app.tell(json!({ "do": "release", "hand": "right", "input": "squeeze" }));
    app.frames(4);
    let carried = app.last("patient");
    close(place(&carried).0, place(&laid).0 + DVec3::X * 0.1, 1e-3, "carried");

    // Two hands twice as far apart: twice as large.
    for (hand, x) in [("left", -0.1), ("right", 0.1)] {
        app.tell(json!({ "do": "hand", "hand": hand, "position": [x, 1.1, -0.5], "yaw_pitch_roll": [0, 0, 0] }));
    }
    app.frames(4);
    for hand in ["left", "right"] {
        app.tell(json!({ "do": "press", "hand": hand, "input": "squeeze" }));
    }
    app.frames(4);
    for (hand, x) in [("left", -0.2), ("right", 0.2)] {
        app.tell(json!({ "do": "hand", "hand": hand, "position": [x, 1.1, -0.5], "over_frames": 5 }));
    }
    app.frames(10);
    let scale = app.last("patient")["scale"].as_f64().unwrap();
    assert!((scale - 2.0).abs() < 1e-3, "two hands: {scale}");
    app.capture("scaled");
    for hand in ["left", "right"] {
        app.tell(json!({ "do": "release", "hand": hand, "input": "squeeze" }));
    }
    app.frames(4);

    // One button is life-size, the other the operating pose.
    app.click("left", "x");
    app.until("patient", |v| v["scale"] == 1.0);
    app.click("left", "y");
    let back = app.until("patient", |v| *v == laid);
    assert_eq!(back, laid);

    // A snap turn of 30° to the right about the head, which stays where it is.
    app.tell(json!({ "do": "stick", "hand": "left", "x": 1.0, "y": 0.0 }));
    app.frames(4);
    app.tell(json!({ "do": "stick", "hand": "left", "x": 0.0, "y": 0.0 }));
    app.frames(4);
    let turned = place(&app.last("tracking"));
    let ahead = turned.1 * DVec3::NEG_Z;
    close(ahead, DVec3::new(0.5, 0.0, -(0.75f64.sqrt())), 1e-3, "the snap turn");

    // Recentring puts the user before the table again, from wherever.
    app.tell(json!({ "do": "head", "position": [0.4, 1.6, 0.3], "yaw_pitch_roll": [40, -40, 0] }));
    app.frames(4);
    app.tell(json!({ "do": "recentre" }));
    app.frames(8);
    let capture = app.capture("recentred");
    let tracking = place(&app.last("tracking"));
    let view =
        |eye: usize| DVec3::from_array(three(&capture.description["layers"][0]["views"][eye]["pose"]["position"]));
    let head = tracking.1 * ((view(0) + view(1)) / 2.0) + tracking.0;
    close(head, DVec3::new(0.0, 1.6, 0.0), 1e-3, "recentred");
    for eye in 0..2 {
        let wanted = pixel(&capture, eye, tracking, ball_in_room());
        let (found, _) = bright_middle(&capture.eyes[eye], wanted, AROUND);
        let off = (found[0] - wanted[0]).hypot(found[1] - wanted[1]);
        assert!(off <= 1.0, "after recentring, eye {eye}: {found:?}, wanted {wanted:?}");
    }

    // The panel: another look by laser, and back by undo.
    let before = app.last("preset");
    let stage = stage_from_tracking(&capture);
    press_on_panel(&mut app, tracking, stage, "look");
    let other = |v: &Value| -> Option<String> {
        let names = v.as_array()?.iter().filter_map(|place| place[0].as_str()?.strip_prefix("look "));
        names.map(str::to_owned).find(|name| before != *name.as_str())
    };
    let offered = app.until("places", |v| other(v).is_some());
    let look = other(&offered).unwrap();
    press_on_panel(&mut app, tracking, stage, &format!("look {look}"));
    app.until("preset", |v| v == look.as_str());
    app.capture("panel");
    press_on_panel(&mut app, tracking, stage, "undo");
    app.until("preset", |v| *v == before);
    press_on_panel(&mut app, tracking, stage, "redo");
    app.until("preset", |v| v == look.as_str());

    // Headset off and on.
    app.tell(json!({ "do": "headset", "worn": false }));
    app.until("headset", |v| v["shown"] == false);
    app.tell(json!({ "do": "headset", "worn": true }));
    app.until_state("FOCUSED");
    app.until("headset", |v| v["shown"] == true);

    // So far nothing has broken a rule of OpenXR.
    app.no_problems();

    // The session is lost and found again, where no play space is set up any more: the floor is that of LOCAL_FLOOR.
    app.tell(json!({ "do": "bounds", "size": null }));
    app.tell(json!({ "do": "fault", "fault": "session_loss" }));
    app.until("notices", |v| v.to_string().contains("lost"));
    app.until("headset", |v| v["shown"] == true);
    app.frames(5);
    app.capture("found_again");
    assert!((place(&app.last("head")).0.y - 1.6).abs() < 1e-3, "{}", app.last("head"));
    assert!(!app.last("notices").to_string().contains("where the floor is"));
    assert_eq!(app.last("preset"), look.as_str());

    // The runtime dies: the app ends, says why, and the plan is whole.
    app.tell(json!({ "do": "fault", "fault": "runtime_death" }));
    assert!(!app.end());
    let said = app.said();
    assert!(said.contains("is gone") && said.contains("The plan is saved"), "{said}");
    let plan = fabrica_case::Case::open(Path::new(&case)).unwrap();
    assert_eq!(plan.plan().state().render_presets.values().collect::<Vec<_>>(), [&look]);
}

#[test]
fn without_a_headset_it_is_said_why() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let Some(manifest) = manifest(folder) else { return };
    let run = |runtime: &Path, script: &str| {
        let commands = folder.join("commands.jsonl");
        std::fs::write(&commands, script).unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_fabrica"))
            .args(["open", "--vr"])
            .env("XR_RUNTIME_JSON", runtime)
            .env("OPENXR_SIMULATOR_SCRIPT", &commands)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && !said.contains("panicked"), "{said}");
        said
    };
    let said = run(Path::new("/nowhere/runtime.json"), "");
    assert!(said.contains("runtime"), "{said}");
    let said = run(&manifest, "{\"do\":\"fault\",\"fault\":\"no_headset\",\"on\":true}\n");
    assert!(said.contains("no headset"), "{said}");
    let said =
        run(&manifest, "{\"do\":\"fail\",\"function\":\"xrCreateInstance\",\"result\":\"ERROR_LIMIT_REACHED\"}\n");
    assert!(said.contains("does not start"), "{said}");
    // Not for ever.
    let refuse = json!({ "do": "fail", "function": "xrCreateReferenceSpace", "result": "ERROR_RUNTIME_FAILURE" });
    let said = run(&manifest, &format!("{}\n{refuse}\n", small_display()));
    assert!(said.contains("gives no session that works"), "{said}");
}
