//! From OpenXR's types to Bevy's. Both are right-handed, Y up, −Z forward, in metres: numbers go over as they are.

use bevy::prelude::*;
use fabrica_scene::input::RoomPose;
use openxr::Posef;

/// A pose of OpenXR. A runtime's quaternion is normalized, and one of no length becomes no turn.
pub(crate) fn pose(pose: &Posef) -> RoomPose {
    let Posef { orientation: q, position: p } = *pose;
    let rotation = Quat::from_xyzw(q.x, q.y, q.z, q.w);
    let rotation =
        if rotation.length_squared() > 1e-12 && rotation.is_finite() { rotation.normalize() } else { Quat::IDENTITY };
    RoomPose { position: Vec3::new(p.x, p.y, p.z), rotation }
}
