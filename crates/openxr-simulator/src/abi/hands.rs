//! XR_EXT_hand_tracking.

use openxr_sys::{
    HandEXT, HandJointLocationEXT, HandJointLocationsEXT, HandJointSetEXT, HandJointVelocitiesEXT,
    HandJointVelocityEXT, HandJointsLocateInfoEXT, HandTrackerCreateInfoEXT, HandTrackerEXT, Handle, Posef,
    Result as Code, Session,
};

use super::call::call;
use super::pointers::{Chain, input, output, output_struct};
use super::space::velocity_of;
use crate::model::devices::Side;
use crate::model::skeleton::JOINTS;
use crate::model::spaces::{Located, check_time, flags, relative};
use crate::refusal::{Answer, Refusal, refuse};

pub(super) unsafe extern "system" fn create_tracker(
    session: Session,
    info: *const HandTrackerCreateInfoEXT,
    tracker: *mut HandTrackerEXT,
) -> Code {
    call("xrCreateHandTrackerEXT", |runtime| {
        let mut within = runtime.session(session.into_raw())?;
        // SAFETY: pointers of the application, checked.
        let info = unsafe { input(info)? };
        let out = output(tracker, "handTracker")?;
        let side = match info.hand {
            HandEXT::LEFT => Side::Left,
            HandEXT::RIGHT => Side::Right,
            other => return Err(Refusal::invalid(format!("{} is no hand", other.into_raw()))),
        };
        if info.hand_joint_set != HandJointSetEXT::DEFAULT {
            return Err(Refusal::invalid(format!("{} is no joint set", info.hand_joint_set.into_raw())));
        }
        if !within.world.hand_tracking {
            refuse!(ERROR_FEATURE_UNSUPPORTED, "the system has no hand tracking (by the script)");
        }
        let raw = within.handle();
        within.session.trackers.insert(raw, side);
        out.write(HandTrackerEXT::from_raw(raw));
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn destroy_tracker(tracker: HandTrackerEXT) -> Code {
    call("xrDestroyHandTrackerEXT", |runtime| {
        let raw = tracker.into_raw();
        let session = runtime.instance.as_mut().and_then(|instance| instance.session.as_mut());
        let gone = session.and_then(|session| session.trackers.remove(&raw));
        gone.map(|_| Code::SUCCESS).ok_or_else(|| Refusal::handle("XrHandTrackerEXT", raw))
    })
}

pub(super) unsafe extern "system" fn locate_joints(
    tracker: HandTrackerEXT,
    info: *const HandJointsLocateInfoEXT,
    locations: *mut HandJointLocationsEXT,
) -> Code {
    call("xrLocateHandJointsEXT", |runtime| {
        let within = runtime.session_of_tracker(tracker.into_raw())?;
        // SAFETY: structures of the application and their chain, checked; the arrays in them are filled below.
        let (info, wanted, velocities, out) = unsafe {
            let info = input(info)?;
            let out = output_struct(locations)?;
            (info, *locations, velocities(locations)?, out)
        };
        check_array(wanted.joint_count, wanted.joint_locations, "jointLocations")?;
        let base = within.space(info.base_space.into_raw())?;
        let time = check_time(info.time)?;
        let Some(side) = within.session.trackers.get(&tracker.into_raw()).copied() else {
            return Err(Refusal::handle("XrHandTrackerEXT", tracker.into_raw()));
        };
        let hand = within.world.hand(side);
        let base = within.in_stage(&base, time);
        let base = base.filter(|_| hand.fingers_tracked && hand.grip.tracked && within.focused_or_visible());
        let velocity = hand.grip.velocity(time);
        let joints = hand.joints_at(time).map(|(pose, radius)| {
            let located = base.map(|base| relative(Located { pose, velocity, tracked: true }, base));
            (located, radius)
        });
        for (index, (located, radius)) in joints.iter().enumerate() {
            let location = HandJointLocationEXT {
                location_flags: flags(located.as_ref()),
                pose: located.map_or(Posef::IDENTITY, |located| located.pose.to_app()),
                radius: if located.is_some() { *radius as f32 } else { 0.0 },
            };
            // SAFETY: `index` is below 26, the count that the application stated.
            unsafe { wanted.joint_locations.add(index).write(location) };
            if let Some(velocities) = velocities {
                let (velocity_flags, linear_velocity, angular_velocity) = velocity_of(located.as_ref());
                let velocity = HandJointVelocityEXT { velocity_flags, linear_velocity, angular_velocity };
                // SAFETY: as above.
                unsafe { velocities.add(index).write(velocity) };
            }
        }
        out.write(HandJointLocationsEXT { is_active: base.is_some().into(), ..wanted });
        Ok(Code::SUCCESS)
    })
}

/// The array for velocities, if the application wants them.
///
/// # Safety
/// `locations` is the application's, checked.
unsafe fn velocities(locations: *mut HandJointLocationsEXT) -> Answer<Option<*mut HandJointVelocityEXT>> {
    // SAFETY: the contract; the structure in the chain is checked for what it is.
    let found = unsafe {
        let chain = Chain::of(locations)?;
        chain.find::<HandJointVelocitiesEXT>().map(|found| (found.joint_count, found.joint_velocities))
    };
    let Some((count, pointer)) = found else { return Ok(None) };
    check_array(count, pointer, "jointVelocities")?;
    Ok(Some(pointer))
}

fn check_array<T>(count: u32, pointer: *mut T, what: &str) -> Answer<()> {
    if count as usize != JOINTS {
        return Err(Refusal::invalid(format!("jointCount is {count}, but the joint set has {JOINTS}")));
    }
    output(pointer, what).map(drop)
}
