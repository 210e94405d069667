//! Structures that overlap, as labels that do not.

use std::collections::BTreeMap;

use fabrica_progress::Progress;
use fabrica_volume::Mask;

use super::voxels::ones;
use crate::SurfaceError;

/// A label map of structures: each combination that some voxel lies in is a label of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combinations {
    /// A label for each voxel, x fastest; 0 where there is no structure.
    pub labels: Vec<u16>,
    /// For each label from 1 on the structures that its voxels lie in, by their places in the list, in order.
    pub members: Vec<Vec<usize>>,
}

/// The combinations of structures on one grid.
///
/// # Errors
/// When they lie on different grids, there are more than 65,535 combinations, or the user cancels.
///
/// # Example
/// ```
/// use fabrica_geometry::{Grid, LpsPoint};
/// use fabrica_progress::Progress;
/// use fabrica_surface::combinations;
/// use fabrica_volume::Mask;
/// let grid = Grid::axis_aligned([4, 1, 1], LpsPoint::default(), [1.0; 3]).unwrap();
/// let left = Mask::from_fn(grid.clone(), |n| n < 3);
/// let right = Mask::from_fn(grid, |n| n == 2 || n == 3);
/// let both = combinations(&[&left, &right], &Progress::new()).unwrap();
/// assert_eq!(both.labels, [1, 1, 2, 3]);
/// assert_eq!(both.members, [vec![0], vec![0, 1], vec![1]]);
/// ```
pub fn combinations(masks: &[&Mask], progress: &Progress) -> Result<Combinations, SurfaceError> {
    let Some(first) = masks.first() else { return Ok(Combinations { labels: Vec::new(), members: Vec::new() }) };
    let [nx, ny, nz] = first.grid().dims();
    let mut labels = vec![0u16; first.grid().len()];
    let mut members: Vec<Vec<usize>> = vec![Vec::new()];
    // The label of what a label's voxels become with one structure more.
    let mut with: BTreeMap<(u16, usize), u16> = BTreeMap::new();
    for (structure, mask) in masks.iter().enumerate() {
        first.check_same_grid(mask)?;
        for k in 0..nz {
            progress.check()?;
            for j in 0..ny {
                let row = nx * (j + ny * k);
                for (at, &word) in mask.row(j, k).iter().enumerate() {
                    for bit in ones(word) {
                        let label = &mut labels[row + at * 64 + bit];
                        *label = match with.get(&(*label, structure)) {
                            Some(known) => *known,
                            None => {
                                let mut all = members[usize::from(*label)].clone();
                                all.push(structure);
                                let new = u16::try_from(members.len())
                                    .map_err(|_| SurfaceError::TooManyLabels(members.len()))?;
                                members.push(all);
                                with.insert((*label, structure), new);
                                new
                            }
                        };
                    }
                }
            }
        }
    }
    Ok(numbered(labels, members))
}

/// Gives combinations that are still there numbers in the order in which they first come.
fn numbered(mut labels: Vec<u16>, members: Vec<Vec<usize>>) -> Combinations {
    let mut number = vec![0u16; members.len()];
    let mut kept = Vec::new();
    for label in &mut labels {
        let old = usize::from(*label);
        if old == 0 {
            continue;
        }
        if number[old] == 0 {
            kept.push(members[old].clone());
            number[old] = kept.len() as u16;
        }
        *label = number[old];
    }
    Combinations { labels, members: kept }
}
