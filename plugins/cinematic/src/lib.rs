//! The cinematic look on the GPU: `shaders/cinematic.wgsl`, the twin of `fabrica_cinematic`.
//!
//! [`GpuTracer`] traces on any wgpu device: its own without a window, or Bevy's. A [`LoadedVolume`] stays on the device
//! while looks and cameras change; an [`Exposure`] is a film that gathers samples as long as nothing changes.
//! An [`Engine`] takes pictures on the device or, where there is none, on the CPU; [`CinematicPlugin`] shows them in the
//! window's 3D view.

mod engine;
mod error;
mod tracer;
mod uniform;
mod volume;
mod window;

pub use engine::{Engine, Order};
pub use error::GpuError;
pub use tracer::{Exposure, GpuTracer};
pub use volume::{LoadedLabels, LoadedVolume};
pub use window::CinematicPlugin;
