//! Sampling a body on slices.

use std::sync::atomic::{AtomicUsize, Ordering};

use fabrica_progress::Progress;
use glam::DVec3;
use rayon::prelude::*;

use crate::phantom::AIR;
use crate::random::{gaussian, scatter};
use crate::{Body, PhantomError, Sampling, SlicePlane};

/// Pixels along a tile's side at each level of subdivision.
const TILES: [usize; 4] = [64, 16, 4, 2];

/// Fills each slice, slices in parallel.
pub(crate) fn fill(
    body: &Body,
    seed: u64,
    slices: Vec<(&SlicePlane, &mut [i16])>,
    sampling: &Sampling,
    progress: &Progress,
) -> Result<(), PhantomError> {
    sampling.check()?;
    progress.stage("sampling the synthetic patient");
    let (total, done) = (slices.len().max(1), AtomicUsize::new(0));
    slices.into_par_iter().enumerate().try_for_each(|(number, (plane, out))| -> Result<(), PhantomError> {
        let mut values = sample_slice(body, plane, sampling.supersampling, progress)?;
        if sampling.blur.0 > 0.0 {
            blur(&mut values, plane, sampling.blur.0);
        }
        let first = scatter(seed ^ 0x006E_6F69_7365).wrapping_add((number as u64) << 32);
        for (index, (out, value)) in out.iter_mut().zip(values).enumerate() {
            let noise =
                if sampling.noise > 0.0 { sampling.noise * gaussian(first.wrapping_add(index as u64)) } else { 0.0 };
            *out = (f64::from(value) + noise).round().clamp(-1024.0, 3071.0) as i16;
        }
        progress.set((done.fetch_add(1, Ordering::Relaxed) + 1) as f32 / total as f32);
        Ok(())
    })
}

/// The parts that may matter within a region of space, the winner first.
type Candidates = Vec<u32>;
/// The parts whose surface may pass through a voxel, with their field at its centre.
type Close = Vec<(u32, f64)>;

struct Slice<'a> {
    body: &'a Body,
    plane: &'a SlicePlane,
    step_i: DVec3,
    step_j: DVec3,
    /// From a pixel's centre to the end of its slab along the normal.
    half_slab: DVec3,
    /// From a voxel's centre to its corner.
    reach: f64,
    supersampling: usize,
    progress: &'a Progress,
}

fn sample_slice(
    body: &Body,
    plane: &SlicePlane,
    supersampling: usize,
    progress: &Progress,
) -> Result<Vec<f32>, PhantomError> {
    let slice = Slice {
        body,
        plane,
        step_i: plane.along_i.0 * plane.spacing[0],
        step_j: plane.along_j.0 * plane.spacing[1],
        half_slab: plane.normal().0 * (plane.thickness / 2.0),
        reach: if supersampling > 1 {
            (plane.spacing[0].powi(2) + plane.spacing[1].powi(2) + plane.thickness.powi(2)).sqrt() / 2.0
        } else {
            0.0
        },
        supersampling,
        progress,
    };
    let mut values = vec![AIR as f32; plane.size[0] * plane.size[1]];
    let all: Candidates = (0..body.parts.len() as u32).collect();
    let [nx, ny] = plane.size;
    slice.tile([0, 0], [nx, ny], &all, 0, &mut values)?;
    Ok(values)
}

impl Slice<'_> {
    /// The values of a tile of pixels, of which `candidates` are the parts that may reach into it.
    fn tile(
        &self,
        from: [usize; 2],
        size: [usize; 2],
        candidates: &[u32],
        level: usize,
        values: &mut [f32],
    ) -> Result<(), PhantomError> {
        self.progress.check()?;
        let at = |i: f64, j: f64| self.plane.origin.0 + self.step_i * i + self.step_j * j;
        let (di, dj) = ((size[0] - 1) as f64 / 2.0, (size[1] - 1) as f64 / 2.0);
        let centre = at(from[0] as f64 + di, from[1] as f64 + dj);
        let radius = (self.step_i * di).length().hypot((self.step_j * dj).length()) + self.reach;
        let mut near = Candidates::with_capacity(candidates.len());
        let mut filled = false;
        for &part in candidates {
            let field = self.body.parts[part as usize].solid.within(centre, radius);
            if field < radius {
                near.push(part);
                if field <= -radius {
                    filled = true;
                    break;
                }
            }
        }
        let nx = self.plane.size[0];
        let uniform = match near.as_slice() {
            [] => Some(AIR),
            [only] if filled => Some(self.body.parts[*only as usize].material.hounsfield),
            _ => None,
        };
        if let Some(value) = uniform {
            for j in from[1]..from[1] + size[1] {
                let row = j * nx + from[0];
                values[row..row + size[0]].fill(value as f32);
            }
        } else if let Some(&side) = TILES.get(level) {
            for j in (0..size[1]).step_by(side) {
                for i in (0..size[0]).step_by(side) {
                    let part = [side.min(size[0] - i), side.min(size[1] - j)];
                    self.tile([from[0] + i, from[1] + j], part, &near, level + 1, values)?;
                }
            }
        } else {
            let mut close = Close::with_capacity(near.len());
            for j in from[1]..from[1] + size[1] {
                for i in from[0]..from[0] + size[0] {
                    values[j * nx + i] = self.voxel(at(i as f64, j as f64), &near, &mut close) as f32;
                }
            }
        }
        Ok(())
    }

    fn voxel(&self, centre: DVec3, candidates: &[u32], close: &mut Close) -> f64 {
        close.clear();
        let value = |part: u32| self.body.parts[part as usize].material.hounsfield;
        let mut last = AIR;
        for &part in candidates {
            let field = self.body.parts[part as usize].solid.within(centre, self.reach);
            // With no sub-sampling the reach is 0 and the sign alone decides.
            if field <= -self.reach && field < 0.0 {
                last = value(part);
                break;
            }
            if field < self.reach {
                close.push((part, field));
            }
        }
        if close.iter().all(|&(part, _)| value(part) == last) {
            return last;
        }
        let n = self.supersampling;
        let step = 1.0 / n as f64;
        let offset = |s: usize| (s as f64 + 0.5) * step - 0.5;
        let mut sum = 0.0;
        for c in 0..n {
            let slab = self.half_slab * (2.0 * offset(c));
            for b in 0..n {
                let row = slab + self.step_j * offset(b);
                for a in 0..n {
                    let from_centre = row + self.step_i * offset(a);
                    let away = from_centre.length();
                    // The field at the centre often decides, since it is 1-Lipschitz.
                    let hit = close.iter().find(|&&(part, field)| {
                        field < -away
                            || field < away && self.body.parts[part as usize].solid.contains(centre + from_centre)
                    });
                    sum += hit.map_or(last, |&(part, _)| value(part));
                }
            }
        }
        sum * step * step * step
    }
}

/// A Gaussian of this full width at half maximum, mm, along rows and columns. Beyond the edge the edge's value holds.
fn blur(values: &mut [f32], plane: &SlicePlane, width: f64) {
    let [nx, ny] = plane.size;
    let sigma = width / (8.0 * 2f64.ln()).sqrt();
    let kernel = |spacing: f64| -> Vec<f64> {
        let reach = (3.0 * sigma / spacing).ceil() as i64;
        let raw: Vec<f64> = (-reach..=reach).map(|n| (-(n as f64 * spacing / sigma).powi(2) / 2.0).exp()).collect();
        let sum: f64 = raw.iter().sum();
        raw.into_iter().map(|w| w / sum).collect()
    };
    let mut line = |first: usize, step: usize, count: usize, kernel: &[f64]| {
        let old: Vec<f32> = (0..count).map(|n| values[first + n * step]).collect();
        let reach = (kernel.len() / 2) as i64;
        for n in 0..count {
            let at = |offset: i64| f64::from(old[(n as i64 + offset).clamp(0, count as i64 - 1) as usize]);
            values[first + n * step] =
                kernel.iter().zip(-reach..).map(|(w, offset)| w * at(offset)).sum::<f64>() as f32;
        }
    };
    let (along_i, along_j) = (kernel(plane.spacing[0]), kernel(plane.spacing[1]));
    for j in 0..ny {
        line(j * nx, 1, nx, &along_i);
    }
    for i in 0..nx {
        line(i, nx, ny, &along_j);
    }
}
