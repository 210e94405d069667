//! Organs as masks.

use fabrica_geometry::{Grid, VoxelPoint};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Structure};
use glam::DVec3;

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
    let to_patient = grid.voxel_to_patient();
    let step = to_patient.matrix3.x_axis;
    let row = |j: usize, k: usize| grid.to_patient(VoxelPoint::new(0.0, j as f64, k as f64)).0;
    let count = grid.dims()[0];
    Mask::from_rows(grid.clone(), |j, k, words| {
        if !progress.is_cancelled() {
            span(organ, row(j, k), step, 0, count, words);
        }
    })
}

/// Sets the bits of samples `from..to` of a row.
fn span(organ: &Organ, row: DVec3, step: DVec3, from: usize, to: usize, words: &mut [u64]) {
    let middle = row + step * ((from + to - 1) as f64 / 2.0);
    let radius = step.length() * ((to - from - 1) as f64 / 2.0);
    let field = organ.solid.within(middle, radius);
    if field > radius || (field >= 0.0 && radius == 0.0) {
        return;
    }
    if field < -radius {
        for i in from..to {
            words[i / 64] |= 1 << (i % 64);
        }
    } else if to - from > 1 {
        let half = from + (to - from) / 2;
        span(organ, row, step, from, half, words);
        span(organ, row, step, half, to, words);
    }
}
