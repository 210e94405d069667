//! Spaces: where things are (xr spec 7).

use openxr_sys::{ReferenceSpaceType, SpaceLocationFlags};

use super::devices::Side;
use super::pose::{Pose, Velocity};
use super::state::Within;
use super::track::Nanos;
use crate::refusal::{Answer, Refusal, refuse};

/// What a space is fixed to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Anchor {
    Reference(ReferenceSpaceType),
    /// A pose action, of one user path or of whichever is bound.
    Action {
        action: u64,
        user: Option<&'static str>,
    },
}

/// An `XrSpace`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Space {
    pub anchor: Anchor,
    /// `poseInReferenceSpace` or `poseInActionSpace`.
    pub offset: Pose,
}

/// Where something is, in the stage or in a space.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Located {
    pub pose: Pose,
    pub velocity: Velocity,
    /// Seen now; else the last known pose.
    pub tracked: bool,
}

const STILL: Velocity = Velocity { linear: glam::DVec3::ZERO, angular: glam::DVec3::ZERO };

impl Within<'_> {
    /// The reference spaces that there are.
    pub(crate) fn reference_spaces(&self) -> Vec<ReferenceSpaceType> {
        let mut spaces = vec![ReferenceSpaceType::VIEW, ReferenceSpaceType::LOCAL];
        if self.world.bounds.is_some() {
            spaces.push(ReferenceSpaceType::STAGE);
        }
        if self.has("XR_EXT_local_floor") {
            spaces.push(ReferenceSpaceType::LOCAL_FLOOR);
        }
        spaces
    }

    pub(crate) fn space(&self, raw: u64) -> Answer<Space> {
        self.session.spaces.get(&raw).copied().ok_or_else(|| Refusal::handle("XrSpace", raw))
    }

    /// Where a space is in the stage; `None` when it cannot be located.
    pub(crate) fn in_stage(&self, space: &Space, time: Nanos) -> Option<Located> {
        let fixed = |pose| Some(Located { pose, velocity: STILL, tracked: true });
        let anchor = match space.anchor {
            Anchor::Reference(ReferenceSpaceType::VIEW) => Some(Located {
                pose: self.world.head.at(time),
                velocity: self.world.head.velocity(time),
                tracked: self.world.head.tracked,
            }),
            Anchor::Reference(ReferenceSpaceType::LOCAL) => fixed(self.world.local),
            Anchor::Reference(ReferenceSpaceType::LOCAL_FLOOR) => fixed(self.world.local.levelled(true)),
            Anchor::Reference(_) => fixed(Pose::IDENTITY),
            Anchor::Action { action, user } => self.action_pose(action, user, time),
        }?;
        let arm = anchor.pose.orientation * space.offset.position;
        Some(Located {
            pose: anchor.pose * space.offset,
            velocity: Velocity {
                linear: anchor.velocity.linear + anchor.velocity.angular.cross(arm),
                ..anchor.velocity
            },
            tracked: anchor.tracked,
        })
    }

    fn action_pose(&self, action: u64, user: Option<&'static str>, time: Nanos) -> Option<Located> {
        let source = self.pose_source(action, user)?;
        let hand = self.world.hand(Side::of_user(source.user)?);
        let offset = hand.grip_from(source.component.subpath)?;
        let grip = hand.grip.at(time);
        let velocity = hand.grip.velocity(time);
        let arm = grip.orientation * offset.position;
        Some(Located {
            pose: grip * offset,
            velocity: Velocity { linear: velocity.linear + velocity.angular.cross(arm), ..velocity },
            tracked: hand.grip.tracked,
        })
    }

    /// Where `space` is in `base`.
    pub(crate) fn locate(&self, space: &Space, base: &Space, time: Nanos) -> Option<Located> {
        let base = self.in_stage(base, time)?;
        Some(relative(self.in_stage(space, time)?, base))
    }
}

/// `thing` seen from `base`, both known in the stage. The base's own motion counts too.
pub(crate) fn relative(thing: Located, base: Located) -> Located {
    let back = base.pose.orientation.inverse();
    let arm = thing.pose.position - base.pose.position;
    let linear = thing.velocity.linear - base.velocity.linear - base.velocity.angular.cross(arm);
    Located {
        pose: base.pose.inverse() * thing.pose,
        velocity: Velocity { linear: back * linear, angular: back * (thing.velocity.angular - base.velocity.angular) },
        tracked: thing.tracked && base.tracked,
    }
}

/// The flags of a location.
pub(crate) fn flags(located: Option<&Located>) -> SpaceLocationFlags {
    let valid = SpaceLocationFlags::ORIENTATION_VALID | SpaceLocationFlags::POSITION_VALID;
    match located {
        None => SpaceLocationFlags::EMPTY,
        Some(located) if located.tracked => {
            valid | SpaceLocationFlags::ORIENTATION_TRACKED | SpaceLocationFlags::POSITION_TRACKED
        }
        Some(_) => valid,
    }
}

/// Times that are zero or less are `XR_ERROR_TIME_INVALID` (xr spec 2.17).
pub(crate) fn check_time(time: openxr_sys::Time) -> Answer<Nanos> {
    let nanos = time.as_nanos();
    if nanos <= 0 {
        refuse!(ERROR_TIME_INVALID, "{nanos} is no time: take predictedDisplayTime of xrWaitFrame");
    }
    Ok(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::{DQuat, DVec3};

    #[test]
    fn a_thing_at_rest_moves_backwards_seen_from_a_turning_head() {
        // The head turns left at 1 rad/s; a thing 2 m ahead moves to the right at 2 m/s.
        let thing = Located { pose: Pose::at(0.0, 0.0, -2.0), velocity: STILL, tracked: true };
        let head = Located {
            pose: Pose::IDENTITY,
            velocity: Velocity { linear: DVec3::ZERO, angular: DVec3::Y },
            tracked: true,
        };
        let seen = relative(thing, head);
        assert!((seen.velocity.linear - DVec3::new(2.0, 0.0, 0.0)).length() < 1e-12);
        assert_eq!(seen.velocity.angular, DVec3::NEG_Y);
    }

    #[test]
    fn relative_poses() {
        let base = Located {
            pose: Pose::new(DVec3::new(1.0, 0.0, 0.0), DQuat::from_rotation_y(std::f64::consts::FRAC_PI_2)),
            velocity: STILL,
            tracked: false,
        };
        let thing = Located { pose: Pose::at(1.0, 0.0, -1.0), velocity: STILL, tracked: true };
        // A base turned left looks along −X; a thing at −Z of it is to its right.
        let seen = relative(thing, base);
        assert!((seen.pose.position - DVec3::X).length() < 1e-12 && !seen.tracked);
    }
}
