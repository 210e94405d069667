//! Making triangles face one way, and outwards.

use std::collections::HashSet;

use fabrica_surface::Mesh;
use glam::DVec3;

use super::work::Work;
use crate::MeshError;
use crate::edges::{Edges, parts};
use crate::tree::Tree;

/// Turns triangles so that those which share an edge (that has two) run opposite ways along it. In each patch the way
/// that most of its area faced stays. Returns how many turned.
pub(crate) fn agree(work: &mut Work) -> usize {
    let edges = Edges::new(&work.triangles);
    let n = work.triangles.len();
    let pairs: Vec<(u32, u32, bool)> = edges
        .groups()
        .filter(|uses| uses.len() == 2)
        .map(|uses| (uses[0].triangle, uses[1].triangle, uses[0].forward == uses[1].forward))
        .collect();
    if pairs.iter().all(|pair| !pair.2) {
        return 0;
    }
    let mut first = vec![0u32; n + 1];
    for &(a, b, _) in &pairs {
        first[a as usize] += 1;
        first[b as usize] += 1;
    }
    let mut sum = 0;
    for count in &mut first {
        sum += *count;
        *count = sum;
    }
    let mut beside = vec![(0u32, false); sum as usize];
    for &(a, b, wrong) in &pairs {
        for (from, to) in [(a, b), (b, a)] {
            first[from as usize] -= 1;
            beside[first[from as usize] as usize] = (to, wrong);
        }
    }
    // None: not reached; Some(turned).
    let mut state: Vec<Option<bool>> = vec![None; n];
    let mut turned = 0;
    for start in 0..n {
        if state[start].is_some() {
            continue;
        }
        state[start] = Some(false);
        let mut patch = vec![start as u32];
        let mut at = 0;
        while at < patch.len() {
            let t = patch[at] as usize;
            at += 1;
            for &(other, wrong) in &beside[first[t] as usize..first[t + 1] as usize] {
                if state[other as usize].is_none() {
                    state[other as usize] = Some(wrong ^ (state[t] == Some(true)));
                    patch.push(other);
                }
            }
        }
        let area =
            |flag: bool| patch.iter().filter(|&&t| state[t as usize] == Some(flag)).map(|&t| work.area(t)).sum::<f64>();
        let turn = if area(true) > area(false) { Some(false) } else { Some(true) };
        let turning: Vec<u32> = patch.iter().copied().filter(|&t| state[t as usize] == turn).collect();
        turned += turning.len();
        for t in turning {
            work.triangles[t as usize].swap(1, 2);
        }
    }
    turned
}

/// A closed part of a mesh.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shell {
    pub(crate) volume: f64,
    pub(crate) area: f64,
    pub(crate) low: DVec3,
    pub(crate) high: DVec3,
    /// A triangle of it.
    pub(crate) first: u32,
    pub(crate) triangles: usize,
}

/// The parts of a mesh (by shared vertices), with the part of each triangle.
pub(crate) fn shells(mesh: &Mesh) -> (Vec<Shell>, Vec<u32>) {
    let (part, count) = parts(mesh);
    let empty = Shell {
        volume: 0.0,
        area: 0.0,
        low: DVec3::splat(f64::INFINITY),
        high: DVec3::splat(f64::NEG_INFINITY),
        first: u32::MAX,
        triangles: 0,
    };
    let origin = mesh.bounds().map_or(DVec3::ZERO, |(low, high)| (low.0 + high.0) / 2.0);
    let mut shells = vec![empty; count];
    for (t, &p) in part.iter().enumerate() {
        let shell = &mut shells[p as usize];
        let [a, b, c] = crate::tree::corners(mesh, t as u32).map(|p| p - origin);
        let cross = (b - a).cross(c - a);
        shell.volume += a.dot(cross) / 6.0;
        shell.area += cross.length() / 2.0;
        shell.low = shell.low.min(a.min(b).min(c) + origin);
        shell.high = shell.high.max(a.max(b).max(c) + origin);
        shell.first = shell.first.min(t as u32);
        shell.triangles += 1;
    }
    (shells, part)
}

/// What [`outward`] found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outward {
    /// Triangles turned.
    pub(crate) turned: usize,
    /// Parts that face outwards but lie wholly in another that does, by number, and where.
    pub(crate) swallowed: Vec<(u32, DVec3)>,
}

/// Turns whole parts so that what lies in nothing else faces outwards, and what lies in it keeps its way relative to it:
/// a cavity stays a cavity. For closed parts that pass nowhere through each other.
pub(crate) fn outward(work: &mut Work) -> Result<Outward, MeshError> {
    let mesh = Mesh::new(work.vertices.clone(), work.triangles.clone())?;
    let (shells, part) = shells(&mesh);
    let mut turn: Vec<bool> = shells.iter().map(|s| s.volume < 0.0).collect();
    let mut swallowed = Vec::new();
    if shells.len() > 1 {
        let tree = Tree::new(&mesh);
        for n in 0..shells.len() {
            let around = around(&tree, &shells, &part, n);
            // The outermost one around it: the greatest.
            let root =
                around.iter().copied().max_by(|&a, &b| shells[a].volume.abs().total_cmp(&shells[b].volume.abs()));
            if let Some(root) = root {
                turn[n] = shells[root].volume < 0.0;
                let inward = (shells[n].volume < 0.0) ^ turn[n];
                if !inward && around.len() % 2 == 1 {
                    swallowed.push((n as u32, (shells[n].low + shells[n].high) / 2.0));
                }
            }
        }
    }
    let mut turned = 0;
    for (t, &p) in work.triangles.iter_mut().zip(&part) {
        if turn[p as usize] {
            t.swap(1, 2);
            turned += 1;
        }
    }
    Ok(Outward { turned, swallowed })
}

/// The parts that one lies in: those that a ray from it leaves.
fn around(tree: &Tree<'_>, shells: &[Shell], part: &[u32], n: usize) -> Vec<usize> {
    let shell = &shells[n];
    let may_be = |other: usize| {
        other != n && shells[other].low.cmple(shell.low).all() && shells[other].high.cmpge(shell.high).all()
    };
    if !(0..shells.len()).any(may_be) {
        return Vec::new();
    }
    let [a, b, c] = tree.corners(shell.first);
    let from = (a + b + c) / 3.0;
    // Directions that no made thing is along.
    let directions =
        [DVec3::new(0.5773, 0.2179, 0.7871), DVec3::new(-0.3117, 0.8713, 0.3791), DVec3::new(0.7213, -0.6421, -0.2593)];
    let votes = directions.map(|direction| {
        let mut odd = HashSet::new();
        tree.on_ray(from, direction, f64::INFINITY, |t, _| {
            let p = part[t as usize] as usize;
            if p != n && !odd.remove(&p) {
                odd.insert(p);
            }
            f64::INFINITY
        });
        odd
    });
    (0..shells.len()).filter(|&p| may_be(p) && votes.iter().filter(|v| v.contains(&p)).count() >= 2).collect()
}
