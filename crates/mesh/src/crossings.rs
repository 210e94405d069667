//! Where a line passes a surface.

use fabrica_geometry::{LpsPoint, LpsVector};
use fabrica_surface::Mesh;

use crate::tree::Tree;

/// Where the whole line through a point passes the surface, in multiples of `along` from the point, in order.
///
/// ```
/// use fabrica_geometry::{LpsPoint, LpsVector};
/// use fabrica_mesh::crossings;
/// use fabrica_surface::Mesh;
/// let triangle = Mesh::new(vec![[0.0, 0.0, 5.0], [4.0, 0.0, 5.0], [0.0, 4.0, 5.0]], vec![[0, 1, 2]]).unwrap();
/// assert_eq!(crossings(&triangle, LpsPoint::new(1.0, 1.0, 0.0), LpsVector::new(0.0, 0.0, 10.0)), [0.5]);
/// ```
pub fn crossings(mesh: &Mesh, from: LpsPoint, along: LpsVector) -> Vec<f64> {
    let Some((low, high)) = mesh.bounds() else { return Vec::new() };
    let length = along.0.length();
    if length == 0.0 || !length.is_finite() || !from.0.is_finite() {
        return Vec::new();
    }
    // From before the whole mesh, in whole multiples, so that they are taken back without rounding.
    let before = ((from.distance(low).0 + low.distance(high).0) / length).ceil() + 1.0;
    let mut found = Vec::new();
    Tree::new(mesh).on_ray(from.0 - along.0 * before, along.0, f64::INFINITY, |_, at| {
        found.push(at - before);
        f64::INFINITY
    });
    found.sort_by(f64::total_cmp);
    // A line through a common side meets both of its triangles at one place.
    found.dedup_by(|a, b| (*a - *b).abs() * length < 1e-7);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_along_an_axis_through_vertices_and_sides_is_not_missed() {
        let vertices = (0..8).map(|n| [0, 1, 2].map(|axis| 10.0 * ((n >> axis) & 1) as f32)).collect();
        let sides = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
        let triangles = sides.iter().flat_map(|&[a, b, c, d]| [[a, b, c], [a, c, d]]).collect();
        let cube = Mesh::new(vertices, triangles).unwrap();
        // Through the middles, where two triangles share a side; off them; and along an edge of the cube.
        for (y, z) in [(5.0, 5.0), (2.0, 7.0), (0.0, 5.0)] {
            let found = crossings(&cube, LpsPoint::new(-3.0, y, z), LpsVector::new(1.0, 0.0, 0.0));
            assert!(found.contains(&3.0) && found.contains(&13.0), "{y} {z}: {found:?}");
        }
    }
}
