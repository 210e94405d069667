//! What choosing an extreme does to it.
//!
//! The greatest of several values that err independently is too great, the least too small: of m Gaussian values of
//! standard deviation σ by about σ E(m), the mean of the greatest of m standard Gaussian ones. Only candidates near the
//! extreme count. What is expected is taken off, and half of it is added to the error, since the count is a guess.

/// The mean of the greatest of `count` standard Gaussian values; 0 up to 1. Blom's approximation, Φ⁻¹((m - 0.375) / (m +
/// 0.25)), good to 0.02 (Blom, "Statistical estimates and transformed beta-variables", 1958).
pub(crate) fn expected(count: f64) -> f64 {
    if count <= 1.0 {
        return 0.0;
    }
    quantile((count - 0.375) / (count + 0.25))
}

/// How many independent candidates there are among values spaced `alike` times more closely than they are independent:
/// those within two standard deviations of the extreme.
pub(crate) fn candidates(values: impl Iterator<Item = f64>, extreme: f64, sd: f64, alike: f64) -> f64 {
    values.filter(|v| (v - extreme).abs() <= 2.0 * sd).count() as f64 / alike.max(1.0)
}

/// The standard Gaussian quantile from 0.5 up to 4.5e-4 (Abramowitz and Stegun 1964, 26.2.23).
fn quantile(p: f64) -> f64 {
    let t = (-2.0 * (1.0 - p).max(1e-300).ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    (t - above / below).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_of_some_is_as_tables_say() {
        // Order statistics of Gaussian samples: Harter 1961.
        for (count, mean) in [(2.0, 0.5642), (3.0, 0.8463), (5.0, 1.1630), (10.0, 1.5388), (30.0, 2.0428)] {
            assert!((expected(count) - mean).abs() < 0.03, "{count}: {}", expected(count));
        }
        assert_eq!(expected(0.3), 0.0);
    }
}
