//! The one function that the library exports: the loader finds all others through it.

use openxr_sys::Result as Code;
use openxr_sys::Version;
use openxr_sys::loader::{CURRENT_LOADER_RUNTIME_VERSION, XrNegotiateLoaderInfo, XrNegotiateRuntimeRequest};

/// The OpenXR version that the runtime implements.
pub(super) const API_VERSION: Version = Version::new(1, 0, 34);

/// Negotiates with the loader (loader specification, "runtime interface negotiation"): both structures must be of the
/// known version and size, and the loader must speak interface 1 and OpenXR 1.0.
///
/// # Safety
/// Called by the loader: the pointers are null or point to what their type says.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the loader asks for this name")]
pub unsafe extern "system" fn xrNegotiateLoaderRuntimeInterface(
    info: *const XrNegotiateLoaderInfo,
    request: *mut XrNegotiateRuntimeRequest,
) -> Code {
    if info.is_null() || request.is_null() || !info.is_aligned() || !request.is_aligned() {
        return Code::ERROR_INITIALIZATION_FAILED;
    }
    // SAFETY: not null and aligned; see the function's contract. Sizes and versions are checked before anything else
    // is read or written.
    unsafe {
        let info = &*info;
        if info.ty != XrNegotiateLoaderInfo::TYPE
            || info.struct_version != XrNegotiateLoaderInfo::VERSION
            || info.struct_size != size_of::<XrNegotiateLoaderInfo>()
        {
            return Code::ERROR_INITIALIZATION_FAILED;
        }
        if (*request).ty != XrNegotiateRuntimeRequest::TYPE
            || (*request).struct_version != XrNegotiateRuntimeRequest::VERSION
            || (*request).struct_size != size_of::<XrNegotiateRuntimeRequest>()
        {
            return Code::ERROR_INITIALIZATION_FAILED;
        }
        let interface = info.min_interface_version..=info.max_interface_version;
        if !interface.contains(&CURRENT_LOADER_RUNTIME_VERSION)
            || info.min_api_version > API_VERSION
            || info.max_api_version < Version::new(1, 0, 0)
        {
            return Code::ERROR_INITIALIZATION_FAILED;
        }
        (*request).runtime_interface_version = CURRENT_LOADER_RUNTIME_VERSION;
        (*request).runtime_api_version = API_VERSION;
        (*request).get_instance_proc_addr = Some(super::dispatch::get_instance_proc_addr);
    }
    Code::SUCCESS
}
