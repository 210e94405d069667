//! Solids against values worked out by hand, and the one property that all sampling rests on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::f64::consts::PI;
use std::sync::LazyLock;

use fabrica_phantom::{Phantom, PhantomOptions, RoundCone, Solid};
use glam::{DMat3, DVec3, dvec3};
use proptest::prelude::*;

static PHANTOM: LazyLock<Phantom> = LazyLock::new(|| Phantom::new(&PhantomOptions::default()).unwrap());

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} is not {b}");
}

#[test]
fn distances_by_hand() {
    near(Solid::ball(dvec3(1.0, 0.0, 0.0), 2.0).field(dvec3(6.0, 0.0, 0.0)), 3.0);
    let cube = Solid::rounded_box(DVec3::ZERO, DVec3::splat(2.0), 0.5, DMat3::IDENTITY);
    near(cube.field(dvec3(5.0, 0.0, 0.0)), 3.0);
    near(cube.field(DVec3::ZERO), -2.0);
    // The corner's rounding centre is at (1.5, 1.5, 1.5).
    near(cube.field(dvec3(2.5, 2.5, 2.5)), 3f64.sqrt() - 0.5);
    let plate = Solid::plate([DVec3::ZERO, dvec3(10.0, 0.0, 0.0), dvec3(0.0, 10.0, 0.0)], 1.0);
    near(plate.field(dvec3(2.0, 2.0, 5.0)), 4.0);
    near(plate.field(dvec3(-3.0, 5.0, 0.0)), 2.0);
    near(plate.field(dvec3(10.0, 10.0, 0.0)), 50f64.sqrt() - 1.0);
    let capsule = RoundCone::new(DVec3::ZERO, dvec3(10.0, 0.0, 0.0), 2.0, 2.0);
    near(capsule.distance(dvec3(5.0, 6.0, 0.0)), 4.0);
    near(capsule.distance(dvec3(14.0, 3.0, 0.0)), 3.0);
    // Radii 5 and 1, centres 8 apart: the flank leans by asin(4/8) = 30°. Its point of contact on the large ball is at
    // (2.5, 4.33); 3 mm outwards along the normal from there:
    let cone = RoundCone::new(DVec3::ZERO, dvec3(8.0, 0.0, 0.0), 5.0, 1.0);
    let normal = dvec3(0.5, 3f64.sqrt() / 2.0, 0.0);
    near(cone.distance(normal * 8.0), 3.0);
    near(cone.distance(dvec3(4.0, 0.0, 0.0) + normal * 4.0), 1.0);
    near(cone.distance(dvec3(-7.0, 0.0, 0.0)), 2.0);
}

#[test]
fn closed_forms() {
    let ellipsoid = Solid::ellipsoid(DVec3::ZERO, dvec3(3.0, 4.0, 5.0), DMat3::IDENTITY);
    near(ellipsoid.closed_form_volume().unwrap(), 80.0 * PI);
    let capsule = Solid::round_cone(DVec3::ZERO, dvec3(0.0, 0.0, 10.0), 3.0, 3.0);
    near(capsule.closed_form_volume().unwrap(), 90.0 * PI + 36.0 * PI);
    let cube = Solid::rounded_box(DVec3::ZERO, DVec3::splat(2.0), 0.0, DMat3::IDENTITY);
    near(cube.closed_form_volume().unwrap(), 64.0);
    // A box that is all rounding is a ball.
    let ball = Solid::rounded_box(DVec3::ZERO, DVec3::splat(2.0), 2.0, DMat3::IDENTITY);
    near(ball.closed_form_volume().unwrap(), 32.0 / 3.0 * PI);
    // Balls of 5 and 1, 8 apart: contact circles at 2.5 and 8.5 with radii 4.33 and 0.866; between them a cut cone of
    // height 6, and the caps beyond.
    let cone = RoundCone::new(DVec3::ZERO, dvec3(8.0, 0.0, 0.0), 5.0, 1.0).volume();
    let cut = PI * 6.0 * 0.75 * (25.0 + 1.0 + 5.0) / 3.0;
    let big = 500.0 / 3.0 * PI - PI * 2.5 * 2.5 * 12.5 / 3.0;
    let small = PI * 0.25 * 2.5 / 3.0;
    near(cone, cut + big + small);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_field_changes_faster_than_distance(
        x in -200.0..200.0f64, y in -150.0..150.0f64, z in -370.0..660.0f64,
        dx in -1.0..1.0f64, dy in -1.0..1.0f64, dz in -1.0..1.0f64, reach in 0.01..60.0f64,
    ) {
        let p = dvec3(x, y, z);
        let q = p + dvec3(dx, dy, dz) * reach;
        for part in &PHANTOM.body().parts {
            let (a, b) = (part.solid.field(p), part.solid.field(q));
            prop_assert!((a - b).abs() <= p.distance(q) + 1e-6, "{}: {a} and {b} at {p} and {q}", part.name);
        }
    }

    #[test]
    fn a_limit_only_leaves_out_what_is_beyond(
        x in -200.0..200.0f64, y in -150.0..150.0f64, z in -370.0..660.0f64, limit in 0.0..30.0f64,
    ) {
        let p = dvec3(x, y, z);
        for part in &PHANTOM.body().parts {
            let (exact, quick) = (part.solid.field(p), part.solid.within(p, limit));
            if exact < limit {
                prop_assert!((exact - quick).abs() < 1e-9, "{}: {exact} and {quick} at {p}", part.name);
            } else {
                prop_assert!(quick >= limit - 1e-9 && quick <= exact + 1e-9, "{}: {exact} and {quick} at {p}", part.name);
            }
        }
    }

    #[test]
    fn boxes_hold_their_solids(x in -200.0..200.0f64, y in -150.0..150.0f64, z in -370.0..660.0f64) {
        let p = dvec3(x, y, z);
        for organ in &PHANTOM.body().organs {
            prop_assert!(!organ.solid.contains(p) || organ.solid.bounds().distance(p) == 0.0);
        }
    }
}
