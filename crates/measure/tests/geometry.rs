//! Hand-computable truth, sides, snaps, centrelines with branches.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Random, Told, border, grid, mask, settings, structure};
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_measure::{
    Border, Centreline, MeasureError, Settings, closest_distance, geodesic, profile, snap_to_centreline, snap_to_edge,
    snap_to_surface,
};
use fabrica_phantom::Solid;
use fabrica_progress::Progress;
use glam::DVec3;

/// All 48 ways in which a grid's axes can lie along the patient's.
fn all_axes() -> Vec<[DVec3; 3]> {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let signs = (0..8).map(|s| [0, 1, 2].map(|a| if s >> a & 1 == 0 { 1.0 } else { -1.0 }));
    signs.flat_map(|s| orders.map(|o| [0, 1, 2].map(|a| DVec3::AXES[o[a]] * s[a]))).collect()
}

#[test]
fn left_stays_left_whichever_way_the_scan_lies() {
    // A ball of 6 mm to the patient's left and one of 4 mm to the right, a little in front and above.
    let (left, right) = (DVec3::new(12.0, 1.0, -2.0), DVec3::new(-8.0, -3.0, 2.0));
    let balls = [Solid::ball(left, 6.0), Solid::ball(right, 4.0)];
    let truth = left.distance(right) - 10.0;
    for axes in all_axes() {
        let spacing = [0.9, 1.1, 1.4];
        // Reaches 21 mm and more to all sides of the middle.
        let half: DVec3 = (0..3).map(|a| axes[a] * (23.4 * spacing[a])).sum();
        let origin = LpsPoint(DVec3::X * 2.0 - half);
        let grid = Grid::new([48, 48, 48], origin, axes.map(LpsVector), spacing).unwrap();
        let borders = balls.each_ref().map(|ball| {
            Border::of(&structure(mask(ball, &grid), None), None, &Settings::default(), &Progress::new()).unwrap()
        });
        let (found, points) = closest_distance(&borders[0], &borders[1]).unwrap();
        let way = (right - left).normalize();
        // A mask tells each of the two faces to half a voxel at worst: this is about sides.
        assert!((found.value - truth).abs() < 1.0, "{axes:?}: {found}");
        assert!(points[0].0.distance(left + way * 6.0) < 2.5, "{axes:?}: {points:?}");
        assert!(points[1].0.distance(right - way * 4.0) < 2.5, "{axes:?}: {points:?}");
        // The middle of the left ball is left, and outwards is outwards, also in left-handed grids.
        let (_, on) = snap_to_surface(&[&borders[0]], LpsPoint(left + DVec3::X * 7.0), Mm(3.0)).unwrap();
        assert!(on.0.x > 17.0 && borders[0].outwards(on).0.x > 0.9, "{axes:?}: {on:?}");
    }
}

#[test]
fn structures_that_touch_or_hold_one_another_are_at_distance_0() {
    let grid = Grid::axis_aligned([30, 30, 30], LpsPoint::new(-15.0, -15.0, -15.0), [1.0; 3]).unwrap();
    let of = |solid: Solid| {
        Border::of(&structure(mask(&solid, &grid), None), None, &Settings::default(), &Progress::new()).unwrap()
    };
    let outer = of(Solid::ball(DVec3::ZERO, 10.0));
    let inner = of(Solid::ball(DVec3::ZERO, 4.0));
    let beside = of(Solid::ball(DVec3::X * 9.0, 4.0));
    for other in [&inner, &beside] {
        for (found, points) in [closest_distance(&outer, other).unwrap(), closest_distance(other, &outer).unwrap()] {
            assert_eq!((found.value, points[0]), (0.0, points[1]));
        }
    }
}

#[test]
fn edges_are_found_to_a_fraction_of_a_voxel() {
    let mut random = Random::new(7);
    for _ in 0..30 {
        let grid = grid(&mut random, [0.8, 0.8, 1.5], DVec3::ZERO, 14.0);
        let ball = Solid::ball(DVec3::ZERO, 9.0);
        let volume = common::image(&mut random, &[(&ball, 300.0)], 0.0, 5.0, &grid);
        let out = random.direction();
        let near = LpsPoint(out * random.between(8.2, 9.8));
        let edge = snap_to_edge(&volume, near, Mm(3.0)).unwrap();
        assert!((edge.0.length() - 9.0).abs() < 0.5, "{edge:?}");
    }
    let grid = grid(&mut random, [1.0; 3], DVec3::ZERO, 10.0);
    let flat = common::image(&mut random, &[], 40.0, 0.0, &grid);
    let nothing = snap_to_edge(&flat, LpsPoint::default(), Mm(3.0)).unwrap_err();
    assert_eq!(nothing.to_string(), "there is no edge within 3.00 mm of the point");
    assert!(matches!(snap_to_edge(&flat, LpsPoint::new(500.0, 0.0, 0.0), Mm(3.0)), Err(MeasureError::Outside { .. })));
}

#[test]
fn a_forked_vessel_has_its_branch_and_the_way_goes_round_the_fork() {
    let mut random = Random::new(3);
    // A Y: a trunk of 5 mm radius up from the origin, which goes on, and a branch of 3 mm to the left.
    let trunk = Solid::round_cone(DVec3::NEG_Z * 30.0, DVec3::Z * 30.0, 5.0, 4.5);
    let tip = DVec3::new(26.0, 0.0, 18.0);
    let solid = Solid::union([trunk, Solid::round_cone(DVec3::ZERO, tip, 3.0, 3.0)]);
    let grid = grid(&mut random, [0.8, 0.8, 1.2], DVec3::new(10.0, 0.0, 0.0), 38.0);
    let border = border(&mut random, &solid, 0.0, Told::ByMask, &grid, &settings(0.0, 0.0));
    let progress = Progress::new();
    let line = Centreline::of(&border, None, &progress).unwrap();
    assert_eq!(line.branches.len(), 2, "{:?}", line.branches.iter().map(|b| b.length()).collect::<Vec<_>>());
    assert_eq!(line.branches[1].parent, Some(0));
    // The wider end is the start.
    assert!(line.branches[0].points[0].at.0.z < 0.0);
    let found = profile(&border, &line, 1, None, &grid, &progress).unwrap();
    let middle: Vec<_> = found.sections.iter().filter(|s| !s.near_end).collect();
    assert!(middle.len() > 8);
    for section in middle {
        assert!((section.area_equivalent.value - 6.0).abs() < 0.5, "{:?}", section.area_equivalent);
    }
    // Snapped to the middle of the branch.
    let on = snap_to_centreline(&line, LpsPoint(tip * 0.6 + DVec3::Y * 2.0), Mm(4.0)).unwrap();
    assert!(on.0.y.abs() < 0.5, "{on:?}");
    // From the trunk's lower part to the branch's outer part: down the one and up the other.
    let (from, to) = (DVec3::NEG_Z * 20.0, tip * 0.8);
    let way = line.between([LpsPoint(from), LpsPoint(to)]).unwrap();
    let length: f64 = way.windows(2).map(|p| p[0].distance(p[1]).0).sum();
    let truth = from.length() + to.length();
    assert!((length - truth).abs() < 4.0, "{length} {truth}");
    let there = line.between([LpsPoint(to), LpsPoint(from)]).unwrap();
    let back: f64 = there.windows(2).map(|p| p[0].distance(p[1]).0).sum();
    assert!((length - back).abs() < 1e-9);
    assert!(profile(&border, &line, 7, None, &grid, &progress).is_err());
}

#[test]
fn a_bent_vessel_is_as_long_and_wide_as_it_is() {
    let mut random = Random::new(11);
    // Three quarters of a circle of 25 mm radius, 4 mm thick in radius.
    let at = |turn: f64| DVec3::new(25.0 * turn.cos(), 25.0 * turn.sin(), 4.0 * turn);
    let points: Vec<(DVec3, f64)> = (0..=60).map(|n| (at(f64::from(n) * 0.075), 4.0)).collect();
    let solid = Solid::tube_along(&points, 0.5);
    let grid = grid(&mut random, [0.7, 0.7, 1.5], DVec3::ZERO, 34.0);
    let border = border(&mut random, &solid, 0.0, Told::ByMask, &grid, &settings(0.0, 0.0));
    let progress = Progress::new();
    let line = Centreline::of(&border, Some(LpsPoint(at(0.0))), &progress).unwrap();
    let truth = 4.5 * (25f64 * 25.0 + 16.0).sqrt() + 8.0;
    assert!((line.branches[0].length().0 - truth).abs() < 1.2, "{} {truth}", line.branches[0].length());
    assert!(line.branches[0].points[0].at.0.distance(at(0.0)) < 6.0);
    let found = profile(&border, &line, 0, None, &grid, &progress).unwrap();
    let voxel = common::voxel(&grid);
    let whole: Vec<_> = found.sections.iter().filter(|s| !s.near_end).collect();
    let rms = |of: &dyn Fn(&fabrica_plan::CrossSection) -> f64| {
        (whole.iter().map(|s| (of(s) - 8.0).powi(2)).sum::<f64>() / whole.len() as f64).sqrt() / voxel
    };
    assert!(whole.len() > 80);
    assert!(rms(&|s| s.area_equivalent.value) < 0.15, "{}", rms(&|s| s.area_equivalent.value));
    assert!(rms(&|s| s.maximum.value) < 0.35, "{}", rms(&|s| s.maximum.value));
    assert!(rms(&|s| s.minimum.value) < 0.35, "{}", rms(&|s| s.minimum.value));
}

#[test]
fn ways_on_separate_parts_do_not_join() {
    let grid = Grid::axis_aligned([40, 16, 16], LpsPoint::new(-20.0, -8.0, -8.0), [1.0; 3]).unwrap();
    let two = Solid::union([Solid::ball(DVec3::NEG_X * 10.0, 5.0), Solid::ball(DVec3::X * 10.0, 5.0)]);
    let settings = Settings::default();
    let border = Border::of(&structure(mask(&two, &grid), None), None, &settings, &Progress::new()).unwrap();
    let ends = [LpsPoint::new(-16.0, 0.0, 0.0), LpsPoint::new(16.0, 0.0, 0.0)];
    let error = geodesic(&border, ends, &settings, &Progress::new()).unwrap_err();
    assert!(matches!(error, MeasureError::Separate(_)), "{error}");
    let cancelled = Progress::new();
    cancelled.cancel();
    assert!(Border::of(&structure(mask(&two, &grid), None), None, &settings, &cancelled).is_err());
    let line = Centreline::of(&border, None, &Progress::new());
    assert!(line.is_err() || line.unwrap().left_out > 0.4);
}
