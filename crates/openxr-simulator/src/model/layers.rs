//! Composition layers, checked (xr spec 10.5 and 10.6).

use ash::vk;
use openxr_sys::{CompositionLayerFlags, EyeVisibility, Fovf, SwapchainSubImage};

use super::pose::Pose;
use super::state::Within;
use crate::refusal::{Answer, Refusal, refuse};
use crate::vulkan::{Format, Region};

/// A part of a swapchain image that is there to be shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Picture {
    pub image: vk::Image,
    pub format: Format,
    pub region: Region,
}

/// One eye of a projection layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProjectionView {
    /// In the layer's space.
    pub pose: Pose,
    pub fov: Fovf,
    pub colour: Picture,
    pub depth: Option<Depth>,
}

/// The depth behind an eye's picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Depth {
    pub picture: Picture,
    pub range: [f32; 2],
    /// Metres at the range's ends; `near > far` for reversed depth.
    pub near: f32,
    pub far: f32,
}

/// A layer as the compositor would show it.
#[derive(Debug, Clone)]
pub(crate) enum Layer {
    Projection {
        flags: CompositionLayerFlags,
        space: u64,
        views: Vec<ProjectionView>,
    },
    Quad {
        flags: CompositionLayerFlags,
        space: u64,
        eyes: EyeVisibility,
        picture: Picture,
        pose: Pose,
        size: [f32; 2],
    },
    /// Shown while it runs.
    Passthrough {
        runs: bool,
    },
}

/// All flags that a layer may have.
const KNOWN_FLAGS: u64 = 0b111;

/// `what` says where in the layers the value stands.
pub(crate) fn check_flags(flags: CompositionLayerFlags, what: &str) -> Answer<()> {
    if flags.into_raw() & !KNOWN_FLAGS != 0 {
        return Err(Refusal::invalid(format!("{what}: layerFlags {:#x} has unknown bits", flags.into_raw())));
    }
    Ok(())
}

pub(crate) fn check_fov(fov: &Fovf, what: &str) -> Answer<()> {
    let angles = [fov.angle_left, fov.angle_right, fov.angle_up, fov.angle_down];
    let limit = std::f32::consts::FRAC_PI_2;
    if angles.iter().any(|angle| !angle.is_finite() || angle.abs() >= limit) {
        return Err(Refusal::invalid(format!("{what}: the field of view {angles:?} has angles beyond ±π/2")));
    }
    Ok(())
}

impl Within<'_> {
    /// Checks a sub-image against its swapchain.
    pub(crate) fn picture(&self, sub: &SwapchainSubImage, what: &str) -> Answer<Picture> {
        let raw = openxr_sys::Handle::into_raw(sub.swapchain);
        let Some(swapchain) = self.session.swapchains.get(&raw) else {
            return Err(Refusal::handle("XrSwapchain", raw));
        };
        let shown =
            swapchain.ring.shown().map_err(|refusal| Refusal::new(refusal.code, format!("{what}: {}", refusal.why)))?;
        let (offset, extent) = (sub.image_rect.offset, sub.image_rect.extent);
        let inside = |start: i32, length: i32, size: u32| {
            start >= 0 && length > 0 && i64::from(start) + i64::from(length) <= i64::from(size)
        };
        if !inside(offset.x, extent.width, swapchain.width) || !inside(offset.y, extent.height, swapchain.height) {
            refuse!(
                ERROR_SWAPCHAIN_RECT_INVALID,
                "{what}: the rectangle {}×{} at {}, {} does not lie in the image of {}×{}",
                extent.width,
                extent.height,
                offset.x,
                offset.y,
                swapchain.width,
                swapchain.height
            );
        }
        if sub.image_array_index >= swapchain.layers {
            let layers = swapchain.layers;
            return Err(Refusal::invalid(format!("{what}: imageArrayIndex {} of {layers}", sub.image_array_index)));
        }
        let Some(image) = swapchain.images.get(shown) else {
            return Err(Refusal::failure("a swapchain has lost an image"));
        };
        Ok(Picture {
            image: image.image,
            format: swapchain.format,
            region: Region {
                x: offset.x,
                y: offset.y,
                width: extent.width.unsigned_abs(),
                height: extent.height.unsigned_abs(),
                layer: sub.image_array_index,
            },
        })
    }
}
