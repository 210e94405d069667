//! Making a solid hollow.

use fabrica_geometry::{LpsPoint, Mm, Mm3};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, check};
use glam::DVec3;
use serde::{Deserialize, Serialize};

use crate::boolean::{require_solid, unchecked_inputs};
use crate::remesh::{Field, step_for};
use crate::shapes::prism;
use crate::tree::Tree;
use crate::winding::Winding;
use crate::{Boolean, MeshError, merge};

/// How to make a solid hollow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HollowOptions {
    /// The thickness of the wall that stays.
    pub wall: Mm,
    /// Radius of drain holes.
    pub hole: Mm,
    /// Where holes begin, each drilled from the surface point nearest to it straight into the cavity.
    pub holes: Vec<LpsPoint>,
}

/// A hollow solid.
#[derive(Clone, Debug)]
pub struct Hollowed {
    /// Its surface, that of the cavities included.
    pub mesh: Mesh,
    /// Volume that is saved.
    pub saved: Mm3,
    /// Separate cavities; each needs a hole of its own for what is trapped to leave.
    pub cavities: usize,
    /// Cavities that no hole reaches.
    pub closed_cavities: usize,
}

/// Takes the inside of a solid out, all that is farther than the wall from the surface. The outside keeps every
/// coordinate but where holes are drilled.
///
/// The wall of the cavity is sampled on a grid of a quarter of the wall, and placed by bisection: it is within 1/50 of
/// the wall of where it should be, but in its sharp inner edges.
///
/// # Errors
/// When the mesh is no solid, nothing is thick enough to be made hollow, a hole meets no cavity, an option is out of
/// range, or the user cancels.
pub fn hollow(mesh: &Mesh, options: &HollowOptions, progress: &Progress) -> Result<Hollowed, MeshError> {
    const STEP: &str = "making it hollow";
    let failed = |why: String| MeshError::Failed { step: STEP, why };
    require_solid(mesh, STEP, progress)?;
    let wall = options.wall.0;
    if !(wall.is_finite() && wall > 0.0) {
        return Err(MeshError::Option { option: "the wall", value: wall, allowed: "above 0 mm" });
    }
    progress.stage("making the cavity");
    let (low, high) = mesh.bounds().ok_or(MeshError::Empty)?;
    let step = step_for(low.0, high.0, Mm(wall / 4.0));
    let tree = Tree::new(mesh);
    let winding = Winding::new(&tree);
    let inside = |p: DVec3| tree.nearest_where(p, wall * wall, |_, _| true).is_none() && winding.at(p) > 0.5;
    let field = Field { inside: &inside, step: step.0 };
    // The border lies one wall away from the triangles.
    let mask = field.mask(mesh, wall / step.0 + 1.0, progress)?;
    if mask.is_empty() {
        return Err(failed(format!("nothing of it is farther than {} from its surface", options.wall)));
    }
    let cavity = field.surface(&mask, |_, _| None, progress)?;
    let cavities = check(&cavity, progress)?.components;
    let before = check(mesh, progress)?.volume;
    let (vertices, mut triangles) = cavity.clone().into_parts();
    triangles.iter_mut().for_each(|t| t.swap(1, 2));
    let mut hollow = merge([mesh, &Mesh::new(vertices, triangles)?])?;
    let cavity_tree = Tree::new(&cavity);
    for hole in &options.holes {
        let start = tree.nearest(hole.0).ok_or(MeshError::Empty)?.point;
        let end = cavity_tree.nearest(start).ok_or(MeshError::Empty)?.point;
        let along = (end - start).normalize_or_zero();
        if along == DVec3::ZERO || start.distance(end) > 3.0 * wall {
            return Err(failed(format!(
                "the hole at ({:.1}, {:.1}, {:.1}) meets no cavity within {:.1} mm",
                hole.0.x,
                hole.0.y,
                hole.0.z,
                3.0 * wall
            )));
        }
        let drill = prism(start - along * wall, end + along * options.hole.0.max(wall / 2.0), options.hole.0, 24)?;
        hollow = unchecked_inputs(&hollow, &drill, Boolean::Difference, progress)?;
    }
    let report = check(&hollow, progress)?;
    require_solid(&hollow, STEP, progress)?;
    Ok(Hollowed { saved: before - report.volume, closed_cavities: report.cavities, mesh: hollow, cavities })
}
