//! A case with a bright ball in it, and where the ball must be seen.

use std::path::Path;

use fabrica_geometry::{Grid, LpsPoint};
use fabrica_volume::{Samples, ValueUnit, Volume};
use glam::{DQuat, DVec3};
use serde_json::{Value, json};

use super::common::works;
use super::driving::{Capture, Picture, Rehearsal, four, three};

/// Where the bright ball is in the patient, mm: to the right of, in front of and above the middle of the scan, and away from
/// the letters that mark the sides.
pub const BALL: [f64; 3] = [-20.0, -20.0, 30.0];
pub const BALL_RADIUS: f64 = 14.0;
/// Pixels around the ball's place in which there is nothing else that is bright.
pub const AROUND: f64 = 9.0;
/// The scan is a cube of this many voxels of 2 mm about the origin.
pub const SIDE: usize = 48;

/// A case of air with a ball of bone in it.
pub fn ball_case(folder: &Path) -> String {
    ball_case_in_space(folder, LPS)
}

/// How an NRRD file says which way its axes run.
const LPS: &str = "left-posterior-superior";

/// The same, of a file whose header names this space.
pub fn ball_case_in_space(folder: &Path, space: &str) -> String {
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
    let bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(LPS.len()).position(|part| part == LPS.as_bytes()).unwrap();
    std::fs::write(&file, [&bytes[..at], space.as_bytes(), &bytes[at + LPS.len()..]].concat()).unwrap();
    let case = folder.join("case").display().to_string();
    works(["import", &file.display().to_string(), "--case", &case, "--ct"]);
    case
}

/// A small display, so that software draws it in reasonable time.
pub fn small_display() -> Value {
    json!({ "do": "display", "width": 400, "height": 400 })
}

/// Enough to see where the ball is.
pub fn middling_display() -> Value {
    json!({ "do": "display", "width": 240, "height": 240 })
}

/// A very small display, where nothing depends on the picture.
pub fn tiny_display() -> Value {
    json!({ "do": "display", "width": 64, "height": 64 })
}

/// The user looks at the table.
pub fn looks_down() -> Value {
    json!({ "do": "head", "position": [0.0, 1.6, 0.0], "look_at": [0.0, 1.0, -0.62] })
}

/// A simulated clock: a slow machine misses nothing.
pub fn patient_clock() -> Value {
    json!({ "do": "clock", "simulated": true })
}

pub fn turn(value: &Value) -> DQuat {
    let [x, y, z, w] = four(value);
    DQuat::from_xyzw(x, y, z, w)
}

pub fn place(value: &Value) -> (DVec3, DQuat) {
    (DVec3::from_array(three(&value["position"])), turn(&value["rotation"]))
}

/// Where the ball is in the room, worked out by hand for a supine patient on the table of a standing user: the scan's
/// middle is 0.62 m before the user, its back on the table's top at 0.92 m; left goes away from the user, the head to the
/// user's left, the front up.
pub fn ball_in_room() -> DVec3 {
    let half = SIDE as f64 / 1000.0;
    DVec3::new(-BALL[2] / 1000.0, 0.92 + half - BALL[1] / 1000.0, -0.62 - BALL[0] / 1000.0)
}

/// A place of the room as an eye sees it: right, up, back, metres.
pub fn seen_by(capture: &Capture, eye: usize, tracking: Pose, at: DVec3) -> DVec3 {
    let (position, rotation) = {
        let pose = &capture.description["layers"][0]["views"][eye]["pose"];
        (DVec3::from_array(three(&pose["position"])), turn(&pose["orientation"]))
    };
    // The eye is in the tracking space; so is the place when the user's place is taken back.
    let in_tracking = tracking.1.inverse() * (at - tracking.0);
    rotation.inverse() * (in_tracking - position)
}

/// Where a place of the room is in an eye's picture, pixels from its upper left corner.
pub fn pixel(capture: &Capture, eye: usize, tracking: Pose, at: DVec3) -> [f64; 2] {
    let view = &capture.description["layers"][0]["views"][eye];
    let seen = seen_by(capture, eye, tracking, at);
    let fov = |side: &str| view["fov_radians"][side].as_f64().unwrap().tan();
    let (width, height) = (view["size"][0].as_f64().unwrap(), view["size"][1].as_f64().unwrap());
    let (x, y) = (seen.x / -seen.z, seen.y / -seen.z);
    [(x - fov("left")) / (fov("right") - fov("left")) * width, (fov("up") - y) / (fov("up") - fov("down")) * height]
}

/// The middle of what is brighter than the room near a pixel, weighted by light; and how many pixels that is.
pub fn bright_middle(picture: &Picture, near: [f64; 2], within: f64) -> ([f64; 2], usize) {
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

pub fn close(a: DVec3, b: DVec3, within: f64, what: &str) {
    assert!(a.distance(b) < within, "{what}: {a} is not {b}");
}

/// From the app's tracking space to the simulator's stage: they are not the same after recentring.
pub fn stage_from_tracking(capture: &Capture) -> (DVec3, DQuat) {
    let view = &capture.description["layers"][0]["views"][0];
    let pose = |what: &str| (DVec3::from_array(three(&view[what]["position"])), turn(&view[what]["orientation"]));
    let (in_tracking, in_stage) = (pose("pose"), pose("pose_in_stage"));
    let rotation = in_stage.1 * in_tracking.1.inverse();
    (in_stage.0 - rotation * in_tracking.0, rotation)
}

/// Points at a part of the panel from before it, and pulls the trigger.
pub fn press_on_panel(app: &mut Rehearsal, tracking: (DVec3, DQuat), stage: (DVec3, DQuat), name: &str) {
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

/// A pose: place and turn.
pub type Pose = (DVec3, DQuat);

/// The ball is where it should be, in both eyes. Gives where the tracking space is in the stage.
pub fn ball_is_seen(app: &mut Rehearsal, name: &str) -> Pose {
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

pub fn to_stage(app: &Rehearsal, stage: Pose, at: DVec3) -> DVec3 {
    let tracking = place(&app.last("tracking"));
    stage.0 + stage.1 * (tracking.1.inverse() * (at - tracking.0))
}

pub fn place_named(app: &mut Rehearsal, name: &str) -> DVec3 {
    let found = |v: &Value| -> Option<DVec3> {
        v.as_array()?.iter().find(|place| place[0] == name).map(|place| DVec3::from_array(three(&place[1])))
    };
    let places = app.until("places", |v| found(v).is_some());
    found(&places).unwrap()
}
