//! Where the user stands in the room, and where the patient is laid.

use bevy::prelude::*;
use fabrica_scene::OpenCase;
use fabrica_scene::input::RoomPose;
use fabrica_scene::presence::{Comfort, Lying, MovePatient, scan_corners};
use fabrica_scene::world::PatientPose;

/// The table's top over the floor, metres, for a user who stands and for one who sits.
const TABLE_HEIGHT: [f32; 2] = [0.92, 0.72];
/// The table's middle before the user, metres: its edge is at a hand's reach.
pub(crate) const TABLE_DISTANCE: f32 = 0.62;
/// The eyes over the floor, metres, standing and sitting, where the headset does not know its floor.
const EYE_HEIGHT: [f32; 2] = [1.6, 1.2];
/// How far in a standing patient is before the user, metres.
const STANDING_DISTANCE: f32 = 1.0;

/// The eyes over the floor where the headset does not know its floor, metres.
pub(crate) fn eye_height(seated: bool) -> f32 {
    EYE_HEIGHT[usize::from(seated)]
}

/// The table's top over the floor, metres.
pub(crate) fn table_height(seated: bool) -> f32 {
    TABLE_HEIGHT[usize::from(seated)]
}

/// From the tracking space to the room: the user's place. The user stands at the room's origin and faces −Z, the table.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rig {
    position: Vec3,
    /// About the vertical, radians, counter-clockwise seen from above.
    yaw: f32,
    /// The tracking space's floor is not known: its origin is about at the eyes.
    pub(crate) eye_height_unknown: bool,
}

impl Rig {
    pub(crate) fn transform(&self) -> Transform {
        Transform::from_translation(self.position).with_rotation(Quat::from_rotation_y(self.yaw))
    }

    /// Puts a user, whose head is there in the tracking space, before the table. The height stays the real one.
    pub(crate) fn centre_on(&mut self, head: RoomPose, seated: bool) {
        let forward = head.forward();
        // Who looks at the floor faces where the top of the head points.
        let ahead = if forward.with_y(0.0).length() > 0.2 { forward } else { head.rotation * Vec3::Y };
        self.yaw = -f32::atan2(-ahead.x, -ahead.z);
        let turned = Quat::from_rotation_y(self.yaw) * head.position;
        let up = if self.eye_height_unknown { eye_height(seated) - head.position.y } else { 0.0 };
        self.position = Vec3::new(-turned.x, up, -turned.z);
    }

    /// Turns the user about a place in the room, to the left for a positive angle.
    pub(crate) fn turn_about(&mut self, pivot: Vec3, angle: f32) {
        let turn = Quat::from_rotation_y(angle);
        self.position = pivot + turn * (self.position - pivot);
        self.yaw = (self.yaw + angle).rem_euclid(std::f32::consts::TAU);
    }
}

/// Lays the patient as asked.
pub(crate) fn apply_moves(
    mut moves: MessageReader<MovePatient>,
    case: Res<OpenCase>,
    mut comfort: ResMut<Comfort>,
    mut pose: ResMut<PatientPose>,
) {
    for &asked in moves.read() {
        let next = match asked {
            MovePatient::To(to) => to,
            MovePatient::LifeSize => life_size(&pose, scan_corners(&case)),
            MovePatient::Place(lying) => {
                comfort.lying = lying;
                lie(lying, comfort.seated, scan_corners(&case))
            }
        };
        if next.is_sound() {
            *pose = next;
        }
    }
}

/// Lays the patient on the table when a case is opened.
pub(crate) fn lay_new_case(
    case: Res<OpenCase>,
    comfort: Res<Comfort>,
    mut known: Local<Option<usize>>,
    mut moves: MessageWriter<MovePatient>,
) {
    let volume = case.volume.as_ref().map(|v| std::sync::Arc::as_ptr(&v.volume) as usize);
    if volume != *known {
        *known = volume;
        if volume.is_some() {
            moves.write(MovePatient::Place(comfort.lying));
        }
    }
}

/// Life-size about the middle of the scan, which stays where it is.
fn life_size(pose: &PatientPose, corners: Option<[Vec3; 8]>) -> PatientPose {
    let middle = corners.map_or(Vec3::ZERO, |c| c.iter().sum::<Vec3>() / 8.0);
    let at = pose.transform().transform_point(middle);
    PatientPose { translation: at - pose.rotation * middle, scale: 1.0, ..*pose }
}

/// Life-size on the table, so: the scan's middle before the user, its lowest point on the table.
fn lie(lying: Lying, seated: bool, corners: Option<[Vec3; 8]>) -> PatientPose {
    let rotation = lying.rotation();
    let corners = corners.unwrap_or([Vec3::ZERO; 8]).map(|corner| rotation * corner);
    let middle = corners.iter().sum::<Vec3>() / 8.0;
    let lowest = corners.iter().map(|c| c.y).fold(f32::INFINITY, f32::min);
    let translation = match lying {
        // At the height of the eyes of most.
        Lying::Standing => Vec3::new(0.0, eye_height(seated) - 0.2, -STANDING_DISTANCE) - middle,
        _ => Vec3::new(-middle.x, table_height(seated) - lowest, -TABLE_DISTANCE - middle.z),
    };
    PatientPose { translation, rotation, scale: 1.0 }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::FRAC_PI_2;

    use super::*;

    fn close(a: Vec3, b: Vec3) {
        assert!(a.distance(b) < 1e-5, "{a} is not {b}");
    }

    #[test]
    fn centring_puts_the_user_before_the_table_at_the_real_height() {
        // Two metres east of the tracking origin, looking east.
        let head = RoomPose { position: Vec3::new(2.0, 1.7, 1.0), rotation: Quat::from_rotation_y(-FRAC_PI_2) };
        close(head.forward(), Vec3::X);
        let mut rig = Rig::default();
        rig.centre_on(head, false);
        let in_room = head.moved_by(&rig.transform());
        close(in_room.position, Vec3::new(0.0, 1.7, 0.0));
        close(in_room.forward(), Vec3::NEG_Z);
    }

    #[test]
    fn without_a_floor_the_eyes_are_put_at_eye_height() {
        let head = RoomPose { position: Vec3::new(0.0, 0.02, 0.0), rotation: Quat::IDENTITY };
        let mut rig = Rig { eye_height_unknown: true, ..default() };
        rig.centre_on(head, true);
        assert!((head.moved_by(&rig.transform()).position.y - EYE_HEIGHT[1]).abs() < 1e-5);
    }

    #[test]
    fn a_snap_turn_turns_about_the_head() {
        let head = RoomPose { position: Vec3::new(0.4, 1.7, 0.3), rotation: Quat::IDENTITY };
        let mut rig = Rig::default();
        rig.turn_about(head.position, FRAC_PI_2);
        let in_room = head.moved_by(&rig.transform());
        close(in_room.position, head.position);
        // A quarter to the left.
        close(in_room.forward(), Vec3::NEG_X);
    }

    #[test]
    fn a_patient_lies_on_the_table_life_size() {
        // A box of 0.4 × 0.6 × 0.2 m (left–right, head–foot, front–back) away from the origin.
        let corners: [Vec3; 8] = std::array::from_fn(|n| {
            let side = |axis: usize, size: f32| if n >> axis & 1 == 0 { 0.0 } else { size };
            Vec3::new(5.0 + side(0, 0.4), side(1, 0.6), side(2, 0.2) - 1.0)
        });
        let laid = lie(Lying::Supine, false, Some(corners));
        let placed = corners.map(|c| laid.transform().transform_point(c));
        let (low, high) =
            (placed.iter().copied().reduce(Vec3::min).unwrap(), placed.iter().copied().reduce(Vec3::max).unwrap());
        close(low, Vec3::new(-0.3, TABLE_HEIGHT[0], -TABLE_DISTANCE - 0.2));
        close(high, Vec3::new(0.3, TABLE_HEIGHT[0] + 0.2, -TABLE_DISTANCE + 0.2));
        assert_eq!(laid.scale, 1.0);
    }

    #[test]
    fn life_size_keeps_the_middle_in_place() {
        let corners = [Vec3::new(0.1, 0.2, 0.3); 8];
        let pose = PatientPose { translation: Vec3::X, rotation: Quat::from_rotation_z(0.3), scale: 3.0 };
        let before = pose.transform().transform_point(corners[0]);
        let after = life_size(&pose, Some(corners));
        assert_eq!(after.scale, 1.0);
        close(after.transform().transform_point(corners[0]), before);
    }
}
