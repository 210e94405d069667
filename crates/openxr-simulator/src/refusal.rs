//! What a call answers when it refuses: the specification's code, and in words why.

use openxr_sys::Result as Code;

/// An error code with its reason, which the log tells: the code alone seldom says which rule was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The code that the application gets.
    pub code: Code,
    /// What is wrong, where, and what to do.
    pub why: String,
}

/// What every call answers: a success code (there are several) or a refusal.
pub(crate) type Answer<T = Code> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(code: Code, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }

    /// `XR_ERROR_VALIDATION_FAILURE`.
    pub(crate) fn invalid(why: impl Into<String>) -> Self {
        Self::new(Code::ERROR_VALIDATION_FAILURE, why)
    }

    /// `XR_ERROR_HANDLE_INVALID`.
    pub(crate) fn handle(what: &str, raw: u64) -> Self {
        Self::new(Code::ERROR_HANDLE_INVALID, format!("{raw:#x} is no {what} that lives"))
    }

    /// `XR_ERROR_CALL_ORDER_INVALID`.
    pub(crate) fn order(why: impl Into<String>) -> Self {
        Self::new(Code::ERROR_CALL_ORDER_INVALID, why)
    }

    /// `XR_ERROR_RUNTIME_FAILURE`: the simulator itself, or the driver under it, failed.
    pub(crate) fn failure(why: impl Into<String>) -> Self {
        Self::new(Code::ERROR_RUNTIME_FAILURE, why)
    }
}

/// Ends the function with a refusal: `refuse!(ERROR_PATH_INVALID, "path {} …", path)`.
macro_rules! refuse {
    ($code:ident, $($why:tt)+) => {
        return Err($crate::refusal::Refusal::new(openxr_sys::Result::$code, format!($($why)+)))
    };
}
pub(crate) use refuse;
