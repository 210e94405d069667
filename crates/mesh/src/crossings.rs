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
