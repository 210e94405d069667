//! Sheets: flaps and fins that hang on a solid, and pieces that enclose nothing.

use super::work::Work;
use crate::compare::Triangles;
use crate::edges::{Edges, Groups};

/// What was taken away.
#[derive(Clone, Debug, Default)]
pub(crate) struct Removed {
    pub(crate) triangles: usize,
    pub(crate) area: f64,
    /// Which, by their places.
    pub(crate) keys: Triangles,
}

/// Removes patches that end in the open and hang on edges with three or more triangles, the smallest first, as long as
/// that leaves their neighbours joined. A patch is what hangs together over edges with two triangles.
pub(crate) fn remove_flaps(work: &mut Work) -> Removed {
    let mut removed = Removed::default();
    for _ in 0..64 {
        let edges = Edges::new(&work.triangles);
        if edges.groups().all(|uses| uses.len() <= 2) {
            break;
        }
        let Some(stays) = smallest_flaps(work, &edges) else { break };
        for t in (0..work.triangles.len() as u32).filter(|&t| !stays[t as usize]) {
            removed.area += work.area(t);
            removed.keys.insert(work.key(t));
        }
        removed.triangles += work.keep(&stays);
    }
    removed
}

/// Flags of the triangles to keep, or nothing where no flap hangs anywhere.
fn smallest_flaps(work: &Work, edges: &Edges) -> Option<Vec<bool>> {
    let mut groups = Groups::new(work.triangles.len());
    for uses in edges.groups().filter(|uses| uses.len() == 2) {
        groups.join(uses[0].triangle, uses[1].triangle);
    }
    let (patch, count) = groups.numbered();
    let mut area = vec![0.0; count];
    for t in 0..work.triangles.len() as u32 {
        area[patch[t as usize] as usize] += work.area(t);
    }
    let mut open = vec![false; count];
    // Edges with three or more triangles at which the patch is the smallest open one.
    let mut hangs = vec![false; count];
    for uses in edges.groups().filter(|uses| uses.len() == 1) {
        open[patch[uses[0].triangle as usize] as usize] = true;
    }
    let mut branching = vec![0usize; count];
    for uses in edges.groups().filter(|uses| uses.len() > 2) {
        for u in uses {
            branching[patch[u.triangle as usize] as usize] += 1;
        }
        let smallest = uses
            .iter()
            .map(|u| patch[u.triangle as usize] as usize)
            .filter(|&p| open[p])
            .min_by(|&a, &b| area[a].total_cmp(&area[b]).then(a.cmp(&b)));
        if let Some(patch) = smallest {
            hangs[patch] = true;
        }
    }
    // One at a time at each edge; of all that hang, those no larger than the rest of what meets there.
    if !hangs.contains(&true) {
        return None;
    }
    Some(patch.iter().map(|&p| !hangs[p as usize]).collect())
}
