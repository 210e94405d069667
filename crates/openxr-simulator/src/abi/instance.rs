//! Instances and events.

use std::collections::BTreeSet;
use std::ffi::c_char;

use openxr_sys::{
    ApiLayerProperties, EventDataBuffer, EventDataDisplayRefreshRateChangedFB, EventDataEventsLost,
    EventDataInstanceLossPending, EventDataInteractionProfileChanged, EventDataReferenceSpaceChangePending,
    EventDataSessionStateChanged, EventDataUserPresenceChangedEXT, ExtensionProperties, Handle, Instance,
    InstanceCreateInfo, InstanceProperties, Posef, Result as Code, Session, Time, Version,
};

use super::call::call;
use super::negotiate::API_VERSION;
use super::pointers::{
    fill, fill_structs, fixed_string, input, input_array, input_string, output, output_struct, put_string,
};
use crate::model::events::{Event, Events};
use crate::model::extensions;
use crate::model::state::{self, Graphics};
use crate::refusal::{Refusal, refuse};

/// The version of the simulator.
const RUNTIME_VERSION: Version = Version::new(0, 1, 0);

pub(super) unsafe extern "system" fn enumerate_extensions(
    layer: *const c_char,
    capacity: u32,
    count: *mut u32,
    properties: *mut ExtensionProperties,
) -> Code {
    call("xrEnumerateInstanceExtensionProperties", |runtime| {
        if !layer.is_null() {
            refuse!(ERROR_API_LAYER_NOT_PRESENT, "the runtime has no API layers");
        }
        let offered: Vec<_> = extensions::offered(runtime.world.clock.simulated, &runtime.world.without).collect();
        // SAFETY: an array of the application, checked.
        unsafe {
            fill_structs(capacity, count, properties, offered.len(), |index, next| {
                let (name, version) = offered.get(index).copied().unwrap_or_default();
                ExtensionProperties {
                    ty: ExtensionProperties::TYPE,
                    next,
                    extension_name: put_string(name),
                    extension_version: version,
                }
            })
        }
    })
}

pub(super) unsafe extern "system" fn enumerate_layers(
    capacity: u32,
    count: *mut u32,
    properties: *mut ApiLayerProperties,
) -> Code {
    // SAFETY: an array of the application, checked; nothing is written into it, for there are no layers.
    call("xrEnumerateApiLayerProperties", |_| unsafe { fill(capacity, count, properties, &[]) })
}

pub(super) unsafe extern "system" fn create_instance(info: *const InstanceCreateInfo, out: *mut Instance) -> Code {
    call("xrCreateInstance", |runtime| {
        // SAFETY: pointers of the application, checked.
        let info = unsafe { input(info)? };
        let out = output(out, "instance")?;
        if info.create_flags.into_raw() != 0 {
            return Err(Refusal::invalid("createFlags must be 0"));
        }
        let app = &info.application_info;
        match fixed_string(&app.application_name) {
            Some(name) if !name.is_empty() => {}
            _ => refuse!(ERROR_NAME_INVALID, "applicationName is empty, unended or not UTF-8"),
        }
        if fixed_string(&app.engine_name).is_none() {
            refuse!(ERROR_NAME_INVALID, "engineName is unended or not UTF-8");
        }
        if app.api_version.major() != API_VERSION.major() || app.api_version.minor() != API_VERSION.minor() {
            refuse!(
                ERROR_API_VERSION_UNSUPPORTED,
                "the application wants OpenXR {}, the runtime has {API_VERSION}",
                app.api_version
            );
        }
        // SAFETY: arrays of the application, checked.
        let names = unsafe {
            if info.enabled_api_layer_count > 0 {
                input_array(info.enabled_api_layer_names, info.enabled_api_layer_count, "enabledApiLayerNames")?;
            }
            input_array(info.enabled_extension_names, info.enabled_extension_count, "enabledExtensionNames")?
        };
        let mut enabled = BTreeSet::new();
        for name in names {
            // SAFETY: a string of the application, checked.
            let name = unsafe { input_string(*name, "an extension's name")? };
            let mut offered = extensions::offered(runtime.world.clock.simulated, &runtime.world.without);
            let Some((known, _)) = offered.find(|(known, _)| *known == name) else {
                refuse!(ERROR_EXTENSION_NOT_PRESENT, "the runtime has no extension \"{name}\"");
            };
            enabled.insert(known);
        }
        if let Some(why) = &runtime.unusable {
            refuse!(ERROR_INITIALIZATION_FAILED, "{why}");
        }
        if runtime.instance.is_some() {
            refuse!(ERROR_LIMIT_REACHED, "there is an XrInstance already, and the runtime has but one at a time");
        }
        if runtime.world.dead {
            refuse!(ERROR_RUNTIME_UNAVAILABLE, "the runtime is dead (by the script)");
        }
        let raw = runtime.handle();
        runtime.log.note(&format!(
            "instance for \"{}\" with {enabled:?}",
            fixed_string(&app.application_name).unwrap_or_default()
        ));
        runtime.instance = Some(state::Instance {
            raw,
            extensions: enabled,
            paths: Default::default(),
            events: Events::default(),
            system_asked: false,
            action_sets: Default::default(),
            actions: Default::default(),
            suggestions: Default::default(),
            graphics: Graphics::default(),
            messengers: Default::default(),
            session: None,
            lost_at: None,
        });
        crate::environment::serve();
        out.write(Instance::from_raw(raw));
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn destroy_instance(instance: Instance) -> Code {
    call("xrDestroyInstance", |runtime| {
        runtime.any_instance(instance.into_raw())?;
        runtime.drop_instance();
        runtime.log.note("instance destroyed");
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn instance_properties(instance: Instance, out: *mut InstanceProperties) -> Code {
    call("xrGetInstanceProperties", |runtime| {
        runtime.instance(instance.into_raw())?;
        // SAFETY: a structure of the application, checked.
        let out = unsafe { output_struct(out)? };
        let next = out.next();
        out.write(InstanceProperties {
            ty: InstanceProperties::TYPE,
            next,
            runtime_version: RUNTIME_VERSION,
            runtime_name: put_string("Fabrica OpenXR simulator"),
        });
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn poll_event(instance: Instance, buffer: *mut EventDataBuffer) -> Code {
    call("xrPollEvent", |runtime| {
        let instance = runtime.instance(instance.into_raw())?;
        // SAFETY: a structure of the application, checked; its buffer has room for every event (4000 bytes).
        unsafe { output_struct(buffer)? };
        let Some(event) = instance.events.pop() else { return Ok(Code::EVENT_UNAVAILABLE) };
        // SAFETY: see above: each structure is smaller than the buffer and needs no more alignment than it.
        unsafe { write_event(buffer, event) };
        Ok(Code::SUCCESS)
    })
}

/// # Safety
/// `buffer` is the application's event buffer, checked.
unsafe fn write_event(buffer: *mut EventDataBuffer, event: Event) {
    /// # Safety
    /// As for `write_event`.
    unsafe fn put<T>(buffer: *mut EventDataBuffer, value: T) {
        const { assert!(size_of::<T>() <= size_of::<EventDataBuffer>()) };
        const { assert!(align_of::<T>() <= align_of::<EventDataBuffer>()) };
        // SAFETY: fits, as asserted.
        unsafe { buffer.cast::<T>().write(value) };
    }
    let next = std::ptr::null();
    // SAFETY: this function's contract.
    unsafe {
        match event {
            Event::InstanceLossPending { at } => put(
                buffer,
                EventDataInstanceLossPending {
                    ty: EventDataInstanceLossPending::TYPE,
                    next,
                    loss_time: Time::from_nanos(at),
                },
            ),
            Event::SessionState { session, state, at } => put(
                buffer,
                EventDataSessionStateChanged {
                    ty: EventDataSessionStateChanged::TYPE,
                    next,
                    session: Session::from_raw(session),
                    state,
                    time: Time::from_nanos(at),
                },
            ),
            Event::ReferenceSpaceChange { session, space, at } => put(
                buffer,
                EventDataReferenceSpaceChangePending {
                    ty: EventDataReferenceSpaceChangePending::TYPE,
                    next,
                    session: Session::from_raw(session),
                    reference_space_type: space,
                    change_time: Time::from_nanos(at),
                    pose_valid: false.into(),
                    pose_in_previous_space: Posef::IDENTITY,
                },
            ),
            Event::InteractionProfileChanged { session } => put(
                buffer,
                EventDataInteractionProfileChanged {
                    ty: EventDataInteractionProfileChanged::TYPE,
                    next,
                    session: Session::from_raw(session),
                },
            ),
            Event::RefreshRate { from, to } => put(
                buffer,
                EventDataDisplayRefreshRateChangedFB {
                    ty: EventDataDisplayRefreshRateChangedFB::TYPE,
                    next,
                    from_display_refresh_rate: from,
                    to_display_refresh_rate: to,
                },
            ),
            Event::UserPresence { session, present } => put(
                buffer,
                EventDataUserPresenceChangedEXT {
                    ty: EventDataUserPresenceChangedEXT::TYPE,
                    next,
                    session: Session::from_raw(session),
                    is_user_present: present.into(),
                },
            ),
            Event::Lost { count } => {
                put(buffer, EventDataEventsLost { ty: EventDataEventsLost::TYPE, next, lost_event_count: count });
            }
        }
    }
}
