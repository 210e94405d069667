//! Where a ray runs through the volume.

use glam::{DAffine3, DVec3, Vec3};

use crate::blocks::BLOCK_CELLS;
use crate::voxel_clip::VoxelClip;
use crate::{Camera, Projection, Ray, RenderError, Scene};

/// So much farther apart than a voxel may rays be.
const SPARE: f64 = 0.25;
/// The most rays along a side of a pixel.
const MOST_RAYS: u32 = 16;

/// The scene's geometry in voxels, and what is the same for every ray of a picture.
pub(super) struct Frame {
    to_voxel: DAffine3,
    /// The box of the voxels, in voxels.
    low: DVec3,
    high: DVec3,
    /// Distance between samples, mm.
    pub step: f32,
    /// Voxels per mm along i, j, k: from differences per voxel to gradients per mm.
    pub per_mm: Vec3,
    /// Blocks along i, j, k.
    blocks: [usize; 3],
    /// Planes perpendicular to the view between which projections look: a normal, and least and greatest distance
    /// along it.
    slab: Option<(DVec3, f64, f64)>,
    clips: Vec<VoxelClip>,
    /// Height of a pixel in mm: at 1 mm from the eye, and at any distance (one of the two is 0).
    pixel: [f64; 2],
    /// The finest spacing, mm.
    finest: f64,
    /// From voxels to voxels of the fused volume.
    pub to_fused: Option<DAffine3>,
}

/// The part of a ray to march along, in voxels.
pub(super) struct Path {
    pub start: Vec3,
    /// From sample to sample.
    pub step: Vec3,
    /// Number of the last sample, from 0.
    pub last: u32,
    /// Where the path ends, in samples: at or a fraction behind the last.
    pub end: f32,
    /// Where the first sample lies on the ray, mm from its origin.
    pub near: f32,
    /// Whether the ray begins inside the volume, at the eye.
    pub from_eye: bool,
    /// Unit direction from the patient to the eye along the grid's axes.
    pub to_eye: Vec3,
}

impl Path {
    #[inline(always)]
    pub fn at(&self, n: f32) -> [f32; 3] {
        (self.start + self.step * n).to_array()
    }
}

impl Frame {
    pub fn new(scene: &Scene<'_>, camera: &Camera, size: [u32; 2], blocks: [usize; 3]) -> Result<Self, RenderError> {
        let grid = scene.volume.grid();
        let to_patient = grid.voxel_to_patient();
        let view = camera.frame()?.forward.0;
        let slab = scene.settings.slab.map(|slab| {
            let middle = view.dot(slab.centre.0);
            (view, middle - slab.thickness.0 / 2.0, middle + slab.thickness.0 / 2.0)
        });
        let height = f64::from(size[1]);
        let pixel = match camera.projection {
            Projection::Perspective { vertical_fov } => [2.0 * (vertical_fov / 2.0).tan() / height, 0.0],
            Projection::Orthographic { height: whole } => [0.0, whole.0 / height],
        };
        Ok(Self {
            pixel,
            finest: grid.finest_spacing().0,
            to_voxel: grid.patient_to_voxel(),
            low: DVec3::splat(-0.5),
            high: DVec3::from_array(grid.dims().map(|n| n as f64 - 0.5)),
            step: (scene.settings.step_voxels * grid.finest_spacing().0) as f32,
            per_mm: Vec3::from_array(grid.spacing().map(|s| (1.0 / s) as f32)),
            blocks,
            slab,
            clips: scene.clips.iter().map(|clip| VoxelClip::new(clip, to_patient)).collect(),
            to_fused: scene.fused.map(|fused| fused.volume.grid().patient_to_voxel() * to_patient),
        })
    }

    /// Where a ray runs through the box and behind the clip plane, up to `reach` mm from its origin.
    pub fn path(&self, scene: &Scene<'_>, ray: &Ray, reach: f64) -> Option<Path> {
        let origin = self.to_voxel.transform_point3(ray.origin.0);
        let direction = self.to_voxel.transform_vector3(ray.direction.0);
        let (mut near, mut far) = (0.0, reach);
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
        // What lies over a plane: how high the ray starts and how it climbs.
        let mut above = |height: f64, climb: f64| {
            if climb.abs() < 1e-9 {
                return height >= 0.0;
            }
            let crossing = -height / climb;
            if climb > 0.0 {
                near = near.max(crossing);
            } else {
                far = far.min(crossing);
            }
            true
        };
        if let Some(clip) = scene.settings.clip {
            let keep = clip.keep.0.normalize_or_zero();
            if !above(keep.dot(ray.origin.0 - clip.point.0), keep.dot(ray.direction.0)) {
                return None;
            }
        }
        if let Some((view, first, last)) = self.slab {
            let (depth, climb) = (view.dot(ray.origin.0), view.dot(ray.direction.0));
            if !above(depth - first, climb) || !above(last - depth, -climb) {
                return None;
            }
        }
        if near >= far {
            return None;
        }
        let step = f64::from(self.step);
        Some(Path {
            start: (origin + direction * near).as_vec3(),
            step: (direction * step).as_vec3(),
            last: ((far - near) / step) as u32,
            end: ((far - near) / step) as f32,
            near: near as f32,
            from_eye: near == 0.0,
            to_eye: (-direction / self.per_mm.as_dvec3()).normalize_or_zero().as_vec3(),
        })
    }

    /// How many rays a pixel needs along each side, so that they are about a voxel apart where they enter the volume at
    /// this distance: however far away, no vessel of a voxel's width passes between them.
    pub fn rays_along(&self, near: f32) -> u32 {
        let between = (self.pixel[0] * f64::from(near) + self.pixel[1]) / self.finest;
        ((between - SPARE).ceil().max(1.0) as u32).min(MOST_RAYS)
    }

    /// The clips that cut at a position.
    #[inline(always)]
    pub fn cut(&self, at: [f32; 3]) -> u8 {
        let at = Vec3::from_array(at);
        self.clips.iter().enumerate().fold(0, |cut, (n, clip)| cut | u8::from(clip.cuts(at)) << n)
    }

    /// The block of a position, and its number.
    #[inline(always)]
    pub fn block(&self, at: [f32; 3]) -> ([usize; 3], usize) {
        let [nx, ny, nz] = self.blocks;
        let along = |p: f32, n: usize| (p.max(0.0) as usize / BLOCK_CELLS).min(n - 1);
        let block = [along(at[0], nx), along(at[1], ny), along(at[2], nz)];
        (block, block[0] + nx * (block[1] + ny * block[2]))
    }

    /// How many samples to go on from `here` so as to leave the cube of blocks nearer than `distance`, at least 1.
    #[inline(always)]
    pub fn leap(&self, path: &Path, here: [f32; 3], block: [usize; 3], distance: u8) -> u32 {
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
