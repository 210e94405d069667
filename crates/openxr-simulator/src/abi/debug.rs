//! XR_EXT_debug_utils: the application's messengers hear of every refusal and doubt. Names and labels are checked and
//! otherwise ignored.

use std::ffi::{CString, c_void};

use openxr_sys::{
    DebugUtilsLabelEXT, DebugUtilsMessageSeverityFlagsEXT, DebugUtilsMessageTypeFlagsEXT,
    DebugUtilsMessengerCallbackDataEXT, DebugUtilsMessengerCreateInfoEXT, DebugUtilsMessengerEXT,
    DebugUtilsObjectNameInfoEXT, Handle, Instance, Result as Code, Session, pfn,
};

use super::call::call;
use super::pointers::{input, input_string, output};
use crate::log::Problem;
use crate::model::state::Runtime;
use crate::refusal::{Answer, Refusal};

/// A callback of the application.
#[derive(Clone, Copy)]
pub(crate) struct Messenger {
    callback: pfn::DebugUtilsMessengerCallbackEXT,
    /// Given back to the callback, never looked into.
    data: *mut c_void,
    severities: DebugUtilsMessageSeverityFlagsEXT,
    types: DebugUtilsMessageTypeFlagsEXT,
}

// SAFETY: the pointer is the application's own; by the extension its callbacks may be called from any thread.
unsafe impl Send for Messenger {}

type Message = (Messenger, DebugUtilsMessageSeverityFlagsEXT, Problem);

/// What is to be told to whom, once the lock is free.
pub(super) fn messages(runtime: &mut Runtime) -> Vec<Message> {
    let problems = std::mem::take(&mut runtime.log.to_app);
    let Some(instance) = &runtime.instance else { return Vec::new() };
    let mut messages = Vec::new();
    for problem in problems {
        let severity = if problem.result.is_some() {
            DebugUtilsMessageSeverityFlagsEXT::ERROR
        } else {
            DebugUtilsMessageSeverityFlagsEXT::WARNING
        };
        for messenger in instance.messengers.values() {
            let wanted = messenger.severities.intersects(severity)
                && messenger.types.intersects(DebugUtilsMessageTypeFlagsEXT::CONFORMANCE);
            if wanted {
                messages.push((*messenger, severity, problem.clone()));
            }
        }
    }
    messages
}

/// Calls the callbacks. Not under the lock: they may call into the runtime.
pub(super) fn deliver(messages: Vec<Message>) {
    for (messenger, severity, problem) in messages {
        let clean = |text: &str| CString::new(text.replace('\0', " ")).unwrap_or_default();
        let id = clean(problem.result.as_deref().unwrap_or("dubious"));
        let (function, text) = (clean(&problem.call), clean(&problem.why));
        let data = DebugUtilsMessengerCallbackDataEXT {
            ty: DebugUtilsMessengerCallbackDataEXT::TYPE,
            next: std::ptr::null(),
            message_id: id.as_ptr(),
            function_name: function.as_ptr(),
            message: text.as_ptr(),
            object_count: 0,
            objects: std::ptr::null_mut(),
            session_label_count: 0,
            session_labels: std::ptr::null_mut(),
        };
        // SAFETY: the application gave this function for this use; `data` and its strings outlive the call.
        unsafe { (messenger.callback)(severity, DebugUtilsMessageTypeFlagsEXT::CONFORMANCE, &data, messenger.data) };
    }
}

pub(super) unsafe extern "system" fn create_messenger(
    instance: Instance,
    info: *const DebugUtilsMessengerCreateInfoEXT,
    messenger: *mut DebugUtilsMessengerEXT,
) -> Code {
    call("xrCreateDebugUtilsMessengerEXT", |runtime| {
        runtime.instance(instance.into_raw())?;
        // SAFETY: pointers from the application, checked by `input` and `output`.
        let info = unsafe { input(info)? };
        let out = output(messenger, "messenger")?;
        let Some(callback) = info.user_callback else { return Err(Refusal::invalid("userCallback is NULL")) };
        if info.message_severities.is_empty() || info.message_types.is_empty() {
            return Err(Refusal::invalid("messageSeverities and messageTypes must not be empty"));
        }
        let raw = runtime.handle();
        let new = Messenger {
            callback,
            data: info.user_data,
            severities: info.message_severities,
            types: info.message_types,
        };
        runtime.instance(instance.into_raw())?.messengers.insert(raw, new);
        out.write(DebugUtilsMessengerEXT::from_raw(raw));
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn destroy_messenger(messenger: DebugUtilsMessengerEXT) -> Code {
    call("xrDestroyDebugUtilsMessengerEXT", |runtime| {
        let raw = messenger.into_raw();
        let found = runtime.instance.as_mut().and_then(|instance| instance.messengers.remove(&raw));
        found.map(|_| Code::SUCCESS).ok_or_else(|| Refusal::handle("XrDebugUtilsMessengerEXT", raw))
    })
}

pub(super) unsafe extern "system" fn set_name(instance: Instance, info: *const DebugUtilsObjectNameInfoEXT) -> Code {
    call("xrSetDebugUtilsObjectNameEXT", |runtime| {
        runtime.instance(instance.into_raw())?;
        // SAFETY: pointers from the application, checked by `input`.
        let info = unsafe { input(info)? };
        if info.object_handle == 0 {
            return Err(Refusal::invalid("objectHandle is XR_NULL_HANDLE"));
        }
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn submit_message(
    instance: Instance,
    severity: DebugUtilsMessageSeverityFlagsEXT,
    types: DebugUtilsMessageTypeFlagsEXT,
    data: *const DebugUtilsMessengerCallbackDataEXT,
) -> Code {
    let mut callbacks = Vec::new();
    let code = call("xrSubmitDebugUtilsMessageEXT", |runtime| {
        let instance = runtime.instance(instance.into_raw())?;
        // SAFETY: pointers from the application, checked by `input`.
        unsafe { input(data)? };
        let wanted = |one: &&Messenger| one.severities.intersects(severity) && one.types.intersects(types);
        callbacks.extend(instance.messengers.values().filter(wanted).copied());
        Ok(Code::SUCCESS)
    });
    for messenger in callbacks {
        // SAFETY: the application's own function with the application's own data, which was checked.
        unsafe { (messenger.callback)(severity, types, data, messenger.data) };
    }
    code
}

pub(super) unsafe extern "system" fn begin_label(session: Session, label: *const DebugUtilsLabelEXT) -> Code {
    call("xrSessionBeginDebugUtilsLabelRegionEXT", |runtime| check_label(runtime, session, label))
}

pub(super) unsafe extern "system" fn end_label(session: Session) -> Code {
    call("xrSessionEndDebugUtilsLabelRegionEXT", |runtime| {
        runtime.session(session.into_raw())?;
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn insert_label(session: Session, label: *const DebugUtilsLabelEXT) -> Code {
    call("xrSessionInsertDebugUtilsLabelEXT", |runtime| check_label(runtime, session, label))
}

fn check_label(runtime: &mut Runtime, session: Session, label: *const DebugUtilsLabelEXT) -> Answer {
    runtime.session(session.into_raw())?;
    // SAFETY: pointers from the application, checked here.
    unsafe { input_string(input(label)?.label_name, "labelName")? };
    Ok(Code::SUCCESS)
}
