//! The images that the headset shows: one array image of two layers, an eye each; and their depth.

use ash::vk::{self, Handle as _};
use bevy::prelude::*;
use openxr::{Swapchain, SwapchainCreateInfo, SwapchainUsageFlags, Vulkan, sys};
use wgpu::{TextureFormat, TextureUsages, TextureUses};

/// Colour formats that a picture in sRGB can be written to, best first. Into the linear ones the picture is written
/// linearly, as OpenXR has it; they show bands in the dark, so they come last.
const COLOUR: [(vk::Format, TextureFormat); 5] = [
    (vk::Format::R8G8B8A8_SRGB, TextureFormat::Rgba8UnormSrgb),
    (vk::Format::B8G8R8A8_SRGB, TextureFormat::Bgra8UnormSrgb),
    (vk::Format::R16G16B16A16_SFLOAT, TextureFormat::Rgba16Float),
    (vk::Format::R8G8B8A8_UNORM, TextureFormat::Rgba8Unorm),
    (vk::Format::B8G8R8A8_UNORM, TextureFormat::Bgra8Unorm),
];

/// What Bevy's depth is.
const DEPTH: [(vk::Format, TextureFormat); 1] = [(vk::Format::D32_SFLOAT, TextureFormat::Depth32Float)];

/// A swapchain of two layers with its images.
pub(crate) struct EyeImages {
    pub(crate) swapchain: Swapchain<Vulkan>,
    pub(crate) images: Vec<wgpu::Texture>,
    pub(crate) format: TextureFormat,
    /// The image that is being drawn, between waiting for it and letting it go.
    pub(crate) current: Option<usize>,
}

impl EyeImages {
    /// The images of the eyes' colour.
    pub(crate) fn colour(
        session: &openxr::Session<Vulkan>,
        device: &wgpu::Device,
        size: UVec2,
    ) -> Result<Self, sys::Result> {
        let usage = SwapchainUsageFlags::COLOR_ATTACHMENT | SwapchainUsageFlags::SAMPLED;
        Self::new(session, device, size, &COLOUR, usage)
    }

    /// The images of the eyes' depth.
    pub(crate) fn depth(
        session: &openxr::Session<Vulkan>,
        device: &wgpu::Device,
        size: UVec2,
    ) -> Result<Self, sys::Result> {
        let usage = SwapchainUsageFlags::DEPTH_STENCIL_ATTACHMENT | SwapchainUsageFlags::TRANSFER_DST;
        Self::new(session, device, size, &DEPTH, usage)
    }

    fn new(
        session: &openxr::Session<Vulkan>,
        device: &wgpu::Device,
        size: UVec2,
        formats: &[(vk::Format, TextureFormat)],
        usage_flags: SwapchainUsageFlags,
    ) -> Result<Self, sys::Result> {
        let offered = session.enumerate_swapchain_formats()?;
        let mut refused = sys::Result::ERROR_SWAPCHAIN_FORMAT_UNSUPPORTED;
        for &(vulkan, format) in formats {
            let raw = vulkan.as_raw() as u32;
            if !offered.contains(&raw) {
                continue;
            }
            let made = session.create_swapchain(&SwapchainCreateInfo {
                create_flags: openxr::SwapchainCreateFlags::EMPTY,
                usage_flags,
                format: raw,
                sample_count: 1,
                width: size.x,
                height: size.y,
                face_count: 1,
                array_size: 2,
                mip_count: 1,
            });
            match made {
                Ok(swapchain) => {
                    let images = swapchain
                        .enumerate_images()?
                        .into_iter()
                        .map(|image| as_texture(device, image, size, format).ok_or(sys::Result::ERROR_RUNTIME_FAILURE))
                        .collect::<Result<_, _>>()?;
                    return Ok(Self { swapchain, images, format, current: None });
                }
                // What was offered may be refused all the same: the next one.
                Err(sys::Result::ERROR_SWAPCHAIN_FORMAT_UNSUPPORTED | sys::Result::ERROR_FEATURE_UNSUPPORTED) => {
                    refused = sys::Result::ERROR_SWAPCHAIN_FORMAT_UNSUPPORTED;
                }
                Err(other) => return Err(other),
            }
        }
        Err(refused)
    }

    /// Takes the next image and waits until the compositor has left it.
    pub(crate) fn take(&mut self) -> Result<usize, sys::Result> {
        let index = self.swapchain.acquire_image()? as usize;
        self.swapchain.wait_image(openxr::Duration::INFINITE)?;
        self.current = Some(index);
        Ok(index)
    }

    /// Lets the image go, if there is one.
    pub(crate) fn let_go(&mut self) -> Result<(), sys::Result> {
        match self.current.take() {
            Some(_) => self.swapchain.release_image(),
            None => Ok(()),
        }
    }
}

/// A runtime's image as wgpu's texture. Nothing where the device is no Vulkan device.
#[allow(unsafe_code, reason = "an image of the runtime is handed to wgpu")]
fn as_texture(device: &wgpu::Device, image: u64, size: UVec2, format: TextureFormat) -> Option<wgpu::Texture> {
    use wgpu::hal::api::Vulkan as Hal;
    let extent = wgpu::Extent3d { width: size.x, height: size.y, depth_or_array_layers: 2 };
    let (uses, usage) = if format.is_depth_stencil_format() {
        // Depth is copied in, and handed back as an attachment, as OpenXR wants it.
        (
            TextureUses::COPY_DST | TextureUses::DEPTH_STENCIL_WRITE | TextureUses::DEPTH_STENCIL_READ,
            TextureUsages::COPY_DST | TextureUsages::RENDER_ATTACHMENT,
        )
    } else {
        (TextureUses::COLOR_TARGET, TextureUsages::RENDER_ATTACHMENT)
    };
    let descriptor = wgpu::hal::TextureDescriptor {
        label: Some("headset image"),
        size: extent,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: uses,
        memory_flags: wgpu::hal::MemoryFlags::empty(),
        view_formats: Vec::new(),
    };
    // SAFETY: the device is the one that the session was made with, and the image is one of its swapchain, of this size,
    // format and use. The runtime owns the image: the callback, which does nothing, keeps wgpu from destroying it. The
    // textures are dropped with the swapchain, after the last frame that drew into them has been submitted.
    unsafe {
        let hal = device.as_hal::<Hal>()?;
        let texture = hal.texture_from_raw(
            vk::Image::from_raw(image),
            &descriptor,
            Some(Box::new(|| {})),
            wgpu::hal::vulkan::TextureMemory::External,
        );
        drop(hal);
        Some(device.create_texture_from_hal::<Hal>(
            texture,
            &wgpu::TextureDescriptor {
                label: Some("headset image"),
                size: extent,
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format,
                usage,
                view_formats: &[],
            },
        ))
    }
}
