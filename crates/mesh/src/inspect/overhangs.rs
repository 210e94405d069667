//! Faces that lean over.

use fabrica_geometry::{LpsVector, Mm2};
use fabrica_surface::Mesh;
use rayon::prelude::*;

use crate::tree::corners;

/// The area of faces that lean over by more than `degrees` from the vertical, but those that stand on the bed.
pub(super) fn area(mesh: &Mesh, up: LpsVector, degrees: f64) -> Mm2 {
    let Some(up) = up.0.try_normalize() else { return Mm2(0.0) };
    let lowest = mesh
        .vertices()
        .iter()
        .map(|v| f64::from(v[0]) * up.x + f64::from(v[1]) * up.y + f64::from(v[2]) * up.z)
        .fold(f64::INFINITY, f64::min);
    let sine = degrees.to_radians().sin();
    let area = (0..mesh.triangles().len() as u32).into_par_iter().map(|t| {
        let [a, b, c] = corners(mesh, t);
        let normal = (b - a).cross(c - a);
        let area = normal.length() / 2.0;
        let leans = normal.dot(up) < -sine * 2.0 * area;
        let stands = [a, b, c].iter().all(|p| p.dot(up) - lowest < 0.05);
        if leans && !stands { area } else { 0.0 }
    });
    // Summed in order, so that the result never varies.
    Mm2(area.collect::<Vec<f64>>().iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leans_over_counts() {
        // A tetrahedron on its tip: its upper side is level, the three others lean by about 35° or more.
        let corners = vec![[0.0, 0.0, 0.0], [10.0, 0.0, 10.0], [-5.0, 8.66, 10.0], [-5.0, -8.66, 10.0]];
        let mesh = Mesh::new(corners, vec![[1, 2, 3], [0, 2, 1], [0, 3, 2], [0, 1, 3]]).unwrap();
        let up = LpsVector::new(0.0, 0.0, 1.0);
        let three = area(&mesh, up, 20.0).0;
        assert!(three > 200.0, "{three}");
        assert_eq!(area(&mesh, up, 45.0).0, 0.0);
        // Turned over, it stands on its side.
        assert_eq!(area(&mesh, -up, 20.0).0, 0.0);
    }
}
