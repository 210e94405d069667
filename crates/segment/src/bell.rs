//! The bell curve, the same on every machine.

/// exp(-x²/2), from basic arithmetic alone: libraries' `exp` differs from machine to machine in the last bits. Off by at
/// most 10⁻¹⁵; from x = 8 on, where it is below 10⁻¹³, it is 0.
pub fn bell(x: f64) -> f64 {
    if x.is_nan() || x.abs() >= 8.0 {
        return 0.0;
    }
    // exp(y) = exp(y / 32)³² keeps the series short.
    let y = -0.5 * x * x / 32.0;
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..=24 {
        term = term * y / f64::from(n);
        sum += term;
    }
    (0..5).fold(sum, |power, _| power * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_exponential() {
        for n in -800..=800 {
            let x = f64::from(n) / 100.0;
            let library = (-0.5 * x * x).exp();
            assert!((bell(x) - library).abs() < 1e-13, "{x}");
        }
        assert_eq!((bell(0.0), bell(9.0), bell(f64::NAN)), (1.0, 0.0, 0.0));
    }
}
