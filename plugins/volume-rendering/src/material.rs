//! The material of a volume's box: `shaders/volume.wgsl` with what it reads.

use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{
    AsBindGroup, CompareFunction, Face, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError,
};
use bevy::shader::ShaderRef;
use fabrica_geometry::{Grid, LpsVector};
use fabrica_raycast::{ClipPlane, Lut, Occupancy, RenderMode, RenderSettings, TransferFunction};
use fabrica_scene::world::{direction_to_patient, direction_to_world};

use crate::SHADER;
use crate::texture::{PreparedVolume, lut_texture, occupancy_texture};

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
    occupancy: Handle<Image>,
    #[texture(5, dimension = "3d", sample_type = "float", filterable = false)]
    ranges: Handle<Image>,
}

/// As `VolumeUniform` in the shader.
#[derive(Clone, Copy, Debug, Default, ShaderType)]
struct VolumeUniform {
    voxel_from_mm: Mat4,
    clip: Vec4,
    dims: Vec3,
    step: f32,
    per_mm: Vec3,
    value_scale: f32,
    light: Vec4,
    gradient: Vec2,
    window: Vec2,
    value_offset: f32,
    lut_low: f32,
    lut_scale: f32,
    mode: u32,
    lit: u32,
    skip_empty: u32,
}

/// The textures of a volume that stay when its look changes.
#[derive(Clone)]
pub(crate) struct VolumeTextures {
    samples: Handle<Image>,
    ranges: Handle<Image>,
}

impl VolumeTextures {
    /// Hands a prepared volume's textures over to the device.
    pub(crate) fn take(prepared: &mut PreparedVolume, images: &mut Assets<Image>) -> Self {
        Self {
            samples: images.add(std::mem::take(&mut prepared.texture)),
            ranges: images.add(std::mem::take(&mut prepared.ranges_texture)),
        }
    }
}

impl VolumeMaterial {
    /// The material of a volume with this look.
    pub(crate) fn new(
        prepared: &PreparedVolume,
        textures: &VolumeTextures,
        function: &TransferFunction,
        settings: &RenderSettings,
        images: &mut Assets<Image>,
    ) -> Self {
        let lut = function.lut();
        let occupancy = Occupancy::new(&prepared.ranges, &lut);
        Self {
            uniform: uniform(prepared, &lut, settings),
            samples: textures.samples.clone(),
            lut: images.add(lut_texture(&lut)),
            occupancy: images.add(occupancy_texture(&occupancy)),
            ranges: textures.ranges.clone(),
        }
    }

    /// Moves the clip plane: nothing else of the look is made again.
    pub(crate) fn set_clip(&mut self, clip: Option<ClipPlane>) {
        self.uniform.clip = clip_uniform(clip);
    }
}

fn uniform(prepared: &PreparedVolume, lut: &Lut, settings: &RenderSettings) -> VolumeUniform {
    let grid = prepared.volume.grid();
    let (mode, window) = match settings.mode {
        RenderMode::Composite => (0, None),
        RenderMode::Mip(window) => (1, Some(window)),
        RenderMode::MinIp(window) => (2, Some(window)),
        RenderMode::Average(window) => (3, Some(window)),
    };
    let window =
        window.map_or(Vec2::Y, |w| Vec2::new((w.centre - w.width / 2.0) as f32, (w.centre + w.width / 2.0) as f32));
    let lighting = settings.lighting.unwrap_or_default();
    VolumeUniform {
        voxel_from_mm: voxel_from_mm(grid),
        clip: clip_uniform(settings.clip),
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
        mode,
        lit: u32::from(settings.lighting.is_some()),
        skip_empty: u32::from(settings.skip_empty),
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
        _key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        // Back faces: one fragment a pixel, also with the eye inside.
        descriptor.primitive.cull_mode = Some(Face::Front);
        if let Some(depth) = &mut descriptor.depth_stencil {
            // A mesh inside the box hides its back, not the part of the volume before the mesh: the shader sees to it.
            depth.depth_compare = Some(CompareFunction::Always);
            depth.depth_write_enabled = Some(false);
        }
        Ok(())
    }
}
