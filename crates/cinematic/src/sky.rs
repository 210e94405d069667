//! Light from everywhere: an environment as a table that is sampled by its brightness.

use std::f32::consts::{PI, TAU};

use glam::Vec3;
use rayon::prelude::*;

/// Texels of a [`Sky`] round the horizon and from bottom to top.
pub const SKY_TEXELS: [usize; 2] = [192, 96];

/// Light from far away in every direction: texels of equal solid angle, each of one radiance.
///
/// Columns go round `y` (up) from `-z`, rows are even in the sine of the height, so that every texel covers the same solid
/// angle. Within a texel the radiance is constant: what is sampled is exactly what is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Sky {
    /// Linear red, green, blue of each texel, and how often it is chosen relative to the mean.
    pub texels: Vec<[f32; 4]>,
    /// Walker's alias table (1977): with this probability the texel itself, else the other one.
    pub alias: Vec<(f32, u32)>,
    /// Mean of red, green and blue over all directions.
    pub mean: f32,
}

/// A direction of a sky, with its light.
#[derive(Clone, Copy, Debug)]
pub struct SkySample {
    /// Unit direction to the light.
    pub direction: Vec3,
    /// Linear red, green, blue.
    pub radiance: Vec3,
    /// Density, per steradian.
    pub density: f32,
}

impl Sky {
    /// A sky of this radiance in each direction (averaged over 3 × 3 points of each texel).
    pub fn new(radiance: impl Fn(Vec3) -> Vec3 + Sync) -> Self {
        let [columns, rows] = SKY_TEXELS;
        let texel = |n: usize| {
            let (column, row) = ((n % columns) as f32, (n / columns) as f32);
            let points = (0..9).map(|p| {
                let (u, v) = ((p % 3) as f32 / 3.0 + 1.0 / 6.0, (p / 3) as f32 / 3.0 + 1.0 / 6.0);
                radiance(direction([(column + u) / columns as f32, (row + v) / rows as f32]))
            });
            points.fold(Vec3::ZERO, |sum, r| sum + r.max(Vec3::ZERO)) / 9.0
        };
        let colours: Vec<Vec3> = (0..columns * rows).into_par_iter().map(texel).collect();
        let brightness = |c: &Vec3| f64::from(c.element_sum()) / 3.0;
        let mean = colours.iter().map(brightness).sum::<f64>() / colours.len() as f64;
        let relative: Vec<f64> = colours.iter().map(|c| if mean > 0.0 { brightness(c) / mean } else { 1.0 }).collect();
        let texels = colours.iter().zip(&relative).map(|(c, &r)| [c.x, c.y, c.z, r as f32]).collect();
        Self { texels, alias: alias_table(relative), mean: mean as f32 }
    }

    /// The light from a direction, and the density with which [`Sky::sample`] chooses it.
    #[inline]
    pub fn look(&self, direction: Vec3) -> (Vec3, f32) {
        let [columns, rows] = SKY_TEXELS;
        let u = direction.x.atan2(-direction.z) / TAU + 0.5;
        let v = direction.y * 0.5 + 0.5;
        let column = ((u * columns as f32).max(0.0) as usize).min(columns - 1);
        let row = ((v * rows as f32).max(0.0) as usize).min(rows - 1);
        let [r, g, b, relative] = self.texels[column + row * columns];
        (Vec3::new(r, g, b), relative / (4.0 * PI))
    }

    /// Chooses a direction by brightness.
    #[inline]
    pub fn sample(&self, [u, v]: [f32; 2]) -> SkySample {
        let count = self.texels.len();
        let scaled = u * count as f32;
        let chosen = (scaled as usize).min(count - 1);
        let rest = scaled - chosen as f32;
        let (probability, other) = self.alias[chosen];
        // What is left of u after the choice is a random number again.
        let (texel, rest) = if rest < probability {
            (chosen, rest / probability.max(1e-6))
        } else {
            (other as usize, (rest - probability) / (1.0 - probability).max(1e-6))
        };
        let [columns, rows] = SKY_TEXELS;
        let at = [
            ((texel % columns) as f32 + rest.clamp(0.0, 0.9999)) / columns as f32,
            ((texel / columns) as f32 + v) / rows as f32,
        ];
        let [r, g, b, relative] = self.texels[texel];
        SkySample { direction: direction(at), radiance: Vec3::new(r, g, b), density: relative / (4.0 * PI) }
    }
}

/// The direction at a part of the way round and up.
#[inline]
fn direction([u, v]: [f32; 2]) -> Vec3 {
    let y = (2.0 * v - 1.0).clamp(-1.0, 1.0);
    let level = (1.0 - y * y).sqrt();
    let (sin, cos) = ((u - 0.5) * TAU).sin_cos();
    Vec3::new(level * sin, y, -level * cos)
}

/// Vose's construction (1991) from weights whose mean is 1.
fn alias_table(mut weight: Vec<f64>) -> Vec<(f32, u32)> {
    let mut table: Vec<(f32, u32)> = (0..weight.len()).map(|n| (1.0, n as u32)).collect();
    let (mut low, mut high): (Vec<usize>, Vec<usize>) = (0..weight.len()).partition(|&n| weight[n] < 1.0);
    while let (Some(&small), Some(&large)) = (low.last(), high.last()) {
        low.pop();
        table[small] = (weight[small] as f32, large as u32);
        weight[large] -= 1.0 - weight[small];
        if weight[large] < 1.0 {
            high.pop();
            low.push(large);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// A dim sky with a bright spot, known in closed form: a cap of 0.2 sr·(1 − cos) at radiance 50.
    fn spot() -> Sky {
        Sky::new(|d| if d.dot(Vec3::new(0.6, 0.0, 0.8)) > 0.95 { Vec3::splat(50.0) } else { Vec3::new(0.2, 0.1, 0.3) })
    }

    #[test]
    fn sampling_finds_what_looking_sees() {
        let sky = spot();
        let mut random = Random::new([1, 1], 1);
        for _ in 0..10_000 {
            let s = sky.sample(random.pair());
            let (radiance, density) = sky.look(s.direction);
            // A direction on a texel's very edge may be seen as its neighbour's.
            if radiance == s.radiance {
                assert!((density - s.density).abs() < 1e-6 && (s.direction.length() - 1.0).abs() < 1e-5);
            } else {
                let near = s.direction.dot(Vec3::new(0.6, 0.0, 0.8));
                assert!((0.9..0.99).contains(&near), "{near}");
            }
        }
    }

    #[test]
    fn the_light_through_a_plane_is_that_of_the_closed_form() {
        // Irradiance on the plane facing the spot: 50 π (1 − 0.95²) + 0.2 π 0.95².
        let sky = spot();
        let normal = Vec3::new(0.6, 0.0, 0.8);
        let mut random = Random::new([1, 1], 1);
        let n = 400_000;
        let sum: f64 = (0..n)
            .map(|_| {
                let s = sky.sample(random.pair());
                f64::from(s.radiance.y * s.direction.dot(normal).max(0.0) / s.density)
            })
            .sum();
        let wanted = std::f64::consts::PI * (50.0 * 0.0975 + 0.1 * 0.9025);
        assert!((sum / f64::from(n) / wanted - 1.0).abs() < 0.01, "{} {wanted}", sum / f64::from(n));
    }

    #[test]
    fn a_black_sky_is_black() {
        let sky = Sky::new(|_| Vec3::ZERO);
        assert_eq!(sky.mean, 0.0);
        assert_eq!(sky.sample([0.3, 0.4]).radiance, Vec3::ZERO);
    }
}
