//! Cutting open: the two sides of a cut are the whole.

#![allow(clippy::unwrap_used, reason = "that is how tests fail")]

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, cut_away, surface_of_mask};
use fabrica_volume::Mask;
use glam::{DVec3, Vec3};

fn area(mesh: &Mesh) -> f64 {
    let at = |v: u32| Vec3::from_array(mesh.vertices()[v as usize]).as_dvec3();
    mesh.triangles().iter().map(|t| (at(t[1]) - at(t[0])).cross(at(t[2]) - at(t[0])).length() / 2.0).sum()
}

#[test]
fn both_sides_of_a_cut_add_up() {
    let grid = Grid::axis_aligned([24, 24, 24], LpsPoint::default(), [1.0, 1.2, 0.8]).unwrap();
    let ball = |n| {
        let at = DVec3::from_array(grid.position(n).map(|i| i as f64));
        at.distance(DVec3::splat(11.5)) < 9.0
    };
    let whole = surface_of_mask(&Mask::from_fn(grid.clone(), ball), &Progress::new()).unwrap();
    let (point, normal) = (LpsPoint::new(10.3, 14.1, 9.7), LpsVector::new(0.3, -0.5, 0.8));
    let (one, other) = (cut_away(&whole, point, normal), cut_away(&whole, point, -normal));
    assert!(area(&one) > 0.2 * area(&whole) && area(&other) > 0.2 * area(&whole));
    assert!((area(&one) + area(&other) - area(&whole)).abs() < 1e-3 * area(&whole));
    for v in one.vertices() {
        assert!((Vec3::from_array(*v).as_dvec3() - point.0).dot(normal.0) < 1e-4);
    }
    // A plane beyond the surface, and one without a direction, take nothing away.
    let far = LpsPoint::new(500.0, 0.0, 0.0);
    assert_eq!(area(&cut_away(&whole, far, LpsVector::new(1.0, 0.0, 0.0))), area(&whole));
    assert_eq!(cut_away(&whole, point, LpsVector::default()), whole);
}
