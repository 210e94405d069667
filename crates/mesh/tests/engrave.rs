//! Engraved text reads from outside, and is as deep as it should be.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_mesh::{Engraving, MeshError, crossings, engrave, self_intersections};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, check, surface_of_mask};
use fabrica_volume::Mask;

/// A plate of 30 x 4 x 20 mm, its back at y = 3.5 and its front at y = -0.5.
fn plate() -> Mesh {
    let grid = Grid::axis_aligned([30, 4, 20], LpsPoint::default(), [1.0; 3]).unwrap();
    surface_of_mask(&Mask::from_fn(grid, |_| true), &Progress::new()).unwrap()
}

#[test]
fn an_l_on_the_front_reads_from_the_front() {
    let plate = plate();
    let what = Engraving { height: Mm(12.0), ..Engraving::of("L", LpsPoint::new(14.5, -5.0, 9.5)) };
    let made = engrave(&plate, &what, &Progress::new()).unwrap();
    let report = check(&made.mesh, &Progress::new()).unwrap();
    assert!(report.is_solid() && self_intersections(&made.mesh, &Progress::new()).unwrap().is_empty());
    assert!(made.removed.0 > 1.0 && (report.volume.0 + made.removed.0 - 30.0 * 4.0 * 20.0).abs() < 30.0);
    // Where a line from the front meets the plate: a reader stands anterior of it, so their right is the patient's left.
    let depth = |x: f64, z: f64| {
        let met = crossings(&made.mesh, LpsPoint::new(x, -10.0, z), LpsVector::new(0.0, 1.0, 0.0));
        met[0] - 9.5
    };
    let (mut left, mut right, mut low, mut high) = (0, 0, 0, 0);
    for i in -12..12 {
        for j in -12..12 {
            let (across, up) = (f64::from(i) * 0.5 + 0.213, f64::from(j) * 0.5 + 0.217);
            let d = depth(14.5 + across, 9.5 + up);
            assert!(d.abs() < 0.02 || d < 0.62, "{d}");
            if d > 0.58 {
                *if across < 0.0 { &mut left } else { &mut right } += 1;
                *if up < 0.0 { &mut low } else { &mut high } += 1;
            }
        }
    }
    // The stem of an L is on the reader's left, its foot below.
    assert!(left > right + 5 && low > high + 3, "{left} {right} {low} {high}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let plate = plate();
    let refused = |what: Engraving| matches!(engrave(&plate, &what, &Progress::new()), Err(MeshError::Failed { .. }));
    let at = LpsPoint::new(14.5, -5.0, 9.5);
    assert!(refused(Engraving::of("", at)) && refused(Engraving::of("A\u{10FFFF}", at)));
    // Wider than the plate; deeper than its wall allows.
    assert!(refused(Engraving::of("A-LONG-NAME-1234", at)));
    assert!(refused(Engraving { depth: Mm(3.5), ..Engraving::of("R", at) }));
}
