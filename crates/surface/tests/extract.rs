//! Surfaces are closed and manifold for every input, and lie where the structure is.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking and say what they skip"
)]

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, MeshReport, SurfaceError, check, surface_of_mask, surface_of_volume, surface_within};
use fabrica_volume::{Mask, Samples, ValueUnit, Volume};
use proptest::prelude::*;

fn unit_grid(dims: [usize; 3]) -> Grid {
    Grid::axis_aligned(dims, LpsPoint::new(0.0, 0.0, 0.0), [1.0; 3]).unwrap()
}

/// Anisotropic, oblique, and left-handed if asked for.
fn odd_grid(dims: [usize; 3], left_handed: bool) -> Grid {
    let turn = glam::DQuat::from_euler(glam::EulerRot::XYZ, 0.4, -0.3, 1.1);
    let sign = if left_handed { -1.0 } else { 1.0 };
    let axes = [turn * glam::DVec3::X, turn * glam::DVec3::Y, turn * glam::DVec3::Z * sign].map(LpsVector);
    Grid::new(dims, LpsPoint::new(-120.0, 87.5, 1432.25), axes, [0.7, 0.9, 2.5]).unwrap()
}

fn report(mesh: &Mesh) -> MeshReport {
    check(mesh, &Progress::new()).unwrap()
}

fn assert_solid(mesh: &Mesh) -> MeshReport {
    let report = report(mesh);
    assert!(report.is_solid() && report.flat_triangles == 0 && report.unused_vertices == 0, "{report:?}");
    report
}

/// Vertices less edges plus faces; every edge has two triangles.
fn euler(report: &MeshReport) -> i64 {
    report.vertices as i64 - report.triangles as i64 / 2
}

/// A volume of `field(x, y, z in mm)`.
fn sampled(grid: &Grid, field: impl Fn(glam::DVec3) -> f32) -> Volume {
    let affine = grid.voxel_to_patient();
    let samples = (0..grid.len())
        .map(|n| field(affine.transform_point3(glam::DVec3::from_array(grid.position(n).map(|i| i as f64)))))
        .collect();
    Volume::new(grid.clone(), Samples::F32(samples), ValueUnit::Arbitrary).unwrap()
}

#[test]
fn each_of_the_256_cells_is_closed() {
    for case in 0..256usize {
        for left_handed in [false, true] {
            let mask = Mask::from_fn(odd_grid([2, 2, 2], left_handed), |corner| case >> corner & 1 == 1);
            let mesh = surface_of_mask(&mask, &Progress::new()).unwrap();
            if case == 0 {
                assert!(mesh.is_empty());
            } else {
                assert_solid(&mesh);
            }
        }
    }
}

#[test]
fn a_box_at_the_border_is_closed_at_the_voxels_ends() {
    for nx in [63, 64, 65, 128] {
        let mask = Mask::from_fn(unit_grid([nx, 5, 4]), |_| true);
        let report = assert_solid(&surface_of_mask(&mask, &Progress::new()).unwrap());
        let (low, high) = report.bounds.unwrap();
        assert_eq!((low, high), (LpsPoint::new(-0.5, -0.5, -0.5), LpsPoint::new(nx as f64 - 0.5, 4.5, 3.5)));
        assert_eq!(euler(&report), 2);
        // Only edges and corners are cut: 1/8 of a voxel along each edge, at most one at each of 8 corners.
        let full = (nx * 5 * 4) as f64;
        let edges = (4 * (nx + 5 + 4)) as f64;
        assert!(report.volume.0 < full && report.volume.0 > full - edges / 8.0 - 8.0, "{report:?}");
    }
}

#[test]
fn single_voxels_and_checkerboards_are_solid() {
    let one = Mask::from_fn(unit_grid([1, 1, 1]), |_| true);
    let report = assert_solid(&surface_of_mask(&one, &Progress::new()).unwrap());
    // An octahedron with half diagonals of 0.5: 4/3 × 0.5³.
    assert_eq!((report.triangles, report.components), (8, 1));
    assert!((report.volume.0 - 1.0 / 6.0).abs() < 1e-9);

    let grid = unit_grid([9, 8, 7]);
    let board = Mask::from_fn(grid.clone(), |n| grid.position(n).iter().sum::<usize>() % 2 == 0);
    assert_solid(&surface_of_mask(&board, &Progress::new()).unwrap());
}

#[test]
fn voxels_that_touch_by_an_edge_hang_together_and_by_a_corner_do_not() {
    let grid = unit_grid([4, 4, 4]);
    for (second, components) in [([2, 2, 1], 1), ([2, 2, 2], 2), ([2, 1, 1], 1)] {
        let mut mask = Mask::empty(grid.clone());
        mask.set([1, 1, 1], true);
        mask.set(second, true);
        assert_eq!(assert_solid(&surface_of_mask(&mask, &Progress::new()).unwrap()).components, components);
    }
}

#[test]
fn spheres_and_tori_have_their_volume_area_and_genus() {
    for left_handed in [false, true] {
        let grid = odd_grid([90, 72, 30], left_handed);
        let centre = grid.centre().0;
        let sphere = sampled(&grid, |p| (25.0 - p.distance(centre)) as f32);
        let report = assert_solid(&surface_of_volume(&sphere, 0.0, &Progress::new()).unwrap());
        let (volume, area) = (4.0 / 3.0 * std::f64::consts::PI * 25f64.powi(3), 4.0 * std::f64::consts::PI * 625.0);
        assert_eq!(euler(&report), 2);
        assert!((report.volume.0 / volume - 1.0).abs() < 0.005, "{} of {volume}", report.volume.0);
        assert!((report.area.0 / area - 1.0).abs() < 0.01, "{} of {area}", report.area.0);
        let (low, high) = report.bounds.unwrap();
        assert!(
            (low.0 - (centre - 25.0)).abs().max_element() < 0.2 && (high.0 - (centre + 25.0)).abs().max_element() < 0.2
        );

        let torus = sampled(&grid, |p| {
            let d = p - centre;
            (8.0 - (d.x.hypot(d.y) - 17.0).hypot(d.z)) as f32
        });
        let report = assert_solid(&surface_of_volume(&torus, 0.0, &Progress::new()).unwrap());
        let volume = 2.0 * std::f64::consts::PI.powi(2) * 17.0 * 64.0;
        assert_eq!((euler(&report), report.components), (0, 1));
        assert!((report.volume.0 / volume - 1.0).abs() < 0.01, "{} of {volume}", report.volume.0);
    }
}

#[test]
fn a_mask_of_a_sphere_has_the_volume_of_its_voxels() {
    let grid = unit_grid([50, 50, 50]);
    let centre = grid.centre().0;
    let ball = sampled(&grid, |p| (20.3 - p.distance(centre)) as f32);
    let Samples::F32(samples) = ball.samples() else { unreachable!() };
    let mask = Mask::from_fn(grid, |n| samples[n] >= 0.0);
    let report = assert_solid(&surface_of_mask(&mask, &Progress::new()).unwrap());
    assert!((report.volume.0 / mask.volume().0 - 1.0).abs() < 0.005, "{} of {}", report.volume.0, mask.volume().0);
}

#[test]
fn a_hollow_ball_has_a_cavity_and_still_faces_outwards() {
    let grid = unit_grid([40, 40, 40]);
    let centre = grid.centre().0;
    let shell = sampled(&grid, |p| (3.0 - (p.distance(centre) - 12.0).abs()) as f32);
    let report = assert_solid(&surface_of_volume(&shell, 0.0, &Progress::new()).unwrap());
    assert_eq!((report.components, report.cavities), (2, 1));
    let volume = 4.0 / 3.0 * std::f64::consts::PI * (15f64.powi(3) - 9f64.powi(3));
    assert!((report.volume.0 / volume - 1.0).abs() < 0.005);
}

#[test]
fn an_isovalue_that_equals_samples_makes_no_flat_triangle() {
    // Integer samples, far from the origin, with whole plateaus at the isovalue.
    let axes = [glam::DVec3::X, glam::DVec3::Y, glam::DVec3::Z].map(LpsVector);
    let grid = Grid::new([40, 41, 42], LpsPoint::new(900.0, -1500.0, 1900.0), axes, [0.05, 0.05, 0.05]).unwrap();
    let samples = (0..grid.len())
        .map(|n| {
            let [i, j, k] = grid.position(n).map(|i| i as i64 - 20);
            (10 - (i.abs() + j.abs() + k.abs())).clamp(-2, 3) as i16 * 100
        })
        .collect();
    let volume = Volume::new(grid, Samples::I16(samples), ValueUnit::Hounsfield).unwrap();
    for isovalue in [-100.0, 0.0, 100.0, 200.0, 300.0, 0.5] {
        assert_solid(&surface_of_volume(&volume, isovalue, &Progress::new()).unwrap());
    }
    assert!(surface_of_volume(&volume, 301.0, &Progress::new()).unwrap().is_empty());
    assert!(matches!(surface_of_volume(&volume, f64::NAN, &Progress::new()), Err(SurfaceError::Isovalue(_))));
}

#[test]
fn a_cut_threshold_follows_intensity_where_it_may_and_the_mask_elsewhere() {
    let grid = unit_grid([40, 40, 40]);
    let centre = grid.centre().0;
    let ball = sampled(&grid, |p| (12.3 - p.distance(centre)) as f32);
    // The upper half only: cut between slices 19 and 20.
    let mask = Mask::from_fn(grid.clone(), |n| grid.position(n)[2] >= 20 && ball.samples().get(n) >= 0.0);
    let mesh = surface_within(&mask, &ball, 0.0, &Progress::new()).unwrap();
    let report = assert_solid(&mesh);
    assert!((report.bounds.unwrap().0.0.z - 19.5).abs() < 1e-6);
    for v in mesh.vertices() {
        let p = glam::Vec3::from_array(*v).as_dvec3();
        assert!((p.distance(centre) - 12.3).abs() < 0.05 || (p.z - 19.5).abs() < 1e-6, "{p}");
    }
    let elsewhere = Mask::empty(unit_grid([4, 4, 4]));
    let error = surface_within(&elsewhere, &ball, 0.0, &Progress::new()).unwrap_err();
    assert!(matches!(error, SurfaceError::DifferentGrids(_)));
}

#[test]
fn a_bar_is_as_long_as_it_is() {
    // 30.37 mm long along an oblique axis, sampled at 0.7 × 0.9 × 2.5 mm: its ends are smooth over one voxel.
    let grid = odd_grid([100, 60, 20], false);
    let (centre, along) = (grid.centre().0, grid.axis(0).0);
    let bar = sampled(&grid, |p| {
        let d = p - centre;
        let x = d.dot(along);
        let r = (d - along * x).length();
        (30.37 / 2.0 - x.abs()).min(9.0 - r) as f32
    });
    let mesh = surface_of_volume(&bar, 0.0, &Progress::new()).unwrap();
    assert_solid(&mesh);
    let reach = |sign: f64| {
        mesh.vertices()
            .iter()
            .map(|v| (glam::Vec3::from_array(*v).as_dvec3() - centre).dot(along) * sign)
            .fold(0.0, f64::max)
    };
    assert!((reach(1.0) + reach(-1.0) - 30.37).abs() < 0.2 * 0.7, "{}", reach(1.0) + reach(-1.0));
}

#[test]
fn cancelled_work_gives_nothing() {
    let progress = Progress::new();
    progress.cancel();
    let mask = Mask::from_fn(unit_grid([8, 8, 8]), |_| true);
    assert!(matches!(surface_of_mask(&mask, &progress), Err(SurfaceError::Cancelled(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn noise_makes_solids(
        bits in proptest::collection::vec(any::<u64>(), 27),
        dims in [1usize..13, 1usize..13, 1usize..13],
        left_handed: bool,
    ) {
        let mask = Mask::from_fn(odd_grid(dims, left_handed), |n| bits[n / 64 % 27] >> (n % 64) & 1 == 1);
        let mesh = surface_of_mask(&mask, &Progress::new()).unwrap();
        if mask.is_empty() {
            prop_assert!(mesh.is_empty());
        } else {
            let report = report(&mesh);
            prop_assert!(report.is_solid(), "{:?}", report);
            // The surface cuts at most the corners off each voxel, and adds at most as much to those outside.
            prop_assert!(report.volume.0 > mask.volume().0 / 6.1);
        }
    }

    #[test]
    fn noisy_volumes_make_solids(
        values in proptest::collection::vec(prop_oneof![Just(0i32), Just(1), Just(2), -40..40i32], 11 * 10 * 9),
        isovalue in prop_oneof![Just(0.0), Just(1.0), -20.0..20.0f64],
    ) {
        let grid = odd_grid([11, 10, 9], true);
        let volume = Volume::new(grid, Samples::I32(values), ValueUnit::Arbitrary).unwrap();
        let mesh = surface_of_volume(&volume, isovalue, &Progress::new()).unwrap();
        if !mesh.is_empty() {
            let report = report(&mesh);
            prop_assert!(report.is_solid() && report.flat_triangles == 0, "{:?}", report);
        }
    }

    #[test]
    fn odd_numbers_make_solids(values in proptest::collection::vec(any::<f32>(), 7 * 6 * 5)) {
        let volume = Volume::new(unit_grid([7, 6, 5]), Samples::F32(values), ValueUnit::Arbitrary).unwrap();
        let mesh = surface_of_volume(&volume, 0.25, &Progress::new()).unwrap();
        prop_assert!(mesh.is_empty() || report(&mesh).is_solid());
        prop_assert!(mesh.vertices().iter().flatten().all(|c| c.is_finite()));
    }
}
