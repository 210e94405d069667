//! Where doubt is found, against what can be counted by hand.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_plan::{DoubtSide, WorkList};
use fabrica_progress::Progress;
use fabrica_review::{Calibration, Evidence, ListOf, ReviewError, ReviewSettings, bounds, content_sha256, worklist};
use fabrica_volume::Mask;
use proptest::prelude::*;

/// A scan of 1 mm voxels, all of them 99 % sure, with a cube from 4 to 15.
struct Scan {
    grid: Grid,
    mask: Mask,
    near: Mask,
    percent: Vec<u8>,
}

impl Scan {
    fn new(dims: [usize; 3]) -> Self {
        let grid = Grid::axis_aligned(dims, LpsPoint::new(100.0, 200.0, 300.0), [1.0; 3]).unwrap();
        let cube = |n: usize| (4..16).contains(&n);
        let mask = Mask::from_fn(grid.clone(), |index| grid.position(index).into_iter().all(cube));
        Self { near: Mask::empty(grid.clone()), percent: vec![99; grid.len()], mask, grid }
    }

    fn put(&mut self, percent: u8, within: impl Fn([usize; 3]) -> bool) {
        for index in 0..self.grid.len() {
            if within(self.grid.position(index)) {
                self.percent[index] = percent;
            }
        }
    }

    fn list_with(&self, settings: &ReviewSettings) -> Result<WorkList, ReviewError> {
        let of = ListOf { structure: "cube".into(), base: "structure-1".into(), found_by: "nobody".into() };
        let evidence = Evidence { mask: &self.mask, near_misses: &self.near, percent: &self.percent };
        worklist(&of, &evidence, &Calibration::Uncalibrated, settings, &Progress::new())
    }

    fn list(&self) -> WorkList {
        self.list_with(&ReviewSettings::default()).unwrap()
    }
}

fn in_box(low: [usize; 3], high: [usize; 3]) -> impl Fn([usize; 3]) -> bool {
    move |at| (0..3).all(|a| (low[a]..=high[a]).contains(&at[a]))
}

#[test]
fn thirty_doubtful_voxels_deep_inside_are_a_region() {
    let mut scan = Scan::new([20; 3]);
    scan.put(60, in_box([8, 8, 9], [12, 10, 10]));
    let list = scan.list();
    assert_eq!(list.calibration, None);
    let [region] = &list.regions[..] else { unreachable!("{:?}", list.regions) };
    assert_eq!((region.number, region.side), (1, DoubtSide::Inside));
    assert_eq!((region.low, region.high), ([8, 8, 9], [12, 10, 10]));
    assert!((region.volume.0 - 30.0).abs() < 1e-9 && (region.probability - 0.6).abs() < 1e-12);
    assert!((region.expected_error.0 - 12.0).abs() < 1e-9);
    // The middle of the box is (10, 9, 9.5): of the two voxels next to it the first.
    assert!(region.at.distance(LpsPoint::new(110.0, 209.0, 309.0)).0 < 1e-9);
    let (low, high) = bounds(&scan.mask, region);
    assert!(low.distance(LpsPoint::new(107.5, 207.5, 308.5)).0 < 1e-9);
    assert!(high.distance(LpsPoint::new(112.5, 210.5, 310.5)).0 < 1e-9);
    assert_eq!(region.content, content_sha256(&scan.mask, [8, 8, 9], [12, 10, 10]));
}

#[test]
fn a_border_is_not_doubt_for_being_a_border() {
    let mut scan = Scan::new([20; 3]);
    let cube = in_box([4; 3], [15; 3]);
    let core = in_box([6; 3], [13; 3]);
    let around = in_box([2; 3], [17; 3]);
    scan.near = Mask::from_fn(scan.grid.clone(), |n| around(scan.grid.position(n)) && !cube(scan.grid.position(n)));
    scan.put(60, |at| around(at) && !core(at));
    let list = scan.list();
    assert!(list.regions.is_empty() && list.specks.count == 0, "{list:?}");
    // Doubt that reaches three voxels deep is more than the border's.
    scan.put(60, |at| cube(at) && at[0] <= 9);
    assert!(scan.list().regions.iter().any(|r| r.side == DoubtSide::Inside));
}

#[test]
fn a_thin_part_that_is_nowhere_sure_is_listed_whole() {
    let mut scan = Scan::new([40, 20, 20]);
    let vessel = in_box([16, 9, 9], [35, 10, 10]);
    scan.mask = Mask::from_fn(scan.grid.clone(), |n| {
        let at = scan.grid.position(n);
        in_box([4; 3], [15; 3])(at) || vessel(at)
    });
    scan.put(70, &vessel);
    let list = scan.list();
    let volume: f64 = list.regions.iter().map(|r| r.volume.0).sum();
    // Of its 80 voxels, only those within two of the sure cube may count as its border.
    assert!((72.0..=80.0).contains(&volume), "{volume}: {list:?}");
    // With a sure line along it, it is a vessel with borders.
    scan.put(95, in_box([16, 9, 9], [35, 9, 9]));
    assert!(scan.list().regions.is_empty());
}

#[test]
fn what_was_nearly_taken_in_is_listed_too() {
    let mut scan = Scan::new([40, 20, 20]);
    let missed = in_box([20, 9, 9], [35, 10, 10]);
    scan.put(60, &missed);
    // Doubt between two other things is not this structure's.
    assert!(scan.list().regions.is_empty());
    scan.near = Mask::from_fn(scan.grid.clone(), |n| missed(scan.grid.position(n)));
    let list = scan.list();
    let [region] = &list.regions[..] else { unreachable!("{:?}", list.regions) };
    assert_eq!((region.side, region.volume.0.round()), (DoubtSide::Outside, 64.0));
}

#[test]
fn the_largest_expected_error_comes_first_and_long_parts_are_cut() {
    let mut scan = Scan::new([120, 20, 20]);
    scan.mask = Mask::from_fn(scan.grid.clone(), |_| true);
    scan.put(80, in_box([5, 9, 9], [104, 10, 10]));
    scan.put(51, in_box([50, 2, 2], [54, 4, 4]));
    // 45 voxels at 51 %: 22.05 mm³. 100 mm are three parts: of 34, 33 and 33 slices of 4 voxels, at most 27.2 mm³ each.
    let list = scan.list();
    let errors: Vec<f64> = list.regions.iter().map(|r| (r.expected_error.0 * 100.0).round() / 100.0).collect();
    assert_eq!(errors, [27.2, 26.4, 26.4, 22.05]);
    assert_eq!(list.regions.iter().map(|r| r.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    // Where only two may be listed, all that are as small as the third are counted instead.
    let two = scan.list_with(&ReviewSettings { most: 2, ..ReviewSettings::default() }).unwrap();
    assert_eq!((two.regions.len(), two.specks.count), (1, 3));
    assert!((two.specks.expected_error.0 - 26.4 * 2.0 - 22.05).abs() < 1e-9);
}

#[test]
fn specks_are_counted_and_nonsense_is_refused() {
    let mut scan = Scan::new([20; 3]);
    scan.put(60, in_box([9; 3], [9, 9, 10]));
    let list = scan.list();
    assert!(list.regions.is_empty());
    assert_eq!((list.specks.count, list.specks.volume.0.round()), (1, 2.0));
    let wrong = [
        ReviewSettings { threshold: f64::NAN, ..ReviewSettings::default() },
        ReviewSettings { longest: Mm(0.0), ..ReviewSettings::default() },
        ReviewSettings { border: 99, ..ReviewSettings::default() },
    ];
    assert!(wrong.iter().all(|s| matches!(scan.list_with(s), Err(ReviewError::Range { .. }))));
    scan.percent.pop();
    assert!(matches!(scan.list_with(&ReviewSettings::default()), Err(ReviewError::Length { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn lists_are_sorted_bounded_and_the_same_each_time(
        seed in proptest::collection::vec((0u8..=100, any::<bool>(), any::<bool>()), 216),
        scale in 1usize..4,
    ) {
        let mut scan = Scan::new([6 * scale, 6, 6]);
        let of = |index: usize| { let [i, j, k] = scan.grid.position(index); seed[i / scale + 6 * (j + 6 * k)] };
        let percent: Vec<u8> = (0..scan.grid.len()).map(|n| of(n).0).collect();
        let mask = Mask::from_fn(scan.grid.clone(), |n| of(n).1);
        let near = Mask::from_fn(scan.grid.clone(), |n| of(n).2);
        (scan.percent, scan.mask, scan.near) = (percent, mask, near);
        let list = scan.list();
        prop_assert_eq!(&list, &scan.list());
        prop_assert!(list.regions.windows(2).all(|w| w[0].expected_error.0 >= w[1].expected_error.0));
        let doubtful = (0..scan.grid.len())
            .filter(|&n| scan.percent[n] < 85)
            .filter(|&n| { let at = scan.grid.position(n); scan.mask.get(at) || scan.near.get(at) })
            .count();
        let listed: f64 = list.regions.iter().map(|r| r.volume.0).sum::<f64>() + list.specks.volume.0;
        prop_assert!(listed <= doubtful as f64 + 1e-6);
        for r in &list.regions {
            prop_assert!(r.probability < 0.85);
            let at = scan.grid.to_voxel(r.at).0.round().to_array().map(|n| n as u32);
            prop_assert!((0..3).all(|a| (r.low[a]..=r.high[a]).contains(&at[a])));
            prop_assert_eq!(scan.mask.get(at.map(|n| n as usize)), r.side == DoubtSide::Inside);
        }
    }
}
