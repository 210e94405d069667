//! The session: made, begun, ended, lost, made again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy::render::MainWorld;
use bevy::render::renderer::RenderDevice;
use fabrica_scene::input::{Hand, HandSample, Haptic, RoomPose, Source};
use fabrica_scene::presence::{Comfort, Headset};
use fabrica_scene::{Leave, Notices, Severity};
use openxr::{
    EnvironmentBlendMode, Event, EventDataBuffer, HandTracker, Posef, ReferenceSpaceType, Session, SessionState, Space,
    ViewConfigurationType, Vulkan, sys,
};

use super::actions::{Actions, AttachedActions};
use super::bindings::Held;
use super::frame::{FrameNow, Pacing, SharedEyes};
use super::gestures::Joints;
use super::runtime::{GraphicsHandles, Runtime};
use super::words;
use crate::presence::{Rig, eye_height};

/// How long after a session was lost, or could not be made, another is tried.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// So many sessions in a row that come to nothing, for a reason that does not pass by itself, are the last.
const TRIES: u32 = 5;
/// A session that has shown so many frames has come to something.
const PROVEN: u64 = 100;

/// The runtime, and the session while there is one.
#[derive(Resource)]
pub(crate) struct Connection {
    instance: openxr::Instance,
    system: openxr::SystemId,
    handles: GraphicsHandles,
    name: String,
    with_depth: bool,
    actions: Option<Actions>,
    /// The session.
    pub(crate) live: Option<Live>,
    next: Next,
    /// The user has ended the session in the headset: that is no failure.
    asked_to_leave: bool,
    /// What is to be told about why there is no session.
    told: Option<String>,
    /// What was told last: the same is not told again at every try.
    told_before: Option<String>,
    /// Sessions in a row that came to nothing.
    failed: u32,
    /// A session has begun whose tracking space does not know the floor: to be told.
    floor_unknown: bool,
}

/// What to do while there is no session.
enum Next {
    /// Make one, when this time has come.
    CreateAt(Instant),
    /// Nothing: the runtime is gone or has asked us to leave.
    Nothing,
}

/// A session.
pub(crate) struct Live {
    pub(crate) session: Session<Vulkan>,
    pub(crate) waiter: openxr::FrameWaiter,
    pub(crate) space: Arc<Space>,
    /// Whether the floor is at 0 in the tracking space; else the eyes are about at 0.
    pub(crate) on_floor: bool,
    pub(crate) eyes: SharedEyes,
    pub(crate) running: bool,
    /// Frames that were waited for; each is begun and ended on the render thread.
    pub(crate) waited: u64,
    state: SessionState,
    /// The runtime wants the session ended: when the frames under way are done.
    stopping: bool,
    /// The user's place has to be found anew: at the start, and when the user recentres.
    pub(crate) centre: bool,
    attached: AttachedActions,
    held: [Held; 2],
    trackers: [Option<HandTracker>; 2],
    blend_modes: Vec<EnvironmentBlendMode>,
}

impl Live {
    pub(crate) fn blend_mode(&self, pass_through: bool) -> EnvironmentBlendMode {
        let see_through = [EnvironmentBlendMode::ALPHA_BLEND, EnvironmentBlendMode::ADDITIVE];
        let wanted = see_through.into_iter().find(|mode| pass_through && self.blend_modes.contains(mode));
        // The first is what the runtime likes best; a headset of glass has no opaque one.
        let opaque = self.blend_modes.iter().copied().find(|mode| *mode == EnvironmentBlendMode::OPAQUE);
        wanted.or(opaque).or(self.blend_modes.first().copied()).unwrap_or(EnvironmentBlendMode::OPAQUE)
    }

    /// The runtime wants the session ended.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// Whether the display can show the case.
    pub(crate) fn is_shown(&self) -> bool {
        self.running && matches!(self.state, SessionState::VISIBLE | SessionState::FOCUSED)
    }
}

impl Connection {
    pub(crate) fn new(runtime: Runtime) -> Self {
        Self {
            name: runtime.name(),
            with_depth: runtime.with_depth,
            instance: runtime.instance,
            system: runtime.system,
            handles: runtime.handles,
            actions: None,
            live: None,
            next: Next::CreateAt(Instant::now()),
            asked_to_leave: false,
            told: None,
            told_before: None,
            failed: 0,
            floor_unknown: false,
        }
    }

    /// What became of an error of the runtime: the session is given up, and perhaps the runtime.
    pub(crate) fn trouble(&mut self, error: sys::Result) {
        let gone = matches!(error, sys::Result::ERROR_INSTANCE_LOST | sys::Result::ERROR_RUNTIME_UNAVAILABLE);
        // A headset that is unplugged, or used by another program, may come back at any time.
        let passes = matches!(error, sys::Result::ERROR_FORM_FACTOR_UNAVAILABLE | sys::Result::ERROR_LIMIT_REACHED);
        let proven = self.live.take().is_some_and(|live| live.eyes.frames_done() >= PROVEN);
        self.failed = if proven || passes { 0 } else { self.failed + 1 };
        if self.failed >= TRIES && !gone {
            self.next = Next::Nothing;
            self.told = Some(format!(
                "{} gives no session that works ({}, {TRIES} times). The plan is saved. Start Fabrica again to use the headset.",
                self.name,
                words(error)
            ));
            return;
        }
        self.next = if gone { Next::Nothing } else { Next::CreateAt(Instant::now() + TRY_AGAIN) };
        let what = if gone {
            format!(
                "{} is gone ({}). The plan is saved. Start Fabrica again to use the headset.",
                self.name,
                words(error)
            )
        } else {
            format!("{} was lost ({}). The plan is saved; the headset is tried again.", self.name, words(error))
        };
        self.told = Some(what);
    }
}

/// Does what the runtime asks for.
pub(crate) fn follow(
    mut connection: ResMut<Connection>,
    mut now: ResMut<FrameNow>,
    mut pacing: ResMut<Pacing>,
    mut headset: ResMut<Headset>,
    mut samples: MessageWriter<HandSample>,
    mut rig: ResMut<Rig>,
) {
    let connection = &mut *connection;
    let had = connection.live.is_some();
    // What went wrong on the render thread.
    if let Some(error) = connection.live.as_ref().and_then(|live| live.eyes.take_trouble()) {
        connection.trouble(error);
    }
    if !matches!(connection.next, Next::Nothing) {
        let mut buffer = EventDataBuffer::default();
        loop {
            let instance = connection.instance.clone();
            match instance.poll_event(&mut buffer) {
                Ok(Some(event)) => connection.take(&event, &mut headset, &mut rig),
                Ok(None) => break,
                Err(error) => {
                    connection.trouble(error);
                    break;
                }
            }
        }
    }
    connection.end_when_done();
    if had && connection.live.is_none() {
        *now = FrameNow::default();
        pacing.times.pause();
        headset.head = None;
        for hand in Hand::BOTH {
            samples.write(HandSample::gone(hand, Source::Controller));
        }
    }
}

impl Connection {
    fn take(&mut self, event: &Event<'_>, headset: &mut Headset, rig: &mut Rig) {
        match event {
            Event::SessionStateChanged(change) => {
                let ours = self.live.as_ref().is_some_and(|live| live.session.as_raw() == change.session());
                if ours {
                    self.enter(change.state(), rig);
                }
            }
            Event::InstanceLossPending(_) => self.trouble(sys::Result::ERROR_INSTANCE_LOST),
            Event::ReferenceSpaceChangePending(_) => {
                if let Some(live) = &mut self.live {
                    live.centre = true;
                }
            }
            Event::InteractionProfileChanged(_) => {
                if let (Some(live), Some(actions)) = (&mut self.live, &self.actions) {
                    let profiles = actions.profiles(&self.instance, &live.session);
                    info!("controllers: {profiles:?}");
                    live.held = profiles.map(|profile| Held::of(&profile));
                }
            }
            Event::DisplayRefreshRateChangedFB(change) => headset.refresh_hz = change.to_display_refresh_rate(),
            Event::EventsLost(lost) => warn!("{} of the runtime's events were lost", lost.lost_event_count()),
            _ => {}
        }
    }

    fn enter(&mut self, state: SessionState, rig: &mut Rig) {
        let Some(live) = &mut self.live else { return };
        info!("the headset's session is {state:?}");
        live.state = state;
        match state {
            SessionState::READY => match live.session.begin(ViewConfigurationType::PRIMARY_STEREO) {
                Ok(_) => {
                    live.running = true;
                    live.centre = true;
                    rig.eye_height_unknown = !live.on_floor;
                    self.floor_unknown = !live.on_floor;
                }
                Err(error) => self.trouble(error),
            },
            SessionState::STOPPING => live.stopping = true,
            SessionState::EXITING => {
                self.live = None;
                self.next = Next::Nothing;
                self.asked_to_leave = true;
                self.told = Some(format!("{} has ended the headset's session. The plan is saved.", self.name));
            }
            SessionState::LOSS_PENDING => self.trouble(sys::Result::ERROR_SESSION_LOST),
            _ => {}
        }
    }

    /// Ends the session that is to be stopped, once every frame that was waited for is done.
    fn end_when_done(&mut self) {
        let Some(live) = &mut self.live else { return };
        if !live.stopping || live.eyes.frames_done() < live.waited {
            return;
        }
        (live.stopping, live.running) = (false, false);
        match live.session.end() {
            // The runtime may have begun anew meanwhile.
            Ok(_) | Err(sys::Result::ERROR_SESSION_NOT_STOPPING | sys::Result::ERROR_SESSION_NOT_RUNNING) => {}
            Err(error) => self.trouble(error),
        }
    }
}

/// Makes the session when it is time: while the render thread rests, since the device's queue is used.
pub(crate) fn create_when_asked(mut world: ResMut<MainWorld>, device: Res<RenderDevice>) {
    if !world.contains_resource::<Connection>() {
        return;
    }
    world.resource_scope(|world, mut connection: Mut<Connection>| {
        let due = matches!(connection.next, Next::CreateAt(time) if time <= Instant::now());
        if connection.live.is_some() || !due {
            return;
        }
        match connection.create(device.wgpu_device()) {
            Ok(live) => {
                let refresh_hz = match connection.instance.exts().fb_display_refresh_rate {
                    Some(_) => live.session.get_display_refresh_rate().unwrap_or_default(),
                    None => 0.0,
                };
                let can_pass_through = live.blend_mode(true) != live.blend_mode(false);
                if let Some(mut headset) = world.get_resource_mut::<Headset>() {
                    headset.can_pass_through = can_pass_through;
                    headset.refresh_hz = refresh_hz;
                }
                super::eyes::spawn(world, &live.eyes);
                (connection.told, connection.told_before) = (None, None);
                connection.live = Some(live);
            }
            Err(error) => {
                connection.trouble(error);
                if !matches!(connection.next, Next::Nothing) {
                    connection.told = Some(format!(
                        "{} cannot be used now ({}). The headset is tried again.",
                        connection.name,
                        words(error)
                    ));
                }
            }
        }
    });
}

impl Connection {
    #[allow(unsafe_code, reason = "a session is made with the graphics device's handles")]
    fn create(&mut self, device: &wgpu::Device) -> Result<Live, sys::Result> {
        let instance = &self.instance;
        // The specification wants this asked before every session.
        instance.graphics_requirements::<Vulkan>(self.system)?;
        // SAFETY: the handles are those of the device that the runtime has made for this instance, and it still lives: Bevy
        // holds it to the end of the program.
        let (session, waiter, stream) =
            unsafe { instance.create_session::<Vulkan>(self.system, &self.handles.info()) }?;
        let stereo = ViewConfigurationType::PRIMARY_STEREO;
        let views = instance.enumerate_view_configuration_views(self.system, stereo)?;
        let view = views.first().ok_or(sys::Result::ERROR_VIEW_CONFIGURATION_TYPE_UNSUPPORTED)?;
        let size = UVec2::new(view.recommended_image_rect_width, view.recommended_image_rect_height);
        let blend_modes = instance.enumerate_environment_blend_modes(self.system, stereo)?;
        let eyes = SharedEyes::new(&session, stream, device, size, self.with_depth)?;
        let (space, on_floor) = tracking_space(&session)?;
        let space = Arc::new(space);
        if self.actions.is_none() {
            self.actions = Some(Actions::new(instance)?);
        }
        let attached = match &self.actions {
            Some(actions) => actions.attach(&session)?,
            None => return Err(sys::Result::ERROR_RUNTIME_FAILURE),
        };
        let tracks_hands = instance.exts().ext_hand_tracking.is_some()
            && instance.supports_hand_tracking(self.system).unwrap_or(false);
        let tracker = |hand| if tracks_hands { session.create_hand_tracker(hand).ok() } else { None };
        let trackers = [tracker(openxr::Hand::LEFT), tracker(openxr::Hand::RIGHT)];
        Ok(Live {
            waiter,
            space,
            on_floor,
            eyes,
            running: false,
            waited: 0,
            state: SessionState::UNKNOWN,
            stopping: false,
            centre: true,
            attached,
            held: [Held::Controller; 2],
            trackers,
            blend_modes,
            session,
        })
    }
}

/// The tracking space, and whether its floor is at 0: the best of those that the runtime offers and gives. Recentring moves
/// the user in the room and not the tracking space, so STAGE, which all runtimes of today know where the play space is set
/// up, comes before LOCAL_FLOOR, which many do not; LOCAL, which every runtime has, is about at the eyes.
fn tracking_space(session: &Session<Vulkan>) -> Result<(Space, bool), sys::Result> {
    let offered = session.enumerate_reference_spaces()?;
    let wanted = [
        (ReferenceSpaceType::STAGE, true),
        (ReferenceSpaceType::LOCAL_FLOOR, true),
        (ReferenceSpaceType::LOCAL, false),
    ];
    let mut refused = sys::Result::ERROR_REFERENCE_SPACE_UNSUPPORTED;
    for (kind, on_floor) in wanted.into_iter().filter(|(kind, _)| offered.contains(kind)) {
        match session.create_reference_space(kind, Posef::IDENTITY) {
            Ok(space) => return Ok((space, on_floor)),
            Err(error @ (sys::Result::ERROR_SESSION_LOST | sys::Result::ERROR_INSTANCE_LOST)) => return Err(error),
            Err(error) => {
                warn!("the runtime offers the space {kind:?} and does not give it ({})", words(error));
                refused = error;
            }
        }
    }
    Err(refused)
}

/// Reports what the hands do in the frame that is to be drawn.
pub(crate) fn read_hands(
    mut connection: ResMut<Connection>,
    now: Res<FrameNow>,
    rig: Res<Rig>,
    mut samples: MessageWriter<HandSample>,
) {
    let connection = &mut *connection;
    let (Some(live), Some(actions)) = (&connection.live, &connection.actions) else { return };
    if !now.running {
        return;
    }
    let time = now.state.predicted_display_time;
    let mut read = match actions.read(&live.attached, &live.session, &live.space, time) {
        Ok(read) => read,
        Err(error) => {
            connection.trouble(error);
            return;
        }
    };
    for (hand, sample) in Hand::BOTH.into_iter().zip(&mut read) {
        let held = live.held[hand as usize];
        if held == Held::WithTrackpad && !sample.buttons.stick {
            // A thumb that rests on a trackpad wants nothing; one that presses it does.
            sample.stick = Vec2::ZERO;
        }
        // A hand without a controller may still be seen.
        let empty = sample.aim.is_none() && sample.grip.is_none();
        if (empty || held == Held::Nothing)
            && let Some(tracker) = &live.trackers[hand as usize]
            && let Ok(Some(joints)) = live.space.locate_hand_joints(tracker, time)
            && let (Some(joints), Some(head)) = (Joints::new(&joints), now.head)
        {
            *sample = if empty { joints.sample(hand, head) } else { joints.refine(*sample, head) };
        }
        let in_room = |pose: RoomPose| pose.moved_by(&rig.transform());
        sample.aim = sample.aim.map(in_room);
        sample.grip = sample.grip.map(in_room);
        samples.write(*sample);
    }
}

/// Lets hands feel what tools ask for.
pub(crate) fn vibrate(mut connection: ResMut<Connection>, mut haptics: MessageReader<Haptic>) {
    let connection = &mut *connection;
    let (Some(live), Some(actions)) = (&connection.live, &connection.actions) else {
        haptics.clear();
        return;
    };
    let failed = haptics.read().find_map(|haptic| actions.vibrate(&live.session, haptic).err());
    if let Some(error) =
        failed.filter(|e| matches!(*e, sys::Result::ERROR_SESSION_LOST | sys::Result::ERROR_INSTANCE_LOST))
    {
        connection.trouble(error);
    }
}

/// Tells the user what the headset does, and why it does not.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn tell(
    mut connection: ResMut<Connection>,
    pacing: Res<Pacing>,
    now: Res<FrameNow>,
    rig: Res<Rig>,
    comfort: Res<Comfort>,
    mut headset: ResMut<Headset>,
    mut notices: ResMut<Notices>,
    mut leave: MessageWriter<Leave>,
    window: Query<(), With<Window>>,
) {
    let shown = connection.live.as_ref().is_some_and(Live::is_shown);
    let told = match &connection.live {
        Some(live) if live.running => format!("{}: {:?}", connection.name, live.state),
        Some(_) => format!("{}: not worn", connection.name),
        None => connection.name.clone(),
    };
    let next = Headset {
        told,
        running: connection.live.as_ref().is_some_and(|live| live.running),
        shown,
        tracking: rig.transform(),
        panel: headset.panel,
        can_pass_through: headset.can_pass_through,
        head: headset.head,
        refresh_hz: if headset.refresh_hz > 0.0 { headset.refresh_hz } else { now.rate() },
        frames: (pacing.times.shown, pacing.times.missed),
        resolution_scale: pacing.control.scale(),
    };
    headset.set_if_neq(next);
    if std::mem::take(&mut connection.floor_unknown) {
        let what = format!(
            "{} does not know where the floor is. The eyes are taken to be {:.1} m above it: recentre when you stand or sit as you will work.",
            connection.name,
            eye_height(comfort.seated)
        );
        warn!("{what}");
        notices.tell(Severity::Warning, what);
    }
    if connection.live.is_none()
        && let Some(what) = connection.told.take()
        && connection.told_before.as_ref() != Some(&what)
    {
        connection.told_before = Some(what.clone());
        warn!("{what}");
        if window.is_empty() && matches!(connection.next, Next::Nothing) {
            // There is nothing else that could show the case.
            leave.write(Leave { failed: (!connection.asked_to_leave).then_some(what) });
        } else {
            notices.tell(Severity::Warning, what);
        }
    }
}
