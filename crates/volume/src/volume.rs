//! A scalar volume in patient space.

use fabrica_geometry::{Grid, VoxelPoint};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{GeometryWarning, Provenance, Sample, Samples, with_samples};

/// What a sample's number means.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ValueUnit {
    /// Hounsfield units.
    Hounsfield,
    /// Becquerel per millilitre (PET).
    BecquerelPerMillilitre,
    /// Numbers that only compare within one scan, as in most MR.
    #[default]
    Arbitrary,
    /// Another unit, as the source names it (UCUM where it does).
    Other(String),
}

/// A scalar volume: samples in real-world values on a grid in patient space, with where they came from
/// and what is dubious about them.
#[derive(Clone, Debug)]
pub struct Volume {
    grid: Grid,
    samples: Samples,
    /// What the numbers mean.
    pub unit: ValueUnit,
    /// Values that stand for "not measured" (DICOM Pixel Padding, PS3.3 C.7.5.1.1.2), in the samples' own unit.
    pub padding: Option<std::ops::RangeInclusive<f64>>,
    /// Where the samples came from.
    pub provenance: Provenance,
    /// What is dubious about the geometry.
    pub warnings: Vec<GeometryWarning>,
}

/// Why a volume cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeError {
    /// The grid and the samples disagree.
    #[error("the grid has {grid} samples, the data {samples}")]
    SampleCount {
        /// Samples of the grid.
        grid: usize,
        /// Samples given.
        samples: usize,
    },
}

impl Volume {
    /// A volume of these samples, with nothing known about their source.
    ///
    /// # Errors
    /// When the number of samples is not the grid's.
    pub fn new(grid: Grid, samples: Samples, unit: ValueUnit) -> Result<Self, VolumeError> {
        if grid.len() != samples.len() {
            return Err(VolumeError::SampleCount { grid: grid.len(), samples: samples.len() });
        }
        Ok(Self { grid, samples, unit, padding: None, provenance: Provenance::default(), warnings: Vec::new() })
    }

    /// Where the samples lie.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The samples.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The value of sample `(i, j, k)`, or nothing outside.
    pub fn value(&self, [i, j, k]: [usize; 3]) -> Option<f64> {
        let [nx, ny, nz] = self.grid.dims();
        (i < nx && j < ny && k < nz).then(|| self.samples.get(self.grid.index(i, j, k)))
    }

    /// The trilinearly interpolated value, or nothing beyond the outermost sample centres by more than half a voxel
    /// (within that half voxel the outermost sample's value holds).
    ///
    /// For one point. Loops over many points work on the typed slices with [`with_samples!`](crate::with_samples).
    pub fn interpolate(&self, at: VoxelPoint) -> Option<f64> {
        let dims = self.grid.dims();
        let mut low = [0usize; 3];
        let mut high = [0usize; 3];
        let mut part = [0f64; 3];
        for a in 0..3 {
            let p = at.0[a];
            let last = dims[a] as f64 - 1.0;
            if !(-0.5..=last + 0.5).contains(&p) {
                return None;
            }
            let p = p.clamp(0.0, last);
            low[a] = p.floor() as usize;
            high[a] = (low[a] + 1).min(dims[a] - 1);
            part[a] = p - low[a] as f64;
        }
        let value = with_samples!(self.samples.view(), |s| {
            let at = |i: usize, j: usize, k: usize| s[self.grid.index(i, j, k)].to_f64();
            let mix = |a: f64, b: f64, t: f64| a + (b - a) * t;
            let row = |j: usize, k: usize| mix(at(low[0], j, k), at(high[0], j, k), part[0]);
            let plane = |k: usize| mix(row(low[1], k), row(high[1], k), part[1]);
            mix(plane(low[2]), plane(high[2]), part[2])
        });
        Some(value)
    }

    /// The smallest and the largest finite value. `(0, 0)` when no value is finite.
    pub fn range(&self) -> (f64, f64) {
        let (low, high) = with_samples!(self.samples.view(), |s| {
            s.par_chunks(1 << 16)
                .map(|chunk| {
                    chunk
                        .iter()
                        .map(|v| v.to_f64())
                        .filter(|v| v.is_finite())
                        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
                })
                .reduce(|| (f64::INFINITY, f64::NEG_INFINITY), |a, b| (a.0.min(b.0), a.1.max(b.1)))
        });
        if low <= high { (low, high) } else { (0.0, 0.0) }
    }

    /// Whether any geometry warning still waits for the user. Measuring and printing wait until none does.
    pub fn has_open_warnings(&self) -> bool {
        self.warnings.iter().any(GeometryWarning::is_open)
    }
}
