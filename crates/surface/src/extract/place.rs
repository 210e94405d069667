//! Where on a grid edge the surface crosses.

use fabrica_volume::Sample;

/// Tells how far from the inside sample towards its outside neighbour the surface crosses: 0 to 1, both excluded.
pub(super) trait Place: Sync {
    fn fraction(&self, inside: usize, outside: usize) -> f64;
}

/// Half way: all that a mask tells.
pub(super) struct HalfWay;

impl Place for HalfWay {
    #[inline(always)]
    fn fraction(&self, _: usize, _: usize) -> f64 {
        0.5
    }
}

/// Where somebody else says.
pub(super) struct Told<F>(pub(super) F);

impl<F: Fn(usize, usize) -> f64 + Sync> Place for Told<F> {
    #[inline(always)]
    fn fraction(&self, inside: usize, outside: usize) -> f64 {
        // Both ends are excluded, else triangles would lose their area; NaN goes half way.
        let fraction = (self.0)(inside, outside);
        if fraction.is_nan() { 0.5 } else { fraction.clamp(1.0 / 128.0, 127.0 / 128.0) }
    }
}

/// Where linear interpolation reaches the isovalue; half way where the edge does not cross it.
pub(super) struct Interpolated<'a, T> {
    pub(super) samples: &'a [T],
    pub(super) isovalue: f64,
    /// The least distance from a sample. A sample of exactly the isovalue would else draw several vertices to one
    /// place, and triangles without area between them.
    pub(super) inset: f64,
}

impl<T: Sample> Place for Interpolated<'_, T> {
    #[inline(always)]
    fn fraction(&self, inside: usize, outside: usize) -> f64 {
        let (high, low) = (self.samples[inside].to_f64(), self.samples[outside].to_f64());
        // Also wrong for NaN, which is outside.
        if high >= self.isovalue && low < self.isovalue {
            let fraction = (high - self.isovalue) / (high - low);
            // Infinity less infinity.
            if fraction.is_nan() { 0.5 } else { fraction.clamp(self.inset, 1.0 - self.inset) }
        } else {
            0.5
        }
    }
}

/// A sample type that knows its least value at or above a threshold.
pub(super) trait Threshold: Sample {
    /// The least value of this type that is at least `isovalue`, or nothing when none is.
    fn at_least(isovalue: f64) -> Option<Self>;
}

macro_rules! integers {
    ($($t:ty),*) => {$(
        impl Threshold for $t {
            fn at_least(isovalue: f64) -> Option<Self> {
                let least = isovalue.ceil().max(<$t>::MIN.into());
                (least <= <$t>::MAX.into()).then_some(least as $t)
            }
        }
    )*};
}
integers!(u8, i16, u16, i32);

impl Threshold for f32 {
    fn at_least(isovalue: f64) -> Option<Self> {
        let nearest = isovalue as f32;
        Some(if f64::from(nearest) < isovalue { nearest.next_up() } else { nearest })
    }
}

/// Sets a bit for each sample of a row that is at least `threshold`.
pub(super) fn pack_row<T: Threshold>(row: &[T], threshold: T, words: &mut [u64]) {
    let mut chunks = row.chunks_exact(64);
    let mut at = words.iter_mut();
    for (chunk, word) in (&mut chunks).zip(&mut at) {
        let mut bytes = [0u8; 64];
        for (byte, &sample) in bytes.iter_mut().zip(chunk) {
            *byte = u8::from(sample >= threshold);
        }
        *word = 0;
        for (eighth, eight) in bytes.as_chunks::<8>().0.iter().enumerate() {
            // The product gathers the eight lowest bits in the top byte.
            let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            *word |= gathered << (8 * eighth);
        }
    }
    if let Some(word) = at.next() {
        *word = 0;
        for (bit, &sample) in chunks.remainder().iter().enumerate() {
            *word |= u64::from(sample >= threshold) << bit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_the_least_value_at_or_above() {
        assert_eq!(i16::at_least(200.5), Some(201));
        assert_eq!(i16::at_least(-200.0), Some(-200));
        assert_eq!(u8::at_least(-5.0), Some(0));
        assert_eq!(u8::at_least(255.5), None);
        assert_eq!(i32::at_least(2_147_483_647.0), Some(i32::MAX));
        assert_eq!(f32::at_least(0.5), Some(0.5));
        assert!(
            f64::from(f32::at_least(0.1).unwrap()) >= 0.1 && f64::from(f32::at_least(0.1).unwrap().next_down()) < 0.1
        );
    }

    #[test]
    fn bits_tell_which_samples_reach_the_threshold() {
        let row: Vec<i16> = (0..150).map(|i| (i * 37 % 101) as i16).collect();
        let mut words = [u64::MAX; 3];
        pack_row(&row, 50, &mut words);
        for (i, &v) in row.iter().enumerate() {
            assert_eq!(words[i / 64] >> (i % 64) & 1 == 1, v >= 50, "{i}");
        }
        assert_eq!(words[2] >> (150 - 128), 0);
    }

    #[test]
    fn crossings_keep_off_the_samples() {
        let place = Interpolated { samples: &[100i16, 0, 50, -50], isovalue: 50.0, inset: 0.01 };
        assert_eq!(place.fraction(0, 1), 0.5);
        assert_eq!(place.fraction(2, 3), 0.01);
        assert_eq!(place.fraction(1, 3), 0.5);
        let odd = Interpolated { samples: &[1.0, f32::NAN, f32::NEG_INFINITY], isovalue: 0.5, inset: 0.01 };
        assert_eq!(odd.fraction(0, 1), 0.5);
        assert_eq!(odd.fraction(0, 2), 0.01);
    }
}
