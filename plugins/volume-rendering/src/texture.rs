//! A volume as textures.

use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::image::{ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat, WgpuFeatures};
use bevy::render::renderer::RenderDevice;
use fabrica_raycast::{
    Derived, LUT_ENTRIES, LabelBlocks, LabelMap, LightVolume, LookTables, Lut, Scene, TransferFunction, VoxelBox,
};
use fabrica_volume::{Samples, Volume};

use crate::patches::TexturePatch;

/// What the device's textures can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Resource)]
pub struct TextureSupport {
    /// 16-bit integers as numbers between 0 and 1, exactly.
    pub norm16: bool,
    /// 32-bit floats can be interpolated.
    pub float32_filter: bool,
    /// Most samples along a side.
    pub max_side: u32,
}

/// Why a volume cannot be drawn by the device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeTextureError {
    /// It has too many samples along a side.
    #[error(
        "the volume has {dims:?} samples, the graphics device takes at most {max_side} along a side; use the CPU renderer or resample it"
    )]
    TooLarge {
        /// Samples of the volume.
        dims: [usize; 3],
        /// Most along a side.
        max_side: u32,
    },
    /// Its samples would lose precision.
    #[error(
        "the graphics device has no texture that holds {0} samples exactly and interpolates them; use the CPU renderer"
    )]
    Format(&'static str),
}

impl TextureSupport {
    /// What a device can do.
    pub fn of(device: &RenderDevice) -> Self {
        let features = device.features();
        Self {
            norm16: features.contains(WgpuFeatures::TEXTURE_FORMAT_16BIT_NORM),
            float32_filter: features.contains(WgpuFeatures::FLOAT32_FILTERABLE),
            max_side: device.limits().max_texture_dimension_3d,
        }
    }
}

/// A volume made ready to be drawn, with all that does not depend on the transfer function.
pub struct PreparedVolume {
    pub(crate) volume: Arc<Volume>,
    pub(crate) derived: Derived,
    pub(crate) texture: Image,
    pub(crate) ranges_texture: Image,
    /// Value = texture × scale + offset.
    pub(crate) scale: f32,
    pub(crate) offset: f32,
}

impl PreparedVolume {
    /// Converts the samples to a texture: 16-bit samples stay 16-bit where the device interpolates them exactly.
    /// Takes about as long as copying the volume twice.
    ///
    /// # Errors
    /// When the device cannot hold the volume. Nothing is rounded silently.
    pub fn new(volume: Arc<Volume>, support: TextureSupport) -> Result<Self, VolumeTextureError> {
        let dims = volume.grid().dims();
        if dims.iter().any(|&n| n > support.max_side as usize) {
            return Err(VolumeTextureError::TooLarge { dims, max_side: support.max_side });
        }
        let (data, format, scale, offset) = texels(volume.samples(), support)?;
        let texture = samples_texture(dims, data, format);
        // The ranges do not depend on the transfer function; any will do.
        let any = TransferFunction::invisible();
        let derived = Derived::of(&Scene::new(&volume, &any));
        let bounds = bytemuck::cast_slice(derived.ranges.ranges()).to_vec();
        let size = extent(derived.ranges.dims());
        let ranges_texture = table(size, TextureDimension::D3, bounds, TextureFormat::Rg32Float);
        Ok(Self { volume, derived, texture, ranges_texture, scale, offset })
    }
}

/// The samples as texels, with their format, scale and offset.
fn texels(
    samples: &Samples,
    support: TextureSupport,
) -> Result<(Vec<u8>, TextureFormat, f32, f32), VolumeTextureError> {
    let norm16 = (TextureFormat::R16Unorm, 65_535.0);
    let float = |values: Vec<f32>| (bytemuck::cast_slice(&values).to_vec(), TextureFormat::R32Float, 1.0, 0.0);
    Ok(match samples {
        Samples::U8(values) => (values.clone(), TextureFormat::R8Unorm, 255.0, 0.0),
        Samples::I16(values) if support.norm16 => {
            let shifted = values.iter().flat_map(|&v| ((v as u16) ^ 0x8000).to_le_bytes()).collect();
            (shifted, norm16.0, norm16.1, -32_768.0)
        }
        Samples::U16(values) if support.norm16 => {
            (values.iter().flat_map(|v| v.to_le_bytes()).collect(), norm16.0, norm16.1, 0.0)
        }
        Samples::I16(values) if support.float32_filter => float(values.iter().map(|&v| f32::from(v)).collect()),
        Samples::U16(values) if support.float32_filter => float(values.iter().map(|&v| f32::from(v)).collect()),
        Samples::I32(values) if support.float32_filter => float(values.iter().map(|&v| v as f32).collect()),
        Samples::F32(values) if support.float32_filter => float(values.clone()),
        other => return Err(VolumeTextureError::Format(other.type_name())),
    })
}

/// A texture that is interpolated between its texels.
fn samples_texture(dims: [usize; 3], data: Vec<u8>, format: TextureFormat) -> Image {
    // Only the device needs it once it is there.
    let mut texture = Image::new(extent(dims), TextureDimension::D3, data, format, RenderAssetUsages::RENDER_WORLD);
    texture.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        address_mode_u: ImageAddressMode::ClampToEdge,
        address_mode_v: ImageAddressMode::ClampToEdge,
        address_mode_w: ImageAddressMode::ClampToEdge,
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        ..default()
    });
    texture
}

/// A second volume as a texture, with its scale and offset.
pub(crate) fn fused_texture(volume: &Volume, support: TextureSupport) -> Result<(Image, f32, f32), VolumeTextureError> {
    let dims = volume.grid().dims();
    if dims.iter().any(|&n| n > support.max_side as usize) {
        return Err(VolumeTextureError::TooLarge { dims, max_side: support.max_side });
    }
    let (data, format, scale, offset) = texels(volume.samples(), support)?;
    Ok((samples_texture(dims, data, format), scale, offset))
}

/// Tables of transfer functions: for each, its entries in one row, their integral in the next.
pub(crate) fn lut_texture<'a>(luts: impl IntoIterator<Item = &'a Lut>) -> Image {
    let mut data: Vec<u8> = Vec::new();
    let mut height = 0;
    for lut in luts {
        data.extend_from_slice(bytemuck::cast_slice(&lut.direct));
        data.extend_from_slice(bytemuck::cast_slice(&lut.integral));
        height += 2;
    }
    let size = Extent3d { width: LUT_ENTRIES as u32, height, depth_or_array_layers: 1 };
    table(size, TextureDimension::D2, data, TextureFormat::Rgba32Float)
}

/// For each block its distance to anything that shows, and its one combination of structures.
pub(crate) fn blocks_texture(tables: &LookTables, labels: Option<&LabelBlocks>) -> Image {
    let distances = tables.occupancy.distances();
    let combination = |index: usize| labels.map_or(0, |l| l.uniforms()[index]);
    let texels: Vec<[u16; 2]> =
        distances.iter().enumerate().map(|(index, &distance)| [u16::from(distance), combination(index)]).collect();
    let data = bytemuck::cast_slice(&texels).to_vec();
    table(extent(tables.occupancy.dims()), TextureDimension::D3, data, TextureFormat::Rg16Uint)
}

/// What [`blocks_texture`] has changed to in a box of blocks.
pub(crate) fn blocks_patch(
    image: Handle<Image>,
    tables: &LookTables,
    labels: Option<&LabelBlocks>,
    blocks: VoxelBox,
) -> TexturePatch {
    let [nx, ny, _] = tables.occupancy.dims();
    let distances = tables.occupancy.distances();
    let mut texels: Vec<[u16; 2]> = Vec::with_capacity(blocks.size().iter().product());
    for k in blocks.first[2]..blocks.end[2] {
        for j in blocks.first[1]..blocks.end[1] {
            let row = nx * (j + ny * k);
            let (first, end) = (row + blocks.first[0], row + blocks.end[0]);
            texels.extend(
                distances[first..end]
                    .iter()
                    .zip(first..)
                    .map(|(&distance, index)| [u16::from(distance), labels.map_or(0, |l| l.uniforms()[index])]),
            );
        }
    }
    TexturePatch { image, first: blocks.first, size: blocks.size(), texels: bytemuck::cast_slice(&texels).to_vec() }
}

/// What [`labels_texture`] has changed to in a box of voxels.
pub(crate) fn labels_patch(image: Handle<Image>, labels: &LabelMap, part: VoxelBox) -> TexturePatch {
    let texels = bytemuck::cast_slice(&labels.within(part)).to_vec();
    TexturePatch { image, first: part.first, size: part.size(), texels }
}

/// The combination of each voxel; one texel where there are no structures.
pub(crate) fn labels_texture(labels: Option<&LabelMap>) -> Image {
    let (dims, data) = match labels {
        Some(labels) => (labels.dims(), bytemuck::cast_slice(labels.combinations()).to_vec()),
        None => ([1; 3], vec![0; 2]),
    };
    table(extent(dims), TextureDimension::D3, data, TextureFormat::R16Uint)
}

/// Columns of the table of kinds, as in the shader.
const TABLE_WIDTH: usize = 1024;

/// The kind of each combination under each set of clips, row after row.
pub(crate) fn kinds_texture(tables: &LookTables) -> Image {
    let mut kinds = tables.materials.table().to_vec();
    kinds.resize(kinds.len().next_multiple_of(TABLE_WIDTH), 0);
    let size =
        Extent3d { width: TABLE_WIDTH as u32, height: (kinds.len() / TABLE_WIDTH) as u32, depth_or_array_layers: 1 };
    table(size, TextureDimension::D2, bytemuck::cast_slice(&kinds).to_vec(), TextureFormat::R16Uint)
}

/// For each kind its surface colour and silhouette, and in the second row its peel.
pub(crate) fn looks_texture(tables: &LookTables) -> Image {
    let materials = tables.materials.all();
    let colours = tables.surface_colours().iter().zip(materials).map(|(&[r, g, b], m)| [r, g, b, m.silhouette]);
    let peels = materials.iter().map(|m| [m.peel, 0.0, 0.0, 0.0]);
    let texels: Vec<[f32; 4]> = colours.chain(peels).collect();
    let size = Extent3d { width: materials.len() as u32, height: 2, depth_or_array_layers: 1 };
    table(size, TextureDimension::D2, bytemuck::cast_slice(&texels).to_vec(), TextureFormat::Rgba32Float)
}

/// How much light comes to each place; one lit texel where the lighting does not ask.
pub(crate) fn light_texture(light: Option<&LightVolume>) -> Image {
    match light {
        Some(light) => samples_texture(light.dims(), light.cells().to_vec(), TextureFormat::R8Unorm),
        None => samples_texture([1; 3], vec![255], TextureFormat::R8Unorm),
    }
}

/// In place of a fused volume.
pub(crate) fn no_texture() -> Image {
    samples_texture([1; 3], vec![0], TextureFormat::R8Unorm)
}

fn table(size: Extent3d, dimension: TextureDimension, data: Vec<u8>, format: TextureFormat) -> Image {
    let mut image = Image::new(size, dimension, data, format, RenderAssetUsages::RENDER_WORLD);
    image.sampler = ImageSampler::nearest();
    image
}

fn extent([width, height, depth]: [usize; 3]) -> Extent3d {
    Extent3d { width: width as u32, height: height as u32, depth_or_array_layers: depth as u32 }
}
