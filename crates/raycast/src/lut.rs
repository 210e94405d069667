//! The table that transfer functions are looked up in, the same on CPU and GPU.

use crate::TransferFunction;

/// Entries of a [`Lut`].
pub const LUT_ENTRIES: usize = 4096;

/// Opacity 1 would be an infinite extinction; this is the most that a reference length takes away.
const MOST_OPACITY: f64 = 0.9999;

/// Segments that cross fewer entries than this are classified at their middle. Over more, differences of the sums
/// are exact enough.
pub const LUT_SHORT_SEGMENT: f32 = 2.0;

/// A transfer function sampled at evenly spaced values, and its running integral.
///
/// An entry is extinction times linear colour, and extinction, in 1/mm. With the integral, a ray segment between two
/// samples gets the mean of all values between them (pre-integrated classification; Engel, Kraus and Ertl 2001,
/// without self-attenuation inside a segment), so that a thin opaque range cannot fall between two samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Lut {
    /// Value of the first entry.
    pub low: f32,
    /// Entries per unit of value.
    pub scale: f32,
    /// Extinction × linear red, green, blue, and extinction, per mm.
    pub direct: Vec<[f32; 4]>,
    /// Sum of the entries from the first to this one (trapezoids of width one entry).
    pub integral: Vec<[f32; 4]>,
    /// Up to this entry nothing is seen.
    clear_up_to: f32,
}

impl Lut {
    /// Samples a transfer function over its own values.
    pub(crate) fn new(function: &TransferFunction) -> Self {
        let (low, high) = function.span();
        Self::over(function, low, high)
    }

    /// Samples a transfer function from one value to another, so that several have tables that fit together.
    pub fn over(function: &TransferFunction, low: f64, high: f64) -> Self {
        let length = function.reference_length().0;
        let direct: Vec<[f32; 4]> = (0..LUT_ENTRIES)
            .map(|i| {
                let value = low + (high - low) * i as f64 / (LUT_ENTRIES - 1) as f64;
                let ([r, g, b], opacity) = function.at(value);
                let extinction = (-(1.0 - opacity.min(MOST_OPACITY)).ln() / length) as f32;
                [r * extinction, g * extinction, b * extinction, extinction]
            })
            .collect();
        Self::of_entries(direct, low, high)
    }

    /// A table in which nothing is seen.
    pub fn transparent(low: f64, high: f64) -> Self {
        Self::of_entries(vec![[0.0; 4]; LUT_ENTRIES], low, high)
    }

    /// Adds a table over the same values: extinctions add up, as in a mixture.
    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in [(&mut self.direct, &other.direct), (&mut self.integral, &other.integral)] {
            for (mine, theirs) in mine.iter_mut().flatten().zip(theirs.iter().flatten()) {
                *mine += theirs;
            }
        }
        self.clear_up_to = self.clear_up_to.min(other.clear_up_to);
    }

    fn of_entries(direct: Vec<[f32; 4]>, low: f64, high: f64) -> Self {
        let mut sum = [0f64; 4];
        let mut integral = vec![[0f32; 4]; LUT_ENTRIES];
        for i in 1..LUT_ENTRIES {
            for c in 0..4 {
                sum[c] += f64::from(direct[i - 1][c] + direct[i][c]) / 2.0;
                integral[i][c] = sum[c] as f32;
            }
        }
        Self {
            low: low as f32,
            scale: ((LUT_ENTRIES - 1) as f64 / (high - low)) as f32,
            direct,
            integral,
            clear_up_to: 0.0,
        }
        .seen()
    }

    /// Looks up to where nothing is seen.
    fn seen(mut self) -> Self {
        let first = self.direct.iter().position(|entry| entry[3] > 0.0);
        self.clear_up_to = match first {
            Some(0) => f32::NEG_INFINITY,
            Some(first) => (first - 1) as f32,
            None => f32::INFINITY,
        };
        self
    }

    /// The continuous entry number of a value. Beyond the table it goes on, up to ten million; what is not a number
    /// counts as very low.
    #[inline(always)]
    pub fn entry(&self, value: f32) -> f32 {
        #[allow(clippy::manual_clamp, reason = "clamp keeps NaN; of a number and NaN, max gives the number")]
        let entry = ((value - self.low) * self.scale).max(-1e7).min(1e7);
        entry
    }

    /// Extinction × colour and extinction at an entry.
    #[inline(always)]
    pub fn at(&self, entry: f32) -> [f32; 4] {
        interpolate(&self.direct, entry)
    }

    /// The mean extinction × colour and extinction over all values between two entries.
    #[inline]
    pub fn segment(&self, from: f32, to: f32) -> [f32; 4] {
        if from.max(to) <= self.clear_up_to {
            return [0.0; 4];
        }
        let across = to - from;
        if across.abs() < LUT_SHORT_SEGMENT {
            return interpolate(&self.direct, (from + to) * 0.5);
        }
        let (a, b) = (self.sum(from), self.sum(to));
        let per_entry = 1.0 / across;
        std::array::from_fn(|c| ((b[c] - a[c]) * per_entry).max(0.0))
    }

    /// The running integral up to an entry; beyond the ends it goes on with the end's entry.
    #[inline]
    fn sum(&self, entry: f32) -> [f32; 4] {
        let inside = entry.clamp(0.0, (LUT_ENTRIES - 1) as f32);
        let beyond = entry - inside;
        let mut sum = interpolate(&self.integral, inside);
        if beyond != 0.0 {
            let end = interpolate(&self.direct, inside);
            (0..4).for_each(|c| sum[c] += end[c] * beyond);
        }
        sum
    }

    /// Whether every value between two is wholly transparent.
    pub fn is_transparent(&self, low: f32, high: f32) -> bool {
        let last = LUT_ENTRIES - 1;
        let first = self.entry(low).floor().clamp(0.0, last as f32) as usize;
        let end = self.entry(high).ceil().clamp(0.0, last as f32) as usize;
        self.direct[first][3] == 0.0 && self.direct[end][3] == 0.0 && self.integral[first][3] == self.integral[end][3]
    }
}

#[inline(always)]
fn interpolate(table: &[[f32; 4]], entry: f32) -> [f32; 4] {
    let entry = entry.clamp(0.0, (LUT_ENTRIES - 1) as f32);
    let at = (entry as usize).min(LUT_ENTRIES - 2);
    let t = entry - at as f32;
    let (a, b) = (table[at], table[at + 1]);
    std::array::from_fn(|c| a[c] + (b[c] - a[c]) * t)
}
