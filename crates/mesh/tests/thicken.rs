//! Walls are thickened where they are thin, and nothing else moves.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_mesh::{MeshError, sampled_thickness, self_intersections, signed_distances, thicken, thickness};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, check, surface_of_volume};
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

/// Thickens to 1.5 mm and holds what came of it against what was promised.
fn thickened(mesh: &Mesh, rims: bool) -> Mesh {
    let progress = Progress::new();
    let wall = Mm(1.5);
    let before = thickness(mesh, Mm(3.0), &progress).unwrap();
    let made = thicken(mesh, wall, &progress).unwrap();
    assert!(made.report.least_after >= wall && made.report.least_before < wall, "{:?}", made.report);
    assert!(thickness(&made.mesh, Mm(3.0), &progress).unwrap().least() >= wall);
    assert!(made.report.left.is_empty() && made.report.places > 0, "{:?}", made.report);
    // Points that do not depend on the triangles: none under the wall.
    let points = sampled_thickness(&made.mesh, Mm(3.0), 100_000, &progress).unwrap();
    assert!(points.len() > 99_000, "{}", points.len());
    let under: Vec<_> = points.iter().filter(|(_, t)| *t < wall).collect();
    assert!(under.is_empty(), "{} points, {:?}", under.len(), &under[..under.len().min(5)]);
    assert!(check(&made.mesh, &progress).unwrap().is_solid());
    assert!(self_intersections(&made.mesh, &progress).unwrap().is_empty());
    // What was thick enough stays where it was; beside the rim of a thin sheet what is within reach of its balls.
    let at = |v: &[f32; 3]| glam::Vec3::from_array(*v);
    let vertices = mesh.vertices();
    let thin: Vec<glam::Vec3> =
        vertices.iter().zip(&before.at_vertices).filter(|(_, t)| **t < 1.5).map(|(v, _)| at(v)).collect();
    let moved = signed_distances(mesh, &made.mesh, &progress).unwrap();
    for ((t, d), v) in before.at_vertices.iter().zip(&moved).zip(vertices) {
        let beside = rims && thin.iter().any(|p| p.distance(at(v)) < 1.5);
        assert!(*t < 1.5 || beside || d.abs() < 0.05, "{v:?}: {t} mm thick, moved {d} mm");
    }
    made.mesh
}

#[test]
fn an_eccentric_shell_is_thickened_on_its_thin_side_alone() {
    // From 0.9 mm thick at -x to 2.7 mm at +x.
    let shell = solid(7.5, 0.5, |p| (6.5 - p.length()).min((p + DVec3::X * 0.9).length() - 4.7));
    let mesh = thickened(&shell, false);
    // Far from the thin side every coordinate is kept.
    let kept: std::collections::HashSet<[u32; 3]> = mesh.vertices().iter().map(|v| v.map(f32::to_bits)).collect();
    let thick = shell.vertices().iter().filter(|v| v[0] > 2.0);
    assert!(thick.clone().count() > 500);
    for v in thick {
        assert!(kept.contains(&v.map(f32::to_bits)), "{v:?}");
    }
}

#[test]
fn a_thin_plate_gets_its_wall_on_both_sides() {
    let plate = solid(6.0, 0.5, |p| (0.45 - p.z.abs()).min(4.5 - p.truncate().abs().max_element()));
    let mesh = thickened(&plate, true);
    let volume = |m: &Mesh| check(m, &Progress::new()).unwrap().volume.0;
    // About 9 x 9 x 0.9 mm before; then 1.5 mm and the margin of the balls (0.075 mm), and all around the rim by up to their
    // radius more: at most 10.75 x 10.75 x 1.6 mm.
    let added = volume(&mesh) - volume(&plate);
    assert!((81.0 * 0.6..10.75 * 10.75 * 1.6 - 81.0 * 0.9).contains(&added), "{added}");
}

#[test]
fn a_sharp_edge_is_no_wall_and_stays() {
    // A ball of 3 mm with a ridge of 40 degrees around it, which stands out by 0.3 mm.
    let half = 20f64.to_radians();
    let ridge = solid(4.0, 0.25, |p| {
        let tip = (3.3 - p.truncate().length()) * half.sin() - p.z.abs() * half.cos();
        tip.min(p.truncate().length() - 1.0).max(3.0 - p.length())
    });
    let progress = Progress::new();
    let walls = thickness(&ridge, Mm(3.0), &progress).unwrap();
    let places = walls.thin_places(&ridge, Mm(1.5));
    assert!(walls.least() < Mm(0.6) && !places.is_empty() && places.iter().all(|p| p.edge), "{places:?}");
    assert!(walls.least_wall(&places, Mm(1.5)) >= Mm(1.5));
    let made = thicken(&ridge, Mm(1.5), &progress).unwrap();
    assert_eq!((made.mesh, made.report.places, made.report.edges), (ridge, 0, places.len()));
}

#[test]
fn what_is_thick_enough_keeps_every_coordinate() {
    let ball = solid(6.0, 0.5, |p| 4.0 - p.length());
    let made = thicken(&ball, Mm(1.5), &Progress::new()).unwrap();
    assert_eq!((made.mesh, made.report.places), (ball.clone(), 0));
    assert!(matches!(thicken(&ball, Mm(0.0), &Progress::new()), Err(MeshError::Option { .. })));
}
