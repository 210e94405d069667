//! Poses as OpenXR has them: metres, right-handed, Y up, −Z ahead.

use glam::{DMat3, DQuat, DVec3};
use openxr_sys::{Posef, Quaternionf, Vector3f};

use crate::refusal::{Answer, refuse};

/// Where something is in a space: first turned, then moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pose {
    /// Metres.
    pub position: DVec3,
    /// A unit quaternion.
    pub orientation: DQuat,
}

impl Pose {
    pub(crate) const IDENTITY: Self = Self { position: DVec3::ZERO, orientation: DQuat::IDENTITY };

    pub(crate) fn new(position: DVec3, orientation: DQuat) -> Self {
        Self { position, orientation }
    }

    pub(crate) fn at(x: f64, y: f64, z: f64) -> Self {
        Self::new(DVec3::new(x, y, z), DQuat::IDENTITY)
    }

    /// At `position`, with −Z towards `target` and Y as far up as that allows.
    pub(crate) fn looking_at(position: DVec3, target: DVec3) -> Option<Self> {
        let back = (position - target).try_normalize()?;
        let up = if back.cross(DVec3::Y).length() < 1e-6 { DVec3::NEG_Z } else { DVec3::Y };
        let right = up.cross(back).try_normalize()?;
        let turn = DMat3::from_cols(right, back.cross(right), back);
        Some(Self::new(position, DQuat::from_mat3(&turn).normalize()))
    }

    pub(crate) fn inverse(self) -> Self {
        let back = self.orientation.inverse();
        Self::new(back * -self.position, back)
    }

    /// Between two poses: straight line, shortest turn.
    pub(crate) fn between(self, other: Self, share: f64) -> Self {
        Self::new(self.position.lerp(other.position, share), self.orientation.slerp(other.orientation, share))
    }

    /// Only the turn about the vertical, at the floor if `grounded`.
    pub(crate) fn levelled(self, grounded: bool) -> Self {
        let ahead = self.orientation * DVec3::NEG_Z;
        let yaw = if ahead.x.hypot(ahead.z) < 1e-9 { 0.0 } else { (-ahead.x).atan2(-ahead.z) };
        let height = if grounded { 0.0 } else { self.position.y };
        Self::new(DVec3::new(self.position.x, height, self.position.z), DQuat::from_rotation_y(yaw))
    }

    /// From the application: a quaternion whose length is off by more than 1 % or anything not finite is
    /// `XR_ERROR_POSE_INVALID` (xr spec 2.16).
    pub(crate) fn from_app(pose: &Posef, what: &str) -> Answer<Self> {
        let (p, q) = (pose.position, pose.orientation);
        let position = DVec3::new(p.x.into(), p.y.into(), p.z.into());
        let orientation = DQuat::from_xyzw(q.x.into(), q.y.into(), q.z.into(), q.w.into());
        if !position.is_finite() || !orientation.is_finite() || (orientation.length() - 1.0).abs() > 0.01 {
            refuse!(
                ERROR_POSE_INVALID,
                "{what}: position {position}, orientation {orientation} (length {})",
                orientation.length()
            );
        }
        Ok(Self::new(position, orientation.normalize()))
    }

    pub(crate) fn to_app(self) -> Posef {
        let q = self.orientation.normalize();
        Posef {
            position: vector(self.position),
            orientation: Quaternionf { x: q.x as f32, y: q.y as f32, z: q.z as f32, w: q.w as f32 },
        }
    }
}

impl std::ops::Mul for Pose {
    type Output = Self;

    /// `a_from_b * b_from_c = a_from_c`.
    fn mul(self, inner: Self) -> Self {
        Self::new(self.position + self.orientation * inner.position, self.orientation * inner.orientation)
    }
}

pub(crate) fn vector(v: DVec3) -> Vector3f {
    Vector3f { x: v.x as f32, y: v.y as f32, z: v.z as f32 }
}

/// Metres a second and radians a second, in the space that the poses are in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Velocity {
    pub linear: DVec3,
    pub angular: DVec3,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_at_turns_minus_z_to_the_target() {
        let pose = Pose::looking_at(DVec3::new(0.0, 1.0, 0.0), DVec3::new(5.0, 1.0, 0.0)).unwrap();
        assert!((pose.orientation * DVec3::NEG_Z - DVec3::X).length() < 1e-12);
        assert!((pose.orientation * DVec3::Y - DVec3::Y).length() < 1e-12);
        assert!(Pose::looking_at(DVec3::ONE, DVec3::ONE).is_none());
    }

    #[test]
    fn inverse_undoes() {
        let pose = Pose::new(DVec3::new(1.0, 2.0, 3.0), DQuat::from_rotation_x(0.7));
        let both = pose * pose.inverse();
        assert!(both.position.length() < 1e-12 && both.orientation.angle_between(DQuat::IDENTITY) < 1e-6);
    }

    #[test]
    fn levelled_keeps_the_yaw_only() {
        let yaw = DQuat::from_rotation_y(0.5);
        let pose = Pose::new(DVec3::new(1.0, 1.7, 2.0), yaw * DQuat::from_rotation_x(-0.4)).levelled(true);
        assert_eq!(pose.position, DVec3::new(1.0, 0.0, 2.0));
        assert!(pose.orientation.angle_between(yaw) < 1e-6);
    }

    #[test]
    fn a_bent_quaternion_is_refused() {
        let mut pose = Posef::IDENTITY;
        pose.orientation.w = 0.9;
        assert_eq!(Pose::from_app(&pose, "it").unwrap_err().code, openxr_sys::Result::ERROR_POSE_INVALID);
        pose.orientation.w = 1.005;
        assert!(Pose::from_app(&pose, "it").is_ok());
        pose.position.x = f32::NAN;
        assert!(Pose::from_app(&pose, "it").is_err());
    }
}
