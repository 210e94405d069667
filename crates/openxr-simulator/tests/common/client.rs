//! A small OpenXR application: a session, a swapchain of two layers, frames.

use openxr::sys::{self, Handle as _};
use openxr::{ReferenceSpaceType, SessionState, Vulkan as Graphics};

use super::vulkan::Vulkan;

pub const SIZE: u32 = 64;

pub struct Client {
    pub session: openxr::Session<Graphics>,
    pub waiter: openxr::FrameWaiter,
    pub stream: openxr::FrameStream<Graphics>,
    pub stage: openxr::Space,
    pub vulkan: Vulkan,
    pub system: openxr::SystemId,
    pub instance: openxr::Instance,
    pub entry: openxr::Entry,
}

pub fn entry() -> openxr::Entry {
    unsafe { openxr::Entry::load_from(&fabrica_openxr_simulator::harness::loader().unwrap()) }.unwrap()
}

pub fn try_instance(entry: &openxr::Entry, extensions: &openxr::ExtensionSet) -> openxr::Result<openxr::Instance> {
    let info = openxr::ApplicationInfo { application_name: "test client", ..Default::default() };
    entry.create_instance(&info, extensions, &[])
}

type Made = (openxr::Session<Graphics>, openxr::FrameWaiter, openxr::FrameStream<Graphics>);

pub fn create_session(
    instance: &openxr::Instance,
    system: openxr::SystemId,
    binding: &openxr::vulkan::SessionCreateInfo,
) -> openxr::Result<Made> {
    unsafe { instance.create_session::<Graphics>(system, binding) }
}

/// All extensions of the runtime that the openxr crate knows.
pub fn all_extensions() -> openxr::ExtensionSet {
    let mut set = openxr::ExtensionSet::default();
    set.khr_vulkan_enable2 = true;
    set.khr_composition_layer_depth = true;
    set.khr_visibility_mask = true;
    set.ext_hand_tracking = true;
    set.ext_hand_interaction = true;
    set.ext_local_floor = true;
    set.fb_display_refresh_rate = true;
    set.fb_passthrough = true;
    set.bd_controller_interaction = true;
    set
}

impl Client {
    pub fn new() -> Self {
        let entry = entry();
        let instance = try_instance(&entry, &all_extensions()).unwrap();
        let system = instance.system(openxr::FormFactor::HEAD_MOUNTED_DISPLAY).unwrap();
        let vulkan = Vulkan::new(&instance, system);
        let (session, waiter, stream) = create_session(&instance, system, &vulkan.binding()).unwrap();
        let stage = session.create_reference_space(ReferenceSpaceType::STAGE, openxr::Posef::IDENTITY).unwrap();
        Self { session, waiter, stream, stage, vulkan, system, instance, entry }
    }

    /// The core functions, to be called wrongly.
    pub fn fp(&self) -> &openxr::raw::Instance {
        self.instance.fp()
    }

    pub fn raw(&self) -> sys::Session {
        self.session.as_raw()
    }

    /// All events that wait, as text; session states as `SessionState` alone.
    pub fn events(&self) -> Vec<String> {
        let mut buffer = openxr::EventDataBuffer::new();
        let mut events = Vec::new();
        while let Some(event) = self.instance.poll_event(&mut buffer).unwrap() {
            events.push(match event {
                openxr::Event::SessionStateChanged(change) => format!("{:?}", change.state()),
                openxr::Event::ReferenceSpaceChangePending(change) => {
                    format!("moved {:?}", change.reference_space_type())
                }
                openxr::Event::InteractionProfileChanged(_) => "profiles".to_owned(),
                openxr::Event::InstanceLossPending(_) => "instance loss".to_owned(),
                openxr::Event::DisplayRefreshRateChangedFB(change) => {
                    format!("rate {}", change.to_display_refresh_rate())
                }
                _ => "other".to_owned(),
            });
        }
        events
    }

    /// Begins the session when it is READY.
    pub fn begin(&self) {
        assert_eq!(self.events(), ["IDLE", "READY"]);
        self.session.begin(openxr::ViewConfigurationType::PRIMARY_STEREO).unwrap();
    }

    /// A frame without layers.
    pub fn empty_frame(&mut self) -> openxr::FrameState {
        let state = self.waiter.wait().unwrap();
        self.stream.begin().unwrap();
        self.stream.end(state.predicted_display_time, openxr::EnvironmentBlendMode::OPAQUE, &[]).unwrap();
        state
    }

    /// Begins the session and runs empty frames until it is FOCUSED.
    pub fn focus(&mut self) {
        self.begin();
        for _ in 0..10 {
            self.empty_frame();
            if self.events().iter().any(|event| event == "FOCUSED") {
                return;
            }
        }
        panic!("never FOCUSED");
    }

    pub fn swapchain_info(&self) -> sys::SwapchainCreateInfo {
        sys::SwapchainCreateInfo {
            ty: sys::SwapchainCreateInfo::TYPE,
            next: std::ptr::null(),
            create_flags: openxr::SwapchainCreateFlags::EMPTY,
            usage_flags: openxr::SwapchainUsageFlags::COLOR_ATTACHMENT | openxr::SwapchainUsageFlags::TRANSFER_DST,
            format: i64::from(ash::vk::Format::R8G8B8A8_SRGB.as_raw()),
            sample_count: 1,
            width: SIZE,
            height: SIZE,
            face_count: 1,
            array_size: 2,
            mip_count: 1,
        }
    }

    pub fn create_swapchain(&self, info: &sys::SwapchainCreateInfo) -> Result<sys::Swapchain, sys::Result> {
        let mut swapchain = sys::Swapchain::NULL;
        match unsafe { (self.fp().create_swapchain)(self.raw(), info, &mut swapchain) } {
            sys::Result::SUCCESS => Ok(swapchain),
            error => Err(error),
        }
    }

    pub fn swapchain(&self) -> openxr::Swapchain<Graphics> {
        let raw = self.create_swapchain(&self.swapchain_info()).unwrap();
        unsafe { openxr::Swapchain::from_raw(self.session.clone(), raw) }
    }

    pub fn acquire(&self, swapchain: sys::Swapchain) -> Result<u32, sys::Result> {
        let mut index = 0;
        match unsafe { (self.fp().acquire_swapchain_image)(swapchain, std::ptr::null(), &mut index) } {
            sys::Result::SUCCESS => Ok(index),
            error => Err(error),
        }
    }

    pub fn wait_image(&self, swapchain: sys::Swapchain) -> sys::Result {
        let info = sys::SwapchainImageWaitInfo {
            ty: sys::SwapchainImageWaitInfo::TYPE,
            next: std::ptr::null(),
            timeout: openxr::Duration::INFINITE,
        };
        unsafe { (self.fp().wait_swapchain_image)(swapchain, &info) }
    }

    pub fn release(&self, swapchain: sys::Swapchain) -> sys::Result {
        unsafe { (self.fp().release_swapchain_image)(swapchain, std::ptr::null()) }
    }

    /// Where the eyes are.
    pub fn views(&self, time: openxr::Time) -> Vec<openxr::View> {
        self.session.locate_views(openxr::ViewConfigurationType::PRIMARY_STEREO, time, &self.stage).unwrap().1
    }

    /// The views of a projection layer on layers 0 and 1 of a swapchain.
    pub fn layer_views(
        &self,
        swapchain: sys::Swapchain,
        views: &[openxr::View],
    ) -> [sys::CompositionLayerProjectionView; 2] {
        [0, 1].map(|eye| sys::CompositionLayerProjectionView {
            ty: sys::CompositionLayerProjectionView::TYPE,
            next: std::ptr::null(),
            pose: views[eye].pose,
            fov: views[eye].fov,
            sub_image: sys::SwapchainSubImage {
                swapchain,
                image_rect: openxr::Rect2Di {
                    offset: openxr::Offset2Di { x: 0, y: 0 },
                    extent: openxr::Extent2Di { width: SIZE as i32, height: SIZE as i32 },
                },
                image_array_index: eye as u32,
            },
        })
    }

    pub fn projection(&self, views: &[sys::CompositionLayerProjectionView]) -> sys::CompositionLayerProjection {
        sys::CompositionLayerProjection {
            ty: sys::CompositionLayerProjection::TYPE,
            next: std::ptr::null(),
            layer_flags: openxr::CompositionLayerFlags::EMPTY,
            space: self.stage.as_raw(),
            view_count: views.len() as u32,
            views: views.as_ptr(),
        }
    }

    /// `xrEndFrame` with raw layers.
    pub fn end(&self, time: openxr::Time, layers: &[*const sys::CompositionLayerBaseHeader]) -> sys::Result {
        let info = sys::FrameEndInfo {
            ty: sys::FrameEndInfo::TYPE,
            next: std::ptr::null(),
            display_time: time,
            environment_blend_mode: openxr::EnvironmentBlendMode::OPAQUE,
            layer_count: layers.len() as u32,
            layers: layers.as_ptr(),
        };
        unsafe { (self.fp().end_frame)(self.raw(), &info) }
    }

    /// A frame that shows a picture to each eye: `paint(eye, view)` gives its RGBA bytes.
    pub fn picture_frame(
        &mut self,
        swapchain: &mut openxr::Swapchain<Graphics>,
        paint: impl Fn(usize, &openxr::View) -> Vec<u8>,
    ) {
        let state = self.waiter.wait().unwrap();
        self.stream.begin().unwrap();
        let views = self.views(state.predicted_display_time);
        let images = swapchain.enumerate_images().unwrap();
        let index = swapchain.acquire_image().unwrap();
        swapchain.wait_image(openxr::Duration::INFINITE).unwrap();
        for (eye, view) in views.iter().enumerate() {
            self.vulkan.upload(images[index as usize], eye as u32, [SIZE, SIZE], &paint(eye, view), false);
        }
        swapchain.release_image().unwrap();
        let layer_views = self.layer_views(swapchain.as_raw(), &views);
        let layer = self.projection(&layer_views);
        let layers = [(&raw const layer).cast()];
        assert_eq!(self.end(state.predicted_display_time, &layers), sys::Result::SUCCESS);
    }
}

pub fn states(events: &[String]) -> Vec<&str> {
    let known: Vec<String> = (0..9).map(|raw| format!("{:?}", SessionState::from_raw(raw))).collect();
    events.iter().map(String::as_str).filter(|event| known.iter().any(|state| state == event)).collect()
}
