//! The one place where patient coordinates become Bevy's world and back.
//!
//! The patient's world is in metres, Y up, right-handed, with the patient standing at the origin and facing +Z:
//! world x = patient left, world y = superior, world z = anterior; 1 mm = 0.001.
//! Left × superior = anterior, so that nothing is mirrored.
//!
//! The room is where the user is: metres, Y up, the floor at 0. [`PatientPose`] says where in it the patient's world lies.
//! Entities marked [`InPatient`](crate::InPatient) are placed in the patient's world; all else is placed in the room.

use bevy::ecs::resource::Resource;
use bevy::math::{Affine3A, Mat3A, Quat, Vec3, Vec3A};
use bevy::transform::components::Transform;
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use glam::DVec3;

use crate::input::{PatientPlace, PatientRay, RoomPose};

/// World metres in a millimetre.
pub const METRES_PER_MM: f64 = 0.001;

/// Where a point of the patient is in the world.
///
/// ```
/// use fabrica_geometry::LpsPoint;
/// use fabrica_scene::world::point_to_world;
/// // 100 mm left, 200 mm behind, 300 mm up.
/// assert_eq!(point_to_world(LpsPoint::new(100.0, 200.0, 300.0)), bevy::math::Vec3::new(0.1, 0.3, -0.2));
/// ```
pub fn point_to_world(at: LpsPoint) -> Vec3 {
    turn_to_world(at.0 * METRES_PER_MM)
}

/// Where a point of the world is in the patient.
pub fn point_to_patient(at: Vec3) -> LpsPoint {
    LpsPoint(turn_to_patient(at) / METRES_PER_MM)
}

/// A displacement of the patient as one of the world, in metres.
pub fn vector_to_world(v: LpsVector) -> Vec3 {
    turn_to_world(v.0 * METRES_PER_MM)
}

/// A direction of the patient as one of the world; its length stays.
pub fn direction_to_world(v: LpsVector) -> Vec3 {
    turn_to_world(v.0)
}

/// A direction of the world as one of the patient; its length stays.
pub fn direction_to_patient(v: Vec3) -> LpsVector {
    LpsVector(turn_to_patient(v))
}

/// A length in the world's metres.
pub fn length_to_world(length: Mm) -> f32 {
    (length.0 * METRES_PER_MM) as f32
}

/// The affine from a grid's voxel positions to the world.
pub fn voxel_to_world(grid: &Grid) -> Affine3A {
    let affine = grid.voxel_to_patient();
    let column = |v: DVec3| Vec3A::from(turn_to_world(v * METRES_PER_MM));
    Affine3A {
        matrix3: Mat3A::from_cols(
            column(affine.matrix3.x_axis),
            column(affine.matrix3.y_axis),
            column(affine.matrix3.z_axis),
        ),
        translation: column(affine.translation),
    }
}

fn turn_to_world(v: DVec3) -> Vec3 {
    turn_to_world_exact(v).as_vec3()
}

fn turn_to_patient(v: Vec3) -> DVec3 {
    turn_to_patient_exact(v.as_dvec3())
}

/// Where the patient's world lies in the room: a similarity, so that angles and proportions stay.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub struct PatientPose {
    /// Where the patient's origin is in the room, metres.
    pub translation: Vec3,
    /// How the patient's world is turned in the room.
    pub rotation: Quat,
    /// Room metres in a patient's metre: 1 is life-size, over 1 enlarged.
    pub scale: f32,
}

impl Default for PatientPose {
    /// The patient's world is the room: standing at the origin, life-size.
    fn default() -> Self {
        Self { translation: Vec3::ZERO, rotation: Quat::IDENTITY, scale: 1.0 }
    }
}

impl PatientPose {
    /// From the patient's world to the room.
    pub fn transform(&self) -> Transform {
        Transform { translation: self.translation, rotation: self.rotation, scale: Vec3::splat(self.scale) }
    }

    /// Where a point of the patient is in the room.
    pub fn to_room(&self, at: LpsPoint) -> Vec3 {
        // In double precision up to the end: the patient's coordinates may be large.
        let turned = self.rotation.as_dquat() * (turn_to_world_exact(at.0) * METRES_PER_MM * f64::from(self.scale));
        (turned + self.translation.as_dvec3()).as_vec3()
    }

    /// Where a point of the room is in the patient.
    ///
    /// ```
    /// use bevy::math::{Quat, Vec3};
    /// use fabrica_geometry::LpsPoint;
    /// use fabrica_scene::world::PatientPose;
    /// // Twice life-size, a metre above the floor: 20 cm above the origin is 100 mm towards the head.
    /// let pose = PatientPose { translation: Vec3::Y, rotation: Quat::IDENTITY, scale: 2.0 };
    /// assert!(pose.to_patient(Vec3::new(0.0, 1.2, 0.0)).distance(LpsPoint::new(0.0, 0.0, 100.0)).0 < 1e-4);
    /// ```
    pub fn to_patient(&self, at: Vec3) -> LpsPoint {
        let from_origin = at.as_dvec3() - self.translation.as_dvec3();
        let turned = self.rotation.as_dquat().inverse() * from_origin / f64::from(self.scale);
        LpsPoint(turn_to_patient_exact(turned) / METRES_PER_MM)
    }

    /// A direction of the patient in the room; its length stays.
    pub fn direction_to_room(&self, v: LpsVector) -> Vec3 {
        self.rotation * direction_to_world(v)
    }

    /// A direction of the room in the patient; its length stays.
    pub fn direction_to_patient(&self, v: Vec3) -> LpsVector {
        direction_to_patient(self.rotation.inverse() * v)
    }

    /// A length of the patient in the room's metres.
    pub fn length_to_room(&self, length: Mm) -> f32 {
        length_to_world(length) * self.scale
    }

    /// A length of the room, metres, in the patient.
    pub fn length_to_patient(&self, metres: f32) -> Mm {
        Mm(f64::from(metres / self.scale) / METRES_PER_MM)
    }

    /// A pose's ray in the patient.
    pub fn ray_to_patient(&self, pose: &RoomPose) -> PatientRay {
        PatientRay { origin: self.to_patient(pose.position), direction: self.direction_to_patient(pose.forward()) }
    }

    /// A pose's place in the patient.
    pub fn place_in_patient(&self, pose: &RoomPose) -> PatientPlace {
        PatientPlace {
            at: self.to_patient(pose.position),
            forward: self.direction_to_patient(pose.forward()),
            up: self.direction_to_patient(pose.rotation * Vec3::Y),
        }
    }

    /// Whether all of it is a number and the scale can be undone.
    pub fn is_sound(&self) -> bool {
        self.translation.is_finite() && self.rotation.is_finite() && self.scale.is_finite() && self.scale > 0.0
    }
}

fn turn_to_world_exact(v: DVec3) -> DVec3 {
    DVec3::new(v.x, v.z, -v.y)
}

fn turn_to_patient_exact(v: DVec3) -> DVec3 {
    DVec3::new(v.x, -v.z, v.y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabrica_geometry::VoxelPoint;

    #[test]
    fn the_room_and_the_patient_go_there_and_back() {
        let pose = PatientPose {
            translation: Vec3::new(0.3, 1.1, -0.7),
            rotation: Quat::from_rotation_y(1.0) * Quat::from_rotation_x(0.4),
            scale: 2.5,
        };
        let at = LpsPoint::new(12.0, -340.0, 1056.0);
        assert!(pose.to_patient(pose.to_room(at)).distance(at).0 < 1e-3);
        // As the entities under the patient's root go.
        assert!(pose.transform().transform_point(point_to_world(at)).distance(pose.to_room(at)) < 1e-6);
        let v = LpsVector::new(0.0, 0.6, 0.8);
        assert!((pose.direction_to_patient(pose.direction_to_room(v)).0 - v.0).length() < 1e-6);
        // 10 mm are 25 mm in a room where the patient is 2.5 times as large.
        assert!((pose.length_to_room(Mm(10.0)) - 0.025).abs() < 1e-7);
        assert!((pose.length_to_patient(0.025).0 - 10.0).abs() < 1e-5);
    }

    #[test]
    fn there_and_back() {
        let at = LpsPoint::new(12.0, -34.0, 56.0);
        assert!(point_to_patient(point_to_world(at)).distance(at).0 < 1e-4);
    }

    #[test]
    fn nothing_is_mirrored() {
        let [left, posterior, superior] = [DVec3::X, DVec3::Y, DVec3::Z].map(|v| direction_to_world(LpsVector(v)));
        // Left × posterior = superior in the patient; it must be so in the world.
        assert_eq!(left.cross(posterior), superior);
        // The patient faces +Z, head up, left hand on +X.
        assert_eq!((left, superior, -posterior), (Vec3::X, Vec3::Y, Vec3::Z));
    }

    #[test]
    fn a_voxel_lands_where_its_patient_point_does() {
        let grid = Grid::axis_aligned([3, 4, 5], LpsPoint::new(-10.0, 20.0, 30.0), [0.5, 0.7, 2.0]).unwrap();
        let voxel = VoxelPoint::new(1.0, 2.5, 3.0);
        let direct = voxel_to_world(&grid).transform_point3(voxel.0.as_vec3());
        assert!(direct.distance(point_to_world(grid.to_patient(voxel))) < 1e-6);
    }
}
