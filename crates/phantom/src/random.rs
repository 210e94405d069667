//! Numbers that look random and depend on their key alone.

/// SplitMix64's finaliser: a bijection that scatters neighbouring keys.
#[inline]
pub fn scatter(key: u64) -> u64 {
    let mut z = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Uniform in 0 to 1.
#[inline]
pub fn uniform(key: u64) -> f64 {
    (scatter(key) >> 11) as f64 / (1u64 << 53) as f64
}

/// Mean 0, standard deviation 1, nearly Gaussian: the sum of twelve 16-bit uniforms (Irwin–Hall), ±6.
#[inline]
pub fn gaussian(key: u64) -> f64 {
    let (mut a, mut b, mut c) = (scatter(key), scatter(key ^ 0xA5A5_A5A5_5A5A_5A5A), scatter(!key));
    let mut sum = 0u64;
    for _ in 0..4 {
        sum += (a & 0xFFFF) + (b & 0xFFFF) + (c & 0xFFFF);
        (a, b, c) = (a >> 16, b >> 16, c >> 16);
    }
    // Twelve uniforms of variance 1/12 each; a 16-bit uniform's mean is half a step below its interval's middle.
    (sum as f64 + 6.0) / 65_536.0 - 6.0
}

/// A stream of such numbers.
pub struct Stream(u64);

impl Stream {
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self(purpose.bytes().fold(scatter(seed), |key, b| scatter(key ^ u64::from(b))))
    }

    /// Uniform between two values.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(1);
        low + (high - low) * uniform(self.0)
    }
}
