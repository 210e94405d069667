//! Organs as masks.

use fabrica_geometry::{Grid, VoxelPoint};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Structure};
use glam::DVec3;
use rayon::prelude::*;

use crate::{Organ, PhantomError};

/// The organs that have a voxel centre in the grid.
pub(crate) fn structures(organs: &[Organ], grid: &Grid, progress: &Progress) -> Result<Vec<Structure>, PhantomError> {
    progress.stage("labelling the synthetic patient");
    let mut structures = Vec::new();
    progress.check()?;
    for (done, organ) in organs.iter().enumerate() {
        progress.set(done as f32 / organs.len() as f32);
        let mask = mask(organ, grid, progress);
        progress.check()?;
        if !mask.is_empty() {
            structures.push(Structure {
                name: organ.name.clone(),
                colour: organ.colour,
                mask,
                code: organ.code.clone(),
                origin: "exact truth of the synthetic patient: voxel centres within the analytic solid".into(),
                isovalue: None,
            });
        }
    }
    Ok(structures)
}

/// Once cancelled, the rest stays empty; the caller drops it.
fn mask(organ: &Organ, grid: &Grid, progress: &Progress) -> Mask {
    let [nx, ny, nz] = grid.dims();
    let axes = grid.voxel_to_patient().matrix3;
    let slices: Vec<Vec<u64>> = (0..nz)
        .into_par_iter()
        .map(|k| {
            let mut slice = Slice {
                organ,
                origin: grid.to_patient(VoxelPoint::new(0.0, 0.0, k as f64)).0,
                step_i: axes.x_axis,
                step_j: axes.y_axis,
                row_words: nx.div_ceil(64),
                words: Vec::new(),
            };
            if !progress.is_cancelled() {
                slice.tile([0, 0], [nx, ny]);
            }
            slice.words
        })
        .collect();
    Mask::from_rows(grid.clone(), |j, k, words| {
        // A slice that the organ does not reach has no words.
        if let Some(row) = slices[k].get(j * words.len()..(j + 1) * words.len()) {
            words.copy_from_slice(row);
        }
    })
}

struct Slice<'a> {
    organ: &'a Organ,
    origin: DVec3,
    step_i: DVec3,
    step_j: DVec3,
    row_words: usize,
    /// Rows of bits, as a mask's; a slice that the organ reaches is as long as its last row with a bit needs.
    words: Vec<u64>,
}

impl Slice<'_> {
    /// Sets the bits of a tile whose voxel centres lie in the organ.
    fn tile(&mut self, from: [usize; 2], size: [usize; 2]) {
        let half = size.map(|n| (n - 1) as f64 / 2.0);
        let middle = self.origin + self.step_i * (from[0] as f64 + half[0]) + self.step_j * (from[1] as f64 + half[1]);
        // The axes are perpendicular.
        let radius = (self.step_i * half[0]).length().hypot((self.step_j * half[1]).length());
        let field = self.organ.solid.within(middle, radius);
        if field > radius || (field >= 0.0 && size == [1, 1]) {
            return;
        }
        if field < -radius || size == [1, 1] {
            for j in from[1]..from[1] + size[1] {
                let row = j * self.row_words;
                if self.words.len() < row + self.row_words {
                    self.words.resize(row + self.row_words, 0);
                }
                for i in from[0]..from[0] + size[0] {
                    self.words[row + i / 64] |= 1 << (i % 64);
                }
            }
            return;
        }
        let cut = |n: usize| if n > 1 { [(0, n / 2), (n / 2, n - n / 2)] } else { [(0, 1), (0, 0)] };
        for (j, rows) in cut(size[1]) {
            for (i, columns) in cut(size[0]) {
                if rows > 0 && columns > 0 {
                    self.tile([from[0] + i, from[1] + j], [columns, rows]);
                }
            }
        }
    }
}
