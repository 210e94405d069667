//! How noisy a scan is.

use fabrica_geometry::VoxelPoint;
use fabrica_volume::{Mask, Sample, Volume, with_samples};

/// Voxels that are looked at, at most.
const MOST: usize = 200_000;
/// Neighbours this many voxels away are compared, so that noise which neighbouring voxels share still shows.
const LAG: usize = 2;

/// The median, which reorders the values. Nothing when there is none.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

/// The standard deviation of the noise around a structure: from how far each voxel of its box departs from the mean of
/// its neighbours two voxels to either side along i and j, where all of them, and one more to either side, lie in the
/// structure or all outside it.
pub(crate) fn of_mask(volume: &Volume, mask: &Mask) -> f64 {
    let Some((low, high)) = mask.bounding_box() else { return 0.0 };
    let on_one_side = |[i, j, k]: [usize; 3], axis: usize| {
        let away = |n: isize| {
            let by = |at: usize, moves: bool| at.wrapping_add_signed(if moves { n } else { 0 });
            mask.get([by(i, axis == 0), by(j, axis == 1), k])
        };
        let here = away(0);
        [-3, -2, -1, 1, 2, 3].into_iter().all(|n| away(n) == here)
    };
    // A little more than the structure, so that what lies around it counts too.
    let dims = volume.grid().dims();
    let (low, high) = (low.map(|n| n.saturating_sub(4)), std::array::from_fn(|a| (high[a] + 4).min(dims[a] - 1)));
    of_box(volume, low, high, on_one_side).unwrap_or_else(|| of_box(volume, low, high, |_, _| true).unwrap_or(0.0))
}

/// The same in a box around a voxel position, `reach` voxels to each side.
pub(crate) fn around(volume: &Volume, at: VoxelPoint, reach: f64) -> f64 {
    let dims = volume.grid().dims();
    let low = std::array::from_fn(|a| (at.0[a] - reach).max(0.0) as usize);
    let high = std::array::from_fn(|a| ((at.0[a] + reach).max(0.0) as usize).min(dims[a] - 1));
    of_box(volume, low, high, |_, _| true).unwrap_or(0.0)
}

/// Nothing where no voxel is to be looked at: `counts` says which, and along which axis.
fn of_box(
    volume: &Volume,
    low: [usize; 3],
    high: [usize; 3],
    counts: impl Fn([usize; 3], usize) -> bool,
) -> Option<f64> {
    let grid = volume.grid();
    let dims = grid.dims();
    // The neighbours lie in the volume, not necessarily in the box.
    let from: [usize; 3] = std::array::from_fn(|a| if a < 2 { low[a].max(LAG) } else { low[a] });
    let to: [usize; 3] = std::array::from_fn(|a| {
        if a < 2 { (high[a] + 1).min(dims[a].saturating_sub(LAG)) } else { (high[a] + 1).min(dims[a]) }
    });
    if (0..3).any(|a| from[a] >= to[a]) {
        return None;
    }
    let count: usize = (0..3).map(|a| to[a] - from[a]).product();
    // A step prime to most sides, so that it does not fall into the rows' rhythm.
    let step = count.div_ceil(MOST) | 1;
    let size: [usize; 3] = std::array::from_fn(|a| to[a] - from[a]);
    let steps = [LAG, LAG * dims[0]];
    let mut departures: Vec<f64> = with_samples!(volume.samples().view(), |samples| {
        (0..count)
            .step_by(step)
            .flat_map(|n| {
                let [i, j, k] = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
                let voxel = [i + from[0], j + from[1], k + from[2]];
                let at = grid.index(voxel[0], voxel[1], voxel[2]);
                let value = |at: usize| samples[at].to_f64();
                [0, 1].map(|axis| {
                    let by = steps[axis];
                    let departure = (value(at) - (value(at - by) + value(at + by)) / 2.0).abs();
                    if counts(voxel, axis) { departure } else { f64::NAN }
                })
            })
            .filter(|d| d.is_finite())
            .collect()
    });
    // Of a Gaussian the median of the absolute value is 0.6745 standard deviations; a value less the mean of two others
    // has 3/2 of its variance.
    median(&mut departures).map(|m| m / 0.674_489_75 / 1.5f64.sqrt())
}

/// The noise in a box, and how much neighbours along each axis share of it.
pub(crate) struct Noise {
    /// Standard deviation.
    pub sd: f64,
    /// The correlation of neighbours along i, j and k, 0 to 0.9.
    pub correlation: [f64; 3],
}

/// The noise in a box, between the voxels of it that belong to a region. The correlation comes from how much less neighbours differ than voxels three apart: both as
/// medians of absolute differences.
pub(crate) fn around_box(
    volume: &Volume,
    low: [usize; 3],
    high: [usize; 3],
    inside: &impl Fn([usize; 3]) -> bool,
) -> Noise {
    let grid = volume.grid();
    let strides = [1, grid.dims()[0], grid.dims()[0] * grid.dims()[1]];
    let size: [usize; 3] = std::array::from_fn(|a| high[a] + 1 - low[a]);
    let count: usize = size.iter().product();
    let step = count.div_ceil(MOST) | 1;
    let difference = |axis: usize, lag: usize| {
        let mut all: Vec<f64> = with_samples!(volume.samples().view(), |samples| {
            (0..count)
                .step_by(step)
                .filter_map(|n| {
                    let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
                    let mut to = at;
                    to[axis] += lag;
                    let [from, end]: [[usize; 3]; 2] = [at, to].map(|v| std::array::from_fn(|a| v[a] + low[a]));
                    (to[axis] < size[axis] && inside(from) && inside(end)).then(|| {
                        let index = grid.index(from[0], from[1], from[2]);
                        (samples[index].to_f64() - samples[index + lag * strides[axis]].to_f64()).abs()
                    })
                })
                .filter(|d| d.is_finite())
                .collect()
        });
        median(&mut all)
    };
    let correlation = [0, 1, 2].map(|axis| match (difference(axis, 1), difference(axis, 3)) {
        (Some(near), Some(far)) if far > 0.0 => (1.0 - (near / far).powi(2)).clamp(0.0, 0.9),
        _ => 0.0,
    });
    // Of voxels three apart: of their differences the variance is twice the noise's.
    let apart: Vec<f64> = [0, 1, 2].into_iter().filter_map(|axis| difference(axis, 3)).collect();
    let mean = apart.iter().sum::<f64>() / apart.len().max(1) as f64;
    let sd = if apart.is_empty() {
        of_box(volume, low, high, |_, _| true).unwrap_or(0.0)
    } else {
        mean / 0.674_489_75 / 2f64.sqrt()
    };
    Noise { sd, correlation }
}
