//! A path of light from the eye back to the lights.

use fabrica_volume::Sample;
use glam::Vec3;

use crate::directions::{disc, henyey_greenstein, sample_henyey_greenstein};
use crate::film::FilmPixel;
use crate::lights::{LightSample, Lights};
use crate::look::Material;
use crate::medium::{Collision, Matter, Medium};
use crate::random::{Random, sobol_pair};
use crate::studio::{Eye, ThinLens};
use crate::surface::Surface;

/// After so many bounces a path ends at random, the likelier the less light it can still bring.
const ROULETTE_FROM: u32 = 4;

/// The choices that a pixel's samples spread evenly.
#[derive(Clone, Copy)]
enum Choice {
    Pixel,
    Lens,
    Light,
    Direction,
}

/// Traces paths through a medium under lights.
pub struct Tracer<'a, T> {
    pub medium: Medium<'a, T>,
    pub eye: &'a Eye,
    pub lights: &'a Lights,
    pub lens: &'a ThinLens,
    pub material: &'a Material,
    pub gradient: [f32; 2],
}

/// What scatters light where a path has met something.
enum Scatter {
    /// The medium itself, with this albedo.
    Medium(Vec3),
    /// Something like a surface.
    Surface(Surface),
}

/// A ray in the tracer's frame.
#[derive(Clone, Copy)]
struct Ray {
    origin: Vec3,
    direction: Vec3,
}

impl<T: Sample> Tracer<'_, T> {
    /// Adds samples to a pixel.
    pub fn add(&self, pixel: &mut FilmPixel, at: [u32; 2], count: u32) {
        for _ in 0..count {
            self.sample(pixel, at);
        }
    }

    /// How far, along the view, a sample of a pixel first meets the volume.
    pub fn first_meeting(&self, at: [u32; 2], sample: u32) -> Option<f32> {
        let mut random = Random::new(at, sample);
        let ray = self.pinhole([at[0] as f32 + 0.5, at[1] as f32 + 0.5]);
        let segment = self.medium.segment(ray.origin, ray.direction, f32::INFINITY)?;
        let met = self.medium.collide(&segment, &mut random)?;
        Some(met.distance * ray.direction.dot(self.lens.forward))
    }

    fn sample(&self, pixel: &mut FilmPixel, at: [u32; 2]) {
        let index = pixel.samples;
        pixel.samples += 1;
        let mut random = Random::new(at, index);
        let even = |choice: Choice| sobol_pair(at, choice as u32, index);
        let [x, y] = even(Choice::Pixel);
        let mut ray = self.pinhole([at[0] as f32 + x, at[1] as f32 + y]);
        if self.lens.radius > 0.0 {
            ray = self.through_lens(ray, even(Choice::Lens));
        }
        let mut light = Vec3::ZERO;
        let mut throughput = Vec3::ONE;
        // The density with which the last scattering chose the ray's direction; none for the eye's own.
        let mut density = None;
        for bounce in 1..=self.material.bounces {
            let segment = self.medium.segment(ray.origin, ray.direction, f32::INFINITY);
            let met = segment.and_then(|segment| self.medium.collide(&segment, &mut random));
            if let Some(density) = density {
                light += throughput * self.arriving(&ray, met.map_or(f32::INFINITY, |m| m.distance), density);
            }
            let Some(met) = met else { break };
            let matter = self.medium.matter(met.position, met.block);
            let colour = matter.colour;
            let out = -ray.direction;
            let (scatter, normal) = self.scatter(&met, out, &matter, &mut random);
            if bounce == 1 {
                self.note(pixel, colour, normal, met.distance);
            }
            let pair = if bounce == 1 { even(Choice::Light) } else { random.pair() };
            let last = bounce == self.material.bounces;
            if let Some(sample) = self.lights.sample(met.position, random.number(), pair) {
                light += throughput * self.lit(&met, &scatter, out, &sample, last, &mut random);
            }
            if last {
                break;
            }
            let pair = if bounce == 1 { even(Choice::Direction) } else { random.pair() };
            let (direction, chosen) = match &scatter {
                Scatter::Medium(albedo) => {
                    let direction = sample_henyey_greenstein(ray.direction, self.material.forward, pair);
                    throughput *= *albedo;
                    let cosine = ray.direction.dot(direction);
                    (direction, henyey_greenstein(cosine, self.material.forward))
                }
                Scatter::Surface(surface) => {
                    let Some(reflection) = surface.sample(out, random.number(), pair) else { break };
                    throughput *= reflection.weight;
                    (reflection.direction, reflection.density)
                }
            };
            if bounce >= ROULETTE_FROM {
                // Never dearer than it was: in white matter paths go on until they are out.
                let go_on = throughput.max_element();
                if go_on < 1.0 {
                    if random.number() >= go_on {
                        break;
                    }
                    throughput /= go_on;
                }
            }
            density = Some(chosen);
            ray = Ray { origin: met.position, direction };
        }
        pixel.radiance = (Vec3::from_array(pixel.radiance) + light).to_array();
        let brightness = light.element_sum() / 3.0;
        pixel.square += brightness * brightness;
    }

    /// Notes what a sample has met first.
    fn note(&self, pixel: &mut FilmPixel, colour: Vec3, normal: Vec3, distance: f32) {
        pixel.covered += 1.0;
        pixel.depth += distance;
        pixel.albedo = (Vec3::from_array(pixel.albedo) + colour).to_array();
        let normal = self.medium.frame.rotation() * normal;
        pixel.normal = (Vec3::from_array(pixel.normal) + normal).to_array();
    }

    /// What scatters light at a meeting, and the normal there (0 where the gradient is weak). Between the weak and the
    /// strong gradient either happens, the surface the likelier the stronger.
    /// A border between what is seen and what is not is a surface, whatever the values.
    fn scatter(&self, met: &Collision, out: Vec3, matter: &Matter, random: &mut Random) -> (Scatter, Vec3) {
        let border = if matter.kind.is_none() { self.medium.border(met.position) } else { Vec3::ZERO };
        let (gradient, share) = if border == Vec3::ZERO {
            let gradient = self.medium.gradient(met.position);
            let [weak, strong] = self.gradient;
            (gradient, ((gradient.length() - weak) / (strong - weak).max(1e-6)).clamp(0.0, 1.0))
        } else {
            (border, 1.0)
        };
        let strength = gradient.length();
        if share <= 0.0 || strength <= 0.0 {
            return (Scatter::Medium(scattering_albedo(matter.colour)), Vec3::ZERO);
        }
        let normal = gradient / strength;
        let normal = if normal.dot(out) < 0.0 { -normal } else { normal };
        if random.number() >= share {
            return (Scatter::Medium(scattering_albedo(matter.colour)), normal);
        }
        let Material { roughness, specular, .. } = *self.material;
        (Scatter::Surface(Surface { normal, colour: matter.colour, roughness, specular }), normal)
    }

    /// The light that a scattering passes on from a chosen light.
    fn lit(
        &self,
        met: &Collision,
        scatter: &Scatter,
        out: Vec3,
        sample: &LightSample,
        last: bool,
        random: &mut Random,
    ) -> Vec3 {
        let (value, density) = match scatter {
            Scatter::Medium(albedo) => {
                let phase = henyey_greenstein((-out).dot(sample.direction), self.material.forward);
                (*albedo * phase, phase)
            }
            Scatter::Surface(surface) => surface.evaluate(out, sample.direction),
        };
        let weight = if last { 1.0 } else { power(sample.density, density) };
        let light = value * sample.radiance * (weight / sample.density);
        if light.max_element() <= 0.0 {
            return Vec3::ZERO;
        }
        let clear = match self.medium.segment(met.position, sample.direction, sample.distance) {
            Some(segment) => self.medium.transmittance(&segment, random),
            None => 1.0,
        };
        light * clear
    }

    /// The light of all that a scattered ray meets before the volume, weighted against choosing it as a light.
    fn arriving(&self, ray: &Ray, until: f32, density: f32) -> Vec3 {
        let mut light = Vec3::ZERO;
        for panel in &self.lights.panels {
            if let Some(distance) = panel.meet(ray.origin, ray.direction)
                && distance < until
                && let Some(chosen) = panel.density(ray.direction, distance)
            {
                light += panel.radiance * power(density, chosen);
            }
        }
        if until == f32::INFINITY {
            let (radiance, chosen) = self.lights.sky(ray.direction);
            light += radiance * power(density, chosen);
        }
        light
    }

    /// The ray through a point of the picture.
    fn pinhole(&self, at: [f32; 2]) -> Ray {
        let (origin, direction) = self.eye.through(at);
        Ray { origin, direction }
    }

    /// The same ray through a point of the lens that is not its middle: all meet in the plane that is sharp.
    fn through_lens(&self, ray: Ray, pair: [f32; 2]) -> Ray {
        let lens = self.lens;
        let sharp = ray.origin + ray.direction * (lens.focus / ray.direction.dot(lens.forward).max(1e-3));
        let [x, y] = disc(pair);
        let origin = ray.origin + (lens.right * x + lens.up * y) * lens.radius;
        Ray { origin, direction: (sharp - origin).normalize_or(ray.direction) }
    }
}

/// How much of the light a single scattering keeps, so that a thick layer shows the colour after many: the fit of Chiang
/// et al. 2016 ("Practical and controllable subsurface scattering"), scaled so that white stays white.
///
/// Of a thick layer that is to look half grey a scattering keeps 0.913, not 0.5, which would look nearly black.
#[inline]
pub fn scattering_albedo(colour: Vec3) -> Vec3 {
    const WHITE: f32 = 1.0 / 0.998_886_5;
    let one = |a: f32| {
        let a = a.clamp(0.0, 1.0);
        ((1.0 - (-5.094_06 * a + 2.611_88 * a * a - 4.318_05 * a * a * a).exp()) * WHITE).min(1.0)
    };
    Vec3::new(one(colour.x), one(colour.y), one(colour.z))
}

/// The power heuristic (Veach and Guibas 1995): the weight of the way of choosing that has the density `own`.
#[inline]
fn power(own: f32, other: f32) -> f32 {
    let (own, other) = (own * own, other * other);
    if own > 0.0 { own / (own + other) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_scatters_all_black_nothing_and_half_grey_more_than_half() {
        let albedo = scattering_albedo(Vec3::new(1.0, 0.0, 0.5));
        assert!((albedo.x - 1.0).abs() < 1e-6 && albedo.y.abs() < 1e-6 && (albedo.z - 0.913).abs() < 1e-3, "{albedo}");
    }
}
