//! What a network was sure of, and where its doubt is more than a border's.

use fabrica_progress::Progress;
use fabrica_segment::{VoxelShape, dilate_voxels};
use fabrica_volume::Mask;

use crate::{Calibration, ReviewError, ReviewSettings};

/// What a network said about one structure, on the scan's grid.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The structure as it was found.
    pub mask: &'a Mask,
    /// Voxels outside of it where it was the network's second choice.
    pub near_misses: &'a Mask,
    /// The probability that a voxel's finding is right, percent, in the grid's order (i fastest).
    pub percent: &'a [u8],
}

/// Doubtful voxels that a border does not explain.
pub(crate) struct Doubt {
    /// In the structure, and perhaps no part of it.
    pub inside: Mask,
    /// Outside, and perhaps part of it.
    pub outside: Mask,
}

impl Evidence<'_> {
    pub(crate) fn check(&self) -> Result<(), ReviewError> {
        self.mask.check_same_grid(self.near_misses)?;
        let voxels = self.mask.grid().len();
        if self.percent.len() != voxels {
            return Err(ReviewError::Length { found: self.percent.len(), voxels });
        }
        Ok(())
    }

    /// Voxels of a mask (taken from the rows of this structure's) whose percentage is one of those wanted.
    pub(crate) fn with_percent(&self, of: &Mask, wanted: &[bool; 101]) -> Mask {
        let nx = of.grid().dims()[0];
        let ny = of.grid().dims()[1];
        Mask::from_rows(of.grid().clone(), |j, k, words| {
            let row = &self.percent[nx * (j + ny * k)..][..nx];
            for (n, (word, &from)) in words.iter_mut().zip(of.row(j, k)).enumerate() {
                let mut left = from;
                while left != 0 {
                    let bit = left.trailing_zeros();
                    left &= left - 1;
                    if wanted[usize::from(row[n * 64 + bit as usize].min(100))] {
                        *word |= 1 << bit;
                    }
                }
            }
        })
    }

    /// Which voxels are in doubt.
    ///
    /// At every border the probability goes through one half, so a doubtful voxel near the border says nothing by itself.
    /// It is left out where within [`ReviewSettings::border`] voxels along each axis lie both the border and a sure voxel of the
    /// same side.
    /// A thin part that is nowhere sure, or doubt that reaches deeper, stays.
    pub(crate) fn doubt(
        &self,
        calibration: &Calibration,
        settings: &ReviewSettings,
        progress: &Progress,
    ) -> Result<Doubt, ReviewError> {
        self.check()?;
        let doubtful = std::array::from_fn(|p| calibration.of(p as f64 / 100.0) < settings.threshold);
        let inside = self.with_percent(self.mask, &doubtful);
        let near = self.near_misses.combine(self.mask, |near, mask| near & !mask)?;
        let outside = self.with_percent(&near, &doubtful);
        progress.check()?;
        let not_mask = self.mask.inverted();
        let by_outside = grow(&not_mask, settings.border, progress)?;
        let by_inside = grow(self.mask, settings.border, progress)?;
        let sure_inside = grow(&self.mask.combine(&inside, |m, d| m & !d)?, settings.border, progress)?;
        let sure_outside = grow(&not_mask.combine(&outside, |m, d| m & !d)?, settings.border, progress)?;
        let border_inside = by_outside.combine(&sure_inside, |a, b| a & b)?;
        let border_outside = by_inside.combine(&sure_outside, |a, b| a & b)?;
        Ok(Doubt {
            inside: inside.combine(&border_inside, |d, b| d & !b)?,
            outside: outside.combine(&border_outside, |d, b| d & !b)?,
        })
    }
}

/// Grows by so many voxels along every axis, corners too: the border at an edge of a structure is a border as well.
pub(crate) fn grow(mask: &Mask, voxels: usize, progress: &Progress) -> Result<Mask, ReviewError> {
    Ok(dilate_voxels(mask, VoxelShape::Box(voxels), progress)?)
}
