//! The system and its views.

use openxr_sys::{
    EnvironmentBlendMode, FormFactor, Handle, Instance, PassthroughCapabilityFlagsFB, Result as Code, SystemGetInfo,
    SystemGraphicsProperties, SystemHandTrackingPropertiesEXT, SystemId, SystemPassthroughProperties2FB,
    SystemPassthroughPropertiesFB, SystemProperties, SystemTrackingProperties, SystemUserPresencePropertiesEXT,
    ViewConfigurationProperties, ViewConfigurationType, ViewConfigurationView,
};

use super::call::call;
use super::pointers::{Chain, fill, fill_structs, input, output, output_struct, put_string};
use crate::model::state::SYSTEM;
use crate::refusal::{Answer, Refusal, refuse};

/// The largest swapchain image, pixels each way.
pub(super) const MAX_IMAGE: u32 = 4096;
/// The most layers of a frame: the least that the specification allows.
pub(super) const MAX_LAYERS: u32 = 16;

/// Refuses all view configurations but stereo: those that exist as unsupported, others as invalid.
pub(super) fn check_view_configuration(kind: ViewConfigurationType) -> Answer<()> {
    if kind == ViewConfigurationType::PRIMARY_STEREO {
        return Ok(());
    }
    if kind != ViewConfigurationType::PRIMARY_MONO {
        // Those of extensions count as unknown, for the runtime has none of them.
        return Err(Refusal::invalid(format!("{} is no view configuration type", kind.into_raw())));
    }
    refuse!(ERROR_VIEW_CONFIGURATION_TYPE_UNSUPPORTED, "{kind:?}: the headset has PRIMARY_STEREO only")
}

pub(super) unsafe extern "system" fn get_system(
    instance: Instance,
    info: *const SystemGetInfo,
    system: *mut SystemId,
) -> Code {
    call("xrGetSystem", |runtime| {
        runtime.instance(instance.into_raw())?;
        // SAFETY: pointers of the application, checked.
        let info = unsafe { input(info)? };
        let out = output(system, "systemId")?;
        if info.form_factor != FormFactor::HEAD_MOUNTED_DISPLAY {
            refuse!(ERROR_FORM_FACTOR_UNSUPPORTED, "{:?}: there are headsets only", info.form_factor);
        }
        if runtime.world.no_headset {
            refuse!(ERROR_FORM_FACTOR_UNAVAILABLE, "the headset is not connected (by the script)");
        }
        runtime.instance(instance.into_raw())?.system_asked = true;
        out.write(SystemId::from_raw(SYSTEM));
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn system_properties(
    instance: Instance,
    system: SystemId,
    properties: *mut SystemProperties,
) -> Code {
    call("xrGetSystemProperties", |runtime| {
        let has_hands = runtime.world.hand_tracking;
        let name = put_string(&runtime.world.system_name);
        let instance = runtime.system(instance.into_raw(), system.into_raw())?;
        // SAFETY: a structure of the application and its chain, checked.
        unsafe {
            let out = output_struct(properties)?;
            let chain = Chain::of(properties)?;
            if instance.has("XR_EXT_hand_tracking")
                && let Some(hands) = chain.find_output::<SystemHandTrackingPropertiesEXT>()
            {
                let next = hands.next();
                hands.write(SystemHandTrackingPropertiesEXT {
                    ty: SystemHandTrackingPropertiesEXT::TYPE,
                    next,
                    supports_hand_tracking: has_hands.into(),
                });
            }
            if instance.has("XR_EXT_user_presence")
                && let Some(presence) = chain.find_output::<SystemUserPresencePropertiesEXT>()
            {
                let next = presence.next();
                presence.write(SystemUserPresencePropertiesEXT {
                    ty: SystemUserPresencePropertiesEXT::TYPE,
                    next,
                    supports_user_presence: true.into(),
                });
            }
            if instance.has("XR_FB_passthrough") {
                if let Some(one) = chain.find_output::<SystemPassthroughPropertiesFB>() {
                    let next = one.next();
                    one.write(SystemPassthroughPropertiesFB {
                        ty: SystemPassthroughPropertiesFB::TYPE,
                        next,
                        supports_passthrough: true.into(),
                    });
                }
                if let Some(two) = chain.find_output::<SystemPassthroughProperties2FB>() {
                    let next = two.next();
                    two.write(SystemPassthroughProperties2FB {
                        ty: SystemPassthroughProperties2FB::TYPE,
                        next,
                        capabilities: PassthroughCapabilityFlagsFB::PASSTHROUGH_CAPABILITY,
                    });
                }
            }
            let next = out.next();
            out.write(SystemProperties {
                ty: SystemProperties::TYPE,
                next,
                system_id: SystemId::from_raw(SYSTEM),
                vendor_id: 0xfab,
                system_name: name,
                graphics_properties: SystemGraphicsProperties {
                    max_swapchain_image_height: MAX_IMAGE,
                    max_swapchain_image_width: MAX_IMAGE,
                    max_layer_count: MAX_LAYERS,
                },
                tracking_properties: SystemTrackingProperties {
                    orientation_tracking: true.into(),
                    position_tracking: true.into(),
                },
            });
        }
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn enumerate_view_configurations(
    instance: Instance,
    system: SystemId,
    capacity: u32,
    count: *mut u32,
    types: *mut ViewConfigurationType,
) -> Code {
    call("xrEnumerateViewConfigurations", |runtime| {
        runtime.system(instance.into_raw(), system.into_raw())?;
        // SAFETY: an array of the application, checked.
        unsafe { fill(capacity, count, types, &[ViewConfigurationType::PRIMARY_STEREO]) }
    })
}

pub(super) unsafe extern "system" fn view_configuration_properties(
    instance: Instance,
    system: SystemId,
    kind: ViewConfigurationType,
    properties: *mut ViewConfigurationProperties,
) -> Code {
    call("xrGetViewConfigurationProperties", |runtime| {
        runtime.system(instance.into_raw(), system.into_raw())?;
        check_view_configuration(kind)?;
        // SAFETY: a structure of the application, checked.
        let out = unsafe { output_struct(properties)? };
        let next = out.next();
        out.write(ViewConfigurationProperties {
            ty: ViewConfigurationProperties::TYPE,
            next,
            view_configuration_type: kind,
            fov_mutable: true.into(),
        });
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn enumerate_view_configuration_views(
    instance: Instance,
    system: SystemId,
    kind: ViewConfigurationType,
    capacity: u32,
    count: *mut u32,
    views: *mut ViewConfigurationView,
) -> Code {
    call("xrEnumerateViewConfigurationViews", |runtime| {
        let (width, height) = (runtime.world.display.width, runtime.world.display.height);
        runtime.system(instance.into_raw(), system.into_raw())?;
        check_view_configuration(kind)?;
        // SAFETY: an array of the application, checked.
        unsafe {
            fill_structs(capacity, count, views, 2, |_, next| ViewConfigurationView {
                ty: ViewConfigurationView::TYPE,
                next,
                recommended_image_rect_width: width,
                max_image_rect_width: MAX_IMAGE,
                recommended_image_rect_height: height,
                max_image_rect_height: MAX_IMAGE,
                recommended_swapchain_sample_count: 1,
                max_swapchain_sample_count: 1,
            })
        }
    })
}

pub(super) unsafe extern "system" fn enumerate_blend_modes(
    instance: Instance,
    system: SystemId,
    kind: ViewConfigurationType,
    capacity: u32,
    count: *mut u32,
    modes: *mut EnvironmentBlendMode,
) -> Code {
    call("xrEnumerateEnvironmentBlendModes", |runtime| {
        runtime.system(instance.into_raw(), system.into_raw())?;
        check_view_configuration(kind)?;
        // SAFETY: an array of the application, checked.
        unsafe { fill(capacity, count, modes, &runtime.world.display.blend_modes) }
    })
}
