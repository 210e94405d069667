//! Smoothing takes the steps out, keeps volumes, and never loses anything thin.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking and say what they skip"
)]

use fabrica_geometry::{Grid, LpsPoint, VoxelPoint};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, Smoothing, SurfaceError, check, smooth, surface_of_mask, surface_of_volume};
use fabrica_volume::{Mask, Samples, ValueUnit, Volume};
use glam::DVec3;
use proptest::prelude::*;

fn grid(dims: [usize; 3], spacing: [f64; 3]) -> Grid {
    Grid::axis_aligned(dims, LpsPoint::new(-30.0, 40.0, 700.0), spacing).unwrap()
}

fn vertex(v: [f32; 3]) -> DVec3 {
    glam::Vec3::from_array(v).as_dvec3()
}

/// How often the mesh winds around a point (van Oosterom and Strackee 1983): 1 inside, 0 outside.
fn winding(mesh: &Mesh, p: DVec3) -> f64 {
    let solid_angle = |t: &[u32; 3]| {
        let [a, b, c] = t.map(|v| vertex(mesh.vertices()[v as usize]) - p);
        let (la, lb, lc) = (a.length(), b.length(), c.length());
        2.0 * a.dot(b.cross(c)).atan2(la * lb * lc + a.dot(b) * lc + b.dot(c) * la + c.dot(a) * lb)
    };
    mesh.triangles().iter().map(solid_angle).sum::<f64>() / (4.0 * std::f64::consts::PI)
}

fn assert_all_voxels_stay_on_their_side(mesh: &Mesh, mask: &Mask) {
    for n in 0..mask.grid().len() {
        let voxel = mask.grid().position(n);
        let centre = mask.grid().to_patient(VoxelPoint(DVec3::from_array(voxel.map(|i| i as f64))));
        let expected = if mask.get(voxel) { 1.0 } else { 0.0 };
        let winds = winding(mesh, centre.0);
        assert!((winds - expected).abs() < 1e-3, "{voxel:?}: {winds}");
    }
}

#[test]
fn thin_vessels_stay_whole() {
    // One voxel wide: straight along x, then in the diagonal of a face, then along z.
    let grid = grid([24, 16, 12], [0.6, 0.6, 1.5]);
    let mut mask = Mask::empty(grid.clone());
    (2..10).for_each(|i| mask.set([i, 3, 3], true));
    (0..8).for_each(|n| mask.set([10 + n, 4 + n, 3], true));
    (3..10).for_each(|k| mask.set([17, 11, k], true));
    let mut mesh = surface_of_mask(&mask, &Progress::new()).unwrap();
    let strong = Smoothing { passes: 40, pass_band: 0.01, ..Smoothing::default() };
    let report = smooth(&mut mesh, &grid, &strong, &Progress::new()).unwrap();
    let checked = check(&mesh, &Progress::new()).unwrap();
    assert!(checked.is_solid() && checked.components == 1, "{checked:?}");
    assert!((report.volume_after.0 / report.volume_before.0 - 1.0).abs() < 0.01, "{report:?}");
    assert_all_voxels_stay_on_their_side(&mesh, &mask);
}

#[test]
fn a_ball_of_voxels_becomes_smooth_and_keeps_its_volume() {
    let grid = grid([50, 50, 25], [1.0, 1.0, 2.0]);
    let centre = grid.centre().0;
    let at = |n: usize| grid.to_patient(VoxelPoint(DVec3::from_array(grid.position(n).map(|i| i as f64)))).0;
    let mask = Mask::from_fn(grid.clone(), |n| at(n).distance(centre) <= 20.3);
    let mut mesh = surface_of_mask(&mask, &Progress::new()).unwrap();
    // The mean of how far triangles' normals are off the ball's.
    let roughness = |mesh: &Mesh| {
        let tilt = |t: &[u32; 3]| {
            let [a, b, c] = t.map(|v| vertex(mesh.vertices()[v as usize]));
            (b - a).cross(c - a).angle_between(a - centre)
        };
        mesh.triangles().iter().map(tilt).sum::<f64>().to_degrees() / mesh.triangles().len() as f64
    };
    let rough = roughness(&mesh);
    let before = mesh.clone();
    let report = smooth(&mut mesh, &grid, &Smoothing::default(), &Progress::new()).unwrap();
    let smooth = roughness(&mesh);
    assert!(smooth < 0.6 * rough, "{rough}° before, {smooth}° after");
    let checked = check(&mesh, &Progress::new()).unwrap();
    assert!(checked.is_solid());
    assert!((checked.volume.0 / report.volume_before.0 - 1.0).abs() < 2e-4, "{report:?}");
    assert!((checked.volume.0 / mask.volume().0 - 1.0).abs() < 0.005);
    // In voxels no vertex goes farther than the leash.
    let to_voxel = grid.patient_to_voxel();
    for (a, b) in before.vertices().iter().zip(mesh.vertices()) {
        assert!(to_voxel.transform_vector3(vertex(*a) - vertex(*b)).length() < 0.2801);
    }
    assert!(report.greatest_move.0 <= 0.28 * 2.0 + 1e-4);
}

#[test]
fn a_sub_voxel_surface_stays_where_it_is() {
    let grid = grid([50, 50, 50], [1.0; 3]);
    let centre = grid.centre().0;
    let at = |n: usize| grid.to_patient(VoxelPoint(DVec3::from_array(grid.position(n).map(|i| i as f64)))).0;
    let samples = (0..grid.len()).map(|n| (20.3 - at(n).distance(centre)) as f32).collect();
    let ball = Volume::new(grid.clone(), Samples::F32(samples), ValueUnit::Arbitrary).unwrap();
    let mut mesh = surface_of_volume(&ball, 0.0, &Progress::new()).unwrap();
    smooth(&mut mesh, &grid, &Smoothing::default(), &Progress::new()).unwrap();
    for v in mesh.vertices() {
        assert!((vertex(*v).distance(centre) - 20.3).abs() < 0.05);
    }
}

#[test]
fn impossible_options_are_refused_and_cancelling_changes_nothing() {
    let grid = grid([4, 4, 4], [1.0; 3]);
    let mut mesh = surface_of_mask(&Mask::from_fn(grid.clone(), |_| true), &Progress::new()).unwrap();
    let before = mesh.clone();
    for bad in [
        Smoothing { pass_band: f64::NAN, ..Smoothing::default() },
        Smoothing { leash_voxels: -1.0, ..Smoothing::default() },
        Smoothing { passes: 1_000_000, ..Smoothing::default() },
    ] {
        assert!(matches!(smooth(&mut mesh, &grid, &bad, &Progress::new()), Err(SurfaceError::Option { .. })));
    }
    let progress = Progress::new();
    progress.cancel();
    assert!(smooth(&mut mesh, &grid, &Smoothing::default(), &progress).is_err());
    assert_eq!(mesh, before);
    let none = Smoothing { passes: 0, ..Smoothing::default() };
    smooth(&mut mesh, &grid, &none, &Progress::new()).unwrap();
    assert_eq!(mesh, before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn smoothed_noise_is_solid_and_every_voxel_stays_on_its_side(
        bits in proptest::collection::vec(any::<u64>(), 4),
        passes in 0u32..30,
        pass_band in 0.01..0.5f64,
    ) {
        let grid = grid([7, 6, 6], [0.5, 0.8, 2.0]);
        let mask = Mask::from_fn(grid.clone(), |n| bits[n / 64] >> (n % 64) & 1 == 1);
        prop_assume!(!mask.is_empty());
        let mut mesh = surface_of_mask(&mask, &Progress::new()).unwrap();
        let options = Smoothing { passes, pass_band, ..Smoothing::default() };
        smooth(&mut mesh, &grid, &options, &Progress::new()).unwrap();
        let report = check(&mesh, &Progress::new()).unwrap();
        prop_assert!(report.is_solid() && report.flat_triangles == 0, "{:?}", report);
        assert_all_voxels_stay_on_their_side(&mesh, &mask);
    }
}
