//! The level and noise of soft tissue.

use fabrica_volume::{Mask, Volume};

/// Radius of the neighbourhoods measured, mm.
const RADIUS: f64 = 3.0;
/// Soft tissue without contrast, HU, and the most that its values spread.
const RANGE: std::ops::RangeInclusive<f64> = -20.0..=140.0;
const EVEN: f64 = 60.0;
/// How many neighbourhoods are looked at, about, and how many of soft tissue are enough.
const SAMPLES: usize = 60_000;
const ENOUGH: usize = 50;

/// What soft tissue is like in a scan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tissue {
    /// Its value, HU.
    pub level: f64,
    /// The standard deviation of values within even tissue, HU.
    pub noise: f64,
}

impl Tissue {
    /// Measures it at places spread over the body; none if there is too little.
    pub fn measure(volume: &Volume, body: &Mask) -> Option<Self> {
        let grid = volume.grid();
        let [nx, ny, nz] = grid.dims();
        let stride = ((body.count() as f64 / SAMPLES as f64).cbrt().floor() as usize).max(1);
        let reach = grid.spacing().map(|s| (RADIUS / s).floor() as usize);
        let mut found: Vec<(f64, f64)> = Vec::new();
        for k in (0..nz).step_by(stride) {
            for j in (0..ny).step_by(stride) {
                for i in (0..nx).step_by(stride).filter(|&i| body.get([i, j, k])) {
                    let Some(value) = volume.value([i, j, k]).filter(|v| RANGE.contains(v)) else { continue };
                    let (mean, deviation) = around(volume, [i, j, k], reach);
                    if deviation < EVEN && RANGE.contains(&mean) {
                        found.push((value, deviation));
                    }
                }
            }
        }
        if found.len() < ENOUGH {
            return None;
        }
        let mut values: Vec<f64> = found.iter().map(|f| f.0).collect();
        let mut deviations: Vec<f64> = found.iter().map(|f| f.1).collect();
        values.sort_by(f64::total_cmp);
        deviations.sort_by(f64::total_cmp);
        Some(Self { level: values[values.len() / 2], noise: deviations[deviations.len() / 10].max(1.0) })
    }
}

/// Mean and standard deviation in a box.
fn around(volume: &Volume, at: [usize; 3], reach: [usize; 3]) -> (f64, f64) {
    let dims = volume.grid().dims();
    let range = |a: usize| at[a].saturating_sub(reach[a])..(at[a] + reach[a] + 1).min(dims[a]);
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for k in range(2) {
        for j in range(1) {
            for value in range(0).filter_map(|i| volume.value([i, j, k])) {
                count += 1.0;
                sum += value;
                squares += value * value;
            }
        }
    }
    let mean = sum / count;
    (mean, (squares / count - mean * mean).max(0.0).sqrt())
}
