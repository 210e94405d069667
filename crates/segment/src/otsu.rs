//! Otsu's thresholds.

use fabrica_progress::Progress;
use fabrica_volume::{Mask, Sample, Samples, Volume, with_samples};
use rayon::prelude::*;

use crate::SegmentError;
use crate::bits::next_bit;

/// How many values of a volume are how large.
///
/// 8- and 16-bit samples are counted exactly; others in 65,536 steps between the least and the greatest. Only values
/// that occur are listed. Padding and values that are not finite are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// The values, rising.
    pub values: Vec<f64>,
    /// How often each occurs.
    pub counts: Vec<u64>,
}

const BINS: usize = 65_536;

impl Histogram {
    /// Counts the values, all or only those under a mask on the volume's grid.
    ///
    /// # Errors
    /// When the mask lies on another grid, or when cancelled.
    pub fn of(volume: &Volume, within: Option<&Mask>, progress: &Progress) -> Result<Self, SegmentError> {
        if let Some(mask) = within {
            mask.check_same_grid(&Mask::empty(volume.grid().clone()))?;
        }
        let (low, step) = match volume.samples() {
            Samples::U8(_) | Samples::U16(_) => (0.0, 1.0),
            Samples::I16(_) => (f64::from(i16::MIN), 1.0),
            _ => {
                let (low, high) = volume.range();
                (low, ((high - low) / (BINS - 1) as f64).max(f64::MIN_POSITIVE))
            }
        };
        let padding = volume.padding.clone().unwrap_or(1.0..=0.0);
        let [nx, ny, _] = volume.grid().dims();
        let counts = with_samples!(volume.samples().view(), |s| {
            let chunk = s.len().div_ceil(nx * rayon::current_num_threads() * 4).max(1);
            s.par_chunks(nx * chunk)
                .enumerate()
                .map(|(block, rows)| {
                    let mut counts = vec![0u64; BINS];
                    let mut see = |values: &[_]| {
                        for value in values {
                            let value = Sample::to_f64(*value);
                            if value.is_finite() && !padding.contains(&value) {
                                counts[((value - low) / step + 0.5) as usize & (BINS - 1)] += 1;
                            }
                        }
                    };
                    for (n, values) in rows.chunks(nx).enumerate() {
                        if progress.is_cancelled() {
                            break;
                        }
                        let row = block * chunk + n;
                        let Some(mask) = within else {
                            see(values);
                            continue;
                        };
                        let words = mask.row(row % ny, row / ny);
                        let mut at = 0;
                        while let Some(start) = next_bit(words, at, nx, true) {
                            at = next_bit(words, start, nx, false).unwrap_or(nx);
                            see(&values[start..at]);
                        }
                    }
                    counts
                })
                .reduce(
                    || vec![0u64; BINS],
                    |mut a, b| {
                        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                        a
                    },
                )
        });
        progress.check()?;
        let (values, counts) =
            counts.into_iter().enumerate().filter(|&(_, n)| n > 0).map(|(bin, n)| (low + bin as f64 * step, n)).unzip();
        Ok(Self { values, counts })
    }

    /// The thresholds that part the values into `classes` classes with the greatest variance between them
    /// (N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. Syst. Man Cybern. 9(1), 1979,
    /// which also gives the form for more classes). Rising, `classes - 1` of them, each halfway between the
    /// greatest value of one class and the least of the next.
    ///
    /// The optimum is exact: the classes' scatter obeys the quadrangle inequality, so that divide and conquer finds
    /// it in O(classes · n · log n) for n values.
    ///
    /// # Errors
    /// When `classes` is not 2, 3 or 4, or there are fewer different values than classes.
    pub fn otsu(&self, classes: usize) -> Result<Vec<f64>, SegmentError> {
        if !(2..=4).contains(&classes) {
            return Err(SegmentError::Parameter(format!("Otsu's method is offered for 2 to 4 classes, not {classes}")));
        }
        let n = self.values.len();
        if n < classes {
            return Err(SegmentError::not_found(
                "Otsu's threshold",
                format!("there are only {n} different values, too few for {classes} classes"),
            ));
        }
        let sums = Sums::of(self);
        // best[n] = greatest Σ S²/W of the classes so far over the first n values; from[level][n] = where the last begins.
        let mut best: Vec<f64> = (0..=n).map(|end| sums.merit(0, end)).collect();
        let mut from = Vec::new();
        for level in 1..classes {
            let mut next = vec![f64::NEG_INFINITY; n + 1];
            let mut starts = vec![0usize; n + 1];
            sums.divide(&best, &mut next, &mut starts, level + 1, n, level, n - 1);
            best = next;
            from.push(starts);
        }
        let mut end = n;
        let mut thresholds: Vec<f64> = from
            .iter()
            .rev()
            .map(|starts| {
                end = starts[end];
                (self.values[end - 1] + self.values[end]) / 2.0
            })
            .collect();
        thresholds.reverse();
        Ok(thresholds)
    }
}

/// Running sums of counts and of count × value.
struct Sums {
    weight: Vec<f64>,
    moment: Vec<f64>,
}

impl Sums {
    fn of(histogram: &Histogram) -> Self {
        let total: f64 = histogram.counts.iter().map(|&n| n as f64).sum();
        let mean = histogram.values.iter().zip(&histogram.counts).map(|(v, &n)| v * n as f64).sum::<f64>() / total;
        let (mut weight, mut moment) = (vec![0.0], vec![0.0]);
        let (mut w, mut m) = (0.0, 0.0);
        for (value, &count) in histogram.values.iter().zip(&histogram.counts) {
            w += count as f64;
            m += count as f64 * (value - mean);
            weight.push(w);
            moment.push(m);
        }
        Self { weight, moment }
    }

    /// S²/W of a class: with the mean taken off, the sum of these is the variance between the classes.
    fn merit(&self, start: usize, end: usize) -> f64 {
        if start >= end {
            return 0.0;
        }
        (self.moment[end] - self.moment[start]).powi(2) / (self.weight[end] - self.weight[start])
    }

    /// Fills `next[low..=high]`, knowing that the last class begins within `first..=last`.
    #[allow(clippy::too_many_arguments)]
    fn divide(
        &self,
        best: &[f64],
        next: &mut [f64],
        starts: &mut [usize],
        low: usize,
        high: usize,
        first: usize,
        last: usize,
    ) {
        if low > high {
            return;
        }
        let end = low.midpoint(high);
        for (start, before) in best.iter().enumerate().take(last.min(end - 1) + 1).skip(first) {
            let merit = before + self.merit(start, end);
            if merit > next[end] {
                next[end] = merit;
                starts[end] = start;
            }
        }
        let at = starts[end];
        self.divide(best, next, starts, low, end - 1, first, at);
        self.divide(best, next, starts, end + 1, high, at, last);
    }
}

/// Otsu's thresholds of a volume: those of its [`Histogram`], all of it or only what lies under a mask.
///
/// # Errors
/// As [`Histogram::of`] and [`Histogram::otsu`].
pub fn otsu(
    volume: &Volume,
    classes: usize,
    within: Option<&Mask>,
    progress: &Progress,
) -> Result<Vec<f64>, SegmentError> {
    Histogram::of(volume, within, progress)?.otsu(classes)
}
