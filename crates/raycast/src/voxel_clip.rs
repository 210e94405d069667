//! Clips in voxel coordinates, as rays and blocks ask for them.

use glam::{DAffine3, DVec3, Vec3, Vec4};

use crate::{Clip, ClipShape, Keep};

/// A clip in voxel coordinates: depths along up to three axes.
#[derive(Clone, Copy, Debug)]
pub struct VoxelClip {
    /// Direction (per voxel) and offset; a point's depth in mm is `axis · (i, j, k, 1)`.
    pub axes: [Vec4; 3],
    /// Half the sides, mm; unused for planes.
    pub half: Vec3,
    /// What it cuts.
    pub kind: VoxelClipKind,
}

/// What a clip in voxel coordinates cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoxelClipKind {
    /// Cuts nothing.
    Off,
    /// Cuts where the depth along the first axis is negative.
    Plane,
    /// Cuts outside.
    Inside,
    /// Cuts inside.
    Outside,
}

impl VoxelClip {
    /// A clip on a grid.
    pub fn new(clip: &Clip, voxel_to_patient: DAffine3) -> Self {
        let row = |direction: DVec3, from: DVec3| {
            let turned = voxel_to_patient.matrix3.transpose() * direction;
            turned.extend(direction.dot(voxel_to_patient.translation - from)).as_vec4()
        };
        let (axes, half, kind) = match clip.shape {
            ClipShape::Plane(plane) => {
                let axis = row(plane.keep.0.normalize_or_zero(), plane.point.0);
                ([axis, Vec4::ZERO, Vec4::ZERO], Vec3::ZERO, VoxelClipKind::Plane)
            }
            ClipShape::Box(shape) => {
                let kind = if shape.keep == Keep::Inside { VoxelClipKind::Inside } else { VoxelClipKind::Outside };
                let half = Vec3::from_array(shape.half.map(|h| h.0 as f32));
                (shape.axes.map(|a| row(a.0, shape.centre.0)), half, kind)
            }
        };
        Self { axes, half, kind: if clip.enabled { kind } else { VoxelClipKind::Off } }
    }

    /// Whether a point is cut away.
    #[inline(always)]
    pub fn cuts(&self, at: Vec3) -> bool {
        let at = at.extend(1.0);
        match self.kind {
            VoxelClipKind::Off => false,
            VoxelClipKind::Plane => self.axes[0].dot(at) < 0.0,
            VoxelClipKind::Inside => (0..3).any(|a| self.axes[a].dot(at).abs() > self.half[a]),
            VoxelClipKind::Outside => (0..3).all(|a| self.axes[a].dot(at).abs() < self.half[a]),
        }
    }

    /// Whether a whole box of voxels, given by its middle and half its sides, is cut away.
    pub fn cuts_all(&self, middle: Vec3, half: Vec3) -> bool {
        let depth = |a: usize| self.axes[a].dot(middle.extend(1.0));
        let reach = |a: usize| self.axes[a].truncate().abs().dot(half);
        match self.kind {
            VoxelClipKind::Off => false,
            VoxelClipKind::Plane => depth(0) + reach(0) < 0.0,
            VoxelClipKind::Inside => (0..3).any(|a| depth(a).abs() - reach(a) > self.half[a]),
            VoxelClipKind::Outside => (0..3).all(|a| depth(a).abs() + reach(a) < self.half[a]),
        }
    }
}
