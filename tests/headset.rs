//! The headset end to end: the real binary, the real OpenXR loader, the simulated runtime, software Vulkan.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]
#![allow(clippy::print_stderr, reason = "skipped tests say so")]
#![allow(clippy::disallowed_methods, reason = "a test's files are its own")]

mod common;
#[path = "common/headset.rs"]
mod headset;

use std::path::Path;

use common::works;
use fabrica_geometry::{Grid, LpsPoint};
use fabrica_volume::{Samples, ValueUnit, Volume};
use glam::{DQuat, DVec3};
use headset::{Capture, Rehearsal, four, manifest, three};
use serde_json::{Value, json};

/// The simulator is linked so that cargo builds it before the tests.
use fabrica_openxr_simulator as _;

/// Where the bright ball is in the patient, mm: to the right of, in front of and above the middle of the scan, and away from
/// the letters that mark the sides.
const BALL: [f64; 3] = [-20.0, -20.0, 30.0];
const BALL_RADIUS: f64 = 14.0;
/// Pixels around the ball's place in which there is nothing else that is bright.
const AROUND: f64 = 9.0;
/// The scan is a cube of this many voxels of 2 mm about the origin.
const SIDE: usize = 48;

/// A case of air with a ball of bone in it.
fn ball_case(folder: &Path) -> String {
    let half = (SIDE as f64 - 1.0) * 2.0 / 2.0;
    let grid = Grid::axis_aligned([SIDE; 3], LpsPoint::new(-half, -half, -half), [2.0; 3]).unwrap();
    let mut samples = Vec::new();
    for index in 0..SIDE.pow(3) {
        let voxel = [index % SIDE, index / SIDE % SIDE, index / SIDE / SIDE];
        let at = DVec3::from_array(voxel.map(|n| n as f64 * 2.0 - half));
        let inside = BALL_RADIUS - at.distance(DVec3::from_array(BALL));
        // A soft border of two voxels, as a scanner makes it.
        samples.push((-1000.0 + 2600.0 * (inside / 4.0 + 0.5).clamp(0.0, 1.0)) as i16);
    }
    let volume = Volume::new(grid, Samples::I16(samples), ValueUnit::Hounsfield).unwrap();
    let file = folder.join("ball.nrrd");
    let progress = fabrica_progress::Progress::new();
    fabrica_formats::write_nrrd(&volume, &file, fabrica_formats::Compression::None, &progress).unwrap();
    let case = folder.join("case").display().to_string();
    works(["import", &file.display().to_string(), "--case", &case, "--ct"]);
    case
}

/// A small display, so that software draws it in reasonable time.
fn small_display() -> Value {
    json!({ "do": "display", "width": 400, "height": 400 })
}

/// The user looks at the table.
fn looks_down() -> Value {
    json!({ "do": "head", "position": [0.0, 1.6, 0.0], "look_at": [0.0, 1.0, -0.62] })
}

/// A simulated clock: a slow machine misses nothing.
fn patient_clock() -> Value {
    json!({ "do": "clock", "simulated": true })
}

fn turn(value: &Value) -> DQuat {
    let [x, y, z, w] = four(value);
    DQuat::from_xyzw(x, y, z, w)
}

fn place(value: &Value) -> (DVec3, DQuat) {
    (DVec3::from_array(three(&value["position"])), turn(&value["rotation"]))
}

/// Where the ball is in the room, worked out by hand for a supine patient on the table of a standing user: the scan's
/// middle is 0.62 m before the user, its back on the table's top at 0.92 m; left goes away from the user, the head to the
/// user's left, the front up.
fn ball_in_room() -> DVec3 {
    let half = SIDE as f64 / 1000.0;
    DVec3::new(-BALL[2] / 1000.0, 0.92 + half - BALL[1] / 1000.0, -0.62 - BALL[0] / 1000.0)
}

/// Where a place of the room is in an eye's picture, pixels from its upper left corner.
fn pixel(capture: &Capture, eye: usize, tracking: (DVec3, DQuat), at: DVec3) -> [f64; 2] {
    let view = &capture.description["layers"][0]["views"][eye];
    let position = DVec3::from_array(three(&view["pose"]["position"]));
    let rotation = turn(&view["pose"]["orientation"]);
    // The eye is in the tracking space; so is the place when the user's place is taken back.
    let in_tracking = tracking.1.inverse() * (at - tracking.0);
    let seen = rotation.inverse() * (in_tracking - position);
    let fov = |side: &str| view["fov_radians"][side].as_f64().unwrap().tan();
    let (width, height) = (view["size"][0].as_f64().unwrap(), view["size"][1].as_f64().unwrap());
    let (x, y) = (seen.x / -seen.z, seen.y / -seen.z);
    [(x - fov("left")) / (fov("right") - fov("left")) * width, (fov("up") - y) / (fov("up") - fov("down")) * height]
}

/// The middle of what is brighter than the room near a pixel, weighted by light; and how many pixels that is.
fn bright_middle(picture: &headset::Picture, near: [f64; 2], within: f64) -> ([f64; 2], usize) {
    let (width, _, rgba) = picture;
    let (mut sum, mut weight, mut count) = ([0.0; 2], 0.0, 0);
    for (index, pixel) in rgba.chunks(4).enumerate() {
        let at = [(index as u32 % width) as f64 + 0.5, (index as u32 / width) as f64 + 0.5];
        if (at[0] - near[0]).hypot(at[1] - near[1]) > within {
            continue;
        }
        let light = f64::from(pixel[0].max(pixel[1]));
        if light > 100.0 {
            count += 1;
            weight += light;
            sum = [sum[0] + at[0] * light, sum[1] + at[1] * light];
        }
    }
    (sum.map(|s| s / weight), count)
}

fn close(a: DVec3, b: DVec3, within: f64, what: &str) {
    assert!(a.distance(b) < within, "{what}: {a} is not {b}");
}

#[test]
fn a_rehearsal_from_putting_it_on_to_the_runtimes_death() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let Some(manifest) = manifest(folder) else { return };
    let case = ball_case(folder);
    let mut app =
        Rehearsal::start(folder, &manifest, &[small_display(), patient_clock(), looks_down()], &[&case, "--vr"]);

    app.until_state("FOCUSED");
    app.until("case", |v| v["open"] == true && v["working"] == false);
    app.until("headset", |v| v["shown"] == true);
    app.frames(10);

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
    // The depth that was submitted has the room in it.
    assert!(capture.description["layers"][0]["views"][0]["depth"].is_object(), "{}", capture.description);

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
    let problems = app.tell(json!({ "do": "problems" }));
    // The loader asks for every function that it knows; that is no use of OpenXR.
    let ours = |problem: &&Value| problem["call"] != "xrGetInstanceProcAddr";
    let problems: Vec<&Value> = problems["problems"].as_array().unwrap().iter().filter(ours).collect();
    assert!(problems.is_empty(), "{problems:?}");

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

/// From the app's tracking space to the simulator's stage: they are not the same after recentring.
fn stage_from_tracking(capture: &Capture) -> (DVec3, DQuat) {
    let view = &capture.description["layers"][0]["views"][0];
    let pose = |what: &str| (DVec3::from_array(three(&view[what]["position"])), turn(&view[what]["orientation"]));
    let (in_tracking, in_stage) = (pose("pose"), pose("pose_in_stage"));
    let rotation = in_stage.1 * in_tracking.1.inverse();
    (in_stage.0 - rotation * in_tracking.0, rotation)
}

/// Points at a part of the panel from before it, and pulls the trigger.
fn press_on_panel(app: &mut Rehearsal, tracking: (DVec3, DQuat), stage: (DVec3, DQuat), name: &str) {
    let found = |v: &Value| -> Option<DVec3> {
        v.as_array()?.iter().find(|place| place[0] == name).map(|place| DVec3::from_array(three(&place[1])))
    };
    let at = app.until("places", |v| found(v).is_some());
    let at = found(&at).unwrap();
    let panel = place(&app.last("panel"));
    let from = at + panel.1 * DVec3::Z * 0.35;
    let to_stage = |p: DVec3| (stage.0 + stage.1 * (tracking.1.inverse() * (p - tracking.0))).to_array();
    app.point("right", to_stage(from), to_stage(at));
    app.click("right", "trigger");
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
