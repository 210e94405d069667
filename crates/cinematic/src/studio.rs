//! A scene in a look's light, before a camera, ready to be traced.

use std::sync::atomic::{AtomicU32, Ordering};

use fabrica_progress::Progress;
use fabrica_raycast::{Camera, CameraFrame, ClipPlane, Projection, RenderMode, Sampler, Scene};
use fabrica_volume::{Sample, Volume, with_samples};
use glam::{Mat3, Vec3};
use rayon::prelude::*;

use crate::CinematicError;
use crate::film::{Film, check_size};
use crate::kinds::Kinds;
use crate::lights::{Attached, Lights};
use crate::look::{Look, Material};
use crate::majorant::{Blocks, Majorants};
use crate::medium::{Frame, HalfSpace, Medium};
use crate::path::Tracer;

/// Samples of a pixel that are traced in a row, before the next one's.
const RUN: u32 = 8;

/// A scene in a look's light, before a camera.
pub struct Studio<'a> {
    volume: &'a Volume,
    blocks: &'a Blocks,
    size: [u32; 2],
    /// Where the picture is taken from.
    pub eye: Eye,
    /// What the kinds of matter look like.
    pub kinds: Kinds<'a>,
    /// Upper bounds of the extinction.
    pub majorants: Majorants,
    /// The tracer's frame.
    pub frame: Frame,
    /// The lights in that frame.
    pub lights: Lights,
    /// What the scene's own clip plane keeps, in that frame.
    pub kept: Vec<HalfSpace>,
    /// How matter scatters light.
    pub material: Material,
    /// Between these gradients, per mm, scattering turns into reflection.
    pub gradient: [f32; 2],
    /// The lens.
    pub lens: ThinLens,
}

/// The rays of a picture in the tracer's frame.
#[derive(Clone, Copy, Debug)]
pub struct Eye {
    /// Where the eye is, mm.
    pub position: Vec3,
    /// From the eye (or, in perspective, from one unit before it) to the picture's top left corner.
    pub corner: Vec3,
    /// From a pixel to the next.
    pub across: Vec3,
    /// From a row to the next.
    pub down: Vec3,
    /// Unit direction into the picture.
    pub forward: Vec3,
    /// Whether rays come from the eye; else they are parallel.
    pub perspective: bool,
}

impl Eye {
    fn new(camera: &Camera, view: &CameraFrame, frame: &Frame, size: [u32; 2]) -> Self {
        let (half, perspective) = match camera.projection {
            Projection::Perspective { vertical_fov } => ((vertical_fov / 2.0).tan(), true),
            Projection::Orthographic { height } => (height.0 / 2.0, false),
        };
        let pixel = 2.0 * half / f64::from(size[1].max(1));
        let corner = view.right.0 * (-pixel * f64::from(size[0]) / 2.0) + view.up.0 * half;
        let direction = |v| frame.direction(v).as_vec3();
        Self {
            position: frame.point(camera.eye.0).as_vec3(),
            corner: direction(corner),
            across: direction(view.right.0 * pixel),
            down: direction(view.up.0 * -pixel),
            forward: direction(view.forward.0),
            perspective,
        }
    }

    /// Origin and unit direction of the ray through a point of the picture: pixels from the left and from the top.
    #[inline]
    pub fn through(&self, [x, y]: [f32; 2]) -> (Vec3, Vec3) {
        let on_picture = self.corner + self.across * x + self.down * y;
        if self.perspective {
            (self.position, (self.forward + on_picture).normalize())
        } else {
            (self.position + on_picture, self.forward)
        }
    }
}

/// A lens in the tracer's frame.
#[derive(Clone, Copy, Debug)]
pub struct ThinLens {
    /// To the right of the picture.
    pub right: Vec3,
    /// To its top.
    pub up: Vec3,
    /// Into it.
    pub forward: Vec3,
    /// Radius of the opening, mm.
    pub radius: f32,
    /// Distance of the plane that is sharp, mm.
    pub focus: f32,
}

impl<'a> Studio<'a> {
    /// Sets a scene up. Of the look, material, lights, lens and development count; the transfer function and the clips
    /// are the scene's. `blocks` are those of the scene's volume and labels. A structure's silhouette and peel are not
    /// followed: they have no meaning for light.
    ///
    /// # Errors
    /// When the look, the scene or the camera cannot give a picture; for scenes with a second volume, meshes or a slab,
    /// and for projections, which this renderer does not draw.
    pub fn new(
        scene: &Scene<'a>,
        blocks: &'a Blocks,
        look: &Look,
        camera: &Camera,
        size: [u32; 2],
    ) -> Result<Self, CinematicError> {
        look.check()?;
        scene.check()?;
        check_size(size)?;
        for (there, what) in [
            (scene.fused.is_some(), "a second volume"),
            (!scene.meshes.is_empty(), "meshes"),
            (scene.settings.slab.is_some(), "a slab"),
            (scene.settings.mode != RenderMode::Composite, "a projection or an isosurface"),
        ] {
            if there {
                return Err(CinematicError::Unsupported(what));
            }
        }
        if !blocks.serve(scene) {
            return Err(CinematicError::Unsupported("a scene with the blocks of another"));
        }
        let frame = Frame::new(scene.volume.grid());
        let kinds = Kinds::new(scene, &frame, look.material.density);
        let majorants = Majorants::new(blocks, &kinds, &frame);
        let view = camera.frame()?;
        let (centre, radius) = frame.ball();
        let lights = Lights::new(&look.lights, lights_frame(look.lights.attached, &view, &frame), centre, radius);
        let mut studio = Self {
            volume: scene.volume,
            blocks,
            size,
            eye: Eye::new(camera, &view, &frame, size),
            kinds,
            majorants,
            lights,
            kept: scene.settings.clip.iter().map(|clip| half_space(clip, &frame)).collect(),
            material: look.material,
            gradient: look.material.gradient.unwrap_or_else(|| scene.settings.lighting.unwrap_or_default().gradient),
            lens: lens(look, camera, &view, &frame),
            frame,
        };
        if studio.lens.radius > 0.0 && look.lens.focus.is_none() {
            studio.focus_on_middle();
        }
        Ok(studio)
    }

    /// Width and height of the picture.
    pub fn size(&self) -> [u32; 2] {
        self.size
    }

    /// What the volume's blocks hold.
    pub fn blocks(&self) -> &Blocks {
        self.blocks
    }

    /// Adds samples to every pixel of a film. Cancelled, the film is still whole: some pixels have more samples than
    /// others.
    ///
    /// # Errors
    /// When cancelled, or when the film has another size.
    pub fn trace(&self, film: &mut Film, samples: u32, progress: &Progress) -> Result<(), CinematicError> {
        if film.size() != self.size {
            return Err(CinematicError::Film { film: film.size(), scene: self.size });
        }
        progress.stage("tracing light");
        let runs = samples.div_ceil(RUN);
        let done = AtomicU32::new(0);
        let rows = runs * self.size[1];
        for run in 0..runs {
            let count = RUN.min(samples - run * RUN);
            let width = self.size[0] as usize;
            film.pixels.par_chunks_mut(width).enumerate().try_for_each(|(y, row)| {
                progress.check()?;
                with_samples!(self.volume.samples().view(), |data| {
                    let tracer = self.tracer(data);
                    for (x, pixel) in row.iter_mut().enumerate() {
                        tracer.add(pixel, [x as u32, y as u32], count);
                    }
                });
                progress.set((done.fetch_add(1, Ordering::Relaxed) + 1) as f32 / rows as f32);
                Ok::<(), CinematicError>(())
            })?;
        }
        Ok(())
    }

    fn tracer<'s, T: Sample>(&'s self, data: &'s [T]) -> Tracer<'s, T> {
        let dims = self.volume.grid().dims();
        let medium = Medium {
            sampler: Sampler::new(data, dims),
            data,
            dims,
            kinds: &self.kinds,
            blocks: self.blocks,
            majorants: &self.majorants,
            frame: &self.frame,
            kept: &self.kept,
        };
        Tracer {
            medium,
            eye: &self.eye,
            lights: &self.lights,
            lens: &self.lens,
            material: &self.material,
            gradient: self.gradient,
        }
    }

    /// Focuses on what the middle of the picture shows: the median of a few first meetings.
    fn focus_on_middle(&mut self) {
        let middle = self.size.map(|n| n / 2);
        let mut met: Vec<f32> = with_samples!(self.volume.samples().view(), |data| {
            let tracer = self.tracer(data);
            (0..33).filter_map(|sample| tracer.first_meeting(middle, sample)).collect()
        });
        met.sort_unstable_by(f32::total_cmp);
        if let Some(&depth) = met.get(met.len() / 2) {
            self.lens.focus = depth.max(1e-3);
        }
    }
}

/// From the lights' directions to the tracer's.
fn lights_frame(attached: Attached, view: &CameraFrame, frame: &Frame) -> Mat3 {
    let axes = match attached {
        Attached::Camera => [view.right.0, view.up.0, -view.forward.0],
        // Left, head and front.
        Attached::Patient => [glam::DVec3::X, glam::DVec3::Z, glam::DVec3::NEG_Y],
    };
    let [x, y, z] = axes.map(|axis| frame.direction(axis).as_vec3());
    Mat3::from_cols(x, y, z)
}

fn half_space(clip: &ClipPlane, frame: &Frame) -> HalfSpace {
    let keep = frame.direction(clip.keep.0.normalize_or_zero());
    HalfSpace { keep: keep.as_vec3(), offset: -keep.dot(frame.point(clip.point.0)) as f32 }
}

fn lens(look: &Look, camera: &Camera, view: &CameraFrame, frame: &Frame) -> ThinLens {
    let [right, up, forward] = [view.right, view.up, view.forward].map(|v| frame.direction(v.0).as_vec3());
    let focus = look.lens.focus.unwrap_or_else(|| camera.eye.distance(camera.target));
    ThinLens { right, up, forward, radius: (look.lens.aperture.0 / 2.0) as f32, focus: focus.0 as f32 }
}
