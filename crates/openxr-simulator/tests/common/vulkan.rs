//! The little of Vulkan that a client needs: a device, and pictures drawn by the processor put into images.

use ash::vk::{self, Handle as _};

pub struct Vulkan {
    pub entry: ash::Entry,
    pub instance: ash::Instance,
    pub physical: vk::PhysicalDevice,
    pub device: ash::Device,
    pub queue: vk::Queue,
    pool: vk::CommandPool,
}

/// Whether there is a Vulkan device at all.
pub fn is_there() -> bool {
    unsafe {
        let Ok(entry) = ash::Entry::load() else { return false };
        let Ok(instance) = entry.create_instance(&vk::InstanceCreateInfo::default(), None) else { return false };
        let found = instance.enumerate_physical_devices().is_ok_and(|devices| !devices.is_empty());
        instance.destroy_instance(None);
        found
    }
}

impl Vulkan {
    /// Through XR_KHR_vulkan_enable2.
    pub fn new(xr: &openxr::Instance, system: openxr::SystemId) -> Self {
        xr.graphics_requirements::<openxr::Vulkan>(system).unwrap();
        unsafe {
            let entry = ash::Entry::load().unwrap();
            let get = std::mem::transmute::<vk::PFN_vkGetInstanceProcAddr, openxr::sys::platform::VkGetInstanceProcAddr>(
                entry.static_fn().get_instance_proc_addr,
            );
            let app = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_1);
            let info = vk::InstanceCreateInfo::default().application_info(&app);
            let raw = xr.create_vulkan_instance(system, get, (&raw const info).cast()).unwrap().unwrap();
            let instance = ash::Instance::load(entry.static_fn(), vk::Instance::from_raw(raw as u64));
            let raw = xr.vulkan_graphics_device(system, instance.handle().as_raw() as _).unwrap();
            let physical = vk::PhysicalDevice::from_raw(raw as u64);
            let queues = [vk::DeviceQueueCreateInfo::default().queue_family_index(0).queue_priorities(&[1.0])];
            let info = vk::DeviceCreateInfo::default().queue_create_infos(&queues);
            let raw = xr
                .create_vulkan_device(system, get, physical.as_raw() as _, (&raw const info).cast())
                .unwrap()
                .unwrap();
            let device = ash::Device::load(instance.fp_v1_0(), vk::Device::from_raw(raw as u64));
            let queue = device.get_device_queue(0, 0);
            let pool = device.create_command_pool(&vk::CommandPoolCreateInfo::default(), None).unwrap();
            Self { entry, instance, physical, device, queue, pool }
        }
    }

    pub fn binding(&self) -> openxr::vulkan::SessionCreateInfo {
        openxr::vulkan::SessionCreateInfo {
            instance: self.instance.handle().as_raw() as _,
            physical_device: self.physical.as_raw() as _,
            device: self.device.handle().as_raw() as _,
            queue_family_index: 0,
            queue_index: 0,
        }
    }

    /// Puts bytes into a layer of a swapchain image, which is and stays in the layout of an attachment.
    pub fn upload(&self, image: u64, layer: u32, [width, height]: [u32; 2], bytes: &[u8], depth: bool) {
        let image = vk::Image::from_raw(image);
        let (aspect, attachment) = if depth {
            (vk::ImageAspectFlags::DEPTH, vk::ImageLayout::DEPTH_STENCIL_ATTACHMENT_OPTIMAL)
        } else {
            (vk::ImageAspectFlags::COLOR, vk::ImageLayout::COLOR_ATTACHMENT_OPTIMAL)
        };
        unsafe {
            let device = &self.device;
            let info =
                vk::BufferCreateInfo::default().size(bytes.len() as u64).usage(vk::BufferUsageFlags::TRANSFER_SRC);
            let buffer = device.create_buffer(&info, None).unwrap();
            let needs = device.get_buffer_memory_requirements(buffer);
            let types = self.instance.get_physical_device_memory_properties(self.physical);
            let wanted = vk::MemoryPropertyFlags::HOST_VISIBLE | vk::MemoryPropertyFlags::HOST_COHERENT;
            let kind = (0..types.memory_type_count)
                .find(|i| {
                    needs.memory_type_bits & (1 << i) != 0
                        && types.memory_types[*i as usize].property_flags.contains(wanted)
                })
                .unwrap();
            let info = vk::MemoryAllocateInfo::default().allocation_size(needs.size).memory_type_index(kind);
            let memory = device.allocate_memory(&info, None).unwrap();
            device.bind_buffer_memory(buffer, memory, 0).unwrap();
            let pointer = device.map_memory(memory, 0, vk::WHOLE_SIZE, vk::MemoryMapFlags::empty()).unwrap();
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), pointer.cast(), bytes.len());
            device.unmap_memory(memory);

            let info = vk::CommandBufferAllocateInfo::default().command_pool(self.pool).command_buffer_count(1);
            let commands = device.allocate_command_buffers(&info).unwrap()[0];
            device.begin_command_buffer(commands, &vk::CommandBufferBeginInfo::default()).unwrap();
            let barrier = |old, new| {
                let barrier = vk::ImageMemoryBarrier::default()
                    .old_layout(old)
                    .new_layout(new)
                    .src_access_mask(vk::AccessFlags::MEMORY_WRITE)
                    .dst_access_mask(vk::AccessFlags::MEMORY_WRITE | vk::AccessFlags::MEMORY_READ)
                    .image(image)
                    .subresource_range(vk::ImageSubresourceRange {
                        aspect_mask: aspect,
                        base_mip_level: 0,
                        level_count: 1,
                        base_array_layer: layer,
                        layer_count: 1,
                    });
                let all = vk::PipelineStageFlags::ALL_COMMANDS;
                device.cmd_pipeline_barrier(commands, all, all, vk::DependencyFlags::empty(), &[], &[], &[barrier]);
            };
            barrier(attachment, vk::ImageLayout::TRANSFER_DST_OPTIMAL);
            let region = vk::BufferImageCopy::default()
                .image_subresource(vk::ImageSubresourceLayers {
                    aspect_mask: aspect,
                    mip_level: 0,
                    base_array_layer: layer,
                    layer_count: 1,
                })
                .image_extent(vk::Extent3D { width, height, depth: 1 });
            device.cmd_copy_buffer_to_image(commands, buffer, image, vk::ImageLayout::TRANSFER_DST_OPTIMAL, &[region]);
            barrier(vk::ImageLayout::TRANSFER_DST_OPTIMAL, attachment);
            device.end_command_buffer(commands).unwrap();
            let batch = [commands];
            let submit = [vk::SubmitInfo::default().command_buffers(&batch)];
            device.queue_submit(self.queue, &submit, vk::Fence::null()).unwrap();
            device.queue_wait_idle(self.queue).unwrap();
            device.free_command_buffers(self.pool, &batch);
            device.destroy_buffer(buffer, None);
            device.free_memory(memory, None);
        }
    }
}

impl Drop for Vulkan {
    fn drop(&mut self) {
        unsafe {
            self.device.destroy_command_pool(self.pool, None);
            self.device.destroy_device(None);
            self.instance.destroy_instance(None);
        }
    }
}
