//! Joining the rims of holes that lie on each other.

use std::collections::HashMap;

use glam::DVec3;

use super::work::Work;
use crate::edges::{Edges, Groups, is_proper};

/// Makes vertices of rims that lie within a distance of each other one. Returns how many went.
pub(crate) fn stitch(work: &mut Work, within: f64) -> usize {
    let edges = Edges::new(&work.triangles);
    let mut rim: Vec<u32> = edges.groups().filter(|uses| uses.len() == 1).flat_map(|uses| uses[0].edge).collect();
    rim.sort_unstable();
    rim.dedup();
    if rim.is_empty() || within <= 0.0 {
        return 0;
    }
    let cell = |p: DVec3| (p / within).floor().to_array().map(|c| c as i64);
    let mut cells: HashMap<[i64; 3], Vec<u32>> = HashMap::new();
    for (n, &v) in rim.iter().enumerate() {
        cells.entry(cell(work.at(v))).or_default().push(n as u32);
    }
    let mut groups = Groups::new(rim.len());
    for (n, &v) in rim.iter().enumerate() {
        let at = work.at(v);
        let [x, y, z] = cell(at);
        for m in 0..27 {
            let beside = [x + m % 3 - 1, y + m / 3 % 3 - 1, z + m / 9 - 1];
            for &other in cells.get(&beside).into_iter().flatten().filter(|&&o| (o as usize) < n) {
                if work.at(rim[other as usize]).distance(at) <= within {
                    groups.join(n as u32, other);
                }
            }
        }
    }
    let mut joined = 0;
    let mut number: HashMap<u32, u32> = HashMap::new();
    for (n, &v) in rim.iter().enumerate() {
        let root = rim[groups.root(n as u32) as usize];
        if root != v {
            number.insert(v, root);
            joined += 1;
        }
    }
    if joined > 0 {
        for v in work.triangles.iter_mut().flatten() {
            *v = number.get(v).copied().unwrap_or(*v);
        }
        work.triangles.retain(|&t| is_proper(t));
    }
    joined
}
