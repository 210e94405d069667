//! Ray casting of a scene. `shaders/volume.wgsl` is its twin: the same samples at the same places.

mod composite;
mod kinds;
mod path;
mod project;
mod shade;
mod surface;

use fabrica_progress::Progress;
use fabrica_volume::{Sample, with_samples};
use rayon::prelude::*;

use crate::fragments::{Fragment, Fragments};
use crate::image::{check_size, linear, linear_to_srgb};
use crate::sampler::Sampler;
use crate::tables::{Derived, LookTables};
use crate::{Camera, Image, Rays, RenderError, RenderMode, Scene};
use path::{Frame, Path};

/// A ray ends when less than this share of the light behind would still be seen.
const OPAQUE: f32 = 0.001;
/// Segments that add less opacity than this are not shaded.
const FAINT: f32 = 0.0005;
/// Over this many samples from where a ray enters, shading sets in: what a clip plane, the box or the eye cuts through
/// is shown evenly lit, not as the noise of its gradients.
const CUT_SAMPLES: f32 = 4.0;
/// Rows and columns of the tiles that one task draws.
const TILE: usize = 8;

/// A picture of a scene by ray casting.
///
/// Rays run through the box that the voxels cover (half a voxel beyond the outermost sample centres), from the eye on.
/// Samples lie `step_voxels` times the finest spacing apart from where the ray enters the box or the clip plane.
///
/// - **Composite**: a segment between two samples gets the mean extinction and colour of all values between them
///   ([`Lut::segment`](crate::Lut::segment)); segments are composed front to back in linear light (Max 1995), shaded
///   (Blinn 1977) by a headlight where the gradient is strong, and darkened where little light comes
///   ([`Lighting::occlusion`](crate::Lighting)).
/// - **Surface**: the first place where the interpolated value rises over the isovalue, found to 1/1000 of a step.
/// - **Projections**: the greatest, least or mean value of what is visible.
///
/// A pixel gets as many rays as keep them about a voxel apart, so that a vessel a voxel wide is seen from any distance.
///
/// Between voxels of different looks each look gets the value of its own voxels only, weighted by their trilinear
/// weights: nothing is classified by a mean of two tissues, and no look reaches another voxel's centre.
///
/// # Errors
/// When cancelled, or when the size, the camera or the scene cannot give a picture.
pub fn render_scene(
    scene: &Scene<'_>,
    camera: &Camera,
    size: [u32; 2],
    progress: &Progress,
) -> Result<Image, RenderError> {
    scene.check()?;
    progress.check()?;
    let derived = Derived::of(scene);
    progress.check()?;
    let tables = LookTables::of(scene, &derived);
    render_scene_with(scene, &derived, &tables, camera, size, progress)
}

/// [`render_scene`] with what follows from the volume and the looks at hand, for several pictures of one scene.
///
/// # Errors
/// As [`render_scene`].
pub fn render_scene_with(
    scene: &Scene<'_>,
    derived: &Derived,
    tables: &LookTables,
    camera: &Camera,
    size: [u32; 2],
    progress: &Progress,
) -> Result<Image, RenderError> {
    check_size(size)?;
    scene.check()?;
    progress.stage("rendering the volume");
    let rays = camera.rays(size)?;
    let fragments = Fragments::of(scene.meshes, camera, size, scene.settings.clip, progress)?;
    let frame = Frame::new(scene, camera, size, tables.occupancy.dims())?;
    let background = linear(scene.settings.background);
    let mut image = Image::filled(size, scene.settings.background)?;
    let done = std::sync::atomic::AtomicUsize::new(0);
    let [width, height] = size.map(|n| n as usize);
    image.rgba.par_chunks_mut(width * 4 * TILE).enumerate().try_for_each(|(band, rows)| {
        progress.check()?;
        let count = rows.len() / (width * 4);
        with_samples!(scene.volume.samples().view(), |data| {
            let sampler = Sampler::new(data, scene.volume.grid().dims());
            let march = March { scene, derived, tables, frame: &frame, sampler };
            // By tiles, so that neighbouring rays find their samples in the cache.
            for left in (0..width).step_by(TILE) {
                for row in 0..count {
                    let y = band * TILE + row;
                    for x in left..(left + TILE).min(width) {
                        if let Some([r, g, b, clear]) = march.pixel(&rays, [x, y], fragments.at(x, y)) {
                            let light = [r, g, b];
                            let at = (row * width + x) * 4;
                            let seen: [u8; 3] =
                                std::array::from_fn(|c| linear_to_srgb(light[c] + clear * background[c]));
                            rows[at..at + 3].copy_from_slice(&seen);
                        }
                    }
                }
            }
        });
        let rows_done = done.fetch_add(count, std::sync::atomic::Ordering::Relaxed) + count;
        progress.set(rows_done as f32 / height as f32);
        Ok::<(), RenderError>(())
    })?;
    Ok(image)
}

/// How many samples rays take; see [`samples_per_ray`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SampleCount {
    /// Samples taken, the mean over the rays that meet the volume's box.
    pub taken: f64,
    /// Samples from end to end of the box.
    pub all: f64,
}

/// How many samples the rays of a picture take, leaping and ending early, out of how many that lie in the volume's box.
///
/// # Errors
/// As [`render_scene`].
pub fn samples_per_ray(
    scene: &Scene<'_>,
    derived: &Derived,
    tables: &LookTables,
    camera: &Camera,
    size: [u32; 2],
) -> Result<SampleCount, RenderError> {
    check_size(size)?;
    scene.check()?;
    let rays = camera.rays(size)?;
    let frame = Frame::new(scene, camera, size, tables.occupancy.dims())?;
    let rows = (0..size[1]).into_par_iter().map(|y| {
        with_samples!(scene.volume.samples().view(), |data| {
            let sampler = Sampler::new(data, scene.volume.grid().dims());
            let march = March { scene, derived, tables, frame: &frame, sampler };
            let mut sum = [0u64; 3];
            for x in 0..size[0] {
                let ray = rays.through(f64::from(x) + 0.5, f64::from(y) + 0.5);
                if let Some(path) = frame.path(scene, &ray, f64::INFINITY) {
                    let seen = march.follow(Some(&path), &[]);
                    let counts = [1, u64::from(seen.samples), u64::from(seen.all)];
                    sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
                }
            }
            sum
        })
    });
    let [rays, taken, all] = rows.reduce(|| [0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]]).map(|n| n as f64);
    Ok(SampleCount { taken: taken / rays.max(1.0), all: all / rays.max(1.0) })
}

/// All that is the same for every ray.
struct March<'a, T> {
    scene: &'a Scene<'a>,
    derived: &'a Derived,
    tables: &'a LookTables,
    frame: &'a Frame,
    sampler: Sampler<'a, T>,
}

impl<T: Sample> March<'_, T> {
    /// The light of a pixel and the share of the background that is seen behind; nothing where only background is seen.
    fn pixel(&self, rays: &Rays, [x, y]: [usize; 2], fragments: &[Fragment]) -> Option<[f32; 4]> {
        let ray = |dx: f64, dy: f64| rays.through(x as f64 + dx, y as f64 + dy);
        let reach = fragments.last().filter(|f| f.opacity >= 1.0).map_or(f64::INFINITY, |f| f64::from(f.distance));
        let path = self.frame.path(self.scene, &ray(0.5, 0.5), reach);
        let side = path.as_ref().map_or(1, |path| self.frame.rays_along(path.near));
        if side == 1 {
            return self.trace(path.as_ref(), fragments);
        }
        let (mut sum, part) = ([0f32; 4], 1.0 / f64::from(side));
        for n in 0..side * side {
            let [dx, dy] = [n % side, n / side].map(|m| (f64::from(m) + 0.5) * part);
            let path = self.frame.path(self.scene, &ray(dx, dy), reach);
            let seen = self.trace(path.as_ref(), fragments).unwrap_or([0.0, 0.0, 0.0, 1.0]);
            sum.iter_mut().zip(seen).for_each(|(sum, seen)| *sum += seen);
        }
        let mean = sum.map(|s| s / (side * side) as f32);
        (mean[3] < 1.0).then_some(mean)
    }

    /// The light along a path and the share of the background that is seen behind.
    fn trace(&self, path: Option<&Path>, fragments: &[Fragment]) -> Option<[f32; 4]> {
        let seen = self.follow(path, fragments);
        (seen.clear < 1.0).then_some([seen.light[0], seen.light[1], seen.light[2], seen.clear])
    }

    fn follow(&self, path: Option<&Path>, fragments: &[Fragment]) -> Seen {
        let mut seen = Seen::default();
        if let Some(path) = path {
            seen.all = path.last + 1;
            let plain = self.derived.labels.is_none() && self.scene.clips.is_empty();
            match self.scene.settings.mode {
                RenderMode::Composite if plain => self.composite::<false>(path, fragments, &mut seen),
                RenderMode::Composite => self.composite::<true>(path, fragments, &mut seen),
                RenderMode::Surface { value, .. } => self.surface(path, value as f32, fragments, &mut seen),
                RenderMode::Mip(window) => {
                    let value = self.greatest(path, &mut seen);
                    self.projection(window, value, fragments, &mut seen);
                }
                RenderMode::MinIp(window) => {
                    let value = self.least(path, &mut seen);
                    self.projection(window, value, fragments, &mut seen);
                }
                RenderMode::Average(window) => {
                    let value = self.mean(path, &mut seen);
                    self.projection(window, value, fragments, &mut seen);
                }
            }
        }
        seen.pass(fragments, f32::INFINITY);
        seen
    }
}

/// What a ray has seen so far.
struct Seen {
    light: [f32; 3],
    /// The share of the light behind that still comes through.
    clear: f32,
    /// How much of peeled structures was passed, mm.
    peeled: f32,
    /// The next surface on the way.
    next: usize,
    /// Samples taken, and what there would have been to take.
    samples: u32,
    all: u32,
}

impl Default for Seen {
    fn default() -> Self {
        Self { light: [0.0; 3], clear: 1.0, peeled: 0.0, next: 0, samples: 0, all: 0 }
    }
}

impl Seen {
    /// Adds light of a layer of this opacity; the light is already weighted by the opacity.
    #[inline(always)]
    fn add(&mut self, light: [f32; 3], opacity: f32) {
        for (mine, theirs) in self.light.iter_mut().zip(light) {
            *mine += self.clear * theirs;
        }
        self.clear *= 1.0 - opacity;
    }

    /// Passes the surfaces nearer than a distance, mm.
    #[inline(always)]
    fn pass(&mut self, fragments: &[Fragment], distance: f32) {
        while let Some(fragment) = fragments.get(self.next).filter(|f| f.distance < distance) {
            self.add(fragment.light.map(|c| c * fragment.opacity), fragment.opacity);
            self.next += 1;
        }
    }
}
