//! Every controller, bare hands, and the corners of the panel that the first rehearsal leaves out; on a runtime that knows
//! no floor.

use std::path::Path;

use glam::{DQuat, DVec3};
use serde_json::{Value, json};

use super::headset::{Rehearsal, manifest, three};
use super::{
    AROUND, ball_case, ball_in_room, bright_middle, close, looks_down, patient_clock, pixel, place, press_on_panel,
    stage_from_tracking,
};

type Pose = (DVec3, DQuat);

/// Controllers, and what grabs on each.
const CONTROLLERS: [(&str, &str); 6] = [
    ("valve/index_controller", "squeeze"),
    ("htc/vive_controller", "squeeze"),
    ("microsoft/motion_controller", "squeeze"),
    ("bytedance/pico_neo3_controller", "squeeze"),
    ("bytedance/pico4_controller", "squeeze"),
    ("khr/simple_controller", "menu"),
];

#[test]
fn every_hand_reaches_everything() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let Some(manifest) = manifest(folder) else { return };
    let case = ball_case(folder);
    let floorless =
        [json!({ "do": "system", "without": ["XR_EXT_local_floor"] }), json!({ "do": "bounds", "size": null })];
    let script = [floorless.as_slice(), &[tiny_display(), patient_clock(), looks_down()]].concat();
    let mut app = Rehearsal::start(folder, &manifest, &script, &[&case, "--vr"]);
    app.until_state("FOCUSED");
    app.until("case", |v| v["open"] == true && v["working"] == false);
    app.until("headset", |v| v["shown"] == true);
    app.frames(10);

    // No floor is known: that is told, and the eyes are 1.6 m high.
    app.until("notices", |v| v.to_string().contains("where the floor is"));
    let stage = ball_is_seen(&mut app, "no_floor");

    for (profile, grab) in CONTROLLERS {
        app.tell(json!({ "do": "controllers", "profile": profile }));
        app.until("hands", |v| *v == json!(["Controller", "Controller"]));
        app.frames(4);
        carries(
            &mut app,
            profile,
            &|app| drop(app.tell(json!({ "do": "press", "hand": "right", "input": grab }))),
            &|app| {
                drop(app.tell(json!({ "do": "release", "hand": "right", "input": grab })));
            },
        );
    }
    a_trackpad_turns_only_when_it_is_pressed(&mut app);

    bare_hands(&mut app, stage);

    app.tell(json!({ "do": "controllers", "profile": "oculus/touch_controller" }));
    app.until("hands", |v| *v == json!(["Controller", "Controller"]));
    app.click("left", "y");
    app.click("left", "x");
    the_panel(&mut app, stage, Path::new(&case));
    fewer_pixels_when_it_is_slow(&mut app);

    let problems = app.tell(json!({ "do": "problems" }));
    let ours = |problem: &&Value| problem["call"] != "xrGetInstanceProcAddr";
    let problems: Vec<&Value> = problems["problems"].as_array().unwrap().iter().filter(ours).collect();
    assert!(problems.is_empty(), "{problems:?}");
    app.tell(json!({ "do": "exit" }));
    assert!(app.end(), "{}", app.said());
    let plan = fabrica_case::Case::open(Path::new(&case)).unwrap();
    assert_eq!(plan.plan().state().views.len(), 1);
}

/// Enough to find the ball to the pixel.
const SIDE: u32 = 240;

fn tiny_display() -> Value {
    json!({ "do": "display", "width": SIDE, "height": SIDE })
}

/// The ball is where it should be, in both eyes. Gives where the tracking space is in the stage.
fn ball_is_seen(app: &mut Rehearsal, name: &str) -> Pose {
    let capture = app.capture(name);
    let tracking = place(&app.last("tracking"));
    for eye in 0..2 {
        let wanted = pixel(&capture, eye, tracking, ball_in_room());
        // What is around is nearer where there are fewer pixels.
        let width = capture.description["layers"][0]["views"][eye]["size"][0].as_f64().unwrap();
        let (found, count) = bright_middle(&capture.eyes[eye], wanted, AROUND * width / 400.0);
        let off = (found[0] - wanted[0]).hypot(found[1] - wanted[1]);
        assert!(count > 3 && off <= 1.0, "{name}, eye {eye}: {count} pixels at {found:?}, wanted {wanted:?}");
    }
    stage_from_tracking(&capture)
}

fn to_stage(app: &Rehearsal, stage: Pose, at: DVec3) -> DVec3 {
    let tracking = place(&app.last("tracking"));
    stage.0 + stage.1 * (tracking.1.inverse() * (at - tracking.0))
}

/// The right hand carries the patient 5 cm to the right.
fn carries(app: &mut Rehearsal, what: &str, hold: &dyn Fn(&mut Rehearsal), let_go: &dyn Fn(&mut Rehearsal)) {
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

fn place_named(app: &mut Rehearsal, name: &str) -> DVec3 {
    let found = |v: &Value| -> Option<DVec3> {
        v.as_array()?.iter().find(|place| place[0] == name).map(|place| DVec3::from_array(three(&place[1])))
    };
    let places = app.until("places", |v| found(v).is_some());
    found(&places).unwrap()
}

/// Bare hands: a fist grabs, a pinch clicks from afar, a finger pokes, a pinch before the eyes calls the panel.
fn bare_hands(app: &mut Rehearsal, stage: Pose) {
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

/// Presses something on the panel by laser; scrolls the side panel to it first.
fn press(app: &mut Rehearsal, stage: Pose, name: &str) {
    let seen = |app: &Rehearsal| app.last("places").as_array().is_some_and(|all| all.iter().any(|p| p[0] == name));
    let tracking = place(&app.last("tracking"));
    for step in 0..40 {
        app.frames(13);
        if seen(app) {
            break;
        }
        assert!(step < 39, "{name} is nowhere on the panel: {}", app.last("places"));
        // Into the side panel's middle; down to its end, then up from there.
        let panel = place(&app.last("panel"));
        let at = panel.0 + panel.1 * DVec3::new(-0.15, 0.0, 0.0);
        let from = at + panel.1 * DVec3::Z * 0.35;
        let [from, at] = [from, at].map(|p| to_stage(app, stage, p).to_array());
        app.point("right", from, at);
        let y = if step < 15 { -1.0 } else { 1.0 };
        app.tell(json!({ "do": "stick", "hand": "right", "x": 0.0, "y": y }));
        app.frames(8);
        app.tell(json!({ "do": "stick", "hand": "right", "x": 0.0, "y": 0.0 }));
    }
    press_on_panel(app, tracking, stage, name);
}

fn comfort(app: &mut Rehearsal, says: &str) {
    app.until("comfort", |v| v.as_str().is_some_and(|all| all.contains(says)));
}

/// What the first rehearsal does not press.
fn the_panel(app: &mut Rehearsal, stage: Pose, case: &Path) {
    press(app, stage, "views");
    press(app, stage, "keep view");
    app.until("views", |v| *v == json!(["View 1"]));
    press(app, stage, "photo");
    app.until("notices", |v| v.to_string().contains("The photo is in"));
    let (width, _, rgba) = super::headset::png_rgba(&case.join("photos/photo-1.png"));
    assert!(width > 100 && rgba.chunks(4).any(|p| p[0] > 150), "the ball is not in the photo");

    // The keys, while a field is written in.
    press(app, stage, "model model.stl");
    press(app, stage, "key a");
    press(app, stage, "key delete");
    press(app, stage, "key b");
    place_named(app, "model model.stlb");
    press(app, stage, "key done");
    app.until("places", |v| !v.to_string().contains("key b"));

    // The real room behind: the picture is clear there, and the patient is not.
    press(app, stage, "headset");
    press(app, stage, "real room");
    comfort(app, "passthrough: true");
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
}

/// A compositor that shows every fourth frame only: fewer pixels are drawn, and what they show is where it was.
fn fewer_pixels_when_it_is_slow(app: &mut Rehearsal) {
    app.tell(json!({ "do": "fault", "fault": "slow_compositor", "ms": 33 }));
    app.until("headset", |v| v["scale"].as_f64().is_some_and(|scale| scale < 0.7));
    app.tell(json!({ "do": "fault", "fault": "slow_compositor", "ms": 0 }));
    app.frames(6);
    let capture = app.capture("fewer_pixels");
    let width = capture.description["layers"][0]["views"][0]["size"][0].as_f64().unwrap();
    assert!(width < f64::from(SIDE) * 0.75, "{width}");
    ball_is_seen(app, "fewer_pixels_too");
}
