//! The volume as a medium that light flies through: extinction, colour and gradient at any point, and tracking.

use std::ops::ControlFlow;

use fabrica_geometry::Grid;
use fabrica_raycast::Sampler;
use fabrica_volume::Sample;
use glam::{Mat3, Vec3};

use crate::kinds::{Cell, Kinds};
use crate::majorant::{Blocks, Majorants};
use crate::random::Random;

/// Below this transmittance a shadow ray goes on only as often as is worth it.
const ROULETTE: f32 = 0.2;

/// The tracer's frame: millimetres along the grid's axes from the centre of sample (0, 0, 0).
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// From the frame's directions to the patient's, in double precision because the patient may be far from 0.
    pub to_patient: glam::DMat3,
    /// Where sample (0, 0, 0) is in the patient.
    pub origin: glam::DVec3,
    /// Voxels per mm along each axis.
    pub per_mm: Vec3,
    /// The corners of the box that the voxels cover.
    pub bounds: [Vec3; 2],
}

impl Frame {
    /// The frame of a grid.
    pub fn new(grid: &Grid) -> Self {
        let spacing = grid.spacing();
        let side = |a: usize| (grid.dims()[a] as f64 - 0.5) * spacing[a];
        Self {
            to_patient: glam::DMat3::from_cols(grid.axis(0).0, grid.axis(1).0, grid.axis(2).0),
            origin: grid.origin().0,
            per_mm: Vec3::from_array(spacing.map(|s| (1.0 / s) as f32)),
            bounds: [
                Vec3::from_array(spacing.map(|s| (-0.5 * s) as f32)),
                Vec3::from_array([side(0), side(1), side(2)].map(|v| v as f32)),
            ],
        }
    }

    /// A point of the patient.
    pub fn point(&self, patient: glam::DVec3) -> glam::DVec3 {
        self.to_patient.transpose() * (patient - self.origin)
    }

    /// A direction of the patient.
    pub fn direction(&self, patient: glam::DVec3) -> glam::DVec3 {
        self.to_patient.transpose() * patient
    }

    /// The middle of the volume and the radius of the ball about it.
    pub fn ball(&self) -> (Vec3, f32) {
        let [low, high] = self.bounds;
        ((low + high) / 2.0, (high - low).length() / 2.0)
    }

    /// From directions of the frame to the patient's, in single precision.
    pub fn rotation(&self) -> Mat3 {
        self.to_patient.as_mat3()
    }
}

/// Half of space that is kept: points where `keep · p + offset` is not below 0.
#[derive(Clone, Copy, Debug)]
pub struct HalfSpace {
    /// Unit direction to the kept side.
    pub keep: Vec3,
    /// Distance, mm.
    pub offset: f32,
}

/// A part of a ray, from `near` to `far` along a unit direction.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Where distances count from.
    pub origin: Vec3,
    /// Unit direction.
    pub direction: Vec3,
    /// Where it begins, mm.
    pub near: f32,
    /// Where it ends, mm.
    pub far: f32,
}

/// A volume as a medium.
pub struct Medium<'a, T> {
    /// Its samples.
    pub sampler: Sampler<'a, T>,
    /// The samples themselves.
    pub data: &'a [T],
    /// Samples along i, j and k.
    pub dims: [usize; 3],
    /// What its kinds of matter look like.
    pub kinds: &'a Kinds<'a>,
    /// What its blocks hold.
    pub blocks: &'a Blocks,
    /// Upper bounds of the extinction.
    pub majorants: &'a Majorants,
    /// Where it lies.
    pub frame: &'a Frame,
    /// What of it is kept.
    pub kept: &'a [HalfSpace],
}

/// What is at a point.
#[derive(Clone, Copy, Debug)]
pub struct Matter {
    /// Extinction per mm.
    pub extinction: f32,
    /// Colour, linear.
    pub colour: Vec3,
    /// The kind of matter, where only one is near.
    pub kind: Option<u16>,
}

/// A point where light has met something.
#[derive(Clone, Copy, Debug)]
pub struct Collision {
    /// How far along the ray, mm.
    pub distance: f32,
    /// The point.
    pub position: Vec3,
    /// The number of the block that it lies in.
    pub block: usize,
}

impl<T: Sample> Medium<'_, T> {
    /// The number of the block that a point lies in.
    pub fn block_of(&self, at: Vec3) -> usize {
        let [nx, ny, nz] = self.majorants.dims();
        let at = at * self.frame.per_mm / self.blocks.cells() as f32;
        let along = |a: usize, n: usize| (at[a].max(0.0) as usize).min(n - 1);
        along(0, nx) + nx * (along(1, ny) + ny * along(2, nz))
    }

    /// Extinction at a point of a block, per mm.
    #[inline(always)]
    pub fn extinction(&self, at: Vec3, block: usize) -> f32 {
        match self.kinds.only() {
            Some(kind) => self.kinds.extinction(kind, self.value(at)),
            None => self.mixture(at, block, |_, _, _| {}).0,
        }
    }

    /// What is at a point of a block.
    #[inline]
    pub fn matter(&self, at: Vec3, block: usize) -> Matter {
        if let Some(kind) = self.kinds.only() {
            let value = self.value(at);
            let colour = self.kinds.colour(kind, value);
            return Matter { extinction: self.kinds.extinction(kind, value), colour, kind: Some(kind) };
        }
        let mut colour = Vec3::ZERO;
        let (extinction, kind) =
            self.mixture(at, block, |kind, value, part| colour += self.kinds.colour(kind, value) * part);
        Matter { extinction, colour: if extinction > 0.0 { colour / extinction } else { Vec3::ZERO }, kind }
    }

    /// Extinction where there are structures or clips, and the kind where only one is near. Near a border each kind
    /// shows by its own voxels' values only and by their share of the weight, so that no structure takes on another's
    /// look: `each(kind, value, extinction)`.
    #[inline]
    fn mixture(&self, at: Vec3, block: usize, mut each: impl FnMut(u16, f32, f32)) -> (f32, Option<u16>) {
        let cut = self.kinds.cut(at);
        let mut whole = |kind: u16| {
            if kind == 0 {
                return (0.0, Some(0));
            }
            let value = self.value(at);
            let extinction = self.kinds.extinction(kind, value);
            each(kind, value, extinction);
            (extinction, Some(kind))
        };
        if let Some(combination) = self.blocks.combination(block) {
            return whole(self.kinds.materials.number(combination, cut));
        }
        let cell = Cell::at((at * self.frame.per_mm).to_array(), self.dims);
        let kinds = cell.corners.map(|index| self.kinds.of_voxel(index, cut));
        if kinds.iter().all(|&k| k == kinds[0]) {
            return whole(kinds[0]);
        }
        let mut sum = 0.0;
        for (first, &kind) in kinds.iter().enumerate() {
            // Each kind once, at its first corner.
            if kind == 0 || kinds[..first].contains(&kind) {
                continue;
            }
            let (mut share, mut value) = (0f32, 0f32);
            for corner in (first..8).filter(|&c| kinds[c] == kind) {
                share += cell.weights[corner];
                value += cell.weights[corner] * self.data[cell.corners[corner]].to_f32();
            }
            if share > 0.0 {
                let extinction = share * self.kinds.extinction(kind, value / share);
                each(kind, value / share, extinction);
                sum += extinction;
            }
        }
        (sum, None)
    }

    /// The direction in which matter thins out at a border between kinds: the gradient of the share of what is seen,
    /// per mm; 0 where all about is seen.
    pub fn border(&self, at: Vec3) -> Vec3 {
        let cut = self.kinds.cut(at);
        let seen = |offset: Vec3| -> f32 {
            let cell = Cell::at(((at + offset) * self.frame.per_mm).to_array(), self.dims);
            (0..8).filter(|&c| self.kinds.of_voxel(cell.corners[c], cut) > 0).map(|c| cell.weights[c]).sum()
        };
        let step = 1.0 / self.frame.per_mm;
        Vec3::from_array(std::array::from_fn(|a| {
            let mut offset = Vec3::ZERO;
            offset[a] = step[a];
            (seen(offset) - seen(-offset)) / (2.0 * step[a])
        }))
    }

    /// The part of a ray within the volume and the kept half spaces, or nothing.
    #[inline]
    pub fn segment(&self, origin: Vec3, direction: Vec3, farthest: f32) -> Option<Segment> {
        let (mut near, mut far) = (0f32, farthest);
        let [low, high] = self.frame.bounds;
        for a in 0..3 {
            let inverse = 1.0 / direction[a];
            if inverse.is_finite() {
                let (t0, t1) = ((low[a] - origin[a]) * inverse, (high[a] - origin[a]) * inverse);
                near = near.max(t0.min(t1));
                far = far.min(t0.max(t1));
            } else if !(low[a]..=high[a]).contains(&origin[a]) {
                return None;
            }
        }
        for half in self.kept {
            let height = half.keep.dot(origin) + half.offset;
            let climb = half.keep.dot(direction);
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
        (near < far).then_some(Segment { origin, direction, near, far })
    }

    /// The value at a point.
    #[inline(always)]
    pub fn value(&self, at: Vec3) -> f32 {
        self.sampler.value((at * self.frame.per_mm).to_array())
    }

    /// The gradient of the values at a point, per mm.
    #[inline]
    pub fn gradient(&self, at: Vec3) -> Vec3 {
        Vec3::from_array(self.sampler.gradient((at * self.frame.per_mm).to_array())) * self.frame.per_mm
    }

    /// Where light flying along a segment first meets something, or nothing where it passes: delta tracking (Woodcock
    /// et al. 1965), block by block under each block's own bound.
    #[inline]
    pub fn collide(&self, segment: &Segment, random: &mut Random) -> Option<Collision> {
        let mut depth = exponential(random);
        self.walk(segment, |block, bound, mut t, end| {
            loop {
                let flight = depth / bound;
                if t + flight >= end {
                    depth -= bound * (end - t);
                    return ControlFlow::Continue(());
                }
                t += flight;
                let position = segment.origin + segment.direction * t;
                if random.number() * bound < self.extinction(position, block) {
                    return ControlFlow::Break(Collision { distance: t, position, block });
                }
                depth = exponential(random);
            }
        })
    }

    /// How much light passes along a segment, 0 to 1 and a little more at times, right in the mean: ratio tracking (Novák
    /// et al. 2014), with roulette once little is left.
    #[inline]
    pub fn transmittance(&self, segment: &Segment, random: &mut Random) -> f32 {
        let mut depth = exponential(random);
        let mut clear = 1f32;
        let dark = self.walk(segment, |block, bound, mut t, end| {
            loop {
                let flight = depth / bound;
                if t + flight >= end {
                    depth -= bound * (end - t);
                    return ControlFlow::Continue(());
                }
                t += flight;
                let extinction = self.extinction(segment.origin + segment.direction * t, block);
                clear *= 1.0 - extinction / bound;
                if clear < ROULETTE {
                    if random.number() * ROULETTE >= clear {
                        return ControlFlow::Break(());
                    }
                    clear = ROULETTE;
                }
                depth = exponential(random);
            }
        });
        if dark.is_some() { 0.0 } else { clear }
    }

    /// Goes through the blocks along a segment: `visit(block, bound, from, to)` for each that is not
    /// empty.
    #[inline(always)]
    fn walk<R>(&self, segment: &Segment, mut visit: impl FnMut(usize, f32, f32, f32) -> ControlFlow<R>) -> Option<R> {
        let dims = self.majorants.dims().map(|n| n as i32);
        let bounds = self.majorants.bounds();
        // In blocks, so that faces lie at whole numbers.
        let per_mm = self.frame.per_mm / self.blocks.cells() as f32;
        let start = (segment.origin * per_mm).to_array();
        let speed = (segment.direction * per_mm).to_array();
        let inverse = speed.map(|s| 1.0 / s);
        let at = |t: f32, a: usize| ((start[a] + speed[a] * t).floor() as i32).clamp(0, dims[a] - 1);
        let mut t = segment.near;
        let mut block = [at(t, 0), at(t, 1), at(t, 2)];
        loop {
            let number = (block[0] + dims[0] * (block[1] + dims[1] * block[2])) as usize;
            let bound = bounds[number];
            let reach = if bound > 0.0 { 1 } else { (-bound) as i32 };
            // The nearest face of the cube of blocks that is known, and the block behind it. The outermost blocks reach as far
            // as the volume does.
            let (mut end, mut axis, mut behind) = (segment.far, 3, 0);
            for a in 0..3 {
                let (face, next) = if speed[a] > 0.0 {
                    (block[a] + reach, block[a] + reach)
                } else {
                    (block[a] + 1 - reach, block[a] - reach)
                };
                if next >= 0 && next < dims[a] {
                    let to = (face as f32 - start[a]) * inverse[a];
                    if to < end {
                        (end, axis, behind) = (to, a, next);
                    }
                }
            }
            if bound > 0.0
                && end > t
                && let ControlFlow::Break(result) = visit(number, bound, t, end)
            {
                return Some(result);
            }
            if axis == 3 {
                return None;
            }
            t = end.max(t);
            if reach > 1 {
                // The other axes have gone on within the cube, and never beyond it.
                for (a, block) in block.iter_mut().enumerate() {
                    *block = at(t, a).clamp(*block + 1 - reach, *block + reach - 1);
                }
            }
            block[axis] = behind;
        }
    }
}

/// A free optical depth: the distance to the next meeting in a medium of extinction 1.
#[inline(always)]
fn exponential(random: &mut Random) -> f32 {
    -(1.0 - random.number()).ln()
}
