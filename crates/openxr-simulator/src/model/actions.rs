//! Actions: what the application calls its inputs, and what the hands do to them (xr spec 11).

use std::collections::{BTreeMap, BTreeSet};

use glam::DVec2;
use openxr_sys::ActionType;

use super::devices::Side;
use super::events::Event;
use super::profiles::{self, Kind, Profile, Source};
use super::state::Within;
use super::track::Nanos;
use crate::refusal::{Answer, Refusal, refuse};

/// An `XrActionSet`.
#[derive(Debug)]
pub(crate) struct ActionSet {
    pub name: String,
    pub localized: String,
    pub priority: u32,
    /// Was ever attached to a session: nothing about it may change any more.
    pub attached: bool,
}

/// An `XrAction`.
#[derive(Debug)]
pub(crate) struct Action {
    pub set: u64,
    pub name: String,
    pub localized: String,
    pub kind: ActionType,
    /// The user paths that can be told apart.
    pub users: Vec<&'static str>,
}

/// A binding that the application would like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Suggestion {
    pub action: u64,
    pub source: Source,
}

/// A session's action sets and what the last sync found.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    pub sets: BTreeSet<u64>,
    /// The profile in use at each user path.
    pub profiles: BTreeMap<&'static str, &'static Profile>,
    states: BTreeMap<(u64, Option<&'static str>), State>,
}

/// The state of an action, of one user path or of all together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct State {
    pub active: bool,
    /// x alone for numbers; 0 or 1 for what is on or off.
    pub value: DVec2,
    pub changed: bool,
    pub last_change: Nanos,
}

/// An active action set of `xrSyncActions`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Active {
    pub set: u64,
    pub user: Option<&'static str>,
}

/// Profiles that stand in for one that the application knows nothing of, best first.
const FALLBACKS: [&str; 6] = [
    "/interaction_profiles/oculus/touch_controller",
    "/interaction_profiles/valve/index_controller",
    "/interaction_profiles/microsoft/motion_controller",
    "/interaction_profiles/htc/vive_controller",
    "/interaction_profiles/bytedance/pico4_controller",
    "/interaction_profiles/khr/simple_controller",
];

impl Within<'_> {
    pub(crate) fn attached(&self) -> Answer<&Attached> {
        match &self.session.attached {
            Some(attached) => Ok(attached),
            None => refuse!(ERROR_ACTIONSET_NOT_ATTACHED, "no action set is attached to the session"),
        }
    }

    /// An action whose set is attached to this session.
    pub(crate) fn attached_action(&self, raw: u64) -> Answer<&Action> {
        let action = self.actions.get(&raw).ok_or_else(|| Refusal::handle("XrAction", raw))?;
        if !self.session.attached.as_ref().is_some_and(|attached| attached.sets.contains(&action.set)) {
            refuse!(
                ERROR_ACTIONSET_NOT_ATTACHED,
                "the set of action \"{}\" is not attached to the session",
                action.name
            );
        }
        Ok(action)
    }

    /// The state that the last sync found. `user` must be one that the action was made with.
    pub(crate) fn action_state(&self, raw: u64, user: Option<&'static str>) -> State {
        let attached = self.session.attached.as_ref();
        attached.and_then(|attached| attached.states.get(&(raw, user))).copied().unwrap_or_default()
    }

    /// Which profile is in use at a user path: that of the controller, if the application suggested bindings for it;
    /// else another that it did suggest, as runtimes do.
    fn choose_profile(&self, user: &'static str) -> Option<&'static Profile> {
        let held = self.world.hand(Side::of_user(user)?).profile.as_deref()?;
        let candidates = [held].into_iter().chain(FALLBACKS);
        candidates
            .filter(|path| self.suggestions.contains_key(*path))
            .filter_map(profiles::named)
            .find(|profile| profile.has_user(user))
    }

    /// The sources bound to an action at a user path (or all), under the profiles in use.
    pub(crate) fn sources(&self, raw: u64, user: Option<&'static str>) -> Vec<Source> {
        let (Some(attached), Some(action)) = (&self.session.attached, self.actions.get(&raw)) else {
            return Vec::new();
        };
        let mut sources: Vec<Source> = Vec::new();
        for (at, profile) in &attached.profiles {
            if user.is_some_and(|user| user != *at) || !(action.users.is_empty() || action.users.contains(at)) {
                continue;
            }
            let suggested = self.suggestions.get(profile.path).into_iter().flatten();
            for suggestion in suggested.filter(|suggestion| suggestion.action == raw && suggestion.source.user == *at) {
                if !sources.iter().any(|source| source.path() == suggestion.source.path()) {
                    sources.push(suggestion.source);
                }
            }
        }
        sources
    }

    /// The source of a pose action that is active.
    pub(crate) fn pose_source(&self, action: u64, user: Option<&'static str>) -> Option<Source> {
        if !self.focused() || !self.action_state(action, user).active {
            return None;
        }
        self.sources(action, user).first().copied()
    }

    /// Takes up the controllers in hand; tells the application when that changes what its bindings are.
    fn update_profiles(&mut self) {
        let chosen: BTreeMap<_, _> = [Side::Left, Side::Right]
            .into_iter()
            .filter_map(|side| Some((side.user(), self.choose_profile(side.user())?)))
            .collect();
        let Some(attached) = &mut self.session.attached else { return };
        let paths = |profiles: &BTreeMap<&'static str, &'static Profile>| -> Vec<_> {
            profiles.iter().map(|(user, profile)| (*user, profile.path)).collect()
        };
        if paths(&chosen) != paths(&attached.profiles) {
            self.log.note(&format!("interaction profiles {:?}", paths(&chosen)));
            attached.profiles = chosen;
            self.events.push(Event::InteractionProfileChanged { session: self.session.raw });
        }
    }

    /// `xrSyncActions`: reads all inputs for the active sets. Inputs of a set with lower priority are silent where a
    /// higher one has the same input.
    pub(crate) fn sync(&mut self, active: &[Active]) {
        if self.focused() {
            self.update_profiles();
        }
        let mut fresh = BTreeMap::new();
        if self.focused() {
            let now = self.now;
            for raw in self.actions.keys().copied().collect::<Vec<_>>() {
                let users = self.actions.get(&raw).map(|action| action.users.clone()).unwrap_or_default();
                for user in users.into_iter().map(Some).chain([None]) {
                    let state = self.read(raw, user, active);
                    let before = self.action_state(raw, user);
                    let changed = state.active && state.value != if before.active { before.value } else { DVec2::ZERO };
                    let last_change = match (state.active, changed) {
                        (false, _) => 0,
                        (true, true) => now,
                        (true, false) => before.last_change,
                    };
                    fresh.insert((raw, user), State { changed, last_change, ..state });
                }
            }
        }
        if let Some(attached) = &mut self.session.attached {
            attached.states = fresh;
        }
    }

    fn read(&self, raw: u64, user: Option<&'static str>, active: &[Active]) -> State {
        let Some(action) = self.actions.get(&raw) else { return State::default() };
        let synced = |source: &Source| {
            active.iter().any(|one| one.set == action.set && one.user.is_none_or(|user| user == source.user))
        };
        let mut state = State::default();
        for source in self.sources(raw, user) {
            if !synced(&source) || self.suppressed(action.set, &source, active) {
                continue;
            }
            let Some(side) = Side::of_user(source.user) else { continue };
            let hand = self.world.hand(side);
            state.active = true;
            let read = |subpath: &str, kind| hand.value(subpath, kind);
            let subpath = source.component.subpath;
            let value = match source.component.kind {
                Kind::Vec2 => {
                    let axis = |axis: &str| read(&format!("{subpath}/{axis}"), Kind::Float);
                    DVec2::new(axis("x"), axis("y"))
                }
                kind @ (Kind::Bool | Kind::Float) => DVec2::new(read(subpath, kind), 0.0),
                Kind::Pose | Kind::Haptic => DVec2::ZERO,
            };
            // Several sources: any button, the largest number, the longest stick (xr spec 11.4.2).
            match action.kind {
                ActionType::BOOLEAN_INPUT => state.value.x = state.value.x.max(f64::from(u8::from(value.x > 0.5))),
                ActionType::FLOAT_INPUT if value.x.abs() > state.value.x.abs() => state.value = value,
                ActionType::VECTOR2F_INPUT if value.length() > state.value.length() => state.value = value,
                _ => {}
            }
        }
        state
    }

    /// Whether an active set of higher priority has an action on the same input.
    fn suppressed(&self, set: u64, source: &Source, active: &[Active]) -> bool {
        let priority = |set: u64| self.action_sets.get(&set).map_or(0, |set| set.priority);
        let mine = priority(set);
        let higher =
            active.iter().filter(|one| priority(one.set) > mine && one.user.is_none_or(|user| user == source.user));
        let profile = self.session.attached.as_ref().and_then(|attached| attached.profiles.get(source.user));
        let Some(suggested) = profile.and_then(|profile| self.suggestions.get(profile.path)) else { return false };
        higher.into_iter().any(|one| {
            suggested.iter().any(|other| {
                other.source.identifier() == source.identifier()
                    && self.actions.get(&other.action).is_some_and(|action| action.set == one.set)
            })
        })
    }
}
