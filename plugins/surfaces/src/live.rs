//! Surfaces that follow edits, block by block.
//!
//! When a structure's mask changes, a task finds the blocks of voxels in which it differs from what is shown, makes the
//! surface of those anew and hands over their meshes. That surface is not smoothed: it shows the voxels as they are. When the
//! structure has come to rest, the smooth one takes its place.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::Task;
use fabrica_edit::changed_blocks;
use fabrica_plan::ClipPlane;
use fabrica_progress::Progress;
use fabrica_surface::{BlockSurface, SurfaceError};
use fabrica_volume::{Structure, Volume};

use crate::{cut_by, in_world};

/// The surface of a structure in blocks.
#[derive(Default)]
pub struct Live {
    /// What is shown, unless a task is changing it or nothing was ever made.
    blocks: Option<Blocks>,
    /// What the newest finished or running task makes.
    pub made_for: Option<(Arc<Structure>, Vec<ClipPlane>)>,
    pub task: Option<Task<Result<Made, SurfaceError>>>,
    /// The entities of blocks that are shown.
    pub shown: BTreeMap<[usize; 3], Entity>,
}

/// A surface in blocks, and of what.
struct Blocks {
    surface: BlockSurface,
    structure: Arc<Structure>,
    clips: Vec<ClipPlane>,
}

/// What a task made.
pub struct Made {
    blocks: Blocks,
    /// The meshes of blocks that changed; nothing where there is no surface any more.
    pub meshes: Vec<([usize; 3], Option<Mesh>)>,
}

impl Live {
    /// The work of showing a structure as it is now, cut by clip planes.
    pub fn work(
        &mut self,
        structure: Arc<Structure>,
        volume: Arc<Volume>,
        clips: Vec<ClipPlane>,
    ) -> impl Future<Output = Result<Made, SurfaceError>> + Send + use<> {
        self.made_for = Some((structure.clone(), clips.clone()));
        let before = self.blocks.take();
        async move { make(before, structure, &volume, clips) }
    }

    /// Takes in what a task made; its meshes are the caller's.
    pub fn take(&mut self, made: Made) -> Vec<([usize; 3], Option<Mesh>)> {
        self.blocks = Some(made.blocks);
        made.meshes
    }

    /// Takes all blocks off the scene. The next edit makes them anew.
    pub fn clear(&mut self, commands: &mut Commands) {
        std::mem::take(&mut self.shown).into_values().for_each(|block| commands.entity(block).despawn());
        *self = Self::default();
    }
}

fn make(
    before: Option<Blocks>,
    structure: Arc<Structure>,
    volume: &Volume,
    clips: Vec<ClipPlane>,
) -> Result<Made, SurfaceError> {
    let by = structure.isovalue.map(|value| (volume, value));
    let progress = Progress::new();
    let known = before.filter(|b| b.structure.isovalue == structure.isovalue);
    let dirty = known.as_ref().and_then(|b| changed_blocks(&b.structure.mask, &structure.mask));
    let (surface, changed) = match (known, dirty) {
        (Some(Blocks { mut surface, clips: before, .. }), Some(dirty)) => {
            let mut changed = surface.update(&structure.mask, by, &dirty, &progress)?;
            if before != clips {
                changed = surface.blocks().map(|(at, _)| at).chain(changed).collect();
                changed.sort_unstable();
                changed.dedup();
            }
            (surface, changed)
        }
        _ => {
            let surface = BlockSurface::new(&structure.mask, by, &progress)?;
            let all = surface.blocks().map(|(at, _)| at).collect();
            (surface, all)
        }
    };
    let mesh = |at: [usize; 3]| Some(in_world(&cut_by(surface.block(at)?, &clips)));
    let meshes = changed.into_iter().map(|at| (at, mesh(at))).collect();
    Ok(Made { blocks: Blocks { surface, structure, clips }, meshes })
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{Grid, LpsPoint};
    use fabrica_volume::{Mask, Rgb, Samples, ValueUnit};

    use super::*;

    #[test]
    fn only_blocks_that_an_edit_touched_are_made_anew() {
        let grid = Grid::axis_aligned([96, 64, 64], LpsPoint::default(), [1.0; 3]).unwrap();
        let volume = Volume::new(grid.clone(), Samples::U8(vec![0; grid.len()]), ValueUnit::Hounsfield).unwrap();
        let structure = |mask| {
            let (name, origin) = ("a".to_owned(), "drawn".to_owned());
            Arc::new(Structure { name, colour: Rgb(1, 2, 3), mask, code: None, origin, isovalue: None })
        };
        let inside = |at: [usize; 3]| at.into_iter().all(|x| (20..50).contains(&x));
        let before = structure(Mask::from_fn(grid.clone(), |index| inside(grid.position(index))));
        let mut mask = before.mask.clone();
        mask.set([80, 10, 10], true);
        let after = structure(mask);
        let first = make(None, before, &volume, Vec::new()).unwrap();
        assert_eq!(first.meshes.len(), 8);
        let second = make(Some(first.blocks), after.clone(), &volume, Vec::new()).unwrap();
        // Voxel 80 lies in block 2, which is a corner of the blocks of cells 2 and (past the last) none; of 1 beside.
        assert!(second.meshes.len() <= 8, "{}", second.meshes.len());
        assert!(second.meshes.iter().any(|(at, mesh)| *at == [2, 0, 0] && mesh.is_some()));
        // The same surface as made at once.
        let whole = BlockSurface::new(&after.mask, None, &Progress::new()).unwrap();
        let triangles = |s: &BlockSurface| s.blocks().map(|(at, m)| (at, m.triangles().len())).collect::<Vec<_>>();
        assert_eq!(triangles(&second.blocks.surface), triangles(&whole));
        // A clip plane cuts all of them.
        let clip = ClipPlane {
            point: LpsPoint::default(),
            normal: fabrica_geometry::LpsVector::new(1.0, 0.0, 0.0),
            enabled: true,
        };
        let cut = make(Some(second.blocks), after, &volume, vec![clip]).unwrap();
        assert_eq!(cut.meshes.len(), whole.blocks().count());
    }
}
