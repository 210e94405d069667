//! Entries on a surface.

use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_surface::Mesh;
use glam::{DAffine3, DVec3};

use std::collections::HashMap;

use crate::access::EntryPoint;
use crate::{ApproachError, Tree};

/// Spreads about `count` entries evenly over a closed surface, each with the surface outwards, where the surface lies within
/// `reach` of the target and turns its outside away from it (the far wall of a cavity is no way in).
///
/// Where the scan ends it cuts the body: that is no surface of the patient, and no way in. `scan` is the grid of what the
/// surface was made from; nothing for one that was not cut.
///
/// By walking over the triangles and setting an entry each time that an equal share of the area has gone by.
///
/// # Errors
/// When no part of the surface is within reach, or `count` is 0.
pub fn spread_entries(
    mesh: &Mesh,
    scan: Option<&Grid>,
    target: LpsPoint,
    reach: Mm,
    count: usize,
) -> Result<Vec<EntryPoint>, ApproachError> {
    require_count(count)?;
    let at = |v: u32| position(mesh, v);
    let ends = scan.map(Ends::of);
    let useful: Vec<([DVec3; 3], DVec3)> = mesh
        .triangles()
        .iter()
        .filter_map(|t| {
            let p = t.map(at);
            let normal = (p[1] - p[0]).cross(p[2] - p[0]) / 2.0;
            let middle = (p[0] + p[1] + p[2]) / 3.0;
            let away = middle - target.0;
            let cut = ends.as_ref().is_some_and(|ends| ends.has(middle));
            (!cut && away.length() <= reach.0 && normal.dot(away) > 0.0).then_some((p, normal))
        })
        .collect();
    let area: f64 = useful.iter().map(|u| u.1.length()).sum();
    if area <= 0.0 || area.is_nan() {
        let what = format!("no part of the surface that faces away from the target lies within {reach} of it");
        return Err(ApproachError::invalid("entries", what));
    }
    let share = area / count as f64;
    let mut entries = Vec::with_capacity(count);
    let mut gone = -share / 2.0;
    for (p, normal) in useful {
        gone += normal.length();
        // Large triangles take several, spread by the golden ratio.
        let mut n = 0u32;
        while gone > 0.0 && entries.len() < count {
            gone -= share;
            let (mut u, mut v) =
                ((f64::from(n) * 0.754_877_666 + 0.333).fract(), (f64::from(n) * 0.569_840_291 + 0.333).fract());
            if u + v > 1.0 {
                (u, v) = (1.0 - u, 1.0 - v);
            }
            let at = p[0] + (p[1] - p[0]) * u + (p[2] - p[0]) * v;
            entries.push(EntryPoint { at: LpsPoint(at), outwards: LpsVector(normal.normalize()) });
            n += 1;
        }
    }
    // A triangle's own direction is that of a voxel's step; that of its neighbours is wanted.
    let tree = Tree::new(mesh);
    for entry in &mut entries {
        if let Some(near) = tree.nearest(entry.at.0, f64::INFINITY) {
            entry.outwards = LpsVector(tree.outward(&near));
        }
    }
    Ok(entries)
}

fn require_count(count: usize) -> Result<(), ApproachError> {
    if count == 0 || count > 10_000_000 {
        return Err(ApproachError::invalid("entries", format!("{count} is not 1 to 10,000,000")));
    }
    Ok(())
}

fn position(mesh: &Mesh, v: u32) -> DVec3 {
    mesh.vertices().get(v as usize).map_or(DVec3::ZERO, |p| DVec3::from_array(p.map(f64::from)))
}

/// Where a scan ends: within a voxel of the centres of its outermost voxels. A direction with one or two voxels has no
/// inside; it ends everywhere.
struct Ends {
    to_voxel: DAffine3,
    last: DVec3,
}

impl Ends {
    fn of(scan: &Grid) -> Self {
        let last = DVec3::from_array(scan.dims().map(|n| n as f64 - 2.0));
        Self { to_voxel: scan.patient_to_voxel(), last }
    }

    fn has(&self, at: DVec3) -> bool {
        let voxel = self.to_voxel.transform_point3(at);
        !(voxel.cmpge(DVec3::ONE).all() && voxel.cmple(self.last).all())
    }
}

/// A surface made coarse, so that each of its vertices is an entry of the map and can be painted.
#[derive(Clone, Debug)]
pub struct EntrySurface {
    /// The coarse surface, to be drawn. Its vertices are points of the fine one.
    pub mesh: Mesh,
    /// An entry for each vertex.
    pub entries: Vec<EntryPoint>,
}

impl EntrySurface {
    /// Makes a closed surface coarse: of all its vertices in a cube of space the one nearest to their middle stays, with cubes
    /// so large that about `count` stay (J. Rossignac, P. Borrel, "Multi-resolution 3D approximations", 1993). Only what
    /// lies within `reach` of `around` is kept, less where the scan ends: see [`spread_entries`].
    ///
    /// # Errors
    /// When no part of the surface is within reach, or `count` is 0.
    pub fn new(
        mesh: &Mesh,
        scan: Option<&Grid>,
        around: LpsPoint,
        reach: Mm,
        count: usize,
    ) -> Result<Self, ApproachError> {
        require_count(count)?;
        let at = |v: u32| position(mesh, v);
        let ends = scan.map(Ends::of);
        let cut = |p: DVec3| ends.as_ref().is_some_and(|ends| ends.has(p));
        let near = |t: &&[u32; 3]| t.iter().all(|&v| at(v).distance(around.0) <= reach.0 && !cut(at(v)));
        let kept: Vec<[u32; 3]> = mesh.triangles().iter().filter(near).copied().collect();
        let area: f64 = kept.iter().map(|t| (at(t[1]) - at(t[0])).cross(at(t[2]) - at(t[0])).length() / 2.0).sum();
        if area <= 0.0 || area.is_nan() {
            return Err(ApproachError::invalid("entries", format!("no part of the surface lies within {reach}")));
        }
        // A flat sheet leaves one vertex for each square of the cubes' side; a slanted one up to twice as many.
        let side = (1.3 * area / count as f64).sqrt();
        let cell = |p: DVec3| (p / side).floor().to_array().map(|c| c as i64);
        let mut cells: HashMap<[i64; 3], (DVec3, f64)> = HashMap::new();
        let mut used: Vec<u32> = kept.iter().flatten().copied().collect();
        used.sort_unstable();
        used.dedup();
        for &v in &used {
            let sum = cells.entry(cell(at(v))).or_default();
            *sum = (sum.0 + at(v), sum.1 + 1.0);
        }
        let mut nearest: HashMap<[i64; 3], (f64, u32)> = HashMap::with_capacity(cells.len());
        for &v in &used {
            let place = cell(at(v));
            let (sum, count) = cells.get(&place).copied().unwrap_or((at(v), 1.0));
            let off = at(v).distance_squared(sum / count);
            let best = nearest.entry(place).or_insert((off, v));
            if off < best.0 {
                *best = (off, v);
            }
        }
        let (mut numbers, mut vertices, mut places) = (HashMap::new(), Vec::new(), Vec::new());
        // In the order of the fine surface's vertices, so that the same surface gives the same entries.
        let mut stay: Vec<u32> = nearest.values().map(|(_, v)| *v).collect();
        stay.sort_unstable();
        for v in stay {
            let Some(position) = mesh.vertices().get(v as usize) else { continue };
            numbers.insert(cell(at(v)), vertices.len() as u32);
            vertices.push(*position);
            places.push(LpsPoint(at(v)));
        }
        let triangles = kept.iter().filter_map(|t| {
            let [a, b, c] = t.map(|v| numbers.get(&cell(at(v))).copied());
            let triangle = [a?, b?, c?];
            (triangle[0] != triangle[1] && triangle[1] != triangle[2] && triangle[2] != triangle[0]).then_some(triangle)
        });
        let mesh = Mesh::new(vertices, triangles.collect())?;
        // The coarse surface's directions: the fine one's are those of the voxels' steps.
        let normals = mesh.vertex_normals().into_iter().map(|n| DVec3::from_array(n.map(f64::from)));
        let entries = places.into_iter().zip(normals).map(|(at, normal)| {
            // A corner that no coarse triangle is left of has no outside: it is turned inwards, so that it is never offered.
            let outwards = normal.try_normalize().or_else(|| (around - at).0.try_normalize()).unwrap_or(DVec3::Z);
            EntryPoint { at, outwards: LpsVector(outwards) }
        });
        let entries = entries.collect();
        Ok(Self { mesh, entries })
    }
}
