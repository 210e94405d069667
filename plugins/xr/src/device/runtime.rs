//! Looking for a headset before anything else is started, and the graphics device that it asks for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy::render::RenderPlugin;
use bevy::render::renderer::{
    RenderAdapter, RenderAdapterInfo, RenderDevice, RenderInstance, RenderQueue, WgpuWrapper,
};
use bevy::render::settings::RenderCreation;
use bevy_mod_openxr::error::OxrError;
use bevy_mod_openxr::graphics::{GraphicsBackend, GraphicsWrap};
use bevy_mod_openxr::resources::OxrEntry;
use bevy_mod_openxr::types::{AppInfo, Version, WgpuGraphics};
use openxr::sys;

/// Why there is no headset.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoHeadset {
    /// No OpenXR runtime is set up.
    #[error(
        "no OpenXR runtime is installed (nothing names one: neither XR_RUNTIME_JSON nor an active_runtime.json); install your headset's software, or Monado, and make it the active runtime"
    )]
    NoRuntime,
    /// The loader is not there.
    #[error(
        "the OpenXR loader was not found ({0}); install it (on Debian, the package libopenxr-loader1) or your headset's software"
    )]
    NoLoader(String),
    /// The runtime does not start.
    #[error("the OpenXR runtime does not start ({0}); start your headset's software and try again")]
    RuntimeFailed(String),
    /// The runtime cannot do what is needed.
    #[error("the OpenXR runtime offers no {0}")]
    Missing(&'static str),
    /// The runtime runs without a headset.
    #[error("the OpenXR runtime {runtime} finds no headset; connect it, switch it on, and try again")]
    NoHeadset {
        /// The runtime's name.
        runtime: String,
    },
    /// The graphics device cannot be used.
    #[error("the headset's graphics device cannot be used: {0}")]
    Graphics(String),
}

/// Where the handles of a session's graphics live. They are no pointers into our memory, only names.
#[derive(Clone, Copy)]
pub(crate) struct GraphicsHandles {
    instance: usize,
    physical_device: usize,
    device: usize,
    queue_family_index: u32,
    queue_index: u32,
}

impl GraphicsHandles {
    fn new(info: &openxr::vulkan::SessionCreateInfo) -> Self {
        Self {
            instance: info.instance as usize,
            physical_device: info.physical_device as usize,
            device: info.device as usize,
            queue_family_index: info.queue_family_index,
            queue_index: info.queue_index,
        }
    }

    pub(crate) fn info(&self) -> openxr::vulkan::SessionCreateInfo {
        openxr::vulkan::SessionCreateInfo {
            instance: self.instance as *const _,
            physical_device: self.physical_device as *const _,
            device: self.device as *const _,
            queue_family_index: self.queue_family_index,
            queue_index: self.queue_index,
        }
    }
}

/// An OpenXR runtime with a headset, and the graphics device that belongs to it.
pub struct Runtime {
    pub(crate) instance: openxr::Instance,
    pub(crate) system: openxr::SystemId,
    pub(crate) handles: GraphicsHandles,
    /// The runtime takes the picture's depth.
    pub(crate) with_depth: bool,
    graphics: WgpuGraphics,
    name: String,
    headset: String,
}

impl Runtime {
    /// Looks for a runtime with a headset. Where none is set up this reads a few paths and nothing else.
    ///
    /// # Errors
    /// Why there is none, and what can be done.
    pub fn find() -> Result<Self, NoHeadset> {
        if cfg!(target_os = "linux") && !is_set_up() {
            return Err(NoHeadset::NoRuntime);
        }
        let entry = load()?;
        let offered = entry.0.enumerate_extensions().map_err(|error| match error {
            sys::Result::ERROR_RUNTIME_UNAVAILABLE => NoHeadset::RuntimeFailed("it cannot be loaded".into()),
            other => NoHeadset::RuntimeFailed(words(other)),
        })?;
        if !offered.khr_vulkan_enable2 {
            return Err(NoHeadset::Missing("Vulkan (XR_KHR_vulkan_enable2)"));
        }
        let wanted = wanted_extensions(&offered);
        let info = AppInfo { name: "Fabrica".into(), version: Version(0, 1, 0) };
        let with_depth = wanted.khr_composition_layer_depth;
        let instance = entry
            .create_instance(info, wanted.into(), &[], GraphicsBackend::Vulkan(()))
            .map_err(|error| NoHeadset::RuntimeFailed(oxr_words(&error)))?;
        let properties = instance.properties().map_err(|error| NoHeadset::RuntimeFailed(words(error)))?;
        let name = format!("{} {}", properties.runtime_name, properties.runtime_version);
        let system = instance.system(openxr::FormFactor::HEAD_MOUNTED_DISPLAY).map_err(|error| match error {
            sys::Result::ERROR_FORM_FACTOR_UNAVAILABLE | sys::Result::ERROR_FORM_FACTOR_UNSUPPORTED => {
                NoHeadset::NoHeadset { runtime: name.clone() }
            }
            other => NoHeadset::RuntimeFailed(words(other)),
        })?;
        let headset = instance.system_properties(system).map(|p| p.system_name).unwrap_or_default();
        let views = instance.enumerate_view_configurations(system).unwrap_or_default();
        if !views.contains(&openxr::ViewConfigurationType::PRIMARY_STEREO) {
            return Err(NoHeadset::Missing("stereo view"));
        }
        let (graphics, session_info) =
            instance.init_graphics(system, None).map_err(|error| NoHeadset::Graphics(oxr_words(&error)))?;
        let GraphicsWrap::Vulkan(session_info) = session_info.0;
        let handles = GraphicsHandles::new(&session_info);
        Ok(Self { instance: instance.into_inner(), system, handles, with_depth, graphics, name, headset })
    }

    /// The runtime and the headset by name.
    pub fn name(&self) -> String {
        if self.headset.is_empty() { self.name.clone() } else { format!("{} ({})", self.headset, self.name) }
    }

    /// The render plugin on the headset's graphics device, to be set in Bevy's default plugins.
    pub fn render_plugin(&self, synchronous_pipeline_compilation: bool) -> RenderPlugin {
        let WgpuGraphics(device, queue, info, adapter, instance) = &self.graphics;
        RenderPlugin {
            render_creation: RenderCreation::manual(
                RenderDevice::from(device.clone()),
                RenderQueue(Arc::new(WgpuWrapper::new(queue.clone()))),
                RenderAdapterInfo(WgpuWrapper::new(info.clone())),
                RenderAdapter(Arc::new(WgpuWrapper::new(adapter.clone()))),
                RenderInstance(Arc::new(WgpuWrapper::new(instance.clone()))),
            ),
            synchronous_pipeline_compilation,
            ..Default::default()
        }
    }
}

/// What is used of what the runtime offers.
fn wanted_extensions(offered: &openxr::ExtensionSet) -> openxr::ExtensionSet {
    let mut wanted = openxr::ExtensionSet::default();
    wanted.khr_vulkan_enable2 = true;
    wanted.khr_composition_layer_depth = offered.khr_composition_layer_depth;
    wanted.fb_display_refresh_rate = offered.fb_display_refresh_rate;
    wanted.ext_local_floor = offered.ext_local_floor;
    wanted.ext_hand_tracking = offered.ext_hand_tracking;
    wanted.ext_hand_interaction = offered.ext_hand_interaction;
    wanted.ext_hp_mixed_reality_controller = offered.ext_hp_mixed_reality_controller;
    wanted.bd_controller_interaction = offered.bd_controller_interaction;
    wanted
}

/// The loader's names on Linux: the first comes with its development package only, the second with the loader itself.
const LOADERS: [&str; 2] = ["libopenxr_loader.so", "libopenxr_loader.so.1"];

#[allow(unsafe_code, reason = "a library is loaded; that it is the system's OpenXR loader is all that can be said")]
fn load() -> Result<OxrEntry, NoHeadset> {
    if !cfg!(target_os = "linux") {
        // SAFETY: the loader of this name runs its initializers, which is what it is for.
        return unsafe { openxr::Entry::load() }.map(OxrEntry).map_err(|e| NoHeadset::NoLoader(e.to_string()));
    }
    let mut why = String::new();
    for name in LOADERS {
        // SAFETY: as above.
        match unsafe { openxr::Entry::load_from(Path::new(name)) } {
            Ok(entry) => return Ok(OxrEntry(entry)),
            Err(error) => why = error.to_string(),
        }
    }
    Err(NoHeadset::NoLoader(why))
}

/// Whether anything names a runtime, in the places where the loader looks. Without this the loader itself would be loaded,
/// and complain, on every desktop.
fn is_set_up() -> bool {
    if std::env::var_os("XR_RUNTIME_JSON").is_some_and(|path| !path.is_empty()) {
        return true;
    }
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".config")));
    let system = variable("XDG_CONFIG_DIRS").unwrap_or_else(|| "/etc/xdg".into());
    let fixed = ["/etc", "/usr/local/etc", "/usr/share", "/usr/local/share"].map(PathBuf::from);
    let files = ["active_runtime.json".to_owned(), format!("active_runtime.{}.json", std::env::consts::ARCH)];
    home.into_iter()
        .chain(std::env::split_paths(&system))
        .chain(fixed)
        .any(|folder| files.iter().any(|file| folder.join("openxr/1").join(file).exists()))
}

/// An OpenXR result by its name.
pub(crate) fn words(result: sys::Result) -> String {
    match result {
        sys::Result::ERROR_RUNTIME_FAILURE => "the runtime failed".into(),
        sys::Result::ERROR_INSTANCE_LOST => "the runtime has ended".into(),
        sys::Result::ERROR_SESSION_LOST => "the session was lost".into(),
        sys::Result::ERROR_FORM_FACTOR_UNAVAILABLE => "the headset is not there".into(),
        sys::Result::ERROR_LIMIT_REACHED => "it is busy: another program uses it".into(),
        other => format!("{other:?}"),
    }
}

fn oxr_words(error: &OxrError) -> String {
    match error {
        OxrError::OpenXrError(result) => words(*result),
        other => other.to_string(),
    }
}
