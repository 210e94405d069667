//! The C side: every function that an application may call. Each takes apart its arguments (through `pointers`),
//! asks the model, and puts the answer back.

mod actions;
mod call;
pub(crate) mod debug;
mod dispatch;
mod extras;
mod frame;
mod hands;
mod input;
mod instance;
mod layers;
mod monotonic;
mod negotiate;
pub(crate) mod pointers;
mod session;
mod space;
mod strings;
mod swapchain;
mod system;
mod vulkan_enable;

pub(crate) use call::{changed as tell, lock, wait_for_change};
pub(crate) use monotonic::monotonic;
pub use negotiate::xrNegotiateLoaderRuntimeInterface;

pointers::tagged!(
    ActionCreateInfo,
    ActionSetCreateInfo,
    ActionSpaceCreateInfo,
    ActionStateBoolean,
    ActionStateFloat,
    ActionStateGetInfo,
    ActionStatePose,
    ActionStateVector2f,
    ActionsSyncInfo,
    BoundSourcesForActionEnumerateInfo,
    CompositionLayerDepthInfoKHR,
    CompositionLayerPassthroughFB,
    CompositionLayerProjection,
    CompositionLayerProjectionView,
    CompositionLayerQuad,
    DebugUtilsMessengerCreateInfoEXT,
    DebugUtilsObjectNameInfoEXT,
    DebugUtilsLabelEXT,
    DebugUtilsMessengerCallbackDataEXT,
    EventDataBuffer,
    ExtensionProperties,
    FrameBeginInfo,
    FrameEndInfo,
    FrameState,
    FrameWaitInfo,
    GeometryInstanceCreateInfoFB,
    GraphicsBindingVulkanKHR,
    GraphicsRequirementsVulkanKHR,
    HandJointLocationsEXT,
    HandJointVelocitiesEXT,
    HandJointsLocateInfoEXT,
    HandTrackerCreateInfoEXT,
    HapticActionInfo,
    HapticVibration,
    InputSourceLocalizedNameGetInfo,
    InstanceCreateInfo,
    InstanceProperties,
    InteractionProfileState,
    InteractionProfileSuggestedBinding,
    PassthroughCreateInfoFB,
    PassthroughLayerCreateInfoFB,
    PassthroughStyleFB,
    ReferenceSpaceCreateInfo,
    SessionActionSetsAttachInfo,
    SessionBeginInfo,
    SessionCreateInfo,
    SpaceLocation,
    SpaceVelocity,
    SwapchainCreateInfo,
    SwapchainImageAcquireInfo,
    SwapchainImageReleaseInfo,
    SwapchainImageVulkanKHR,
    SwapchainImageWaitInfo,
    SystemGetInfo,
    SystemHandTrackingPropertiesEXT,
    SystemPassthroughProperties2FB,
    SystemPassthroughPropertiesFB,
    SystemProperties,
    SystemUserPresencePropertiesEXT,
    View,
    ViewConfigurationProperties,
    ViewConfigurationView,
    ViewLocateInfo,
    ViewState,
    VisibilityMaskKHR,
    VulkanDeviceCreateInfoKHR,
    VulkanGraphicsDeviceGetInfoKHR,
    VulkanInstanceCreateInfoKHR,
);
