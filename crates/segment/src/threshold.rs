//! Thresholds.

use fabrica_progress::Progress;
use fabrica_volume::{Mask, Sample, Volume, with_samples};

use crate::SegmentError;
use crate::rows::mask_from_rows;

/// A sample type that can be held against bounds given as `f64`.
trait Bounded: Sample {
    /// The least and greatest value of this type within `lower..=upper`, or nothing when there is none.
    fn bounds(lower: f64, upper: f64) -> Option<(Self, Self)>;
}

macro_rules! bounded_integer {
    ($($t:ty),*) => {$(
        impl Bounded for $t {
            fn bounds(lower: f64, upper: f64) -> Option<(Self, Self)> {
                let (lower, upper) = (lower.ceil().max(f64::from(<$t>::MIN)), upper.floor().min(f64::from(<$t>::MAX)));
                (lower <= upper).then_some((lower as $t, upper as $t))
            }
        }
    )*};
}
bounded_integer!(u8, i16, u16, i32);

impl Bounded for f32 {
    fn bounds(lower: f64, upper: f64) -> Option<(Self, Self)> {
        // Rounding must not let a value in that lies outside the bounds in f64.
        let mut low = lower as f32;
        if f64::from(low) < lower {
            low = low.next_up();
        }
        let mut high = upper as f32;
        if f64::from(high) > upper {
            high = high.next_down();
        }
        (low <= high).then_some((low, high))
    }
}

/// The voxels whose value lies in `lower..=upper`, in the volume's unit. Either bound may be infinite.
///
/// Values that are not a number, and values that the volume declares as padding ("not measured"), never belong.
///
/// # Errors
/// When a bound is not a number or `lower > upper`, or when cancelled.
pub fn threshold(volume: &Volume, lower: f64, upper: f64, progress: &Progress) -> Result<Mask, SegmentError> {
    check_bounds(lower, upper)?;
    let mask = with_samples!(volume.samples().view(), |s| within(volume, s, lower, upper, progress))?;
    match &volume.padding {
        Some(padding) if *padding.start() <= upper && *padding.end() >= lower => {
            let (start, end) = (*padding.start(), *padding.end());
            let padded = with_samples!(volume.samples().view(), |s| within(volume, s, start, end, progress))?;
            Ok(mask.combine(&padded, |a, b| a & !b)?)
        }
        _ => Ok(mask),
    }
}

pub(crate) fn check_bounds(lower: f64, upper: f64) -> Result<(), SegmentError> {
    if lower <= upper {
        Ok(())
    } else {
        Err(SegmentError::Parameter(format!("no value lies between {lower} and {upper}; the lower bound comes first")))
    }
}

fn within<T: Bounded>(
    volume: &Volume,
    samples: &[T],
    lower: f64,
    upper: f64,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    let Some((low, high)) = T::bounds(lower, upper) else { return Ok(Mask::empty(volume.grid().clone())) };
    let [nx, ny, _] = volume.grid().dims();
    mask_from_rows(volume.grid(), progress, |j, k, words| {
        let start = nx * (j + ny * k);
        let row = &samples[start..start + nx];
        for (word, values) in words.iter_mut().zip(row.chunks(64)) {
            *word = pack(values, low, high);
        }
    })
}

/// One bit for each of up to 64 values. The comparisons go to bytes first, which the compiler vectorises; eight bytes
/// of 0 or 1 then become eight bits by one multiplication.
#[inline]
fn pack<T: PartialOrd + Copy>(values: &[T], low: T, high: T) -> u64 {
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut inside = [0u8; 64];
    for (inside, &value) in inside.iter_mut().zip(values) {
        *inside = u8::from((value >= low) & (value <= high));
    }
    let (bytes, _) = inside.as_chunks::<8>();
    bytes
        .iter()
        .enumerate()
        .fold(0, |word, (n, &bytes)| word | (u64::from_le_bytes(bytes).wrapping_mul(GATHER) >> 56) << (8 * n))
}
