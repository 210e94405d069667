//! Where voxels may change.

use std::ops::RangeInclusive;

use fabrica_plan::{Area, Limits};
use fabrica_volume::{Mask, Sample, Volume, with_samples};

/// The limits of a stroke, with what they refer to at hand.
pub(crate) struct Editable<'a> {
    area: Option<(bool, Vec<&'a Mask>)>,
    values: Option<(&'a Volume, f64, f64)>,
}

impl<'a> Editable<'a> {
    /// `mask` gives the masks of the structures named, `volume` the target's volume when values are limited.
    pub fn new(limits: &Limits, mask: impl Fn(&str) -> Option<&'a Mask>, volume: Option<&'a Volume>) -> Self {
        let masks = |names: &[String]| names.iter().filter_map(|n| mask(n)).collect();
        let area = match &limits.area {
            Area::Everywhere => None,
            Area::Inside(names) => Some((true, masks(names))),
            Area::Outside(names) => Some((false, masks(names))),
        };
        let values = limits.values.zip(volume).map(|(range, volume)| {
            let (lower, upper) = range.ends();
            (volume, lower, upper)
        });
        Self { area, values }
    }

    /// Whether everything may change.
    pub fn is_everything(&self) -> bool {
        self.area.is_none() && self.values.is_none()
    }

    /// The bits of word `at` of all words that may change. Bits beyond a row's end mean nothing.
    #[inline]
    pub fn word(&self, at: usize, row_words: usize) -> u64 {
        let mut bits = u64::MAX;
        if let Some((inside, masks)) = &self.area {
            let any = masks.iter().fold(0, |any, m| any | m.words().get(at).copied().unwrap_or(0));
            bits = if *inside { any } else { !any };
        }
        if let (Some((volume, lower, upper)), true) = (&self.values, bits != 0) {
            bits &= values_word(volume, at, row_words, *lower, *upper);
        }
        bits
    }
}

/// Which of the up to 64 voxels of a word have a value in `lower..=upper`. Not a number and padding lie in no range.
pub(crate) fn values_word(volume: &Volume, at: usize, row_words: usize, lower: f64, upper: f64) -> u64 {
    let nx = volume.grid().dims()[0];
    let first = at / row_words * nx + at % row_words * 64;
    let count = (nx - at % row_words * 64).min(64);
    let padding = volume.padding.as_ref();
    with_samples!(volume.samples().view(), |s| s
        .get(first..first + count)
        .map_or(0, |values| pack(values, lower, upper, padding)))
}

#[inline]
fn pack<T: Sample>(values: &[T], lower: f64, upper: f64, padding: Option<&RangeInclusive<f64>>) -> u64 {
    values.iter().enumerate().fold(0, |word, (bit, value)| {
        let value = value.to_f64();
        let inside = value >= lower && value <= upper && !padding.is_some_and(|p| p.contains(&value));
        word | u64::from(inside) << bit
    })
}
