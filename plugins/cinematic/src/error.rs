//! Why the graphics device cannot trace.

use fabrica_cinematic::CinematicError;

/// Why the graphics device cannot trace.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// There is no graphics device.
    #[error("no graphics device was found (on Debian, the package mesa-vulkan-drivers gives one in software): {0}")]
    NoDevice(String),
    /// The pass does not draw it.
    #[error("the graphics pass does not draw {0} yet; use the CPU")]
    Unsupported(&'static str),
    /// Something does not fit onto the device.
    #[error("{what} needs {needed}, the graphics device takes at most {most}; use the CPU")]
    TooLarge {
        /// What does not fit.
        what: &'static str,
        /// What it needs.
        needed: u64,
        /// What the device takes.
        most: u64,
    },
    /// The samples would lose precision.
    #[error("the graphics device has no texture that holds {0} samples exactly and interpolates them; use the CPU")]
    Format(&'static str),
    /// The device has refused or stopped.
    #[error("the graphics device failed: {0}; use the CPU")]
    Device(String),
    /// The picture cannot be, on any device.
    #[error(transparent)]
    Cinematic(#[from] CinematicError),
}
