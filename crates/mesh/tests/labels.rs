//! The shared borders of label maps pass nowhere through each other, and every point belongs to one label.

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_mesh::{crossings, self_intersections, untangle};
use fabrica_progress::Progress;
use fabrica_surface::{Smoothing, check, label_surfaces};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn no_border_passes_through_another_and_every_point_has_one_label(
        labels in proptest::collection::vec(0u8..5, 125),
        most in 1u8..5,
        points in proptest::collection::vec([-0.4f64..4.4, -0.4f64..4.4, -0.4f64..4.4], 6),
    ) {
        // Turned, so that coordinates are rounded.
        let (s, c) = 0.4f64.sin_cos();
        let axes = [LpsVector::new(c, s, 0.0), LpsVector::new(-s, c, 0.0), LpsVector::new(0.0, 0.0, 1.0)];
        let grid = Grid::new([5; 3], LpsPoint::new(70.0, -20.0, 130.0), axes, [1.0, 0.6, 1.5]).unwrap();
        // No outside within the grid, so that every inner point has a label.
        let labels: Vec<u8> = labels.into_iter().map(|l| 1 + l % (most + 1)).collect();
        let progress = Progress::new();
        let surfaces = label_surfaces(&grid, &labels, Some(&Smoothing::default()), &progress).unwrap();
        let safe = surfaces.shared_half_way();
        prop_assert!(self_intersections(&safe, &progress).unwrap().is_empty());
        let untangled = untangle(surfaces.shared(), &safe, &progress).unwrap();
        prop_assert!(self_intersections(&untangled, &progress).unwrap().is_empty());
        let surfaces = surfaces.moved(untangled.into_parts().0).unwrap();
        let meshes = surfaces.meshes(&progress).unwrap();
        for (_, mesh) in &meshes {
            prop_assert!(check(mesh, &progress).unwrap().is_solid());
            prop_assert!(self_intersections(mesh, &progress).unwrap().is_empty());
        }
        let along = LpsVector::new(0.3, 0.2, 0.9);
        for p in points {
            let p = LpsPoint(grid.voxel_to_patient().transform_point3(glam::DVec3::from_array(p)));
            let inside = |mesh| crossings(mesh, p, along).iter().filter(|t| **t > 0.0).count() % 2 == 1;
            let holders = meshes.iter().filter(|(_, mesh)| inside(mesh)).count();
            // Smoothing draws the corners of the grid in.
            let core = grid.to_voxel(p).0.cmpge(glam::DVec3::ZERO).all()
                && grid.to_voxel(p).0.cmple(glam::DVec3::splat(4.0)).all();
            prop_assert!(holders == 1 || (holders == 0 && !core), "{holders} labels at {p:?}");
        }
    }
}
