//! XR_KHR_vulkan_enable and XR_KHR_vulkan_enable2. Images live in this process, so neither needs a Vulkan extension.

use std::ffi::c_char;

use ash::vk::{self, Handle as _};
use openxr_sys::platform::{VkDevice, VkInstance, VkPhysicalDevice, VkResult};
use openxr_sys::{
    GraphicsRequirementsVulkanKHR, Handle, Instance, Result as Code, SystemId, Version, VulkanDeviceCreateInfoKHR,
    VulkanGraphicsDeviceGetInfoKHR, VulkanInstanceCreateInfoKHR,
};

use super::call::call;
use super::pointers::{fill_text, input, output, output_struct};
use crate::model::state;
use crate::refusal::{Answer, Refusal};

/// The way into Vulkan: the application's own, or the system's loader.
pub(super) fn loader(instance: &mut state::Instance) -> Answer<ash::StaticFn> {
    if let Some(loader) = &instance.graphics.loader {
        return Ok(loader.clone());
    }
    // SAFETY: loads the system's Vulkan library, as the application did. It is never unloaded (see below).
    let entry = unsafe { ash::Entry::load() }
        .map_err(|error| Refusal::failure(format!("the Vulkan loader cannot be opened: {error}")))?;
    let functions = entry.static_fn().clone();
    // The functions must outlive this scope: the library stays open.
    std::mem::forget(entry);
    instance.graphics.loader = Some(functions.clone());
    Ok(functions)
}

fn requirements(
    name: &'static str,
    instance: Instance,
    system: SystemId,
    out: *mut GraphicsRequirementsVulkanKHR,
) -> Code {
    call(name, |runtime| {
        let instance = runtime.system(instance.into_raw(), system.into_raw())?;
        // SAFETY: a structure of the application, checked.
        let out = unsafe { output_struct(out)? };
        let next = out.next();
        out.write(GraphicsRequirementsVulkanKHR {
            ty: GraphicsRequirementsVulkanKHR::TYPE,
            next,
            min_api_version_supported: Version::new(1, 0, 0),
            max_api_version_supported: Version::new(1, 4, 1023),
        });
        instance.graphics.requirements_asked = true;
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn requirements1(
    instance: Instance,
    system: SystemId,
    out: *mut GraphicsRequirementsVulkanKHR,
) -> Code {
    requirements("xrGetVulkanGraphicsRequirementsKHR", instance, system, out)
}

pub(super) unsafe extern "system" fn requirements2(
    instance: Instance,
    system: SystemId,
    out: *mut GraphicsRequirementsVulkanKHR,
) -> Code {
    requirements("xrGetVulkanGraphicsRequirements2KHR", instance, system, out)
}

fn no_extensions(
    name: &'static str,
    instance: Instance,
    system: SystemId,
    capacity: u32,
    count: *mut u32,
    buffer: *mut c_char,
) -> Code {
    call(name, |runtime| {
        runtime.system(instance.into_raw(), system.into_raw())?;
        // SAFETY: an array of the application, checked.
        unsafe { fill_text(capacity, count, buffer, "") }
    })
}

pub(super) unsafe extern "system" fn instance_extensions(
    instance: Instance,
    system: SystemId,
    capacity: u32,
    count: *mut u32,
    buffer: *mut c_char,
) -> Code {
    no_extensions("xrGetVulkanInstanceExtensionsKHR", instance, system, capacity, count, buffer)
}

pub(super) unsafe extern "system" fn device_extensions(
    instance: Instance,
    system: SystemId,
    capacity: u32,
    count: *mut u32,
    buffer: *mut c_char,
) -> Code {
    no_extensions("xrGetVulkanDeviceExtensionsKHR", instance, system, capacity, count, buffer)
}

/// The device of a Vulkan instance that the application shall use: the fastest kind, and the first of its kind.
unsafe fn choose_device(instance: &mut state::Instance, vulkan: VkInstance) -> Answer<VkPhysicalDevice> {
    if vulkan.is_null() {
        return Err(Refusal::invalid("the VkInstance is NULL"));
    }
    let functions = loader(instance)?;
    // SAFETY: the application's instance, not null; that it lives is the application's duty.
    let best = unsafe {
        let vulkan = ash::Instance::load(&functions, vk::Instance::from_raw(vulkan as u64));
        let devices = vulkan
            .enumerate_physical_devices()
            .map_err(|error| Refusal::failure(format!("vkEnumeratePhysicalDevices: {error}")))?;
        devices.into_iter().min_by_key(|device| match vulkan.get_physical_device_properties(*device).device_type {
            vk::PhysicalDeviceType::DISCRETE_GPU => 0,
            vk::PhysicalDeviceType::INTEGRATED_GPU => 1,
            vk::PhysicalDeviceType::VIRTUAL_GPU => 2,
            vk::PhysicalDeviceType::CPU => 3,
            _ => 4,
        })
    };
    let Some(device) = best else { return Err(Refusal::failure("there is no Vulkan device")) };
    instance.graphics.physical = Some(device.as_raw());
    instance.graphics.vulkan = Some(vulkan as u64);
    Ok(device.as_raw() as VkPhysicalDevice)
}

pub(super) unsafe extern "system" fn graphics_device1(
    instance: Instance,
    system: SystemId,
    vulkan: VkInstance,
    device: *mut VkPhysicalDevice,
) -> Code {
    call("xrGetVulkanGraphicsDeviceKHR", |runtime| {
        let instance = runtime.system(instance.into_raw(), system.into_raw())?;
        let out = output(device, "vkPhysicalDevice")?;
        // SAFETY: the application's handle, checked for null.
        out.write(unsafe { choose_device(instance, vulkan)? });
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn graphics_device2(
    instance: Instance,
    info: *const VulkanGraphicsDeviceGetInfoKHR,
    device: *mut VkPhysicalDevice,
) -> Code {
    call("xrGetVulkanGraphicsDevice2KHR", |runtime| {
        runtime.instance(instance.into_raw())?;
        // SAFETY: a structure of the application, checked.
        let info = unsafe { input(info)? };
        let out = output(device, "vulkanPhysicalDevice")?;
        let instance = runtime.system(instance.into_raw(), info.system_id.into_raw())?;
        // SAFETY: the application's handle, checked for null.
        out.write(unsafe { choose_device(instance, info.vulkan_instance)? });
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn create_vulkan_instance(
    instance: Instance,
    info: *const VulkanInstanceCreateInfoKHR,
    vulkan: *mut VkInstance,
    result: *mut VkResult,
) -> Code {
    call("xrCreateVulkanInstanceKHR", |runtime| {
        runtime.instance(instance.into_raw())?;
        // SAFETY: a structure of the application, checked.
        let info = unsafe { input(info)? };
        let (out, out_result) = (output(vulkan, "vulkanInstance")?, output(result, "vulkanResult")?);
        if info.create_flags.into_raw() != 0 {
            return Err(Refusal::invalid("createFlags must be 0"));
        }
        let create = output(info.vulkan_create_info.cast_mut(), "vulkanCreateInfo").map(|_| info.vulkan_create_info)?;
        let Some(get) = info.pfn_get_instance_proc_addr else {
            return Err(Refusal::invalid("pfnGetInstanceProcAddr is NULL"));
        };
        let instance = runtime.system(instance.into_raw(), info.system_id.into_raw())?;
        // SAFETY: both are the C type PFN_vkGetInstanceProcAddr, written twice in two crates.
        let get_instance_proc_addr: vk::PFN_vkGetInstanceProcAddr = unsafe { std::mem::transmute(get) };
        let functions = ash::StaticFn { get_instance_proc_addr };
        // SAFETY: the application's function, with a name that Vulkan knows; its result has the type of that name.
        // The create info and allocator are the application's and go to Vulkan as they are.
        let code = unsafe {
            let Some(create_instance) = get_instance_proc_addr(vk::Instance::null(), c"vkCreateInstance".as_ptr())
            else {
                return Err(Refusal::failure("pfnGetInstanceProcAddr knows no vkCreateInstance"));
            };
            let create_instance: vk::PFN_vkCreateInstance = std::mem::transmute(create_instance);
            let mut made = vk::Instance::null();
            let code = create_instance(create.cast(), info.vulkan_allocator.cast(), &raw mut made);
            if code == vk::Result::SUCCESS {
                out.write(made.as_raw() as VkInstance);
            }
            code
        };
        instance.graphics.loader = Some(functions);
        out_result.write(code.as_raw());
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn create_vulkan_device(
    instance: Instance,
    info: *const VulkanDeviceCreateInfoKHR,
    device: *mut VkDevice,
    result: *mut VkResult,
) -> Code {
    call("xrCreateVulkanDeviceKHR", |runtime| {
        runtime.instance(instance.into_raw())?;
        // SAFETY: a structure of the application, checked.
        let info = unsafe { input(info)? };
        let (out, out_result) = (output(device, "vulkanDevice")?, output(result, "vulkanResult")?);
        if info.create_flags.into_raw() != 0 {
            return Err(Refusal::invalid("createFlags must be 0"));
        }
        let create = output(info.vulkan_create_info.cast_mut(), "vulkanCreateInfo").map(|_| info.vulkan_create_info)?;
        let Some(get) = info.pfn_get_instance_proc_addr else {
            return Err(Refusal::invalid("pfnGetInstanceProcAddr is NULL"));
        };
        let instance = runtime.system(instance.into_raw(), info.system_id.into_raw())?;
        if instance.graphics.physical != Some(info.vulkan_physical_device as u64) {
            return Err(Refusal::invalid(
                "vulkanPhysicalDevice is not the one that xrGetVulkanGraphicsDevice2KHR named",
            ));
        }
        let Some(vulkan) = instance.graphics.vulkan else {
            return Err(Refusal::invalid("xrGetVulkanGraphicsDevice2KHR comes before xrCreateVulkanDeviceKHR"));
        };
        // SAFETY: the same C type, written twice.
        let get: vk::PFN_vkGetInstanceProcAddr = unsafe { std::mem::transmute(get) };
        let physical = vk::PhysicalDevice::from_raw(info.vulkan_physical_device as u64);
        // SAFETY: as in `create_vulkan_instance`; the instance is the application's, behind the physical device.
        let code = unsafe {
            let Some(create_device) = get(vk::Instance::from_raw(vulkan), c"vkCreateDevice".as_ptr()) else {
                return Err(Refusal::failure("pfnGetInstanceProcAddr knows no vkCreateDevice"));
            };
            let create_device: vk::PFN_vkCreateDevice = std::mem::transmute(create_device);
            let mut made = vk::Device::null();
            let code = create_device(physical, create.cast(), info.vulkan_allocator.cast(), &raw mut made);
            if code == vk::Result::SUCCESS {
                out.write(made.as_raw() as VkDevice);
            }
            code
        };
        out_result.write(code.as_raw());
        Ok(Code::SUCCESS)
    })
}
