//! Calibration: what a network's percentages are worth, fitted on regions that it was not trained on.

use std::path::Path;

use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_volume::Mask;
use serde::{Deserialize, Serialize};

use crate::blobs::blobs;
use crate::evidence::grow;
use crate::{Evidence, ReviewError, ReviewSettings};

/// The least regions to fit a calibration to.
pub const LEAST_SAMPLES: usize = 30;
/// Temperatures that are looked among.
const TEMPERATURES: (f64, f64) = (0.05, 20.0);
/// Bands of percentages that regions are gathered from: each from its start to below the next one's.
const BANDS: [usize; 9] = [0, 50, 60, 70, 80, 85, 90, 95, 101];
/// Probabilities nearer to 0 or 1 are taken as this near: the logarithm has no bound there.
const NEAR: f64 = 1e-3;

/// A region of a scan whose truth is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The mean probability of being right that the network gave its voxels.
    pub probability: f64,
    /// Whether at least half of its voxels are right.
    pub right: bool,
}

/// From the network's probability to one that was held against the truth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Calibration {
    /// None was fitted: the network's own numbers, which are often too sure.
    #[default]
    Uncalibrated,
    /// The log odds divided by a temperature (Guo et al., "On calibration of modern neural networks", ICML 2017).
    Temperature {
        /// Above 1 the network was too sure.
        temperature: f64,
        /// What it was fitted to.
        fit: Fit,
    },
    /// Isotonic regression (Zadrozny and Elkan, KDD 2002): straight between knots, constant beyond.
    Isotonic {
        /// Pairs of the network's probability, rising, and what it is worth, not falling.
        knots: Vec<[f64; 2]>,
        /// What it was fitted to.
        fit: Fit,
    },
}

/// What a calibration was fitted to, and how well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fit {
    /// On which regions, in words.
    pub on: String,
    /// How many.
    pub regions: usize,
    /// Expected calibration error on them before.
    pub error_before: f64,
    /// And after.
    pub error_after: f64,
}

/// A row of a reliability table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Probabilities from here ...
    pub from: f64,
    /// ... to below here (the last one's end included).
    pub to: f64,
    /// Regions.
    pub regions: usize,
    /// Their mean probability.
    pub mean: f64,
    /// The share of them that is right.
    pub right: f64,
}

/// Predicted against true, and their mean difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// Ten bins of equal width from 0 to 1; those without regions are left out.
    pub bins: Vec<ReliabilityBin>,
    /// Expected calibration error: the mean over regions of the difference in their bin (Naeini et al., AAAI 2015).
    pub error: f64,
}

impl Calibration {
    /// What a probability of the network is worth, 0 to 1.
    pub fn of(&self, probability: f64) -> f64 {
        let p = probability.clamp(0.0, 1.0);
        match self {
            Self::Uncalibrated => p,
            Self::Temperature { temperature, .. } => scaled(p, *temperature),
            Self::Isotonic { knots, .. } => {
                let after = knots.partition_point(|k| k[0] <= p);
                match (after.checked_sub(1).and_then(|n| knots.get(n)), knots.get(after)) {
                    (Some(a), Some(b)) => a[1] + (b[1] - a[1]) * (p - a[0]) / (b[0] - a[0]),
                    (Some(only), None) | (None, Some(only)) => only[1],
                    (None, None) => p,
                }
            }
        }
    }

    /// How it was calibrated, in words; nothing where it was not.
    pub fn words(&self) -> Option<String> {
        let (how, fit) = match self {
            Self::Uncalibrated => return None,
            Self::Temperature { temperature, fit } => (format!("temperature {temperature:.3}"), fit),
            Self::Isotonic { knots, fit } => (format!("isotonic, {} knots", knots.len()), fit),
        };
        Some(format!(
            "{how}, fitted on {} regions ({}), expected calibration error {:.1} % there, {:.1} % before",
            fit.regions,
            fit.on,
            fit.error_after * 100.0,
            fit.error_before * 100.0
        ))
    }

    /// Checks what a file may have put into it.
    pub(crate) fn check(&self) -> Result<(), ReviewError> {
        match self {
            Self::Uncalibrated => Ok(()),
            Self::Temperature { temperature, .. } => {
                if (TEMPERATURES.0..=TEMPERATURES.1).contains(temperature) {
                    return Ok(());
                }
                Err(ReviewError::Range { what: "the temperature", value: *temperature, allowed: "0.05 to 20" })
            }
            Self::Isotonic { knots, .. } => {
                let within = knots.iter().flatten().all(|v| (0.0..=1.0).contains(v));
                let rising = knots.windows(2).all(|w| w[0][0] < w[1][0] && w[0][1] <= w[1][1]);
                if within && rising && !knots.is_empty() {
                    return Ok(());
                }
                Err(ReviewError::NoFit("the knots of the isotonic map do not rise from 0 to 1".into()))
            }
        }
    }

    /// Reads a calibration from a file (JSON), as a model's folder may hold it as `calibration.json`.
    ///
    /// # Errors
    /// When the file cannot be read or makes no sense.
    pub fn read(path: &Path) -> Result<Self, ReviewError> {
        let wrong = |what: String| ReviewError::Calibration { path: path.into(), what };
        let bytes = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
        let found: Self = serde_json::from_slice(&bytes).map_err(|e| wrong(format!("it is no calibration: {e}")))?;
        found.check().map_err(|e| wrong(e.to_string()))?;
        Ok(found)
    }

    /// Fits a temperature by the least negative log likelihood of the samples.
    ///
    /// # Errors
    /// With fewer than [`LEAST_SAMPLES`], or when no temperature from 0.05 to 20 is the best one (all are right, say).
    pub fn fit_temperature(samples: &[Sample], on: &str) -> Result<Self, ReviewError> {
        enough(samples)?;
        let loss = |log_temperature: f64| -> f64 {
            let t = log_temperature.exp();
            samples
                .iter()
                .map(|s| {
                    let p = scaled(s.probability.clamp(NEAR, 1.0 - NEAR), t).clamp(1e-12, 1.0 - 1e-12);
                    -if s.right { p.ln() } else { (1.0 - p).ln() }
                })
                .sum()
        };
        // The loss is convex in 1/t, so it has one valley: golden section.
        let (mut low, mut high) = (TEMPERATURES.0.ln(), TEMPERATURES.1.ln());
        let golden = (5f64.sqrt() - 1.0) / 2.0;
        for _ in 0..60 {
            let (a, b) = (high - golden * (high - low), low + golden * (high - low));
            if loss(a) <= loss(b) {
                high = b;
            } else {
                low = a;
            }
        }
        let temperature = ((low + high) / 2.0).exp();
        if temperature < TEMPERATURES.0 * 1.01 || temperature > TEMPERATURES.1 * 0.99 {
            return Err(ReviewError::NoFit(format!(
                "the best temperature is {temperature:.2} or beyond, which means that these regions do not tell one; \
                 take more of them, right ones and wrong ones"
            )));
        }
        Ok(Self::Temperature { temperature, fit: Fit::of(samples, on) }.with_error(samples))
    }

    /// Fits a map that does not fall by pooling adjacent violators.
    ///
    /// # Errors
    /// With fewer than [`LEAST_SAMPLES`].
    pub fn fit_isotonic(samples: &[Sample], on: &str) -> Result<Self, ReviewError> {
        enough(samples)?;
        let mut sorted = samples.to_vec();
        sorted.sort_by(|a, b| a.probability.total_cmp(&b.probability));
        // Blocks: regions, sum of their probabilities, how many are right.
        let mut blocks: Vec<(f64, f64, f64)> = Vec::new();
        for s in &sorted {
            blocks.push((1.0, s.probability, f64::from(u8::from(s.right))));
            while let [.., a, b] = blocks[..]
                && (a.2 / a.0 >= b.2 / b.0 || a.1 / a.0 >= b.1 / b.0)
            {
                blocks.truncate(blocks.len() - 2);
                blocks.push((a.0 + b.0, a.1 + b.1, a.2 + b.2));
            }
        }
        let knots = blocks.iter().map(|b| [b.1 / b.0, b.2 / b.0]).collect();
        let fitted = Self::Isotonic { knots, fit: Fit::of(samples, on) };
        fitted.check()?;
        Ok(fitted.with_error(samples))
    }

    /// How reliable the calibrated probabilities of samples are. Hold it against others than it was fitted to.
    pub fn reliability(&self, samples: &[Sample]) -> Reliability {
        reliability(samples.iter().map(|s| Sample { probability: self.of(s.probability), ..*s }))
    }

    fn with_error(mut self, samples: &[Sample]) -> Self {
        let error = self.reliability(samples).error;
        if let Self::Temperature { fit, .. } | Self::Isotonic { fit, .. } = &mut self {
            fit.error_after = error;
        }
        self
    }
}

impl Fit {
    fn of(samples: &[Sample], on: &str) -> Self {
        let error_before = reliability(samples.iter().copied()).error;
        Self { on: on.into(), regions: samples.len(), error_before, error_after: error_before }
    }
}

fn enough(samples: &[Sample]) -> Result<(), ReviewError> {
    if let Some(s) = samples.iter().find(|s| !(0.0..=1.0).contains(&s.probability)) {
        return Err(ReviewError::Range { what: "a probability", value: s.probability, allowed: "0 to 1" });
    }
    if samples.len() < LEAST_SAMPLES {
        return Err(ReviewError::TooFew { found: samples.len(), least: LEAST_SAMPLES });
    }
    Ok(())
}

/// The probability whose log odds are those of `p` over a temperature.
fn scaled(p: f64, temperature: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return p;
    }
    1.0 / (1.0 + ((1.0 - p) / p).powf(1.0 / temperature))
}

fn reliability(samples: impl Iterator<Item = Sample>) -> Reliability {
    let mut sums = [(0usize, 0.0, 0usize); 10];
    for s in samples {
        let bin = &mut sums[((s.probability * 10.0) as usize).min(9)];
        *bin = (bin.0 + 1, bin.1 + s.probability, bin.2 + usize::from(s.right));
    }
    let all: usize = sums.iter().map(|b| b.0).sum();
    let mut error = 0.0;
    let mut bins = Vec::new();
    for (n, &(regions, sum, right)) in sums.iter().enumerate().filter(|(_, b)| b.0 > 0) {
        let (mean, right) = (sum / regions as f64, right as f64 / regions as f64);
        error += regions as f64 / all as f64 * (mean - right).abs();
        bins.push(ReliabilityBin { from: n as f64 / 10.0, to: (n + 1) as f64 / 10.0, regions, mean, right });
    }
    Reliability { bins, error }
}

/// Regions of a scan whose truth is known, to fit a calibration to or to hold one against: connected parts of voxels of
/// similar probability, in the structure and where it was the second choice, borders (which would be right or wrong by a
/// voxel's breadth) left out.
///
/// # Errors
/// When evidence, truth and settings do not go together, or the user cancels.
pub fn samples(
    evidence: &Evidence<'_>,
    truth: &Mask,
    settings: &ReviewSettings,
    progress: &Progress,
) -> Result<Vec<Sample>, ReviewError> {
    settings.check()?;
    evidence.mask.check_same_grid(truth)?;
    let doubt = evidence.doubt(&Calibration::Uncalibrated, settings, progress)?;
    // Sure voxels near a border say nothing either.
    let rim_in = grow(&evidence.mask.inverted(), settings.border, progress)?;
    let rim_out = grow(evidence.mask, settings.border, progress)?;
    let sides = [
        (evidence.mask.combine(&rim_in, |m, rim| m & !rim)?.combine(&doubt.inside, |a, b| a | b)?, true),
        (
            evidence
                .near_misses
                .combine(evidence.mask, |near, m| near & !m)?
                .combine(&rim_out, |near, rim| near & !rim)?
                .combine(&doubt.outside, |a, b| a | b)?,
            false,
        ),
    ];
    let mut found = Vec::new();
    for (side, is_inside) in &sides {
        for band in BANDS.windows(2) {
            let wanted = std::array::from_fn(|p| (band[0]..band[1]).contains(&p));
            let part = evidence.with_percent(side, &wanted);
            let right = part.combine(truth, |p, t| if *is_inside { p & t } else { p & !t })?;
            // The same parts, with 100 for a voxel that is right and 0 for one that is not.
            let rightness: Vec<u8> = right.to_bytes().into_iter().map(|b| b * 100).collect();
            let longest = Mm(settings.longest.0);
            let regions = blobs(&part, evidence.percent, longest, progress)?;
            let truths = blobs(&part, &rightness, longest, progress)?;
            for (region, truth) in regions.iter().zip(&truths).filter(|(r, _)| r.voxels >= settings.least_voxels) {
                found.push(Sample { probability: region.mean(), right: truth.mean() >= 0.5 });
            }
        }
    }
    Ok(found)
}
