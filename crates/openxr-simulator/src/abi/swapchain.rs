//! Swapchains.

use ash::vk::{self, Handle as _};
use openxr_sys::{
    Duration, Handle, Result as Code, Session, Swapchain, SwapchainCreateFlags, SwapchainCreateInfo,
    SwapchainImageAcquireInfo, SwapchainImageBaseHeader, SwapchainImageReleaseInfo, SwapchainImageVulkanKHR,
    SwapchainImageWaitInfo, SwapchainUsageFlags,
};

use super::call::call;
use super::pointers::{fill, fill_structs, input, optional_input, output};
use super::system::MAX_IMAGE;
use crate::model::state::Within;
use crate::model::swapchains::{self, Ring};
use crate::refusal::{Answer, Refusal, refuse};
use crate::vulkan::{Format, ImageRequest};

pub(super) unsafe extern "system" fn enumerate_formats(
    session: Session,
    capacity: u32,
    count: *mut u32,
    formats: *mut i64,
) -> Code {
    call("xrEnumerateSwapchainFormats", |runtime| {
        let within = runtime.session(session.into_raw())?;
        let raw: Vec<i64> = within.session.formats.iter().map(|format| i64::from(format.vk.as_raw())).collect();
        // SAFETY: an array of the application, checked.
        unsafe { fill(capacity, count, formats, &raw) }
    })
}

pub(super) unsafe extern "system" fn create_swapchain(
    session: Session,
    info: *const SwapchainCreateInfo,
    swapchain: *mut Swapchain,
) -> Code {
    call("xrCreateSwapchain", |runtime| {
        let mut within = runtime.session(session.into_raw())?;
        // SAFETY: pointers of the application, checked.
        let info = unsafe { input(info)? };
        let out = output(swapchain, "swapchain")?;
        let request = check(&within, info)?;
        let once = info.create_flags.contains(SwapchainCreateFlags::STATIC_IMAGE);
        let device = &within.session.watcher.device;
        let mut images = Vec::new();
        for _ in 0..if once { 1 } else { 3 } {
            match device.create_image(&request) {
                Ok(image) => images.push(image),
                Err(refusal) => {
                    images.drain(..).for_each(|image| device.destroy_image(image));
                    return Err(refusal);
                }
            }
        }
        let raw = within.handle();
        let ring = Ring::new(images.len(), once);
        within.log.note(&format!(
            "swapchain {}×{}×{} {} usage {:?}",
            info.width, info.height, info.array_size, request.format.name, info.usage_flags
        ));
        within.session.swapchains.insert(
            raw,
            swapchains::Swapchain {
                format: request.format,
                width: info.width,
                height: info.height,
                layers: info.array_size,
                images,
                ring,
                prepared: false,
            },
        );
        out.write(Swapchain::from_raw(raw));
        Ok(Code::SUCCESS)
    })
}

fn check(within: &Within<'_>, info: &SwapchainCreateInfo) -> Answer<ImageRequest> {
    let known_flags = SwapchainCreateFlags::PROTECTED_CONTENT | SwapchainCreateFlags::STATIC_IMAGE;
    if !known_flags.contains(info.create_flags) {
        return Err(Refusal::invalid(format!("createFlags {:#x} has unknown bits", info.create_flags.into_raw())));
    }
    for (name, value) in [
        ("sampleCount", info.sample_count),
        ("width", info.width),
        ("height", info.height),
        ("arraySize", info.array_size),
        ("mipCount", info.mip_count),
    ] {
        if value == 0 {
            return Err(Refusal::invalid(format!("{name} is 0")));
        }
    }
    if info.width > MAX_IMAGE || info.height > MAX_IMAGE {
        return Err(Refusal::invalid(format!("{}×{} is larger than {MAX_IMAGE}", info.width, info.height)));
    }
    match info.face_count {
        1 => {}
        6 => refuse!(ERROR_FEATURE_UNSUPPORTED, "there are no cube maps here"),
        other => return Err(Refusal::invalid(format!("faceCount is {other}: 1 or 6"))),
    }
    if info.create_flags.contains(SwapchainCreateFlags::PROTECTED_CONTENT) {
        refuse!(ERROR_FEATURE_UNSUPPORTED, "there is no protected content here");
    }
    let format = within.session.formats.iter().find(|format| i64::from(format.vk.as_raw()) == info.format);
    let Some(format) = format.copied() else {
        refuse!(
            ERROR_SWAPCHAIN_FORMAT_UNSUPPORTED,
            "format {} is none of those that xrEnumerateSwapchainFormats told",
            info.format
        );
    };
    let usage = usage(info.usage_flags, format)?;
    if !info.sample_count.is_power_of_two() || info.sample_count > 64 {
        return Err(Refusal::invalid(format!("sampleCount is {}", info.sample_count)));
    }
    if info.mip_count > 32 - info.width.max(info.height).leading_zeros() {
        return Err(Refusal::invalid(format!("mipCount {} for {}×{}", info.mip_count, info.width, info.height)));
    }
    Ok(ImageRequest {
        format,
        width: info.width,
        height: info.height,
        layers: info.array_size,
        mips: info.mip_count,
        samples: info.sample_count,
        usage,
        mutable_format: info.usage_flags.contains(SwapchainUsageFlags::MUTABLE_FORMAT),
    })
}

fn usage(flags: SwapchainUsageFlags, format: Format) -> Answer<vk::ImageUsageFlags> {
    let table = [
        (SwapchainUsageFlags::COLOR_ATTACHMENT, vk::ImageUsageFlags::COLOR_ATTACHMENT),
        (SwapchainUsageFlags::DEPTH_STENCIL_ATTACHMENT, vk::ImageUsageFlags::DEPTH_STENCIL_ATTACHMENT),
        (SwapchainUsageFlags::UNORDERED_ACCESS, vk::ImageUsageFlags::STORAGE),
        (SwapchainUsageFlags::TRANSFER_SRC, vk::ImageUsageFlags::TRANSFER_SRC),
        (SwapchainUsageFlags::TRANSFER_DST, vk::ImageUsageFlags::TRANSFER_DST),
        (SwapchainUsageFlags::SAMPLED, vk::ImageUsageFlags::SAMPLED),
        (SwapchainUsageFlags::INPUT_ATTACHMENT, vk::ImageUsageFlags::INPUT_ATTACHMENT),
    ];
    let known = table.iter().fold(SwapchainUsageFlags::MUTABLE_FORMAT, |all, (flag, _)| all | *flag);
    if !known.contains(flags) {
        return Err(Refusal::invalid(format!("usageFlags {:#x} has unknown bits", flags.into_raw())));
    }
    let wrong = if format.depth {
        SwapchainUsageFlags::COLOR_ATTACHMENT
    } else {
        SwapchainUsageFlags::DEPTH_STENCIL_ATTACHMENT
    };
    if flags.intersects(wrong) {
        refuse!(ERROR_FEATURE_UNSUPPORTED, "usage {wrong:?} does not go with the format {}", format.name);
    }
    let wanted = table.iter().filter(|(flag, _)| flags.contains(*flag));
    Ok(wanted.fold(vk::ImageUsageFlags::empty(), |all, (_, usage)| all | *usage))
}

pub(super) unsafe extern "system" fn destroy_swapchain(swapchain: Swapchain) -> Code {
    call("xrDestroySwapchain", |runtime| {
        let raw = swapchain.into_raw();
        let session = runtime.instance.as_mut().and_then(|instance| instance.session.as_mut());
        let removed = session
            .and_then(|session| Some((session.swapchains.remove(&raw)?, std::sync::Arc::clone(&session.watcher))));
        let Some((gone, watcher)) = removed else { return Err(Refusal::handle("XrSwapchain", raw)) };
        runtime.after.push(Box::new(move || {
            watcher.flush();
            gone.free(&watcher.device);
        }));
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn enumerate_images(
    swapchain: Swapchain,
    capacity: u32,
    count: *mut u32,
    images: *mut SwapchainImageBaseHeader,
) -> Code {
    call("xrEnumerateSwapchainImages", |runtime| {
        let within = runtime.session_of_swapchain(swapchain.into_raw())?;
        let found = within.session.swapchains.get(&swapchain.into_raw());
        let handles: Vec<u64> =
            found.into_iter().flat_map(|found| &found.images).map(|image| image.image.as_raw()).collect();
        // SAFETY: an array of the application, checked: the type of each element says that it is Vulkan's.
        unsafe {
            fill_structs(capacity, count, images.cast::<SwapchainImageVulkanKHR>(), handles.len(), |index, next| {
                SwapchainImageVulkanKHR {
                    ty: SwapchainImageVulkanKHR::TYPE,
                    next,
                    image: handles.get(index).copied().unwrap_or_default(),
                }
            })
        }
    })
}

pub(super) unsafe extern "system" fn acquire_image(
    swapchain: Swapchain,
    info: *const SwapchainImageAcquireInfo,
    index: *mut u32,
) -> Code {
    call("xrAcquireSwapchainImage", |runtime| {
        let within = runtime.session_of_swapchain(swapchain.into_raw())?;
        // SAFETY: a structure of the application, checked.
        unsafe { optional_input(info)? };
        let out = output(index, "index")?;
        let Some(found) = within.session.swapchains.get_mut(&swapchain.into_raw()) else {
            return Err(Refusal::handle("XrSwapchain", swapchain.into_raw()));
        };
        let acquired = found.ring.acquire()?;
        if !found.prepared {
            within.session.watcher.device.prepare(&found.images, found.format)?;
            found.prepared = true;
        }
        out.write(acquired as u32);
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn wait_image(swapchain: Swapchain, info: *const SwapchainImageWaitInfo) -> Code {
    call("xrWaitSwapchainImage", |runtime| {
        let within = runtime.session_of_swapchain(swapchain.into_raw())?;
        // SAFETY: a structure of the application, checked.
        let info = unsafe { input(info)? };
        if info.timeout.as_nanos() < Duration::NONE.as_nanos() {
            return Err(Refusal::invalid(format!("the timeout is {} ns", info.timeout.as_nanos())));
        }
        let found = within.session.swapchains.get_mut(&swapchain.into_raw());
        found.ok_or_else(|| Refusal::handle("XrSwapchain", swapchain.into_raw()))?.ring.wait()?;
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn release_image(
    swapchain: Swapchain,
    info: *const SwapchainImageReleaseInfo,
) -> Code {
    call("xrReleaseSwapchainImage", |runtime| {
        let within = runtime.session_of_swapchain(swapchain.into_raw())?;
        // SAFETY: a structure of the application, checked.
        unsafe { optional_input(info)? };
        let found = within.session.swapchains.get_mut(&swapchain.into_raw());
        found.ok_or_else(|| Refusal::handle("XrSwapchain", swapchain.into_raw()))?.ring.release()?;
        Ok(Code::SUCCESS)
    })
}
