//! Union, difference and intersection of solids.
//!
//! The work is `boolmesh`'s, after the algorithm of the Manifold library. Its result is exact in topology but not proven
//! in single precision, so nothing of it is taken on trust: the result is rounded, mended where rounding made two
//! triangles touch, checked exactly, and points all over are asked whether they lie inside as the inputs say.

use std::panic::{AssertUnwindSafe, catch_unwind};

use boolmesh::compute_boolean;
use boolmesh::prelude::{Manifold, OpType};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, check};
use glam::DVec3;
use rayon::prelude::*;

use crate::intersections::intersecting_pairs;
use crate::tree::{Tree, position};
use crate::winding::Winding;
use crate::{MeshError, RepairOptions, merge, repair};

/// What to make of two solids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boolean {
    /// What lies in either.
    Union,
    /// What lies in the first and not in the second.
    Difference,
    /// What lies in both.
    Intersection,
}

/// Points that are asked.
const ASKED: usize = 2000;
/// Points nearer than this share of the size to a surface are not asked.
const NEAR: f64 = 1e-4;

impl Boolean {
    fn words(self) -> &'static str {
        match self {
            Self::Union => "the union",
            Self::Difference => "the difference",
            Self::Intersection => "the intersection",
        }
    }

    fn holds(self, a: bool, b: bool) -> bool {
        match self {
            Self::Union => a || b,
            Self::Difference => a && !b,
            Self::Intersection => a && b,
        }
    }
}

/// The union, difference or intersection of two solids; an empty mesh where nothing is left.
///
/// # Errors
/// When either is not a solid, the result does not pass its checks (then there is no result), or the user cancels.
///
/// # Example
/// ```
/// use fabrica_geometry::LpsPoint;
/// use fabrica_mesh::{Boolean, boolean};
/// use fabrica_progress::Progress;
/// use fabrica_surface::{Mesh, check};
/// let cube = |at: f32| {
///     let corners = (0..8).map(|n| [0, 1, 2].map(|axis| at + 10.0 * ((n >> axis) & 1) as f32)).collect();
///     let sides = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
///     Mesh::new(corners, sides.iter().flat_map(|&[a, b, c, d]| [[a, b, c], [a, c, d]]).collect()).unwrap()
/// };
/// let both = boolean(&cube(0.0), &cube(5.0), Boolean::Intersection, &Progress::new()).unwrap();
/// assert!((check(&both, &Progress::new()).unwrap().volume.0 - 125.0).abs() < 1e-3);
/// ```
pub fn boolean(a: &Mesh, b: &Mesh, what: Boolean, progress: &Progress) -> Result<Mesh, MeshError> {
    require_solid(a, what.words(), progress)?;
    require_solid(b, what.words(), progress)?;
    unchecked_inputs(a, b, what, progress)
}

/// As [`boolean`], of meshes that are known to be solids.
pub(crate) fn unchecked_inputs(a: &Mesh, b: &Mesh, what: Boolean, progress: &Progress) -> Result<Mesh, MeshError> {
    let failed = |why: String| MeshError::Failed { step: what.words(), why };
    let (Some(box_a), Some(box_b)) = (a.bounds(), b.bounds()) else {
        return Ok(match what {
            Boolean::Union => merge([a, b])?,
            Boolean::Difference => a.clone(),
            Boolean::Intersection => Mesh::default(),
        });
    };
    let (low, high) = (box_a.0.0.min(box_b.0.0), box_a.1.0.max(box_b.1.0));
    let apart = box_a.1.0.cmplt(box_b.0.0).any() || box_b.1.0.cmplt(box_a.0.0).any();
    if apart {
        return Ok(match what {
            Boolean::Union => merge([a, b])?,
            Boolean::Difference => a.clone(),
            Boolean::Intersection => Mesh::default(),
        });
    }
    progress.check()?;
    // Near the origin doubles have digits to spare.
    let origin = (low + high) / 2.0;
    let operation = match what {
        Boolean::Union => OpType::Add,
        Boolean::Difference => OpType::Subtract,
        Boolean::Intersection => OpType::Intersect,
    };
    // A library's panic on some odd shape must end this step, not the program.
    let made = catch_unwind(AssertUnwindSafe(|| {
        let (a, b) = (manifold(a, origin)?, manifold(b, origin)?);
        compute_boolean(&a, &b, operation)
    }))
    .map_err(|_| failed("the library for it gave up on these shapes".into()))?
    .map_err(failed)?;
    progress.check()?;
    let vertices = made.ps.iter().map(|p| (DVec3::new(p.x, p.y, p.z) + origin).as_vec3().to_array()).collect();
    let triangles = made
        .hs
        .chunks_exact(3)
        .filter(|t| t.iter().all(|h| h.tail < made.ps.len()))
        .map(|t| [t[0].tail as u32, t[1].tail as u32, t[2].tail as u32])
        .collect();
    let mesh = Mesh::new(vertices, triangles)?;
    let mesh = if mesh.is_empty() { mesh } else { mended(mesh, what, progress)? };
    ask_points(a, b, &mesh, what, (low, high))?;
    Ok(mesh)
}

fn manifold(mesh: &Mesh, origin: DVec3) -> Result<Manifold, String> {
    let positions: Vec<f64> =
        (0..mesh.vertices().len() as u32).flat_map(|v| (position(mesh, v) - origin).to_array()).collect();
    let indices: Vec<usize> = mesh.triangles().iter().flatten().map(|&v| v as usize).collect();
    Manifold::new(&positions, &indices)
}

/// The result in single precision, mended where that made triangles touch.
fn mended(mesh: Mesh, what: Boolean, progress: &Progress) -> Result<Mesh, MeshError> {
    let report = check(&mesh, progress)?;
    if report.is_solid() && report.flat_triangles == 0 && intersecting_pairs(&Tree::new(&mesh), progress)?.is_empty() {
        return Ok(mesh);
    }
    let repaired = repair(&mesh, &RepairOptions { allow_loss: true, ..RepairOptions::default() }, progress)?;
    let size = mesh.bounds().map_or(0.0, |(low, high)| low.distance(high).0);
    if repaired.report.remeshed_at.is_some() || repaired.report.departures.max.0 > 1e-3 * size {
        let why = format!("its result could not be rounded without changing it: {}", repaired.report.departures);
        return Err(MeshError::Failed { step: what.words(), why });
    }
    Ok(repaired.mesh)
}

fn ask_points(a: &Mesh, b: &Mesh, result: &Mesh, what: Boolean, (low, high): (DVec3, DVec3)) -> Result<(), MeshError> {
    let trees = [a, b, result].map(Tree::new);
    let windings = [&trees[0], &trees[1], &trees[2]].map(Winding::new);
    let near = (NEAR * (high - low).length()).powi(2);
    // A low-discrepancy sequence (Roberts 2018) covers the box evenly.
    let wrong = (0..ASKED).into_par_iter().find_first(|&n| {
        let step = DVec3::new(0.819_172_513_396_164_4, 0.671_043_606_703_789_3, 0.549_700_477_901_930_3);
        let p = low + ((step * (n as f64 + 1.0)).fract()) * (high - low);
        if trees.iter().any(|tree| tree.nearest_where(p, near, |_, _| true).is_some()) {
            return false;
        }
        let [a, b, result] = [&windings[0], &windings[1], &windings[2]].map(|w| w.at(p) > 0.5);
        what.holds(a, b) != result
    });
    match wrong {
        None => Ok(()),
        Some(_) => Err(MeshError::Failed {
            step: what.words(),
            why: "a point lies inside its result that should not, or the other way round".into(),
        }),
    }
}

/// Refuses what is not the surface of a solid.
pub(crate) fn require_solid(mesh: &Mesh, step: &'static str, progress: &Progress) -> Result<(), MeshError> {
    let report = check(mesh, progress)?;
    let mut why = report.faults();
    if report.is_solid() {
        why.clear();
    }
    let pairs = intersecting_pairs(&Tree::new(mesh), progress)?.len();
    if pairs > 0 {
        why.push(format!("{pairs} pairs of triangles pass through each other"));
    }
    if why.is_empty() { Ok(()) } else { Err(MeshError::NotSolid { step, why: why.join(", ") }) }
}
