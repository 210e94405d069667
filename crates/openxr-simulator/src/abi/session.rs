//! Sessions.

use std::collections::BTreeMap;
use std::sync::Arc;

use openxr_sys::{
    GraphicsBindingVulkanKHR, Handle, Instance, Result as Code, Session, SessionBeginInfo, SessionCreateInfo,
    SessionState,
};

use super::call::call;
use super::pointers::{Chain, input, output};
use super::system::check_view_configuration;
use super::vulkan_enable;
use crate::model::events::Event;
use crate::model::frames::Frames;
use crate::model::state;
use crate::refusal::{Answer, Refusal, refuse};
use crate::vulkan::{Device, Watcher};

pub(super) unsafe extern "system" fn create_session(
    instance: Instance,
    info: *const SessionCreateInfo,
    session: *mut Session,
) -> Code {
    call("xrCreateSession", |runtime| {
        runtime.instance(instance.into_raw())?;
        // SAFETY: pointers of the application, checked.
        let (info, binding) = unsafe {
            let checked = input(info)?;
            (checked, Chain::of(info)?.find::<GraphicsBindingVulkanKHR>())
        };
        let out = output(session, "session")?;
        if info.create_flags.into_raw() != 0 {
            return Err(Refusal::invalid("createFlags must be 0"));
        }
        let instance = runtime.system(instance.into_raw(), info.system_id.into_raw())?;
        let vulkan = instance.has("XR_KHR_vulkan_enable") || instance.has("XR_KHR_vulkan_enable2");
        let Some(binding) = binding.filter(|_| vulkan) else {
            refuse!(
                ERROR_GRAPHICS_DEVICE_INVALID,
                "no XrGraphicsBindingVulkanKHR in the next chain (or no Vulkan extension enabled)"
            );
        };
        if !instance.graphics.requirements_asked {
            refuse!(
                ERROR_GRAPHICS_REQUIREMENTS_CALL_MISSING,
                "xrGetVulkanGraphicsRequirementsKHR (or 2KHR) comes before xrCreateSession"
            );
        }
        if instance.session.is_some() {
            refuse!(ERROR_LIMIT_REACHED, "there is an XrSession already, and the runtime has but one at a time");
        }
        if instance.graphics.physical.is_some_and(|named| named != binding.physical_device as u64) {
            refuse!(
                ERROR_GRAPHICS_DEVICE_INVALID,
                "the physical device is not the one that xrGetVulkanGraphicsDeviceKHR (or 2KHR) named"
            );
        }
        let loader = vulkan_enable::loader(instance)?;
        // SAFETY: that the binding's objects live and belong together is the application's duty.
        let device = unsafe { Device::new(&loader, binding)? };
        let raw = runtime.handle();
        make(runtime, raw, device)?;
        out.write(Session::from_raw(raw));
        Ok(Code::SUCCESS)
    })
}

fn make(runtime: &mut state::Runtime, raw: u64, device: Device) -> Answer<()> {
    let wanted = runtime.world.formats.clone();
    let mut formats = device.formats();
    formats.retain(|format| wanted.as_ref().is_none_or(|names| names.iter().any(|name| name == format.name)));
    if let Some(names) = &wanted {
        formats.sort_by_key(|format| names.iter().position(|name| name == format.name));
    }
    let watcher = Arc::new(Watcher::new(device)?);
    let Some(instance) = runtime.instance.as_mut() else { return Err(Refusal::failure("the instance is gone")) };
    instance.session = Some(state::Session {
        raw,
        state: SessionState::UNKNOWN,
        running: false,
        exiting: false,
        lost_at: None,
        frames: Frames::default(),
        spaces: BTreeMap::new(),
        swapchains: BTreeMap::new(),
        trackers: BTreeMap::new(),
        passthroughs: BTreeMap::new(),
        passthrough_layers: BTreeMap::new(),
        attached: None,
        formats,
        watcher,
    });
    let mut within = runtime.session(raw)?;
    within.enter(SessionState::IDLE);
    within.move_on(false);
    Ok(())
}

pub(super) unsafe extern "system" fn destroy_session(session: Session) -> Code {
    call("xrDestroySession", |runtime| {
        runtime.any_session(session.into_raw())?;
        runtime.drop_session();
        runtime.log.note("session destroyed");
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn begin_session(session: Session, info: *const SessionBeginInfo) -> Code {
    call("xrBeginSession", |runtime| {
        let mut within = runtime.session(session.into_raw())?;
        // SAFETY: a structure of the application, checked.
        let info = unsafe { input(info)? };
        check_view_configuration(info.primary_view_configuration_type)?;
        within.begin()?;
        if within.has("XR_EXT_user_presence") {
            let (session, present) = (within.session.raw, within.world.worn);
            within.events.push(Event::UserPresence { session, present });
        }
        runtime.script_begins();
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn end_session(session: Session) -> Code {
    call("xrEndSession", |runtime| {
        runtime.session(session.into_raw())?.end()?;
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn request_exit_session(session: Session) -> Code {
    call("xrRequestExitSession", |runtime| {
        runtime.session(session.into_raw())?.request_exit()?;
        Ok(Code::SUCCESS)
    })
}
