//! A tree of boxes over a mesh's triangles, for nearest points.

use fabrica_geometry::LpsPoint;
use fabrica_surface::{Mesh, closest_point};
use glam::DVec3;

use crate::triangle::closest_points;

/// Triangles in one leaf at most.
const LEAF: usize = 4;

#[derive(Clone, Copy, Debug)]
struct Box3 {
    low: DVec3,
    high: DVec3,
}

impl Box3 {
    const EMPTY: Self = Self { low: DVec3::INFINITY, high: DVec3::NEG_INFINITY };

    fn with(self, p: DVec3) -> Self {
        Self { low: self.low.min(p), high: self.high.max(p) }
    }

    /// The square of the distance between two boxes.
    fn gap(&self, other: &Self) -> f64 {
        (other.low - self.high).max(self.low - other.high).max(DVec3::ZERO).length_squared()
    }
}

#[derive(Clone, Copy, Debug)]
struct Node {
    bounds: Box3,
    /// A leaf's triangles in `order`, or the right child's index where `count` is 0; the left child comes next.
    first: u32,
    count: u32,
}

/// A tree over the triangles of a mesh.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    order: Vec<u32>,
    corners: Vec<[DVec3; 3]>,
}

/// A nearest point, and the triangle that it lies on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nearest {
    pub point: LpsPoint,
    pub triangle: usize,
}

impl Tree {
    pub fn new(mesh: &Mesh) -> Self {
        let position = |v: u32| {
            let [x, y, z] = mesh.vertices()[v as usize].map(f64::from);
            DVec3::new(x, y, z)
        };
        let corners: Vec<[DVec3; 3]> = mesh.triangles().iter().map(|t| t.map(position)).collect();
        let mut tree = Self { nodes: Vec::new(), order: (0..corners.len() as u32).collect(), corners };
        if !tree.order.is_empty() {
            tree.split(0, tree.order.len());
        }
        tree
    }

    fn split(&mut self, from: usize, to: usize) {
        let part = &self.order[from..to];
        let bounds = part.iter().flat_map(|&t| self.corners[t as usize]).fold(Box3::EMPTY, |bounds, p| bounds.with(p));
        let here = self.nodes.len();
        self.nodes.push(Node { bounds, first: from as u32, count: (to - from) as u32 });
        if to - from <= LEAF {
            return;
        }
        let extent = bounds.high - bounds.low;
        let axis = (0..3).fold(0, |best, a| if extent[a] > extent[best] { a } else { best });
        let middle = (to - from) / 2;
        let centre = |corners: &[[DVec3; 3]], t: u32| corners[t as usize].iter().map(|p| p[axis]).sum::<f64>();
        let corners = &self.corners;
        self.order[from..to].select_nth_unstable_by(middle, |&a, &b| centre(corners, a).total_cmp(&centre(corners, b)));
        self.split(from, from + middle);
        let right = self.nodes.len() as u32;
        self.split(from + middle, to);
        self.nodes[here].first = right;
        self.nodes[here].count = 0;
    }

    fn leaf(&self, node: Node) -> &[u32] {
        &self.order[node.first as usize..(node.first + node.count) as usize]
    }

    /// The nearest point to `p` within `limit`.
    pub fn nearest(&self, p: LpsPoint, limit: f64) -> Option<Nearest> {
        let point = Box3 { low: p.0, high: p.0 };
        let mut best: Option<(DVec3, usize)> = None;
        let mut least = limit * limit;
        let mut stack = vec![0usize];
        while let Some(at) = stack.pop() {
            let Some(&node) = self.nodes.get(at) else { continue };
            if node.bounds.gap(&point) > least {
                continue;
            }
            if node.count > 0 {
                for &t in self.leaf(node) {
                    let q = closest_point(p.0, self.corners[t as usize]);
                    let d = q.distance_squared(p.0);
                    if d <= least {
                        least = d;
                        best = Some((q, t as usize));
                    }
                }
            } else {
                let (left, right) = (at + 1, node.first as usize);
                // The nearer child is looked at first.
                let near = self.nodes[left].bounds.gap(&point) <= self.nodes[right].bounds.gap(&point);
                stack.extend(if near { [right, left] } else { [left, right] });
            }
        }
        best.map(|(q, triangle)| Nearest { point: LpsPoint(q), triangle })
    }

    /// The nearest points of two meshes: one on each. At distance 0 they meet.
    pub fn closest(&self, other: &Self) -> Option<[LpsPoint; 2]> {
        let mut best = None;
        let mut least = f64::INFINITY;
        let mut stack = vec![(0usize, 0usize)];
        while let Some((mine, theirs)) = stack.pop() {
            let (Some(&a), Some(&b)) = (self.nodes.get(mine), other.nodes.get(theirs)) else { continue };
            if a.bounds.gap(&b.bounds) >= least {
                continue;
            }
            match (a.count > 0, b.count > 0) {
                (true, true) => {
                    for &s in self.leaf(a) {
                        for &t in other.leaf(b) {
                            let pair = closest_points(self.corners[s as usize], other.corners[t as usize]);
                            let d = pair[0].distance_squared(pair[1]);
                            if d < least {
                                least = d;
                                best = Some(pair.map(LpsPoint));
                            }
                        }
                    }
                }
                (a_leaf, b_leaf) => {
                    let size = |n: Node| (n.bounds.high - n.bounds.low).length_squared();
                    let mut pairs = if b_leaf || (!a_leaf && size(a) >= size(b)) {
                        [(mine + 1, theirs), (a.first as usize, theirs)]
                    } else {
                        [(mine, theirs + 1), (mine, b.first as usize)]
                    };
                    let gap = |(m, t): (usize, usize)| self.nodes[m].bounds.gap(&other.nodes[t].bounds);
                    if gap(pairs[0]) < gap(pairs[1]) {
                        pairs.swap(0, 1);
                    }
                    stack.extend(pairs);
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mesh(corners: &[[f32; 3]], shift: f32) -> Mesh {
        let vertices: Vec<_> = corners.iter().map(|c| [c[0] + shift, c[1], c[2]]).collect();
        let triangles = (0..vertices.len() as u32 / 3).map(|n| [3 * n, 3 * n + 1, 3 * n + 2]).collect();
        Mesh::new(vertices, triangles).unwrap()
    }

    proptest! {
        #[test]
        fn the_tree_finds_what_trying_all_finds(
            a in proptest::collection::vec([-30f32..30.0, -8f32..8.0, 0f32..9.0], 3..60),
            b in proptest::collection::vec([-30f32..30.0, -8f32..8.0, 0f32..9.0], 3..60),
            shift in 0f32..90.0,
            p in [-40.0..40.0f64, -20.0..20.0f64, -20.0..20.0f64],
        ) {
            let (a, b) = (Tree::new(&mesh(&a, 0.0)), Tree::new(&mesh(&b, shift)));
            let p = LpsPoint(p.into());
            let all = a.corners.iter().map(|&t| closest_point(p.0, t).distance(p.0)).fold(f64::INFINITY, f64::min);
            let found = a.nearest(p, f64::INFINITY).unwrap();
            prop_assert!((found.point.distance(p).0 - all).abs() < 1e-9);
            prop_assert!(a.nearest(p, all - 1e-6).is_none());
            let mut least = f64::INFINITY;
            for &s in &a.corners {
                for &t in &b.corners {
                    let [x, y] = closest_points(s, t);
                    least = least.min(x.distance(y));
                }
            }
            let [x, y] = a.closest(&b).unwrap();
            prop_assert!((x.distance(y).0 - least).abs() < 1e-9);
        }
    }
}
