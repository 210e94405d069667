//! What is done to values before the network sees them.

use rayon::prelude::*;

use crate::image::Image3;
use crate::model::Normalisation;

/// Does the steps in order. `inside` says for each value whether it counts for statistics of "what is not 0"; without it
/// those that are not 0 do.
pub fn normalise(image: &mut Image3, steps: &[Normalisation], inside: Option<&[bool]>) {
    for step in steps {
        match *step {
            Normalisation::Clip { low, high } => each(image, |v| v.clamp(low as f32, high as f32)),
            Normalisation::Shift { mean, deviation } => each(image, |v| ((f64::from(v) - mean) / deviation) as f32),
            Normalisation::ZScore { nonzero } => z_score(image, if nonzero { Some(inside) } else { None }),
            Normalisation::Scale { from, to, clip } => scale(image, from, to, clip),
            Normalisation::Percentile { from, to, clip } => {
                let ends = percentiles(image, from);
                scale(image, ends, to, clip);
            }
        }
    }
}

fn each(image: &mut Image3, change: impl Fn(f32) -> f32 + Sync) {
    image.data.par_chunks_mut(1 << 16).for_each(|chunk| chunk.iter_mut().for_each(|v| *v = change(*v)));
}

/// The line that takes `from` to `to`; a constant image becomes the lower end.
fn scale(image: &mut Image3, from: [f64; 2], to: [f64; 2], clip: bool) {
    let width = from[1] - from[0];
    let slope = if width == 0.0 { 0.0 } else { (to[1] - to[0]) / width };
    let (low, high) = (to[0].min(to[1]) as f32, to[0].max(to[1]) as f32);
    each(image, |v| {
        let scaled = ((f64::from(v) - from[0]) * slope + to[0]) as f32;
        if clip { scaled.clamp(low, high) } else { scaled }
    });
}

/// `masked`: nothing for all values, `Some(None)` for those that are not 0, `Some(Some(inside))` for those inside.
fn z_score(image: &mut Image3, masked: Option<Option<&[bool]>>) {
    let counts = |index: usize, value: f32| match masked {
        None => true,
        Some(None) => value != 0.0,
        Some(Some(inside)) => inside[index],
    };
    // Sums in fixed chunks, so that the result does not depend on the number of threads.
    let sums = |value: &(dyn Fn(f64) -> f64 + Sync)| -> (f64, f64) {
        let parts: Vec<(f64, f64)> = image
            .data
            .par_chunks(1 << 16)
            .enumerate()
            .map(|(n, chunk)| {
                let from = n << 16;
                let counted = chunk.iter().enumerate().filter(|(i, v)| counts(from + i, **v));
                counted.fold((0.0, 0.0), |(sum, count), (_, &v)| (sum + value(f64::from(v)), count + 1.0))
            })
            .collect();
        parts.iter().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1))
    };
    let (sum, count) = sums(&|v| v);
    if count == 0.0 {
        return;
    }
    let mean = sum / count;
    let (squares, _) = sums(&|v| (v - mean) * (v - mean));
    let deviation = (squares / count).sqrt().max(1e-8);
    image.data.par_chunks_mut(1 << 16).enumerate().for_each(|(n, chunk)| {
        for (i, value) in chunk.iter_mut().enumerate() {
            if counts((n << 16) + i, *value) {
                *value = ((f64::from(*value) - mean) / deviation) as f32;
            }
        }
    });
}

/// Percentiles by linear interpolation between the sorted values (NumPy's default).
fn percentiles(image: &Image3, wanted: [f64; 2]) -> [f64; 2] {
    if wanted == [0.0, 100.0] {
        let (low, high) = image.range();
        return [f64::from(low), f64::from(high)];
    }
    let mut sorted = image.data.clone();
    wanted.map(|percent| {
        let at = percent.clamp(0.0, 100.0) / 100.0 * (sorted.len() - 1) as f64;
        let low = at.floor() as usize;
        let (_, &mut value, above) = sorted.select_nth_unstable_by(low, f32::total_cmp);
        let next = above.iter().copied().fold(f32::INFINITY, f32::min);
        let next = if next.is_finite() { next } else { value };
        f64::from(value) + (f64::from(next) - f64::from(value)) * (at - low as f64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[f32]) -> Image3 {
        Image3 { sides: [1, 1, values.len()], data: values.to_vec() }
    }

    #[test]
    fn percentiles_by_hand() {
        let image = line(&[4.0, 1.0, 3.0, 2.0, 0.0]);
        assert_eq!(percentiles(&image, [25.0, 90.0]), [1.0, 3.6]);
    }

    #[test]
    fn z_score_of_what_is_not_zero() {
        let mut image = line(&[0.0, 2.0, 4.0]);
        normalise(&mut image, &[Normalisation::ZScore { nonzero: true }], None);
        assert_eq!(image.data, [0.0, -1.0, 1.0]);
    }

    #[test]
    fn ct_as_nnunet() {
        let mut image = line(&[-2000.0, 100.0]);
        let steps =
            [Normalisation::Clip { low: -1000.0, high: 300.0 }, Normalisation::Shift { mean: 100.0, deviation: 50.0 }];
        normalise(&mut image, &steps, None);
        assert_eq!(image.data, [-22.0, 0.0]);
    }
}
