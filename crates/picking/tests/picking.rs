//! A ball in a box, where every answer can be computed by hand.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_picking::{Ray, Sight, SurfaceTarget, Visible, visible_bounds, visible_point};
use fabrica_progress::Progress;
use fabrica_raycast::{ClipPlane, Preset, RenderMode};
use fabrica_surface::surface_of_mask;
use fabrica_volume::{Mask, Samples, ValueUnit, Volume};

/// A ball of 1000 HU and 15 mm radius around the origin, in air; the scan reaches 30 mm to either side.
fn ball() -> Volume {
    let grid = Grid::axis_aligned([61, 61, 61], LpsPoint::new(-30.0, -30.0, -30.0), [1.0; 3]).unwrap();
    let value = |n: usize| {
        let at = grid.position(n).map(|c| c as f64 - 30.0);
        if at.iter().map(|c| c * c).sum::<f64>() <= 225.0 { 1000 } else { -1000 }
    };
    let values: Vec<i16> = (0..grid.len()).map(value).collect();
    Volume::new(grid.clone(), Samples::I16(values), ValueUnit::Hounsfield).unwrap()
}

fn from_the_front() -> Ray {
    Ray { origin: LpsPoint::new(0.0, -100.0, 0.0), direction: LpsVector::new(0.0, 1.0, 0.0) }
}

/// Keeps what lies behind y = 5.
fn clip() -> ClipPlane {
    ClipPlane { point: LpsPoint::new(0.0, 5.0, 0.0), keep: LpsVector::new(0.0, 1.0, 0.0) }
}

#[test]
fn a_volume_is_met_where_it_becomes_solid() {
    let volume = ball();
    let function = Preset::named("ct-bone").unwrap().transfer_function(&volume).unwrap();
    let met = |clip| {
        let sight = Sight::new(from_the_front(), clip).unwrap();
        let rest = Visible { function: &function, sight: Some(sight) };
        sight.at(visible_point(&volume, &RenderMode::Composite, rest, &[]).unwrap()).0
    };
    assert!((met(None).y + 15.0).abs() < 2.0, "{}", met(None));
    // Cut open, the first solid place lies at the cut.
    assert!((met(Some(clip())).y - 5.0).abs() < 2.0, "{}", met(Some(clip())));
    let beside = Ray { origin: LpsPoint::new(25.0, -100.0, 0.0), ..from_the_front() };
    let rest = Visible { function: &function, sight: Sight::new(beside, None) };
    assert_eq!(visible_point(&volume, &RenderMode::Composite, rest, &[]), None);
}

/// Regression: what a look hides was pointed at all the same.
#[test]
fn a_hidden_structure_is_seen_through_and_one_that_a_cut_spares_is_met() {
    let volume = ball();
    let function = Preset::named("ct-bone").unwrap().transfer_function(&volume).unwrap();
    // The front half of the ball.
    let grid = volume.grid().clone();
    let front = Mask::from_fn(grid.clone(), |n| grid.position(n)[1] < 30 && volume.samples().get(n) > 0.0);
    let met = |rest: Option<Sight>, structure: Option<Sight>| {
        let [rest, structure] = [rest, structure].map(|sight| Visible { function: &function, sight });
        visible_point(&volume, &RenderMode::Composite, rest, &[(&front, structure)])
    };
    let whole = Sight::new(from_the_front(), None);
    let at = |met: Option<fabrica_geometry::Mm>| met.unwrap().0 - 100.0;
    assert!((at(met(whole, whole)) + 15.0).abs() < 2.0);
    assert!(at(met(whole, None)).abs() < 2.0, "the hidden half is met");
    // What lies before y = 5 is cut away, but not the structure.
    let cut = Sight::new(from_the_front(), Some(clip()));
    assert!((at(met(cut, whole)) + 15.0).abs() < 2.0);
    assert!((at(met(cut, None)) - 5.0).abs() < 2.0);
    assert_eq!(met(None, None), None);
    // Between two planes only what lies between them is seen.
    let behind = ClipPlane { point: LpsPoint::new(0.0, -20.0, 0.0), keep: LpsVector::new(0.0, -1.0, 0.0) };
    assert_eq!(Sight::new(from_the_front(), [clip(), behind]), None);
}

#[test]
fn visible_bounds_hold_the_ball_and_not_the_air() {
    let volume = ball();
    let function = Preset::named("ct-bone").unwrap().transfer_function(&volume).unwrap();
    let (low, high) = visible_bounds(&volume, &function).unwrap();
    for (low, high) in low.0.to_array().into_iter().zip(high.0.to_array()) {
        assert!((low + 16.0).abs() < 0.01 && (high - 16.0).abs() < 0.01, "{low}..{high}");
    }
}

#[test]
fn a_surface_is_met_first_at_its_front_and_behind_a_cut_at_its_back() {
    let volume = ball();
    let mask = Mask::from_fn(volume.grid().clone(), |n| volume.samples().get(n) > 0.0);
    let target = SurfaceTarget::new(&surface_of_mask(&mask, &Progress::new()).unwrap()).unwrap();
    let first = |clip| Sight::new(from_the_front(), clip).and_then(|sight| target.first(&sight));
    assert!((first(None).unwrap().0 - 85.0).abs() < 0.6, "{:?}", first(None));
    assert!((first(Some(clip())).unwrap().0 - 115.0).abs() < 0.6, "the surface has no face at the cut");
    let away = Ray { direction: LpsVector::new(0.0, -1.0, 0.0), ..from_the_front() };
    assert_eq!(Sight::new(away, None).and_then(|sight| target.first(&sight)), None);
    assert_eq!(Sight::new(away, Some(clip())), None, "nothing behind the cut lies before the eye");
}
