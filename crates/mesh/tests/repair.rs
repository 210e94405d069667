//! Every broken mesh becomes a solid, and nothing of it is lost unasked.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "tests fail by panicking")]

mod common {
    pub mod broken;
}

use common::broken::broken;
use fabrica_mesh::{LostPiece, MeshError, RepairOptions, repair, self_intersections};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, check};

fn cube(origin: [f32; 3], side: f32) -> Mesh {
    let vertices = (0..8).map(|n| [0, 1, 2].map(|axis| origin[axis] + side * ((n >> axis) & 1) as f32)).collect();
    let faces = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
    let triangles = faces.iter().flat_map(|&[a, b, c, d]| [[a, b, c], [a, c, d]]).collect();
    Mesh::new(vertices, triangles).unwrap()
}

#[test]
fn sixty_broken_meshes_become_solids() {
    for number in 0..60 {
        let made = broken(number);
        let name = format!("{number}: {}", made.faults.join(", "));
        let repaired = repair(&made.mesh, &RepairOptions::default(), &Progress::new());
        let repaired = repaired.unwrap_or_else(|e| panic!("{name}: {e}"));
        let report = check(&repaired.mesh, &Progress::new()).unwrap();
        assert!(report.is_solid() && report.flat_triangles == 0, "{name}: {report:?}");
        assert!(self_intersections(&repaired.mesh, &Progress::new()).unwrap().is_empty(), "{name}");
        assert!((report.volume.0 / made.volume - 1.0).abs() < 0.03, "{name}: {} of {}", report.volume.0, made.volume);
        assert_eq!(report.components, made.parts, "{name}");
    }
}

#[test]
fn what_is_right_stays_as_it_is() {
    let solid = cube([1.0, 2.0, 3.0], 4.0);
    let repaired = repair(&solid, &RepairOptions::default(), &Progress::new()).unwrap();
    assert_eq!(repaired.mesh, solid);
    assert!(repaired.report.steps.is_empty());
}

#[test]
fn overlapping_cubes_are_united() {
    let both = fabrica_mesh::merge([&cube([0.0; 3], 10.0), &cube([5.0, 5.0, 5.0], 10.0)]).unwrap();
    let repaired = repair(&both, &RepairOptions::default(), &Progress::new()).unwrap();
    let report = &repaired.report.output;
    assert!(report.is_solid() && report.components == 1, "{report:?}");
    assert!((report.volume.0 - (2000.0 - 125.0)).abs() < 15.0, "{}", report.volume.0);
}

#[test]
fn a_sheet_is_asked_about_by_name() {
    let (mut vertices, mut triangles) = cube([0.0; 3], 10.0).into_parts();
    vertices.extend([[20.0, 0.0, 0.0], [30.0, 0.0, 0.0], [20.0, 10.0, 0.0]]);
    triangles.push([8, 9, 10]);
    let mesh = Mesh::new(vertices, triangles).unwrap();
    let Err(MeshError::WouldLose(loss)) = repair(&mesh, &RepairOptions::default(), &Progress::new()) else {
        panic!("the sheet was lost unasked")
    };
    assert!(matches!(loss.0[..], [LostPiece::Sheet { triangles: 1, .. }]), "{loss}");
    let allowed = RepairOptions { allow_loss: true, ..RepairOptions::default() };
    let repaired = repair(&mesh, &allowed, &Progress::new()).unwrap();
    assert_eq!((repaired.report.output.components, repaired.report.lost.0.len()), (1, 1));
    let plates =
        RepairOptions { sheets: fabrica_mesh::Sheets::Thicken(fabrica_geometry::Mm(0.5)), ..RepairOptions::default() };
    let repaired = repair(&mesh, &plates, &Progress::new()).unwrap();
    assert_eq!(repaired.report.output.components, 2);
    assert!(repaired.report.output.volume.0 > 1000.0 + 50.0, "{}", repaired.report.output.volume.0);
}

#[test]
fn cavities_stay_cavities_however_they_are_turned() {
    let (outer, inner) = (cube([0.0; 3], 10.0), cube([4.0; 3], 2.0));
    let turned = |mesh: &Mesh| {
        let (vertices, mut triangles) = mesh.clone().into_parts();
        triangles.iter_mut().for_each(|t| t.swap(1, 2));
        Mesh::new(vertices, triangles).unwrap()
    };
    for (outer, inner) in [(outer.clone(), turned(&inner)), (turned(&outer), inner.clone())] {
        let mesh = fabrica_mesh::merge([&outer, &inner]).unwrap();
        let repaired = repair(&mesh, &RepairOptions::default(), &Progress::new()).unwrap();
        assert!((repaired.report.output.volume.0 - 992.0).abs() < 1e-6, "{}", repaired.report.output.volume.0);
    }
    // A solid in a solid is kept, and told.
    let mesh = fabrica_mesh::merge([&turned(&outer), &turned(&inner)]).unwrap();
    let repaired = repair(&mesh, &RepairOptions::default(), &Progress::new()).unwrap();
    assert_eq!(repaired.report.warnings.len(), 1, "{:?}", repaired.report.warnings);
}

#[test]
fn cancelled_repair_gives_nothing() {
    let progress = Progress::new();
    progress.cancel();
    assert!(matches!(repair(&cube([0.0; 3], 1.0), &RepairOptions::default(), &progress), Err(MeshError::Cancelled(_))));
}
