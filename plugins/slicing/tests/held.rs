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
