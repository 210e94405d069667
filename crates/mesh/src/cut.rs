//! Cutting a solid into two that fit together again.

use fabrica_geometry::{LpsPoint, LpsVector, Mm, Mm3};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, check};
use glam::DVec3;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::boolean::{require_solid, unchecked_inputs};
use crate::shapes::{block, prism};
use crate::tree::Tree;
use crate::winding::Winding;
use crate::{Boolean, MeshError};

/// Where to cut.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CutPlane {
    /// A point of the plane.
    pub point: LpsPoint,
    /// Its normal: the first part lies where it points to.
    pub normal: LpsVector,
}

/// How the parts fit together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CutOptions {
    /// Pegs on the first part, and as many sockets in the second; 0 for none. Two or more keep the parts from turning.
    pub pegs: usize,
    /// Radius of a peg.
    pub radius: Mm,
    /// How far a peg stands out.
    pub length: Mm,
    /// The gap between a peg and its socket, all around and at its end.
    pub clearance: Mm,
    /// The least wall around a peg and a socket.
    pub wall: Mm,
}

impl Default for CutOptions {
    fn default() -> Self {
        Self { pegs: 2, radius: Mm(2.5), length: Mm(5.0), clearance: Mm(0.2), wall: Mm(1.5) }
    }
}

/// What a cut made.
#[derive(Clone, Debug)]
pub struct CutReport {
    /// The part on the side that the normal points to, with the pegs.
    pub first: Mesh,
    /// The other, with the sockets.
    pub second: Mesh,
    /// Where pegs stand: the middles of their feet.
    pub pegs: Vec<LpsPoint>,
    /// Volume of the whole less that of both parts without pegs and sockets.
    pub volume_difference: Mm3,
}

/// Cuts a solid by a plane.
///
/// Pegs stand where the cut is widest, far from each other, each a prism of 24 sides whose corners touch its radius;
/// the flat sides of a socket keep the whole clearance. A peg reaches as far into its own part as it stands out.
///
/// # Errors
/// When the mesh is no solid, the plane misses it, there is no place for that many pegs with a wall around them, the
/// result does not pass its checks, or the user cancels.
pub fn cut(mesh: &Mesh, plane: CutPlane, options: &CutOptions, progress: &Progress) -> Result<CutReport, MeshError> {
    const STEP: &str = "the cut";
    let failed = |why: String| MeshError::Failed { step: STEP, why };
    require_solid(mesh, STEP, progress)?;
    let normal = plane.normal.0.try_normalize().ok_or_else(|| failed("its plane has no direction".into()))?;
    for (option, value) in [("the radius of a peg", options.radius), ("the length of a peg", options.length)] {
        if !(value.0.is_finite() && value.0 > 0.0) {
            return Err(MeshError::Option { option, value: value.0, allowed: "above 0 mm" });
        }
    }
    if !(0.0..=5.0).contains(&options.clearance.0) {
        return Err(MeshError::Option { option: "the clearance", value: options.clearance.0, allowed: "0 to 5 mm" });
    }
    let (low, high) = mesh.bounds().ok_or(MeshError::Empty)?;
    // The half space as a block that reaches beyond the solid on all sides.
    let reach = 1.1 * (high - low).length().0;
    let middle = (low.0 + high.0) / 2.0;
    let foot = middle - normal * (middle - plane.point.0).dot(normal);
    let (u, v) = normal.any_orthonormal_pair();
    let half = block(foot + normal * reach, [u * reach, v * reach, normal * reach])?;
    progress.stage("cutting");
    let first = unchecked_inputs(mesh, &half, Boolean::Intersection, progress)?;
    let second = unchecked_inputs(mesh, &half, Boolean::Difference, progress)?;
    if first.is_empty() || second.is_empty() {
        return Err(failed("its plane does not pass through the model".into()));
    }
    let volume = |mesh: &Mesh| Ok::<_, MeshError>(check(mesh, progress)?.volume.0);
    let volume_difference = Mm3(volume(mesh)? - volume(&first)? - volume(&second)?);
    let mut report = CutReport { first, second, pegs: Vec::new(), volume_difference };
    if options.pegs == 0 {
        return Ok(report);
    }
    let places = peg_places(mesh, foot, [u, v, normal], reach, options);
    if places.len() < options.pegs {
        return Err(failed(format!(
            "there is room for only {} of {} pegs of {} radius with {} of wall around them",
            places.len(),
            options.pegs,
            options.radius,
            options.wall
        )));
    }
    const SIDES: u32 = 24;
    // The sides of a socket lie this much nearer to the axis than its corners.
    let corner = 1.0 / (std::f64::consts::PI / f64::from(SIDES)).cos();
    for at in places {
        let root = at + normal * options.length.0;
        let peg = prism(root, at - normal * options.length.0, options.radius.0, SIDES)?;
        let socket = prism(
            at + normal * options.clearance.0.max(0.5),
            at - normal * (options.length.0 + options.clearance.0),
            (options.radius.0 + options.clearance.0) * corner,
            SIDES,
        )?;
        report.first = unchecked_inputs(&report.first, &peg, Boolean::Union, progress)?;
        report.second = unchecked_inputs(&report.second, &socket, Boolean::Difference, progress)?;
        report.pegs.push(LpsPoint(at));
    }
    Ok(report)
}

/// Places for pegs in the plane, far from each other and from all walls.
fn peg_places(mesh: &Mesh, foot: DVec3, [u, v, normal]: [DVec3; 3], reach: f64, options: &CutOptions) -> Vec<DVec3> {
    let tree = Tree::new(mesh);
    let winding = Winding::new(&tree);
    let radius = options.radius.0 + options.clearance.0 + options.wall.0;
    let length = options.length.0 + options.clearance.0;
    let step = (options.radius.0 / 2.0).max(reach / 200.0);
    let n = (reach / step) as i32;
    let free = |p: DVec3| {
        // Along the whole peg, both ways, no wall is nearer than it may be.
        let count = (2.0 * length / options.radius.0).ceil().max(2.0) as i32;
        (0..=count).all(|i| {
            let p = p + normal * length * (2.0 * f64::from(i) / f64::from(count) - 1.0);
            winding.at(p) > 0.5 && tree.nearest_where(p, radius * radius, |_, _| true).is_none()
        })
    };
    let free: Vec<DVec3> = (0..(2 * n + 1) * (2 * n + 1))
        .into_par_iter()
        .map(|i| foot + u * step * f64::from(i % (2 * n + 1) - n) + v * step * f64::from(i / (2 * n + 1) - n))
        .filter(|&p| free(p))
        .collect();
    let Some(first) = free.first() else { return Vec::new() };
    // The farthest from one end, then always the farthest from all so far.
    let mut places: Vec<DVec3> = Vec::new();
    let distance = |p: DVec3, places: &[DVec3]| {
        if places.is_empty() {
            p.distance(*first)
        } else {
            places.iter().map(|q| p.distance(*q)).fold(f64::INFINITY, f64::min)
        }
    };
    while places.len() < options.pegs {
        let Some(next) = free.iter().copied().max_by(|&a, &b| distance(a, &places).total_cmp(&distance(b, &places)))
        else {
            break;
        };
        if !places.is_empty() && distance(next, &places) < 2.0 * options.radius.0 + options.wall.0 {
            break;
        }
        places.push(next);
    }
    places
}
