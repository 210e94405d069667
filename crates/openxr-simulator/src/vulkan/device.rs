//! The application's Vulkan device, seen through the handles that it gave to `xrCreateSession`.

use ash::vk::{self, Handle as _};

use super::formats::{Format, supported};
use crate::refusal::{Answer, Refusal, refuse};

/// The application's device and queue. The queue is touched only inside `xrBeginFrame`, `xrEndFrame`,
/// `xrAcquireSwapchainImage` and `xrReleaseSwapchainImage`, where the application must keep away from it
/// (XR_KHR_vulkan_enable2, "concurrency").
pub(crate) struct Device {
    pub(super) fns: ash::Device,
    instance: ash::Instance,
    physical: vk::PhysicalDevice,
    pub(super) queue: vk::Queue,
    pub(super) pool: vk::CommandPool,
    memory: vk::PhysicalDeviceMemoryProperties,
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: made in `new`; the session waits for all work before it drops the device.
        unsafe { self.fns.destroy_command_pool(self.pool, None) };
    }
}

/// A swapchain's image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Image {
    pub image: vk::Image,
    memory: vk::DeviceMemory,
}

/// What image to make; checked by the caller against the limits that the runtime told.
#[derive(Clone, Copy)]
pub(crate) struct ImageRequest {
    pub format: Format,
    pub width: u32,
    pub height: u32,
    pub layers: u32,
    pub mips: u32,
    pub samples: u32,
    pub usage: vk::ImageUsageFlags,
    pub mutable_format: bool,
}

/// An error of the driver as a refusal.
pub(super) fn driver(what: &'static str) -> impl Fn(vk::Result) -> Refusal {
    move |error| {
        let out = matches!(error, vk::Result::ERROR_OUT_OF_DEVICE_MEMORY | vk::Result::ERROR_OUT_OF_HOST_MEMORY);
        let code =
            if out { openxr_sys::Result::ERROR_OUT_OF_MEMORY } else { openxr_sys::Result::ERROR_RUNTIME_FAILURE };
        Refusal::new(code, format!("{what}: the Vulkan driver says {error}"))
    }
}

impl Device {
    /// # Safety
    /// The handles of `binding` must be live Vulkan objects that belong together, made through the loader behind
    /// `entry`; the application owes that and must keep them until the session is destroyed.
    pub(crate) unsafe fn new(entry: &ash::StaticFn, binding: &openxr_sys::GraphicsBindingVulkanKHR) -> Answer<Self> {
        let invalid = |why: String| Refusal::new(openxr_sys::Result::ERROR_GRAPHICS_DEVICE_INVALID, why);
        if binding.instance.is_null() || binding.physical_device.is_null() || binding.device.is_null() {
            return Err(invalid("a Vulkan handle in XrGraphicsBindingVulkanKHR is NULL".into()));
        }
        // SAFETY: not null; the rest is this function's contract. Everything below acts on these handles.
        unsafe {
            let instance = ash::Instance::load(entry, vk::Instance::from_raw(binding.instance as u64));
            let physical = vk::PhysicalDevice::from_raw(binding.physical_device as u64);
            let families = instance.get_physical_device_queue_family_properties(physical);
            let Some(family) = families.get(binding.queue_family_index as usize) else {
                return Err(invalid(format!(
                    "queue family {} of {} in XrGraphicsBindingVulkanKHR",
                    binding.queue_family_index,
                    families.len()
                )));
            };
            if binding.queue_index >= family.queue_count {
                return Err(invalid(format!("queue {} of {}", binding.queue_index, family.queue_count)));
            }
            if !family.queue_flags.contains(vk::QueueFlags::GRAPHICS) {
                return Err(invalid("the queue family of the binding cannot draw".into()));
            }
            let fns = ash::Device::load(instance.fp_v1_0(), vk::Device::from_raw(binding.device as u64));
            let queue = fns.get_device_queue(binding.queue_family_index, binding.queue_index);
            if queue.is_null() {
                return Err(invalid("the device has no such queue".into()));
            }
            let pool = fns
                .create_command_pool(
                    &vk::CommandPoolCreateInfo::default().queue_family_index(binding.queue_family_index),
                    None,
                )
                .map_err(driver("vkCreateCommandPool"))?;
            let memory = instance.get_physical_device_memory_properties(physical);
            Ok(Self { fns, instance, physical, queue, pool, memory })
        }
    }

    /// The simulator's formats that this device can draw into and that can be copied from.
    pub(crate) fn formats(&self) -> Vec<Format> {
        let usable = |format: &&Format| {
            // SAFETY: the physical device lives as long as the session.
            let properties = unsafe { self.instance.get_physical_device_format_properties(self.physical, format.vk) };
            let attachment = if format.depth {
                vk::FormatFeatureFlags::DEPTH_STENCIL_ATTACHMENT
            } else {
                vk::FormatFeatureFlags::COLOR_ATTACHMENT
            };
            properties
                .optimal_tiling_features
                .contains(attachment | vk::FormatFeatureFlags::SAMPLED_IMAGE | vk::FormatFeatureFlags::TRANSFER_SRC)
        };
        supported().iter().filter(usable).copied().collect()
    }

    /// Makes an image with memory of its own.
    pub(crate) fn create_image(&self, request: &ImageRequest) -> Answer<Image> {
        let flags =
            if request.mutable_format { vk::ImageCreateFlags::MUTABLE_FORMAT } else { vk::ImageCreateFlags::empty() };
        let usage = request.usage | vk::ImageUsageFlags::TRANSFER_SRC;
        // SAFETY: the device lives as long as the session; nothing here is shared with other threads.
        unsafe {
            let possible = self.instance.get_physical_device_image_format_properties(
                self.physical,
                request.format.vk,
                vk::ImageType::TYPE_2D,
                vk::ImageTiling::OPTIMAL,
                usage,
                flags,
            );
            let samples = vk::SampleCountFlags::from_raw(request.samples);
            match possible {
                Ok(limits) if limits.sample_counts.contains(samples) => {}
                _ => refuse!(
                    ERROR_FEATURE_UNSUPPORTED,
                    "the Vulkan device cannot make a {} image of usage {:#x} with {} samples",
                    request.format.name,
                    usage.as_raw(),
                    request.samples
                ),
            }
            let info = vk::ImageCreateInfo::default()
                .flags(flags)
                .image_type(vk::ImageType::TYPE_2D)
                .format(request.format.vk)
                .extent(vk::Extent3D { width: request.width, height: request.height, depth: 1 })
                .mip_levels(request.mips)
                .array_layers(request.layers)
                .samples(samples)
                .tiling(vk::ImageTiling::OPTIMAL)
                .usage(usage);
            let image = self.fns.create_image(&info, None).map_err(driver("vkCreateImage"))?;
            let needs = self.fns.get_image_memory_requirements(image);
            let memory = self.allocate(needs, vk::MemoryPropertyFlags::DEVICE_LOCAL);
            let bound = memory.and_then(|memory| {
                self.fns.bind_image_memory(image, memory, 0).map_err(driver("vkBindImageMemory")).map(|()| memory)
            });
            match bound {
                Ok(memory) => Ok(Image { image, memory }),
                Err(refusal) => {
                    self.fns.destroy_image(image, None);
                    Err(refusal)
                }
            }
        }
    }

    pub(crate) fn destroy_image(&self, image: Image) {
        // SAFETY: made in `create_image`; by the specification the application no longer uses it, and the session
        // has waited for copies of it.
        unsafe {
            self.fns.destroy_image(image.image, None);
            self.fns.free_memory(image.memory, None);
        }
    }

    /// Memory of a kind; the first that fits.
    pub(super) fn allocate(
        &self,
        needs: vk::MemoryRequirements,
        wanted: vk::MemoryPropertyFlags,
    ) -> Answer<vk::DeviceMemory> {
        let types = self.memory.memory_types_as_slice();
        let fits = |flags| {
            types.iter().zip(0u32..).find_map(|(kind, index)| {
                (needs.memory_type_bits & (1 << index) != 0 && kind.property_flags.contains(flags)).then_some(index)
            })
        };
        let host = vk::MemoryPropertyFlags::HOST_VISIBLE;
        let fallback = if wanted.contains(host) { None } else { fits(vk::MemoryPropertyFlags::empty()) };
        let Some(index) = fits(wanted).or(fallback) else {
            refuse!(ERROR_OUT_OF_MEMORY, "the Vulkan device has no memory of the kind {:#x}", wanted.as_raw());
        };
        let info = vk::MemoryAllocateInfo::default().allocation_size(needs.size).memory_type_index(index);
        // SAFETY: as in `create_image`.
        unsafe { self.fns.allocate_memory(&info, None) }.map_err(driver("vkAllocateMemory"))
    }

    /// Puts new images into the layout that the specification promises to the application. Waits for the queue:
    /// once a swapchain.
    pub(crate) fn prepare(&self, images: &[Image], format: Format) -> Answer<()> {
        let commands = self.record(|commands| {
            for image in images {
                let barrier = barrier(image.image, format, vk::ImageLayout::UNDEFINED, attachment_layout(format))
                    .dst_access_mask(vk::AccessFlags::MEMORY_READ | vk::AccessFlags::MEMORY_WRITE);
                // SAFETY: `commands` is being recorded; the image lives.
                unsafe { self.barrier(commands, vk::PipelineStageFlags::TOP_OF_PIPE, barrier) };
            }
        })?;
        // SAFETY: called only where the application must not touch the queue.
        unsafe {
            let batch = [commands];
            let submitted = self
                .fns
                .queue_submit(self.queue, &[vk::SubmitInfo::default().command_buffers(&batch)], vk::Fence::null())
                .and_then(|()| self.fns.queue_wait_idle(self.queue));
            self.fns.free_command_buffers(self.pool, &batch);
            submitted.map_err(driver("vkQueueSubmit"))
        }
    }

    /// A command buffer with what `write` puts into it.
    pub(super) fn record(&self, write: impl FnOnce(vk::CommandBuffer)) -> Answer<vk::CommandBuffer> {
        let info = vk::CommandBufferAllocateInfo::default().command_pool(self.pool).command_buffer_count(1);
        // SAFETY: the pool is used under the runtime's lock only.
        unsafe {
            let buffers = self.fns.allocate_command_buffers(&info).map_err(driver("vkAllocateCommandBuffers"))?;
            let Some(commands) = buffers.first().copied() else {
                return Err(Refusal::failure("the Vulkan driver gave no command buffer"));
            };
            let once = vk::CommandBufferBeginInfo::default().flags(vk::CommandBufferUsageFlags::ONE_TIME_SUBMIT);
            let begun = self.fns.begin_command_buffer(commands, &once);
            if begun.is_ok() {
                write(commands);
            }
            if let Err(error) = begun.and_then(|()| self.fns.end_command_buffer(commands)) {
                self.fns.free_command_buffers(self.pool, &[commands]);
                return Err(driver("recording commands")(error));
            }
            Ok(commands)
        }
    }

    /// # Safety
    /// `commands` is being recorded and the barrier's image lives.
    pub(super) unsafe fn barrier(
        &self,
        commands: vk::CommandBuffer,
        from: vk::PipelineStageFlags,
        barrier: vk::ImageMemoryBarrier<'_>,
    ) {
        // SAFETY: this function's contract.
        unsafe {
            self.fns.cmd_pipeline_barrier(
                commands,
                from,
                vk::PipelineStageFlags::ALL_COMMANDS,
                vk::DependencyFlags::empty(),
                &[],
                &[],
                &[barrier],
            );
        }
    }
}

/// The layout in which the application gets and returns images (XR_KHR_vulkan_enable2, "swapchain image layout").
pub(super) fn attachment_layout(format: Format) -> vk::ImageLayout {
    if format.depth {
        vk::ImageLayout::DEPTH_STENCIL_ATTACHMENT_OPTIMAL
    } else {
        vk::ImageLayout::COLOR_ATTACHMENT_OPTIMAL
    }
}

/// A change of layout of all of an image.
pub(super) fn barrier(
    image: vk::Image,
    format: Format,
    old: vk::ImageLayout,
    new: vk::ImageLayout,
) -> vk::ImageMemoryBarrier<'static> {
    let aspect = match (format.depth, format.vk == vk::Format::D32_SFLOAT_S8_UINT) {
        (true, true) => vk::ImageAspectFlags::DEPTH | vk::ImageAspectFlags::STENCIL,
        (true, false) => vk::ImageAspectFlags::DEPTH,
        (false, _) => vk::ImageAspectFlags::COLOR,
    };
    vk::ImageMemoryBarrier::default()
        .old_layout(old)
        .new_layout(new)
        .src_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
        .dst_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
        .image(image)
        .subresource_range(vk::ImageSubresourceRange {
            aspect_mask: aspect,
            base_mip_level: 0,
            level_count: vk::REMAINING_MIP_LEVELS,
            base_array_layer: 0,
            layer_count: vk::REMAINING_ARRAY_LAYERS,
        })
}
