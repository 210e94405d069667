//! Region growing from seeds.

use fabrica_progress::Progress;
use fabrica_volume::{Mask, Sample, Volume, with_samples};
use rayon::prelude::*;

use crate::bits::next_bit;
use crate::flood::flood;
use crate::{Connectivity, Seed, SegmentError, threshold};

/// The voxels with values in `lower..=upper` that are connected to a seed.
///
/// # Errors
/// When no seed is given, one lies outside the scan, the bounds are not in order, no seed's value lies within the
/// bounds, or when cancelled.
pub fn connected_threshold(
    volume: &Volume,
    seeds: &[Seed],
    lower: f64,
    upper: f64,
    connectivity: Connectivity,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    let seeds = Seed::voxels(seeds, volume.grid())?;
    let candidates = threshold(volume, lower, upper, progress)?;
    let grown = flood(&candidates, &seeds, connectivity, progress)?;
    if grown.is_empty() {
        let values: Vec<String> =
            seeds.iter().filter_map(|&seed| volume.value(seed)).map(|value| format!("{value:.0}")).collect();
        return Err(SegmentError::not_found(
            "region growing",
            format!("no seed has a value within {lower} to {upper}; the seeds have {}", values.join(", ")),
        ));
    }
    Ok(grown)
}

/// How [`confidence_connected`] grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Confidence {
    /// k in mean ± k·σ.
    pub multiplier: f64,
    /// How often mean and σ are measured again in what has grown. 0 keeps the first region.
    pub iterations: usize,
    /// The first mean and σ are measured in the cubes of this many voxels either way around the seeds.
    pub radius: usize,
    /// Which voxels are neighbours.
    pub connectivity: Connectivity,
}

impl Default for Confidence {
    fn default() -> Self {
        Self { multiplier: 2.5, iterations: 4, radius: 1, connectivity: Connectivity::Six }
    }
}

/// The voxels connected to a seed whose values lie within mean ± k·σ, where mean and σ are measured around the seeds
/// first and then, `iterations` times, in what has grown (the method of ITK's ConfidenceConnectedImageFilter). The
/// seeds' own values are always within.
///
/// # Errors
/// When no seed is given, one lies outside the scan or on padding, k is not positive, or when cancelled.
pub fn confidence_connected(
    volume: &Volume,
    seeds: &[Seed],
    how: &Confidence,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    if !(how.multiplier.is_finite() && how.multiplier > 0.0) {
        return Err(SegmentError::Parameter(format!("k of {} is not positive; 2.5 is usual", how.multiplier)));
    }
    let voxels = Seed::voxels(seeds, volume.grid())?;
    let mut around = Mask::empty(volume.grid().clone());
    let dims = volume.grid().dims();
    for voxel in &voxels {
        let range = |a: usize| voxel[a].saturating_sub(how.radius)..(voxel[a] + how.radius + 1).min(dims[a]);
        for k in range(2) {
            for j in range(1) {
                for i in range(0) {
                    around.set([i, j, k], true);
                }
            }
        }
    }
    let own: Vec<f64> = voxels.iter().filter_map(|&v| volume.value(v)).collect();
    let mut region = around;
    for _ in 0..=how.iterations {
        let (mean, deviation) = mean_and_deviation(volume, &region);
        let lower = own.iter().copied().fold(mean - how.multiplier * deviation, f64::min);
        let upper = own.iter().copied().fold(mean + how.multiplier * deviation, f64::max);
        let grown = connected_threshold(volume, seeds, lower, upper, how.connectivity, progress)?;
        if grown == region {
            break;
        }
        region = grown;
    }
    Ok(region)
}

/// The mean and standard deviation of the values under a mask on the volume's grid. (0, 0) under an empty mask.
pub(crate) fn mean_and_deviation(volume: &Volume, mask: &Mask) -> (f64, f64) {
    let [nx, ny, _] = volume.grid().dims();
    let (count, sum, squares) = with_samples!(volume.samples().view(), |s| {
        s.par_chunks(nx)
            .enumerate()
            .map(|(row, values)| {
                let words = mask.row(row % ny, row / ny);
                let mut sums = (0u64, 0f64, 0f64);
                let mut at = 0;
                while let Some(start) = next_bit(words, at, nx, true) {
                    at = next_bit(words, start, nx, false).unwrap_or(nx);
                    for value in &values[start..at] {
                        let value = value.to_f64();
                        sums = (sums.0 + 1, sums.1 + value, sums.2 + value * value);
                    }
                }
                sums
            })
            .reduce(|| (0, 0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2))
    });
    if count == 0 {
        return (0.0, 0.0);
    }
    let mean = sum / count as f64;
    (mean, (squares / count as f64 - mean * mean).max(0.0).sqrt())
}
