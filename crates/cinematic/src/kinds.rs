//! What a scene's kinds of matter look like, and which of them is where.

use fabrica_raycast::{Clip, ClipShape, Keep, LUT_ENTRIES, Materials, Scene, Structures};
use glam::Vec3;

use crate::medium::Frame;

/// One kind of matter: tables over the entries of a transfer function's table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Extinction per mm.
    pub extinction: Vec<f32>,
    /// Colour, linear.
    pub colour: Vec<[f32; 3]>,
}

/// The kinds of matter in a scene, and how to find out which is where.
#[derive(Clone, Debug)]
pub struct Kinds<'a> {
    /// Value of the tables' first entry.
    pub low: f32,
    /// Entries per unit of value.
    pub scale: f32,
    /// Kind 0 is nothing at all.
    pub tables: Vec<Table>,
    /// From structures and cuts to kinds.
    pub materials: Materials,
    /// The combination of structures of each voxel, i fastest; nothing where there are no structures.
    pub labels: Option<&'a [u16]>,
    /// What cuts, in the tracer's frame.
    pub clips: Vec<FrameClip>,
}

/// A clip in the tracer's frame: depths along up to three axes, mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameClip {
    /// Unit directions.
    pub axes: [Vec3; 3],
    /// What is added to the way along each.
    pub offsets: [f32; 3],
    /// Half the sides, mm.
    pub half: Vec3,
    /// What it does.
    pub cut: Cut,
}

/// What a clip does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    Off,
    /// Cuts where the depth along the first axis is negative.
    Plane,
    /// Cuts outside its box.
    Outside,
    /// Cuts inside its box.
    Inside,
}

impl FrameClip {
    fn new(clip: &Clip, frame: &Frame) -> Self {
        let origin = |centre: glam::DVec3, axis: glam::DVec3| -axis.dot(frame.point(centre)) as f32;
        match clip.shape {
            ClipShape::Plane(plane) => {
                let axis = frame.direction(plane.keep.0.normalize_or_zero());
                Self {
                    axes: [axis.as_vec3(), Vec3::ZERO, Vec3::ZERO],
                    offsets: [origin(plane.point.0, axis), 0.0, 0.0],
                    half: Vec3::ZERO,
                    cut: if clip.enabled { Cut::Plane } else { Cut::Off },
                }
            }
            ClipShape::Box(shape) => {
                let axes = shape.axes.map(|a| frame.direction(a.0));
                let cut = if shape.keep == Keep::Inside { Cut::Outside } else { Cut::Inside };
                Self {
                    axes: axes.map(|a| a.as_vec3()),
                    offsets: axes.map(|a| origin(shape.centre.0, a)),
                    half: Vec3::from_array(shape.half.map(|h| h.0 as f32)),
                    cut: if clip.enabled { cut } else { Cut::Off },
                }
            }
        }
    }

    /// How deep a point lies in what stays, mm, or less deep than that; negative in what is cut away.
    #[inline]
    pub fn depth(&self, at: Vec3) -> f32 {
        let along = |a: usize| self.axes[a].dot(at) + self.offsets[a];
        let inside = || (0..3).map(|a| self.half[a] - along(a).abs()).fold(f32::INFINITY, f32::min);
        match self.cut {
            Cut::Off => f32::INFINITY,
            Cut::Plane => along(0),
            Cut::Outside => inside(),
            Cut::Inside => -inside(),
        }
    }
}

/// The cell of samples about a point, with the corners' weights.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Indices of the corners, i fastest.
    pub corners: [usize; 8],
    /// Their trilinear weights.
    pub weights: [f32; 8],
}

impl Cell {
    /// The cell of a voxel position; beyond the outermost centres the outermost samples hold.
    #[inline]
    pub fn at(voxel: [f32; 3], dims: [usize; 3]) -> Self {
        let strides = [1, dims[0], dims[0] * dims[1]];
        let mut base = 0;
        let mut part = [0f32; 3];
        let mut step = [0usize; 3];
        for a in 0..3 {
            let p = voxel[a].max(0.0).min((dims[a] - 1) as f32);
            let cell = (p as usize).min(dims[a].saturating_sub(2));
            base += cell * strides[a];
            part[a] = p - cell as f32;
            step[a] = if dims[a] > 1 { strides[a] } else { 0 };
        }
        let side = |corner: usize, a: usize| corner >> a & 1;
        let weight = |c: usize, a: usize| if side(c, a) == 1 { part[a] } else { 1.0 - part[a] };
        Self {
            corners: std::array::from_fn(|c| base + (0..3).map(|a| side(c, a) * step[a]).sum::<usize>()),
            weights: std::array::from_fn(|c| weight(c, 0) * weight(c, 1) * weight(c, 2)),
        }
    }
}

impl<'a> Kinds<'a> {
    /// The kinds of a scene, with all extinctions multiplied by `density`.
    pub fn new(scene: &Scene<'a>, frame: &Frame, density: f32) -> Self {
        let materials = Materials::of(scene);
        let tables = materials.all().iter().map(|m| Table::new(&m.lut.direct, density)).collect();
        let lut = &materials.all()[0].lut;
        Self {
            low: lut.low,
            scale: lut.scale,
            tables,
            labels: scene.structures.map(|Structures { labels, .. }| labels.combinations()),
            clips: scene.clips.iter().map(|clip| FrameClip::new(clip, frame)).collect(),
            materials,
        }
    }

    /// The kind that is everywhere, where there are neither structures nor clips.
    #[inline(always)]
    pub fn only(&self) -> Option<u16> {
        (self.labels.is_none() && self.clips.is_empty()).then(|| self.materials.number(0, 0))
    }

    /// The clips that cut a point away: bit n is clip n.
    #[inline]
    pub fn cut(&self, at: Vec3) -> u8 {
        self.clips.iter().enumerate().fold(0, |cut, (n, clip)| cut | (u8::from(clip.depth(at) < 0.0) << n))
    }

    /// The clips that cut away all within a radius of a point.
    pub fn cut_all(&self, at: Vec3, radius: f32) -> u8 {
        self.clips.iter().enumerate().fold(0, |cut, (n, clip)| cut | (u8::from(clip.depth(at) < -radius) << n))
    }

    /// The entry before a value, and the way from it to the next.
    #[inline(always)]
    pub fn entry(&self, value: f32) -> (usize, f32) {
        #[allow(clippy::manual_clamp, reason = "clamp keeps NaN; of a number and NaN, max gives the number")]
        let entry = ((value - self.low) * self.scale).max(0.0).min((LUT_ENTRIES - 1) as f32);
        let at = (entry as usize).min(LUT_ENTRIES - 2);
        (at, entry - at as f32)
    }

    /// Extinction of a kind at a value, per mm.
    #[inline(always)]
    pub fn extinction(&self, kind: u16, value: f32) -> f32 {
        let (at, t) = self.entry(value);
        let table = &self.tables[usize::from(kind)].extinction;
        let (a, b) = (table[at], table[at + 1]);
        a + (b - a) * t
    }

    /// Colour of a kind at a value, linear.
    #[inline]
    pub fn colour(&self, kind: u16, value: f32) -> Vec3 {
        let (at, t) = self.entry(value);
        let table = &self.tables[usize::from(kind)].colour;
        Vec3::from_array(table[at]).lerp(Vec3::from_array(table[at + 1]), t)
    }

    /// The kind of a voxel where these clips cut.
    #[inline(always)]
    pub fn of_voxel(&self, index: usize, cut: u8) -> u16 {
        let combination = self.labels.and_then(|l| l.get(index)).copied().unwrap_or(0);
        self.materials.number(combination, cut)
    }
}

impl Table {
    /// The table of entries of extinction × colour and extinction.
    pub fn new(entries: &[[f32; 4]], density: f32) -> Self {
        let of = |&[r, g, b, e]: &[f32; 4]| (e > 0.0).then(|| [r / e, g / e, b / e]);
        let colour = (0..entries.len()).map(|n| {
            // An entry without extinction has no colour of its own; next to one that shows, it takes that one's.
            let near = [Some(n), n.checked_sub(1), Some(n + 1)];
            near.into_iter().flatten().filter_map(|m| entries.get(m)).find_map(of).unwrap_or([0.0; 3])
        });
        Self { colour: colour.collect(), extinction: entries.iter().map(|e| e[3] * density).collect() }
    }
}
