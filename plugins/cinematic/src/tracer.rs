//! The pass on a device: `shaders/cinematic.wgsl` and what it reads.

use fabrica_cinematic::{Film, FilmPixel, Studio};
use fabrica_progress::Progress;
use wgpu::util::DeviceExt;

use crate::error::GpuError;
use crate::uniform::{StudioUniform, clips, numbers, panels, sky, table};
use crate::volume::{LoadedLabels, LoadedVolume};

const SHADER: &str = include_str!("../../../shaders/cinematic.wgsl");
/// Pixels along each side of a workgroup.
const GROUP: u32 = 8;
/// Pixels that one submission traces at most, so that the device stays free for others in between.
const MOST_PIXELS: u32 = 1 << 20;
/// A submission of fewer pixels than this traces several samples of each.
const FEW_PIXELS: u32 = 1 << 15;

/// A graphics device that traces light. Cheap to clone the handles of; one device may also be Bevy's own.
pub struct GpuTracer {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
    adapter: String,
    software: bool,
}

/// A film on the device, with all that is needed to expose it further.
pub struct Exposure {
    bindings: wgpu::BindGroup,
    uniform: StudioUniform,
    uniform_buffer: wgpu::Buffer,
    film: wgpu::Buffer,
    size: [u32; 2],
    /// Samples that every pixel must have by now.
    taken: u32,
}

impl GpuTracer {
    /// The best device of this machine, without a window.
    ///
    /// # Errors
    /// [`GpuError::NoDevice`] where there is none.
    pub fn headless() -> Result<Self, GpuError> {
        let fail = |error: &dyn std::fmt::Display| GpuError::NoDevice(error.to_string());
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends: fabrica_scene::graphics::backends(),
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        });
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter = bevy::tasks::block_on(instance.request_adapter(&options)).map_err(|e| fail(&e))?;
        let wanted = wgpu::Features::TEXTURE_FORMAT_16BIT_NORM | wgpu::Features::FLOAT32_FILTERABLE;
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("cinematic"),
            required_features: adapter.features() & wanted,
            required_limits: adapter.limits(),
            ..Default::default()
        };
        let (device, queue) = bevy::tasks::block_on(adapter.request_device(&descriptor)).map_err(|e| fail(&e))?;
        let info = adapter.get_info();
        let mut tracer = Self::new(device, queue, format!("{} ({:?})", info.name, info.backend))?;
        tracer.software = info.device_type == wgpu::DeviceType::Cpu;
        Ok(tracer)
    }

    /// Whether the device is the CPU itself, through a driver in software.
    pub fn is_software(&self) -> bool {
        self.software
    }

    /// A device that is there already.
    ///
    /// # Errors
    /// [`GpuError::Device`] when it refuses the pass.
    pub fn new(device: wgpu::Device, queue: wgpu::Queue, adapter: String) -> Result<Self, GpuError> {
        let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let shader = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("shaders/cinematic.wgsl"),
            source: wgpu::ShaderSource::Wgsl(SHADER.into()),
        });
        let layout = layout(&device);
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("cinematic"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("cinematic"),
            layout: Some(&pipeline_layout),
            module: &shader,
            entry_point: Some("accumulate"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        match bevy::tasks::block_on(scope.pop()) {
            Some(error) => Err(GpuError::Device(error.to_string())),
            None => Ok(Self { device, queue, pipeline, layout, adapter, software: false }),
        }
    }

    /// The device's name.
    pub fn adapter(&self) -> &str {
        &self.adapter
    }

    /// An empty film before a studio, whose volume and labels are on the device. Quick: only what depends on look and
    /// camera is sent, so it serves for a transfer function that is being dragged.
    ///
    /// # Errors
    /// When the labels are not those of the studio, or the film does not fit.
    pub fn expose(
        &self,
        volume: &LoadedVolume,
        labels: Option<&LoadedLabels>,
        studio: &Studio<'_>,
    ) -> Result<Exposure, GpuError> {
        let dims = volume.volume().grid().dims();
        if labels.is_some() != studio.kinds.labels.is_some() || labels.is_some_and(|labels| labels.dims != dims) {
            return Err(GpuError::Unsupported("structures without their labels"));
        }
        let none = LoadedLabels::none(self)?;
        let uniform = StudioUniform::new(studio, volume);
        let size = studio.size();
        let bytes = u64::from(size[0]) * u64::from(size[1]) * size_of::<FilmPixel>() as u64;
        let limits = self.device.limits();
        let most = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        let bounds: &[u8] = bytemuck::cast_slice(studio.majorants.bounds());
        for (what, needed) in [("the film in bytes", bytes), ("the table of bounds in bytes", bounds.len() as u64)] {
            if needed > most {
                return Err(GpuError::TooLarge { what, needed, most });
            }
        }
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let buffer = |contents: &[u8], usage| {
            let label = Some("cinematic");
            self.device.create_buffer_init(&wgpu::util::BufferInitDescriptor { label, contents, usage })
        };
        let uniform_buffer =
            buffer(bytemuck::bytes_of(&uniform), wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST);
        // New buffers are zero: a film that has seen nothing.
        let film = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("cinematic film"),
            size: bytes,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        let storage = wgpu::BufferUsages::STORAGE;
        let buffers = [
            buffer(bytemuck::cast_slice(&table(&studio.kinds)), storage),
            buffer(bounds, storage),
            buffer(bytemuck::cast_slice(&sky(&studio.lights)), storage),
            buffer(bytemuck::cast_slice(&panels(&studio.lights)), storage),
        ];
        let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
        let numbers = buffer(bytemuck::cast_slice(&numbers(&studio.kinds)), storage);
        let clips = buffer(bytemuck::cast_slice(&clips(&studio.kinds)), storage);
        let mut entries = vec![
            entry(0, uniform_buffer.as_entire_binding()),
            entry(1, wgpu::BindingResource::TextureView(&volume.view)),
            entry(2, wgpu::BindingResource::Sampler(&volume.sampler)),
            entry(7, film.as_entire_binding()),
            entry(8, wgpu::BindingResource::TextureView(&labels.unwrap_or(&none).view)),
            entry(9, numbers.as_entire_binding()),
            entry(10, clips.as_entire_binding()),
        ];
        entries.extend(buffers.iter().zip(3..).map(|(b, n)| entry(n, b.as_entire_binding())));
        let bindings = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("cinematic"),
            layout: &self.layout,
            entries: &entries,
        });
        match bevy::tasks::block_on(scope.pop()) {
            Some(error) => Err(GpuError::Device(error.to_string())),
            None => Ok(Exposure { bindings, uniform, uniform_buffer, film, size, taken: 0 }),
        }
    }

    /// Adds samples to every pixel and waits until they are there.
    ///
    /// # Errors
    /// When cancelled (rows have then unequal numbers of samples, each row its own mean), or when the device fails.
    pub fn trace(&self, exposure: &mut Exposure, samples: u32, progress: &Progress) -> Result<(), GpuError> {
        progress.stage("tracing light on the graphics device");
        let [width, height] = exposure.size;
        let rows = (MOST_PIXELS / width).clamp(GROUP, height.max(GROUP)).next_multiple_of(GROUP);
        let bands = height.div_ceil(rows);
        // Of small pictures several samples at a time, so that the device is not kept waiting. Not in software: Mesa's
        // llvmpipe ends every loop of an invocation after 65,535 turns in all, without a word.
        let most = if self.software { 1 } else { 64 };
        let run = (FEW_PIXELS / (width * height.min(rows)).max(1)).clamp(1, most);
        let mut done = 0;
        while done < samples {
            let count = run.min(samples - done);
            for band in 0..bands {
                progress.check().map_err(fabrica_cinematic::CinematicError::from)?;
                self.submit(exposure, count, band * rows, rows);
                self.wait()?;
            }
            done += count;
            exposure.taken += count;
            progress.set(done as f32 / samples as f32);
        }
        Ok(())
    }

    /// Hands the work for some rows to the device without waiting.
    fn submit(&self, exposure: &mut Exposure, samples: u32, first_row: u32, rows: u32) {
        exposure.uniform.set_work(samples, first_row);
        self.queue.write_buffer(&exposure.uniform_buffer, 0, bytemuck::bytes_of(&exposure.uniform));
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, &exposure.bindings, &[]);
            pass.dispatch_workgroups(exposure.size[0].div_ceil(GROUP), rows.div_ceil(GROUP), 1);
        }
        self.queue.submit([encoder.finish()]);
    }

    /// The film as it is now.
    ///
    /// # Errors
    /// When the device fails.
    pub fn film(&self, exposure: &Exposure) -> Result<Film, GpuError> {
        let fail = |error: &dyn std::fmt::Display| GpuError::Device(error.to_string());
        let size = exposure.film.size();
        let copy = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("cinematic film"),
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(&exposure.film, 0, &copy, 0, size);
        self.queue.submit([encoder.finish()]);
        let (send, receive) = std::sync::mpsc::channel();
        copy.map_async(wgpu::MapMode::Read, .., move |result| drop(send.send(result)));
        self.wait()?;
        receive.recv().map_err(|e| fail(&e))?.map_err(|e| fail(&e))?;
        let pixels: Vec<FilmPixel> = bytemuck::pod_collect_to_vec(&copy.get_mapped_range(..));
        let film = Film::from_pixels(exposure.size, pixels)?;
        if film.samples() < exposure.taken {
            return Err(GpuError::Device(format!("{} samples came back of {}", film.samples(), exposure.taken)));
        }
        Ok(film)
    }

    fn wait(&self) -> Result<(), GpuError> {
        let done = self.device.poll(wgpu::PollType::wait_indefinitely());
        done.map(drop).map_err(|error| GpuError::Device(error.to_string()))
    }
}

fn layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let entry =
        |binding, ty| wgpu::BindGroupLayoutEntry { binding, visibility: wgpu::ShaderStages::COMPUTE, ty, count: None };
    let buffer = |ty| wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
    let texture = |sample_type| wgpu::BindingType::Texture {
        sample_type,
        view_dimension: wgpu::TextureViewDimension::D3,
        multisampled: false,
    };
    let storage = |read_only| buffer(wgpu::BufferBindingType::Storage { read_only });
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("cinematic"),
        entries: &[
            entry(0, buffer(wgpu::BufferBindingType::Uniform)),
            entry(1, texture(wgpu::TextureSampleType::Float { filterable: true })),
            entry(2, wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering)),
            entry(3, storage(true)),
            entry(4, storage(true)),
            entry(5, storage(true)),
            entry(6, storage(true)),
            entry(7, storage(false)),
            entry(8, texture(wgpu::TextureSampleType::Uint)),
            entry(9, storage(true)),
            entry(10, storage(true)),
        ],
    })
}
