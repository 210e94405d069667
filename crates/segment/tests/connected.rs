//! Islands and flood filling against breadth-first search.

mod common;

use common::{connectivities, grid, islands, mask_of, masks, progress, volume, voxels};
use fabrica_geometry::{LpsPoint, Mm3};
use fabrica_segment::{
    Confidence, Connectivity, Islands, Seed, SegmentError, confidence_connected, connected_threshold, flood,
    islands_at, largest_islands, remove_small_islands,
};
use fabrica_volume::Mask;
use proptest::prelude::*;

proptest! {
    #[test]
    fn islands_are_those_of_a_search(mask in masks(), connectivity in connectivities()) {
        let expected = islands(&mask, connectivity);
        let found = Islands::find(&mask, connectivity, &progress()).unwrap();
        prop_assert_eq!(found.len(), expected.len());
        for (number, island) in expected.iter().enumerate() {
            prop_assert_eq!(found.voxels()[number], island.len() as u64);
            for &at in island {
                prop_assert_eq!(found.at(at), Some(number));
            }
        }
        let largest = largest_islands(&mask, 1, connectivity, &progress()).unwrap();
        prop_assert_eq!(largest.count(), expected.iter().map(Vec::len).max().unwrap_or(0));
        let least = Mm3(3.0 * mask.grid().voxel_volume().0);
        let kept = remove_small_islands(&mask, least, connectivity, &progress()).unwrap();
        prop_assert_eq!(kept.count(), expected.iter().map(Vec::len).filter(|&n| n >= 3).sum::<usize>());
    }

    #[test]
    fn flood_reaches_what_a_search_reaches(mask in masks(), connectivity in connectivities(), pick in any::<prop::sample::Index>()) {
        let inside = voxels(&mask);
        prop_assume!(!inside.is_empty());
        let seed = *pick.get(&inside);
        let expected = islands(&mask, connectivity).into_iter().find(|island| island.contains(&seed)).unwrap();
        let found = flood(&mask, &[seed], connectivity, &progress()).unwrap();
        prop_assert_eq!(&found, &mask_of(mask.grid(), &expected));
        prop_assert_eq!(islands_at(&mask, &[Seed::Voxel(seed)], connectivity, &progress()).unwrap(), found);
    }
}

#[test]
fn a_diagonal_is_one_island_only_across_corners() {
    let diagonal = mask_of(&grid([3, 3, 3], [1.0; 3]), &[[0, 0, 0], [1, 1, 1], [2, 2, 2]]);
    let count = |connectivity| Islands::find(&diagonal, connectivity, &progress()).unwrap().len();
    assert_eq!([Connectivity::Six, Connectivity::Eighteen, Connectivity::TwentySix].map(count), [3, 3, 1]);
}

#[test]
fn growing_stays_within_its_bounds_and_its_island() {
    // Two bright bars of 3 voxels with a dark one between.
    let volume = volume([7, 1, 1], vec![100, 110, 120, 0, 100, 110, 120]);
    let grow =
        |seeds: &[Seed], low, high| connected_threshold(&volume, seeds, low, high, Connectivity::Six, &progress());
    // Voxel 1 lies 1 mm left of the grid's origin.
    let at = Seed::Patient(LpsPoint::new(-2.0, 5.0, 7.0));
    assert_eq!(voxels(&grow(&[at], 100.0, 115.0).unwrap()), [[0, 0, 0], [1, 0, 0]]);
    assert_eq!(grow(&[at, Seed::Voxel([6, 0, 0])], 100.0, 120.0).unwrap().count(), 6);
    assert!(matches!(grow(&[Seed::Voxel([3, 0, 0])], 100.0, 120.0), Err(SegmentError::NotFound { .. })));
    assert!(matches!(grow(&[Seed::Voxel([7, 0, 0])], 100.0, 120.0), Err(SegmentError::SeedOutside { .. })));
    assert!(grow(&[], 100.0, 120.0).is_err());
    assert!(grow(&[at], 120.0, 100.0).is_err());
}

#[test]
fn confidence_finds_the_spread_of_a_noisy_part() {
    let mut values = vec![0i16; 20 * 20];
    for (index, value) in values.iter_mut().enumerate() {
        let noise = [-10, 0, 10, 5, -5][index % 5];
        *value = if (index % 20) < 10 { 100 + noise } else { 300 + noise };
    }
    let volume = volume([20, 20, 1], values);
    let grown = confidence_connected(&volume, &[Seed::Voxel([3, 10, 0])], &Confidence::default(), &progress()).unwrap();
    assert_eq!(grown, Mask::from_fn(volume.grid().clone(), |index| index % 20 < 10));
}

#[test]
fn cancelling_stops() {
    let progress = progress();
    progress.cancel();
    let mask = Mask::empty(grid([8, 8, 8], [1.0; 3])).inverted();
    assert_eq!(
        Islands::find(&mask, Connectivity::Six, &progress).err(),
        Some(SegmentError::Cancelled(fabrica_progress::Cancelled))
    );
    assert!(flood(&mask, &[[0, 0, 0]], Connectivity::Six, &progress).is_err());
}
