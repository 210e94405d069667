//! A surface in blocks, of which an edit makes only those anew that it touched.

use std::collections::BTreeMap;

use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use fabrica_volume::{BLOCK, BlockSet, Mask, MaskError, Volume, with_samples};
use rayon::prelude::*;

use super::cells::march_part;
use super::inset;
use super::place::{HalfWay, Interpolated};
use crate::{Mesh, SurfaceError};

/// The surface of a mask in blocks of 32³ cells.
///
/// Together the blocks are, triangle by triangle and to the last bit of each vertex, what [`surface_of_mask`] or
/// [`surface_within`] gives; vertices on the border of two blocks are in both, so no gap shows between them. For
/// drawing while a structure is edited. Models and measurements want the one closed mesh.
///
/// [`surface_of_mask`]: crate::surface_of_mask
/// [`surface_within`]: crate::surface_within
#[derive(Clone, Debug)]
pub struct BlockSurface {
    grid: Grid,
    blocks: BTreeMap<[usize; 3], Mesh>,
}

impl BlockSurface {
    /// The surface of a mask; with a scan and an isovalue placed by them as [`surface_within`](crate::surface_within)
    /// does.
    ///
    /// # Errors
    /// As [`surface_within`](crate::surface_within).
    pub fn new(mask: &Mask, by: Option<(&Volume, f64)>, progress: &Progress) -> Result<Self, SurfaceError> {
        let mut surface = Self { grid: mask.grid().clone(), blocks: BTreeMap::new() };
        surface.update(mask, by, &BlockSet::all(mask.grid()), progress)?;
        Ok(surface)
    }

    /// Takes in that a mask has changed in some blocks of voxels. Gives the blocks of the surface that were made anew.
    ///
    /// # Errors
    /// When the mask lies on another grid, and as [`BlockSurface::new`].
    pub fn update(
        &mut self,
        mask: &Mask,
        by: Option<(&Volume, f64)>,
        dirty: &BlockSet,
        progress: &Progress,
    ) -> Result<Vec<[usize; 3]>, SurfaceError> {
        let tolerance = self.grid.finest_spacing() * 0.01;
        if !self.grid.coincides(mask.grid(), tolerance) {
            return Err(MaskError::DifferentGrids { first: self.grid.dims(), second: mask.grid().dims() }.into());
        }
        let blocks = self.touched(dirty);
        let made: Vec<([usize; 3], Mesh)> = match by {
            None => self.make(&blocks, progress, |low, high| march_part(mask, &HalfWay, low, high))?,
            Some((volume, isovalue)) => {
                if !isovalue.is_finite() {
                    return Err(SurfaceError::Isovalue(isovalue));
                }
                if !self.grid.coincides(volume.grid(), tolerance) {
                    let sizes = (self.grid.dims(), volume.grid().dims());
                    return Err(MaskError::DifferentGrids { first: sizes.0, second: sizes.1 }.into());
                }
                let inset = inset(&self.grid);
                with_samples!(volume.samples().view(), |samples| {
                    let place = Interpolated { samples, isovalue, inset };
                    self.make(&blocks, progress, |low, high| march_part(mask, &place, low, high))?
                })
            }
        };
        for (at, mesh) in made {
            if mesh.triangles().is_empty() {
                self.blocks.remove(&at);
            } else {
                self.blocks.insert(at, mesh);
            }
        }
        Ok(blocks)
    }

    /// The blocks that hold triangles.
    pub fn blocks(&self) -> impl Iterator<Item = ([usize; 3], &Mesh)> {
        self.blocks.iter().map(|(at, mesh)| (*at, mesh))
    }

    /// The triangles of a block; nothing where there is none.
    pub fn block(&self, at: [usize; 3]) -> Option<&Mesh> {
        self.blocks.get(&at)
    }

    /// The blocks of cells that blocks of voxels are corners of: a voxel is a corner of the cells with its own index and
    /// with the next.
    fn touched(&self, dirty: &BlockSet) -> Vec<[usize; 3]> {
        let mut touched = BlockSet::empty(&self.grid);
        for [a, b, c] in dirty.iter() {
            for corner in 0..8 {
                touched.insert([a + (corner & 1), b + (corner >> 1 & 1), c + (corner >> 2 & 1)]);
            }
        }
        touched.iter().collect()
    }

    fn make(
        &self,
        blocks: &[[usize; 3]],
        progress: &Progress,
        part: impl Fn([usize; 3], [usize; 3]) -> Mesh + Sync,
    ) -> Result<Vec<([usize; 3], Mesh)>, SurfaceError> {
        let dims = self.grid.dims();
        blocks
            .par_iter()
            .map(|&at| {
                progress.check()?;
                let low = at.map(|n| n * BLOCK);
                // The last block takes the cells at the grid's end too.
                let high = std::array::from_fn(|a| {
                    let end = low[a] + BLOCK;
                    if end >= dims[a] { dims[a] + 1 } else { end }
                });
                Ok((at, part(low, high)))
            })
            .collect()
    }
}
