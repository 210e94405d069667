//! What renderers look up: what follows from the volumes once, and what follows from the looks at each change.

use fabrica_volume::Volume;
use rayon::prelude::*;

use crate::blocks::{BLOCK_CELLS, BlockRanges, Occupancy};
use crate::image::linear;
use crate::label_blocks::LabelBlocks;
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
        if scene.settings.mode == RenderMode::Composite
            && scene.settings.lighting.is_some_and(|lighting| lighting.occlusion > 0.0)
        {
            tables.light = Some(LightVolume::new(scene, &tables.materials));
        }
        tables
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
        let plain = match scene.settings.mode {
            RenderMode::Surface { colour, .. } => linear(colour),
            _ => [1.0; 3],
        };
        let surface_colours = materials.all().iter().map(|m| m.colour.unwrap_or(plain)).collect();
        Self { rest: materials.number(0, 0), materials, occupancy, fused, light: None, surface_colours }
    }
}

/// Which blocks show something.
fn occupancy(scene: &Scene<'_>, derived: &Derived, materials: &Materials, fused: Option<&FusedTable>) -> Occupancy {
    if !scene.settings.skip_empty {
        return Occupancy::full(&derived.ranges);
    }
    let dims = derived.ranges.dims();
    let to_patient = scene.volume.grid().voxel_to_patient();
    let clips: Vec<VoxelClip> = scene.clips.iter().map(|clip| VoxelClip::new(clip, to_patient)).collect();
    let half = glam::Vec3::splat(BLOCK_CELLS as f32 / 2.0);
    let shows = |kind: u16, [low, high]: [f32; 2]| {
        kind > 0
            && match scene.settings.mode {
                RenderMode::Composite => !materials.all()[usize::from(kind)].lut.is_transparent(low, high),
                RenderMode::Surface { value, .. } => high >= value as f32,
                RenderMode::Mip(_) | RenderMode::MinIp(_) | RenderMode::Average(_) => true,
            }
    };
    // The combinations behind each bit of a block's set.
    let mut behind: Vec<Vec<u16>> = vec![Vec::new(); 64];
    for combination in 0..materials.combinations() {
        behind[LabelBlocks::bit(combination as u16) as usize].push(combination as u16);
    }
    let fused_blocks = fused
        .filter(|f| f.fusion == Fusion::Added)
        .and_then(|f| Some(fused_blocks(scene.volume, scene.fused?.volume, derived.fused.as_ref()?, dims, &f.lut)));
    let seeds: Vec<u8> = (0..derived.ranges.ranges().len())
        .into_par_iter()
        .with_min_len(4096)
        .map(|index| {
            if fused_blocks.as_ref().is_some_and(|blocks| blocks[index]) {
                return 0;
            }
            let range = derived.ranges.ranges()[index];
            let mut cut = 0u8;
            if !clips.is_empty() {
                let block = [index % dims[0], index / dims[0] % dims[1], index / (dims[0] * dims[1])];
                // The outermost blocks also hold the half voxel beyond the outermost centres; half a voxel all round.
                let middle = glam::Vec3::from_array(block.map(|b| b as f32 * BLOCK_CELLS as f32)) + half;
                for (n, clip) in clips.iter().enumerate() {
                    cut |= u8::from(clip.cuts_all(middle, half + 0.5)) << n;
                }
            }
            let seen = match &derived.labels {
                None => shows(materials.number(0, cut), range),
                Some(labels) => match labels.uniform(index) {
                    Some(combination) => shows(materials.number(combination, cut), range),
                    None => {
                        let mut set = labels.sets()[index];
                        let mut seen = false;
                        while set != 0 && !seen {
                            let bit = set.trailing_zeros();
                            set &= set - 1;
                            seen = behind[bit as usize].iter().any(|&c| shows(materials.number(c, cut), range));
                        }
                        seen
                    }
                },
            };
            if seen { 0 } else { 255 }
        })
        .collect();
    Occupancy::from_seeds(dims, seeds)
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
