//! A volume as a texture.

use std::sync::Arc;

use fabrica_raycast::LabelMap;
use fabrica_volume::{Samples, Volume};

use crate::error::GpuError;
use crate::tracer::GpuTracer;

/// A volume on the device; it serves for every look and camera.
pub struct LoadedVolume {
    volume: Arc<Volume>,
    pub(crate) view: wgpu::TextureView,
    pub(crate) sampler: wgpu::Sampler,
    /// Value = texture × scale + offset.
    pub(crate) scale: f32,
    pub(crate) offset: f32,
}

impl LoadedVolume {
    /// Sends a volume to a device. 16-bit samples stay 16-bit where the device interpolates them exactly.
    ///
    /// # Errors
    /// When the device cannot hold the volume. Nothing is rounded silently.
    pub fn new(tracer: &GpuTracer, volume: Arc<Volume>) -> Result<Self, GpuError> {
        let dims = volume.grid().dims();
        let texels = Texels::of(volume.samples(), tracer.device.features())?;
        let view = texture(tracer, dims, texels.format, &texels.bytes)?;
        let sampler = tracer.device.create_sampler(&wgpu::SamplerDescriptor {
            label: Some("cinematic volume"),
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..Default::default()
        });
        Ok(Self { volume, view, sampler, scale: texels.scale, offset: texels.offset })
    }

    /// The volume.
    pub fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }
}

/// The labels of structures on a device.
pub struct LoadedLabels {
    pub(crate) dims: [usize; 3],
    pub(crate) view: wgpu::TextureView,
}

impl LoadedLabels {
    /// Sends labels to a device.
    ///
    /// # Errors
    /// When the device cannot hold them.
    pub fn new(tracer: &GpuTracer, labels: &LabelMap) -> Result<Self, GpuError> {
        let bytes = bytemuck::cast_slice(labels.combinations());
        let view = texture(tracer, labels.dims(), wgpu::TextureFormat::R16Uint, bytes)?;
        Ok(Self { dims: labels.dims(), view })
    }

    /// Labels that say nothing, where a scene has none.
    pub(crate) fn none(tracer: &GpuTracer) -> Result<Self, GpuError> {
        let view = texture(tracer, [1; 3], wgpu::TextureFormat::R16Uint, &[0, 0])?;
        Ok(Self { dims: [1; 3], view })
    }
}

/// A 3D texture of these texels, i fastest.
fn texture(
    tracer: &GpuTracer,
    dims: [usize; 3],
    format: wgpu::TextureFormat,
    texels: &[u8],
) -> Result<wgpu::TextureView, GpuError> {
    let most = tracer.device.limits().max_texture_dimension_3d;
    if let Some(&side) = dims.iter().find(|&&n| n > most as usize) {
        let (needed, most) = (side as u64, most.into());
        return Err(GpuError::TooLarge { what: "a side of the volume in samples", needed, most });
    }
    let size = wgpu::Extent3d { width: dims[0] as u32, height: dims[1] as u32, depth_or_array_layers: dims[2] as u32 };
    let texture = tracer.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("cinematic volume"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D3,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let row = texels.len() / (dims[1] * dims[2]);
    tracer.queue.write_texture(
        texture.as_image_copy(),
        texels,
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row as u32), rows_per_image: Some(size.height) },
        size,
    );
    Ok(texture.create_view(&wgpu::TextureViewDescriptor::default()))
}

/// Samples as texels.
struct Texels {
    bytes: Vec<u8>,
    format: wgpu::TextureFormat,
    scale: f32,
    offset: f32,
}

impl Texels {
    fn of(samples: &Samples, features: wgpu::Features) -> Result<Self, GpuError> {
        let norm16 = features.contains(wgpu::Features::TEXTURE_FORMAT_16BIT_NORM);
        let float = features.contains(wgpu::Features::FLOAT32_FILTERABLE);
        let norm = |bytes, offset| Self { bytes, format: wgpu::TextureFormat::R16Unorm, scale: 65_535.0, offset };
        let floats = |values: Vec<f32>| Self {
            bytes: bytemuck::cast_slice(&values).to_vec(),
            format: wgpu::TextureFormat::R32Float,
            scale: 1.0,
            offset: 0.0,
        };
        Ok(match samples {
            Samples::U8(values) => {
                Self { bytes: values.clone(), format: wgpu::TextureFormat::R8Unorm, scale: 255.0, offset: 0.0 }
            }
            Samples::I16(values) if norm16 => {
                norm(values.iter().flat_map(|&v| ((v as u16) ^ 0x8000).to_le_bytes()).collect(), -32_768.0)
            }
            Samples::U16(values) if norm16 => norm(values.iter().flat_map(|v| v.to_le_bytes()).collect(), 0.0),
            Samples::I16(values) if float => floats(values.iter().map(|&v| f32::from(v)).collect()),
            Samples::U16(values) if float => floats(values.iter().map(|&v| f32::from(v)).collect()),
            Samples::I32(values) if float => floats(values.iter().map(|&v| v as f32).collect()),
            Samples::F32(values) if float => floats(values.clone()),
            other => return Err(GpuError::Format(other.type_name())),
        })
    }
}
