//! How much of each voxel a structure fills.

use fabrica_geometry::VoxelPoint;
use fabrica_progress::Progress;
use fabrica_volume::{Structure, Volume};
use rayon::prelude::*;

use crate::{Field, MeasureError};

/// Points along each axis of a voxel at which the border is asked for.
const FINE: usize = 4;

/// How much of each voxel of a part of the scan's grid a structure fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupancy {
    /// The part's first voxel.
    pub first: [usize; 3],
    /// The part's voxels along i, j, k. All others are empty.
    pub size: [usize; 3],
    /// 0 (nothing) to 255 (all), i fastest. Voxels that belong to the structure have 128 or more, others 127 or less, so that
    /// whoever takes what is filled half or more finds the structure again, voxel for voxel.
    pub values: Vec<u8>,
}

impl Occupancy {
    /// The structure's volume in voxels: the sum of what they are filled.
    pub fn voxels(&self) -> f64 {
        self.values.par_iter().map(|v| f64::from(*v)).sum::<f64>() / 255.0
    }
}

/// How much of each voxel a structure fills, by its border between voxels ([`Field`]): where the scan crosses the structure's
/// isovalue, or from the mask alone, where it is an estimate. Asked for at 4 × 4 × 4 points of each voxel that the border may
/// cross.
///
/// # Errors
/// When the structure is empty, or the user cancels.
pub fn occupancy(
    structure: &Structure,
    volume: Option<&Volume>,
    progress: &Progress,
) -> Result<Occupancy, MeasureError> {
    progress.stage(format!("finding how far {} fills its voxels", structure.name));
    let grid = structure.mask.grid();
    let image = volume.zip(structure.isovalue).filter(|(v, _)| v.grid().coincides(grid, grid.finest_spacing() * 0.01));
    let field = match image {
        Some((volume, isovalue)) => Field::of_image(&structure.name, &structure.mask, volume, isovalue, progress)?,
        None => Field::of_mask(&structure.name, &structure.mask, progress)?,
    };
    let (low, high) = structure.mask.bounding_box().ok_or_else(|| MeasureError::Empty(structure.name.clone()))?;
    // The border lies within a voxel of those that belong.
    let first = low.map(|n| n.saturating_sub(1));
    let size: [usize; 3] = std::array::from_fn(|a| (high[a] + 2).min(grid.dims()[a]) - first[a]);
    let mut values = vec![0u8; size.iter().product()];
    values.par_chunks_mut(size[0]).enumerate().try_for_each(|(row, values)| {
        progress.check()?;
        let (j, k) = (first[1] + row % size[1], first[2] + row / size[1]);
        for (i, value) in values.iter_mut().enumerate() {
            let at = [first[0] + i, j, k];
            let inside = structure.mask.get(at);
            let filled = if near_border(structure, at, inside) {
                (filled(&field, structure, at) * 255.0).round() as u8
            } else {
                u8::from(inside) * 255
            };
            *value = if inside { filled.max(128) } else { filled.min(127) };
        }
        Ok::<(), MeasureError>(())
    })?;
    Ok(Occupancy { first, size, values })
}

/// Whether a voxel or one that touches it belongs while another does not.
fn near_border(structure: &Structure, at: [usize; 3], inside: bool) -> bool {
    let dims = structure.mask.grid().dims();
    let around = |a: usize| at[a].saturating_sub(1)..=at[a] + 1;
    around(2).any(|k| {
        around(1).any(|j| {
            around(0).any(|i| {
                let within = i < dims[0] && j < dims[1] && k < dims[2];
                (within && structure.mask.get([i, j, k])) != inside
            })
        })
    })
}

/// The share of points of a voxel that lie in the structure.
fn filled(field: &Field, structure: &Structure, at: [usize; 3]) -> f64 {
    let grid = structure.mask.grid();
    let step = |n: usize| (n as f64 + 0.5) / FINE as f64 - 0.5;
    let inside = (0..FINE * FINE * FINE).filter(|n| {
        let p = [n % FINE, n / FINE % FINE, n / FINE / FINE].map(step);
        let [i, j, k] = std::array::from_fn(|a| at[a] as f64 + p[a]);
        field.value(grid.to_patient(VoxelPoint::new(i, j, k))) > 0.0
    });
    inside.count() as f64 / (FINE * FINE * FINE) as f64
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{Grid, LpsPoint};
    use fabrica_volume::{Mask, Rgb, Samples, ValueUnit};

    use super::*;

    fn structure(mask: Mask, isovalue: Option<f64>) -> Structure {
        Structure { name: "s".into(), colour: Rgb(0, 0, 0), mask, code: None, origin: String::new(), isovalue }
    }

    #[test]
    fn a_slab_fills_its_voxels_and_an_edge_between_voxels_a_part() {
        let grid = Grid::axis_aligned([20, 12, 12], LpsPoint::new(3.0, 0.0, 0.0), [0.5, 1.0, 2.0]).unwrap();
        let slab = structure(Mask::from_fn(grid.clone(), |n| (6..14).contains(&(n % 20))), None);
        let found = occupancy(&slab, None, &Progress::new()).unwrap();
        assert_eq!((found.first, found.size), ([5, 0, 0], [10, 12, 12]));
        // In the middle, away from the scan's ends.
        let row = &found.values[10 * (6 + 12 * 6)..][..10];
        assert_eq!(row, [0, 255, 255, 255, 255, 255, 255, 255, 255, 0]);
        // A scan whose value falls from 100 at voxel 13 to 0 at voxel 14: 30 is crossed at 13.7, so that voxel 14 is filled from
        // 13.5 to 13.7, at the first of its four points (13.625).
        let value = |n: usize| if (6..14).contains(&(n % 20)) { 100 } else { 0 };
        let samples = Samples::I16((0..grid.len()).map(value).collect());
        let scan = Volume::new(grid.clone(), samples, ValueUnit::Hounsfield).unwrap();
        let found = occupancy(&structure(slab.mask, Some(30.0)), Some(&scan), &Progress::new()).unwrap();
        let row = &found.values[10 * (6 + 12 * 6)..][..10];
        assert_eq!(row, [64, 255, 255, 255, 255, 255, 255, 255, 255, 64]);
        assert!(occupancy(&structure(Mask::empty(grid), None), None, &Progress::new()).is_err());
    }

    #[test]
    fn a_ball_has_its_volume() {
        let grid = Grid::axis_aligned([24, 24, 24], LpsPoint::new(0.0, 0.0, 0.0), [1.0; 3]).unwrap();
        let inside = |n: usize| {
            let p = grid.position(n).map(|x| x as f64 - 11.3);
            p.iter().map(|x| x * x).sum::<f64>() < 49.0
        };
        let ball = structure(Mask::from_fn(grid.clone(), inside), None);
        let found = occupancy(&ball, None, &Progress::new()).unwrap();
        let truth = 4.0 / 3.0 * std::f64::consts::PI * 343.0;
        assert!((found.voxels() / truth - 1.0).abs() < 0.02, "{} {truth}", found.voxels());
        let again = |p: [usize; 3]| {
            let at: [usize; 3] = std::array::from_fn(|a| p[a].wrapping_sub(found.first[a]));
            let within = (0..3).all(|a| at[a] < found.size[a]);
            within && found.values[at[0] + found.size[0] * (at[1] + found.size[1] * at[2])] >= 128
        };
        assert_eq!(Mask::from_fn(grid.clone(), |n| again(grid.position(n))), ball.mask);
    }
}
