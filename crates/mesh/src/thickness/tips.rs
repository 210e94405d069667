//! Which thin places are no walls, but sharp edges and tips.
//!
//! The inscribed ball shrinks to nothing towards the edge of a wedge below 60°, and the folds of a surface from voxels are such
//! wedges, a voxel long. So a least thickness over all of a surface says where its sharpest fold is, not how thin its walls
//! are. What sets a fold apart from a wall: it hardly stands out from the thick material under it. That is the residue of
//! opening the solid with a ball (Serra, *Image analysis and mathematical morphology*, 1982).

use std::collections::{HashMap, HashSet};

use fabrica_surface::Mesh;
use glam::{DVec3, I64Vec3};
use rayon::prelude::*;

use super::{Thickness, facing};
use crate::tree::{Tree, corners, position};

/// How far an edge may stand out, as a share of the wall. A wedge of 60°, the bluntest that has a thickness, stands out
/// from its ball by half the wall.
const STANDS_OUT: f64 = 0.25;
/// A ball counts as inside when the surface keeps this share of its radius away from its middle.
const INSIDE: f64 = 0.95;

/// For each of these thin vertices, whether a ball as thick as a wall lies inside so near that the vertex hardly stands out.
pub(super) fn on_edges(mesh: &Mesh, walls: &Thickness, thin: &[u32], wall: f64) -> Vec<bool> {
    if thin.is_empty() {
        return Vec::new();
    }
    let reach = wall * (0.5 + STANDS_OUT);
    let cell = |p: DVec3| (p / reach).floor().as_i64vec3();
    let beside = |c: I64Vec3| (0..27).map(move |n| c + I64Vec3::new(n % 3, n / 3 % 3, n / 9) - 1);
    let wanted: HashSet<I64Vec3> = thin.iter().flat_map(|&v| beside(cell(position(mesh, v)))).collect();
    let tree = Tree::new(mesh);
    let radius = wall / 2.0;
    let centres: Vec<DVec3> = walls
        .in_triangles
        .par_iter()
        .enumerate()
        .filter(|(_, t)| t.is_finite() && f64::from(**t) >= wall)
        .filter_map(|(t, _)| {
            let triangle = corners(mesh, t as u32);
            let centre = (triangle[0] + triangle[1] + triangle[2]) / 3.0 - facing(triangle) * radius;
            let within = (INSIDE * radius).powi(2);
            let inside = wanted.contains(&cell(centre)) && tree.nearest_where(centre, within, |_, _| true).is_none();
            inside.then_some(centre)
        })
        .collect();
    let mut cells: HashMap<I64Vec3, Vec<DVec3>> = HashMap::new();
    for centre in centres {
        cells.entry(cell(centre)).or_default().push(centre);
    }
    thin.par_iter()
        .map(|&v| {
            let p = position(mesh, v);
            beside(cell(p))
                .any(|c| cells.get(&c).is_some_and(|all| all.iter().any(|centre| centre.distance(p) <= reach)))
        })
        .collect()
}
