//! The Vulkan side: swapchain images on the application's own device, and copies of what it drew.

mod device;
mod formats;
mod readback;
mod watcher;

pub(crate) use device::{Device, Image, ImageRequest};
pub(crate) use formats::{Format, Pixels, decode_srgb, encode_srgb, supported};
pub(crate) use readback::{Copy, Region};
pub(crate) use watcher::{Finished, Watcher};
