//! Masks against plain vectors of booleans.

#![allow(clippy::unwrap_used, reason = "that is how tests fail")]

use fabrica_geometry::{Grid, LpsPoint};
use fabrica_volume::{Mask, MaskError, Run};
use proptest::prelude::*;

fn grid(dims: [usize; 3]) -> Grid {
    Grid::axis_aligned(dims, LpsPoint::default(), [1.0, 2.0, 3.0]).unwrap()
}

#[test]
fn three_voxels_by_hand() {
    let mut mask = Mask::empty(grid([70, 2, 2]));
    for at in [[63, 0, 0], [64, 0, 0], [69, 1, 1]] {
        mask.set(at, true);
    }
    assert_eq!(mask.count(), 3);
    assert_eq!(mask.volume().0, 18.0);
    assert_eq!(mask.bounding_box(), Some(([63, 0, 0], [69, 1, 1])));
    let runs: Vec<Run> = mask.runs().collect();
    assert_eq!(runs, [Run { start: 63, end: 65, j: 0, k: 0 }, Run { start: 69, end: 70, j: 1, k: 1 }]);
    assert_eq!(mask.inverted().count(), 70 * 4 - 3);
    assert_eq!(mask.dice(&mask).unwrap(), 1.0);
}

#[test]
fn masks_of_other_grids_do_not_combine() {
    let a = Mask::empty(grid([4, 4, 4]));
    let b = Mask::empty(Grid::axis_aligned([4, 4, 4], LpsPoint::new(1.0, 0.0, 0.0), [1.0, 2.0, 3.0]).unwrap());
    assert!(matches!(a.combine(&b, |x, y| x & y), Err(MaskError::DifferentGrids { .. })));
}

proptest! {
    #[test]
    fn bits_and_bytes_agree(nx in 1usize..140, bits in prop::collection::vec(any::<bool>(), 140 * 6)) {
        let grid = grid([nx, 3, 2]);
        let bytes: Vec<u8> = bits[..grid.len()].iter().map(|&b| u8::from(b)).collect();
        let mask = Mask::from_bytes(grid.clone(), &bytes).unwrap();
        prop_assert_eq!(&mask.to_bytes(), &bytes);
        prop_assert_eq!(mask.count(), bytes.iter().filter(|&&b| b == 1).count());
        let from_runs: usize = mask.runs().map(|r| r.end - r.start).sum();
        prop_assert_eq!(from_runs, mask.count());
        for (index, &byte) in bytes.iter().enumerate() {
            prop_assert_eq!(mask.get(grid.position(index)), byte == 1);
        }
        prop_assert_eq!(mask.inverted().inverted(), mask);
    }
}

#[test]
fn words_make_a_mask_and_spare_bits_are_cleared() {
    let grid = Grid::axis_aligned([3, 2, 1], LpsPoint::default(), [1.0; 3]).unwrap();
    let mask = Mask::from_words(grid.clone(), vec![u64::MAX, 0b10]).unwrap();
    assert_eq!(mask.count(), 4);
    assert_eq!(mask.into_words(), [0b111, 0b10]);
    assert!(Mask::from_words(grid, vec![0]).is_err());
}
