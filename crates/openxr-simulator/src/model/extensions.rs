//! The extensions that the runtime offers.

/// Names and versions, as `xrEnumerateInstanceExtensionProperties` tells them.
const EXTENSIONS: [(&str, u32); 18] = [
    ("XR_KHR_vulkan_enable", 8),
    ("XR_KHR_vulkan_enable2", 2),
    ("XR_KHR_vulkan_swapchain_format_list", 4),
    ("XR_KHR_composition_layer_depth", 6),
    ("XR_KHR_visibility_mask", 2),
    ("XR_KHR_convert_timespec_time", 1),
    ("XR_EXT_debug_utils", 5),
    ("XR_EXT_hand_tracking", 4),
    ("XR_EXT_hand_interaction", 1),
    ("XR_EXT_local_floor", 1),
    ("XR_EXT_palm_pose", 3),
    ("XR_FB_display_refresh_rate", 1),
    ("XR_FB_passthrough", 3),
    ("XR_FB_touch_controller_pro", 1),
    ("XR_META_touch_controller_plus", 1),
    ("XR_BD_controller_interaction", 2),
    ("XR_EXT_hp_mixed_reality_controller", 1),
    ("XR_EXT_user_presence", 1),
];

/// Those offered now: simulated time has nothing to do with the system's clock, and cannot be turned into it.
/// `without`: those that the script takes away.
pub(crate) fn offered(simulated_clock: bool, without: &[String]) -> impl Iterator<Item = (&'static str, u32)> {
    let possible = move |name: &str| !(simulated_clock && name == "XR_KHR_convert_timespec_time");
    EXTENSIONS.iter().copied().filter(move |(name, _)| possible(name) && !without.iter().any(|other| other == name))
}
