//! A surface in blocks is the whole surface, and stays so when parts are made anew.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_progress::Progress;
use fabrica_surface::{BlockSurface, Mesh, surface_of_mask, surface_within};
use fabrica_volume::{BlockSet, Mask, Samples, ValueUnit, Volume};
use proptest::prelude::*;

/// The triangles as the bits of their corners' coordinates, sorted.
fn triangles<'a>(meshes: impl IntoIterator<Item = &'a Mesh>) -> Vec<[[u32; 3]; 3]> {
    let corners = |m: &Mesh, t: &[u32; 3]| t.map(|v| m.vertices()[v as usize].map(f32::to_bits));
    let mut all: Vec<_> =
        meshes.into_iter().flat_map(|m| m.triangles().iter().map(|t| corners(m, t)).collect::<Vec<_>>()).collect();
    all.sort_unstable();
    all
}

fn grid(dims: [usize; 3], mirrored: bool) -> Grid {
    let z = if mirrored { -1.0 } else { 1.0 };
    let axes = [LpsVector::new(0.6, 0.8, 0.0), LpsVector::new(-0.8, 0.6, 0.0), LpsVector::new(0.0, 0.0, z)];
    Grid::new(dims, LpsPoint::new(1.0 / 3.0, -170.1, 1234.5), axes, [0.7, 0.9, 1.6]).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn blocks_are_the_whole_surface_before_and_after_an_edit(
        dims in prop_oneof![Just([70, 40, 33]), Just([64, 32, 20]), Just([31, 65, 32]), Just([1, 1, 1])],
        mirrored: bool,
        seed: u64,
        by_value: bool,
        edit in prop::array::uniform3(0..70usize),
        size in 1..20usize,
    ) {
        let grid = grid(dims, mirrored);
        let noise = |n: usize| ((n as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as i16 % 100;
        let values: Vec<i16> = (0..grid.len()).map(noise).collect();
        let volume = Volume::new(grid.clone(), Samples::I16(values), ValueUnit::Hounsfield).unwrap();
        let by = by_value.then_some((&volume, 49.5));
        let mut mask = Mask::from_fn(grid.clone(), |n| noise(n) >= 50);
        let progress = Progress::new();
        let whole = |mask: &Mask| match by {
            Some((volume, isovalue)) => surface_within(mask, volume, isovalue, &progress).unwrap(),
            None => surface_of_mask(mask, &progress).unwrap(),
        };
        let mut blocks = BlockSurface::new(&mask, by, &progress).unwrap();
        prop_assert_eq!(triangles(blocks.blocks().map(|(_, m)| m)), triangles([&whole(&mask)]));

        // A box is flipped; only the blocks that it lies in are told.
        let mut dirty = BlockSet::empty(&grid);
        let range = |a: usize| edit[a].min(dims[a])..(edit[a] + size).min(dims[a]);
        for k in range(2) {
            for j in range(1) {
                for i in range(0) {
                    mask.set([i, j, k], !mask.get([i, j, k]));
                    dirty.insert([i / 32, j / 32, k / 32]);
                }
            }
        }
        blocks.update(&mask, by, &dirty, &progress).unwrap();
        prop_assert_eq!(triangles(blocks.blocks().map(|(_, m)| m)), triangles([&whole(&mask)]));
    }
}
