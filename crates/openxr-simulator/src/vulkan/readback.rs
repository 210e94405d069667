//! Copies of swapchain images into memory that the processor can read.

use ash::vk;

use super::device::{Device, attachment_layout, barrier, driver};
use super::formats::{Format, Pixels};
use crate::refusal::Answer;

/// A part of one layer of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Region {
    pub x: i32,
    pub y: i32,
    pub width: u32,
    pub height: u32,
    pub layer: u32,
}

/// A copy under way: to be read when the fence of its submission is signalled.
#[derive(Debug)]
pub(crate) struct Copy {
    pub format: Format,
    pub region: Region,
    buffer: vk::Buffer,
    memory: vk::DeviceMemory,
    size: u64,
}

impl Device {
    /// Makes the buffer for a copy.
    pub(crate) fn prepare_copy(&self, format: Format, region: Region) -> Answer<Copy> {
        let size = u64::from(region.width) * u64::from(region.height) * u64::from(format.bytes);
        let info = vk::BufferCreateInfo::default().size(size).usage(vk::BufferUsageFlags::TRANSFER_DST);
        // SAFETY: the device lives as long as the session.
        unsafe {
            let buffer = self.fns.create_buffer(&info, None).map_err(driver("vkCreateBuffer"))?;
            let needs = self.fns.get_buffer_memory_requirements(buffer);
            let kind = vk::MemoryPropertyFlags::HOST_VISIBLE | vk::MemoryPropertyFlags::HOST_COHERENT;
            let bound = self.allocate(needs, kind).and_then(|memory| {
                self.fns.bind_buffer_memory(buffer, memory, 0).map_err(driver("vkBindBufferMemory")).map(|()| memory)
            });
            match bound {
                Ok(memory) => Ok(Copy { format, region, buffer, memory, size }),
                Err(refusal) => {
                    self.fns.destroy_buffer(buffer, None);
                    Err(refusal)
                }
            }
        }
    }

    /// Writes the copying into a command buffer: the image comes and goes in the layout of an attachment.
    pub(super) fn record_copy(&self, commands: vk::CommandBuffer, image: vk::Image, copy: &Copy) {
        let attachment = attachment_layout(copy.format);
        let source = vk::ImageLayout::TRANSFER_SRC_OPTIMAL;
        let aspect = if copy.format.depth { vk::ImageAspectFlags::DEPTH } else { vk::ImageAspectFlags::COLOR };
        let region = vk::BufferImageCopy::default()
            .image_subresource(vk::ImageSubresourceLayers {
                aspect_mask: aspect,
                mip_level: 0,
                base_array_layer: copy.region.layer,
                layer_count: 1,
            })
            .image_offset(vk::Offset3D { x: copy.region.x, y: copy.region.y, z: 0 })
            .image_extent(vk::Extent3D { width: copy.region.width, height: copy.region.height, depth: 1 });
        let before = barrier(image, copy.format, attachment, source)
            .src_access_mask(vk::AccessFlags::MEMORY_WRITE)
            .dst_access_mask(vk::AccessFlags::TRANSFER_READ);
        let after = barrier(image, copy.format, source, attachment)
            .src_access_mask(vk::AccessFlags::TRANSFER_READ)
            .dst_access_mask(vk::AccessFlags::MEMORY_READ | vk::AccessFlags::MEMORY_WRITE);
        // SAFETY: `commands` is being recorded; image and buffer live; the region was checked against the image.
        unsafe {
            self.barrier(commands, vk::PipelineStageFlags::ALL_COMMANDS, before);
            self.fns.cmd_copy_image_to_buffer(commands, image, source, copy.buffer, &[region]);
            self.barrier(commands, vk::PipelineStageFlags::ALL_COMMANDS, after);
        }
    }

    /// The pixels of a copy whose fence is signalled.
    pub(super) fn read_copy(&self, copy: &Copy) -> Answer<Pixels> {
        // SAFETY: host-visible and coherent memory of `size` bytes, written by a submission that has ended.
        unsafe {
            let pointer = self
                .fns
                .map_memory(copy.memory, 0, copy.size, vk::MemoryMapFlags::empty())
                .map_err(driver("vkMapMemory"))?;
            let bytes = std::slice::from_raw_parts(pointer.cast::<u8>(), copy.size as usize);
            let pixels = copy.format.decode(bytes);
            self.fns.unmap_memory(copy.memory);
            Ok(pixels)
        }
    }

    pub(super) fn free_copy(&self, copy: &Copy) {
        // SAFETY: made in `prepare_copy`; the submission has ended.
        unsafe {
            self.fns.destroy_buffer(copy.buffer, None);
            self.fns.free_memory(copy.memory, None);
        }
    }
}
