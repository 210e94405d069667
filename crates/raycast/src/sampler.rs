//! Values and gradients between samples.

use fabrica_volume::Sample;
use glam::Vec4;

/// Trilinear interpolation over typed samples. Positions are in voxels; beyond the outermost sample centres the
/// outermost samples hold.
pub struct Sampler<'a, T> {
    data: &'a [T],
    /// Greatest sample index along each axis.
    last: [f32; 3],
    /// Greatest cell index along each axis.
    last_cell: [usize; 3],
    stride: [usize; 3],
}

impl<'a, T: Sample> Sampler<'a, T> {
    /// A sampler over the samples of a grid of these sides, i fastest.
    pub fn new(data: &'a [T], dims: [usize; 3]) -> Self {
        let strides = [1, dims[0], dims[0] * dims[1]];
        Self {
            data,
            last: dims.map(|n| (n - 1) as f32),
            last_cell: dims.map(|n| n.saturating_sub(2)),
            // Along an axis of one sample, a sample is its own neighbour.
            stride: std::array::from_fn(|a| if dims[a] > 1 { strides[a] } else { 0 }),
        }
    }

    /// The cell of a position and where in it the position lies, 0 to 1 along each axis.
    #[inline(always)]
    fn cell(&self, at: [f32; 3]) -> ([usize; 3], [f32; 3]) {
        let mut cell = [0; 3];
        let mut part = [0.0; 3];
        for a in 0..3 {
            let p = at[a].max(0.0).min(self.last[a]);
            cell[a] = (p as usize).min(self.last_cell[a]);
            part[a] = p - cell[a] as f32;
        }
        (cell, part)
    }

    /// The value at a position.
    #[inline(always)]
    pub fn value(&self, at: [f32; 3]) -> f32 {
        let (cell, [x, y, z]) = self.cell(at);
        let [di, dj, dk] = self.stride;
        let base = cell[0] * di + cell[1] * dj + cell[2] * dk;
        let near = mix(self.between(base, di, x), self.between(base + dj, di, x), y);
        let far = mix(self.between(base + dk, di, x), self.between(base + dk + dj, di, x), y);
        mix(near, far, z)
    }

    /// Between a sample and the one `step` further. (Not a closure: those are not always inlined, and this is the
    /// innermost loop of every renderer.)
    #[inline(always)]
    fn between(&self, at: usize, step: usize, t: f32) -> f32 {
        // Both by one bounds check.
        let pair = &self.data[at..=at + step];
        mix(pair[0].to_f32(), pair[step].to_f32(), t)
    }

    /// The first sample of a position's cell, the offsets of its eight corners from there (i fastest) and their
    /// trilinear weights.
    #[inline]
    pub(crate) fn corners(&self, at: [f32; 3]) -> (usize, [usize; 8], [f32; 8]) {
        let (cell, part) = self.cell(at);
        let base = (0..3).map(|a| cell[a] * self.stride[a]).sum();
        let side = |corner: usize, a: usize| corner >> a & 1;
        let offsets = std::array::from_fn(|c| (0..3).map(|a| side(c, a) * self.stride[a]).sum());
        let weight = |c: usize, a: usize| if side(c, a) == 1 { part[a] } else { 1.0 - part[a] };
        (base, offsets, std::array::from_fn(|c| weight(c, 0) * weight(c, 1) * weight(c, 2)))
    }

    /// The sample at an index.
    #[inline(always)]
    pub(crate) fn sample(&self, index: usize) -> f32 {
        self.data[index].to_f32()
    }

    /// Central differences of the value over ±1 voxel along i, j and k, per voxel: as if each sample had its own
    /// central difference and these were interpolated.
    #[inline]
    pub fn gradient(&self, at: [f32; 3]) -> [f32; 3] {
        let (cell, part) = self.cell(at);
        let inner = (0..3).all(|a| cell[a] >= 1 && cell[a] + 2 <= self.last[a] as usize);
        if inner { self.inner_gradient(cell, part) } else { self.gradient_of(at, |index| self.data[index].to_f32()) }
    }

    /// [`Sampler::gradient`] where all samples about the cell are there: four neighbours along i at a time, as lanes of
    /// one register, which are interpolated along i at the very end.
    #[inline(always)]
    fn inner_gradient(&self, cell: [usize; 3], [x, y, z]: [f32; 3]) -> [f32; 3] {
        let [_, dj, dk] = self.stride;
        let base = cell[0] - 1 + (cell[1] - 1) * dj + (cell[2] - 1) * dk;
        let four = |j: usize, k: usize| -> Vec4 {
            let start = base + j * dj + k * dk;
            let row = &self.data[start..start + 4];
            Vec4::new(row[0].to_f32(), row[1].to_f32(), row[2].to_f32(), row[3].to_f32())
        };
        let mix4 = |a: Vec4, b: Vec4, t: f32| a + (b - a) * t;
        let (r11, r21, r12, r22) = (four(1, 1), four(2, 1), four(1, 2), four(2, 2));
        let (near, far) = (mix4(r11, r21, y), mix4(r12, r22, y));
        let along_i = mix4(near, far, z);
        let across = |before: Vec4, at: Vec4, after: Vec4, beyond: Vec4, t: f32| mix4(after - before, beyond - at, t);
        let along_j = mix4(across(four(0, 1), r11, r21, four(3, 1), y), across(four(0, 2), r12, r22, four(3, 2), y), z);
        let (before, beyond) = (mix4(four(1, 0), four(2, 0), y), mix4(four(1, 3), four(2, 3), y));
        let along_k = across(before, near, far, beyond, z);
        let gi = mix(along_i.z - along_i.x, along_i.w - along_i.y, x);
        let (gj, gk) = (mix(along_j.y, along_j.z, x), mix(along_k.y, along_k.z, x));
        [gi * 0.5, gj * 0.5, gk * 0.5]
    }

    /// [`Sampler::gradient`] of any field on the same samples.
    #[inline(always)]
    pub(crate) fn gradient_of(&self, at: [f32; 3], field: impl Fn(usize) -> f32) -> [f32; 3] {
        let (cell, [x, y, z]) = self.cell(at);
        // Offsets of the samples before, at, after and two after the cell, kept inside the volume.
        let offsets: [[usize; 4]; 3] = std::array::from_fn(|a| {
            let (c, last) = (cell[a], self.last[a] as usize);
            [c.saturating_sub(1), c, (c + 1).min(last), (c + 2).min(last)].map(|i| i * self.stride[a])
        });
        let v = |i: usize, j: usize, k: usize| field(offsets[0][i] + offsets[1][j] + offsets[2][k]);
        let row = |j: usize, k: usize| mix(v(1, j, k), v(2, j, k), x);
        let slope = |before: f32, at: f32, after: f32, beyond: f32, t: f32| mix(after - before, beyond - at, t);
        let slope_i = |j: usize, k: usize| slope(v(0, j, k), v(1, j, k), v(2, j, k), v(3, j, k), x);
        let centre = [[row(1, 1), row(2, 1)], [row(1, 2), row(2, 2)]];
        let gi = mix(mix(slope_i(1, 1), slope_i(2, 1), y), mix(slope_i(1, 2), slope_i(2, 2), y), z);
        let slope_j = |k: usize| slope(row(0, k), centre[k - 1][0], centre[k - 1][1], row(3, k), y);
        let gj = mix(slope_j(1), slope_j(2), z);
        let plane = |k: usize| mix(row(1, k), row(2, k), y);
        let near = mix(centre[0][0], centre[0][1], y);
        let far = mix(centre[1][0], centre[1][1], y);
        let gk = slope(plane(0), near, far, plane(3), z);
        [gi, gj, gk].map(|g| g * 0.5)
    }
}

#[inline(always)]
fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A linear field is its own interpolation, and its gradient is known; the border is held beyond it.
        #[test]
        fn a_linear_field_is_exact(i in 1f32..5.0, j in 1f32..4.0, k in 1f32..3.0) {
            let dims = [7, 6, 5];
            let field = |i: f32, j: f32, k: f32| 3.0 * i - 2.0 * j + 5.0 * k + 7.0;
            let data: Vec<f32> = (0..dims.iter().product())
                .map(|n: usize| field((n % 7) as f32, (n / 7 % 6) as f32, (n / 42) as f32))
                .collect();
            let sampler = Sampler::new(&data, dims);
            prop_assert!((sampler.value([i, j, k]) - field(i, j, k)).abs() < 1e-4);
            let g = sampler.gradient([i, j, k]);
            prop_assert!((g[0] - 3.0).abs() < 1e-4 && (g[1] + 2.0).abs() < 1e-4 && (g[2] - 5.0).abs() < 1e-4);
            prop_assert_eq!(sampler.value([-0.5, j, k]), sampler.value([0.0, j, k]));
            prop_assert_eq!(sampler.value([i, 5.4, k]), sampler.value([i, 5.0, k]));
        }

        /// The gradient is the difference of the interpolated values one voxel before and after.
        #[test]
        fn the_gradient_is_the_central_difference(values in prop::collection::vec(-1000i16..3000, 5 * 4 * 4),
                                                  i in 0f32..4.0, j in 0f32..3.0, k in 0f32..3.0) {
            let sampler = Sampler::new(&values, [5, 4, 4]);
            let g = sampler.gradient([i, j, k]);
            let wanted = [
                sampler.value([i + 1.0, j, k]) - sampler.value([i - 1.0, j, k]),
                sampler.value([i, j + 1.0, k]) - sampler.value([i, j - 1.0, k]),
                sampler.value([i, j, k + 1.0]) - sampler.value([i, j, k - 1.0]),
            ];
            for a in 0..3 {
                prop_assert!((g[a] - wanted[a] / 2.0).abs() < 0.05, "{:?} {:?}", g, wanted);
            }
        }
    }

    #[test]
    fn one_slice_has_no_gradient_across() {
        let sampler = Sampler::new(&[0i16, 10, 20, 30], [2, 2, 1]);
        assert_eq!(sampler.value([0.5, 0.5, 0.4]), 15.0);
        assert_eq!(sampler.gradient([0.5, 0.5, 0.0])[2], 0.0);
    }
}
