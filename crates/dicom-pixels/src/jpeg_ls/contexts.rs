//! The contexts' statistics (ITU-T T.87 A.6, A.7.2).

use super::header::Presets;

/// The statistics of a context of the regular mode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// A: sum of the magnitudes of errors.
    magnitude: u32,
    /// B: sum of errors that the bias does not account for.
    drift: i32,
    /// C: correction of the prediction.
    pub bias: i32,
    /// N: how many samples.
    count: i32,
}

impl Context {
    pub fn new(range: i32) -> Self {
        Self { magnitude: first_magnitude(range), drift: 0, bias: 0, count: 1 }
    }

    /// k: how many low bits of an error are coded plainly.
    #[inline(always)]
    pub fn plain_bits(&self) -> u32 {
        plain_bits(self.count, self.magnitude)
    }

    /// Whether lossless errors coded without plain bits are complemented (A.5.2).
    #[inline(always)]
    pub fn leans_negative(&self) -> bool {
        2 * self.drift <= -self.count
    }

    /// Learns from an error (A.6); `step` is 2·NEAR + 1.
    #[inline(always)]
    pub fn learn(&mut self, error: i32, step: i32, reset: i32) {
        self.magnitude += error.unsigned_abs();
        self.drift += error * step;
        if self.count == reset {
            self.magnitude >>= 1;
            self.drift >>= 1;
            self.count >>= 1;
        }
        self.count += 1;
        if self.drift <= -self.count {
            self.bias = (self.bias - 1).max(-128);
            self.drift = (self.drift + self.count).max(1 - self.count);
        } else if self.drift > 0 {
            self.bias = (self.bias + 1).min(127);
            self.drift = (self.drift - self.count).min(0);
        }
    }
}

/// The statistics of a context of samples that interrupt a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunContext {
    magnitude: u32,
    count: i32,
    /// Nn: how many errors were negative.
    negative: i32,
    /// RItype: 1 where the sample above is like the run's.
    pub kind: u32,
}

impl RunContext {
    pub fn new(range: i32, kind: u32) -> Self {
        Self { magnitude: first_magnitude(range), count: 1, negative: 0, kind }
    }

    /// k: how many low bits of an error are coded plainly.
    pub fn plain_bits(&self) -> u32 {
        plain_bits(self.count, self.magnitude + self.kind * (self.count as u32 >> 1))
    }

    /// The error that a code with so many plain bits stands for; learns from it.
    pub fn error(&mut self, code: u32, plain_bits: u32, reset: i32) -> i32 {
        let doubled = code + self.kind;
        let odd = doubled & 1 == 1;
        let size = doubled.div_ceil(2) as i32;
        let error = if odd == (plain_bits != 0 || 2 * self.negative >= self.count) { -size } else { size };
        if error < 0 {
            self.negative += 1;
        }
        self.magnitude += (code + 1 - self.kind) >> 1;
        if self.count == reset {
            self.magnitude >>= 1;
            self.count >>= 1;
            self.negative >>= 1;
        }
        self.count += 1;
        error
    }
}

fn first_magnitude(range: i32) -> u32 {
    ((range as u32 + 32) / 64).max(2)
}

/// The smallest k with count·2ᵏ ≥ magnitude.
#[inline(always)]
fn plain_bits(count: i32, magnitude: u32) -> u32 {
    let count = count as u32;
    let k = count.leading_zeros().saturating_sub(magnitude.leading_zeros());
    if count << k < magnitude { k + 1 } else { k }
}

/// The class, -4 to 4, of each gradient from -MAXVAL to MAXVAL (A.3.3).
pub(super) fn gradient_classes(presets: &Presets, near: i32) -> Vec<i8> {
    let [t1, t2, t3] = presets.thresholds;
    let class = |size: i32| match size {
        size if size <= near => 0,
        size if size < t1 => 1,
        size if size < t2 => 2,
        size if size < t3 => 3,
        _ => 4,
    };
    let mut classes: Vec<i8> = (0..=presets.max).rev().map(|size| -class(size)).collect();
    classes.extend((1..=presets.max).map(class));
    classes
}
