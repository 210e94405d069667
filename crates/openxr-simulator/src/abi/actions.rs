//! Action sets, actions, suggested bindings.

use openxr_sys::{
    Action, ActionCreateInfo, ActionSet, ActionSetCreateInfo, ActionType, Handle, Instance,
    InteractionProfileSuggestedBinding, Path, Result as Code, Session, SessionActionSetsAttachInfo,
};

use super::call::call;
use super::pointers::{fixed_string, input, input_array, output};
use crate::model::actions::{self, Attached, Suggestion};
use crate::model::paths::is_component;
use crate::model::profiles::{self, USER_PATHS};
use crate::model::state;
use crate::refusal::{Answer, Refusal, refuse};

/// A name and its localized form, checked (xr spec 11.1, 11.2).
fn names(name: &[std::ffi::c_char], localized: &[std::ffi::c_char]) -> Answer<(String, String)> {
    let Some(name) = fixed_string(name).filter(|name| !name.is_empty()) else {
        refuse!(ERROR_NAME_INVALID, "the name is empty, unended or not UTF-8");
    };
    if !is_component(name) {
        refuse!(ERROR_PATH_FORMAT_INVALID, "the name \"{name}\" has characters other than a-z, 0-9, '-', '_' and '.'");
    }
    let Some(localized) = fixed_string(localized).filter(|name| !name.is_empty()) else {
        refuse!(ERROR_LOCALIZED_NAME_INVALID, "the localized name of \"{name}\" is empty, unended or not UTF-8");
    };
    Ok((name.to_owned(), localized.to_owned()))
}

pub(super) unsafe extern "system" fn create_action_set(
    instance: Instance,
    info: *const ActionSetCreateInfo,
    set: *mut ActionSet,
) -> Code {
    call("xrCreateActionSet", |runtime| {
        let instance_raw = instance.into_raw();
        let instance = runtime.instance(instance_raw)?;
        // SAFETY: pointers of the application, checked.
        let info = unsafe { input(info)? };
        let out = output(set, "actionSet")?;
        let (name, localized) = names(&info.action_set_name, &info.localized_action_set_name)?;
        if instance.action_sets.values().any(|other| other.name == name) {
            refuse!(ERROR_NAME_DUPLICATED, "there is an action set \"{name}\" already");
        }
        if instance.action_sets.values().any(|other| other.localized == localized) {
            refuse!(ERROR_LOCALIZED_NAME_DUPLICATED, "there is an action set called \"{localized}\" already");
        }
        let new = actions::ActionSet { name, localized, priority: info.priority, attached: false };
        let raw = runtime.handle();
        runtime.instance(instance_raw)?.action_sets.insert(raw, new);
        out.write(ActionSet::from_raw(raw));
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn destroy_action_set(set: ActionSet) -> Code {
    call("xrDestroyActionSet", |runtime| {
        let raw = set.into_raw();
        let gone = runtime.instance.as_mut().and_then(|instance| {
            let gone = instance.action_sets.remove(&raw)?;
            instance.actions.retain(|_, action| action.set != raw);
            Some(gone)
        });
        gone.map(|_| Code::SUCCESS).ok_or_else(|| Refusal::handle("XrActionSet", raw))
    })
}

pub(super) unsafe extern "system" fn create_action(
    set: ActionSet,
    info: *const ActionCreateInfo,
    action: *mut Action,
) -> Code {
    call("xrCreateAction", |runtime| {
        let set = set.into_raw();
        let instance = runtime.instance_of_set(set)?;
        // SAFETY: pointers of the application, checked.
        let info = unsafe { input(info)? };
        let out = output(action, "action")?;
        if instance.action_sets.get(&set).is_some_and(|set| set.attached) {
            refuse!(ERROR_ACTIONSETS_ALREADY_ATTACHED, "the set was attached to a session and can no longer change");
        }
        let (name, localized) = names(&info.action_name, &info.localized_action_name)?;
        let known = [
            ActionType::BOOLEAN_INPUT,
            ActionType::FLOAT_INPUT,
            ActionType::VECTOR2F_INPUT,
            ActionType::POSE_INPUT,
            ActionType::VIBRATION_OUTPUT,
        ];
        if !known.contains(&info.action_type) {
            return Err(Refusal::invalid(format!("{} is no action type", info.action_type.into_raw())));
        }
        // SAFETY: an array of the application, checked.
        let paths = unsafe { input_array(info.subaction_paths, info.count_subaction_paths, "subactionPaths")? };
        let users = subaction_users(instance, paths)?;
        let siblings = || instance.actions.values().filter(|other| other.set == set);
        if siblings().any(|other| other.name == name) {
            refuse!(ERROR_NAME_DUPLICATED, "there is an action \"{name}\" in the set already");
        }
        if siblings().any(|other| other.localized == localized) {
            refuse!(ERROR_LOCALIZED_NAME_DUPLICATED, "there is an action called \"{localized}\" in the set already");
        }
        let new = actions::Action { set, name, localized, kind: info.action_type, users };
        let raw = runtime.handle();
        runtime.instance_of_set(set)?.actions.insert(raw, new);
        out.write(Action::from_raw(raw));
        Ok(Code::SUCCESS)
    })
}

fn subaction_users(instance: &state::Instance, paths: &[Path]) -> Answer<Vec<&'static str>> {
    let mut users = Vec::new();
    for path in paths {
        let string = instance.paths.string(*path)?;
        let Some(user) = USER_PATHS.iter().find(|user| **user == string) else {
            refuse!(ERROR_PATH_UNSUPPORTED, "\"{string}\" is no top level user path");
        };
        if users.contains(user) {
            refuse!(ERROR_PATH_UNSUPPORTED, "\"{string}\" is twice among the subaction paths");
        }
        users.push(*user);
    }
    Ok(users)
}

pub(super) unsafe extern "system" fn destroy_action(action: Action) -> Code {
    call("xrDestroyAction", |runtime| {
        let raw = action.into_raw();
        let gone = runtime.instance.as_mut().and_then(|instance| instance.actions.remove(&raw));
        gone.map(|_| Code::SUCCESS).ok_or_else(|| Refusal::handle("XrAction", raw))
    })
}

pub(super) unsafe extern "system" fn suggest_bindings(
    instance: Instance,
    info: *const InteractionProfileSuggestedBinding,
) -> Code {
    call("xrSuggestInteractionProfileBindings", |runtime| {
        let instance = runtime.instance(instance.into_raw())?;
        // SAFETY: pointers of the application, checked.
        let bindings = unsafe {
            let info = input(info)?;
            if info.count_suggested_bindings == 0 {
                return Err(Refusal::invalid("countSuggestedBindings is 0"));
            }
            input_array(info.suggested_bindings, info.count_suggested_bindings, "suggestedBindings")?
        };
        // SAFETY: checked just now.
        let path = instance.paths.string(unsafe { (*info).interaction_profile })?;
        let profile = profiles::named(path).filter(|profile| {
            // Those of hands and newer controllers are there when their extension is on.
            profile.extension.is_none_or(|extension| instance.has(extension))
        });
        let Some(profile) = profile else {
            refuse!(ERROR_PATH_UNSUPPORTED, "\"{path}\" is no interaction profile (or its extension is not enabled)");
        };
        let mut suggestions = Vec::with_capacity(bindings.len());
        let mut doubts = Vec::new();
        for binding in bindings {
            let raw = binding.action.into_raw();
            let Some(action) = instance.actions.get(&raw) else { return Err(Refusal::handle("XrAction", raw)) };
            if instance.action_sets.get(&action.set).is_some_and(|set| set.attached) {
                refuse!(
                    ERROR_ACTIONSETS_ALREADY_ATTACHED,
                    "the set of action \"{}\" was attached to a session: suggest bindings before",
                    action.name
                );
            }
            let path = instance.paths.string(binding.binding)?;
            let palm = instance.has("XR_EXT_palm_pose");
            let Some(source) = profile.resolve(path, action.kind, palm) else {
                refuse!(ERROR_PATH_UNSUPPORTED, "{} has no \"{path}\"", profile.title);
            };
            if !source.suits(action.kind) {
                let why = format!("\"{path}\" cannot feed action \"{}\" ({:?}): not bound", action.name, action.kind);
                doubts.push(why);
                continue;
            }
            suggestions.push(Suggestion { action: raw, source });
        }
        instance.suggestions.insert(profile.path.to_owned(), suggestions);
        for why in doubts {
            runtime.log.problem("xrSuggestInteractionProfileBindings", None, &why);
        }
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn attach_action_sets(
    session: Session,
    info: *const SessionActionSetsAttachInfo,
) -> Code {
    call("xrAttachSessionActionSets", |runtime| {
        let within = runtime.session(session.into_raw())?;
        // SAFETY: pointers of the application, checked.
        let sets = unsafe {
            let info = input(info)?;
            if info.count_action_sets == 0 {
                return Err(Refusal::invalid("countActionSets is 0"));
            }
            input_array(info.action_sets, info.count_action_sets, "actionSets")?
        };
        let mut attached = Attached::default();
        for set in sets {
            let raw = set.into_raw();
            if !within.action_sets.contains_key(&raw) {
                return Err(Refusal::handle("XrActionSet", raw));
            }
            attached.sets.insert(raw);
        }
        if within.session.attached.is_some() {
            refuse!(ERROR_ACTIONSETS_ALREADY_ATTACHED, "action sets are attached once in a session's life");
        }
        for raw in &attached.sets {
            if let Some(set) = within.action_sets.get_mut(raw) {
                set.attached = true;
            }
        }
        within.session.attached = Some(attached);
        Ok(Code::SUCCESS)
    })
}
