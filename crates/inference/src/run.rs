//! From scans to evidence: tiles through the networks, overlaps blended, mirrored and averaged.

use fabrica_progress::Progress;
use rayon::prelude::*;

use crate::InferenceError;
use crate::engine::Network;
use crate::evidence::Evidence;
use crate::frame::Laid;
use crate::model::Model;
use crate::tiles::{padded, starts, weights};

/// What a run may use.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSettings {
    /// Threads of the engine.
    pub threads: usize,
    /// Most memory for outputs, bytes. Where all classes at every sample need more, only the winner is kept.
    pub memory: u64,
    /// Sides of a tile in place of the model's.
    pub tile: Option<[usize; 3]>,
    /// Whether the image is also run mirrored where the model says so: better, and up to eight times as long.
    pub mirror: bool,
}

impl Default for RunSettings {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads, memory: 4 << 30, tile: None, mirror: true }
    }
}

/// Runs the ensemble over the laid scan.
pub fn run(
    model: &Model,
    networks: &mut [Network],
    laid: &Laid,
    settings: &RunSettings,
    progress: &Progress,
) -> Result<Evidence, InferenceError> {
    let sides = laid.sides();
    let tile = settings.tile.or(model.tiles.sides).unwrap_or(sides);
    let (full, before) = padded(sides, tile);
    let channels = model.outputs.channels();
    let axis = |a: usize| starts(full[a], tile[a], model.tiles.overlap, model.tiles.steps);
    let (xs, ys, zs) = (axis(0), axis(1), axis(2));
    let weight = weights(tile, &model.tiles);
    let plane = full[1] * full[2];
    let window = tile[0] * plane;
    let mut evidence = Evidence::new(model, laid, settings.memory)?;

    // The outputs of the planes that tiles still reach, as a ring along the first axis.
    let mut sums = vec![0f32; channels * window];
    let mut counts = vec![0f32; window];
    let mirrors = mirrors(if settings.mirror { &model.mirror } else { &[] });
    let total = xs.len() * ys.len() * zs.len();
    let mut done = 0;
    progress.stage("running the network");
    for (n, &x) in xs.iter().enumerate() {
        for &y in &ys {
            for &z in &zs {
                let logits = run_tile(networks, laid, [x, y, z], tile, before, &mirrors, channels, progress)?;
                add(&mut sums, &mut counts, &logits, &weight, tile, [x, y, z], full, channels);
                done += 1;
                progress.set(done as f32 / total as f32);
            }
        }
        // No later tile reaches the planes before the next start.
        let next = xs.get(n + 1).copied().unwrap_or(full[0]);
        for at in x..next {
            let ring = (at % tile[0]) * plane;
            if at >= before[0] && at - before[0] < sides[0] {
                finish_plane(&mut evidence, &sums, &counts, ring, at - before[0], before, full, window, channels);
            }
            (0..channels).for_each(|c| sums[c * window + ring..][..plane].fill(0.0));
            counts[ring..][..plane].fill(0.0);
        }
    }
    Ok(evidence)
}

/// All combinations of the mirrored axes, none first.
fn mirrors(axes: &[usize]) -> Vec<[bool; 3]> {
    (0..1usize << axes.len())
        .map(|set| {
            let mut mirrored = [false; 3];
            axes.iter().enumerate().for_each(|(n, &a)| mirrored[a] |= set >> n & 1 == 1);
            mirrored
        })
        .collect()
}

/// One tile through all networks and mirrorings: the mean of their outputs.
#[allow(clippy::too_many_arguments, reason = "all of it describes the one tile")]
fn run_tile(
    networks: &mut [Network],
    laid: &Laid,
    at: [usize; 3],
    tile: [usize; 3],
    before: [usize; 3],
    mirrors: &[[bool; 3]],
    channels: usize,
    progress: &Progress,
) -> Result<Vec<f32>, InferenceError> {
    let samples: usize = tile.iter().product();
    let mut input = vec![0f32; laid.images.len() * samples];
    let mut mean = vec![0f32; channels * samples];
    let share = 1.0 / (networks.len() * mirrors.len()) as f32;
    for &mirrored in mirrors {
        for (image, values) in laid.images.iter().zip(input.chunks_mut(samples)) {
            values.par_chunks_mut(tile[2]).enumerate().for_each(|(row, line)| {
                line.fill(0.0);
                let flip = |a: usize, n: usize| if mirrored[a] { tile[a] - 1 - n } else { n };
                let inside = |a: usize, n: usize| (at[a] + n).checked_sub(before[a]).filter(|&p| p < image.sides[a]);
                let x = inside(0, flip(0, row / tile[1]));
                let y = inside(1, flip(1, row % tile[1]));
                let (Some(x), Some(y)) = (x, y) else { return };
                let start = (x * image.sides[1] + y) * image.sides[2];
                for (n, value) in line.iter_mut().enumerate() {
                    if let Some(z) = inside(2, flip(2, n)) {
                        *value = image.data[start + z];
                    }
                }
            });
        }
        for network in networks.iter_mut() {
            let shape = [1, laid.images.len(), tile[0], tile[1], tile[2]];
            let output = network.run(&input, shape, progress)?;
            if output.shape[1] != channels {
                let what = format!("it gives {} channels, the model's description says {channels}", output.shape[1]);
                return Err(InferenceError::Network { network: network.name.clone(), what });
            }
            mean.par_chunks_mut(tile[2]).enumerate().for_each(|(row, line)| {
                let flip = |a: usize, n: usize| if mirrored[a] { tile[a] - 1 - n } else { n };
                let (channel, row) = (row / (tile[0] * tile[1]), row % (tile[0] * tile[1]));
                let (x, y) = (flip(0, row / tile[1]), flip(1, row % tile[1]));
                let source = &output.data[((channel * tile[0] + x) * tile[1] + y) * tile[2]..][..tile[2]];
                for (n, value) in line.iter_mut().enumerate() {
                    *value += share * source[flip(2, n)];
                }
            });
        }
    }
    Ok(mean)
}

/// Adds a tile's outputs, weighted, to the ring.
#[allow(clippy::too_many_arguments, reason = "the ring and the tile")]
fn add(
    sums: &mut [f32],
    counts: &mut [f32],
    logits: &[f32],
    weight: &[f32],
    tile: [usize; 3],
    at: [usize; 3],
    full: [usize; 3],
    channels: usize,
) {
    let window = tile[0] * full[1] * full[2];
    let place = |row: usize| {
        let (x, y) = (at[0] + row / tile[1], at[1] + row % tile[1]);
        ((x % tile[0]) * full[1] + y) * full[2] + at[2]
    };
    for row in 0..tile[0] * tile[1] {
        let to = &mut counts[place(row)..][..tile[2]];
        to.iter_mut().zip(&weight[row * tile[2]..]).for_each(|(to, w)| *to += w);
    }
    sums.par_chunks_mut(window).enumerate().take(channels).for_each(|(channel, sums)| {
        for row in 0..tile[0] * tile[1] {
            let to = &mut sums[place(row)..][..tile[2]];
            let from = &logits[(channel * tile[0] * tile[1] + row) * tile[2]..][..tile[2]];
            let weight = &weight[row * tile[2]..][..tile[2]];
            to.iter_mut().zip(from).zip(weight).for_each(|((to, from), w)| *to += w * from);
        }
    });
}

#[allow(clippy::too_many_arguments, reason = "the ring and the plane")]
fn finish_plane(
    evidence: &mut Evidence,
    sums: &[f32],
    counts: &[f32],
    ring: usize,
    plane: usize,
    before: [usize; 3],
    full: [usize; 3],
    window: usize,
    channels: usize,
) {
    let [_, ny, nz] = evidence.sides();
    let mut logits = vec![0f32; channels * ny * nz];
    for (channel, to) in logits.chunks_mut(ny * nz).enumerate() {
        for (y, line) in to.chunks_mut(nz).enumerate() {
            let start = ring + (y + before[1]) * full[2] + before[2];
            let sums = &sums[channel * window + start..][..nz];
            let counts = &counts[start..][..nz];
            line.iter_mut().zip(sums).zip(counts).for_each(|((to, sum), count)| *to = sum / count);
        }
    }
    evidence.put(plane, &logits);
}
