//! Ray casting of a volume. `shaders/volume.wgsl` is its twin: the same samples at the same places.

use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use fabrica_volume::{Sample, Volume, with_samples};
use glam::{DAffine3, DVec3, Vec3};
use rayon::prelude::*;

use crate::blocks::{BLOCK_CELLS, BlockRanges, Occupancy};
use crate::camera::Ray;
use crate::image::{check_size, linear, linear_to_srgb};
use crate::sampler::Sampler;
use crate::{Camera, Image, Lighting, Lut, RenderError, RenderMode, RenderSettings, TransferFunction, Window};

/// A ray ends when less than this share of the light behind would still be seen.
const OPAQUE: f32 = 0.001;
/// Segments that add less opacity than this are not shaded.
const FAINT: f32 = 0.0005;
/// Over this many samples from where a ray enters, shading sets in: what a clip plane, the box or the eye cuts through
/// is shown evenly lit, not as the noise of its gradients.
const CUT_SAMPLES: f32 = 4.0;

/// A picture of a volume by ray casting.
///
/// Rays run through the box that the voxels cover (half a voxel beyond the outermost sample centres), from the eye on.
/// Samples lie `step_voxels` times the finest spacing apart from where the ray enters the box or the clip plane. A
/// segment between two samples gets the mean extinction and colour of all values between them ([`Lut::segment`]);
/// segments are composed front to back in linear light (Max 1995), shaded (Blinn 1977) by a headlight where the
/// gradient is strong.
///
/// # Errors
/// When cancelled, or when the size, the camera or a setting cannot give a picture.
pub fn render_volume(
    volume: &Volume,
    function: &TransferFunction,
    camera: &Camera,
    size: [u32; 2],
    settings: &RenderSettings,
    progress: &Progress,
) -> Result<Image, RenderError> {
    progress.check()?;
    render_volume_with(volume, &BlockRanges::new(volume), function, camera, size, settings, progress)
}

/// [`render_volume`] with the volume's [`BlockRanges`] at hand, for several pictures of one volume.
///
/// # Errors
/// As [`render_volume`].
pub fn render_volume_with(
    volume: &Volume,
    ranges: &BlockRanges,
    function: &TransferFunction,
    camera: &Camera,
    size: [u32; 2],
    settings: &RenderSettings,
    progress: &Progress,
) -> Result<Image, RenderError> {
    check_size(size)?;
    settings.check()?;
    progress.stage("rendering the volume");
    let rays = camera.rays(size)?;
    let lut = function.lut();
    let occupancy = if settings.skip_empty { Occupancy::new(ranges, &lut) } else { Occupancy::full(ranges) };
    let march = March::new(volume.grid(), &lut, &occupancy, ranges, settings);
    let mut image = Image::filled(size, settings.background)?;
    let done = std::sync::atomic::AtomicU32::new(0);
    let row_bytes = size[0] as usize * 4;
    image.rgba.par_chunks_mut(row_bytes).enumerate().try_for_each(|(y, row)| {
        progress.check()?;
        with_samples!(volume.samples().view(), |data| {
            let sampler = Sampler::new(data, volume.grid().dims());
            for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
                let ray = rays.through(x as f64 + 0.5, y as f64 + 0.5);
                if let Some(colour) = march.pixel(&sampler, &ray) {
                    pixel[..3].copy_from_slice(&colour);
                }
            }
        });
        let rows = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        progress.set(rows as f32 / size[1] as f32);
        Ok::<(), RenderError>(())
    })?;
    Ok(image)
}

/// All that is the same for every ray.
struct March<'a> {
    settings: &'a RenderSettings,
    lut: &'a Lut,
    occupancy: &'a Occupancy,
    ranges: &'a BlockRanges,
    to_voxel: DAffine3,
    /// The box of the voxels, in voxels.
    low: DVec3,
    high: DVec3,
    /// Distance between samples, mm.
    step: f64,
    /// Voxels per mm along i, j, k: from differences per voxel to gradients per mm.
    per_mm: [f32; 3],
    background: [f32; 3],
}

/// The part of a ray to march along, in voxels.
struct Path {
    start: Vec3,
    /// From sample to sample.
    step: Vec3,
    /// Number of the last sample, from 0.
    last: u32,
    /// Unit direction from the patient to the eye along the grid's axes.
    to_eye: Vec3,
}

impl<'a> March<'a> {
    fn new(
        grid: &Grid,
        lut: &'a Lut,
        occupancy: &'a Occupancy,
        ranges: &'a BlockRanges,
        settings: &'a RenderSettings,
    ) -> Self {
        Self {
            settings,
            lut,
            occupancy,
            ranges,
            to_voxel: grid.patient_to_voxel(),
            low: DVec3::splat(-0.5),
            high: DVec3::from_array(grid.dims().map(|n| n as f64 - 0.5)),
            step: settings.step_voxels * grid.finest_spacing().0,
            per_mm: grid.spacing().map(|s| (1.0 / s) as f32),
            background: linear(settings.background),
        }
    }

    /// The colour of a ray's pixel, or nothing where only the background is seen.
    #[inline]
    fn pixel<T: Sample>(&self, sampler: &Sampler<'_, T>, ray: &Ray) -> Option<[u8; 3]> {
        let path = self.path(ray)?;
        match self.settings.mode {
            RenderMode::Composite => self.composite(sampler, &path),
            RenderMode::Mip(window) => Some(grey(window, self.greatest(sampler, &path))),
            RenderMode::MinIp(window) => Some(grey(window, self.least(sampler, &path))),
            RenderMode::Average(window) => Some(grey(window, mean(sampler, &path))),
        }
    }

    /// Where a ray runs through the box and behind the clip plane.
    fn path(&self, ray: &Ray) -> Option<Path> {
        let origin = self.to_voxel.transform_point3(ray.origin.0);
        let direction = self.to_voxel.transform_vector3(ray.direction.0);
        let (mut near, mut far) = (0.0, f64::INFINITY);
        for a in 0..3 {
            let inverse = 1.0 / direction[a];
            if inverse.is_finite() {
                let (t0, t1) = ((self.low[a] - origin[a]) * inverse, (self.high[a] - origin[a]) * inverse);
                near = t0.min(t1).max(near);
                far = t0.max(t1).min(far);
            } else if !(self.low[a]..=self.high[a]).contains(&origin[a]) {
                return None;
            }
        }
        if let Some(clip) = self.settings.clip {
            let keep = clip.keep.0.normalize_or_zero();
            let height = keep.dot(ray.origin.0 - clip.point.0);
            let climb = keep.dot(ray.direction.0);
            if climb.abs() < 1e-9 {
                if height < 0.0 {
                    return None;
                }
            } else if climb > 0.0 {
                near = near.max(-height / climb);
            } else {
                far = far.min(-height / climb);
            }
        }
        if near >= far {
            return None;
        }
        let per_axis = DVec3::from_array(self.per_mm.map(f64::from));
        Some(Path {
            start: (origin + direction * near).as_vec3(),
            step: (direction * self.step).as_vec3(),
            last: ((far - near) / self.step) as u32,
            to_eye: (-direction / per_axis).normalize_or_zero().as_vec3(),
        })
    }

    fn composite<T: Sample>(&self, sampler: &Sampler<'_, T>, path: &Path) -> Option<[u8; 3]> {
        let step = self.step as f32;
        let at = |n: f32| (path.start + path.step * n).to_array();
        let entry = |n: f32| self.lut.entry(sampler.value(at(n)));
        let mut light = [0f32; 3];
        let mut clear = 1f32;
        // The entry of the sample before, where it is known. It is not after a leap, which begins and ends in
        // transparent samples, so that the segments left out are transparent too.
        let mut before: Option<f32> = None;
        let mut n = 0u32;
        while n <= path.last {
            let here = at(n as f32);
            let (block, distance) = self.block(here);
            if distance > 0 && before.is_none() {
                n += self.leap(path, here, block, distance);
                continue;
            }
            let to = entry(n as f32);
            let from = match before {
                Some(from) => from,
                None if n > 0 => entry(n as f32 - 1.0),
                None => to,
            };
            before = (distance == 0).then_some(to);
            if n > 0 {
                let [r, g, b, extinction] = self.lut.segment(from, to);
                if extinction > 0.0 {
                    let opacity = 1.0 - (-extinction * step).exp();
                    let shade = match self.settings.lighting {
                        Some(lighting) if opacity > FAINT => {
                            let depth = (n as f32 - 1.0) / CUT_SAMPLES;
                            self.shade(&lighting, sampler.gradient(at(n as f32 - 0.5)), path.to_eye, depth.min(1.0))
                        }
                        Some(lighting) => [lighting.ambient + lighting.diffuse, 0.0],
                        None => [1.0, 0.0],
                    };
                    let weight = clear * opacity;
                    let per_extinction = weight * shade[0] / extinction;
                    light[0] += r * per_extinction + weight * shade[1];
                    light[1] += g * per_extinction + weight * shade[1];
                    light[2] += b * per_extinction + weight * shade[1];
                    clear *= 1.0 - opacity;
                    if clear < OPAQUE {
                        clear = 0.0;
                        break;
                    }
                }
            }
            n += 1;
        }
        (clear < 1.0).then(|| std::array::from_fn(|c| linear_to_srgb(light[c] + clear * self.background[c])))
    }

    /// How brightly a point shines back: the factor of its colour, and the highlight to add. `most` limits the share of
    /// the shading.
    #[inline]
    fn shade(&self, lighting: &Lighting, difference: [f32; 3], to_eye: Vec3, most: f32) -> [f32; 2] {
        let gradient = Vec3::from_array(difference) * Vec3::from_array(self.per_mm);
        let strength = gradient.length();
        let unshaded = lighting.ambient + lighting.diffuse;
        let [weak, strong] = lighting.gradient;
        let share = ((strength - weak) / (strong - weak).max(1e-6)).clamp(0.0, most);
        if share == 0.0 {
            return [unshaded, 0.0];
        }
        // Both sides of a surface are lit. Light and eye coincide, so that the half vector is the view itself.
        let facing = (gradient.dot(to_eye) / strength).abs();
        let shaded = lighting.ambient + lighting.diffuse * facing;
        [unshaded + (shaded - unshaded) * share, share * lighting.specular * facing.powf(lighting.shininess)]
    }

    fn greatest<T: Sample>(&self, sampler: &Sampler<'_, T>, path: &Path) -> f32 {
        self.extreme(sampler, path, f32::NEG_INFINITY, |best, value| value > best, |[_, high]| high)
    }

    fn least<T: Sample>(&self, sampler: &Sampler<'_, T>, path: &Path) -> f32 {
        self.extreme(sampler, path, f32::INFINITY, |best, value| value < best, |[low, _]| low)
    }

    #[inline(always)]
    fn extreme<T: Sample>(
        &self,
        sampler: &Sampler<'_, T>,
        path: &Path,
        start: f32,
        better: impl Fn(f32, f32) -> bool,
        bound: impl Fn([f32; 2]) -> f32,
    ) -> f32 {
        let mut best = start;
        let mut n = 0u32;
        while n <= path.last {
            let here = (path.start + path.step * n as f32).to_array();
            let (block, _) = self.block(here);
            let [nx, ny, _] = self.ranges.dims();
            let range = self.ranges.ranges()[block[0] + nx * (block[1] + ny * block[2])];
            if self.settings.skip_empty && !better(best, bound(range)) {
                n += self.leap(path, here, block, 1);
                continue;
            }
            let value = sampler.value(here);
            if better(best, value) {
                best = value;
            }
            n += 1;
        }
        best
    }

    /// The block of a position and its distance from anything that shows.
    #[inline(always)]
    fn block(&self, at: [f32; 3]) -> ([usize; 3], u8) {
        let [nx, ny, nz] = self.occupancy.dims();
        let along = |p: f32, n: usize| (p.max(0.0) as usize / BLOCK_CELLS).min(n - 1);
        let block = [along(at[0], nx), along(at[1], ny), along(at[2], nz)];
        (block, self.occupancy.distances()[block[0] + nx * (block[1] + ny * block[2])])
    }

    /// How many samples to go on from `here` so as to leave the cube of blocks nearer than `distance`, at least 1.
    #[inline(always)]
    fn leap(&self, path: &Path, here: [f32; 3], block: [usize; 3], distance: u8) -> u32 {
        let reach = f32::from(distance);
        let step = path.step.to_array();
        let mut samples = f32::INFINITY;
        for a in 0..3 {
            let block = block[a] as f32;
            let side = if step[a] > 0.0 { block + reach } else { block + 1.0 - reach };
            let run = (side * BLOCK_CELLS as f32 - here[a]) / step[a];
            // Not a number where the ray runs along the face: that axis says nothing then.
            samples = samples.min(if run.is_nan() { f32::INFINITY } else { run });
        }
        // The end of the ray comes first when every axis runs to infinity.
        (samples.max(0.0) as u32).saturating_add(1).min(path.last + 1)
    }
}

fn mean<T: Sample>(sampler: &Sampler<'_, T>, path: &Path) -> f32 {
    let sum: f64 =
        (0..=path.last).map(|n| f64::from(sampler.value((path.start + path.step * n as f32).to_array()))).sum();
    (sum / f64::from(path.last + 1)) as f32
}

fn grey(window: Window, value: f32) -> [u8; 3] {
    [(window.grey(f64::from(value)) * 255.0).round() as u8; 3]
}
