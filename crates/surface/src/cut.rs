//! Cutting a surface open by a plane.

use std::collections::HashMap;

use fabrica_geometry::{LpsPoint, LpsVector};
use glam::DVec3;

use crate::Mesh;
use crate::mesh::position;

/// What is left of a surface when the side that `normal` points to is taken away. The cut stays open: this is for
/// looking inside, not for printing. Triangles that the plane crosses are cut along it, to `f32` precision.
///
/// A normal without length takes nothing away.
///
/// ```
/// use fabrica_geometry::{LpsPoint, LpsVector};
/// use fabrica_surface::{Mesh, cut_away};
/// let triangle = Mesh::new(vec![[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 2.0, 0.0]], vec![[0, 1, 2]]).unwrap();
/// // Left of x = 1 goes: a trapezium is left, two triangles.
/// let rest = cut_away(&triangle, LpsPoint::new(1.0, 0.0, 0.0), LpsVector::new(1.0, 0.0, 0.0));
/// assert_eq!(rest.triangles().len(), 2);
/// assert!(rest.vertices().iter().all(|v| v[0] <= 1.0));
/// ```
pub fn cut_away(mesh: &Mesh, point: LpsPoint, normal: LpsVector) -> Mesh {
    let Some(normal) = normal.0.try_normalize() else { return mesh.clone() };
    let heights: Vec<f64> = mesh.vertices().iter().map(|&v| (position(v) - point.0).dot(normal)).collect();
    let mut cut = Cut { source: mesh, heights, vertices: Vec::new(), kept: HashMap::new(), crossings: HashMap::new() };
    let mut triangles = Vec::new();
    for &triangle in mesh.triangles() {
        let polygon = cut.polygon(triangle);
        for fan in 1..polygon.len().saturating_sub(1) {
            triangles.push([polygon[0], polygon[fan], polygon[fan + 1]]);
        }
    }
    Mesh::from_parts(cut.vertices, triangles)
}

struct Cut<'a> {
    source: &'a Mesh,
    /// Height of each vertex above the plane; what is above goes.
    heights: Vec<f64>,
    vertices: Vec<[f32; 3]>,
    kept: HashMap<u32, u32>,
    crossings: HashMap<(u32, u32), u32>,
}

impl Cut<'_> {
    /// The corners of what is left of a triangle, in its own order: none, three or four.
    fn polygon(&mut self, triangle: [u32; 3]) -> Vec<u32> {
        let mut polygon = Vec::with_capacity(4);
        for n in 0..3 {
            let (from, to) = (triangle[n], triangle[(n + 1) % 3]);
            let (above, next_above) = (self.heights[from as usize] > 0.0, self.heights[to as usize] > 0.0);
            if !above {
                polygon.push(self.vertex(from));
            }
            if above != next_above {
                polygon.push(self.crossing(from, to));
            }
        }
        polygon
    }

    fn vertex(&mut self, of: u32) -> u32 {
        *self.kept.entry(of).or_insert_with(|| {
            self.vertices.push(self.source.vertices()[of as usize]);
            (self.vertices.len() - 1) as u32
        })
    }

    fn crossing(&mut self, from: u32, to: u32) -> u32 {
        // The same edge from its other triangle gives the same vertex.
        let edge = (from.min(to), from.max(to));
        *self.crossings.entry(edge).or_insert_with(|| {
            let [a, b] =
                [edge.0, edge.1].map(|v| (position(self.source.vertices()[v as usize]), self.heights[v as usize]));
            let at: DVec3 = a.0 + (b.0 - a.0) * (a.1 / (a.1 - b.1));
            self.vertices.push(at.as_vec3().to_array());
            (self.vertices.len() - 1) as u32
        })
    }
}
