//! How far one mesh departs from another.

use std::collections::HashSet;

use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_surface::Mesh;
use glam::DVec3;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::MeshError;
use crate::tree::{Tree, corners, position};

/// How far a mesh departs from the one that it was made of: the greater of both ways, weighted by area. What is the
/// same in both counts as no distance at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Departures {
    /// Mean.
    pub mean: Mm,
    /// 95 % of the area lies within.
    pub p95: Mm,
    /// The greatest (the Hausdorff distance on the sampled points).
    pub max: Mm,
    /// The farthest that the new surface lies outside of the old.
    pub outward: Mm,
    /// The farthest that the new surface lies inside of the old.
    pub inward: Mm,
}

/// The triangles of a mesh by the places of their corners, whichever comes first and whichever way round.
pub(crate) type Triangles = HashSet<[[u32; 3]; 3]>;

pub(crate) fn key(mesh: &Mesh, triangle: u32) -> [[u32; 3]; 3] {
    places(mesh.vertices(), mesh.triangles()[triangle as usize])
}

pub(crate) fn places(vertices: &[[f32; 3]], triangle: [u32; 3]) -> [[u32; 3]; 3] {
    // Adding zero makes the negative zero positive.
    let mut places = triangle.map(|v| vertices[v as usize].map(|c| (c + 0.0).to_bits()));
    places.sort_unstable();
    places
}

pub(crate) fn triangle_keys(mesh: &Mesh) -> Triangles {
    (0..mesh.triangles().len() as u32).map(|t| key(mesh, t)).collect()
}

/// Measures how far `new` departs from `old`: points on all triangles that only one of them has (corners, and the
/// centres of parts no larger than `spacing`), to the nearest point of the other.
///
/// # Errors
/// When either has no triangle, or the user cancels.
pub fn departures(new: &Mesh, old: &Mesh, spacing: Mm, progress: &Progress) -> Result<Departures, MeshError> {
    if new.is_empty() || old.is_empty() {
        return Err(MeshError::Empty);
    }
    let (old_keys, old_tree) = rayon::join(|| triangle_keys(old), || Tree::new(old));
    departures_from(new, &old_tree, &old_keys, spacing, progress)
}

/// As [`departures`], with what is known of the old mesh.
pub(crate) fn departures_from(
    new: &Mesh,
    old: &Tree<'_>,
    old_keys: &Triangles,
    spacing: Mm,
    progress: &Progress,
) -> Result<Departures, MeshError> {
    progress.check()?;
    let new_keys = triangle_keys(new);
    let spacing = if spacing.0.is_finite() && spacing.0 > 0.0 { spacing.0 } else { 1.0 };
    let there = sampled(new, |t| !old_keys.contains(&key(new, t)), spacing, old, progress)?;
    let gone = |t: &u32| !new_keys.contains(&key(old.mesh(), *t));
    // The tree of the new mesh is only needed where something is gone.
    let back = if (0..old.mesh().triangles().len() as u32).any(|t| gone(&t)) {
        let tree = Tree::new(new);
        sampled(old.mesh(), |t| gone(&t), spacing, &tree, progress)?
    } else {
        Sampled::default()
    };
    let (mut result, other) = (there.departures(), back.departures());
    result.mean = Mm(result.mean.0.max(other.mean.0));
    result.p95 = Mm(result.p95.0.max(other.p95.0));
    result.max = Mm(result.max.0.max(other.max.0));
    Ok(result)
}

/// Signed distances and the area that each stands for.
#[derive(Default)]
struct Sampled {
    distances: Vec<(f32, f32)>,
    /// Area of what is the same.
    same: f64,
}

impl Sampled {
    fn departures(mut self) -> Departures {
        if self.distances.is_empty() {
            return Departures::default();
        }
        let (mut outward, mut inward) = (0f32, 0f32);
        for (d, _) in &mut self.distances {
            outward = outward.max(*d);
            inward = inward.max(-*d);
            *d = d.abs();
        }
        self.distances.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (all, sum) = self
            .distances
            .iter()
            .fold((self.same, 0.0), |(all, sum), &(d, w)| (all + f64::from(w), sum + f64::from(d) * f64::from(w)));
        let max = self.distances.last().map_or(0.0, |d| f64::from(d.0));
        let mut within = self.same;
        let p95 = if within >= 0.95 * all {
            0.0
        } else {
            let found = self.distances.iter().find(|d| {
                within += f64::from(d.1);
                within >= 0.95 * all
            });
            found.map_or(max, |d| d.0.into())
        };
        let mean = if all > 0.0 { sum / all } else { max };
        Departures {
            mean: Mm(mean),
            p95: Mm(p95),
            max: Mm(max),
            outward: Mm(outward.into()),
            inward: Mm(inward.into()),
        }
    }
}

fn sampled(
    mesh: &Mesh,
    wanted: impl Fn(u32) -> bool + Sync,
    spacing: f64,
    other: &Tree<'_>,
    progress: &Progress,
) -> Result<Sampled, MeshError> {
    let pieces: Vec<Sampled> = (0..mesh.triangles().len() as u32)
        .into_par_iter()
        .with_min_len(256)
        .fold(Sampled::default, |mut sum, t| {
            let [a, b, c] = corners(mesh, t);
            let area = (b - a).cross(c - a).length() / 2.0;
            if !wanted(t) {
                sum.same += area;
                return sum;
            }
            if progress.is_cancelled() {
                return sum;
            }
            let n = ((2.0 * area).sqrt() / spacing).ceil().clamp(1.0, 8.0) as usize;
            let each = (area / (n * n) as f64) as f32;
            let mut add = |p: DVec3, weight: f32| sum.distances.push((signed_distance(other, p) as f32, weight));
            for row in 0..n {
                for column in 0..n - row {
                    let third = |steps: usize| steps as f64 / (3 * n) as f64;
                    add(a + (b - a) * third(3 * column + 1) + (c - a) * third(3 * row + 1), each);
                    if column + row + 1 < n {
                        add(a + (b - a) * third(3 * column + 2) + (c - a) * third(3 * row + 2), each);
                    }
                }
            }
            for p in [a, b, c] {
                add(p, 0.0);
            }
            sum
        })
        .collect();
    progress.check()?;
    let mut all = Sampled::default();
    for piece in pieces {
        all.same += piece.same;
        all.distances.extend(piece.distances);
    }
    Ok(all)
}

/// The distance to the nearest point of a mesh, negative behind its triangle there.
pub(crate) fn signed_distance(tree: &Tree<'_>, p: DVec3) -> f64 {
    let Some(nearest) = tree.nearest(p) else { return 0.0 };
    let [a, b, c] = tree.corners(nearest.triangle);
    let behind = (b - a).cross(c - a).dot(p - nearest.point) < 0.0;
    let distance = nearest.squared.sqrt();
    if behind { -distance } else { distance }
}

/// For each vertex of `mesh` its signed distance from `reference`, mm: positive outside. For colouring.
///
/// # Errors
/// When the reference has no triangle, or the user cancels.
pub fn signed_distances(mesh: &Mesh, reference: &Mesh, progress: &Progress) -> Result<Vec<f32>, MeshError> {
    if reference.is_empty() {
        return Err(MeshError::Empty);
    }
    let tree = Tree::new(reference);
    let vertices = 0..mesh.vertices().len() as u32;
    let distances = vertices
        .into_par_iter()
        .map(|v| if progress.is_cancelled() { 0.0 } else { signed_distance(&tree, position(mesh, v)) as f32 });
    let distances = distances.collect();
    progress.check()?;
    Ok(distances)
}
