//! Paths, and names of results and structures.

use std::ffi::c_char;

use openxr_sys::{
    Handle, Instance, MAX_RESULT_STRING_SIZE, MAX_STRUCTURE_NAME_SIZE, Path, Result as Code, StructureType,
};

use super::call::call;
use super::pointers::{fill_text, input_string, output, put_string};

pub(super) unsafe extern "system" fn string_to_path(
    instance: Instance,
    string: *const c_char,
    path: *mut Path,
) -> Code {
    call("xrStringToPath", |runtime| {
        let instance = runtime.instance(instance.into_raw())?;
        // SAFETY: a string of the application, checked.
        let string = unsafe { input_string(string, "pathString")? };
        let out = output(path, "path")?;
        out.write(instance.paths.atom(string)?);
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn path_to_string(
    instance: Instance,
    path: Path,
    capacity: u32,
    count: *mut u32,
    buffer: *mut c_char,
) -> Code {
    call("xrPathToString", |runtime| {
        let instance = runtime.instance(instance.into_raw())?;
        let text = instance.paths.string(path)?;
        // SAFETY: an array of the application, checked.
        unsafe { fill_text(capacity, count, buffer, text) }
    })
}

/// `XR_UNKNOWN_SUCCESS_12`, if there is no name.
pub(super) fn result_name(value: Code) -> String {
    let name = format!("{value:?}");
    let raw = value.into_raw();
    if name.parse::<i32>().is_err() {
        format!("XR_{name}")
    } else if raw < 0 {
        format!("XR_UNKNOWN_FAILURE_{raw}")
    } else {
        format!("XR_UNKNOWN_SUCCESS_{raw}")
    }
}

pub(super) unsafe extern "system" fn result_to_string(instance: Instance, value: Code, buffer: *mut c_char) -> Code {
    call("xrResultToString", |runtime| {
        runtime.any_instance(instance.into_raw())?;
        let out = output(buffer.cast::<[c_char; MAX_RESULT_STRING_SIZE]>(), "buffer")?;
        out.write(put_string(&result_name(value)));
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn structure_type_to_string(
    instance: Instance,
    value: StructureType,
    buffer: *mut c_char,
) -> Code {
    call("xrStructureTypeToString", |runtime| {
        runtime.any_instance(instance.into_raw())?;
        let out = output(buffer.cast::<[c_char; MAX_STRUCTURE_NAME_SIZE]>(), "buffer")?;
        let name = format!("{value:?}");
        let name = if name.parse::<i32>().is_ok() {
            format!("XR_UNKNOWN_STRUCTURE_TYPE_{}", value.into_raw())
        } else {
            format!("XR_TYPE_{name}")
        };
        out.write(put_string(&name));
        Ok(Code::SUCCESS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_names() {
        assert_eq!(result_name(Code::SUCCESS), "XR_SUCCESS");
        assert_eq!(result_name(Code::ERROR_POSE_INVALID), "XR_ERROR_POSE_INVALID");
        assert_eq!(result_name(Code::from_raw(777)), "XR_UNKNOWN_SUCCESS_777");
        assert_eq!(result_name(Code::from_raw(-777)), "XR_UNKNOWN_FAILURE_-777");
    }
}
