//! Measure, Slice and Edit in the hand of a user in the headset: what the controller does is in the plan, and what is in the
//! plan is seen.

use std::path::Path;

use fabrica_case::Case;
use fabrica_geometry::VoxelPoint;
use fabrica_plan::{Action, EditOperation, Mode, Operation, PlanState, Stroke, Tool};
use fabrica_progress::Progress;
use glam::DVec3;
use serde_json::{Value, json};

use super::ball::*;
use super::common::works;
use super::driving::{Capture, Rehearsal, manifest, three};
use super::panel::press;

/// Where a point of the patient is in the room, worked out as for the ball.
fn in_room([l, p, s]: [f64; 3]) -> DVec3 {
    DVec3::new(-s / 1000.0, 0.92 + SIDE as f64 / 1000.0 - p / 1000.0, -0.62 - l / 1000.0)
}

/// A user with tools.
struct User<'a> {
    app: Rehearsal,
    stage: Pose,
    case: &'a Path,
}

impl User<'_> {
    fn plan(&self) -> PlanState {
        Case::open_read_only(self.case).unwrap().plan().state().clone()
    }

    /// Takes a tool in the hand, with options.
    fn take(&mut self, tool: &str, options: &[&str]) {
        press(&mut self.app, self.stage, &format!("tool {tool}"));
        self.app.until("tool", |v| *v == tool);
        for option in options {
            press(&mut self.app, self.stage, &format!("option {option}"));
        }
    }

    /// Puts the hand's ray somewhere in the patient, looking at another place there.
    fn aim(&mut self, from: [f64; 3], at: [f64; 3]) {
        let [from, at] = [from, at].map(|p| to_stage(&self.app, self.stage, in_room(p)).to_array());
        self.app.point("right", from, at);
    }

    /// Puts the brush, which is 5 cm before the hand, somewhere in the patient, from in front of the patient.
    fn brush_at(&mut self, [l, p, s]: [f64; 3]) {
        self.aim([l, p - 50.0, s], [l, p, s]);
    }

    fn trigger(&mut self, does: &str) {
        self.app.tell(json!({ "do": does, "hand": "right", "input": "trigger" }));
        self.app.frames(4);
    }

    /// The hand out of the way; both eyes' pictures.
    fn picture(&mut self, name: &str) -> Capture {
        self.app
            .tell(json!({ "do": "hand", "hand": "right", "position": [0.3, 1.0, -0.2], "yaw_pitch_roll": [0, 0, 0] }));
        self.app.frames(12);
        self.app.capture(name)
    }

    /// The share of the pixels around a place of the patient, within so many mm there, that are as asked.
    fn seen(&self, capture: &Capture, at: [f64; 3], within: f64, like: impl Fn(&[u8]) -> bool) -> f64 {
        let tracking = place(&self.app.last("tracking"));
        let (width, _, rgba) = &capture.eyes[0];
        let [x, y] = pixel(capture, 0, tracking, in_room(at));
        let beside = pixel(capture, 0, tracking, in_room([at[0], at[1], at[2] + within]));
        let radius = (beside[0] - x).hypot(beside[1] - y);
        let near = |n: usize| {
            let (px, py) = ((n as u32 % width) as f64 + 0.5, (n as u32 / width) as f64 + 0.5);
            (px - x).hypot(py - y) <= radius
        };
        let around: Vec<_> = rgba.chunks(4).enumerate().filter(|(n, _)| near(*n)).collect();
        around.iter().filter(|(_, pixel)| like(pixel)).count() as f64 / around.len() as f64
    }
}

fn is_light(pixel: &[u8]) -> bool {
    pixel[0].max(pixel[1]) > 100
}

/// The red of the structure that is drawn.
fn is_red(pixel: &[u8]) -> bool {
    pixel[0] > 60 && pixel[0] / 2 > pixel[1].max(pixel[2])
}

#[test]
fn measure_slice_and_edit_by_controller() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let Some(manifest) = manifest(folder) else { return };
    let case = ball_case(folder);
    works(["edit", &case, "--by", "tester", "--structure", "lesion", "create"]);
    let red = folder.join("red.txt").display().to_string();
    std::fs::write(&red, "{\"colour_structure\":{\"structure\":\"lesion\",\"colour\":[255,0,0]}}\n").unwrap();
    works(["edit", &case, "--by", "tester", "--script", &red]);
    // To be looked at, larger pictures.
    let display = if std::env::var_os("FABRICA_PICTURES").is_some() { small_display() } else { middling_display() };
    let script = [display, patient_clock(), looks_down()];
    let mut app = Rehearsal::start(folder, &manifest, &script, &[&case, "--vr"]);
    app.until_open();
    let stage = ball_is_seen(&mut app, "tools_00_start");
    // Leaning over the patient.
    app.tell(json!({ "do": "head", "position": [0.0, 1.3, -0.42], "look_at": [0.0, 0.97, -0.62] }));
    app.frames(6);
    let mut user = User { app, stage, case: Path::new(&case) };

    measures(&mut user);
    slices(&mut user);
    edits(&mut user);

    user.app.no_problems();
    user.app.tell(json!({ "do": "exit" }));
    assert!(user.app.end(), "{}", user.app.said());
}

/// From the ball's front to its upper end: at a right angle seen from its middle, so √2 of its radius.
fn measures(user: &mut User<'_>) {
    user.take("measure", &[]);
    let [l, p, s] = BALL;
    user.aim([l, p - 80.0, s], BALL);
    user.trigger("press");
    user.trigger("release");
    user.app.until("measuring", |v| v["points"].as_array().is_some_and(|points| points.len() == 1));
    user.aim([l, p, s + 80.0], BALL);
    user.app.until("measuring", |v| v["told"].as_str().is_some_and(|told| told.contains("mm")));
    user.app.capture("tools_01_measuring");
    user.trigger("press");
    user.trigger("release");
    user.app.until("measurements", |v| v.as_array().is_some_and(|all| all.len() == 1));
    let plan = user.plan();
    let measured = plan.measurements[0].measurement.main().unwrap();
    let wanted = BALL_RADIUS * std::f64::consts::SQRT_2;
    assert!((measured.value - wanted).abs() < measured.half_width().min(2.5), "{measured} is not {wanted} mm");
    user.picture("tools_02_measured");
    // Its label would lie over what is looked at next.
    press(&mut user.app, user.stage, "undo");
    user.app.until("measurements", |v| v.as_array().is_some_and(Vec::is_empty));
}

/// The hand brings the plane to the ball's middle: its front half is cut away, and the slice shows a disc.
fn slices(user: &mut User<'_>) {
    user.take("slice", &["what both"]);
    user.app.until("slice", |v| !v.is_null());
    let [l, p, s] = BALL;
    // Anywhere: the plane goes with the hand, 20 mm to the front.
    user.aim([40.0, -60.0, 0.0], [40.0, 0.0, 0.0]);
    user.trigger("press");
    user.aim([40.0, -80.0, 0.0], [40.0, -20.0, 0.0]);
    user.app.capture("tools_03_plane_in_hand");
    user.trigger("release");
    let clip = user.app.until("clip", |v| v[2] == true);
    let [point, normal] = [0, 1].map(|n| DVec3::from_array(three(&clip[n])));
    assert!((point.y - p).abs() < 0.5 && normal.abs_diff_eq(DVec3::NEG_Y, 1e-3), "{clip}");
    assert_eq!(user.plan().clip_planes.len(), 1);
    user.app.until("slice", |v| (three(&v[0])[1] - p).abs() < 0.5);
    let both = user.picture("tools_04_sliced");
    assert!(user.seen(&both, [l, p, s], 8.0, is_light) > 0.6, "the disc is not in the slice");
    // As a cut by itself: what is behind stays; on the other side there is nothing behind the plane.
    press(&mut user.app, user.stage, "option what clip plane");
    user.app.until("slice", Value::is_null);
    let behind = user.picture("tools_05_cut");
    assert!(user.seen(&behind, [l, p, s], 8.0, is_light) > 0.6, "the ball's back half is away");
    // Undone, all of it is there again.
    press(&mut user.app, user.stage, "undo");
    user.app.until("clip", Value::is_null);
    assert!(user.plan().clip_planes.is_empty());
}

/// A stroke through air, seen in red; the other mode by button, the radius by stick, and back by undo.
fn edits(user: &mut User<'_>) {
    user.take("edit", &[]);
    assert_eq!(user.app.last("options")["structure"], "lesion");
    let [from, to] = [[25.0, -10.0, -20.0], [10.0, -10.0, -20.0]];
    user.brush_at(from);
    user.trigger("press");
    user.app.until("painting", |v| v == "lesion");
    user.brush_at(to);
    user.app.capture("tools_06_painting");
    user.trigger("release");
    user.app.until("painting", Value::is_null);
    let strokes = |user: &User<'_>| -> Vec<Stroke> {
        let case = Case::open_read_only(user.case).unwrap();
        let stroke = |action: &Action| match action {
            Action::Do(Operation::Edit(EditOperation::Stroke(stroke))) => Some(stroke.clone()),
            _ => None,
        };
        case.plan().history().iter().filter_map(|entry| stroke(&entry.action)).collect()
    };
    let made = strokes(user);
    let [stroke] = &made[..] else { panic!("{} strokes", made.len()) };
    let Tool::Brush { path, radius, mode: Mode::Add } = &stroke.tool else { panic!("no brush: {stroke:?}") };
    assert!((radius.0 - 5.0).abs() < 1e-9, "{radius}");
    let [first, last] = [path.points().next().unwrap(), path.points().next_back().unwrap()];
    for (at, wanted) in [(first, from), (last, to)] {
        assert!(at.0.distance(DVec3::from_array(wanted)) < 0.5, "{at:?} is not {wanted:?}");
    }
    let voxels = |user: &User<'_>| {
        let case = Case::open_read_only(user.case).unwrap();
        case.mask("lesion", &Progress::new()).unwrap().count()
    };
    // Exactly the voxels whose middles come within 5 mm of the way; on the border rounding decides.
    let whole = voxels(user);
    let mask = Case::open_read_only(user.case).unwrap().mask("lesion", &Progress::new()).unwrap();
    let way: Vec<DVec3> = path.points().map(|p| p.0).collect();
    let within = |radius: f64| {
        let near = |n: usize| {
            let [i, j, k] = mask.grid().position(n).map(|v| v as f64);
            let at = mask.grid().to_patient(VoxelPoint::new(i, j, k)).0;
            way.windows(2).any(|w| {
                let along = w[1] - w[0];
                let t = ((at - w[0]).dot(along) / along.length_squared().max(1e-12)).clamp(0.0, 1.0);
                at.distance(w[0] + along * t) <= radius
            })
        };
        (0..mask.grid().len()).filter(|n| near(*n)).count()
    };
    let wanted = within(4.99)..=within(5.01);
    assert!(wanted.contains(&whole) && whole > 100, "{whole} voxels, {wanted:?} wanted");
    let drawn = user.picture("tools_07_painted");
    assert!(user.seen(&drawn, [17.5, -10.0, -20.0], 4.0, is_red) > 0.5, "the stroke is not seen");

    // The stick makes the brush larger and moves no window; the lower button makes it an eraser.
    let window = user.app.last("window");
    user.brush_at(to);
    user.app.tell(json!({ "do": "stick", "hand": "right", "x": 0.0, "y": 1.0 }));
    user.app.until("options", |v| v["radius"].as_f64().unwrap() > 7.0);
    user.app.tell(json!({ "do": "stick", "hand": "right", "x": 0.0, "y": 0.0 }));
    user.app.click("right", "a");
    user.app.until("options", |v| v["what"] == "eraser");
    user.trigger("press");
    user.app.until("painting", |v| v == "lesion");
    user.trigger("release");
    user.app.until("painting", Value::is_null);
    assert_eq!(user.app.last("window"), window);
    let made = strokes(user);
    assert!(matches!(&made[1].tool, Tool::Brush { radius, mode: Mode::Erase, .. } if radius.0 > 7.0), "{:?}", made[1]);
    assert!(voxels(user) < whole);
    user.picture("tools_08_erased");
    press(&mut user.app, user.stage, "undo");
    user.app.until("case", |v| v["working"] == false);
    user.app.frames(10);
    assert_eq!(voxels(user), whole);
    user.picture("tools_09_undone");
}
