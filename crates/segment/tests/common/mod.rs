//! Small masks and brute-force references for the tests.
#![allow(dead_code, clippy::unwrap_used, reason = "tests fail by panicking, and each uses a part of it")]

use fabrica_geometry::{Grid, LpsPoint};
use fabrica_progress::Progress;
use fabrica_segment::Connectivity;
use fabrica_volume::{Mask, Samples, ValueUnit, Volume};
use proptest::prelude::*;

pub fn grid(dims: [usize; 3], spacing: [f64; 3]) -> Grid {
    Grid::axis_aligned(dims, LpsPoint::new(-3.0, 5.0, 7.0), spacing).unwrap()
}

pub fn progress() -> Progress {
    Progress::new()
}

pub fn volume(dims: [usize; 3], values: Vec<i16>) -> Volume {
    let mut volume = Volume::new(grid(dims, [1.0; 3]), Samples::I16(values), ValueUnit::Hounsfield).unwrap();
    volume.provenance.modality = fabrica_volume::Modality::ct();
    volume
}

/// Random masks with rows over a word long, few or many voxels set, and any spacing.
pub fn masks() -> impl Strategy<Value = Mask> {
    let dims =
        prop_oneof![Just([70usize, 5, 4]), Just([9, 8, 7]), Just([1, 6, 5]), Just([65, 1, 3]), Just([128, 3, 2])];
    (dims, prop::array::uniform3(0.4f64..3.0), 0.02f64..0.98, any::<u64>()).prop_map(|(dims, spacing, share, seed)| {
        let mut state = seed | 1;
        let bits: Vec<bool> = (0..dims.iter().product())
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                ((state >> 33) as f64 / (1u64 << 31) as f64) < share
            })
            .collect();
        Mask::from_fn(grid(dims, spacing), |index| bits[index])
    })
}

pub fn connectivities() -> impl Strategy<Value = Connectivity> {
    prop_oneof![Just(Connectivity::Six), Just(Connectivity::Eighteen), Just(Connectivity::TwentySix)]
}

pub fn voxels(mask: &Mask) -> Vec<[usize; 3]> {
    (0..mask.grid().len()).map(|index| mask.grid().position(index)).filter(|&at| mask.get(at)).collect()
}

/// Squared distance in mm.
pub fn apart(grid: &Grid, a: [usize; 3], b: [usize; 3]) -> f64 {
    (0..3).map(|n| ((a[n] as f64 - b[n] as f64) * grid.spacing()[n]).powi(2)).sum()
}

pub fn neighbours(dims: [usize; 3], at: [usize; 3], connectivity: Connectivity) -> Vec<[usize; 3]> {
    let most = match connectivity {
        Connectivity::Six => 1,
        Connectivity::Eighteen => 2,
        Connectivity::TwentySix => 3,
    };
    let mut found = Vec::new();
    for code in 0..27isize {
        let step = [code % 3 - 1, code / 3 % 3 - 1, code / 9 - 1];
        let steps = step.iter().filter(|s| **s != 0).count();
        if steps == 0 || steps > most {
            continue;
        }
        let moved: Vec<usize> =
            (0..3).filter_map(|a| at[a].checked_add_signed(step[a]).filter(|&p| p < dims[a])).collect();
        if let Ok(at) = <[usize; 3]>::try_from(moved) {
            found.push(at);
        }
    }
    found
}

/// The islands by breadth-first search, each as its voxels.
pub fn islands(mask: &Mask, connectivity: Connectivity) -> Vec<Vec<[usize; 3]>> {
    let grid = mask.grid();
    let mut seen = vec![false; grid.len()];
    let mut all = Vec::new();
    for start in voxels(mask) {
        if std::mem::replace(&mut seen[grid.index(start[0], start[1], start[2])], true) {
            continue;
        }
        let mut island = vec![start];
        let mut next = 0;
        while next < island.len() {
            for at in neighbours(grid.dims(), island[next], connectivity) {
                if mask.get(at) && !std::mem::replace(&mut seen[grid.index(at[0], at[1], at[2])], true) {
                    island.push(at);
                }
            }
            next += 1;
        }
        all.push(island);
    }
    all
}

pub fn mask_of(grid: &Grid, voxels: &[[usize; 3]]) -> Mask {
    let mut mask = Mask::empty(grid.clone());
    for &at in voxels {
        mask.set(at, true);
    }
    mask
}
