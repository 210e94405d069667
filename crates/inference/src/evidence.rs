//! What the networks found, on the image's grid, and its way back to the scan.

use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use glam::{DAffine3, DVec3};
use rayon::prelude::*;

use crate::InferenceError;
use crate::frame::Laid;
use crate::image::Image3;
use crate::model::{Model, Outputs};

/// Outputs further under the largest than this add nothing to a probability shown in percent.
const NOTHING: f32 = 16.0;

/// No channel came second: outside of the image, or memory was short.
pub const NO_SECOND: u8 = 255;

/// The networks' outputs on the image's grid.
#[derive(Clone, Debug)]
pub struct Evidence {
    sides: [usize; 3],
    to_scan: DAffine3,
    channels: usize,
    regions: bool,
    temperature: f32,
    /// Along which axes outputs are taken from the nearest sample.
    nearest: [bool; 3],
    kept: Kept,
}

#[derive(Clone, Debug)]
enum Kept {
    /// All outputs: a channel after the other.
    All(Vec<f32>),
    /// Only what won at each sample, and its probability: memory was short.
    Winner { winner: Vec<u32>, probability: Vec<f32> },
}

/// What was found at each voxel of a grid.
#[derive(Clone, Debug)]
pub struct Found {
    /// For classes the channel that won; for regions a bit a channel.
    pub winner: Vec<u32>,
    /// The probability of that finding, percent.
    pub percent: Vec<u8>,
    /// The channel that came next: the second class, or the least certain region. [`NO_SECOND`] where none did.
    pub second: Vec<u8>,
    /// Whether `winner` holds bits.
    pub regions: bool,
}

impl Found {
    /// Whether the voxel with this linear index belongs to the structure of a channel.
    pub fn holds(&self, index: usize, channel: usize) -> bool {
        let winner = self.winner[index];
        if self.regions { winner >> channel & 1 == 1 } else { winner == channel as u32 }
    }
}

impl Evidence {
    /// Room for the outputs over a laid scan, all of them where `memory` bytes hold them.
    pub(crate) fn new(model: &Model, laid: &Laid, memory: u64) -> Result<Self, InferenceError> {
        let sides = laid.sides();
        let channels = model.outputs.channels();
        let regions = matches!(model.outputs, Outputs::Regions { .. });
        if regions && channels > 32 {
            return Err(InferenceError::model(
                &model.folder,
                format!("it has {channels} regions; up to 32 are supported"),
            ));
        }
        let samples: usize = sides.iter().product();
        let (all, least) = (samples as u64 * channels as u64 * 4, samples as u64 * 8);
        if least > memory {
            let (needed_mib, allowed_mib) = (least >> 20, memory >> 20);
            return Err(InferenceError::Memory { what: "the result on the model's grid", needed_mib, allowed_mib });
        }
        let kept = if all <= memory {
            Kept::All(vec![0.0; samples * channels])
        } else {
            Kept::Winner { winner: vec![0; samples], probability: vec![0.0; samples] }
        };
        let spline = model.frame.outputs;
        // Across slices far apart nothing is interpolated, as nnU-Net does it.
        let nearest = match (spline.order, spline.across_slices) {
            (0, _) => [true; 3],
            (_, Some(0)) => far_apart(laid),
            _ => [false; 3],
        };
        Ok(Self {
            sides,
            to_scan: laid.to_scan,
            channels,
            regions,
            temperature: model.temperature as f32,
            nearest,
            kept,
        })
    }

    /// The image's sides.
    pub fn sides(&self) -> [usize; 3] {
        self.sides
    }

    /// Whether memory was short, so that only the winner of each sample was kept.
    pub fn is_reduced(&self) -> bool {
        matches!(self.kept, Kept::Winner { .. })
    }

    /// Takes in a plane of outputs, channel after channel.
    pub(crate) fn put(&mut self, plane: usize, logits: &[f32]) {
        let size = self.sides[1] * self.sides[2];
        let samples = self.sides[0] * size;
        let (regions, temperature, channels) = (self.regions, self.temperature, self.channels);
        match &mut self.kept {
            Kept::All(all) => {
                for (channel, values) in logits.chunks(size).enumerate() {
                    all[channel * samples + plane * size..][..size].copy_from_slice(values);
                }
            }
            Kept::Winner { winner, probability } => {
                let winner = &mut winner[plane * size..][..size];
                let probability = &mut probability[plane * size..][..size];
                winner.par_iter_mut().zip(probability).enumerate().for_each(|(n, (winner, probability))| {
                    let value = |c: usize| logits[c * size + n] / temperature;
                    (*winner, *probability, _) = decide(channels, regions, value);
                });
            }
        }
    }

    /// All outputs at the image's samples as an image a channel, where they were kept.
    pub fn logits(&self) -> Option<Vec<Image3>> {
        let Kept::All(all) = &self.kept else { return None };
        let samples: usize = self.sides.iter().product();
        Some(all.chunks(samples).map(|data| Image3 { sides: self.sides, data: data.to_vec() }).collect())
    }

    /// What was found at each voxel of the scan. Beyond the image nothing is: channel 0, or no region.
    pub fn on_scan(&self, grid: &Grid, progress: &Progress) -> Result<Found, InferenceError> {
        let dims = grid.dims();
        self.at(dims, self.to_scan.inverse(), progress)
    }

    /// As [`Evidence::on_scan`] for the samples of an image of the given sides, the last fastest, whose positions
    /// `to_scan` takes to the scan's.
    pub(crate) fn on_image(
        &self,
        sides: [usize; 3],
        to_scan: DAffine3,
        progress: &Progress,
    ) -> Result<Found, InferenceError> {
        let reversed = glam::DMat3::from_cols(DVec3::Z, DVec3::Y, DVec3::X);
        let to_here = self.to_scan.inverse() * to_scan * DAffine3::from_mat3(reversed);
        self.at([sides[2], sides[1], sides[0]], to_here, progress)
    }

    /// The findings at positions `(i, j, k)`, i fastest, that `to_here` takes to this image's.
    fn at(&self, dims: [usize; 3], to_here: DAffine3, progress: &Progress) -> Result<Found, InferenceError> {
        progress.stage("back to the scan");
        let mut found = Found {
            winner: vec![0; dims.iter().product()],
            percent: vec![100; dims.iter().product()],
            second: vec![NO_SECOND; dims.iter().product()],
            regions: self.regions,
        };
        let rows = found.winner.par_chunks_mut(dims[0]).zip(found.percent.par_chunks_mut(dims[0]));
        let rows = rows.zip(found.second.par_chunks_mut(dims[0])).enumerate();
        rows.try_for_each_init(Vec::new, |lines, (row, ((winner, percent), second))| {
            progress.check()?;
            let start = to_here.transform_point3(DVec3::new(0.0, (row % dims[1]) as f64, (row / dims[1]) as f64));
            self.row((start, to_here.matrix3.x_axis), (winner, percent, second), lines);
            Ok::<(), InferenceError>(())
        })?;
        Ok(found)
    }

    fn row(
        &self,
        (start, step): (DVec3, DVec3),
        (winner, percent, second): (&mut [u32], &mut [u8], &mut [u8]),
        lines: &mut Vec<f32>,
    ) {
        let count = winner.len();
        let mut put = |n: usize, (won, probability, next): (u32, f32, u8)| {
            winner[n] = won;
            second[n] = next;
            percent[n] = (probability * 100.0).round() as u8;
        };
        let samples: usize = self.sides.iter().product();
        // Where the row runs along the image's last axis, four lines are blended once for the whole row.
        let straight = step.x.abs() + step.y.abs() < 1e-9;
        if straight && let Kept::All(all) = &self.kept {
            let (Some(x), Some(y)) = (self.between(0, start.x), self.between(1, start.y)) else { return };
            let nz = self.sides[2];
            lines.clear();
            for channel in 0..self.channels {
                let line = |x: usize, y: usize| &all[channel * samples + (x * self.sides[1] + y) * nz..][..nz];
                let four = [line(x.0, y.0), line(x.0, y.1), line(x.1, y.0), line(x.1, y.1)];
                let w = [(1.0 - x.2) * (1.0 - y.2), (1.0 - x.2) * y.2, x.2 * (1.0 - y.2), x.2 * y.2];
                lines.extend((0..nz).map(|n| {
                    (w[0] * four[0][n] + w[1] * four[1][n] + w[2] * four[2][n] + w[3] * four[3][n]) / self.temperature
                }));
            }
            for n in 0..count {
                let Some(z) = self.between(2, start.z + step.z * n as f64) else { continue };
                let value = |c: usize| {
                    let line = &lines[c * nz..][..nz];
                    line[z.0] + (line[z.1] - line[z.0]) * z.2
                };
                put(n, decide(self.channels, self.regions, value));
            }
            return;
        }
        for n in 0..count {
            let at = start + step * n as f64;
            let (Some(x), Some(y), Some(z)) = (self.between(0, at.x), self.between(1, at.y), self.between(2, at.z))
            else {
                continue;
            };
            let corners: [(usize, f32); 8] = std::array::from_fn(|corner| {
                let pick = |axis: (usize, usize, f32), high: bool| {
                    if high { (axis.1, axis.2) } else { (axis.0, 1.0 - axis.2) }
                };
                let (x, wx) = pick(x, corner & 4 != 0);
                let (y, wy) = pick(y, corner & 2 != 0);
                let (z, wz) = pick(z, corner & 1 != 0);
                ((x * self.sides[1] + y) * self.sides[2] + z, wx * wy * wz)
            });
            match &self.kept {
                Kept::All(all) => {
                    let value = |c: usize| {
                        let sum: f32 = corners.iter().map(|&(index, w)| w * all[c * samples + index]).sum();
                        sum / self.temperature
                    };
                    put(n, decide(self.channels, self.regions, value));
                }
                Kept::Winner { winner, probability } => put(n, vote(&corners, winner, probability)),
            }
        }
    }

    /// The samples around a position along an axis, and how far it is from the first to the second. Nothing outside.
    fn between(&self, axis: usize, at: f64) -> Option<(usize, usize, f32)> {
        let last = self.sides[axis] as f64 - 1.0;
        if !(-0.5 - 1e-6..=last + 0.5 + 1e-6).contains(&at) {
            return None;
        }
        let at = at.clamp(0.0, last);
        if self.nearest[axis] {
            let nearest = at.round() as usize;
            return Some((nearest, nearest, 0.0));
        }
        let low = at.floor() as usize;
        Some((low, (low + 1).min(self.sides[axis] - 1), (at - low as f64) as f32))
    }
}

/// What wins, its probability, and what comes second: for classes by softmax, for regions by a sigmoid each, where the least
/// certain decides and comes second.
fn decide(channels: usize, regions: bool, value: impl Fn(usize) -> f32) -> (u32, f32, u8) {
    let named = |channel: usize| u8::try_from(channel).unwrap_or(NO_SECOND);
    if regions {
        return (0..channels).fold((0, 1.0, NO_SECOND), |(bits, sure, least), channel| {
            let inside = 1.0 / (1.0 + (-value(channel)).exp());
            let bit = u32::from(inside > 0.5) << channel;
            let this = inside.max(1.0 - inside);
            if this < sure { (bits | bit, this, named(channel)) } else { (bits | bit, sure, least) }
        });
    }
    let (mut best, mut next) = ((0, f32::NEG_INFINITY), (usize::MAX, f32::NEG_INFINITY));
    for found in (0..channels).map(|c| (c, value(c))) {
        if found.1 > best.1 {
            (best, next) = (found, best);
        } else if found.1 > next.1 {
            next = found;
        }
    }
    let sum: f32 = (0..channels).map(|c| value(c) - best.1).filter(|d| *d > -NOTHING).map(f32::exp).sum();
    let second = if next.1 > f32::NEG_INFINITY { named(next.0) } else { NO_SECOND };
    (best.0 as u32, 1.0 / sum, second)
}

/// The winner among the samples around, by their weights times their probabilities.
fn vote(corners: &[(usize, f32); 8], winner: &[u32], probability: &[f32]) -> (u32, f32, u8) {
    let mut best = (0, f32::NEG_INFINITY);
    for &(index, _) in corners {
        let candidate = winner[index];
        let votes = corners.iter().filter(|(other, _)| winner[*other] == candidate);
        let weight: f32 = votes.map(|&(other, w)| w * probability[other]).sum();
        if weight > best.1 {
            best = (candidate, weight);
        }
    }
    (best.0, best.1.clamp(0.0, 1.0), NO_SECOND)
}

/// The axis along which slices are resampled apart.
fn far_apart(laid: &Laid) -> [bool; 3] {
    laid.across_slices.map_or([false; 3], |axis| std::array::from_fn(|a| a == axis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_by_softmax() {
        let logits = [-1.0f32, 3f32.ln(), 0.0, 0.0];
        let (best, probability, second) = decide(3, false, |c| [0.0, logits[1], 0.0][c]);
        assert_eq!((best, second), (1, 0));
        assert_eq!(decide(4, false, |c| logits[c]).2, 2);
        assert!((probability - 0.6).abs() < 1e-6);
    }

    #[test]
    fn regions_overlap() {
        let logits = [1.0f32, 2.0, -3.0];
        let (bits, probability, second) = decide(3, true, |c| logits[c]);
        assert_eq!((bits, second), (0b011, 0));
        assert!((probability - 1.0 / (1.0 + (-1f32).exp())).abs() < 1e-6);
    }
}
