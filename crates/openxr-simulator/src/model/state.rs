//! What the application has made: one instance at a time, with one session at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openxr_sys::{Path, SessionState};

use super::actions::{Action, ActionSet, Attached, Suggestion};
use super::devices::Side;
use super::events::{Event, Events};
use super::frames::Frames;
use super::paths::Paths;
use super::spaces::Space;
use super::swapchains::Swapchain;
use super::track::Nanos;
use super::world::World;
use crate::log::Log;
use crate::refusal::{Answer, Refusal, refuse};
use crate::script::Script;
use crate::vulkan::{Format, Watcher};

/// The only system there is.
pub(crate) const SYSTEM: u64 = 0x5157;

/// A job to be done when the lock is free again, before the call returns.
pub(crate) type After = Box<dyn FnOnce() + Send>;

/// All of it, behind one lock.
pub(crate) struct Runtime {
    pub world: World,
    pub script: Script,
    pub log: Log,
    /// Why no instance can be made: the environment asked for what cannot be done.
    pub unusable: Option<String>,
    pub instance: Option<Instance>,
    pub after: Vec<After>,
    next_handle: u64,
}

/// An `XrInstance`.
pub(crate) struct Instance {
    pub raw: u64,
    pub extensions: BTreeSet<&'static str>,
    pub paths: Paths,
    pub events: Events,
    pub system_asked: bool,
    pub action_sets: BTreeMap<u64, ActionSet>,
    pub actions: BTreeMap<u64, Action>,
    /// By profile.
    pub suggestions: BTreeMap<String, Vec<Suggestion>>,
    pub graphics: Graphics,
    pub messengers: BTreeMap<u64, crate::abi::debug::Messenger>,
    pub session: Option<Session>,
    pub lost_at: Option<Nanos>,
}

/// What has been settled about Vulkan before the session is made.
#[derive(Default)]
pub(crate) struct Graphics {
    pub requirements_asked: bool,
    pub loader: Option<ash::StaticFn>,
    /// The application's `VkInstance`, as last told.
    pub vulkan: Option<u64>,
    /// The device that the runtime named.
    pub physical: Option<u64>,
}

/// An `XrSession`.
pub(crate) struct Session {
    pub raw: u64,
    pub state: SessionState,
    pub running: bool,
    pub exiting: bool,
    pub lost_at: Option<Nanos>,
    pub frames: Frames,
    pub spaces: BTreeMap<u64, Space>,
    pub swapchains: BTreeMap<u64, Swapchain>,
    pub trackers: BTreeMap<u64, Side>,
    /// Whether each passthrough runs.
    pub passthroughs: BTreeMap<u64, bool>,
    /// The passthrough of each layer, and whether it is shown.
    pub passthrough_layers: BTreeMap<u64, (u64, bool)>,
    pub attached: Option<Attached>,
    pub formats: Vec<Format>,
    pub watcher: Arc<Watcher>,
}

impl Runtime {
    pub(crate) fn new(world: World, script: Script, log: Log) -> Self {
        Self { world, script, log, unusable: None, instance: None, after: Vec::new(), next_handle: 0x51_0000_0000 }
    }

    /// A handle that no object ever had or will have.
    pub(crate) fn handle(&mut self) -> u64 {
        self.next_handle += 0x11;
        self.next_handle
    }

    pub(crate) fn now(&self) -> Nanos {
        self.world.clock.now()
    }

    /// The instance, if it is this one and lives.
    pub(crate) fn instance(&mut self, raw: u64) -> Answer<&mut Instance> {
        let (now, dead) = (self.now(), self.world.dead);
        let instance = self.any_instance(raw)?;
        if dead || instance.lost_at.is_some_and(|at| at <= now) {
            refuse!(ERROR_INSTANCE_LOST, "the instance is lost (by the script)");
        }
        Ok(instance)
    }

    /// As [`Runtime::instance`], lost or not.
    pub(crate) fn any_instance(&mut self, raw: u64) -> Answer<&mut Instance> {
        self.instance.as_mut().filter(|instance| instance.raw == raw).ok_or_else(|| Refusal::handle("XrInstance", raw))
    }

    /// Checks a system id.
    pub(crate) fn system(&mut self, instance: u64, system: u64) -> Answer<&mut Instance> {
        let instance = self.instance(instance)?;
        if system != SYSTEM || !instance.system_asked {
            refuse!(ERROR_SYSTEM_INVALID, "{system:#x} is no system id that xrGetSystem gave");
        }
        Ok(instance)
    }

    /// World and instance of the session `raw`, whether lost or not.
    pub(crate) fn any_session(&mut self, raw: u64) -> Answer<(&mut World, &mut Instance)> {
        let is_it = |instance: &&mut Instance| instance.session.as_ref().is_some_and(|session| session.raw == raw);
        match self.instance.as_mut().filter(is_it) {
            Some(instance) => Ok((&mut self.world, instance)),
            None => Err(Refusal::handle("XrSession", raw)),
        }
    }

    /// The raw handle of the living session that `owns` finds in it.
    fn owner(&self, what: &str, raw: u64, owns: impl Fn(&Session) -> bool) -> Answer<u64> {
        let session = self.instance.as_ref().and_then(|instance| instance.session.as_ref());
        session.filter(|session| owns(session)).map(|session| session.raw).ok_or_else(|| Refusal::handle(what, raw))
    }

    /// A living session with what is around it.
    pub(crate) fn session(&mut self, raw: u64) -> Answer<Within<'_>> {
        self.any_session(raw)?;
        let now = self.now();
        let dead = self.world.dead;
        let gone = || Refusal::handle("XrSession", raw);
        let Instance { session, events, paths, extensions, action_sets, actions, suggestions, lost_at, .. } =
            self.instance.as_mut().ok_or_else(gone)?;
        if dead || lost_at.is_some_and(|at| at <= now) {
            refuse!(ERROR_INSTANCE_LOST, "the instance is lost (by the script)");
        }
        let session = session.as_mut().ok_or_else(gone)?;
        if session.lost_at.is_some_and(|at| at <= now) {
            refuse!(ERROR_SESSION_LOST, "the session is lost (by the script): destroy it");
        }
        Ok(Within {
            world: &mut self.world,
            next_handle: &mut self.next_handle,
            log: &mut self.log,
            session,
            events,
            paths,
            extensions,
            action_sets,
            actions,
            suggestions,
            now,
        })
    }

    pub(crate) fn session_of_space(&mut self, space: u64) -> Answer<Within<'_>> {
        let owner = self.owner("XrSpace", space, |session| session.spaces.contains_key(&space))?;
        self.session(owner)
    }

    pub(crate) fn session_of_swapchain(&mut self, swapchain: u64) -> Answer<Within<'_>> {
        let owner = self.owner("XrSwapchain", swapchain, |session| session.swapchains.contains_key(&swapchain))?;
        self.session(owner)
    }

    pub(crate) fn session_of_tracker(&mut self, tracker: u64) -> Answer<Within<'_>> {
        let owner = self.owner("XrHandTrackerEXT", tracker, |session| session.trackers.contains_key(&tracker))?;
        self.session(owner)
    }

    pub(crate) fn session_of_passthrough(&mut self, raw: u64) -> Answer<Within<'_>> {
        let owner = self.owner("XrPassthroughFB", raw, |session| session.passthroughs.contains_key(&raw))?;
        self.session(owner)
    }

    pub(crate) fn session_of_passthrough_layer(&mut self, raw: u64) -> Answer<Within<'_>> {
        let owner = self.owner("XrPassthroughLayerFB", raw, |session| session.passthrough_layers.contains_key(&raw))?;
        self.session(owner)
    }

    /// The instance of an action set.
    pub(crate) fn instance_of_set(&mut self, set: u64) -> Answer<&mut Instance> {
        let owner = self.instance.as_ref().filter(|instance| instance.action_sets.contains_key(&set));
        let owner = owner.map(|instance| instance.raw).ok_or_else(|| Refusal::handle("XrActionSet", set))?;
        self.instance(owner)
    }

    /// Ends a session: what it holds is given back after the lock is free.
    pub(crate) fn drop_session(&mut self) {
        if let Some(instance) = &mut self.instance
            && let Some(session) = instance.session.take()
        {
            instance.events.forget(session.raw);
            self.world.clock.rest();
            self.after.push(Box::new(move || session.free()));
        }
    }

    /// Ends an instance with all that is in it.
    pub(crate) fn drop_instance(&mut self) {
        self.drop_session();
        self.instance = None;
    }
}

impl Session {
    fn free(self) {
        self.watcher.flush();
        for swapchain in self.swapchains.into_values() {
            swapchain.free(&self.watcher.device);
        }
    }
}

impl Instance {
    pub(crate) fn has(&self, extension: &str) -> bool {
        self.extensions.contains(extension)
    }
}

/// A living session and its surroundings, borrowed apart.
pub(crate) struct Within<'a> {
    pub world: &'a mut World,
    pub log: &'a mut Log,
    pub session: &'a mut Session,
    pub events: &'a mut Events,
    pub paths: &'a mut Paths,
    pub extensions: &'a BTreeSet<&'static str>,
    pub action_sets: &'a mut BTreeMap<u64, ActionSet>,
    pub actions: &'a mut BTreeMap<u64, Action>,
    pub suggestions: &'a BTreeMap<String, Vec<Suggestion>>,
    pub now: Nanos,
    next_handle: &'a mut u64,
}

impl Within<'_> {
    pub(crate) fn handle(&mut self) -> u64 {
        *self.next_handle += 0x11;
        *self.next_handle
    }

    pub(crate) fn has(&self, extension: &str) -> bool {
        self.extensions.contains(extension)
    }

    /// The session must be between `xrBeginSession` and `xrEndSession`.
    pub(crate) fn running(&self) -> Answer<()> {
        if !self.session.running {
            refuse!(ERROR_SESSION_NOT_RUNNING, "the session is {:?}: xrBeginSession comes first", self.session.state);
        }
        Ok(())
    }

    /// Goes to a state and tells.
    pub(crate) fn enter(&mut self, state: SessionState) {
        self.session.state = state;
        self.events.push(Event::SessionState { session: self.session.raw, state, at: self.now });
        self.log.note(&format!("session {state:?}"));
    }

    /// A user path (`/user/hand/left`) behind an atom, which may be `XR_NULL_PATH`.
    pub(crate) fn user_path(&self, path: Path) -> Answer<Option<&'static str>> {
        if path == Path::NULL {
            return Ok(None);
        }
        let string = self.paths.string(path)?;
        match super::profiles::USER_PATHS.iter().find(|user| **user == string) {
            Some(user) => Ok(Some(user)),
            None => refuse!(ERROR_PATH_UNSUPPORTED, "\"{string}\" is no top level user path"),
        }
    }
}
