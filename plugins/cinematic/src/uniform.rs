//! What the shader reads, laid out as the shader says.

use bytemuck::{Pod, Zeroable};
use fabrica_cinematic::Studio;
use fabrica_cinematic::kinds::{Cut, FrameClip, Kinds, Table};
use fabrica_cinematic::lights::Lights;
use fabrica_cinematic::sky::SKY_TEXELS;
use fabrica_raycast::LUT_ENTRIES;
use glam::{Mat3, Vec3};

use crate::volume::LoadedVolume;

/// As `Studio` in the shader.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct StudioUniform {
    eye: Vec3,
    perspective: u32,
    corner: Vec3,
    width: u32,
    across: Vec3,
    height: u32,
    down: Vec3,
    samples: u32,
    right: Vec3,
    lens_radius: f32,
    up: Vec3,
    focus: f32,
    forward: Vec3,
    bounces: u32,
    per_mm: Vec3,
    value_scale: f32,
    low: Vec3,
    value_offset: f32,
    high: Vec3,
    table_low: f32,
    kept: [f32; 4],
    gradient: [f32; 2],
    table_scale: f32,
    table_last: f32,
    scatter_forward: f32,
    roughness: f32,
    specular: f32,
    sky_chance: f32,
    blocks: [u32; 3],
    panels: u32,
    sky_size: [u32; 2],
    first_row: u32,
    cells: f32,
    to_sky: [[f32; 4]; 3],
    to_patient: [[f32; 4]; 3],
    only: i32,
    combinations: u32,
    clips: u32,
    labelled: u32,
}

impl StudioUniform {
    pub(crate) fn new(studio: &Studio<'_>, volume: &LoadedVolume) -> Self {
        let (eye, lens, material) = (&studio.eye, &studio.lens, &studio.material);
        let [low, high] = studio.frame.bounds;
        let kept = studio.kept.first().map_or([0.0; 4], |half| half.keep.extend(half.offset).to_array());
        let columns = |m: Mat3| m.to_cols_array_2d().map(|[x, y, z]| [x, y, z, 0.0]);
        Self {
            eye: eye.position,
            perspective: u32::from(eye.perspective),
            corner: eye.corner,
            width: studio.size()[0],
            across: eye.across,
            height: studio.size()[1],
            down: eye.down,
            samples: 0,
            right: lens.right,
            lens_radius: lens.radius,
            up: lens.up,
            focus: lens.focus,
            forward: eye.forward,
            bounces: material.bounces,
            per_mm: studio.frame.per_mm,
            value_scale: volume.scale,
            low,
            value_offset: volume.offset,
            high,
            table_low: studio.kinds.low,
            kept,
            gradient: studio.gradient,
            table_scale: studio.kinds.scale,
            table_last: (LUT_ENTRIES - 1) as f32,
            scatter_forward: material.forward,
            roughness: material.roughness,
            specular: material.specular,
            sky_chance: studio.lights.sky_chance,
            blocks: studio.majorants.dims().map(|n| n as u32),
            panels: studio.lights.panels.len() as u32,
            sky_size: SKY_TEXELS.map(|n| n as u32),
            first_row: 0,
            cells: studio.blocks().cells() as f32,
            to_sky: columns(studio.lights.to_sky),
            to_patient: columns(studio.frame.rotation()),
            only: studio.kinds.only().map_or(-1, i32::from),
            combinations: studio.kinds.materials.combinations() as u32,
            clips: studio.kinds.clips.len() as u32,
            labelled: u32::from(studio.kinds.labels.is_some()),
        }
    }

    /// How many samples the next submission adds, from which row on.
    pub(crate) fn set_work(&mut self, samples: u32, first_row: u32) {
        self.samples = samples;
        self.first_row = first_row;
    }
}

/// Colour and extinction of each entry, one kind of matter after the other.
pub(crate) fn table(kinds: &Kinds<'_>) -> Vec<[f32; 4]> {
    let entries =
        |t: &Table| t.colour.iter().zip(&t.extinction).map(|(&[r, g, b], &e)| [r, g, b, e]).collect::<Vec<_>>();
    kinds.tables.iter().flat_map(entries).collect()
}

/// The kind of each combination of structures under each set of clips that cut.
pub(crate) fn numbers(kinds: &Kinds<'_>) -> Vec<u32> {
    kinds.materials.table().iter().map(|&kind| kind.into()).collect()
}

/// As `Clip` in the shader.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Clip {
    axes: [[f32; 4]; 3],
    half: Vec3,
    cut: u32,
}

/// The clips; one that cuts nothing where there are none, since a buffer cannot be empty.
pub(crate) fn clips(kinds: &Kinds<'_>) -> Vec<Clip> {
    let clip = |clip: &FrameClip| Clip {
        axes: std::array::from_fn(|a| clip.axes[a].extend(clip.offsets[a]).to_array()),
        half: clip.half,
        cut: match clip.cut {
            Cut::Off => 0,
            Cut::Plane => 1,
            Cut::Outside => 2,
            Cut::Inside => 3,
        },
    };
    let mut clips: Vec<Clip> = kinds.clips.iter().map(clip).collect();
    if clips.is_empty() {
        clips.push(Clip::default());
    }
    clips
}

/// As `SkyTexel` in the shader.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct SkyTexel {
    light: [f32; 4],
    alias_share: f32,
    alias_other: u32,
    padding: [u32; 2],
}

pub(crate) fn sky(lights: &Lights) -> Vec<SkyTexel> {
    let texel = |(&light, &(alias_share, alias_other)): (&[f32; 4], &(f32, u32))| SkyTexel {
        light,
        alias_share,
        alias_other,
        padding: [0; 2],
    };
    lights.sky.texels.iter().zip(&lights.sky.alias).map(texel).collect()
}

/// As `Panel` in the shader.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Panel {
    corner: Vec3,
    chance: f32,
    across: Vec3,
    padding0: f32,
    along: Vec3,
    padding1: f32,
    normal: Vec3,
    padding2: f32,
    radiance: Vec3,
    padding3: f32,
}

/// The panels; one that shines nowhere where there are none, since a buffer cannot be empty.
pub(crate) fn panels(lights: &Lights) -> Vec<Panel> {
    let panel = |p: &fabrica_cinematic::lights::PlacedPanel| Panel {
        corner: p.corner,
        chance: p.chance,
        across: p.across,
        along: p.along,
        normal: p.normal,
        radiance: p.radiance,
        ..Panel::default()
    };
    let mut panels: Vec<Panel> = lights.panels.iter().map(panel).collect();
    if panels.is_empty() {
        panels.push(Panel::default());
    }
    panels
}
