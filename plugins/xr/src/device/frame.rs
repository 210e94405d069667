//! The frame loop: wait on the main thread, begin and end on the render thread.
//!
//! With pipelined rendering the main thread waits for frame n + 1 while the render thread draws frame n. The eyes are
//! located for the time when frame n is shown: once on the main thread, for what depends on where the user looks, and again
//! just before drawing (`eyes::look_again`), for the picture itself; the very poses that were drawn are submitted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy::render::extract_resource::ExtractResource;
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::texture::ManualTextureViews;
use bevy::render::view::ViewDepthTexture;
use fabrica_scene::input::RoomPose;
use fabrica_scene::presence::Comfort;
use openxr::{
    EnvironmentBlendMode, Fovf, FrameStream, Posef, Session, Space, ViewConfigurationType, ViewStateFlags, Vulkan, sys,
};
use wgpu::TextureUses;

use super::convert::pose;
use super::eyes::{self, Eye};
use super::session::Connection;
use super::swapchain::EyeImages;
use crate::presence::Rig;
use crate::timing::{FrameCost, FrameTimes, ResolutionControl};

/// Nearest that is drawn, metres: a finger's breadth before the eye, inside the chest too.
pub(crate) const NEAR: f32 = 0.01;

/// An eye in a frame: where it is in the tracking space, and what it sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) pose: Posef,
    pub(crate) fov: Fovf,
}

/// The frame that is being made, as the render world sees it too.
#[derive(Resource, ExtractResource, Clone, Default)]
pub(crate) struct FrameNow {
    /// The runtime has been waited for: the frame must be begun and ended.
    pub(crate) running: bool,
    pub(crate) state: State,
    /// Both eyes; empty while they are not known.
    pub(crate) views: Vec<View>,
    /// The middle between the eyes, in the tracking space.
    pub(crate) head: Option<RoomPose>,
    /// From the tracking space to the room.
    pub(crate) rig: Transform,
    /// The pixels that are drawn, of each eye's image.
    pub(crate) extent: UVec2,
    /// The picture that shows the left eye in the window.
    pub(crate) mirror: Option<AssetId<Image>>,
    pub(crate) of: Option<Of>,
}

/// What a frame belongs to.
#[derive(Clone)]
pub(crate) struct Of {
    pub(crate) session: Session<Vulkan>,
    pub(crate) space: Arc<Space>,
    pub(crate) eyes: SharedEyes,
    pub(crate) blend_mode: EnvironmentBlendMode,
}

/// What the runtime says of a frame.
#[derive(Clone, Copy)]
pub(crate) struct State {
    pub(crate) predicted_display_time: openxr::Time,
    /// Nanoseconds.
    pub(crate) period: i64,
    pub(crate) should_render: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { predicted_display_time: openxr::Time::from_nanos(0), period: 0, should_render: false }
    }
}

impl FrameNow {
    /// Pictures a second; 0 while unknown.
    pub(crate) fn rate(&self) -> f32 {
        if self.state.period > 0 { 1e9 / self.state.period as f32 } else { 0.0 }
    }
}

/// How frames go.
#[derive(Resource, Default)]
pub struct Pacing {
    pub(crate) times: FrameTimes,
    pub(crate) control: ResolutionControl,
    woken: Option<Instant>,
    main: Duration,
    waited: Duration,
    missed: u32,
}

/// What both threads use of a session, the render thread above all. The main thread only looks, or lets go.
#[derive(Clone)]
pub(crate) struct SharedEyes(Arc<Mutex<Eyes>>);

struct Eyes {
    device: wgpu::Device,
    stream: FrameStream<Vulkan>,
    colour: EyeImages,
    depth: Option<EyeImages>,
    size: UVec2,
    begun: Option<Instant>,
    frames_done: u64,
    render_cost: Duration,
    trouble: Option<sys::Result>,
}

impl SharedEyes {
    pub(crate) fn new(
        session: &Session<Vulkan>,
        stream: FrameStream<Vulkan>,
        device: &wgpu::Device,
        size: UVec2,
        with_depth: bool,
    ) -> Result<Self, sys::Result> {
        let colour = EyeImages::colour(session, device, size)?;
        let depth = match with_depth.then(|| EyeImages::depth(session, device, size)) {
            Some(Ok(depth)) => Some(depth),
            Some(Err(sys::Result::ERROR_SWAPCHAIN_FORMAT_UNSUPPORTED)) => {
                warn!("the runtime takes no depth of the kind that is drawn (D32): it is left out");
                None
            }
            Some(Err(error)) => return Err(error),
            None => None,
        };
        Ok(Self(Arc::new(Mutex::new(Eyes {
            device: device.clone(),
            stream,
            colour,
            depth,
            size,
            begun: None,
            frames_done: 0,
            render_cost: Duration::ZERO,
            trouble: None,
        }))))
    }

    fn lock(&self) -> MutexGuard<'_, Eyes> {
        // After a panic elsewhere the handles are as good as before.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take_trouble(&self) -> Option<sys::Result> {
        self.lock().trouble.take()
    }

    /// How many frames have been begun and ended, or given up.
    pub(crate) fn frames_done(&self) -> u64 {
        self.lock().frames_done
    }

    /// The images' size.
    pub(crate) fn size(&self) -> UVec2 {
        self.lock().size
    }

    /// A view of an eye's first image, which stands for all of them where only size and format matter.
    pub(crate) fn first_view(&self, eye: u32) -> Option<eyes::Target> {
        self.lock().target(0, eye)
    }
}

impl Drop for Eyes {
    fn drop(&mut self) {
        // The runtime's images must not go while the device still draws into them. Should the device be lost, nothing does.
        let _ = self.device.poll(wgpu::PollType::wait_indefinitely());
    }
}

impl Eyes {
    fn target(&self, image: usize, eye: u32) -> Option<eyes::Target> {
        let texture = self.colour.images.get(image)?;
        Some(eyes::target(texture, self.colour.format, self.size, eye))
    }
}

/// Waits until the runtime wants the next frame, and says where the eyes will be when it is shown.
pub(crate) fn wait(
    mut connection: ResMut<Connection>,
    mut now: ResMut<FrameNow>,
    mut pacing: ResMut<Pacing>,
    mut rig: ResMut<Rig>,
    comfort: Res<Comfort>,
) {
    let connection = &mut *connection;
    let Some(live) = connection.live.as_mut().filter(|live| live.running && !live.is_stopping()) else {
        if now.running {
            *now = FrameNow::default();
            pacing.times.pause();
        }
        pacing.woken = None;
        return;
    };
    pacing.account(&live.eyes, now.running && now.state.should_render);
    let asleep = Instant::now();
    let state = match live.waiter.wait() {
        Ok(state) => state,
        Err(error) => {
            *now = FrameNow::default();
            connection.trouble(error);
            return;
        }
    };
    live.waited += 1;
    pacing.woken = Some(Instant::now());
    pacing.waited = asleep.elapsed();
    let (display, period) = (state.predicted_display_time, state.predicted_display_period.as_nanos());
    pacing.missed = pacing.times.missed_before(display.as_nanos(), period);
    if state.should_render {
        let share = if period > 0 { pacing.waited.as_nanos() as f32 / period as f32 } else { 0.0 };
        let missed = pacing.missed;
        pacing.control.take(missed, share);
    }
    let views = match locate(&live.session, &live.space, display) {
        Ok(views) => views,
        Err(error) => {
            // The frame must be ended all the same, if the session is still there.
            if matches!(error, sys::Result::ERROR_SESSION_LOST | sys::Result::ERROR_INSTANCE_LOST) {
                *now = FrameNow::default();
                connection.trouble(error);
                return;
            }
            Vec::new()
        }
    };
    let head = middle(&views);
    if live.centre
        && let Some(head) = head
    {
        live.centre = false;
        rig.centre_on(head, comfort.seated);
    }
    let size = live.eyes.size();
    // Even numbers: halves of pixels are nobody's.
    let extent =
        ((size.as_vec2() * pacing.control.scale() / 2.0).round().as_uvec2() * 2).max(UVec2::splat(2)).min(size);
    *now = FrameNow {
        running: true,
        state: State { predicted_display_time: display, period, should_render: state.should_render },
        head,
        views,
        rig: rig.transform(),
        extent,
        mirror: None,
        of: Some(Of {
            session: live.session.clone(),
            space: live.space.clone(),
            eyes: live.eyes.clone(),
            blend_mode: live.blend_mode(comfort.passthrough),
        }),
    };
}

impl Pacing {
    /// The frames that were shown.
    pub fn times(&self) -> &FrameTimes {
        &self.times
    }

    /// The frame before is through the main thread.
    fn account(&mut self, eyes: &SharedEyes, shown: bool) {
        if !shown || self.woken.is_none() {
            return;
        }
        let render = eyes.lock().render_cost;
        self.times.add(FrameCost {
            main: self.main,
            render,
            waited: self.waited,
            missed: self.missed,
            scale: self.control.scale(),
        });
    }
}

/// The main thread has done its part of the frame.
pub(crate) fn end_of_main(mut pacing: ResMut<Pacing>) {
    if let Some(woken) = pacing.woken {
        pacing.main = woken.elapsed();
    }
}

/// Where the eyes are at a time; empty while that is not known.
fn locate(session: &Session<Vulkan>, space: &Space, time: openxr::Time) -> Result<Vec<View>, sys::Result> {
    let (flags, views) = session.locate_views(ViewConfigurationType::PRIMARY_STEREO, time, space)?;
    let known = ViewStateFlags::POSITION_VALID | ViewStateFlags::ORIENTATION_VALID;
    if !flags.contains(known) || views.len() < 2 {
        return Ok(Vec::new());
    }
    Ok(views.into_iter().take(2).map(|view| View { pose: view.pose, fov: view.fov }).collect())
}

/// The middle between the eyes.
fn middle(views: &[View]) -> Option<RoomPose> {
    let [left, right] = views else { return None };
    let (left, right) = (pose(&left.pose), pose(&right.pose));
    Some(RoomPose {
        position: (left.position + right.position) / 2.0,
        rotation: left.rotation.slerp(right.rotation, 0.5),
    })
}

/// Begins the frame: from here on the images of both eyes are ours.
pub(crate) fn begin(mut now: ResMut<FrameNow>, mut targets: ResMut<ManualTextureViews>) {
    if !now.running {
        return;
    }
    let Some(of) = now.of.clone() else { return };
    let mut eyes = of.eyes.lock();
    let eyes = &mut *eyes;
    if let Err(error) = eyes.stream.begin() {
        eyes.give_up(error);
        now.running = false;
        return;
    }
    // What was drawn before came too late and was thrown away by the runtime: it is counted by display times.
    eyes.begun = Some(Instant::now());
    if !now.state.should_render || now.views.is_empty() {
        return;
    }
    let taken = eyes.colour.take().and_then(|image| {
        if let Some(depth) = &mut eyes.depth {
            depth.take()?;
        }
        Ok(image)
    });
    match taken {
        Ok(image) => {
            // The wait for an image is the compositor's time.
            eyes.begun = Some(Instant::now());
            for eye in 0..2 {
                if let Some(target) = eyes.target(image, eye) {
                    targets.insert(eyes::handle(eye), target);
                }
            }
        }
        Err(error) => eyes.trouble = Some(error),
    }
    // The pose that is drawn, and submitted: as late as can be.
    if let Ok(views) = locate(&of.session, &of.space, now.state.predicted_display_time)
        && !views.is_empty()
    {
        now.views = views;
    }
}

/// Ends the frame: hands the images over, with the poses that they were drawn from.
pub(crate) fn end(
    now: Res<FrameNow>,
    drawn: Query<(&Eye, &ViewDepthTexture)>,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
) {
    if !now.running {
        return;
    }
    let Some(of) = &now.of else { return };
    let mut eyes = of.eyes.lock();
    let eyes = &mut *eyes;
    if eyes.begun.is_none() {
        return;
    }
    let has_depth = eyes.copy_depth(&drawn, &device, &queue);
    let has_picture = eyes.colour.current.is_some();
    let let_go = eyes.colour.let_go().and_then(|()| eyes.depth.as_mut().map_or(Ok(()), EyeImages::let_go));
    if let Err(error) = let_go {
        eyes.trouble = Some(error);
    }
    if let Some(begun) = eyes.begun.take() {
        eyes.render_cost = begun.elapsed();
    }
    let views = if has_picture { now.views.as_slice() } else { &[] };
    let submitted = eyes::Submission {
        session: &of.session,
        space: &of.space,
        display_time: now.state.predicted_display_time,
        blend_mode: of.blend_mode,
        views,
        extent: now.extent,
        colour: &eyes.colour.swapchain,
        depth: eyes.depth.as_ref().filter(|_| has_depth).map(|depth| &depth.swapchain),
    };
    if let Err(error) = submitted.end_frame() {
        eyes.trouble = Some(error);
    }
    eyes.frames_done += 1;
}

impl Eyes {
    fn give_up(&mut self, error: sys::Result) {
        self.begun = None;
        self.frames_done += 1;
        self.trouble = Some(error);
    }

    /// Copies both eyes' depth into the runtime's images. False where one is missing.
    fn copy_depth(&self, drawn: &Query<(&Eye, &ViewDepthTexture)>, device: &RenderDevice, queue: &RenderQueue) -> bool {
        let Some(depth) = &self.depth else { return false };
        let Some(to) = depth.current.and_then(|index| depth.images.get(index)) else { return false };
        let mut encoder =
            device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("headset depth") });
        let mut copied = 0;
        for (Eye(eye), view) in drawn {
            let from = &view.texture;
            let same = from.format() == depth.format && from.width() == self.size.x && from.height() == self.size.y;
            if !same || from.sample_count() != 1 {
                return false;
            }
            encoder.copy_texture_to_texture(
                from.as_image_copy(),
                wgpu::TexelCopyTextureInfo {
                    texture: to,
                    mip_level: 0,
                    origin: wgpu::Origin3d { x: 0, y: 0, z: *eye },
                    aspect: wgpu::TextureAspect::All,
                },
                wgpu::Extent3d { width: self.size.x, height: self.size.y, depth_or_array_layers: 1 },
            );
            copied += 1;
        }
        if copied == 2 {
            // The compositor is handed depth in the layout of an attachment (XR_KHR_vulkan_enable2, "Swapchain Image
            // Layout"); colour is in its own since the last pass.
            let back = wgpu::TextureTransition { texture: to, selector: None, state: TextureUses::DEPTH_STENCIL_WRITE };
            encoder.transition_resources(std::iter::empty(), std::iter::once(back));
            queue.submit([encoder.finish()]);
        }
        copied == 2
    }
}
