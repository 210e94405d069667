//! The one place where patient coordinates become Bevy's world and back.
//!
//! The world is in metres, Y up, right-handed, with the patient standing at the origin and facing +Z:
//! world x = patient left, world y = superior, world z = anterior; 1 mm = 0.001.
//! Left × superior = anterior, so that nothing is mirrored.

use bevy::math::{Affine3A, Mat3A, Vec3, Vec3A};
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use glam::DVec3;

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
    DVec3::new(v.x, v.z, -v.y).as_vec3()
}

fn turn_to_patient(v: Vec3) -> DVec3 {
    let v = v.as_dvec3();
    DVec3::new(v.x, -v.z, v.y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabrica_geometry::VoxelPoint;

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
