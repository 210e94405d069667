//! Reading actions, and haptics.

use std::ffi::c_char;

use openxr_sys::{
    Action, ActionStateBoolean, ActionStateFloat, ActionStateGetInfo, ActionStatePose, ActionStateVector2f, ActionType,
    ActionsSyncInfo, BoundSourcesForActionEnumerateInfo, Handle, HapticActionInfo, HapticBaseHeader, HapticVibration,
    InputSourceLocalizedNameFlags, InputSourceLocalizedNameGetInfo, InteractionProfileState, Path, Result as Code,
    Session, Time, Vector2f,
};

use super::call::call;
use super::pointers::{fill, fill_text, input, input_array, output_struct};
use crate::model::actions::{Active, State};
use crate::model::profiles::{self, USER_PATHS};
use crate::model::state::{Runtime, Within};
use crate::model::world::Haptic;
use crate::refusal::{Answer, Refusal, refuse};

pub(super) unsafe extern "system" fn sync_actions(session: Session, info: *const ActionsSyncInfo) -> Code {
    call("xrSyncActions", |runtime| {
        let mut within = runtime.session(session.into_raw())?;
        // SAFETY: pointers of the application, checked.
        let sets = unsafe {
            let info = input(info)?;
            input_array(info.active_action_sets, info.count_active_action_sets, "activeActionSets")?
        };
        let mut active = Vec::with_capacity(sets.len());
        for one in sets {
            let set = one.action_set.into_raw();
            if !within.action_sets.contains_key(&set) {
                return Err(Refusal::handle("XrActionSet", set));
            }
            if !within.session.attached.as_ref().is_some_and(|attached| attached.sets.contains(&set)) {
                refuse!(ERROR_ACTIONSET_NOT_ATTACHED, "an active action set is not attached to the session");
            }
            let user = within.user_path(one.subaction_path)?;
            if let Some(user) = user {
                let declared =
                    |action: &crate::model::actions::Action| action.set == set && action.users.contains(&user);
                if !within.actions.values().any(declared) {
                    refuse!(ERROR_PATH_UNSUPPORTED, "no action of the set was made with the subaction path \"{user}\"");
                }
            }
            active.push(Active { set, user });
        }
        within.sync(&active);
        Ok(if within.focused() { Code::SUCCESS } else { Code::SESSION_NOT_FOCUSED })
    })
}

/// The action of a query, checked: its kind, and the subaction path.
fn query(within: &Within<'_>, action: Action, path: Path, kind: ActionType) -> Answer<Option<&'static str>> {
    let raw = action.into_raw();
    let Some(found) = within.actions.get(&raw) else { return Err(Refusal::handle("XrAction", raw)) };
    if found.kind != kind {
        refuse!(ERROR_ACTION_TYPE_MISMATCH, "action \"{}\" is {:?}, not {kind:?}", found.name, found.kind);
    }
    let user = within.user_path(path)?;
    if let Some(user) = user
        && !found.users.contains(&user)
    {
        refuse!(ERROR_PATH_UNSUPPORTED, "action \"{}\" was not made with the subaction path \"{user}\"", found.name);
    }
    within.attached_action(raw)?;
    Ok(user)
}

fn read(runtime: &mut Runtime, session: Session, info: *const ActionStateGetInfo, kind: ActionType) -> Answer<State> {
    let within = runtime.session(session.into_raw())?;
    // SAFETY: a structure of the application, checked.
    let info = unsafe { input(info)? };
    let user = query(&within, info.action, info.subaction_path, kind)?;
    Ok(within.action_state(info.action.into_raw(), user))
}

pub(super) unsafe extern "system" fn get_boolean(
    session: Session,
    info: *const ActionStateGetInfo,
    state: *mut ActionStateBoolean,
) -> Code {
    call("xrGetActionStateBoolean", |runtime| {
        let found = read(runtime, session, info, ActionType::BOOLEAN_INPUT)?;
        // SAFETY: a structure of the application, checked.
        let out = unsafe { output_struct(state)? };
        let next = out.next();
        out.write(ActionStateBoolean {
            ty: ActionStateBoolean::TYPE,
            next,
            current_state: (found.value.x > 0.5).into(),
            changed_since_last_sync: found.changed.into(),
            last_change_time: Time::from_nanos(found.last_change),
            is_active: found.active.into(),
        });
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn get_float(
    session: Session,
    info: *const ActionStateGetInfo,
    state: *mut ActionStateFloat,
) -> Code {
    call("xrGetActionStateFloat", |runtime| {
        let found = read(runtime, session, info, ActionType::FLOAT_INPUT)?;
        // SAFETY: a structure of the application, checked.
        let out = unsafe { output_struct(state)? };
        let next = out.next();
        out.write(ActionStateFloat {
            ty: ActionStateFloat::TYPE,
            next,
            current_state: found.value.x as f32,
            changed_since_last_sync: found.changed.into(),
            last_change_time: Time::from_nanos(found.last_change),
            is_active: found.active.into(),
        });
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn get_vector2f(
    session: Session,
    info: *const ActionStateGetInfo,
    state: *mut ActionStateVector2f,
) -> Code {
    call("xrGetActionStateVector2f", |runtime| {
        let found = read(runtime, session, info, ActionType::VECTOR2F_INPUT)?;
        // SAFETY: a structure of the application, checked.
        let out = unsafe { output_struct(state)? };
        let next = out.next();
        out.write(ActionStateVector2f {
            ty: ActionStateVector2f::TYPE,
            next,
            current_state: Vector2f { x: found.value.x as f32, y: found.value.y as f32 },
            changed_since_last_sync: found.changed.into(),
            last_change_time: Time::from_nanos(found.last_change),
            is_active: found.active.into(),
        });
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn get_pose(
    session: Session,
    info: *const ActionStateGetInfo,
    state: *mut ActionStatePose,
) -> Code {
    call("xrGetActionStatePose", |runtime| {
        let found = read(runtime, session, info, ActionType::POSE_INPUT)?;
        // SAFETY: a structure of the application, checked.
        let out = unsafe { output_struct(state)? };
        let next = out.next();
        out.write(ActionStatePose { ty: ActionStatePose::TYPE, next, is_active: found.active.into() });
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn current_profile(
    session: Session,
    user: Path,
    state: *mut InteractionProfileState,
) -> Code {
    call("xrGetCurrentInteractionProfile", |runtime| {
        let within = runtime.session(session.into_raw())?;
        // SAFETY: a structure of the application, checked.
        let out = unsafe { output_struct(state)? };
        let Some(user) = within.user_path(user)? else {
            refuse!(ERROR_PATH_INVALID, "topLevelUserPath is XR_NULL_PATH");
        };
        let profile = within.attached()?.profiles.get(user).map(|profile| profile.path);
        let next = out.next();
        out.write(InteractionProfileState {
            ty: InteractionProfileState::TYPE,
            next,
            interaction_profile: profile.map_or(Path::NULL, |path| within.paths.intern(path)),
        });
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn bound_sources(
    session: Session,
    info: *const BoundSourcesForActionEnumerateInfo,
    capacity: u32,
    count: *mut u32,
    sources: *mut Path,
) -> Code {
    call("xrEnumerateBoundSourcesForAction", |runtime| {
        let within = runtime.session(session.into_raw())?;
        // SAFETY: a structure of the application, checked.
        let info = unsafe { input(info)? };
        let raw = info.action.into_raw();
        within.attached_action(raw)?;
        let found = within.sources(raw, None);
        let paths: Vec<Path> = found.iter().map(|source| within.paths.intern(&source.path())).collect();
        // SAFETY: an array of the application, checked.
        unsafe { fill(capacity, count, sources, &paths) }
    })
}

pub(super) unsafe extern "system" fn localized_name(
    session: Session,
    info: *const InputSourceLocalizedNameGetInfo,
    capacity: u32,
    count: *mut u32,
    buffer: *mut c_char,
) -> Code {
    call("xrGetInputSourceLocalizedName", |runtime| {
        let within = runtime.session(session.into_raw())?;
        // SAFETY: a structure of the application, checked.
        let info = unsafe { input(info)? };
        let known = InputSourceLocalizedNameFlags::USER_PATH
            | InputSourceLocalizedNameFlags::INTERACTION_PROFILE
            | InputSourceLocalizedNameFlags::COMPONENT;
        if info.which_components.is_empty() || !known.contains(info.which_components) {
            return Err(Refusal::invalid(format!("whichComponents is {:#x}", info.which_components.into_raw())));
        }
        let path = within.paths.string(info.source_path)?;
        let attached = within.attached()?;
        let Some(user) =
            USER_PATHS.iter().find(|user| path.strip_prefix(**user).is_some_and(|rest| rest.starts_with('/')))
        else {
            refuse!(ERROR_PATH_UNSUPPORTED, "\"{path}\" is no input source");
        };
        let mut words = Vec::new();
        if info.which_components.contains(InputSourceLocalizedNameFlags::USER_PATH) {
            words.push(match *user {
                "/user/hand/left" => "Left Hand".to_owned(),
                "/user/hand/right" => "Right Hand".to_owned(),
                other => other.trim_start_matches("/user/").to_owned(),
            });
        }
        if info.which_components.contains(InputSourceLocalizedNameFlags::INTERACTION_PROFILE) {
            let profile = attached.profiles.get(user).copied().or_else(|| profiles::all().first());
            words.extend(profile.map(|profile| profile.title.to_owned()));
        }
        if info.which_components.contains(InputSourceLocalizedNameFlags::COMPONENT) {
            let component = path.trim_start_matches(*user).trim_start_matches("/input/").trim_start_matches("/output/");
            words.push(component.replace(['/', '_'], " "));
        }
        // SAFETY: an array of the application, checked.
        unsafe { fill_text(capacity, count, buffer, &words.join(" ")) }
    })
}

/// The motors that a haptic action reaches.
fn motors(runtime: &mut Runtime, session: Session, info: *const HapticActionInfo) -> Answer<Vec<String>> {
    let within = runtime.session(session.into_raw())?;
    // SAFETY: a structure of the application, checked.
    let info = unsafe { input(info)? };
    let user = query(&within, info.action, info.subaction_path, ActionType::VIBRATION_OUTPUT)?;
    Ok(within.sources(info.action.into_raw(), user).iter().map(|source| source.user.to_owned()).collect())
}

fn rumble(runtime: &mut Runtime, session: Session, hands: Vec<String>, what: Option<(i64, f32, f32)>) -> Answer {
    if !runtime.session(session.into_raw())?.focused() {
        return Ok(Code::SESSION_NOT_FOCUSED);
    }
    let frame = runtime.world.frame;
    for hand in hands {
        let (duration, frequency, amplitude) = match what {
            Some((duration, frequency, amplitude)) => (duration, frequency, Some(amplitude)),
            None => (0, 0.0, None),
        };
        runtime.world.haptics.push(Haptic { frame, hand, duration, frequency, amplitude });
    }
    Ok(Code::SUCCESS)
}

pub(super) unsafe extern "system" fn apply_haptics(
    session: Session,
    info: *const HapticActionInfo,
    haptic: *const HapticBaseHeader,
) -> Code {
    call("xrApplyHapticFeedback", |runtime| {
        let hands = motors(runtime, session, info)?;
        // SAFETY: a structure of the application; the type that it must have is checked.
        let vibration = unsafe { input(haptic.cast::<HapticVibration>())? };
        let duration = vibration.duration.as_nanos();
        if duration <= 0 && duration != openxr_sys::Duration::MIN_HAPTIC.as_nanos() {
            return Err(Refusal::invalid(format!("the duration is {duration} ns")));
        }
        if !(0.0..=1.0).contains(&vibration.amplitude) || vibration.frequency.is_nan() || vibration.frequency < 0.0 {
            return Err(Refusal::invalid(format!(
                "amplitude {} (0 to 1), frequency {} (0 or more)",
                vibration.amplitude, vibration.frequency
            )));
        }
        rumble(runtime, session, hands, Some((duration, vibration.frequency, vibration.amplitude)))
    })
}

pub(super) unsafe extern "system" fn stop_haptics(session: Session, info: *const HapticActionInfo) -> Code {
    call("xrStopHapticFeedback", |runtime| {
        let hands = motors(runtime, session, info)?;
        rumble(runtime, session, hands, None)
    })
}
