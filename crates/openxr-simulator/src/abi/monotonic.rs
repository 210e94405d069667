//! The clock behind OpenXR's time: the one that `XR_KHR_convert_timespec_time` speaks of.

/// A C `struct timespec` of 64-bit systems.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Timespec {
    pub seconds: i64,
    pub nanoseconds: i64,
}

/// Nanoseconds of the system's clock that never goes back. Never zero.
#[cfg(target_os = "linux")]
pub(crate) fn monotonic() -> i64 {
    /// Of Linux's `time.h`.
    const CLOCK_MONOTONIC: i32 = 1;
    unsafe extern "C" {
        fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
    }
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the C library, which the standard library links; `time` is laid out as it wants.
    unsafe { clock_gettime(CLOCK_MONOTONIC, &raw mut time) };
    time.seconds * 1_000_000_000 + time.nanoseconds.max(1)
}

/// Nanoseconds since a second before the process first asked.
#[cfg(not(target_os = "linux"))]
pub(crate) fn monotonic() -> i64 {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    1_000_000_000 + i64::try_from(START.elapsed().as_nanos()).unwrap_or(i64::MAX / 2)
}
