//! Distance, morphology and holes against their definitions.

mod common;

use common::{apart, grid, islands, mask_of, masks, progress, voxels};
use fabrica_geometry::{Mm, Mm2, Mm3, PatientAxis};
use fabrica_segment::{
    Connectivity, VoxelShape, close, dilate, dilate_voxels, erode, erode_voxels, fill_cavities, fill_slices, margin,
    open, signed_distance,
};
use fabrica_volume::Mask;
use proptest::prelude::*;

fn within(mask: &Mask, radius: f64) -> Mask {
    let inside = voxels(mask);
    let grid = mask.grid();
    Mask::from_fn(grid.clone(), |index| {
        inside.iter().any(|&at| apart(grid, grid.position(index), at) <= radius * radius * (1.0 + 1e-6))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_distance_map_is_exact(mask in masks()) {
        let map = signed_distance(&mask, &progress()).unwrap();
        let (inside, outside) = (voxels(&mask), voxels(&mask.inverted()));
        for (index, &found) in map.iter().enumerate() {
            let at = mask.grid().position(index);
            let nearest = |all: &[[usize; 3]]| {
                all.iter().map(|&b| apart(mask.grid(), at, b)).fold(f64::INFINITY, f64::min).sqrt()
            };
            let expected = if mask.get(at) { -nearest(&outside) } else { nearest(&inside) };
            prop_assert!(
                f64::from(found) == expected || (f64::from(found) - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                "{found} instead of {expected} at {at:?}"
            );
        }
    }

    #[test]
    fn dilation_is_what_lies_within_the_radius(mask in masks(), radius in 0.0f64..6.0) {
        let grown = dilate(&mask, Mm(radius), &progress()).unwrap();
        prop_assert_eq!(&grown, &within(&mask, radius));
        let shrunk = erode(&mask, Mm(radius), &progress()).unwrap();
        prop_assert_eq!(&shrunk, &within(&mask.inverted(), radius).inverted());
        prop_assert_eq!(margin(&mask, Mm(radius), &progress()).unwrap(), grown);
        prop_assert_eq!(margin(&mask, Mm(-radius), &progress()).unwrap(), shrunk);
    }

    #[test]
    fn large_balls_agree_with_small_ones(mask in masks()) {
        // 45 mm on grids of at most 3 mm spacing goes by the distance map; so does the definition here.
        let radius = 45.0;
        prop_assert_eq!(dilate(&mask, Mm(radius), &progress()).unwrap(), within(&mask, radius));
    }

    #[test]
    fn opening_and_closing_are_idempotent_and_ordered(mask in masks(), radius in 0.0f64..5.0) {
        let (radius, p) = (Mm(radius), progress());
        let opened = open(&mask, radius, &p).unwrap();
        prop_assert_eq!(&open(&opened, radius, &p).unwrap(), &opened);
        prop_assert_eq!(opened.combine(&mask, |a, b| a & !b).unwrap().count(), 0);
        let closed = close(&mask, radius, &p).unwrap();
        prop_assert_eq!(&close(&closed, radius, &p).unwrap(), &closed);
        prop_assert_eq!(mask.combine(&closed, |a, b| a & !b).unwrap().count(), 0);
    }

    #[test]
    fn shapes_in_voxels_are_steps(mask in masks(), radius in 0usize..3) {
        let inside = voxels(&mask);
        let by = |near: &(dyn Fn([usize; 3]) -> bool + Sync)| {
            Mask::from_fn(mask.grid().clone(), |index| {
                let at = mask.grid().position(index);
                inside.iter().any(|&b| near(std::array::from_fn(|a| at[a].abs_diff(b[a]))))
            })
        };
        let cross = dilate_voxels(&mask, VoxelShape::Cross(radius), &progress()).unwrap();
        prop_assert_eq!(cross, by(&|d| d.iter().sum::<usize>() <= radius));
        let boxed = dilate_voxels(&mask, VoxelShape::Box(radius), &progress()).unwrap();
        prop_assert_eq!(boxed, by(&|d| d.iter().all(|&d| d <= radius)));
        let shrunk = erode_voxels(&mask, VoxelShape::Box(radius), &progress()).unwrap();
        prop_assert_eq!(shrunk, dilate_voxels(&mask.inverted(), VoxelShape::Box(radius), &progress()).unwrap().inverted());
    }

    #[test]
    fn cavities_are_what_does_not_reach_the_border(mask in masks(), limit in 0usize..20) {
        let dims = mask.grid().dims();
        let at_border = |at: &[usize; 3]| (0..3).any(|a| at[a] == 0 || at[a] + 1 == dims[a]);
        let cavities: Vec<_> = islands(&mask.inverted(), Connectivity::Six)
            .into_iter()
            .filter(|island| !island.iter().any(at_border))
            .collect();
        let expect = |most: usize| {
            let filled: Vec<_> = cavities.iter().filter(|c| c.len() <= most).flatten().copied().collect();
            mask_of(mask.grid(), &filled).combine(&mask, |a, b| a | b).unwrap()
        };
        prop_assert_eq!(fill_cavities(&mask, None, &progress()).unwrap(), expect(usize::MAX));
        let volume = Mm3(limit as f64 * mask.grid().voxel_volume().0);
        prop_assert_eq!(fill_cavities(&mask, Some(volume), &progress()).unwrap(), expect(limit));
    }

    #[test]
    fn slices_are_filled_each_for_itself(mask in masks(), across in 0usize..3) {
        let axis = [PatientAxis::RightLeft, PatientAxis::AnteriorPosterior, PatientAxis::InferiorSuperior][across];
        let filled = fill_slices(&mask, axis, None, &progress()).unwrap();
        let dims = mask.grid().dims();
        let mut expected = mask.clone();
        for slice in 0..dims[across] {
            let outside = Mask::from_fn(mask.grid().clone(), |index| {
                let at = mask.grid().position(index);
                at[across] == slice && !mask.get(at)
            });
            for island in islands(&outside, Connectivity::Six) {
                let open = island.iter().any(|at| (0..3).any(|a| a != across && (at[a] == 0 || at[a] + 1 == dims[a])));
                if !open {
                    island.iter().for_each(|&at| expected.set(at, true));
                }
            }
        }
        prop_assert_eq!(filled, expected);
    }
}

#[test]
fn a_ball_has_its_volume_on_any_grid() {
    for spacing in [[1.0; 3], [0.5, 1.0, 2.0]] {
        let dims: [usize; 3] = std::array::from_fn(|a| (50.0 / spacing[a]) as usize + 1);
        let centre = dims.map(|n| n / 2);
        let ball = dilate(&mask_of(&grid(dims, spacing), &[centre]), Mm(20.0), &progress()).unwrap();
        let truth = 4.0 / 3.0 * std::f64::consts::PI * 20f64.powi(3);
        assert!((ball.volume().0 / truth - 1.0).abs() < 0.01, "{} of {truth}", ball.volume());
    }
    // The lattice points in a ball of radius 5 are 515 (OEIS A000605).
    let ball = dilate(&mask_of(&grid([13; 3], [1.0; 3]), &[[6; 3]]), Mm(5.0), &progress()).unwrap();
    assert_eq!(ball.count(), 515);
    // By hand: within 1 mm of one voxel lie its 6 neighbours; with 2 mm slices only 4 of them.
    let count = |spacing| dilate(&mask_of(&grid([5; 3], spacing), &[[2; 3]]), Mm(1.0), &progress()).unwrap().count();
    assert_eq!((count([1.0; 3]), count([1.0, 1.0, 2.0])), (7, 5));
}

#[test]
fn a_body_that_the_scan_cuts_is_not_eaten_from_the_cut() {
    let full = Mask::empty(grid([10, 10, 10], [1.0; 3])).inverted();
    assert_eq!(erode(&full, Mm(3.0), &progress()).unwrap(), full);
    assert_eq!(erode(&full, Mm(100.0), &progress()).unwrap(), full);
}

#[test]
fn hole_limits_are_in_millimetres() {
    // A ring with a hole of one voxel of 2 × 3 mm in the one slice.
    let ring = Mask::from_fn(grid([3, 3, 1], [2.0, 3.0, 5.0]), |index| index != 4);
    let fill = |most| fill_slices(&ring, PatientAxis::InferiorSuperior, Some(Mm2(most)), &progress()).unwrap().count();
    assert_eq!((fill(5.9), fill(6.0)), (8, 9));
}

#[test]
fn nonsense_lengths_are_refused() {
    let mask = Mask::empty(grid([3; 3], [1.0; 3]));
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(dilate(&mask, Mm(bad), &progress()).is_err());
    }
    assert!(margin(&mask, Mm(f64::NEG_INFINITY), &progress()).is_err());
}
