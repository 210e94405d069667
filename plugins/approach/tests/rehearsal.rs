//! The tools as scripts use them, without a window: scripted input, the session, a case on the disk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]

#[path = "../../scene/tests/common/playing.rs"]
mod playing;

use std::path::Path;

use bevy::prelude::*;
use fabrica_approach::Alarm;
use fabrica_approach_tools::ApproachPlugin;
use fabrica_case::Case;
use fabrica_geometry::{Grid, LpsPoint, VoxelPoint};
use fabrica_plan::{Author, PlanState};
use fabrica_progress::Progress;
use fabrica_scene::input::Haptic;
use fabrica_scene::{Figures, Notices, OpenCase, Rehearsing, Request, Told};
use fabrica_volume::{GeometryIssue, GeometryWarning, Mask, Rgb, Structure};
use playing::play;

/// Balls, mm: the skin is 42 mm around the origin, a vessel 6 mm and a bone 12 mm within it.
const BALLS: [(&str, [f64; 3], f64); 3] =
    [("skin", [0.0, 0.0, 0.0], 42.0), ("vessel", [14.0, 0.0, 0.0], 6.0), ("bone", [-20.0, 0.0, 0.0], 12.0)];
const SPACING: f64 = 1.2;
const SIDE: usize = 78;

/// What the plan says of them before anything else happens.
const ROLES: &str = "0 do {\"approach\":{\"watch\":{\"structure\":\"skin\",\"watch\":{\"role\":\"entry\",\"stop\":2,\"warn\":5}}}}\n\
    0 do {\"approach\":{\"watch\":{\"structure\":\"bone\",\"watch\":{\"role\":\"bone\",\"stop\":2,\"warn\":5}}}}\n";

fn by() -> Author {
    Author::new("tester").unwrap()
}

/// A synthetic case with the balls as structures; with an open geometry warning where that is asked for.
fn case(folder: &Path, warned: bool) {
    let corner = -(SIDE as f64 - 1.0) * SPACING / 2.0;
    let grid = Grid::axis_aligned([SIDE; 3], LpsPoint(glam::DVec3::splat(corner)), [SPACING; 3]).unwrap();
    let depth = |index: usize, ball: usize| {
        let [i, j, k] = grid.position(index).map(|n| n as f64);
        let (_, centre, radius) = BALLS[ball];
        radius - grid.to_patient(VoxelPoint::new(i, j, k)).distance(LpsPoint(centre.into())).0
    };
    let value = |index| if depth(index, 2) > 0.0 { 700 } else { -1000 + 1040 * i16::from(depth(index, 0) > 0.0) };
    let samples = (0..grid.len()).map(value).collect();
    let mut volume = playing::ct(grid.clone(), samples);
    if warned {
        let issue = GeometryIssue::PixelSpacingUncertain { reason: "it is the detector's".into() };
        volume.warnings.push(GeometryWarning::new(issue));
    }
    let mut case = Case::create(folder, &volume, &by(), &Progress::new()).unwrap();
    let id = case.volumes()[0].id.clone();
    for (ball, (name, ..)) in BALLS.iter().enumerate() {
        let structure = Structure {
            name: (*name).into(),
            colour: Rgb(200, 200, 100),
            mask: Mask::from_fn(grid.clone(), |index| depth(index, ball) >= 0.0),
            code: None,
            origin: "synthetic".into(),
            isovalue: None,
        };
        case.add_structure(&id, &structure, &by(), &Progress::new()).unwrap();
    }
}

/// How often the hand felt something strong.
#[derive(Resource, Default)]
struct Warned(usize);

fn app(folder: &Path) -> App {
    let mut app = playing::app(folder, ApproachPlugin::default());
    app.init_resource::<Warned>().add_systems(
        Last,
        |mut haptics: MessageReader<Haptic>, mut warned: ResMut<Warned>| {
            warned.0 += haptics.read().filter(|haptic| **haptic == Haptic::warn(haptic.hand)).count();
        },
    );
    app
}

/// An app in which the plan says what the balls are.
fn app_with_roles(folder: &Path) -> App {
    let mut app = app(folder);
    play(&mut app, ROLES, |world| world.resource::<OpenCase>().approach.watches.len() == 2);
    app
}

fn rehearsing(world: &World) -> &Rehearsing {
    world.resource::<Rehearsing>()
}

/// The plan of the case on the disk.
fn on_disk(folder: &Path) -> PlanState {
    Case::open_read_only(folder).unwrap().plan().state().clone()
}

/// From the front through the middle of the head, 14 mm beside the vessel's middle: drawn on a slice, kept, undone.
#[test]
fn an_instrument_drawn_on_a_slice_is_told_how_near_it_is_and_kept() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder, false);
    let mut app = app_with_roles(&folder);
    let script = "0 tool instrument\n0.1 option instrument instrument needle 1.3 mm\n0.2 option instrument record on\n\
         0.3 slice at 0 -60 0 axial\n0.4 slice press\n0.5 slice at 0 -20 0 axial\n0.6 slice at 0 10 0 axial\n\
         0.7 slice release\n0.8 slice gone\n";
    let deep = |world: &World| {
        rehearsing(world)
            .reading
            .as_ref()
            .is_some_and(|held| held.reading.pose.tip().distance(LpsPoint::new(0.0, 10.0, 0.0)).0 < 1e-6)
    };
    play(&mut app, script, deep);
    let held = rehearsing(app.world()).reading.clone().unwrap();
    assert_eq!(&*held.avoid, ["vessel".to_owned()]);
    let clearance = held.reading.clearances[0].unwrap();
    // The needle's half width is 0.635 mm: 14 - 6 - 0.635. The border of a mask lies within a third of a voxel.
    assert!((clearance.distance.0 - 7.365).abs() < 0.4, "{clearance:?}");
    assert!(clearance.nearest.distance(LpsPoint::new(8.0, 0.0, 0.0)).0 < 1.5, "{clearance:?}");
    assert!(clearance.error.0 > 0.5 && clearance.error.0 < 3.0, "{clearance:?}");
    let entry = held.reading.entry.unwrap();
    assert!((entry.depth.0 - 52.0).abs() < 0.5 && entry.tilt_degrees < 10.0, "{entry:?}");
    assert!(held.reading.crossings.is_empty() && held.reading.uncertain.0 == 0.0);
    let Some(Told::Live(said)) = &rehearsing(app.world()).told else { panic!("nothing is said") };
    assert!(said.starts_with("vessel: 7.") && said.contains('±'), "{said}");
    // It is drawn at its place, and a line goes to the nearest point.
    assert_eq!(app.world().resource::<Figures>().of("instrument").len(), 1);
    assert!(
        rehearsing(app.world())
            .live
            .iter()
            .any(|line| line.label.as_ref().is_some_and(|(_, t)| t.contains("vessel 7.")))
    );

    play(&mut app, "0 option instrument keep press\n0.5 option instrument record off\n", |world| {
        let approach = &world.resource::<OpenCase>().approach;
        approach.found.get("Trajectory 1").is_some_and(|found| found.assessment.is_some())
            && approach.rehearsals.len() == 1
    });
    let plan = on_disk(&folder);
    let kept = plan.items.trajectories["Trajectory 1"];
    assert!(kept.entry.distance(LpsPoint::new(0.0, -42.0, 0.0)).0 < 0.5, "{kept:?}");
    let assessment = plan.approaches["Trajectory 1"].assessment.as_ref().unwrap();
    assert_eq!(
        (assessment.instrument.as_str(), assessment.clearances[0].structure.as_str()),
        ("needle 1.3 mm", "vessel")
    );
    assert!((assessment.clearances[0].distance.0 - 7.365).abs() < 0.4);
    let record = &plan.rehearsals[0].record;
    let (nearest, least, _) = record.least().unwrap();
    assert!(nearest == "vessel" && (least.0 - 7.365).abs() < 0.4, "{least:?}");
    assert_eq!(record.instrument, "needle 1.3 mm");

    app.world_mut().write_message(Request::Undo);
    app.world_mut().write_message(Request::Undo);
    app.world_mut().write_message(Request::Undo);
    play(&mut app, "0 tool none\n", |world| world.resource::<OpenCase>().approach.trajectories.is_empty());
    assert!(rehearsing(app.world()).reading.is_none() && app.world().resource::<Figures>().of("instrument").is_empty());
}

/// A hand in the room pushes the needle into the vessel: it is alarmed, felt, and recorded.
#[test]
fn a_hand_that_goes_into_a_vessel_is_stopped() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder, false);
    let mut app = app_with_roles(&folder);
    // The needle is 230 mm long and its last 40 are in the hand: its tip is 190 mm before it.
    let script = "0 tool instrument\n0.1 option instrument instrument needle 1.3 mm\n0.2 option instrument record on\n\
         0.3 right lps 14 -60 0 from 14 -250 0\n";
    play(&mut app, script, |world| rehearsing(world).reading.is_some());
    let reading = &rehearsing(app.world()).reading.as_ref().unwrap().reading;
    assert_eq!((reading.alarm, reading.entry), (Alarm::Free, None));
    let script = "0 right lps 14 -30 0 from 14 -220 0\n0.3 right lps 14 0 0 from 14 -190 0 over 0.5\n";
    let within = |world: &World| rehearsing(world).reading.as_ref().is_some_and(|h| h.reading.alarm == Alarm::Stop);
    play(&mut app, script, within);
    let held = rehearsing(app.world()).reading.clone().unwrap();
    assert!(
        held.reading.pose.tip().distance(LpsPoint::new(14.0, 0.0, 0.0)).0 < 0.01,
        "{held:?}",
        held = held.reading.pose
    );
    assert!(held.reading.clearances[0].unwrap().distance.0 < 0.0);
    // It has gone 6 mm into the vessel: told as what it crosses.
    let crossed = &held.reading.crossings[0];
    assert!(crossed.structure == "vessel" && (crossed.length().0 - 6.0).abs() < 0.5, "{crossed:?}");
    assert!(app.world().resource::<Warned>().0 >= 1);
    // The hand goes, and with it the instrument; laid aside, the record is kept.
    play(&mut app, "0 right gone\n0.3 tool none\n", |world| {
        world.resource::<OpenCase>().approach.rehearsals.len() == 1
    });
    assert!(rehearsing(app.world()).reading.is_none());
    let record = on_disk(&folder).rehearsals.remove(0).record;
    assert!(record.alarms.iter().any(|alarm| alarm.stop && alarm.least.0 < 0.0), "{record:?}");
    assert!(record.least().unwrap().1.0 < 0.0 && record.samples.len() >= 2);
}

/// A way by two presses, and one from the map, which is painted and ranked.
#[test]
fn ways_are_planned_by_two_points_and_from_the_map() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder, false);
    let mut app = app_with_roles(&folder);
    let script = "0 tool trajectory\n0.1 option trajectory instrument needle 1.3 mm\n0.2 slice at 0 -42 0 axial\n0.3 slice gone\n";
    play(&mut app, script, |_| true);
    let script = "0 slice at 0 -42 0 axial\n0.1 slice press\n0.2 slice release\n0.4 slice at 10 0 0 axial\n0.5 slice press\n0.6 slice release\n0.7 slice gone\n";
    let assessed = |name: &'static str| {
        move |world: &World| {
            world.resource::<OpenCase>().approach.found.get(name).is_some_and(|found| found.assessment.is_some())
        }
    };
    play(&mut app, script, assessed("Trajectory 1"));
    let found = rehearsing(app.world()).assessed["Trajectory 1"].clone();
    // It ends within the vessel.
    assert_eq!(found.alarm, Alarm::Stop);
    assert!(found.crossings.iter().any(|c| c.structure == "vessel"), "{found:?}");

    // The target behind the vessel, seen from the left: ways through it are not offered.
    let script = "0 option trajectory what map of entries\n0.2 slice at 0 0 0 axial\n0.3 slice press\n0.4 slice at -2 0 0 axial\n\
                  0.5 slice release\n0.6 slice gone\n";
    let target = LpsPoint::new(-2.0, 0.0, 0.0);
    play(&mut app, script, |world| rehearsing(world).map.as_ref().is_some_and(|map| map.target == target));
    let map = rehearsing(app.world()).map.clone().unwrap();
    assert_eq!(map.candidates.len(), 10, "{map:?}");
    assert!(map.refused.too_close > 0 && (5_000..40_000).contains(&map.entries), "{map:?}");
    for candidate in &map.candidates {
        // The skin is a ball, and the straight way keeps away from the vessel.
        assert!((candidate.at.distance(LpsPoint::default()).0 - 42.0).abs() < 0.8);
        assert!(candidate.access.clearance.0 > 2.0 && !candidate.reason.is_empty(), "{candidate:?}");
        assert!(candidate.access.tilt_degrees < 30.0, "{candidate:?}");
    }
    assert_eq!(app.world().resource::<Figures>().of("map of entries").len(), 1);
    play(&mut app, "0 option trajectory candidate 2\n0.1 option trajectory take press\n", assessed("Trajectory 2"));
    let kept = on_disk(&folder).items.trajectories["Trajectory 2"];
    assert_eq!((kept.entry, kept.target), (map.candidates[1].at, target));
    assert_ne!(rehearsing(app.world()).assessed["Trajectory 2"].alarm, Alarm::Stop);
    // The instrument is laid along it.
    let script = "0 tool instrument\n0.1 option instrument instrument needle 1.3 mm\n0.2 option instrument follow Trajectory 2\n\
                  0.4 option instrument along press\n";
    play(&mut app, script, |world| rehearsing(world).reading.is_some());
    let plan = rehearsing(app.world()).reading.as_ref().unwrap().reading.from_plan.unwrap();
    assert!(plan.aside.0 < 1e-6 && plan.angle_degrees < 1e-6 && plan.to_go.0.abs() < 1e-6, "{plan:?}");
    app.world_mut().write_message(Request::Undo);
    app.world_mut().write_message(Request::Undo);
    play(&mut app, "", |world| world.resource::<OpenCase>().approach.trajectories.len() == 1);
}

/// Screws in a ball of bone: one that stays within it, one that breaks out.
#[test]
fn screws_are_placed_and_one_that_breaks_out_is_told() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder, false);
    let mut app = app(&folder);
    let place = |x: f64| {
        format!(
            "0 tool instrument\n0.1 option instrument instrument pedicle screws, 4.5 × 25 mm\n0.2 slice at {x} -13.5 0 axial\n\
             0.3 slice press\n0.4 slice at {x} 11.5 0 axial\n0.5 slice release\n0.6 slice gone\n0.7 option instrument keep press\n"
        )
    };
    // Before anybody says what the bone is, nothing is placed.
    play(&mut app, &place(-20.0), |world| {
        world.resource::<Notices>().0.iter().any(|n| n.text.contains("No structure is the bone"))
    });
    play(&mut app, ROLES, |world| world.resource::<OpenCase>().approach.watches.len() == 2);
    let placed = |count: usize| move |world: &World| world.resource::<OpenCase>().approach.screws.len() == count;
    play(&mut app, &place(-20.0), placed(1));
    play(&mut app, &place(-11.0), placed(2));
    let plan = on_disk(&folder);
    let (sound, out) = (&plan.screws["Screw 1"], &plan.screws["Screw 2"]);
    // 25 mm along the axis of a ball of 12 mm, from 1.5 mm outside it: at its tip the wall is 12 - 11.5 - 2.25 < 0 beside the
    // axis' end, so it is told to break out there; 9 mm aside it breaks out by more.
    assert!(sound.possible && out.possible);
    assert!((sound.wall.0 - (12.0 - 11.5 - 2.25)).abs() < 0.4, "{sound:?}");
    assert!(out.wall.0 < sound.wall.0 - 2.0, "{out:?}");
    assert!(sound.purchase.unwrap() > 300.0, "{sound:?}");
    let implant = &plan.items.implants["Screw 1"];
    assert!(implant.model.contains("4.5 × 25") && implant.origin.distance(LpsPoint::new(-20.0, 11.5, 0.0)).0 < 1e-6);
    assert_eq!(app.world().resource::<Figures>().of("implants").len(), 2);
}

/// The worst thing would be a number from a scan of unknown geometry.
#[test]
fn nothing_is_told_while_a_geometry_warning_is_open() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder, true);
    let mut app = app(&folder);
    let line = "0 tool instrument\n0.3 slice at 0 -60 0 axial\n0.4 slice press\n0.6 slice at 0 10 0 axial\n0.7 slice release\n\
                0.75 slice gone\n0.8 option instrument keep press\n";
    let blocked = |world: &World| matches!(&rehearsing(world).told, Some(Told::Blocked(_)));
    play(&mut app, line, blocked);
    let Some(Told::Blocked(why)) = rehearsing(app.world()).told.clone() else { panic!("it is not said") };
    assert!(why.contains("geometry warning") && why.contains("detector") && why.contains("Rehearsing waits"), "{why}");
    assert!(rehearsing(app.world()).reading.is_none() && app.world().resource::<Figures>().of("instrument").is_empty());
    assert!(on_disk(&folder).items.trajectories.is_empty());
    let volume = app.world().resource::<OpenCase>().warnings[0].volume.clone();
    let reason = "checked against the ruler".to_owned();
    app.world_mut().write_message(Request::AcceptWarning { volume, index: 0, reason });
    play(&mut app, "", |world| !world.resource::<OpenCase>().has_open_warnings());
    play(&mut app, line, |world| rehearsing(world).reading.is_some());
}
