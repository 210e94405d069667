//! The box that a volume fills, as a mesh in the world.

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use fabrica_geometry::{Grid, VoxelPoint};
use fabrica_scene::world::point_to_world;

/// The box of a grid's voxels (not only their centres), in world metres, with outward faces.
pub(crate) fn box_mesh(grid: &Grid) -> Mesh {
    let dims = grid.dims().map(|n| n as f64);
    let corners: Vec<Vec3> = (0..8)
        .map(|corner| {
            let side = |a: usize| if corner >> a & 1 == 0 { -0.5 } else { dims[a] - 0.5 };
            point_to_world(grid.to_patient(VoxelPoint::new(side(0), side(1), side(2))))
        })
        .collect();
    // Two triangles a face, seen from outside counter-clockwise when i, j, k are right-handed.
    let mut faces: Vec<[u32; 3]> = vec![
        [0, 4, 6],
        [0, 6, 2], // -i
        [1, 3, 7],
        [1, 7, 5], // +i
        [0, 1, 5],
        [0, 5, 4], // -j
        [2, 6, 7],
        [2, 7, 3], // +j
        [0, 2, 3],
        [0, 3, 1], // -k
        [4, 5, 7],
        [4, 7, 6], // +k
    ];
    if !grid.is_right_handed() {
        faces.iter_mut().for_each(|face| face.swap(1, 2));
    }
    let normals = vec![[0.0, 1.0, 0.0]; 8];
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::default())
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, corners)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_indices(Indices::U32(faces.concat()))
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{LpsPoint, LpsVector};

    use super::*;

    #[test]
    fn every_face_looks_outwards_whatever_the_grids_hand() {
        for flip in [1.0, -1.0] {
            let axes = [LpsVector::new(flip, 0.0, 0.0), LpsVector::new(0.0, 0.8, 0.6), LpsVector::new(0.0, -0.6, 0.8)];
            let grid = Grid::new([3, 4, 5], LpsPoint::new(10.0, -20.0, 30.0), axes, [1.0, 2.0, 3.0]).unwrap();
            let mesh = box_mesh(&grid);
            let centre = point_to_world(grid.centre());
            let points = mesh.attribute(Mesh::ATTRIBUTE_POSITION).unwrap().as_float3().unwrap();
            let indices: Vec<usize> = mesh.indices().unwrap().iter().collect();
            assert_eq!(indices.len(), 36);
            for face in indices.chunks(3) {
                let [a, b, c] = [0, 1, 2].map(|n| Vec3::from_array(points[face[n]]));
                assert!((b - a).cross(c - a).dot(a - centre) > 0.0);
            }
        }
    }
}
