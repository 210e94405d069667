//! Sampling of directions: where a random pair of numbers leads, and how densely.

use std::f32::consts::{PI, TAU};

use glam::{Mat3, Vec3};

/// Perpendicular unit vectors of which the third is `normal` (Duff et al. 2017, "Building an orthonormal basis,
/// revisited").
#[inline]
pub fn basis(normal: Vec3) -> Mat3 {
    let sign = 1f32.copysign(normal.z);
    let a = -1.0 / (sign + normal.z);
    let b = normal.x * normal.y * a;
    let first = Vec3::new(1.0 + sign * normal.x * normal.x * a, sign * b, -sign * normal.x);
    let second = Vec3::new(b, sign + normal.y * normal.y * a, -normal.y);
    Mat3::from_cols(first, second, normal)
}

/// A direction of the upper half (z up) with density cos θ / π.
#[inline]
pub fn cosine_half([u, v]: [f32; 2]) -> Vec3 {
    let [x, y] = disc([u, v]);
    Vec3::new(x, y, (1.0 - x * x - y * y).max(0.0).sqrt())
}

/// A point of the unit disc, evenly.
#[inline]
pub fn disc([u, v]: [f32; 2]) -> [f32; 2] {
    let (sin, cos) = (TAU * v).sin_cos();
    let radius = u.sqrt();
    [radius * cos, radius * sin]
}

/// Density of the Henyey–Greenstein phase function (1941), per steradian, for the cosine between the directions of
/// travel before and after. `g` is the mean cosine: 0 all ways alike, towards 1 forwards.
#[inline]
pub fn henyey_greenstein(cosine: f32, g: f32) -> f32 {
    let denominator = 1.0 + g * g - 2.0 * g * cosine;
    (1.0 - g * g) / (4.0 * PI * denominator * denominator.max(1e-12).sqrt())
}

/// A direction of travel after scattering, with density [`henyey_greenstein`].
#[inline]
pub fn sample_henyey_greenstein(travel: Vec3, g: f32, [u, v]: [f32; 2]) -> Vec3 {
    let cosine = if g.abs() < 1e-3 {
        1.0 - 2.0 * u
    } else {
        let part = (1.0 - g * g) / (1.0 - g + 2.0 * g * u);
        ((1.0 + g * g - part * part) / (2.0 * g)).clamp(-1.0, 1.0)
    };
    let sine = (1.0 - cosine * cosine).max(0.0).sqrt();
    let (sin, cos) = (TAU * v).sin_cos();
    basis(travel) * Vec3::new(sine * cos, sine * sin, cosine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn a_basis_is_orthonormal_with_the_normal_last() {
        for normal in [Vec3::Z, Vec3::NEG_Z, Vec3::new(0.6, -0.64, 0.48), Vec3::new(1e-4, 0.0, -1.0).normalize()] {
            let m = basis(normal);
            assert!((m.transpose() * m).abs_diff_eq(Mat3::IDENTITY, 1e-5));
            assert_eq!(m.z_axis, normal);
            assert!((m.determinant() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn the_mean_cosine_of_scattering_is_g() {
        for g in [-0.5, 0.0, 0.3, 0.85f32] {
            let mut random = Random::new([1, 2], 3);
            let travel = Vec3::new(0.48, 0.6, -0.64);
            let n = 100_000;
            let sum: f64 =
                (0..n).map(|_| f64::from(travel.dot(sample_henyey_greenstein(travel, g, random.pair())))).sum();
            assert!((sum / f64::from(n) - f64::from(g)).abs() < 0.01, "{g}: {}", sum / f64::from(n));
        }
    }

    #[test]
    fn the_phase_function_is_a_density() {
        for g in [-0.5, 0.0, 0.3, 0.85f32] {
            let n = 20_000;
            let cosine = |i: i32| (i as f32 + 0.5) / n as f32 * 2.0 - 1.0;
            let sum: f32 = (0..n).map(|i| henyey_greenstein(cosine(i), g)).sum();
            assert!((sum * 2.0 / n as f32 * 2.0 * PI - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn the_half_sphere_is_sampled_by_its_cosine() {
        // The mean cosine under cos/π is 2/3.
        let mut random = Random::new([1, 2], 3);
        let sum: f64 = (0..100_000).map(|_| f64::from(cosine_half(random.pair()).z)).sum();
        assert!((sum / 1e5 - 2.0 / 3.0).abs() < 0.005);
    }
}
