//! How much light comes to each place: soft shadows and ambient occlusion in one small volume.

use fabrica_volume::{Sample, with_samples};
use rayon::prelude::*;

use crate::sampler::Sampler;
use crate::{Materials, Scene};

/// Voxels along each side of a cell of the light.
pub const LIGHT_CELL: usize = 4;
/// What an occluder hides fades by this from cell to cell, so that darkness stays local.
const FADE: f32 = 0.93;
/// The mean over all directions that counts as fully lit: a surface sees half of them at best.
const OPEN: f32 = 0.5;

/// How much light comes to each place from all around through what the looks show, 0 to 1, a value for each
/// 4 × 4 × 4 voxels: the mean transmittance along 26 directions (ambient occlusion as in Hernell, Ljung and Ynnerman
/// 2010, by recursion from cell to cell). It does not depend on the camera.
#[derive(Clone, Debug, PartialEq)]
pub struct LightVolume {
    dims: [usize; 3],
    cells: Vec<u8>,
}

impl LightVolume {
    /// The light of a scene with these materials. Clips that cut only some structures are not looked at.
    pub fn new(scene: &Scene<'_>, materials: &Materials) -> Self {
        let grid = scene.volume.grid();
        let dims = grid.dims().map(|n| n.div_ceil(LIGHT_CELL));
        let extinction = with_samples!(scene.volume.samples().view(), |data| extinctions(scene, materials, data, dims));
        let spacing = grid.spacing().map(|s| (s * LIGHT_CELL as f64) as f32);
        let count = dims.iter().product();
        let sum = directions()
            .into_par_iter()
            .fold(
                || (vec![0f32; count], vec![0f32; count]),
                |(mut sum, mut through), direction| {
                    sweep(&extinction, dims, spacing, direction, &mut through);
                    sum.iter_mut().zip(&through).for_each(|(s, t)| *s += t);
                    (sum, through)
                },
            )
            .map(|(sum, _)| sum)
            .reduce(
                || vec![0f32; count],
                |mut a, b| {
                    a.iter_mut().zip(&b).for_each(|(a, b)| *a += b);
                    a
                },
            );
        let smooth = smoothed(sum, dims);
        let cells = smooth.into_iter().map(|s| (s / (26.0 * OPEN) * 255.0).clamp(0.0, 255.0).round() as u8).collect();
        Self { dims, cells }
    }

    /// Cells along i, j and k.
    pub fn dims(&self) -> [usize; 3] {
        self.dims
    }

    /// The light of each cell, 0 to 255, i fastest. The middle of cell 0 lies 1.5 voxels from the first sample.
    pub fn cells(&self) -> &[u8] {
        &self.cells
    }

    /// The light at a position in voxels, 0 to 1.
    #[inline]
    pub fn at(&self, at: [f32; 3]) -> f32 {
        let cell = at.map(|p| (p + 0.5) / LIGHT_CELL as f32 - 0.5);
        Sampler::new(&self.cells, self.dims).value(cell) / 255.0
    }
}

/// The mean extinction of each cell per mm, from eight of its voxels.
fn extinctions<T: Sample>(scene: &Scene<'_>, materials: &Materials, data: &[T], dims: [usize; 3]) -> Vec<f32> {
    let samples = scene.volume.grid().dims();
    let combinations = scene.structures.map(|s| s.labels.combinations());
    (0..dims.iter().product::<usize>())
        .into_par_iter()
        .with_min_len(1024)
        .map(|index| {
            let cell = [index % dims[0], index / dims[0] % dims[1], index / (dims[0] * dims[1])];
            let mut sum = 0.0;
            for corner in 0..8 {
                let at: [usize; 3] =
                    std::array::from_fn(|a| (cell[a] * LIGHT_CELL + 3 * (corner >> a & 1)).min(samples[a] - 1));
                let voxel = at[0] + samples[0] * (at[1] + samples[1] * at[2]);
                let kind = materials.number(combinations.map_or(0, |c| c[voxel]), 0);
                if kind > 0 {
                    let lut = &materials.all()[usize::from(kind)].lut;
                    sum += lut.at(lut.entry(data[voxel].to_f32()))[3];
                }
            }
            sum / 8.0
        })
        .collect()
}

fn directions() -> Vec<[isize; 3]> {
    (0..27).map(|n| [n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1]).filter(|direction| *direction != [0, 0, 0]).collect()
}

/// The transmittance from outside to each cell along a direction.
fn sweep(extinction: &[f32], dims: [usize; 3], spacing: [f32; 3], direction: [isize; 3], through: &mut [f32]) {
    let [nx, ny, nz] = dims;
    let length = (0..3).map(|a| (direction[a] as f32 * spacing[a]).powi(2)).sum::<f32>().sqrt();
    let order = |n: usize, d: isize| move |i: usize| if d < 0 { n - 1 - i } else { i };
    for k in (0..nz).map(order(nz, direction[2])) {
        for j in (0..ny).map(order(ny, direction[1])) {
            let row = nx * (j + ny * k);
            let (from_j, from_k) = (j as isize - direction[1], k as isize - direction[2]);
            let outside = !(0..ny as isize).contains(&from_j) || !(0..nz as isize).contains(&from_k);
            let from_row = nx as isize * (from_j + ny as isize * from_k);
            for i in (0..nx).map(order(nx, direction[0])) {
                let from_i = i as isize - direction[0];
                through[row + i] = if outside || !(0..nx as isize).contains(&from_i) {
                    1.0
                } else {
                    let from = (from_row + from_i) as usize;
                    1.0 - (1.0 - through[from] * (-extinction[from] * length).exp()) * FADE
                };
            }
        }
    }
}

/// Weights 1, 2, 1 along each axis, so that the few directions are not seen.
fn smoothed(mut values: Vec<f32>, dims: [usize; 3]) -> Vec<f32> {
    let strides = [1, dims[0], dims[0] * dims[1]];
    for a in 0..3 {
        values = (0..values.len())
            .into_par_iter()
            .with_min_len(4096)
            .map(|index| {
                let at = index / strides[a] % dims[a];
                let before = if at > 0 { values[index - strides[a]] } else { values[index] };
                let after = if at + 1 < dims[a] { values[index + strides[a]] } else { values[index] };
                0.25 * before + 0.5 * values[index] + 0.25 * after
            })
            .collect();
    }
    values
}
