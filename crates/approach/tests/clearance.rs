//! Clearances, depths, angles and crossings against shapes of known distance and against brute force.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops where it fails, and its files are its own"
)]

mod common;

use common::{ball, cuboid};
use fabrica_approach::{Alarm, Instrument, Library, Obstacle, Path, PlacedInstrument, Pose, Thresholds, crossings};
use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use glam::DVec3;
use proptest::prelude::*;

fn obstacle(mesh: &fabrica_surface::Mesh) -> Obstacle {
    Obstacle::new("it", mesh, Mm(0.0), Thresholds::default()).unwrap()
}

fn pose(tip: DVec3, forward: DVec3) -> Pose {
    let up = if forward.normalize().z.abs() < 0.9 { DVec3::Z } else { DVec3::Y };
    Pose::new(LpsPoint(tip), LpsVector(forward), LpsVector(up)).unwrap()
}

#[test]
fn every_built_in_instrument_reads_and_keeps_its_measures() {
    let library = Library::built_in().unwrap();
    assert_eq!(library.instruments().len(), 13);
    let drill = library.get("drill 3 mm").unwrap();
    assert_eq!((drill.radius_within(Mm(60.0)).0, drill.radius_within(Mm(200.0)).0), (1.5, 9.0));
    let needle = library.get("needle 1.3 mm").unwrap();
    // Half way up the tip of 2.5 mm.
    assert!((needle.radius_within(Mm(1.25)).0 - 0.3175).abs() < 1e-9);
    // Regression: the handle that begins where the working length ends made the map's needle 8 mm wide.
    assert!((needle.radius_within(needle.working_length).0 - 0.635).abs() < 1e-9);
    assert!(library.get("scalpel").unwrap_err().to_string().contains("drill 3 mm"));
}

#[test]
fn a_malformed_file_is_told_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let good = std::fs::read_to_string("../../assets/instruments/needle.toml").unwrap();
    std::fs::write(folder.path().join("a.toml"), good.replace("needle 1.3 mm", "our needle")).unwrap();
    std::fs::write(folder.path().join("b.toml"), "name = \"half").unwrap();
    std::fs::write(folder.path().join("c.toml"), good.replace("working_length_mm = 150", "working_length_mm = -1"))
        .unwrap();
    std::fs::write(folder.path().join("d.toml"), [0xffu8, 0xfe]).unwrap();
    let mut library = Library::built_in().unwrap();
    let problems = library.add_folder(folder.path()).unwrap();
    assert_eq!(library.instruments().len(), 14);
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems[1].to_string().contains("c.toml") && problems[1].to_string().contains("working_length_mm"));
    assert!(library.add_folder(&folder.path().join("missing")).is_err());
    assert_eq!(library.instruments().len(), 14);
}

#[test]
fn a_rod_beside_a_ball_by_hand() {
    // Rod of 2 mm radius along z at x = 20, ball of 10 mm at the origin: 20 - 10 - 2 = 8 mm.
    let it = obstacle(&ball(DVec3::ZERO, 10.0, 200));
    let rod = Instrument::rod("rod", Mm(4.0), Mm(100.0)).unwrap();
    let placed = PlacedInstrument::new(&rod, &pose(DVec3::new(20.0, 0.0, -50.0), DVec3::NEG_Z));
    let found = it.clearance(&placed, Mm(50.0), None).unwrap();
    assert!((found.distance.0 - 8.0).abs() < 0.01, "{found:?}");
    assert!((found.nearest.0 - DVec3::X * 10.0).length() < 0.5);
    assert!(found.outwards.0.dot(DVec3::X) > 0.999);
    assert_eq!(found.alarm, Alarm::Free);
    // The flat tip 3 mm above the pole.
    let placed = PlacedInstrument::new(&rod, &pose(DVec3::new(0.0, 0.0, 13.0), DVec3::NEG_Z));
    let found = it.clearance(&placed, Mm(50.0), None).unwrap();
    assert!((found.distance.0 - 3.0).abs() < 0.005, "{found:?}");
    assert_eq!(found.alarm, Alarm::Warn);
    // Wholly within: never free.
    let short = Instrument::rod("short", Mm(1.0), Mm(2.0)).unwrap();
    let found = it.clearance(&PlacedInstrument::new(&short, &pose(DVec3::ZERO, DVec3::Z)), Mm(1.0), None).unwrap();
    assert!(found.distance.0 < -8.0 && found.alarm == Alarm::Stop, "{found:?}");
    assert!(it.clearance(&placed, Mm(2.0), None).is_none());
}

#[test]
fn angles_and_depths_by_hand() {
    let plan = Path { entry: LpsPoint::new(0.0, 0.0, 0.0), target: LpsPoint::new(0.0, 0.0, 100.0) };
    let tilted = pose(DVec3::new(3.0, 4.0, 60.0), DVec3::new(0.0, 1.0, 3f64.sqrt()));
    let from = tilted.from_plan(&plan).unwrap();
    assert!((from.angle_degrees - 30.0).abs() < 1e-9 && (from.aside.0 - 5.0).abs() < 1e-12);
    assert!((from.depth.0 - 60.0).abs() < 1e-12 && (from.to_go.0 - 40.0).abs() < 1e-12);
    let angles = tilted.plane_angles();
    assert!((angles.axial_degrees - 60.0).abs() < 1e-9 && (angles.coronal_degrees - 30.0).abs() < 1e-9);
    assert!(angles.sagittal_degrees.abs() < 1e-9);
    assert!((tilted.angle_to_surface_degrees(LpsVector::new(0.0, 0.0, -1.0)) - 30.0).abs() < 1e-9);
    assert!((tilted.view(30.0).0.dot(tilted.forward().0) - 30f64.to_radians().cos()).abs() < 1e-12);
}

#[test]
fn crossings_come_in_order_with_their_lengths() {
    let wall = Obstacle::new(
        "wall",
        &cuboid(DVec3::new(-50.0, -50.0, 10.0), DVec3::new(50.0, 50.0, 16.0)),
        Mm(0.1),
        Thresholds::default(),
    )
    .unwrap();
    let mass =
        Obstacle::new("mass", &ball(DVec3::new(0.0, 0.0, 40.0), 10.0, 150), Mm(0.1), Thresholds::default()).unwrap();
    // 60° from the wall's normal would be steep; 3-4-5 is exact: 6 mm of wall are 7.5 mm of path.
    let path = Path { entry: LpsPoint::new(-30.0, 0.0, 0.0), target: LpsPoint::new(0.0, 0.0, 40.0) };
    let found = crossings(&path, [&mass, &wall]).unwrap();
    let names: Vec<_> = found.iter().map(|c| c.structure.as_str()).collect();
    assert_eq!(names, ["wall", "mass"]);
    assert!((found[0].from.0 - 12.5).abs() < 1e-4 && (found[0].length().0 - 7.5).abs() < 1e-4, "{found:?}");
    // Drawn out by the slant: 1.96 · 0.1 / 0.8.
    assert!((found[0].error.0 - 0.245).abs() < 1e-6);
    assert!((found[1].from.0 - 40.0).abs() < 0.01 && (found[1].to.0 - 50.0).abs() < 1e-9);
}

#[test]
fn instruments_collide_or_tell_their_distance() {
    let rod = Instrument::rod("rod", Mm(4.0), Mm(100.0)).unwrap();
    let a = PlacedInstrument::new(&rod, &pose(DVec3::ZERO, DVec3::NEG_X));
    let b = PlacedInstrument::new(&rod, &pose(DVec3::new(50.0, -50.0, 9.0), DVec3::NEG_Y));
    assert!((a.distance_between(&b).0.0 - 5.0).abs() < 0.01, "{:?}", a.distance_between(&b));
    let c = PlacedInstrument::new(&rod, &pose(DVec3::new(50.0, -50.0, 3.9), DVec3::NEG_Y));
    assert!(a.distance_between(&c).0.0 < 0.01);
    let library = Library::built_in().unwrap();
    let drill =
        PlacedInstrument::new(library.get("drill 3 mm").unwrap(), &pose(DVec3::new(0.0, 0.0, 7.0), DVec3::NEG_Z));
    // A flat tip at 0 pointing up along z: 7 mm less nothing, the burr's lowest point is its tip.
    let d = PlacedInstrument::new(&rod, &pose(DVec3::ZERO, DVec3::Z));
    assert!((drill.distance_between(&d).0.0 - 7.0).abs() < 0.01);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Every built-in instrument beside a fine ball: the distance to a ball is that of its middle less its radius.
    #[test]
    fn clearance_to_a_ball_is_that_to_its_middle(
        which in 0usize..13, tip in prop::array::uniform3(-40.0..40.0f64), to in prop::array::uniform3(-1.0..1.0f64),
    ) {
        let forward = DVec3::from(to);
        prop_assume!(forward.length() > 0.1);
        let library = Library::built_in().unwrap();
        let placed = PlacedInstrument::new(&library.instruments()[which], &pose(tip.into(), forward));
        static BALL: std::sync::LazyLock<Obstacle> = std::sync::LazyLock::new(|| obstacle(&ball(DVec3::ZERO, 8.0, 160)));
        let it = &*BALL;
        let exact = placed.distance_to(LpsPoint(DVec3::ZERO)).0 - 8.0;
        let found = it.clearance(&placed, Mm(400.0), None).unwrap();
        if exact > 0.0 {
            // The mesh lies inside the ball by up to r (1 - cos(π / 160 / ...)) ≈ 0.002 mm.
            prop_assert!((found.distance.0 - exact).abs() < 0.01, "{} {}", found.distance.0, exact);
            let again = it.clearance(&placed, Mm(400.0), Some(&found)).unwrap();
            prop_assert!((again.distance.0 - found.distance.0).abs() <= 0.002);
            // The nearest point is on the ball and as far from the instrument as said.
            prop_assert!((placed.distance_to(found.nearest).0 - found.distance.0).abs() < 1e-9);
        } else {
            prop_assert!(found.distance.0 < 0.01 && found.alarm == Alarm::Stop);
        }
    }

    /// Against brute force over all of a mesh's points.
    #[test]
    fn no_point_of_the_mesh_is_nearer(
        which in 0usize..13, tip in prop::array::uniform3(15.0..40.0f64), to in prop::array::uniform3(-1.0..1.0f64),
    ) {
        let forward = DVec3::from(to);
        prop_assume!(forward.length() > 0.1);
        let library = Library::built_in().unwrap();
        let placed = PlacedInstrument::new(&library.instruments()[which], &pose(tip.into(), forward));
        let mesh = cuboid(DVec3::new(-9.0, -3.0, -5.0), DVec3::new(2.0, 12.0, 6.0));
        let it = obstacle(&mesh);
        let found = it.clearance(&placed, Mm(400.0), None).unwrap();
        // Points 0.25 mm apart over each face.
        let mut least = f64::INFINITY;
        for t in mesh.triangles() {
            let p = t.map(|v| DVec3::from_array(mesh.vertices()[v as usize].map(f64::from)));
            for u in 0..=60 {
                for v in 0..=60 - u {
                    let at = p[0] + (p[1] - p[0]) * (f64::from(u) / 60.0) + (p[2] - p[0]) * (f64::from(v) / 60.0);
                    least = least.min(placed.distance_to(LpsPoint(at)).0);
                }
            }
        }
        if found.distance.0 > 0.0 {
            prop_assert!(found.distance.0 <= least + 0.001 && found.distance.0 > least - 0.2, "{} {}", found.distance.0, least);
        } else {
            prop_assert!(least < 0.2);
        }
    }
}
