//! The material of a volume's box: `shaders/volume.wgsl` with what it reads.

use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey, MeshPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{
    AsBindGroup, CompareFunction, Face, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError,
};
use bevy::shader::ShaderRef;
use fabrica_geometry::{Grid, LpsVector};
use fabrica_raycast::{
    Clip, ClipPlane, Derived, Followed, Fusion, LabelMap, LookTables, MAX_CLIPS, RenderMode, Scene, VoxelBox,
    VoxelClip, VoxelClipKind,
};
use fabrica_scene::world::{direction_to_patient, direction_to_world};

use crate::SHADER;
use crate::patches::TexturePatch;
use crate::texture::{
    PreparedVolume, TextureSupport, VolumeTextureError, blocks_patch, blocks_texture, fused_texture, kinds_texture,
    labels_patch, labels_texture, light_texture, looks_texture, lut_texture, no_texture,
};

/// How a volume's box is drawn.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct VolumeMaterial {
    #[uniform(0)]
    uniform: VolumeUniform,
    #[texture(1, dimension = "3d")]
    #[sampler(2)]
    samples: Handle<Image>,
    #[texture(3, sample_type = "float", filterable = false)]
    lut: Handle<Image>,
    #[texture(4, dimension = "3d", sample_type = "u_int")]
    blocks: Handle<Image>,
    #[texture(5, dimension = "3d", sample_type = "float", filterable = false)]
    ranges: Handle<Image>,
    #[texture(6, dimension = "3d", sample_type = "u_int")]
    labels: Handle<Image>,
    #[texture(7, sample_type = "u_int")]
    kinds: Handle<Image>,
    #[texture(8, sample_type = "float", filterable = false)]
    looks: Handle<Image>,
    #[texture(9, dimension = "3d")]
    light: Handle<Image>,
    #[texture(10, dimension = "3d")]
    fused: Handle<Image>,
    #[texture(11, sample_type = "float", filterable = false)]
    fused_lut: Handle<Image>,
}

/// The most rays along a side of a pixel, as the CPU's.
const MOST_RAYS: f32 = 16.0;

/// As `Clip` in the shader.
#[derive(Clone, Copy, Debug, Default, ShaderType)]
struct ClipUniform {
    axis_x: Vec4,
    axis_y: Vec4,
    axis_z: Vec4,
    half: Vec3,
    kind: u32,
}

/// As `VolumeUniform` in the shader.
#[derive(Clone, Copy, Debug, Default, ShaderType)]
struct VolumeUniform {
    voxel_from_mm: Mat4,
    fused_from_voxel: Mat4,
    clips: [ClipUniform; MAX_CLIPS],
    clip: Vec4,
    slab: Vec4,
    light: Vec4,
    dims: Vec3,
    step: f32,
    per_mm: Vec3,
    value_scale: f32,
    fused_dims: Vec3,
    fused_scale: f32,
    gradient: Vec2,
    window: Vec2,
    value_offset: f32,
    lut_low: f32,
    lut_scale: f32,
    isovalue: f32,
    occlusion: f32,
    fused_offset: f32,
    fused_low: f32,
    fused_lut_scale: f32,
    fused_length: f32,
    mode: u32,
    lit: u32,
    skip_empty: u32,
    has_kinds: u32,
    combinations: u32,
    clip_count: u32,
    rest: u32,
    fusion: u32,
    most_rays: f32,
}

/// The textures of a volume that stay when its look changes.
#[derive(Clone)]
pub(crate) struct VolumeTextures {
    samples: Handle<Image>,
    ranges: Handle<Image>,
    /// The structures' labels, where there are any.
    labels: Option<Handle<Image>>,
    /// The fused volume with its scale and offset, where there is one.
    fused: Option<(Handle<Image>, f32, f32)>,
}

impl VolumeTextures {
    /// Hands a prepared volume's textures over to the device.
    pub(crate) fn take(prepared: &mut PreparedVolume, images: &mut Assets<Image>) -> Self {
        Self {
            samples: images.add(std::mem::take(&mut prepared.texture)),
            ranges: images.add(std::mem::take(&mut prepared.ranges_texture)),
            labels: None,
            fused: None,
        }
    }

    /// Gives the device other labels, or none.
    pub(crate) fn set_labels(&mut self, labels: Option<&LabelMap>, images: &mut Assets<Image>) {
        self.labels = labels.map(|labels| images.add(labels_texture(Some(labels))));
    }

    /// Gives the device a scene's labels and fused volume, in place of those before.
    pub(crate) fn take_scene(
        &mut self,
        scene: &Scene<'_>,
        support: TextureSupport,
        images: &mut Assets<Image>,
    ) -> Result<(), VolumeTextureError> {
        self.labels = scene.structures.map(|s| images.add(labels_texture(Some(s.labels))));
        self.fused = match scene.fused {
            None => None,
            Some(fused) => {
                let (texture, scale, offset) = fused_texture(fused.volume, support)?;
                Some((images.add(texture), scale, offset))
            }
        };
        Ok(())
    }
}

impl VolumeMaterial {
    /// The material of a scene with these tables.
    pub(crate) fn new(
        prepared: &PreparedVolume,
        textures: &VolumeTextures,
        scene: &Scene<'_>,
        derived: &Derived,
        tables: &LookTables,
        images: &mut Assets<Image>,
    ) -> Self {
        let (fused, fused_lut) = match (&textures.fused, &tables.fused) {
            (Some((fused, ..)), Some(table)) => (fused.clone(), lut_texture([&table.lut])),
            _ => (images.add(no_texture()), lut_texture([&tables.materials.all()[0].lut])),
        };
        Self {
            uniform: uniform(prepared, textures, scene, tables),
            samples: textures.samples.clone(),
            lut: images.add(lut_texture(tables.materials.all().iter().map(|m| &m.lut))),
            blocks: images.add(blocks_texture(tables, derived.labels.as_ref())),
            ranges: textures.ranges.clone(),
            labels: textures.labels.clone().unwrap_or_else(|| images.add(labels_texture(None))),
            kinds: images.add(kinds_texture(tables)),
            looks: images.add(looks_texture(tables)),
            light: images.add(light_texture(tables.light.as_ref())),
            fused,
            fused_lut: images.add(fused_lut),
        }
    }

    /// One ray a pixel, for a machine without a GPU while the user waits; thin vessels may be missed from afar.
    pub(crate) fn hurry(&mut self) {
        self.uniform.most_rays = 1.0;
    }

    /// Follows labels that have changed inside boxes, and the tables that followed them: gives what of the labels and
    /// the skipping structure the device must be sent.
    pub(crate) fn follow_labels(
        &mut self,
        scene: &Scene<'_>,
        derived: &Derived,
        tables: &LookTables,
        (within, followed): (&[VoxelBox], Followed),
        images: &mut Assets<Image>,
    ) -> Vec<TexturePatch> {
        if followed.new_kinds {
            let materials = &tables.materials;
            self.lut = images.add(lut_texture(materials.all().iter().map(|m| &m.lut)));
            self.kinds = images.add(kinds_texture(tables));
            self.looks = images.add(looks_texture(tables));
            self.uniform.combinations = materials.combinations() as u32;
            self.uniform.rest = u32::from(tables.rest);
        }
        let labels = scene.structures.map(|s| s.labels);
        let parts = within.iter().zip(std::iter::repeat(labels));
        let voxels = parts.filter_map(|(&part, labels)| Some(labels_patch(self.labels.clone(), labels?, part)));
        let blocks = followed.blocks.map(|b| blocks_patch(self.blocks.clone(), tables, derived.labels.as_ref(), b));
        voxels.chain(blocks).collect()
    }

    /// Gives it other light.
    pub(crate) fn set_light(&mut self, tables: &LookTables, images: &mut Assets<Image>) {
        if tables.light.is_some() {
            self.light = images.add(light_texture(tables.light.as_ref()));
        }
    }

    /// Moves the clip plane and the clips, as many as there were: nothing else of the look is made again.
    pub(crate) fn set_clips(&mut self, clip: Option<ClipPlane>, clips: &[Clip], grid: &Grid) {
        self.uniform.clip = clip_uniform(clip);
        self.uniform.set_clips(clips, grid);
    }
}

fn uniform(
    prepared: &PreparedVolume,
    textures: &VolumeTextures,
    scene: &Scene<'_>,
    tables: &LookTables,
) -> VolumeUniform {
    let settings = &scene.settings;
    let grid = prepared.volume.grid();
    let (mode, window, isovalue) = match settings.mode {
        RenderMode::Composite => (0, None, 0.0),
        RenderMode::Mip(window) => (1, Some(window), 0.0),
        RenderMode::MinIp(window) => (2, Some(window), 0.0),
        RenderMode::Average(window) => (3, Some(window), 0.0),
        RenderMode::Surface { value, .. } => (4, None, value as f32),
    };
    let window =
        window.map_or(Vec2::Y, |w| Vec2::new((w.centre - w.width / 2.0) as f32, (w.centre + w.width / 2.0) as f32));
    let lighting = settings.lighting.unwrap_or_default();
    let lut = &tables.materials.all()[0].lut;
    let mut uniform = VolumeUniform {
        voxel_from_mm: voxel_from_mm(grid),
        clip: clip_uniform(settings.clip),
        slab: settings
            .slab
            .map_or(Vec4::ZERO, |slab| direction_to_world(LpsVector(slab.centre.0)).extend(slab.thickness.0 as f32)),
        dims: Vec3::from_array(grid.dims().map(|n| n as f32)),
        step: (settings.step_voxels * grid.finest_spacing().0) as f32,
        per_mm: Vec3::from_array(grid.spacing().map(|s| (1.0 / s) as f32)),
        value_scale: prepared.scale,
        light: Vec4::new(lighting.ambient, lighting.diffuse, lighting.specular, lighting.shininess),
        gradient: Vec2::from_array(lighting.gradient),
        window,
        value_offset: prepared.offset,
        lut_low: lut.low,
        lut_scale: lut.scale,
        isovalue,
        occlusion: if tables.light.is_some() { lighting.occlusion } else { 0.0 },
        mode,
        lit: u32::from(settings.lighting.is_some()),
        skip_empty: u32::from(settings.skip_empty),
        has_kinds: u32::from(scene.structures.is_some() || !scene.clips.is_empty()),
        combinations: tables.materials.combinations() as u32,
        clip_count: scene.clips.len() as u32,
        rest: u32::from(tables.rest),
        most_rays: MOST_RAYS,
        ..default()
    };
    let to_patient = grid.voxel_to_patient();
    uniform.set_clips(scene.clips, grid);
    if let (Some(fused), Some(table), Some((_, scale, offset))) = (scene.fused, &tables.fused, &textures.fused) {
        let affine = (fused.volume.grid().patient_to_voxel() * to_patient).as_affine3();
        uniform.fused_from_voxel = Mat4::from(affine);
        uniform.fused_dims = Vec3::from_array(fused.volume.grid().dims().map(|n| n as f32));
        (uniform.fused_scale, uniform.fused_offset) = (*scale, *offset);
        (uniform.fused_low, uniform.fused_lut_scale) = (table.lut.low, table.lut.scale);
        uniform.fused_length = table.length;
        uniform.fusion = match table.fusion {
            Fusion::Added => 1,
            Fusion::Painted => 2,
        };
    }
    uniform
}

impl VolumeUniform {
    fn set_clips(&mut self, clips: &[Clip], grid: &Grid) {
        for (to, clip) in self.clips.iter_mut().zip(clips) {
            let clip = VoxelClip::new(clip, grid.voxel_to_patient());
            let [axis_x, axis_y, axis_z] = clip.axes;
            let kind = match clip.kind {
                VoxelClipKind::Off => 0,
                VoxelClipKind::Plane => 1,
                VoxelClipKind::Inside => 2,
                VoxelClipKind::Outside => 3,
            };
            *to = ClipUniform { axis_x, axis_y, axis_z, half: clip.half, kind };
        }
    }
}

/// The kept side's direction and distance; zero for no plane.
fn clip_uniform(clip: Option<ClipPlane>) -> Vec4 {
    clip.map_or(Vec4::ZERO, |clip| {
        let keep = clip.keep.0.normalize_or_zero();
        direction_to_world(LpsVector(keep)).extend(-keep.dot(clip.point.0) as f32)
    })
}

/// From millimetres along the world's axes to voxels.
fn voxel_from_mm(grid: &Grid) -> Mat4 {
    // In double precision up to the end: the patient's coordinates may be large.
    let patient_to_voxel = grid.patient_to_voxel();
    let column = |world_axis: Vec3| {
        let patient_axis = direction_to_patient(world_axis).0;
        patient_to_voxel.transform_vector3(patient_axis).as_vec3().extend(0.0)
    };
    let origin = patient_to_voxel.translation.as_vec3().extend(1.0);
    Mat4::from_cols(column(Vec3::X), column(Vec3::Y), column(Vec3::Z), origin)
}

impl Material for VolumeMaterial {
    fn vertex_shader() -> ShaderRef {
        SHADER.into()
    }

    fn fragment_shader() -> ShaderRef {
        SHADER.into()
    }

    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Premultiplied
    }

    fn enable_prepass() -> bool {
        false
    }

    fn enable_shadows() -> bool {
        false
    }

    fn specialize(
        _pipeline: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        _layout: &MeshVertexBufferLayoutRef,
        key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        // Back faces: one fragment a pixel, also with the eye inside.
        descriptor.primitive.cull_mode = Some(Face::Front);
        if let Some(depth) = &mut descriptor.depth_stencil {
            // A mesh inside the box hides its back, not the part of the volume before the mesh: the shader sees to it.
            depth.depth_compare = Some(CompareFunction::Always);
            // The shader gives nearly opaque pixels the depth of what is seen there, and leaves the others the prepass's.
            depth.depth_write_enabled = Some(key.mesh_key.contains(MeshPipelineKey::DEPTH_PREPASS));
        }
        Ok(())
    }
}
