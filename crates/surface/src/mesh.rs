//! Triangle meshes in patient coordinates.

use fabrica_geometry::LpsPoint;
use glam::DVec3;

use crate::SurfaceError;

/// A triangle mesh in patient millimetres (LPS: +x left, +y posterior, +z superior).
///
/// Vertices are `f32`, as they go to mesh files and to the graphics card: within 2 m of the origin that is finer than
/// 0.0002 mm. What is checked is thus exactly what is written. A triangle's vertices run counter-clockwise seen from
/// outside. Every index names a vertex and every coordinate is finite.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mesh {
    vertices: Vec<[f32; 3]>,
    triangles: Vec<[u32; 3]>,
}

impl Mesh {
    /// A mesh of these vertices (LPS, mm) and triangles.
    ///
    /// # Errors
    /// When a triangle names a vertex that is not there, a coordinate is not finite, or there are too many of either.
    pub fn new(vertices: Vec<[f32; 3]>, triangles: Vec<[u32; 3]>) -> Result<Self, SurfaceError> {
        if let Some(at) = vertices.iter().position(|v| v.iter().any(|c| !c.is_finite())) {
            return Err(SurfaceError::NotFinite(at));
        }
        let count = vertices.len();
        Self::check_size(count.max(triangles.len()) as u64)?;
        let missing = |t: &[u32; 3]| t.iter().copied().find(|&v| v as usize >= count);
        if let Some((triangle, vertex)) = triangles.iter().enumerate().find_map(|(at, t)| Some((at, missing(t)?))) {
            return Err(SurfaceError::VertexMissing { triangle, vertex: vertex.into(), vertices: count });
        }
        Ok(Self { vertices, triangles })
    }

    /// Refuses more vertices or triangles than `u32` can count the corners of.
    pub(crate) fn check_size(most: u64) -> Result<(), SurfaceError> {
        if most > u64::from(u32::MAX / 3) { Err(SurfaceError::TooLarge(most)) } else { Ok(()) }
    }

    /// For the crate's own algorithms, whose indices are right by construction.
    pub(crate) fn from_parts(vertices: Vec<[f32; 3]>, triangles: Vec<[u32; 3]>) -> Self {
        Self { vertices, triangles }
    }

    pub(crate) fn vertices_mut(&mut self) -> &mut [[f32; 3]] {
        &mut self.vertices
    }

    /// The vertices, LPS in mm.
    pub fn vertices(&self) -> &[[f32; 3]] {
        &self.vertices
    }

    /// The triangles, each three indices of vertices, counter-clockwise seen from outside.
    pub fn triangles(&self) -> &[[u32; 3]] {
        &self.triangles
    }

    /// Whether there is no triangle.
    pub fn is_empty(&self) -> bool {
        self.triangles.is_empty()
    }

    /// Vertices and triangles, without a copy.
    pub fn into_parts(self) -> (Vec<[f32; 3]>, Vec<[u32; 3]>) {
        (self.vertices, self.triangles)
    }

    /// The corners of a triangle of this mesh.
    #[inline]
    pub(crate) fn corners(&self, triangle: [u32; 3]) -> [DVec3; 3] {
        triangle.map(|v| position(self.vertices[v as usize]))
    }

    /// The smallest and the largest coordinates, or nothing when there is no vertex.
    pub fn bounds(&self) -> Option<(LpsPoint, LpsPoint)> {
        let first = position(*self.vertices.first()?);
        let (low, high) = self.vertices.iter().fold((first, first), |(low, high), &v| {
            let p = position(v);
            (low.min(p), high.max(p))
        });
        Some((LpsPoint(low), LpsPoint(high)))
    }

    /// A unit normal for each vertex, pointing outwards: the mean of its triangles' normals weighted by area.
    /// Zero for a vertex without area around it.
    pub fn vertex_normals(&self) -> Vec<[f32; 3]> {
        let mut sums = vec![DVec3::ZERO; self.vertices.len()];
        for &t in &self.triangles {
            let [a, b, c] = self.corners(t);
            let normal = (b - a).cross(c - a);
            for v in t {
                sums[v as usize] += normal;
            }
        }
        sums.into_iter().map(|n| n.normalize_or_zero().as_vec3().to_array()).collect()
    }
}

#[inline]
pub(crate) fn position(vertex: [f32; 3]) -> DVec3 {
    DVec3::new(vertex[0].into(), vertex[1].into(), vertex[2].into())
}
