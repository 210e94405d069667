//! A volume as textures.

use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::image::{ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat, WgpuFeatures};
use bevy::render::renderer::RenderDevice;
use fabrica_raycast::{BlockRanges, LUT_ENTRIES, Lut, Occupancy};
use fabrica_volume::{Samples, Volume};

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
    pub(crate) ranges: BlockRanges,
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
        let mut texture = Image::new(
            extent(dims),
            TextureDimension::D3,
            data,
            format,
            // Only the device needs it once it is there.
            RenderAssetUsages::RENDER_WORLD,
        );
        texture.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
            address_mode_u: ImageAddressMode::ClampToEdge,
            address_mode_v: ImageAddressMode::ClampToEdge,
            address_mode_w: ImageAddressMode::ClampToEdge,
            mag_filter: ImageFilterMode::Linear,
            min_filter: ImageFilterMode::Linear,
            ..default()
        });
        let ranges = BlockRanges::new(&volume);
        let bounds = bytemuck::cast_slice(ranges.ranges()).to_vec();
        let ranges_texture = table(extent(ranges.dims()), TextureDimension::D3, bounds, TextureFormat::Rg32Float);
        Ok(Self { volume, ranges, texture, ranges_texture, scale, offset })
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

/// The table of a transfer function: its entries in the first row, their integral in the second.
pub(crate) fn lut_texture(lut: &Lut) -> Image {
    let mut data: Vec<u8> = bytemuck::cast_slice(&lut.direct).to_vec();
    data.extend_from_slice(bytemuck::cast_slice(&lut.integral));
    let size = Extent3d { width: LUT_ENTRIES as u32, height: 2, depth_or_array_layers: 1 };
    table(size, TextureDimension::D2, data, TextureFormat::Rgba32Float)
}

/// The blocks' distances to anything that shows.
pub(crate) fn occupancy_texture(map: &Occupancy) -> Image {
    table(extent(map.dims()), TextureDimension::D3, map.distances().to_vec(), TextureFormat::R8Uint)
}

fn table(size: Extent3d, dimension: TextureDimension, data: Vec<u8>, format: TextureFormat) -> Image {
    let mut image = Image::new(size, dimension, data, format, RenderAssetUsages::RENDER_WORLD);
    image.sampler = ImageSampler::nearest();
    image
}

fn extent([width, height, depth]: [usize; 3]) -> Extent3d {
    Extent3d { width: width as u32, height: height as u32, depth_or_array_layers: depth as u32 }
}
