//! Values smoothed by a Gaussian.

use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_volume::{Sample, Volume, with_samples};
use rayon::prelude::*;

use crate::SegmentError;

/// The values, smoothed along all axes and rounded to whole Hounsfield units. Beyond the border they go on unchanged.
pub(super) fn smoothed(volume: &Volume, sigma: Mm, progress: &Progress) -> Result<Vec<i16>, SegmentError> {
    let [nx, ny, _] = volume.grid().dims();
    let kernels = volume.grid().spacing().map(|s| kernel(sigma.0 / s));
    let clamp = |v: f32| v.round().clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16;
    let plane = nx * ny;
    let mut values = vec![0i16; volume.grid().len()];
    // Within each slice first, along i and then along j.
    with_samples!(volume.samples().view(), |s| {
        values.par_chunks_mut(plane).zip(s.par_chunks(plane)).try_for_each(|(out, slice)| {
            progress.check()?;
            let mut rows = vec![0f32; plane];
            for (row, from) in rows.chunks_exact_mut(nx).zip(slice.chunks_exact(nx)) {
                let at = |i: isize| from[i.clamp(0, nx as isize - 1) as usize].to_f32();
                row.iter_mut().enumerate().for_each(|(i, r)| *r = weigh(&kernels[0], i, at));
            }
            for (j, out) in out.chunks_exact_mut(nx).enumerate() {
                for (i, out) in out.iter_mut().enumerate() {
                    let at = |j: isize| rows[i + nx * j.clamp(0, ny as isize - 1) as usize];
                    *out = clamp(weigh(&kernels[1], j, at));
                }
            }
            Ok::<(), SegmentError>(())
        })?;
    });
    if kernels[2].len() == 1 {
        return Ok(values);
    }
    // Then across slices, of which as many are kept as the kernel reaches.
    let nz = values.len() / plane.max(1);
    let source = values.clone();
    values.par_chunks_mut(plane).enumerate().try_for_each(|(k, out)| {
        progress.check()?;
        for (p, out) in out.iter_mut().enumerate() {
            let at = |k: isize| f32::from(source[p + plane * k.clamp(0, nz as isize - 1) as usize]);
            *out = clamp(weigh(&kernels[2], k, at));
        }
        Ok::<(), SegmentError>(())
    })?;
    Ok(values)
}

fn weigh(kernel: &[f32], at: usize, value: impl Fn(isize) -> f32) -> f32 {
    let reach = kernel.len() as isize / 2;
    kernel.iter().zip(-reach..).map(|(weight, step)| weight * value(at as isize + step)).sum()
}

/// A Gaussian of this many voxels, to three standard deviations, of sum 1.
fn kernel(sigma: f64) -> Vec<f32> {
    let reach = (3.0 * sigma).floor() as i32;
    let weights: Vec<f64> = (-reach..=reach).map(|n| (-0.5 * (f64::from(n) / sigma).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| (w / sum) as f32).collect()
}
