//! The plane in the hand as scripts hold it, without a window.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]

#[path = "../../scene/tests/common/playing.rs"]
mod playing;

use std::path::Path;

use bevy::prelude::*;
use fabrica_case::Case;
use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_plan::{Author, ClipPlane};
use fabrica_progress::Progress;
use fabrica_scene::{ObliqueSlice, OpenCase, Preview};
use fabrica_slicing::SlicingPlugin;
use playing::play;

/// A synthetic case of 41 × 41 × 41 voxels of 2 mm about the origin.
fn case(folder: &Path) {
    let grid = Grid::axis_aligned([41; 3], LpsPoint::new(-40.0, -40.0, -40.0), [2.0; 3]).unwrap();
    let values = (0..grid.len()).map(|n| (n % 41) as i16).collect();
    let volume = playing::ct(grid, values);
    Case::create(folder, &volume, &Author::new("tester").unwrap(), &Progress::new()).unwrap();
}

fn close(a: LpsPoint, b: LpsPoint) -> bool {
    a.distance(b).0 < 1e-2
}

#[test]
fn a_hand_carries_the_slice_and_the_cut_and_a_slice_view_moves_them() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder);
    let mut app = playing::app(&folder, SlicingPlugin);

    // It starts at the crosshair, seen from the front; nothing is cut before it is moved.
    let shown = |world: &World| world.resource::<ObliqueSlice>().shown.map(|(plane, _)| plane);
    play(&mut app, "0 tool slice\n0.1 option slice what both\n", |world| shown(world).is_some());
    let plane = shown(app.world()).unwrap();
    assert!(close(plane.centre, LpsPoint::default()) && plane.normal() == LpsVector::new(0.0, 1.0, 0.0), "{plane:?}");
    assert_eq!(app.world().resource::<OpenCase>().clip, None);

    // The hand goes 10 mm back and 6 mm up; what is before the plane is cut away, by one operation.
    let carry = "0 right lps 0 0 0 from 0 -200 0\n0.2 right trigger 1\n0.5 right lps 0 10 6 from 0 -190 6\n\
                 0.8 right trigger 0\n1.0 right gone\n";
    play(&mut app, carry, |world| world.resource::<OpenCase>().clip.is_some());
    let clip: ClipPlane = app.world().resource::<OpenCase>().clip.unwrap();
    assert!(clip.enabled && close(clip.point, LpsPoint::new(0.0, 10.0, 6.0)), "{clip:?}");
    assert!((clip.normal.0 - glam::DVec3::NEG_Y).length() < 1e-4, "{clip:?}");
    assert_eq!(app.world().resource::<Preview>().clip, None);

    // The pointer on a slice view moves it there; on the other side it cuts the other half.
    let moves = "0 slice at 0 0 6 axial\n0.2 slice press\n0.4 slice at 4 -12 6 axial\n0.6 slice release\n0.7 slice gone\n\
                 1.0 option slice flip press\n";
    let there = LpsPoint::new(4.0, -12.0, 6.0);
    play(&mut app, moves, |world| {
        let clip = world.resource::<OpenCase>().clip.unwrap();
        close(clip.point, there) && clip.normal.0.y > 0.99 && shown(world).is_some_and(|p| close(p.centre, there))
    });

    // Laid aside, the slice goes and the cut stays: it is the plan's.
    play(&mut app, "0 tool none\n", |world| shown(world).is_none());
    assert!(app.world().resource::<OpenCase>().clip.is_some());
    let plan = Case::open_read_only(&folder).unwrap();
    assert!(close(plan.plan().state().clip_planes["clip"].point, there));
}

#[test]
fn the_box_is_carried_pushed_at_a_face_and_spares_a_structure() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("case");
    case(&folder);
    let mut app = playing::app(&folder, SlicingPlugin);
    let clip = |world: &World| world.resource::<OpenCase>().clip_box.clone();
    let planned = || Case::open_read_only(&folder).unwrap().plan().state().clip_boxes.get("clip").cloned();

    // On an axial slice: near the left face, which goes 12 mm inwards. Until then nothing is cut, and its edges are shown.
    let drag = "0 tool slice\n0.1 option slice what clip box\n0.3 slice at 38 0 0 axial\n0.5 slice press\n\
                0.8 slice at 26 3 0 axial\n1.0 slice release\n1.1 slice gone\n";
    play(&mut app, drag, |world| clip(world).is_some());
    let made = clip(app.world()).unwrap();
    let half = |n: usize| made.half[n].0;
    let whole = 41.0;
    assert!((half(0) - (whole - 6.0)).abs() < 1e-6 && (half(1) - whole).abs() < 1e-6, "{made:?}");
    assert!(close(made.centre, LpsPoint::new(-6.0, 0.0, 0.0)), "{made:?}");
    assert_eq!(app.world().resource::<Preview>().clip_box, None);
    assert!(app.world().resource::<ObliqueSlice>().boxed.is_some());

    // A hand far from it carries all of it 10 mm down; one at its upper face pushes that down by 10 mm.
    let carry = "0.3 right lps 0 -5 50 from 0 -205 50\n0.5 right trigger 1\n0.8 right lps 0 -5 40 from 0 -205 40\n\
                 1.1 right trigger 0\n1.3 right gone\n";
    play(&mut app, carry, |world| clip(world).is_some_and(|now| now != made));
    let carried = clip(app.world()).unwrap();
    assert!(close(carried.centre, made.centre + LpsVector::new(0.0, 0.0, -10.0)), "{carried:?}");
    assert_eq!(carried.half, made.half);
    let push = "0.3 right lps 0 200 35 from 0 0 35\n0.5 right trigger 1\n0.8 right lps 0 200 25 from 0 0 25\n\
                1.1 right trigger 0\n1.3 right gone\n";
    play(&mut app, push, |world| clip(world).is_some_and(|now| now != carried));
    let pushed = clip(app.world()).unwrap();
    assert!((pushed.half[2].0 - (whole - 5.0)).abs() < 1e-2, "{pushed:?}");
    assert!(close(pushed.centre, carried.centre + LpsVector::new(0.0, 0.0, -5.0)), "{pushed:?}");

    // Undone twice; taken off it stays in the plan; put around the whole scan again.
    play(&mut app, "0 undo\n0.5 undo\n", |world| clip(world).as_ref() == Some(&made));
    play(&mut app, "0 option slice box press\n", |world| clip(world).is_some_and(|now| !now.enabled));
    play(&mut app, "0 option slice around press\n", |world| {
        clip(world).is_some_and(|now| (now.half[0].0 - 41.0).abs() < 1e-6 && now.enabled)
    });
    play(&mut app, "0 tool none\n", |world| world.resource::<ObliqueSlice>().boxed.is_none());
    assert_eq!(planned(), clip(app.world()));
}
