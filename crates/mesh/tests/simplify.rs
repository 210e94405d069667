//! Simplified solids stay solids, within the bound, and lose what is flat.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_mesh::{MeshError, departures, self_intersections, simplify};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, check, surface_of_mask, surface_of_volume};
use fabrica_volume::{Mask, Samples, ValueUnit, Volume};
use glam::DVec3;
use proptest::prelude::*;

fn solid(half: f64, step: f64, field: impl Fn(DVec3) -> f64) -> Mesh {
    let n = (2.0 * half / step) as usize + 1;
    let grid = Grid::axis_aligned([n; 3], LpsPoint(DVec3::new(300.0, -200.0, 900.0)), [step; 3]).unwrap();
    let samples = (0..grid.len())
        .map(|i| field(DVec3::from_array(grid.position(i).map(|c| c as f64 * step - half))) as f32)
        .collect();
    let volume = Volume::new(grid, Samples::F32(samples), ValueUnit::Arbitrary).unwrap();
    surface_of_volume(&volume, 0.0, &Progress::new()).unwrap()
}

#[test]
fn a_ball_with_a_vessel_loses_most_triangles_within_the_bound() {
    let shape = |p: DVec3| (8.0 - p.length()).max(1.2 - (p.truncate() - glam::DVec2::new(0.5, 0.3)).length());
    let mesh = solid(12.0, 0.5, |p| shape(p).min(11.0 - p.z.abs()));
    let before = check(&mesh, &Progress::new()).unwrap();
    for bound in [0.02, 0.1, 0.3] {
        let made = simplify(&mesh, Mm(bound), &Progress::new()).unwrap();
        let after = check(&made.mesh, &Progress::new()).unwrap();
        assert!(after.is_solid() && self_intersections(&made.mesh, &Progress::new()).unwrap().is_empty());
        assert!(departures(&made.mesh, &mesh, Mm(0.2), &Progress::new()).unwrap().max.0 <= bound);
        assert!((after.volume.0 / before.volume.0 - 1.0).abs() < 0.05 * bound / 0.1, "{bound}: {}", after.volume);
        let share = after.triangles as f64 / before.triangles as f64;
        assert!(share < if bound > 0.05 { 0.2 } else { 0.7 }, "{bound}: {share}");
    }
}

#[test]
fn a_block_keeps_its_corners_and_little_else() {
    let grid = Grid::axis_aligned([12, 10, 8], LpsPoint::default(), [1.0; 3]).unwrap();
    let mesh = surface_of_mask(&Mask::from_fn(grid, |_| true), &Progress::new()).unwrap();
    let made = simplify(&mesh, Mm(0.01), &Progress::new()).unwrap();
    // A box with bevelled edges: 24 corners and a few more at most.
    assert!(made.report.after < 200, "{:?}", made.report);
    assert!(
        (check(&made.mesh, &Progress::new()).unwrap().volume.0 - check(&mesh, &Progress::new()).unwrap().volume.0)
            .abs()
            < 0.5
    );
    assert!(matches!(simplify(&mesh, Mm(0.0), &Progress::new()), Err(MeshError::Option { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn noise_stays_a_solid_with_all_its_parts(bits in proptest::collection::vec(any::<u64>(), 4), bound in 0.05f64..1.0) {
        let grid = Grid::axis_aligned([6; 3], LpsPoint::default(), [1.0; 3]).unwrap();
        let mask = Mask::from_fn(grid, |n| bits[n / 64] >> (n % 64) & 1 == 1);
        let mesh = surface_of_mask(&mask, &Progress::new()).unwrap();
        let made = simplify(&mesh, Mm(bound), &Progress::new()).unwrap();
        let (before, after) = (check(&mesh, &Progress::new()).unwrap(), check(&made.mesh, &Progress::new()).unwrap());
        prop_assert!(after.is_solid() && self_intersections(&made.mesh, &Progress::new()).unwrap().is_empty());
        prop_assert_eq!((before.components, before.cavities), (after.components, after.cavities));
        prop_assert!(made.report.departures.max.0 <= bound && after.triangles <= before.triangles);
    }
}
