//! What renderers look up: what follows from the volumes once, and what follows from the looks at each change.

use fabrica_volume::Volume;
use rayon::prelude::*;

use crate::blocks::{BLOCK_CELLS, BlockRanges, Occupancy};
use crate::image::linear;
use crate::label_blocks::{LabelBlocks, blocks_of};
use crate::light::LightVolume;
use crate::voxel_clip::VoxelClip;
use crate::{Fusion, Lut, Materials, RenderMode, Scene, VoxelBox};

/// What follows from a scene's volumes and labels, whatever the looks: made once, followed when a mask changes.
#[derive(Clone, Debug)]
pub struct Derived {
    /// Least and greatest value of each block.
    pub ranges: BlockRanges,
    /// Which combinations of structures each block holds.
    pub labels: Option<LabelBlocks>,
    /// Least and greatest value of each block of the fused volume.
    pub fused: Option<BlockRanges>,
}

impl Derived {
    /// Passes over the scene's volumes and labels once.
    pub fn of(scene: &Scene<'_>) -> Self {
        Self {
            ranges: BlockRanges::new(scene.volume),
            labels: scene.structures.map(|s| LabelBlocks::new(s.labels)),
            fused: scene.fused.map(|f| BlockRanges::new(f.volume)),
        }
    }

    /// The same for a volume by itself whose ranges are known.
    pub fn of_ranges(ranges: BlockRanges) -> Self {
        Self { ranges, labels: None, fused: None }
    }

    /// Follows labels that have changed inside a box.
    pub fn follow_labels(&mut self, labels: &crate::LabelMap, within: VoxelBox) {
        if let Some(blocks) = &mut self.labels {
            blocks.update(labels, within);
        }
    }

    /// The one combination of a block; nothing where it holds several.
    #[inline(always)]
    pub(crate) fn uniform(&self, block: usize) -> Option<u16> {
        match &self.labels {
            None => Some(0),
            Some(labels) => labels.uniform(block),
        }
    }

    /// The combination of a voxel.
    #[inline(always)]
    pub(crate) fn combination(&self, scene: &Scene<'_>, index: usize) -> u16 {
        scene.structures.map_or(0, |s| s.labels.combinations()[index])
    }
}

/// What follows from a scene's looks: made anew when a look, a clip or a mask changes, in milliseconds but for the
/// light.
#[derive(Clone, Debug)]
pub struct LookTables {
    /// The kinds of voxels.
    pub materials: Materials,
    /// The kind of what belongs to no structure and is not cut.
    pub rest: u16,
    /// How far each block is from anything that shows.
    pub occupancy: Occupancy,
    /// The colour map of the fused volume.
    pub fused: Option<FusedTable>,
    /// How much light comes to each place, where the lighting asks for it.
    pub light: Option<LightVolume>,
    /// The colour of each kind's surface in linear light.
    pub(crate) surface_colours: Vec<[f32; 3]>,
}

/// The colour map of a fused volume.
#[derive(Clone, Debug)]
pub struct FusedTable {
    /// Its table.
    pub lut: Lut,
    /// What the two volumes do to each other.
    pub fusion: Fusion,
    /// The layer that opacities hold for, mm.
    pub length: f32,
}

impl LookTables {
    /// The tables of a scene that passes [`Scene::check`].
    pub fn of(scene: &Scene<'_>, derived: &Derived) -> Self {
        let mut tables = Self::without_light(scene, derived);
        tables.renew_light(scene);
        tables
    }

    /// Works the light out anew, where the lighting asks for it.
    pub fn renew_light(&mut self, scene: &Scene<'_>) {
        let wanted = scene.settings.mode == RenderMode::Composite
            && scene.settings.lighting.is_some_and(|lighting| lighting.occlusion > 0.0);
        self.light = wanted.then(|| LightVolume::new(scene, &self.materials));
    }

    /// The colour of each kind's surface in linear light.
    pub fn surface_colours(&self) -> &[[f32; 3]] {
        &self.surface_colours
    }

    /// The tables that skipping and classifying need; the light, which takes longest, is left out.
    pub fn without_light(scene: &Scene<'_>, derived: &Derived) -> Self {
        let materials = Materials::of(scene);
        let fused = scene.fused.map(|f| FusedTable {
            lut: f.function.lut(),
            fusion: f.fusion,
            length: f.function.reference_length().0 as f32,
        });
        let occupancy = occupancy(scene, derived, &materials, fused.as_ref());
        let surface_colours = surface_colours(scene, &materials);
        Self { rest: materials.number(0, 0), materials, occupancy, fused, light: None, surface_colours }
    }

    /// Follows labels that have changed inside boxes, once `derived` has followed them; nothing else of the scene may
    /// have changed. The result is that of [`LookTables::without_light`], but only what the boxes touch is looked at;
    /// the light stays as it is.
    pub fn follow_labels(&mut self, scene: &Scene<'_>, derived: &Derived, within: &[VoxelBox]) -> Followed {
        let combinations = scene.structures.map_or(1, |s| s.labels.members().len());
        let new_kinds = combinations != self.materials.combinations();
        if new_kinds {
            self.materials.follow(scene);
            self.rest = self.materials.number(0, 0);
            self.surface_colours = surface_colours(scene, &self.materials);
        }
        let dims = self.occupancy.dims();
        let mut blocks: Vec<VoxelBox> = within.iter().map(|&part| blocks_of(part, dims)).collect();
        if scene.settings.skip_empty {
            let showing = Showing::new(scene, derived, &self.materials, self.fused.as_ref());
            let touched = blocks.iter().flat_map(|part| part.indices(dims));
            blocks.extend(self.occupancy.follow(touched.map(|index| (index, showing.block(index)))));
        }
        Followed { new_kinds, blocks: blocks.into_iter().reduce(VoxelBox::union) }
    }
}

/// What of [`LookTables`] has changed with labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Structures meet in ways that were not there before: the materials are new.
    pub new_kinds: bool,
    /// The box of blocks, counted in blocks, outside which no block's distance and no block's combination has changed.
    pub blocks: Option<VoxelBox>,
}

fn surface_colours(scene: &Scene<'_>, materials: &Materials) -> Vec<[f32; 3]> {
    let plain = match scene.settings.mode {
        RenderMode::Surface { colour, .. } => linear(colour),
        _ => [1.0; 3],
    };
    materials.all().iter().map(|m| m.colour.unwrap_or(plain)).collect()
}

/// Which blocks show something.
fn occupancy(scene: &Scene<'_>, derived: &Derived, materials: &Materials, fused: Option<&FusedTable>) -> Occupancy {
    if !scene.settings.skip_empty {
        return Occupancy::full(&derived.ranges);
    }
    let showing = Showing::new(scene, derived, materials, fused);
    let seeds = (0..derived.ranges.ranges().len()).into_par_iter().with_min_len(4096);
    Occupancy::from_seeds(derived.ranges.dims(), seeds.map(|n| if showing.block(n) { 0 } else { 255 }).collect())
}

/// Tells which blocks show something.
struct Showing<'a> {
    scene: &'a Scene<'a>,
    derived: &'a Derived,
    materials: &'a Materials,
    clips: Vec<VoxelClip>,
    /// The combinations behind each bit of a block's set.
    behind: Vec<Vec<u16>>,
    /// The blocks in which the fused volume shows something.
    fused: Option<Vec<bool>>,
}

impl<'a> Showing<'a> {
    fn new(scene: &'a Scene<'a>, derived: &'a Derived, materials: &'a Materials, fused: Option<&FusedTable>) -> Self {
        let to_patient = scene.volume.grid().voxel_to_patient();
        let dims = derived.ranges.dims();
        let mut behind: Vec<Vec<u16>> = vec![Vec::new(); 64];
        for combination in 0..materials.combinations() {
            behind[LabelBlocks::bit(combination as u16) as usize].push(combination as u16);
        }
        let fused = fused
            .filter(|f| f.fusion == Fusion::Added)
            .and_then(|f| Some(fused_blocks(scene.volume, scene.fused?.volume, derived.fused.as_ref()?, dims, &f.lut)));
        let clips = scene.clips.iter().map(|clip| VoxelClip::new(clip, to_patient)).collect();
        Self { scene, derived, materials, clips, behind, fused }
    }

    fn block(&self, index: usize) -> bool {
        if self.fused.as_ref().is_some_and(|blocks| blocks[index]) {
            return true;
        }
        let range = self.derived.ranges.ranges()[index];
        let mut cut = 0u8;
        if !self.clips.is_empty() {
            let [nx, ny, _] = self.derived.ranges.dims();
            let block = [index % nx, index / nx % ny, index / (nx * ny)];
            // The outermost blocks also hold the half voxel beyond the outermost centres; half a voxel all round.
            let half = glam::Vec3::splat(BLOCK_CELLS as f32 / 2.0);
            let middle = glam::Vec3::from_array(block.map(|b| b as f32 * BLOCK_CELLS as f32)) + half;
            for (n, clip) in self.clips.iter().enumerate() {
                cut |= u8::from(clip.cuts_all(middle, half + 0.5)) << n;
            }
        }
        let shows = |combination: u16| self.shows(self.materials.number(combination, cut), range);
        let Some(labels) = &self.derived.labels else { return shows(0) };
        if let Some(combination) = labels.uniform(index) {
            return shows(combination);
        }
        let mut set = labels.sets()[index];
        while set != 0 {
            let bit = set.trailing_zeros();
            set &= set - 1;
            if self.behind[bit as usize].iter().any(|&c| shows(c)) {
                return true;
            }
        }
        false
    }

    /// Whether a kind of voxel shows anything of values in a range.
    fn shows(&self, kind: u16, [low, high]: [f32; 2]) -> bool {
        kind > 0
            && match self.scene.settings.mode {
                RenderMode::Composite => !self.materials.all()[usize::from(kind)].lut.is_transparent(low, high),
                RenderMode::Surface { value, .. } => high >= value as f32,
                RenderMode::Mip(_) | RenderMode::MinIp(_) | RenderMode::Average(_) => true,
            }
    }
}

/// The scan's blocks that the fused volume's visible blocks touch.
fn fused_blocks(scan: &Volume, fused: &Volume, ranges: &BlockRanges, dims: [usize; 3], lut: &Lut) -> Vec<bool> {
    let to_scan = scan.grid().patient_to_voxel() * fused.grid().voxel_to_patient();
    let mut blocks = vec![false; dims.iter().product()];
    let [nx, ny, _] = ranges.dims();
    for (index, &[low, high]) in ranges.ranges().iter().enumerate() {
        if lut.is_transparent(low, high) {
            continue;
        }
        let first = [index % nx, index / nx % ny, index / (nx * ny)].map(|b| (b * BLOCK_CELLS) as f64);
        let middle = glam::DVec3::from_array(first) + BLOCK_CELLS as f64 / 2.0;
        let half = BLOCK_CELLS as f64 / 2.0 + 0.5;
        let centre = to_scan.transform_point3(middle);
        let m = to_scan.matrix3;
        let reach = (m.x_axis.abs() + m.y_axis.abs() + m.z_axis.abs()) * half;
        let span = |a: usize| {
            let block = |p: f64| (p.max(0.0) as usize / BLOCK_CELLS).min(dims[a] - 1);
            block(centre[a] - reach[a] - 1.0)..=block(centre[a] + reach[a] + 1.0)
        };
        for k in span(2) {
            for j in span(1) {
                for i in span(0) {
                    blocks[i + dims[0] * (j + dims[1] * k)] = true;
                }
            }
        }
    }
    blocks
}
