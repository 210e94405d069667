//! Simple solids to add and to take away.

use fabrica_surface::Mesh;
use glam::DVec3;

use crate::MeshError;

/// A prism with a regular base of `sides` corners around an axis.
pub(crate) fn prism(from: DVec3, to: DVec3, radius: f64, sides: u32) -> Result<Mesh, MeshError> {
    let along = (to - from).normalize_or(DVec3::Z);
    let (u, v) = along.any_orthonormal_pair();
    let mut vertices = Vec::with_capacity(2 * sides as usize + 2);
    for end in [from, to] {
        for side in 0..sides {
            let angle = std::f64::consts::TAU * f64::from(side) / f64::from(sides);
            vertices.push(end + (u * angle.cos() + v * angle.sin()) * radius);
        }
    }
    vertices.extend([from, to]);
    let mut triangles = Vec::with_capacity(4 * sides as usize);
    let (bottom, top) = (2 * sides, 2 * sides + 1);
    for side in 0..sides {
        let (a, b) = (side, (side + 1) % sides);
        triangles.extend([[a, b, b + sides], [a, b + sides, a + sides], [bottom, b, a], [top, a + sides, b + sides]]);
    }
    Ok(Mesh::new(vertices.iter().map(|p| p.as_vec3().to_array()).collect(), triangles)?)
}

/// A box from its middle and three half sides, which must be right-handed.
pub(crate) fn block(middle: DVec3, half: [DVec3; 3]) -> Result<Mesh, MeshError> {
    let vertices = (0..8)
        .map(|n| {
            let sign = |axis: i32| if n >> axis & 1 == 1 { 1.0 } else { -1.0 };
            (middle + half[0] * sign(0) + half[1] * sign(1) + half[2] * sign(2)).as_vec3().to_array()
        })
        .collect();
    let sides = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
    Ok(Mesh::new(vertices, sides.iter().flat_map(|&[a, b, c, d]| [[a, b, c], [a, c, d]]).collect())?)
}
