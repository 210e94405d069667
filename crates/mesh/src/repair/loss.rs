//! Whether something of the input is missing in the result.

use fabrica_geometry::{LpsPoint, Mm, Mm2, Mm3};
use fabrica_progress::Progress;
use fabrica_surface::Mesh;
use rayon::prelude::*;

use super::orient::shells;
use super::report::LostPiece;
use crate::MeshError;
use crate::compare::{Triangles, key, triangle_keys};
use crate::tree::{Tree, corners};
use crate::winding::Winding;

/// The parts of `before` of which most is farther than `tolerance` from `after`, and the surface of the others that
/// `after` leaves outside; what was `told` already is not told again.
pub(crate) fn missing(
    before: &Mesh,
    after: &Mesh,
    told: &Triangles,
    tolerance: f64,
    progress: &Progress,
) -> Result<Vec<LostPiece>, MeshError> {
    progress.check()?;
    let (shells, part) = shells(before);
    let keys = triangle_keys(after);
    let gone: Vec<u32> = (0..before.triangles().len() as u32)
        .into_par_iter()
        .filter(|&t| {
            let key = key(before, t);
            !keys.contains(&key) && !told.contains(&key)
        })
        .collect();
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let tree = Tree::new(after);
    let winding = Winding::new(&tree);
    // Of each triangle that is not there any more: its area, and how far its middle lies from the result, if outside.
    let far: Vec<(u32, f64, f64, bool)> = gone
        .par_iter()
        .map(|&t| {
            let [a, b, c] = corners(before, t);
            let p = (a + b + c) / 3.0;
            let distance = tree.nearest(p).map_or(f64::INFINITY, |n| n.squared.sqrt());
            let outside = distance > tolerance && winding.at(p) < 0.5;
            (t, (b - a).cross(c - a).length() / 2.0, distance, outside)
        })
        .collect();
    progress.check()?;
    let mut lost_area = vec![0.0; shells.len()];
    for &(t, area, ..) in far.iter().filter(|f| f.2 > tolerance) {
        // A triangle without area still stands for its part.
        lost_area[part[t as usize] as usize] += area.max(f64::MIN_POSITIVE);
    }
    let mut pieces = Vec::new();
    let is_lost = |n: usize| lost_area[n] > 0.0 && lost_area[n] >= 0.5 * shells[n].area;
    for (_, shell) in shells.iter().enumerate().filter(|(n, _)| is_lost(*n)) {
        pieces.push(LostPiece::Part {
            triangles: shell.triangles,
            area: Mm2(shell.area),
            volume: Mm3(shell.volume.abs()),
            at: LpsPoint((shell.low + shell.high) / 2.0),
            size: Mm((shell.high - shell.low).max_element()),
        });
    }
    let outside = far.iter().filter(|f| f.3 && !is_lost(part[f.0 as usize] as usize));
    let (mut area, mut worst) = (0.0, None);
    for &(t, a, distance, _) in outside {
        area += a;
        if worst.is_none_or(|(_, d)| distance > d) {
            worst = Some((t, distance));
        }
    }
    let whole: f64 = shells.iter().map(|s| s.area).sum();
    if let Some((t, distance)) = worst.filter(|_| area > 0.005 * whole) {
        let [a, b, c] = corners(before, t);
        pieces.push(LostPiece::Outside { area: Mm2(area), at: LpsPoint((a + b + c) / 3.0), distance: Mm(distance) });
    }
    Ok(pieces)
}
