//! `xrGetInstanceProcAddr`: names to functions.

use std::ffi::c_char;

use openxr_sys::{Handle, Instance, Result as Code, pfn};

use super::call::call;
use super::pointers::{input_string, output};
use super::vulkan_enable as vulkan;
use super::{actions, debug, extras, frame, hands, input, instance, session, space, strings, swapchain, system};
use crate::refusal::refuse;

/// A function of any type.
type Function = pfn::VoidFunction;

/// Where a function belongs.
enum Home {
    /// May be asked for without an instance.
    Global,
    Core,
    /// There when one of these extensions is on.
    Extension(&'static [&'static str]),
}

/// `Some(function)`, checked to be of the type that the registry gives the name.
macro_rules! function {
    ($home:expr, $type:ident, $function:expr) => {{
        let typed: pfn::$type = $function;
        // SAFETY: function pointers are of one size; whoever calls it casts it back by its name.
        Some(($home, unsafe { std::mem::transmute::<pfn::$type, Function>(typed) }))
    }};
}

fn find(name: &str) -> Option<(Home, Function)> {
    use Home::{Core, Global};
    match name {
        "xrGetInstanceProcAddr" => function!(Core, GetInstanceProcAddr, get_instance_proc_addr),
        "xrEnumerateApiLayerProperties" => function!(Global, EnumerateApiLayerProperties, instance::enumerate_layers),
        "xrEnumerateInstanceExtensionProperties" => {
            function!(Global, EnumerateInstanceExtensionProperties, instance::enumerate_extensions)
        }
        "xrCreateInstance" => function!(Global, CreateInstance, instance::create_instance),
        "xrDestroyInstance" => function!(Core, DestroyInstance, instance::destroy_instance),
        "xrGetInstanceProperties" => function!(Core, GetInstanceProperties, instance::instance_properties),
        "xrPollEvent" => function!(Core, PollEvent, instance::poll_event),
        "xrResultToString" => function!(Core, ResultToString, strings::result_to_string),
        "xrStructureTypeToString" => function!(Core, StructureTypeToString, strings::structure_type_to_string),
        "xrStringToPath" => function!(Core, StringToPath, strings::string_to_path),
        "xrPathToString" => function!(Core, PathToString, strings::path_to_string),
        "xrGetSystem" => function!(Core, GetSystem, system::get_system),
        "xrGetSystemProperties" => function!(Core, GetSystemProperties, system::system_properties),
        "xrEnumerateViewConfigurations" => {
            function!(Core, EnumerateViewConfigurations, system::enumerate_view_configurations)
        }
        "xrGetViewConfigurationProperties" => {
            function!(Core, GetViewConfigurationProperties, system::view_configuration_properties)
        }
        "xrEnumerateViewConfigurationViews" => {
            function!(Core, EnumerateViewConfigurationViews, system::enumerate_view_configuration_views)
        }
        "xrEnumerateEnvironmentBlendModes" => {
            function!(Core, EnumerateEnvironmentBlendModes, system::enumerate_blend_modes)
        }
        "xrCreateSession" => function!(Core, CreateSession, session::create_session),
        "xrDestroySession" => function!(Core, DestroySession, session::destroy_session),
        "xrBeginSession" => function!(Core, BeginSession, session::begin_session),
        "xrEndSession" => function!(Core, EndSession, session::end_session),
        "xrRequestExitSession" => function!(Core, RequestExitSession, session::request_exit_session),
        "xrEnumerateReferenceSpaces" => function!(Core, EnumerateReferenceSpaces, space::enumerate_reference_spaces),
        "xrCreateReferenceSpace" => function!(Core, CreateReferenceSpace, space::create_reference_space),
        "xrGetReferenceSpaceBoundsRect" => function!(Core, GetReferenceSpaceBoundsRect, space::bounds_rect),
        "xrCreateActionSpace" => function!(Core, CreateActionSpace, space::create_action_space),
        "xrDestroySpace" => function!(Core, DestroySpace, space::destroy_space),
        "xrLocateSpace" => function!(Core, LocateSpace, space::locate_space),
        "xrLocateViews" => function!(Core, LocateViews, space::locate_views),
        "xrEnumerateSwapchainFormats" => function!(Core, EnumerateSwapchainFormats, swapchain::enumerate_formats),
        "xrCreateSwapchain" => function!(Core, CreateSwapchain, swapchain::create_swapchain),
        "xrDestroySwapchain" => function!(Core, DestroySwapchain, swapchain::destroy_swapchain),
        "xrEnumerateSwapchainImages" => function!(Core, EnumerateSwapchainImages, swapchain::enumerate_images),
        "xrAcquireSwapchainImage" => function!(Core, AcquireSwapchainImage, swapchain::acquire_image),
        "xrWaitSwapchainImage" => function!(Core, WaitSwapchainImage, swapchain::wait_image),
        "xrReleaseSwapchainImage" => function!(Core, ReleaseSwapchainImage, swapchain::release_image),
        "xrWaitFrame" => function!(Core, WaitFrame, frame::wait_frame),
        "xrBeginFrame" => function!(Core, BeginFrame, frame::begin_frame),
        "xrEndFrame" => function!(Core, EndFrame, frame::end_frame),
        _ => find_action(name).or_else(|| find_extension(name)),
    }
}

fn find_action(name: &str) -> Option<(Home, Function)> {
    use Home::Core;
    match name {
        "xrCreateActionSet" => function!(Core, CreateActionSet, actions::create_action_set),
        "xrDestroyActionSet" => function!(Core, DestroyActionSet, actions::destroy_action_set),
        "xrCreateAction" => function!(Core, CreateAction, actions::create_action),
        "xrDestroyAction" => function!(Core, DestroyAction, actions::destroy_action),
        "xrSuggestInteractionProfileBindings" => {
            function!(Core, SuggestInteractionProfileBindings, actions::suggest_bindings)
        }
        "xrAttachSessionActionSets" => function!(Core, AttachSessionActionSets, actions::attach_action_sets),
        "xrSyncActions" => function!(Core, SyncActions, input::sync_actions),
        "xrGetActionStateBoolean" => function!(Core, GetActionStateBoolean, input::get_boolean),
        "xrGetActionStateFloat" => function!(Core, GetActionStateFloat, input::get_float),
        "xrGetActionStateVector2f" => function!(Core, GetActionStateVector2f, input::get_vector2f),
        "xrGetActionStatePose" => function!(Core, GetActionStatePose, input::get_pose),
        "xrGetCurrentInteractionProfile" => function!(Core, GetCurrentInteractionProfile, input::current_profile),
        "xrEnumerateBoundSourcesForAction" => function!(Core, EnumerateBoundSourcesForAction, input::bound_sources),
        "xrGetInputSourceLocalizedName" => function!(Core, GetInputSourceLocalizedName, input::localized_name),
        "xrApplyHapticFeedback" => function!(Core, ApplyHapticFeedback, input::apply_haptics),
        "xrStopHapticFeedback" => function!(Core, StopHapticFeedback, input::stop_haptics),
        _ => None,
    }
}

fn find_extension(name: &str) -> Option<(Home, Function)> {
    const ENABLE1: Home = Home::Extension(&["XR_KHR_vulkan_enable"]);
    const ENABLE2: Home = Home::Extension(&["XR_KHR_vulkan_enable2"]);
    const HANDS: Home = Home::Extension(&["XR_EXT_hand_tracking"]);
    const RATE: Home = Home::Extension(&["XR_FB_display_refresh_rate"]);
    const PASS: Home = Home::Extension(&["XR_FB_passthrough"]);
    const MASK: Home = Home::Extension(&["XR_KHR_visibility_mask"]);
    match name {
        "xrGetVulkanInstanceExtensionsKHR" => {
            function!(ENABLE1, GetVulkanInstanceExtensionsKHR, vulkan::instance_extensions)
        }
        "xrGetVulkanDeviceExtensionsKHR" => {
            function!(ENABLE1, GetVulkanDeviceExtensionsKHR, vulkan::device_extensions)
        }
        "xrGetVulkanGraphicsDeviceKHR" => function!(ENABLE1, GetVulkanGraphicsDeviceKHR, vulkan::graphics_device1),
        "xrGetVulkanGraphicsRequirementsKHR" => {
            function!(ENABLE1, GetVulkanGraphicsRequirementsKHR, vulkan::requirements1)
        }
        "xrCreateVulkanInstanceKHR" => function!(ENABLE2, CreateVulkanInstanceKHR, vulkan::create_vulkan_instance),
        "xrCreateVulkanDeviceKHR" => function!(ENABLE2, CreateVulkanDeviceKHR, vulkan::create_vulkan_device),
        "xrGetVulkanGraphicsDevice2KHR" => function!(ENABLE2, GetVulkanGraphicsDevice2KHR, vulkan::graphics_device2),
        "xrGetVulkanGraphicsRequirements2KHR" => {
            function!(ENABLE2, GetVulkanGraphicsRequirements2KHR, vulkan::requirements2)
        }
        "xrCreateHandTrackerEXT" => function!(HANDS, CreateHandTrackerEXT, hands::create_tracker),
        "xrDestroyHandTrackerEXT" => function!(HANDS, DestroyHandTrackerEXT, hands::destroy_tracker),
        "xrLocateHandJointsEXT" => function!(HANDS, LocateHandJointsEXT, hands::locate_joints),
        "xrGetVisibilityMaskKHR" => function!(MASK, GetVisibilityMaskKHR, extras::visibility_mask),
        "xrEnumerateDisplayRefreshRatesFB" => function!(RATE, EnumerateDisplayRefreshRatesFB, extras::enumerate_rates),
        "xrGetDisplayRefreshRateFB" => function!(RATE, GetDisplayRefreshRateFB, extras::get_rate),
        "xrRequestDisplayRefreshRateFB" => function!(RATE, RequestDisplayRefreshRateFB, extras::request_rate),
        "xrCreatePassthroughFB" => function!(PASS, CreatePassthroughFB, extras::create_passthrough),
        "xrDestroyPassthroughFB" => function!(PASS, DestroyPassthroughFB, extras::destroy_passthrough),
        "xrPassthroughStartFB" => function!(PASS, PassthroughStartFB, extras::start_passthrough),
        "xrPassthroughPauseFB" => function!(PASS, PassthroughPauseFB, extras::pause_passthrough),
        "xrCreatePassthroughLayerFB" => function!(PASS, CreatePassthroughLayerFB, extras::create_passthrough_layer),
        "xrDestroyPassthroughLayerFB" => function!(PASS, DestroyPassthroughLayerFB, extras::destroy_passthrough_layer),
        "xrPassthroughLayerPauseFB" => function!(PASS, PassthroughLayerPauseFB, extras::pause_layer),
        "xrPassthroughLayerResumeFB" => function!(PASS, PassthroughLayerResumeFB, extras::resume_layer),
        "xrPassthroughLayerSetStyleFB" => function!(PASS, PassthroughLayerSetStyleFB, extras::set_layer_style),
        "xrCreateGeometryInstanceFB" => function!(PASS, CreateGeometryInstanceFB, extras::create_geometry),
        "xrDestroyGeometryInstanceFB" => function!(PASS, DestroyGeometryInstanceFB, extras::destroy_geometry),
        "xrGeometryInstanceSetTransformFB" => {
            function!(PASS, GeometryInstanceSetTransformFB, extras::move_geometry)
        }
        _ => find_debug(name).or_else(|| find_time(name)),
    }
}

fn find_debug(name: &str) -> Option<(Home, Function)> {
    const DEBUG: Home = Home::Extension(&["XR_EXT_debug_utils"]);
    match name {
        "xrCreateDebugUtilsMessengerEXT" => function!(DEBUG, CreateDebugUtilsMessengerEXT, debug::create_messenger),
        "xrDestroyDebugUtilsMessengerEXT" => function!(DEBUG, DestroyDebugUtilsMessengerEXT, debug::destroy_messenger),
        "xrSetDebugUtilsObjectNameEXT" => function!(DEBUG, SetDebugUtilsObjectNameEXT, debug::set_name),
        "xrSubmitDebugUtilsMessageEXT" => function!(DEBUG, SubmitDebugUtilsMessageEXT, debug::submit_message),
        "xrSessionBeginDebugUtilsLabelRegionEXT" => {
            function!(DEBUG, SessionBeginDebugUtilsLabelRegionEXT, debug::begin_label)
        }
        "xrSessionEndDebugUtilsLabelRegionEXT" => {
            function!(DEBUG, SessionEndDebugUtilsLabelRegionEXT, debug::end_label)
        }
        "xrSessionInsertDebugUtilsLabelEXT" => function!(DEBUG, SessionInsertDebugUtilsLabelEXT, debug::insert_label),
        _ => None,
    }
}

fn find_time(name: &str) -> Option<(Home, Function)> {
    const TIME: Home = Home::Extension(&["XR_KHR_convert_timespec_time"]);
    /// The registry's types with our own `timespec`, which is laid out as libc's.
    type ToTime = unsafe extern "system" fn(Instance, *const super::monotonic::Timespec, *mut openxr_sys::Time) -> Code;
    type ToTimespec = unsafe extern "system" fn(Instance, openxr_sys::Time, *mut super::monotonic::Timespec) -> Code;
    // SAFETY: as in `function!`.
    unsafe {
        match name {
            "xrConvertTimespecTimeToTimeKHR" => {
                Some((TIME, std::mem::transmute::<ToTime, Function>(extras::timespec_to_time)))
            }
            "xrConvertTimeToTimespecTimeKHR" => {
                Some((TIME, std::mem::transmute::<ToTimespec, Function>(extras::time_to_timespec)))
            }
            _ => None,
        }
    }
}

pub(super) unsafe extern "system" fn get_instance_proc_addr(
    instance: Instance,
    name: *const c_char,
    function: *mut Option<Function>,
) -> Code {
    call("xrGetInstanceProcAddr", |runtime| {
        let slot = output(function, "function")?;
        // SAFETY: a string of the application, checked.
        let name = unsafe { input_string(name, "name")? };
        let found = find(name);
        let is_global = matches!(found, Some((Home::Global, _)));
        if instance == Instance::NULL && !is_global {
            slot.write(None);
            refuse!(ERROR_HANDLE_INVALID, "{name} needs an instance");
        }
        if instance != Instance::NULL {
            runtime.any_instance(instance.into_raw())?;
        }
        let enabled = |home: &Home| match home {
            Home::Global | Home::Core => true,
            Home::Extension(names) => {
                runtime.instance.as_ref().is_some_and(|instance| names.iter().any(|name| instance.has(name)))
            }
        };
        match found {
            Some((home, pointer)) if enabled(&home) => {
                slot.write(Some(pointer));
                Ok(Code::SUCCESS)
            }
            _ => {
                slot.write(None);
                // No refusal with a reason: loaders ask for all functions that they know.
                Ok(Code::ERROR_FUNCTION_UNSUPPORTED)
            }
        }
    })
}
