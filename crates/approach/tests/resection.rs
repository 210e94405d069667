//! Swept volumes, resections and windows against what is known.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use fabrica_approach::resect::{Removal, resect};
use fabrica_approach::{Instrument, Library, Path, Pose, Sweep};
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm, VoxelPoint};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Rgb, Structure};
use glam::DVec3;

fn grid() -> Grid {
    Grid::axis_aligned([60, 60, 50], LpsPoint::new(-29.5, -29.5, -29.4), [1.0, 1.0, 1.2]).unwrap()
}

fn structure(name: &str, inside: impl Fn(DVec3) -> bool + Sync) -> Structure {
    let grid = grid();
    let mask = Mask::from_fn(grid.clone(), |n| {
        let [i, j, k] = grid.position(n).map(|v| v as f64);
        inside(grid.to_patient(VoxelPoint::new(i, j, k)).0)
    });
    Structure { name: name.into(), colour: Rgb(1, 2, 3), mask, code: None, origin: "test".into(), isovalue: None }
}

#[test]
fn swept_volumes_are_those_of_capsules_and_cylinders() {
    let progress = Progress::new();
    let line = [LpsPoint::new(0.0, 0.0, 0.0), LpsPoint::new(20.0, 0.0, 0.0)];
    let sweep = Sweep::of_burr(&line, Mm(6.0)).unwrap();
    let (volume, unsure) = sweep.volume(Mm(0.4), &progress).unwrap();
    let exact = std::f64::consts::PI * 9.0 * 20.0 + 4.0 / 3.0 * std::f64::consts::PI * 27.0;
    assert!((volume.0 - exact).abs() < 0.003 * exact, "{volume} {exact}");
    assert!((volume.0 - exact).abs() <= unsure.0);
    // Half a turn of a rod about its tip fills half a disc, rounded at its edge: r²/2 π by its thickness, and more.
    let rod = Instrument::rod("rod", Mm(2.0), Mm(20.0)).unwrap();
    let pose = |x: f64, y: f64| {
        Pose::new(LpsPoint::new(0.0, 0.0, 0.0), LpsVector::new(x, y, 0.0), LpsVector::new(0.0, 0.0, 1.0)).unwrap()
    };
    let sweep = Sweep::of_instrument(&rod, &[pose(1.0, 0.0), pose(0.0, 1.0)], Mm(0.1)).unwrap();
    // In the middle of the turn it was 15 mm from the tip, 0.9 mm above the plane, and nowhere at 1.2 mm.
    let on = |z: f64| sweep.distance(LpsPoint::new(-15.0 / 2f64.sqrt(), -15.0 / 2f64.sqrt(), z)).0;
    assert!(on(0.9) < 0.0 && (on(1.3) - 0.25).abs() < 0.06, "{} {}", on(0.9), on(1.3));
    assert!(sweep.distance(LpsPoint::new(15.0, 0.0, 0.0)).0 > 5.0);
    // Voxels agree with the distance.
    let mask = sweep.mask(&grid());
    let count = structure("all", |p| sweep.distance(LpsPoint(p)).0 <= 0.0).mask.count();
    assert_eq!(mask.count(), count);
    let library = Library::built_in().unwrap();
    assert!(Sweep::of_instrument(library.get("drill 3 mm").unwrap(), &[], Mm(0.1)).is_err());
}

#[test]
fn a_tumour_with_its_margin_by_hand() {
    let organ = structure("liver", |p| p.length() < 26.0);
    let tumour = structure("tumour", |p| p.distance(DVec3::new(6.0, 0.0, 0.0)) < 6.0);
    let vessel = structure("vein", |p| p.x.hypot(p.z) < 2.0);
    let removal = Removal::Margin { around: &tumour.mask, margin: Mm(5.0) };
    let cut = resect(&organ, &removal, Some(&tumour), &[&vessel], &Progress::new()).unwrap();
    // A ball of 11 mm: 5,575 mm³; the voxels' steps allow a few percent.
    assert!((cut.report.resected.0 - 5575.0).abs() < 300.0, "{}", cut.report.resected);
    let whole = organ.mask.volume();
    assert_eq!(cut.piece.mask.count() + cut.rest.count(), organ.mask.count());
    assert!((cut.report.resected.0 + cut.report.remaining.0 - whole.0).abs() < 1e-6);
    let margin = cut.report.margin.unwrap();
    assert!((margin.least.0 - 5.0).abs() <= margin.error.0, "{margin:?}");
    assert!((margin.cut_area.0 - 1520.5).abs() < 0.08 * 1520.5, "{margin:?}");
    assert_eq!(margin.left_behind.0, 0.0);
    assert_eq!((margin.share_nearer[1].1, margin.share_nearer[4].1), (0.0, 1.0));
    assert_eq!(cut.report.touched[0].structure, "vein");
}

#[test]
fn a_cut_through_the_tumour_is_told() {
    let organ = structure("liver", |p| p.length() < 26.0);
    let tumour = structure("tumour", |p| p.distance(DVec3::new(6.0, 0.0, 0.0)) < 6.0);
    let plane = vec![(LpsPoint::new(4.0, 0.0, 0.0), LpsVector::new(1.0, 0.0, 0.0))];
    let cut = resect(&organ, &Removal::Beyond(plane), Some(&tumour), &[], &Progress::new()).unwrap();
    let margin = cut.report.margin.unwrap();
    assert!(margin.least.0 < -3.0 && margin.left_behind.0 > 150.0, "{margin:?}");
    let nowhere = vec![(LpsPoint::new(40.0, 0.0, 0.0), LpsVector::new(1.0, 0.0, 0.0))];
    assert!(resect(&organ, &Removal::Beyond(nowhere), None, &[], &Progress::new()).is_err());
}

#[test]
fn a_burr_hole_and_a_freehand_window() {
    let bone = structure("skull", |p| (20.0..26.0).contains(&p.length()));
    let path = Path { entry: LpsPoint::new(0.0, 0.0, 29.0), target: LpsPoint::new(0.0, 0.0, 10.0) };
    let hole = Removal::Window { path, diameter: Mm(14.0) };
    let cut = resect(&bone, &hole, None, &[], &Progress::new()).unwrap();
    // π 7² times 6 mm and a little, the shell being curved.
    assert!((cut.report.resected.0 - 960.0).abs() < 100.0, "{}", cut.report.resected);
    let corner = |x: f64, y: f64| LpsPoint::new(x, y, 0.0);
    let outline = vec![corner(-5.0, -5.0), corner(5.0, -5.0), corner(5.0, 5.0), corner(-5.0, 5.0)];
    let along = LpsVector::new(0.0, 0.0, 1.0);
    let both_sides = resect(&bone, &Removal::Within { outline, along }, None, &[], &Progress::new()).unwrap();
    // 10 × 10 mm through both walls of 6 mm.
    assert!((both_sides.report.resected.0 - 1230.0).abs() < 120.0, "{}", both_sides.report.resected);
    let drilled = Sweep::of_burr(&[LpsPoint::new(0.0, 0.0, 23.0)], Mm(4.0)).unwrap();
    assert!(resect(&bone, &Removal::Drilled(&drilled), None, &[], &Progress::new()).unwrap().report.resected.0 > 20.0);
}
