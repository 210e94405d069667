//! What is wrong with a mesh.

use fabrica_geometry::{LpsPoint, Mm2, Mm3};
use fabrica_progress::Progress;
use serde::{Deserialize, Serialize};

use crate::{Mesh, SurfaceError};

/// Everything that [`check`] finds.
///
/// An edge is a pair of vertices that a triangle joins. All counts come from the indices; coordinates only matter for
/// `volume`, `area`, `bounds`, `flat_triangles`, `coincident_vertices` and `outward`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MeshReport {
    /// Vertices.
    pub vertices: usize,
    /// Triangles.
    pub triangles: usize,
    /// Enclosed volume; only meaningful for a closed, oriented mesh. Cavities count negative.
    pub volume: Mm3,
    /// Area of all triangles.
    pub area: Mm2,
    /// Smallest and largest coordinates.
    pub bounds: Option<(LpsPoint, LpsPoint)>,
    /// Parts that hang together through edges.
    pub components: usize,
    /// Parts that enclose a negative volume: the walls of cavities.
    pub cavities: usize,
    /// Edges with one triangle: the rims of holes.
    pub boundary_edges: usize,
    /// Edges with three or more triangles.
    pub non_manifold_edges: usize,
    /// Edges whose two triangles run the same way along it.
    pub misoriented_edges: usize,
    /// Vertices whose triangles do not form one fan.
    pub non_manifold_vertices: usize,
    /// Vertices that no triangle uses.
    pub unused_vertices: usize,
    /// Vertices that lie at the very place of another: STL, which has no indices, would merge them.
    pub coincident_vertices: usize,
    /// Triangles that name a vertex twice.
    pub degenerate_triangles: usize,
    /// Triangles of three different vertices but exactly no area.
    pub flat_triangles: usize,
    /// Triangles beyond the first with the same three vertices.
    pub duplicate_triangles: usize,
    /// Every edge has at least two triangles, and there is at least one.
    pub watertight: bool,
    /// No edge has more than two triangles.
    pub edge_manifold: bool,
    /// The triangles of each vertex form one fan.
    pub vertex_manifold: bool,
    /// Neighbours run opposite ways along their common edge.
    pub oriented: bool,
    /// Triangles face outwards: the volume is positive, and every part that faces inwards lies in one that does not.
    pub outward: bool,
}

/// Checks a mesh, exactly.
///
/// # Errors
/// Only when the user cancels.
pub fn check(mesh: &Mesh, progress: &Progress) -> Result<MeshReport, SurfaceError> {
    let _ = (mesh, progress);
    Err(SurfaceError::Unfinished("checking"))
}
