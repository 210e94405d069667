//! The tool as scripts use it, without a window: scripted input, the session, a case on the disk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]

#[path = "../../scene/tests/common/playing.rs"]
mod playing;

use std::path::Path;

use bevy::prelude::*;
use fabrica_case::Case;
use fabrica_geometry::{Grid, LpsPoint, VoxelPoint};
use fabrica_measuring::MeasuringPlugin;
use fabrica_plan::{Author, ErrorSource, Measurement, MeasurementKind, QuantityKind};
use fabrica_progress::Progress;
use fabrica_scene::{Annotations, Measuring, Notices, OpenCase, Request, Told};
use fabrica_volume::{GeometryIssue, GeometryWarning, Mask, Rgb, Structure};
use playing::play;

/// Two balls of bone in air, mm: centre and radius.
const BALLS: [(&str, [f64; 3], f64); 2] =
    [("left ball", [12.0, 0.0, 0.0], 9.0), ("right ball", [-12.0, 0.0, 0.0], 6.0)];
const SPACING: [f64; 3] = [0.9, 0.9, 1.2];
const DIMS: [usize; 3] = [64, 40, 32];

fn grid() -> Grid {
    let corner: [f64; 3] = std::array::from_fn(|a| -(DIMS[a] as f64 - 1.0) * SPACING[a] / 2.0);
    Grid::axis_aligned(DIMS, LpsPoint::new(corner[0], corner[1], corner[2]), SPACING).unwrap()
}

/// How far inside a ball a voxel lies, mm.
fn depth(grid: &Grid, index: usize, ball: usize) -> f64 {
    let [i, j, k] = grid.position(index).map(|n| n as f64);
    let (_, [x, y, z], radius) = BALLS[ball];
    radius - grid.to_patient(VoxelPoint::new(i, j, k)).distance(LpsPoint::new(x, y, z)).0
}

/// A synthetic case with the balls as structures above 300 HU; with an open geometry warning where that is asked for.
fn case(folder: &Path, warned: bool) {
    let grid = grid();
    let value = |index| {
        let inside = depth(&grid, index, 0).max(depth(&grid, index, 1));
        // A soft border of two voxels, as a scanner makes it; 300 HU is half of it.
        (-1000.0 + 2600.0 * (inside / 2.0 + 0.5).clamp(0.0, 1.0)) as i16
    };
    let samples = (0..grid.len()).map(value).collect();
    let mut volume = playing::ct(grid.clone(), samples);
    if warned {
        let issue = GeometryIssue::PixelSpacingUncertain { reason: "it is the detector's".into() };
        volume.warnings.push(GeometryWarning::new(issue));
    }
    let by = Author::new("tester").unwrap();
    let mut case = Case::create(folder, &volume, &by, &Progress::new()).unwrap();
    let id = case.volumes()[0].id.clone();
    for (ball, (name, ..)) in BALLS.iter().enumerate() {
        let structure = Structure {
            name: (*name).into(),
            colour: Rgb(200, 200, 100),
            mask: Mask::from_fn(grid.clone(), |index| depth(&grid, index, ball) >= 0.0),
            code: None,
            origin: "drawn".into(),
            isovalue: Some(300.0),
        };
        case.add_structure(&id, &structure, &by, &Progress::new()).unwrap();
    }
}

fn kept(world: &World) -> usize {
    world.resource::<OpenCase>().measurements.len()
}

/// What the case on the disk has.
fn on_disk(folder: &Path) -> Vec<(String, Measurement)> {
    let case = Case::open_read_only(folder).unwrap();
    case.plan().state().measurements.iter().map(|m| (m.name.clone(), m.measurement.clone())).collect()
}

/// A distance between points put by hand, on a slice, by press, drag and release.
#[test]
fn a_line_drawn_on_a_slice_is_a_distance_with_its_error() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder, false);
    let mut app = playing::app(&folder, MeasuringPlugin);
    let script = "0 tool measure\n0.2 slice at -15 3 1 axial\n0.3 slice press\n0.5 slice at 0 3 1 axial\n\
                  0.9 slice at 5 3 1 axial\n1.1 slice release\n1.3 slice gone\n";
    play(&mut app, script, |world| kept(world) == 1);
    let [(name, measurement)] = &on_disk(&folder)[..] else { panic!("not one measurement") };
    assert_eq!(name, "Distance 1");
    let ends = [LpsPoint::new(-15.0, 3.0, 1.0), LpsPoint::new(5.0, 3.0, 1.0)];
    assert_eq!(measurement.kind, MeasurementKind::Distance { points: ends });
    let value = measurement.main().unwrap();
    assert_eq!(value.what, QuantityKind::Length);
    assert!((value.value - 20.0).abs() < 1e-9, "{value}");
    // By hand, along x: each end lies anywhere in a voxel of 0.9 mm, and the hand errs by 0.5 mm.
    let by_hand = 1.96 * (2.0 * (0.9f64.powi(2) / 12.0 + 0.25)).sqrt();
    assert!((value.half_width() / by_hand - 1.0).abs() < 0.02, "{value}, by hand {by_hand}");
    // It is drawn, and undo takes it away.
    let drawn = |world: &World| world.resource::<Annotations>().all().count();
    assert_eq!(drawn(app.world()), 1);
    app.world_mut().write_message(Request::Undo);
    play(&mut app, "0 tool none\n", |world| kept(world) == 0);
    assert_eq!(drawn(app.world()), 0);
}

/// The ray of a hand in the room, by two presses, snapped to a surface.
#[test]
fn a_hand_in_the_room_measures_a_ball_by_its_surface() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder, false);
    let mut app = playing::app(&folder, MeasuringPlugin);
    // From outside along the line through the ball's middle, from the left and from the other side of it.
    let script = "0 tool measure\n0.1 option measure snap surface\n0.2 option measure structure left ball\n\
                  0.4 right lps 12 0 0 from 12 -80 0\n0.6 right trigger 1\n0.8 right trigger 0\n\
                  1.0 right lps 12 0 0 from 12 80 0\n1.2 right trigger 1\n1.4 right trigger 0\n1.6 right gone\n";
    play(&mut app, script, |world| kept(world) == 1);
    let [(_, measurement)] = &on_disk(&folder)[..] else { panic!("not one measurement") };
    let value = measurement.main().unwrap();
    assert!((value.value - 18.0).abs() < 0.3 * 0.9, "{value}");
    assert!(value.half_width() > 0.1 && value.half_width() < 2.0, "{value}");
    assert!(value.error.iter().any(|part| part.source == ErrorSource::Segmentation && part.standard > 0.0));
    let MeasurementKind::Distance { points: [front, back] } = &measurement.kind else { panic!("no distance") };
    // The first point is in front: anterior is −y.
    assert!(front.0.y < -8.0 && back.0.y > 8.0, "{front:?} {back:?}");
    assert!(measurement.data.iter().any(|data| data.name == "left ball"));
}

/// What is of structures needs no points.
#[test]
fn the_closest_distance_and_a_volume_are_asked_for_by_a_button() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder, false);
    let mut app = playing::app(&folder, MeasuringPlugin);
    let script = "0 tool measure\n0.2 option measure kind closest distance\n0.3 option measure structure left ball\n\
                  0.3 option measure other right ball\n0.5 option measure measure press\n\
                  0.7 option measure kind volume\n0.9 option measure measure press\n";
    play(&mut app, script, |world| kept(world) == 2);
    let measured = on_disk(&folder);
    let find = |name: &str| measured.iter().find(|(n, _)| n == name).unwrap().1.main().unwrap().clone();
    let closest = find("Closest distance 1");
    assert!((closest.value - 9.0).abs() < 0.3 * 0.9, "{closest}");
    let volume = find("Volume 1");
    let truth = 4.0 / 3.0 * std::f64::consts::PI * 9f64.powi(3);
    assert!((volume.value - truth).abs() < volume.half_width(), "{volume}, truth {truth}");
}

/// The worst thing would be a number from a scan of unknown geometry.
#[test]
fn nothing_is_measured_while_a_geometry_warning_is_open() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder, true);
    let mut app = playing::app(&folder, MeasuringPlugin);
    let line =
        "0.2 slice at -15 3 1 axial\n0.3 slice press\n0.6 slice at 5 3 1 axial\n0.9 slice release\n1 slice gone\n";
    let blocked = |world: &World| matches!(&world.resource::<Measuring>().told, Some(Told::Blocked(_)));
    play(&mut app, &format!("0 tool measure\n{line}"), blocked);
    let Some(Told::Blocked(why)) = &app.world().resource::<Measuring>().told else { panic!("it is not said") };
    assert!(why.contains("geometry warning") && why.contains("detector"), "{why}");
    assert!(app.world().resource::<Notices>().0.iter().any(|notice| notice.text == *why));
    assert_eq!((kept(app.world()), on_disk(&folder).len()), (0, 0));
    // Settled with a reason, the same line is a distance.
    let volume = app.world().resource::<OpenCase>().warnings[0].volume.clone();
    let reason = "checked against the ruler".to_owned();
    app.world_mut().write_message(Request::AcceptWarning { volume, index: 0, reason });
    play(&mut app, "0 tool none\n", |world| !world.resource::<OpenCase>().has_open_warnings());
    play(&mut app, &format!("0 tool measure\n{line}"), |world| kept(world) == 1);
    assert!((on_disk(&folder)[0].1.main().unwrap().value - 20.0).abs() < 1e-9);
}
