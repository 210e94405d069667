//! Thresholds, Otsu, smoothing, logic, resampling and change reports.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests fail by panicking and say what they skip")]

mod common;

use common::{grid, mask_of, masks, progress, volume, voxels};
use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_segment::{
    ChangeReport, Connectivity, Histogram, Interpolation, Level, Neighbourhood, difference, exclusive_or, intersection,
    otsu, resample, smooth_gaussian, smooth_majority, threshold, union,
};
use fabrica_volume::{Mask, Samples, ValueUnit, Volume};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_threshold_holds_each_value_against_the_bounds(values in prop::collection::vec(-50i16..50, 130), a in -60.0f64..60.0, b in -60.0f64..60.0) {
        let (low, high) = (a.min(b), a.max(b));
        let ints = volume([65, 2, 1], values.clone());
        let floats = Volume::new(
            ints.grid().clone(),
            Samples::F32(values.iter().map(|&v| f32::from(v) / 3.0).collect()),
            ValueUnit::Arbitrary,
        ).unwrap();
        for volume in [ints, floats] {
            let expected = Mask::from_fn(volume.grid().clone(), |index| (low..=high).contains(&volume.samples().get(index)));
            prop_assert_eq!(threshold(&volume, low, high, &progress()).unwrap(), expected);
        }
    }

    #[test]
    fn otsu_is_the_best_of_all_thresholds(values in prop::collection::vec(0i16..30, 40), classes in 2usize..5) {
        let volume = volume([40, 1, 1], values.clone());
        let histogram = Histogram::of(&volume, None, &progress()).unwrap();
        prop_assume!(histogram.values.len() >= classes);
        let between = |thresholds: &[f64]| -> f64 {
            let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / 40.0;
            (0..=thresholds.len()).map(|class| {
                let mine: Vec<f64> = values.iter().map(|&v| f64::from(v))
                    .filter(|&v| class == 0 || v > thresholds[class - 1])
                    .filter(|&v| class == thresholds.len() || v <= thresholds[class])
                    .collect();
                let n = mine.len() as f64;
                if mine.is_empty() { 0.0 } else { n * (mine.iter().sum::<f64>() / n - mean).powi(2) }
            }).sum()
        };
        let found = histogram.otsu(classes).unwrap();
        prop_assert_eq!(found.len(), classes - 1);
        let all: Vec<f64> = (0..30).map(|v| f64::from(v) + 0.5).collect();
        let mut best = 0f64;
        for &a in &all {
            if classes == 2 { best = best.max(between(&[a])); continue; }
            for &b in all.iter().filter(|&&b| b > a) {
                if classes == 3 { best = best.max(between(&[a, b])); continue; }
                for &c in all.iter().filter(|&&c| c > b) { best = best.max(between(&[a, b, c])); }
            }
        }
        prop_assert!((between(&found) - best).abs() < 1e-6 * best.max(1.0));
    }

    #[test]
    fn the_majority_is_counted(mask in masks(), reach in prop::array::uniform3(0usize..3)) {
        let dims = mask.grid().dims();
        let expected = Mask::from_fn(mask.grid().clone(), |index| {
            let at = mask.grid().position(index);
            let (mut inside, mut all) = (0, 0);
            let range = |a: usize| -(reach[a] as isize)..=reach[a] as isize;
            for dk in range(2) { for dj in range(1) { for di in range(0) {
                let step = [di, dj, dk];
                let near = std::array::from_fn(|a| at[a].saturating_add_signed(step[a]).min(dims[a] - 1));
                inside += usize::from(mask.get(near));
                all += 1;
            }}}
            2 * inside > all
        });
        prop_assert_eq!(smooth_majority(&mask, Neighbourhood::Box(reach), &progress()).unwrap(), expected);
    }

    #[test]
    fn logic_is_logic(mask in masks()) {
        let other = Mask::from_fn(mask.grid().clone(), |index| index % 3 == 0);
        let check = |found: Mask, rule: fn(bool, bool) -> bool| {
            (0..mask.grid().len()).all(|index| {
                let at = mask.grid().position(index);
                found.get(at) == rule(mask.get(at), other.get(at))
            })
        };
        prop_assert!(check(union(&mask, &other).unwrap(), |a, b| a || b));
        prop_assert!(check(intersection(&mask, &other).unwrap(), |a, b| a && b));
        prop_assert!(check(difference(&mask, &other).unwrap(), |a, b| a && !b));
        prop_assert!(check(exclusive_or(&mask, &other).unwrap(), |a, b| a != b));
    }

    #[test]
    fn resampling_onto_the_same_grid_changes_nothing(mask in masks()) {
        for interpolation in [Interpolation::Nearest, Interpolation::Linear] {
            prop_assert_eq!(&resample(&mask, mask.grid(), interpolation, &progress()).unwrap(), &mask);
        }
    }
}

#[test]
fn padding_and_not_a_number_never_belong() {
    let mut padded = volume([4, 1, 1], vec![-2000, -1000, 0, 500]);
    padded.padding = Some(-2000.0..=-2000.0);
    assert_eq!(voxels(&threshold(&padded, f64::NEG_INFINITY, 0.0, &progress()).unwrap()), [[1, 0, 0], [2, 0, 0]]);
    assert_eq!(Histogram::of(&padded, None, &progress()).unwrap().values, [-1000.0, 0.0, 500.0]);
    let samples = Samples::F32(vec![f32::NAN, 1.0, f32::INFINITY]);
    let odd = Volume::new(grid([3, 1, 1], [1.0; 3]), samples, ValueUnit::Arbitrary).unwrap();
    assert_eq!(voxels(&threshold(&odd, 0.0, f64::INFINITY, &progress()).unwrap()), [[1, 0, 0], [2, 0, 0]]);
    assert!(threshold(&odd, f64::NAN, 1.0, &progress()).is_err());
}

#[test]
fn otsu_by_hand() {
    let two = volume([6, 1, 1], vec![0, 0, 0, 10, 10, 10]);
    assert_eq!(otsu(&two, 2, None, &progress()).unwrap(), [5.0]);
    assert!(otsu(&two, 3, None, &progress()).is_err());
    assert!(otsu(&two, 5, None, &progress()).is_err());
    let three = volume([6, 1, 1], vec![0, 2, 100, 102, 900, 902]);
    assert_eq!(otsu(&three, 3, None, &progress()).unwrap(), [51.0, 501.0]);
    let half = Mask::from_fn(three.grid().clone(), |index| index < 4);
    assert_eq!(otsu(&three, 2, Some(&half), &progress()).unwrap(), [51.0]);
}

fn ball(radius: f64, spacing: [f64; 3]) -> Mask {
    let dims: [usize; 3] = std::array::from_fn(|a| (2.0 * (radius + 8.0) / spacing[a]) as usize);
    let grid = Grid::axis_aligned(dims, LpsPoint::default(), spacing).unwrap();
    let centre = grid.centre();
    Mask::from_fn(grid.clone(), |index| {
        let at = grid.position(index).map(|n| n as f64);
        grid.to_patient(fabrica_geometry::VoxelPoint::new(at[0], at[1], at[2])).distance(centre).0 <= radius
    })
}

#[test]
fn a_gaussian_keeps_the_volume_when_asked() {
    let ball = ball(12.0, [0.7, 0.7, 1.5]);
    let half = smooth_gaussian(&ball, Mm(3.0), Level::Half, &progress()).unwrap();
    let kept = smooth_gaussian(&ball, Mm(3.0), Level::KeepVolume, &progress()).unwrap();
    let change = |mask: &Mask| (mask.count() as f64 / ball.count() as f64 - 1.0).abs();
    // At one half a sphere shrinks by σ²/R = 0.75 mm, 18 % of its volume.
    assert!((0.12..0.22).contains(&change(&half)), "{}", change(&half));
    assert!(change(&kept) < 0.005, "{}", change(&kept));
    assert!(smooth_gaussian(&ball, Mm(0.0), Level::Half, &progress()).unwrap() == ball);
}

#[test]
fn a_lost_vessel_is_reported() {
    // A block and a rod one voxel thick beside it.
    let grid = grid([40, 20, 20], [1.0; 3]);
    let before = Mask::from_fn(grid.clone(), |index| {
        let [i, j, k] = grid.position(index);
        (5..15).contains(&i) && (5..15).contains(&j) && (5..15).contains(&k) || i == 30 && j == 10
    });
    let after = smooth_majority(&before, Neighbourhood::Ball(Mm(2.0)), &progress()).unwrap();
    let report = ChangeReport::between(&before, &after, Connectivity::TwentySix, &progress()).unwrap();
    assert_eq!((report.islands_before, report.islands_after, report.islands_lost), (2, 1, 1));
    assert_eq!(report.voxels_before, 1000 + 20);
    assert_eq!(report.voxels_before + report.added - report.removed, report.voxels_after);
    assert!(report.removed >= 20);
}

#[test]
fn resampling_keeps_place_and_volume() {
    let coarse = ball(10.0, [2.0, 2.0, 3.0]);
    // A finer grid whose axes run the other way.
    let (low, high) = coarse.grid().bounds();
    let fine = Grid::new(
        [60, 60, 60],
        LpsPoint::new(high.0.x, high.0.y, low.0.z),
        [
            fabrica_geometry::LpsVector::new(-1.0, 0.0, 0.0),
            fabrica_geometry::LpsVector::new(0.0, -1.0, 0.0),
            fabrica_geometry::LpsVector::new(0.0, 0.0, 1.0),
        ],
        [0.6; 3],
    )
    .unwrap();
    for interpolation in [Interpolation::Nearest, Interpolation::Linear] {
        let moved = resample(&coarse, &fine, interpolation, &progress()).unwrap();
        assert!((moved.volume().0 / coarse.volume().0 - 1.0).abs() < 0.05, "{interpolation:?} {}", moved.volume());
        let back = resample(&moved, coarse.grid(), interpolation, &progress()).unwrap();
        assert!(back.dice(&coarse).unwrap() > 0.95);
    }
    let elsewhere = mask_of(&grid([3; 3], [1.0; 3]), &[[1; 3]]);
    assert!(union(&elsewhere, &coarse).is_err());
}
