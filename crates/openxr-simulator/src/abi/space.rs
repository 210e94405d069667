//! Spaces and views.

use openxr_sys::{
    ActionSpaceCreateInfo, ActionType, Extent2Df, Handle, Posef, ReferenceSpaceCreateInfo, ReferenceSpaceType,
    Result as Code, Session, Space, SpaceLocation, SpaceVelocity, SpaceVelocityFlags, Time, Vector3f, View,
    ViewLocateInfo, ViewState, ViewStateFlags,
};

use super::call::call;
use super::pointers::{Chain, fill, fill_structs, input, output, output_struct};
use super::system::check_view_configuration;
use crate::model::pose::{Pose, vector};
use crate::model::spaces::{self, Anchor, Located, check_time, flags};
use crate::refusal::{Refusal, refuse};

pub(super) unsafe extern "system" fn enumerate_reference_spaces(
    session: Session,
    capacity: u32,
    count: *mut u32,
    kinds: *mut ReferenceSpaceType,
) -> Code {
    call("xrEnumerateReferenceSpaces", |runtime| {
        let within = runtime.session(session.into_raw())?;
        // SAFETY: an array of the application, checked.
        unsafe { fill(capacity, count, kinds, &within.reference_spaces()) }
    })
}

pub(super) unsafe extern "system" fn create_reference_space(
    session: Session,
    info: *const ReferenceSpaceCreateInfo,
    space: *mut Space,
) -> Code {
    call("xrCreateReferenceSpace", |runtime| {
        let mut within = runtime.session(session.into_raw())?;
        // SAFETY: pointers of the application, checked.
        let info = unsafe { input(info)? };
        let out = output(space, "space")?;
        if !within.reference_spaces().contains(&info.reference_space_type) {
            refuse!(ERROR_REFERENCE_SPACE_UNSUPPORTED, "there is no {:?} here", info.reference_space_type);
        }
        let offset = Pose::from_app(&info.pose_in_reference_space, "poseInReferenceSpace")?;
        let raw = within.handle();
        let anchor = Anchor::Reference(info.reference_space_type);
        within.session.spaces.insert(raw, spaces::Space { anchor, offset });
        out.write(Space::from_raw(raw));
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn create_action_space(
    session: Session,
    info: *const ActionSpaceCreateInfo,
    space: *mut Space,
) -> Code {
    call("xrCreateActionSpace", |runtime| {
        let mut within = runtime.session(session.into_raw())?;
        // SAFETY: pointers of the application, checked.
        let info = unsafe { input(info)? };
        let out = output(space, "space")?;
        let action = info.action.into_raw();
        let Some(found) = within.actions.get(&action) else { return Err(Refusal::handle("XrAction", action)) };
        if found.kind != ActionType::POSE_INPUT {
            refuse!(ERROR_ACTION_TYPE_MISMATCH, "action \"{}\" is no pose", found.name);
        }
        let user = within.user_path(info.subaction_path)?;
        if user.is_some_and(|user| !found.users.contains(&user)) {
            refuse!(ERROR_PATH_UNSUPPORTED, "action \"{}\" was not made with that subaction path", found.name);
        }
        let offset = Pose::from_app(&info.pose_in_action_space, "poseInActionSpace")?;
        let raw = within.handle();
        within.session.spaces.insert(raw, spaces::Space { anchor: Anchor::Action { action, user }, offset });
        out.write(Space::from_raw(raw));
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn destroy_space(space: Space) -> Code {
    call("xrDestroySpace", |runtime| {
        let raw = space.into_raw();
        let session = runtime.instance.as_mut().and_then(|instance| instance.session.as_mut());
        let removed = session.and_then(|session| session.spaces.remove(&raw));
        removed.map(|_| Code::SUCCESS).ok_or_else(|| Refusal::handle("XrSpace", raw))
    })
}

pub(super) unsafe extern "system" fn bounds_rect(
    session: Session,
    kind: ReferenceSpaceType,
    bounds: *mut Extent2Df,
) -> Code {
    call("xrGetReferenceSpaceBoundsRect", |runtime| {
        let within = runtime.session(session.into_raw())?;
        let out = output(bounds, "bounds")?;
        if !within.reference_spaces().contains(&kind) {
            refuse!(ERROR_REFERENCE_SPACE_UNSUPPORTED, "there is no {kind:?} here");
        }
        match within.world.bounds.filter(|_| kind == ReferenceSpaceType::STAGE) {
            Some((width, height)) => {
                out.write(Extent2Df { width: width as f32, height: height as f32 });
                Ok(Code::SUCCESS)
            }
            None => {
                out.write(Extent2Df { width: 0.0, height: 0.0 });
                Ok(Code::SPACE_BOUNDS_UNAVAILABLE)
            }
        }
    })
}

pub(super) unsafe extern "system" fn locate_space(
    space: Space,
    base: Space,
    time: Time,
    location: *mut SpaceLocation,
) -> Code {
    call("xrLocateSpace", |runtime| {
        let within = runtime.session_of_space(space.into_raw())?;
        let (space, base) = (within.space(space.into_raw())?, within.space(base.into_raw())?);
        // SAFETY: a structure of the application and its chain, checked.
        let (out, velocity) = unsafe {
            let out = output_struct(location)?;
            (out, Chain::of(location)?.find_output::<SpaceVelocity>())
        };
        let located = within.locate(&space, &base, check_time(time)?);
        if let Some(out) = velocity {
            let next = out.next();
            let (velocity_flags, linear_velocity, angular_velocity) = velocity_of(located.as_ref());
            out.write(SpaceVelocity {
                ty: SpaceVelocity::TYPE,
                next,
                velocity_flags,
                linear_velocity,
                angular_velocity,
            });
        }
        let next = out.next();
        out.write(SpaceLocation {
            ty: SpaceLocation::TYPE,
            next,
            location_flags: flags(located.as_ref()),
            pose: located.map_or(Posef::IDENTITY, |located| located.pose.to_app()),
        });
        Ok(Code::SUCCESS)
    })
}

/// Flags and velocities of what was located; nothing is valid of what was not, nor of what is not tracked.
pub(super) fn velocity_of(located: Option<&Located>) -> (SpaceVelocityFlags, Vector3f, Vector3f) {
    match located.filter(|located| located.tracked) {
        Some(Located { velocity, .. }) => (
            SpaceVelocityFlags::LINEAR_VALID | SpaceVelocityFlags::ANGULAR_VALID,
            vector(velocity.linear),
            vector(velocity.angular),
        ),
        None => (SpaceVelocityFlags::EMPTY, Vector3f::default(), Vector3f::default()),
    }
}

pub(super) unsafe extern "system" fn locate_views(
    session: Session,
    info: *const ViewLocateInfo,
    state: *mut ViewState,
    capacity: u32,
    count: *mut u32,
    views: *mut View,
) -> Code {
    call("xrLocateViews", |runtime| {
        let within = runtime.session(session.into_raw())?;
        // SAFETY: pointers of the application, checked.
        let (info, out) = unsafe { (input(info)?, output_struct(state)?) };
        check_view_configuration(info.view_configuration_type)?;
        let base = within.space(info.space.into_raw())?;
        let time = check_time(info.display_time)?;
        let head = spaces::Space { anchor: Anchor::Reference(ReferenceSpaceType::VIEW), offset: Pose::IDENTITY };
        let located = within.locate(&head, &base, time);
        let next = out.next();
        let valid = ViewStateFlags::ORIENTATION_VALID | ViewStateFlags::POSITION_VALID;
        let tracked = ViewStateFlags::ORIENTATION_TRACKED | ViewStateFlags::POSITION_TRACKED;
        out.write(ViewState {
            ty: ViewState::TYPE,
            next,
            view_state_flags: match &located {
                None => ViewStateFlags::EMPTY,
                Some(head) if head.tracked => valid | tracked,
                Some(_) => valid,
            },
        });
        let display = &within.world.display;
        // SAFETY: an array of the application, checked.
        unsafe {
            fill_structs(capacity, count, views, 2, |eye, next| View {
                ty: View::TYPE,
                next,
                pose: located.map_or(Posef::IDENTITY, |head| (head.pose * display.head_from_eye(eye)).to_app()),
                fov: display.fov(eye),
            })
        }
    })
}
