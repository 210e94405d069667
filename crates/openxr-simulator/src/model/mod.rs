//! What the runtime knows: the simulated world, and what the application has made. No pointers, no Vulkan calls but
//! through `crate::vulkan`.

pub(crate) mod actions;
pub(crate) mod clock;
pub(crate) mod devices;
pub(crate) mod events;
pub(crate) mod extensions;
pub(crate) mod frames;
pub(crate) mod layers;
pub(crate) mod lifecycle;
pub(crate) mod paths;
pub(crate) mod pose;
pub(crate) mod profiles;
pub(crate) mod skeleton;
pub(crate) mod spaces;
pub(crate) mod state;
pub(crate) mod swapchains;
pub(crate) mod track;
pub(crate) mod world;
