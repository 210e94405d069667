//! Calibration and calipers, against what can be worked out by hand.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking")]

use fabrica_geometry::{Grid, LpsPoint};
use fabrica_progress::Progress;
use fabrica_review::{Calibration, Evidence, ReviewError, ReviewSettings, Sample, caliper, samples};
use fabrica_volume::Mask;
use proptest::prelude::*;

/// So many regions of a probability, of which so many are right.
fn regions(probability: f64, count: usize, right: usize) -> Vec<Sample> {
    (0..count).map(|n| Sample { probability, right: n < right }).collect()
}

#[test]
fn a_network_that_is_too_sure_gets_its_temperature() {
    // ln(0.9 / 0.1) = 2.1972 must become ln(0.7 / 0.3) = 0.8473: the temperature is 2.5932.
    let held_out = regions(0.9, 100, 70);
    let fitted = Calibration::fit_temperature(&held_out, "100 made-up regions").unwrap();
    let Calibration::Temperature { temperature, fit } = &fitted else { unreachable!() };
    assert!((temperature - 2.5932).abs() < 1e-3, "{temperature}");
    assert!((fit.error_before - 0.2).abs() < 1e-9 && fit.error_after < 1e-4);
    assert!((fitted.of(0.9) - 0.7).abs() < 1e-4 && (fitted.of(0.5) - 0.5).abs() < 1e-12);
    assert_eq!((fitted.of(0.0), fitted.of(1.0)), (0.0, 1.0));
    assert!(fitted.words().unwrap().contains("100 made-up regions"));
    assert_eq!(Calibration::Uncalibrated.words(), None);
}

#[test]
fn reliability_is_counted_in_ten_bins() {
    let held_out = [regions(0.65, 10, 5), regions(0.95, 30, 27)].concat();
    let found = Calibration::Uncalibrated.reliability(&held_out);
    // A quarter is off by 0.15, three quarters by 0.05.
    assert!((found.error - (0.25 * 0.15 + 0.75 * 0.05)).abs() < 1e-12);
    assert_eq!(found.bins.iter().map(|b| b.regions).collect::<Vec<_>>(), [10, 30]);
    assert!((found.bins[0].right - 0.5).abs() < 1e-12 && (found.bins[1].from - 0.9).abs() < 1e-12);
}

#[test]
fn isotonic_pools_what_falls() {
    let held_out = [regions(0.6, 10, 5), regions(0.7, 10, 4), regions(0.9, 20, 18)].concat();
    let fitted = Calibration::fit_isotonic(&held_out, "made up").unwrap();
    // 0.6 and 0.7 are pooled: 9 of 20 at 0.65.
    for (p, worth) in [(0.1, 0.45), (0.65, 0.45), (0.9, 0.9), (1.0, 0.9), (0.775, 0.675)] {
        assert!((fitted.of(p) - worth).abs() < 1e-9, "{p}: {}", fitted.of(p));
    }
}

#[test]
fn nothing_is_fitted_to_too_little() {
    assert!(matches!(Calibration::fit_temperature(&regions(0.9, 29, 20), ""), Err(ReviewError::TooFew { .. })));
    // All right: any colder is better.
    assert!(matches!(Calibration::fit_temperature(&regions(0.9, 50, 50), ""), Err(ReviewError::NoFit(_))));
    assert!(matches!(Calibration::fit_isotonic(&regions(f64::NAN, 50, 50), ""), Err(ReviewError::Range { .. })));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calibration.json");
    let fitted = Calibration::fit_isotonic(&regions(0.9, 50, 40), "made up").unwrap();
    std::fs::write(&path, serde_json::to_vec(&fitted).unwrap()).unwrap();
    assert_eq!(Calibration::read(&path).unwrap(), fitted);
    std::fs::write(
        &path,
        r#"{"isotonic":{"knots":[[0.5,0.9],[0.6,0.2]],"fit":{"on":"","regions":50,"error_before":0,"error_after":0}}}"#,
    )
    .unwrap();
    assert!(matches!(Calibration::read(&path), Err(ReviewError::Calibration { .. })));
}

#[test]
fn regions_of_known_truth_become_samples() {
    let grid = Grid::axis_aligned([40, 20, 20], LpsPoint::default(), [1.0; 3]).unwrap();
    let all = Mask::from_fn(grid.clone(), |_| true);
    let near = Mask::empty(grid.clone());
    // A wrong half at 75 %, a right one at 92 %.
    let percent: Vec<u8> = (0..grid.len()).map(|n| if grid.position(n)[0] < 20 { 75 } else { 92 }).collect();
    let truth = Mask::from_fn(grid.clone(), |n| grid.position(n)[0] >= 20);
    let evidence = Evidence { mask: &all, near_misses: &near, percent: &percent };
    let found = samples(&evidence, &truth, &ReviewSettings::default(), &Progress::new()).unwrap();
    assert_eq!(found, [Sample { probability: 0.75, right: false }, Sample { probability: 0.92, right: true }]);
}

#[test]
fn a_caliper_finds_the_borders_of_a_structure() {
    // Voxels 10 to 19 of 1 mm are a part from 9.5 to 19.5.
    let grid = Grid::axis_aligned([30, 10, 10], LpsPoint::default(), [1.0; 3]).unwrap();
    let mask = Mask::from_fn(grid.clone(), |n| (10..20).contains(&grid.position(n)[0]));
    let at = |x: f64| LpsPoint::new(x, 5.0, 5.0);
    let length = caliper::on_structure("part", &mask, [at(9.2), at(19.9)]).unwrap();
    assert!((length.0 - 10.0).abs() < 1e-6, "{length}");
    assert!(matches!(
        caliper::on_structure("part", &mask, [at(14.0), at(15.0)]),
        Err(ReviewError::ShortCaliper { .. })
    ));
    assert!(matches!(
        caliper::on_structure("part", &mask, [at(1.0), at(6.0)]),
        Err(ReviewError::CaliperOff { which: "first", .. })
    ));
    // Slices of 3 mm: a border between them lies half a slice beyond the last.
    let thick = Grid::axis_aligned([10, 10, 20], LpsPoint::default(), [1.0, 1.0, 3.0]).unwrap();
    let mask = Mask::from_fn(thick.clone(), |n| (5..10).contains(&thick.position(n)[2]));
    let at = |z: f64| LpsPoint::new(5.0, 5.0, z);
    let length = caliper::on_structure("part", &mask, [at(13.0), at(29.0)]).unwrap();
    assert!((length.0 - 15.0).abs() < 1e-6, "{length}");
    assert_eq!(caliper::voxel_along(&thick, at(0.0), at(9.0)).0, 3.0);
}

proptest! {
    #[test]
    fn calibrations_do_not_turn_the_order_round(
        found in proptest::collection::vec((0.0f64..=1.0, any::<bool>()), 30..120),
        a in 0.0f64..=1.0,
        b in 0.0f64..=1.0,
    ) {
        let found: Vec<Sample> = found.into_iter().map(|(probability, right)| Sample { probability, right }).collect();
        let fits = [Calibration::fit_temperature(&found, "x"), Calibration::fit_isotonic(&found, "x")];
        for fitted in fits.into_iter().flatten() {
            let (low, high) = (fitted.of(a.min(b)), fitted.of(a.max(b)));
            prop_assert!(low <= high + 1e-12 && (0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
        }
    }
}
