//! Growing from seeds: structures grow against one another until every voxel belongs to one.
//!
//! Each voxel goes to the seed to which the cheapest way leads, where a step costs the change of value along it, plus
//! its length times a weight (V. Vezhnevets, V. Konouchine, "GrowCut", Graphicon 2005, in the shortest-path form of
//! L. Zhu et al., "An effective interactive medical image segmentation method using fast GrowCut", MICCAI 2014 workshop).
//! Of equally cheap ways the one to the seed named first counts. That makes the result unique: whole numbers, one least
//! cost a voxel, whatever the order of work. So blocks of voxels can be worked on in parallel, and again when a neighbour
//! offers something cheaper.

mod block;
mod blocks;
mod field;
mod queue;

use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Volume};

use block::SIDE;
use blocks::Blocks;
use field::Field;

use crate::EditError;
use crate::limits::Editable;

/// A voxel's key: the cost of its cheapest way, then which seed it leads to in the low bits.
const LABEL_BITS: u32 = 7;
const MOST_SEEDS: usize = 1 << LABEL_BITS;
/// Not reached. Steps from it come out dearer still, and nothing overflows.
const UNREACHED: i32 = 1 << 30;

/// How growing weighs a way.
#[derive(Clone, Copy, Debug)]
pub struct Growing {
    /// What a millimetre of way costs, in units of the volume's value.
    pub per_mm: f64,
    /// How far around the seeds' common box growing may reach; nothing for everywhere.
    pub margin: Option<Mm>,
}

/// Grows the seeds over the volume. Gives what each has become, in their order.
pub(crate) fn grow(
    volume: &Volume,
    seeds: &[&Mask],
    editable: &Editable<'_>,
    how: Growing,
    progress: &Progress,
) -> Result<Vec<Mask>, EditError> {
    let Some(field) = Field::new(volume, seeds, editable, how, 1)? else {
        return Ok(seeds.iter().map(|&m| m.clone()).collect());
    };
    let grown = Blocks::run(&field, progress)?;
    let [_, ny, nz] = field.size;
    let blocks = field.blocks()[0];
    let pick = |label: i32| {
        Mask::from_rows(volume.grid().clone(), |j, k, words| {
            let (Some(j), Some(k)) = (j.checked_sub(field.low[1]), k.checked_sub(field.low[2])) else { return };
            if j >= ny || k >= nz {
                return;
            }
            for block in 0..blocks {
                let bits = u64::from(grown.row(block, [j, k], label));
                let at = field.low[0] + block * SIDE;
                // Cells beyond the box are never reached, so that no bit is lost behind the last word.
                for (word, bits) in
                    [(at / 64, bits << (at % 64)), (at / 64 + 1, bits.checked_shr(64 - at as u32 % 64).unwrap_or(0))]
                {
                    if let Some(word) = words.get_mut(word) {
                        *word |= bits;
                    }
                }
            }
        })
    };
    Ok((0..seeds.len() as i32).map(pick).collect())
}

/// A quick look at what [`Tool::GrowFromSeeds`](fabrica_plan::Tool::GrowFromSeeds) will do: grown on every `stride`-th
/// voxel along each axis, and shown on the volume's grid in cubes of that size. The seeds are whole in it.
///
/// # Errors
/// As the tool itself.
pub fn grow_preview(
    volume: &Volume,
    seeds: &[&Mask],
    how: Growing,
    stride: usize,
    progress: &Progress,
) -> Result<Vec<Mask>, EditError> {
    let editable = Editable::new(&fabrica_plan::Limits::default(), |_| None, None);
    let Some(field) = Field::new(volume, seeds, &editable, how, stride.max(1))? else {
        return Ok(seeds.iter().map(|&m| m.clone()).collect());
    };
    let grown = Blocks::run(&field, progress)?;
    let end: [usize; 3] = std::array::from_fn(|a| field.low[a] + field.size[a] * field.stride);
    let pick = |label: usize| {
        Mask::from_rows(volume.grid().clone(), |j, k, words| {
            if j >= field.low[1] && k >= field.low[2] && j < end[1] && k < end[2] {
                for i in field.low[0]..volume.grid().dims()[0].min(end[0]) {
                    let cell = [i - field.low[0], j - field.low[1], k - field.low[2]].map(|c| c / field.stride);
                    words[i / 64] |= u64::from(grown.label(cell) == Some(label as i32)) << (i % 64);
                }
            }
            for (at, word) in words.iter_mut().enumerate() {
                // Where seeds overlap the first has it.
                let any = |masks: &[&Mask]| masks.iter().fold(0, |any, m| any | m.row(j, k)[at]);
                let own = seeds[label].row(j, k)[at] & !any(&seeds[..label]);
                *word = *word & !(any(seeds) & !own) | own;
            }
        })
    };
    Ok((0..seeds.len()).map(pick).collect())
}
