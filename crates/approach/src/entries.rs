//! Entries on a surface.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_surface::Mesh;
use glam::DVec3;

use crate::access::EntryPoint;
use crate::{ApproachError, Tree};

/// Spreads about `count` entries evenly over a closed surface, each with the surface outwards, where the surface lies within
/// `reach` of the target and turns its outside away from it (the far wall of a cavity is no way in).
///
/// By walking over the triangles and setting an entry each time that an equal share of the area has gone by.
///
/// # Errors
/// When no part of the surface is within reach, or `count` is 0.
pub fn spread_entries(
    mesh: &Mesh,
    target: LpsPoint,
    reach: Mm,
    count: usize,
) -> Result<Vec<EntryPoint>, ApproachError> {
    if count == 0 || count > 10_000_000 {
        return Err(ApproachError::invalid("entries", format!("{count} is not 1 to 10,000,000")));
    }
    let at = |v: u32| mesh.vertices().get(v as usize).map_or(DVec3::ZERO, |p| DVec3::from_array(p.map(f64::from)));
    let useful: Vec<([DVec3; 3], DVec3)> = mesh
        .triangles()
        .iter()
        .filter_map(|t| {
            let p = t.map(at);
            let normal = (p[1] - p[0]).cross(p[2] - p[0]) / 2.0;
            let middle = (p[0] + p[1] + p[2]) / 3.0;
            let away = middle - target.0;
            (away.length() <= reach.0 && normal.dot(away) > 0.0).then_some((p, normal))
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
