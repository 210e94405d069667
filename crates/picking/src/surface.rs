//! Meshes as targets of rays.

use fabrica_geometry::Mm;
use fabrica_surface::Mesh;
use glam::DVec3;
use parry3d_f64::query::{Ray as ParryRay, RayCast};
use parry3d_f64::shape::TriMesh;

use crate::Sight;

/// Why a mesh cannot be a target.
#[derive(Debug)]
pub struct TargetError(String);

impl std::fmt::Display for TargetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the surface cannot be pointed at: {}", self.0)
    }
}

impl std::error::Error for TargetError {}

/// A mesh in patient millimetres with a tree over its triangles, so that a ray asks few of them.
pub struct SurfaceTarget(TriMesh);

impl SurfaceTarget {
    /// Builds the tree.
    ///
    /// # Errors
    /// When the mesh has no triangle.
    pub fn new(mesh: &Mesh) -> Result<Self, TargetError> {
        let vertices = mesh.vertices().iter().map(|v| DVec3::from_array(v.map(f64::from))).collect();
        TriMesh::new(vertices, mesh.triangles().to_vec()).map(Self).map_err(|e| TargetError(e.to_string()))
    }

    /// How far from its origin a line of sight first meets the surface, from outside or inside.
    pub fn first(&self, sight: &Sight) -> Option<Mm> {
        let origin = sight.at(sight.near).0;
        let ray = ParryRay::new(origin, sight.ray.direction.0);
        let reach = (sight.far.0 - sight.near.0).min(1e9);
        self.0.cast_local_ray(&ray, reach, false).map(|distance| Mm(sight.near.0 + distance))
    }
}
