//! Which type holds the real-world values of a phase exactly, and the way from stored values to it.

use std::cell::Cell;
use std::ops::RangeInclusive;

use crate::frame::{Frame, Rescale};
use crate::lut::Lut;

/// A type of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SampleType {
    U8,
    I16,
    /// Nearly always wide enough where the header would allow more: 16 bits stored with an offset, as in CT. Checked
    /// while decoding.
    TryI16,
    U16,
    I32,
    F32,
}

/// The narrowest type for all values that the headers allow.
pub(crate) fn sample_type(frames: &[Frame]) -> SampleType {
    if frames.iter().any(|f| f.file.floating) {
        return SampleType::F32;
    }
    let whole = |r: Rescale| r.slope.fract() == 0.0 && r.intercept.fract() == 0.0;
    if !frames.iter().all(|f| whole(f.facts.rescale)) {
        return SampleType::F32;
    }
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for frame in frames {
        let (a, b) = frame.file.lut.as_ref().map_or_else(|| frame.file.layout.value_range(), Lut::range);
        for stored in [a, b] {
            let value = frame.facts.rescale.apply(stored as f64);
            low = low.min(value);
            high = high.max(value);
        }
    }
    let within = |range: RangeInclusive<f64>| range.contains(&low) && range.contains(&high);
    if within(0.0..=255.0) {
        SampleType::U8
    } else if within(f64::from(i16::MIN)..=f64::from(i16::MAX)) {
        SampleType::I16
    } else if within(0.0..=f64::from(u16::MAX)) {
        SampleType::U16
    } else if within(-131_072.0..=131_071.0) {
        SampleType::TryI16
    } else if within(f64::from(i32::MIN)..=f64::from(i32::MAX)) {
        SampleType::I32
    } else {
        SampleType::F32
    }
}

/// A sample made from a stored value.
pub(crate) trait FromStored: Copy + Default + Send + Sync + 'static {
    /// The real-world value of `stored`; says in `overflow` when it does not fit.
    fn from_stored(stored: i32, rescale: Rescale, overflow: &Cell<bool>) -> Self;

    /// The real-world value of a stored one that is floating point.
    fn from_floating(stored: f64, rescale: Rescale) -> Self {
        Self::nearest(rescale.apply(stored))
    }

    /// The nearest sample to a value that lies between samples.
    fn nearest(value: f64) -> Self;
}

macro_rules! whole {
    ($($t:ty),*) => {$(
        impl FromStored for $t {
            #[inline(always)]
            fn from_stored(stored: i32, rescale: Rescale, overflow: &Cell<bool>) -> Self {
                // Both are whole and in range of i32, by `sample_type`.
                let value = stored.wrapping_mul(rescale.slope as i32).wrapping_add(rescale.intercept as i32);
                overflow.set(overflow.get() | (i32::from(value as $t) != value));
                value as $t
            }

            #[inline(always)]
            fn nearest(value: f64) -> Self {
                value.round() as $t
            }
        }
    )*};
}
whole!(u8, i16, u16, i32);

impl FromStored for f32 {
    #[inline(always)]
    fn from_stored(stored: i32, rescale: Rescale, _: &Cell<bool>) -> Self {
        rescale.apply(f64::from(stored)) as f32
    }

    #[inline(always)]
    fn nearest(value: f64) -> Self {
        value as f32
    }
}

/// The padding values of each slice in real-world values, as samples hold them.
pub(crate) fn paddings(frames: &[Frame]) -> Vec<Option<RangeInclusive<f64>>> {
    let single = sample_type(frames) == SampleType::F32;
    let of = |frame: &Frame| {
        let (a, b) = frame.file.padding?;
        let [a, b] = [a, b].map(|stored| {
            let stored = frame.file.lut.as_ref().map_or(stored, |lut| lut.value(stored));
            let value = frame.facts.rescale.apply(stored.into());
            if single { f64::from(value as f32) } else { value }
        });
        Some(a.min(b)..=a.max(b))
    };
    frames.iter().map(of).collect()
}
