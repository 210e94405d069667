//! Less noise from few samples, for pictures while something moves. It guesses; what it has touched is marked so.

use rayon::prelude::*;

use crate::film::{Film, FilmPixel};

/// Rounds of smoothing; each reaches twice as far as the one before.
const ROUNDS: u32 = 5;
/// Differences of brightness up to so many standard deviations of the noise are noise.
const BRIGHTNESS: f32 = 3.0;
/// How unlike neighbours' normals (squared chord), colours (squared) and depths (share of the depth) may be.
const NORMAL: f32 = 0.15;
const COLOUR: f32 = 0.02;
const DEPTH: f32 = 0.006;

/// A pixel on its way through the rounds.
#[derive(Clone, Copy, Default)]
struct Pixel {
    /// Light of what is covered over its colour.
    light: [f32; 3],
    /// Variance of its brightness.
    variance: f32,
}

/// What stays the same through the rounds, and tells edges from noise.
#[derive(Clone, Copy)]
struct Guide {
    colour: [f32; 3],
    normal: [f32; 3],
    depth: f32,
    covered: f32,
}

/// The film's mean light and coverage, as [`Film::means`], smoothed where colour, normal and depth of what is seen first
/// are alike: edge-avoiding à-trous wavelets (Dammertz et al. 2010) that follow the estimated noise (Schied et al.
/// 2017). Coverage stays as it is.
///
/// It may wash out shadows and highlights that lie within the noise, so a picture made of it must say so.
pub fn denoise(film: &Film) -> Vec<[f32; 4]> {
    let [width, height] = film.size().map(|n| n as i64);
    let guides: Vec<Guide> = film.pixels().par_iter().map(Guide::new).collect();
    let noisy: Vec<Pixel> = film.pixels().par_iter().zip(&guides).map(|(p, g)| Pixel::new(p, g)).collect();
    // Variances from few samples are noisy themselves.
    let mut pixels: Vec<Pixel> = (0..noisy.len())
        .into_par_iter()
        .map(|n| {
            let near = around(n as i64, width, height, 1, 1).filter(|&(q, _)| guides[q].covered > 0.0);
            let (sum, count) = near.fold((0.0, 0.0), |(sum, count), (q, _)| (sum + noisy[q].variance, count + 1.0));
            Pixel { variance: if count > 0.0 { sum / count } else { 0.0 }, ..noisy[n] }
        })
        .collect();
    for round in 0..ROUNDS {
        let before = pixels;
        let smooth = |n: usize| smooth(n, width, height, 1 << round, &before, &guides);
        pixels = (0..before.len()).into_par_iter().map(smooth).collect();
    }
    pixels
        .par_iter()
        .zip(&guides)
        .map(|(pixel, guide)| {
            let [r, g, b] = std::array::from_fn(|c| pixel.light[c] * shade(guide.colour[c]) * guide.covered);
            [r, g, b, guide.covered]
        })
        .collect()
}

/// What light is divided by: the colour, but never so dark that noise would grow.
fn shade(colour: f32) -> f32 {
    colour + 0.05
}

impl Guide {
    fn new(pixel: &FilmPixel) -> Self {
        let met = pixel.covered.max(1.0);
        let covered = pixel.covered / pixel.samples.max(1) as f32;
        let mean = |sum: [f32; 3]| sum.map(|c| c / met);
        Self { colour: mean(pixel.albedo), normal: mean(pixel.normal), depth: pixel.depth / met, covered }
    }
}

impl Pixel {
    fn new(pixel: &FilmPixel, guide: &Guide) -> Self {
        if guide.covered <= 0.0 {
            return Self::default();
        }
        let n = pixel.samples.max(1) as f32;
        let covered = n * guide.covered;
        let light = std::array::from_fn(|c| pixel.radiance[c] / covered / shade(guide.colour[c]));
        let mean = pixel.radiance.iter().sum::<f32>() / 3.0 / n;
        // One sample says nothing of its noise: then it is as great as the light.
        let variance =
            if pixel.samples > 1 { (pixel.square / n - mean * mean).max(0.0) / (n - 1.0) } else { mean * mean };
        let scale = shade(guide.colour.iter().sum::<f32>() / 3.0) * guide.covered;
        Self { light, variance: variance / (scale * scale) }
    }
}

fn smooth(n: usize, width: i64, height: i64, step: i64, before: &[Pixel], guides: &[Guide]) -> Pixel {
    let (own, guide) = (&before[n], &guides[n]);
    if guide.covered <= 0.0 {
        return *own;
    }
    let brightness = |p: &Pixel| p.light.iter().sum::<f32>() / 3.0;
    let noise = BRIGHTNESS * own.variance.sqrt() + 1e-4;
    let squared = |a: [f32; 3], b: [f32; 3]| (0..3).map(|c| (a[c] - b[c]).powi(2)).sum::<f32>();
    let (mut light, mut variance, mut total) = ([0f32; 3], 0f32, 0f32);
    for (q, kernel) in around(n as i64, width, height, 2, step) {
        let (other, near) = (&before[q], &guides[q]);
        if near.covered <= 0.0 {
            continue;
        }
        let unlike = (brightness(own) - brightness(other)).abs() / noise
            + squared(guide.normal, near.normal) / NORMAL
            + squared(guide.colour, near.colour) / COLOUR
            + (guide.depth - near.depth).abs() / (DEPTH * guide.depth.max(1.0) * step as f32);
        let weight = kernel * near.covered * (-unlike).exp();
        (0..3).for_each(|c| light[c] += weight * other.light[c]);
        variance += weight * weight * other.variance;
        total += weight;
    }
    Pixel { light: light.map(|l| l / total), variance: variance / (total * total) }
}

/// The pixels at up to `reach` steps round a pixel, inside the picture, with the weights of a cubic B-spline.
fn around(n: i64, width: i64, height: i64, reach: i64, step: i64) -> impl Iterator<Item = (usize, f32)> {
    const SPLINE: [f32; 3] = [0.375, 0.25, 0.0625];
    let (x, y) = (n % width, n / width);
    (-reach..=reach).flat_map(move |dy| {
        (-reach..=reach).filter_map(move |dx| {
            let (i, j) = (x + dx * step, y + dy * step);
            let inside = (0..width).contains(&i) && (0..height).contains(&j);
            let weight = SPLINE[dx.unsigned_abs() as usize] * SPLINE[dy.unsigned_abs() as usize];
            inside.then_some(((i + j * width) as usize, weight))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Two halves of different colour under light of 1, with noise of this size.
    fn film(noise: f32) -> Film {
        let (side, samples) = (32u32, 8);
        let mut random = Random::new([1, 2], 3);
        let pixels = (0..side * side).map(|n| {
            let albedo = if n % side < side / 2 { [0.8, 0.2, 0.1] } else { [0.1, 0.6, 0.8] };
            let mut pixel = FilmPixel::default();
            for _ in 0..samples {
                let light = 1.0 + noise * (random.number() - 0.5);
                let radiance = albedo.map(|a: f32| shade(a) * light);
                (0..3).for_each(|c| pixel.radiance[c] += radiance[c]);
                pixel.square += (radiance.iter().sum::<f32>() / 3.0).powi(2);
            }
            let n = samples as f32;
            FilmPixel {
                covered: n,
                albedo: albedo.map(|a| a * n),
                depth: 100.0 * n,
                normal: [0.0, 0.0, n],
                samples,
                ..pixel
            }
        });
        Film::from_pixels([side, side], pixels.collect()).unwrap()
    }

    fn error(light: &[[f32; 4]]) -> f32 {
        let truth = film(0.0).means();
        let sum: f32 = light.iter().zip(&truth).map(|(a, b)| (0..3).map(|c| (a[c] - b[c]).powi(2)).sum::<f32>()).sum();
        (sum / light.len() as f32).sqrt()
    }

    #[test]
    fn what_has_no_noise_stays_as_it_is() {
        assert!(error(&denoise(&film(0.0))) < 1e-4);
    }

    #[test]
    fn noise_goes_and_edges_stay() {
        let noisy = film(1.5);
        let (before, after) = (error(&noisy.means()), error(&denoise(&noisy)));
        assert!(after < before / 5.0, "{before} {after}");
    }

    #[test]
    fn nothing_stays_nothing() {
        let film = Film::new([3, 2]).unwrap();
        assert_eq!(denoise(&film), vec![[0.0; 4]; 6]);
    }
}
