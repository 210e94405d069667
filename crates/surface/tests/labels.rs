//! The surfaces of all labels at once: what they must be whatever the labels, and volumes that can be computed by hand.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_progress::Progress;
use fabrica_surface::{LabelSurfaces, Mesh, Smoothing, check, combinations, label_surfaces};
use fabrica_volume::Mask;
use glam::DVec3;
use proptest::prelude::*;

fn cube(n: usize) -> Grid {
    Grid::axis_aligned([n; 3], LpsPoint::default(), [1.0; 3]).unwrap()
}

fn made(grid: &Grid, labels: &[u8], smoothing: Option<&Smoothing>) -> (LabelSurfaces, Vec<(u16, Mesh)>) {
    let surfaces = label_surfaces(grid, labels, smoothing, &Progress::new()).unwrap();
    let meshes = surfaces.meshes(&Progress::new()).unwrap();
    (surfaces, meshes)
}

/// The winding number of a closed mesh around a point.
fn winding(mesh: &Mesh, p: DVec3) -> f64 {
    let at = |v: u32| glam::Vec3::from_array(mesh.vertices()[v as usize]).as_dvec3() - p;
    let angle = |t: &[u32; 3]| {
        let [a, b, c] = t.map(at);
        let (la, lb, lc) = (a.length(), b.length(), c.length());
        2.0 * a.dot(b.cross(c)).atan2(la * lb * lc + a.dot(b) * lc + b.dot(c) * la + c.dot(a) * lb)
    };
    mesh.triangles().iter().map(angle).sum::<f64>() / (4.0 * std::f64::consts::PI)
}

#[test]
fn four_quarters_of_a_cube_fill_it() {
    let grid = cube(4);
    let labels: Vec<u8> = (0..64).map(|n| 1 + (n % 4 / 2 + n / 4 % 4 / 2 * 2) as u8).collect();
    let (surfaces, meshes) = made(&grid, &labels, None);
    assert_eq!(surfaces.labels(), [1, 2, 3, 4]);
    for (label, mesh) in &meshes {
        let report = check(mesh, &Progress::new()).unwrap();
        assert!(report.is_solid(), "{label}: {:?}", report.faults());
        // 2 x 2 x 4 voxels, two triangles for each of their 2 x (4 + 8 + 8) faces.
        assert!((report.volume.0 - 16.0).abs() < 1e-9);
        assert_eq!(report.triangles, 2 * 40);
    }
    // The four walls between them are there once.
    let between = surfaces.sides().iter().filter(|s| s[0] != 0 && s[1] != 0).count();
    assert_eq!(between, 2 * 4 * 8);
}

#[test]
fn a_left_handed_grid_faces_outwards_too() {
    let axes = [LpsVector::new(1.0, 0.0, 0.0), LpsVector::new(0.0, 1.0, 0.0), LpsVector::new(0.0, 0.0, -1.0)];
    let grid = Grid::new([3, 3, 3], LpsPoint::new(5.0, 6.0, 7.0), axes, [0.5, 1.0, 2.0]).unwrap();
    // Two that touch only in a corner: that cell is taken apart.
    let mut labels = [0u8; 27];
    (labels[0], labels[13], labels[26]) = (1, 1, 2);
    for (_, mesh) in made(&grid, &labels, None).1 {
        assert!(check(&mesh, &Progress::new()).unwrap().is_solid());
    }
}

#[test]
fn voxels_that_touch_by_an_edge_hang_together_and_by_a_corner_do_not() {
    let grid = cube(4);
    let with = |voxels: &[[usize; 3]]| {
        let mut labels = vec![0u8; 64];
        voxels.iter().for_each(|v| labels[grid.index(v[0], v[1], v[2])] = 1);
        let report = check(&made(&grid, &labels, None).1[0].1, &Progress::new()).unwrap();
        assert!(report.is_solid());
        report.components
    };
    assert_eq!(with(&[[1, 1, 1], [2, 2, 1]]), 1);
    assert_eq!(with(&[[1, 1, 1], [2, 2, 2]]), 2);
    assert_eq!(with(&[[0, 0, 0], [3, 3, 3]]), 2);
}

#[test]
fn the_thinner_of_two_labels_that_cross_stays_whole() {
    // A diagonal of single voxels through another label.
    let grid = cube(6);
    let labels: Vec<u8> = (0..216).map(|n| if n % 6 == n / 6 % 6 && n / 36 == 2 { 2 } else { 1 }).collect();
    let (_, meshes) = made(&grid, &labels, Some(&Smoothing::default()));
    let report = check(&meshes[1].1, &Progress::new()).unwrap();
    assert!(report.is_solid());
    assert_eq!(report.components, 1);
}

#[test]
fn smoothing_keeps_every_volume_and_every_voxel_in_its_label() {
    // A ball in two halves of different labels, with a third around the equator on one side.
    let n = 24;
    let grid = Grid::axis_aligned([n; 3], LpsPoint::new(-80.0, 12.0, 900.0), [0.7, 0.7, 1.25]).unwrap();
    let labels: Vec<u8> = (0..n * n * n)
        .map(|v| {
            let p = DVec3::from_array(grid.position(v).map(|c| c as f64 - 11.5));
            match p.length() {
                r if r > 10.0 => 0,
                r if r > 7.0 && p.x > 0.0 => 3,
                _ if p.y > 0.3 => 2,
                _ => 1,
            }
        })
        .collect();
    let (surfaces, meshes) = made(&grid, &labels, Some(&Smoothing::default()));
    assert!(surfaces.greatest_move().0 > 0.1);
    for (label, mesh) in &meshes {
        let report = check(mesh, &Progress::new()).unwrap();
        assert!(report.is_solid(), "{label}: {:?}", report.faults());
        let voxels = labels.iter().filter(|l| u16::from(**l) == *label).count() as f64 * grid.voxel_volume().0;
        assert!((report.volume.0 / voxels - 1.0).abs() < 2e-3, "{label}: {} of {voxels}", report.volume.0);
    }
    for v in (0..labels.len()).step_by(7) {
        let at = DVec3::from_array(grid.position(v).map(|c| c as f64));
        let p = grid.voxel_to_patient().transform_point3(at);
        for (label, mesh) in &meshes {
            let inside = winding(mesh, p) > 0.5;
            assert_eq!(inside, u16::from(labels[v]) == *label, "voxel {v}, label {label}");
        }
    }
}

#[test]
fn what_is_wrong_is_told() {
    let wrong = label_surfaces(&cube(2), &[1u8; 7], None, &Progress::new()).unwrap_err();
    assert_eq!(wrong.to_string(), "there are 7 labels where 8 are needed");
    let nothing = label_surfaces(&cube(2), &[0u8; 8], Some(&Smoothing::default()), &Progress::new()).unwrap();
    assert!(nothing.labels().is_empty() && nothing.meshes(&Progress::new()).unwrap().is_empty());
    let cancelled = Progress::new();
    cancelled.cancel();
    assert!(label_surfaces(&cube(2), &[1u8; 8], None, &cancelled).is_err());
}

#[test]
fn structures_that_overlap_become_three_labels() {
    let grid = cube(6);
    let (a, b) = (Mask::from_fn(grid.clone(), |n| n % 6 < 4), Mask::from_fn(grid.clone(), |n| n % 6 > 1));
    let both = combinations(&[&a, &b], &Progress::new()).unwrap();
    assert_eq!(both.members, [vec![0], vec![0, 1], vec![1]]);
    let surfaces = label_surfaces(&grid, &both.labels, None, &Progress::new()).unwrap();
    for (_, mesh) in surfaces.meshes(&Progress::new()).unwrap() {
        assert!((check(&mesh, &Progress::new()).unwrap().volume.0 - 72.0).abs() < 1e-9);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_label_of_any_map_is_a_solid_and_they_fill_the_grid(
        labels in proptest::collection::vec(0u8..5, 125),
        most in 1u8..5,
        passes in 0u32..12,
    ) {
        let grid = Grid::axis_aligned([5; 3], LpsPoint::new(100.0, -200.0, 30.0), [1.0, 0.5, 2.0]).unwrap();
        let labels: Vec<u8> = labels.into_iter().map(|l| l % (most + 1)).collect();
        let smoothing = Smoothing { passes, ..Smoothing::default() };
        let (surfaces, meshes) = made(&grid, &labels, Some(&smoothing));
        let mut sum = 0.0;
        for (label, mesh) in &meshes {
            let report = check(mesh, &Progress::new()).unwrap();
            prop_assert!(report.is_solid(), "{label}: {:?}", report.faults());
            prop_assert_eq!(report.flat_triangles, 0);
            sum += report.volume.0;
        }
        // Between labels there is neither a gap nor an overlap: together they enclose what their outside does.
        let outside = surfaces.triangles().iter().zip(surfaces.sides()).filter(|(_, s)| s[0] == 0 || s[1] == 0);
        let shell: Vec<[u32; 3]> = outside.map(|(&[a, b, c], s)| if s[1] == 0 { [a, b, c] } else { [a, c, b] }).collect();
        let shell = Mesh::new(surfaces.vertices().to_vec(), shell).unwrap();
        let whole = check(&shell, &Progress::new()).unwrap();
        prop_assert!(whole.boundary_edges == 0);
        prop_assert!((whole.volume.0 - sum).abs() < 1e-3 * sum.max(1.0), "{} {sum}", whole.volume.0);
        for v in (0..125).step_by(11) {
            let at = DVec3::from_array(grid.position(v).map(|c| c as f64));
            let p = grid.voxel_to_patient().transform_point3(at);
            for (label, mesh) in &meshes {
                prop_assert_eq!(winding(mesh, p) > 0.5, u16::from(labels[v]) == *label);
            }
        }
    }
}
