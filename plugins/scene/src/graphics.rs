//! Which graphics devices are looked for.

use bevy::render::RenderPlugin;
use bevy::render::settings::{Backends, WgpuSettings};

/// The graphics interfaces that are tried: those that hold what our passes need (Vulkan, Metal, DirectX 12), or what the
/// environment variable `WGPU_BACKEND` asks for.
/// OpenGL is not tried: it lacks what the passes need.
pub fn backends() -> Backends {
    Backends::from_env().unwrap_or(Backends::PRIMARY)
}

/// Bevy's renderer on those. Pipelines are compiled before the first frame that uses them, since a frame without one
/// looks valid and lacks the volume.
pub fn render_plugin() -> RenderPlugin {
    let settings = WgpuSettings { backends: Some(backends()), ..Default::default() };
    RenderPlugin { synchronous_pipeline_compilation: true, render_creation: settings.into(), ..Default::default() }
}
