//! Reflection where the gradient is strong, as at a surface.

use std::f32::consts::PI;

use glam::Vec3;

use crate::directions::{basis, cosine_half};

/// A surface as it reflects: a matt body under a glossy film, as in Disney's model (Burley 2012) reduced to base
/// colour, specular and roughness.
///
/// f = colour/π · (1 − F(n·o)) (1 − F(n·i)) + F(o·h) D(h) G(o, i) / (4 n·o n·i), where F is Schlick's, D the GGX
/// distribution and G Smith's height-correlated masking (Walter et al. 2007; Heitz 2014). Reciprocal; it reflects less
/// than it gets.
#[derive(Clone, Copy, Debug)]
pub struct Surface {
    /// Towards where the light goes, the side that is looked at.
    pub normal: Vec3,
    /// Colour of the body, linear.
    pub colour: Vec3,
    /// Width of the highlight: GGX α = roughness².
    pub roughness: f32,
    /// Reflection of the film straight on: 0.04 is that of skin, fat or plastic in air.
    pub specular: f32,
}

/// Where light comes from, and what of it goes on.
#[derive(Clone, Copy, Debug)]
pub struct Reflection {
    /// Unit direction to the light.
    pub direction: Vec3,
    /// f · cos / density.
    pub weight: Vec3,
    /// Density, per steradian.
    pub density: f32,
}

impl Surface {
    /// f · cos towards `out` for light from `to_light`, and the density with which [`Surface::sample`] chooses that.
    pub fn evaluate(&self, out: Vec3, to_light: Vec3) -> (Vec3, f32) {
        let (cos_out, cos_in) = (self.normal.dot(out).max(1e-4), self.normal.dot(to_light));
        if cos_in <= 0.0 {
            return (Vec3::ZERO, 0.0);
        }
        let half = (out + to_light).normalize_or_zero();
        let (cos_half, out_half) = (self.normal.dot(half).max(0.0), out.dot(half).max(0.0));
        let a2 = self.alpha() * self.alpha();
        let below = cos_half * cos_half * (a2 - 1.0) + 1.0;
        let distribution = a2 / (PI * below * below);
        let lambda = |cos: f32| (a2 + (1.0 - a2) * cos * cos).sqrt();
        // G / (4 n·o n·i), height correlated.
        let masking = 0.5 / (cos_in * lambda(cos_out) + cos_out * lambda(cos_in)).max(1e-7);
        let body = (1.0 - self.fresnel(cos_out)) * (1.0 - self.fresnel(cos_in)) / PI;
        let film = self.fresnel(out_half) * distribution * masking;
        let value = (self.colour * body + Vec3::splat(film)) * cos_in;
        // Visible normals: G1(o) D (o·h) / n·o, and 1 / (4 o·h) from half vector to direction.
        let visible = distribution / (2.0 * (cos_out + lambda(cos_out)));
        let share = self.film_share(cos_out);
        (value, (1.0 - share) * cos_in / PI + share * visible)
    }

    /// Chooses a direction to the light for light that goes `out`. Nothing where the choice falls below the surface.
    pub fn sample(&self, out: Vec3, choice: f32, pair: [f32; 2]) -> Option<Reflection> {
        let frame = basis(self.normal);
        let cos_out = self.normal.dot(out).max(1e-4);
        let direction = if choice < self.film_share(cos_out) {
            let half = frame * self.visible_normal(frame.transpose() * out, pair);
            2.0 * out.dot(half) * half - out
        } else {
            frame * cosine_half(pair)
        };
        let direction = direction.normalize_or_zero();
        let (value, density) = self.evaluate(out, direction);
        (density > 1e-9).then(|| Reflection { direction, weight: value / density, density })
    }

    fn alpha(&self) -> f32 {
        (self.roughness * self.roughness).max(0.01)
    }

    fn fresnel(&self, cosine: f32) -> f32 {
        let m = 1.0 - cosine.clamp(0.0, 1.0);
        let m2 = m * m;
        self.specular + (1.0 - self.specular) * m2 * m2 * m
    }

    /// How often the film is chosen and not the body: by what each reflects.
    fn film_share(&self, cos_out: f32) -> f32 {
        if self.specular <= 0.0 {
            return 0.0;
        }
        let film = self.fresnel(cos_out);
        let body = self.colour.max_element() * (1.0 - film);
        (film / (film + body).max(1e-6)).clamp(0.1, 0.9)
    }

    /// A half vector among those that `out` sees, with the normal along z (Heitz 2018, "Sampling the GGX distribution of
    /// visible normals").
    fn visible_normal(&self, out: Vec3, [u, v]: [f32; 2]) -> Vec3 {
        let alpha = self.alpha();
        let stretched = Vec3::new(alpha * out.x, alpha * out.y, out.z.max(1e-4)).normalize();
        let length2 = stretched.x * stretched.x + stretched.y * stretched.y;
        let first = if length2 > 0.0 { Vec3::new(-stretched.y, stretched.x, 0.0) / length2.sqrt() } else { Vec3::X };
        let second = stretched.cross(first);
        let [x, y] = crate::directions::disc([u, v]);
        let s = 0.5 * (1.0 + stretched.z);
        let y = (1.0 - s) * (1.0 - x * x).max(0.0).sqrt() + s * y;
        let z = (1.0 - x * x - y * y).max(0.0).sqrt();
        let normal = first * x + second * y + stretched * z;
        Vec3::new(alpha * normal.x, alpha * normal.y, normal.z.max(1e-6)).normalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn surface(roughness: f32, specular: f32) -> Surface {
        Surface { normal: Vec3::new(0.48, 0.6, 0.64), colour: Vec3::ONE, roughness, specular }
    }

    /// A direction at this cosine to the normal.
    fn out(surface: &Surface, cosine: f32) -> Vec3 {
        basis(surface.normal) * Vec3::new((1.0 - cosine * cosine).sqrt(), 0.0, cosine)
    }

    /// The light reflected in a white furnace: from sampling, and from integration over the half sphere.
    #[test]
    fn sampling_gives_what_integration_gives_and_never_more_than_came() {
        for (roughness, specular) in [(0.3, 0.04), (0.5, 0.04), (0.8, 0.5), (0.5, 0.0)] {
            for cosine in [0.15, 0.5, 0.95] {
                let surface = surface(roughness, specular);
                let out = out(&surface, cosine);
                let mut random = Random::new([5, 6], 7);
                let n = 200_000;
                let (mut sampled, mut integrated, mut density) = (0.0f64, 0.0f64, 0.0f64);
                for _ in 0..n {
                    if let Some(r) = surface.sample(out, random.number(), random.pair()) {
                        sampled += f64::from(r.weight.x);
                    }
                    let [u, v] = random.pair();
                    let z = u;
                    let s = (1.0 - z * z).sqrt();
                    let (sin, cos) = (v * std::f32::consts::TAU).sin_cos();
                    let (value, d) = surface.evaluate(out, basis(surface.normal) * Vec3::new(s * cos, s * sin, z));
                    integrated += f64::from(value.x) * std::f64::consts::TAU;
                    density += f64::from(d) * std::f64::consts::TAU;
                }
                let [sampled, integrated, density] = [sampled, integrated, density].map(|s| s / f64::from(n));
                assert!((sampled - integrated).abs() < 0.02, "{roughness} {specular} {cosine}: {sampled} {integrated}");
                assert!(sampled < 1.005, "{roughness} {specular} {cosine}: {sampled}");
                assert!(density < 1.02, "{density}");
            }
        }
    }

    #[test]
    fn without_a_film_it_is_lamberts_and_white_returns_all() {
        let surface = surface(0.5, 0.0);
        let out = out(&surface, 0.6);
        // F is Schlick's with 0 straight on, so nearly 1 at grazing angles only.
        let (value, _) = surface.evaluate(out, surface.normal);
        assert!((value.x - (1.0 - 0.4f32.powi(5)) / PI).abs() < 1e-5);
    }

    #[test]
    fn it_is_reciprocal() {
        let surface = surface(0.4, 0.04);
        let (a, b) = (out(&surface, 0.3), out(&surface, 0.8));
        let (from_b, _) = surface.evaluate(a, b);
        let (from_a, _) = surface.evaluate(b, a);
        assert!((from_b.x / 0.8 - from_a.x / 0.3).abs() < 1e-5);
    }
}
