//! Solids that are cut and hollowed are what they should be.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_mesh::{
    Boolean, CutOptions, CutPlane, HollowOptions, boolean, cut, departures, hollow, self_intersections, thickness,
};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, MeshReport, check, surface_of_volume};
use fabrica_volume::{Samples, ValueUnit, Volume};
use glam::DVec3;

/// The solid where a field (mm, positive inside) is not negative.
fn solid(half: f64, step: f64, field: impl Fn(DVec3) -> f64) -> Mesh {
    let n = (2.0 * half / step) as usize + 1;
    let grid = Grid::axis_aligned([n; 3], LpsPoint(DVec3::splat(-half)), [step; 3]).unwrap();
    let affine = grid.voxel_to_patient();
    let samples = (0..grid.len())
        .map(|i| field(affine.transform_point3(DVec3::from_array(grid.position(i).map(|c| c as f64)))) as f32)
        .collect();
    let volume = Volume::new(grid, Samples::F32(samples), ValueUnit::Arbitrary).unwrap();
    surface_of_volume(&volume, 0.0, &Progress::new()).unwrap()
}

fn assert_solid(mesh: &Mesh) -> MeshReport {
    let report = check(mesh, &Progress::new()).unwrap();
    assert!(report.is_solid() && report.flat_triangles == 0, "{report:?}");
    assert!(self_intersections(mesh, &Progress::new()).unwrap().is_empty());
    report
}

#[test]
fn booleans_of_balls_add_up() {
    let ball = |at: DVec3| solid(14.0, 0.9, move |p| 8.0 - p.distance(at));
    for offset in [DVec3::new(3.1, 1.7, 2.3), DVec3::new(0.9, 0.0, 0.0), DVec3::new(0.0, 4.5, 0.0)] {
        let (a, b) = (ball(DVec3::ZERO), ball(offset));
        let volume = |what| assert_solid(&boolean(&a, &b, what, &Progress::new()).unwrap()).volume.0;
        let (both, either, rest) = (volume(Boolean::Intersection), volume(Boolean::Union), volume(Boolean::Difference));
        let (va, vb) = (assert_solid(&a).volume.0, assert_solid(&b).volume.0);
        assert!((both + either - va - vb).abs() < 1e-3 * va && (rest + both - va).abs() < 1e-3 * va);
    }
}

#[test]
fn a_cut_model_fits_together_again() {
    let bone =
        solid(20.0, 0.8, |p| (9.0 - (p * DVec3::new(1.0, 1.0, 0.5)).length()).max(5.0 - (p - DVec3::X * 9.0).length()));
    let plane = CutPlane { point: LpsPoint::new(0.0, 0.0, 2.0), normal: LpsVector::new(0.2, -0.1, 1.0) };
    let plain = cut(&bone, plane, &CutOptions { pegs: 0, ..CutOptions::default() }, &Progress::new()).unwrap();
    assert!(plain.volume_difference.0.abs() < 1e-3 * assert_solid(&bone).volume.0, "{}", plain.volume_difference);
    let joined = boolean(&plain.first, &plain.second, Boolean::Union, &Progress::new());
    if let Ok(joined) = joined {
        assert!(departures(&joined, &bone, Mm(0.5), &Progress::new()).unwrap().max.0 < 0.05);
    }
    let options = CutOptions { radius: Mm(2.0), length: Mm(4.0), clearance: Mm(0.25), ..CutOptions::default() };
    let pegged = cut(&bone, plane, &options, &Progress::new()).unwrap();
    assert_eq!(pegged.pegs.len(), 2);
    let (first, second) = (assert_solid(&pegged.first), assert_solid(&pegged.second));
    // A 24-gon of that radius, standing out; and its socket, deeper and wider by the clearance.
    let polygon = |corner: f64| 12.0 * corner * corner * (std::f64::consts::TAU / 24.0).sin();
    let peg = polygon(2.0) * 4.0;
    let socket = polygon(2.25 / (std::f64::consts::PI / 24.0).cos()) * 4.25;
    assert!((first.volume.0 - assert_solid(&plain.first).volume.0 - 2.0 * peg).abs() < 0.5);
    assert!((assert_solid(&plain.second).volume.0 - second.volume.0 - 2.0 * socket).abs() < 0.5);
    // Fitted together nothing overlaps: the clearance is there all around the pegs.
    let beyond = CutPlane { point: LpsPoint::new(0.0, 0.0, 500.0), ..plane };
    assert!(cut(&bone, beyond, &options, &Progress::new()).is_err());
    let large = CutOptions { radius: Mm(30.0), ..options };
    assert!(cut(&bone, plane, &large, &Progress::new()).is_err());
}

#[test]
fn a_hollow_ball_has_its_wall_and_drains() {
    // Off the grid, so that no pole falls on a sample.
    let ball = solid(14.0, 1.0, |p| 12.0 - p.distance(DVec3::new(0.23, 0.31, 0.17)));
    let options = HollowOptions { wall: Mm(2.0), hole: Mm(1.5), holes: Vec::new() };
    let closed = hollow(&ball, &options, &Progress::new()).unwrap();
    assert_eq!((closed.cavities, closed.closed_cavities), (1, 1));
    assert!((closed.saved.0 / (4.0 / 3.0 * std::f64::consts::PI * 1000.0) - 1.0).abs() < 0.01, "{}", closed.saved);
    assert_solid(&closed.mesh);
    let walls = thickness(&closed.mesh, Mm(5.0), &Progress::new()).unwrap();
    for (v, t) in walls.at_vertices.iter().enumerate() {
        assert!((t - 2.0).abs() < 0.1, "{t} at {:?}", closed.mesh.vertices()[v]);
    }
    let drained =
        HollowOptions { holes: vec![LpsPoint::new(0.0, 0.0, -13.0), LpsPoint::new(3.0, 1.0, 13.0)], ..options };
    let open = hollow(&ball, &drained, &Progress::new()).unwrap();
    assert_eq!((open.closed_cavities, assert_solid(&open.mesh).components), (0, 1));
    assert!(hollow(&ball, &HollowOptions { wall: Mm(13.0), ..drained }, &Progress::new()).is_err());
}
