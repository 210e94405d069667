//! A tree of boxes around a mesh's triangles: what is near, what overlaps, what a ray hits.

use fabrica_surface::{Mesh, closest_point};
use glam::DVec3;
use rayon::prelude::*;

use crate::exact::Corners;

/// Triangles in a leaf, at most.
const LEAF: usize = 4;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Aabb {
    pub(crate) low: [f32; 3],
    pub(crate) high: [f32; 3],
}

impl Aabb {
    pub(crate) const EMPTY: Self = Self { low: [f32::INFINITY; 3], high: [f32::NEG_INFINITY; 3] };

    #[inline]
    pub(crate) fn add(&mut self, p: [f32; 3]) {
        for (axis, c) in p.into_iter().enumerate() {
            self.low[axis] = self.low[axis].min(c);
            self.high[axis] = self.high[axis].max(c);
        }
    }

    #[inline]
    fn join(&self, other: &Self) -> Self {
        Self {
            low: std::array::from_fn(|axis| self.low[axis].min(other.low[axis])),
            high: std::array::from_fn(|axis| self.high[axis].max(other.high[axis])),
        }
    }

    #[inline]
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        (0..3).all(|axis| self.low[axis] <= other.high[axis] && other.low[axis] <= self.high[axis])
    }

    /// The squared distance from a point; 0 inside.
    #[inline]
    fn distance_squared(&self, p: DVec3) -> f64 {
        let mut sum = 0.0;
        for axis in 0..3 {
            let beside = (f64::from(self.low[axis]) - p[axis]).max(p[axis] - f64::from(self.high[axis])).max(0.0);
            sum += beside * beside;
        }
        sum
    }

    /// Whether a ray passes it before `limit` (a multiple of the direction).
    #[inline]
    fn on_ray(&self, from: DVec3, inverse: DVec3, limit: f64) -> bool {
        let (mut near, mut far) = (0.0f64, limit);
        for axis in 0..3 {
            let (low, high) = (f64::from(self.low[axis]), f64::from(self.high[axis]));
            if inverse[axis].is_infinite() {
                // The ray runs along this side: within or beside, and nothing times infinity is no number.
                if from[axis] < low || from[axis] > high {
                    return false;
                }
                continue;
            }
            let (a, b) = ((low - from[axis]) * inverse[axis], (high - from[axis]) * inverse[axis]);
            near = near.max(a.min(b));
            far = far.min(a.max(b));
        }
        // A little more than nothing against rounding.
        near <= far * (1.0 + 1e-12) + 1e-12
    }
}

/// A point of a mesh.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nearest {
    pub(crate) triangle: u32,
    pub(crate) point: DVec3,
    pub(crate) squared: f64,
}

/// A perfect binary tree of boxes: node n has the children 2 n + 1 and 2 n + 2, and node k of depth d holds the
/// triangles `order[n k >> d .. n (k + 1) >> d]`. So the tree needs no pointers, and is built in parallel.
pub(crate) struct Tree<'a> {
    mesh: &'a Mesh,
    boxes: Vec<Aabb>,
    order: Vec<u32>,
    depth: u32,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(mesh: &'a Mesh) -> Self {
        let n = mesh.triangles().len();
        let mut depth = 0;
        while n >> depth > LEAF {
            depth += 1;
        }
        let centres: Vec<[f32; 3]> = mesh
            .triangles()
            .par_iter()
            .map(|t| {
                let c = t.map(|v| mesh.vertices()[v as usize]);
                std::array::from_fn(|axis| c[0][axis] + c[1][axis] + c[2][axis])
            })
            .collect();
        let mut order: Vec<u32> = (0..n as u32).collect();
        split(&mut order, 0, 0, 0, n, depth, &centres);
        let first_leaf = (1usize << depth) - 1;
        let leaves: Vec<Aabb> = (0..1usize << depth)
            .into_par_iter()
            .map(|k| {
                let mut bounds = Aabb::EMPTY;
                for &t in &order[(n * k) >> depth..(n * (k + 1)) >> depth] {
                    mesh.triangles()[t as usize].iter().for_each(|&v| bounds.add(mesh.vertices()[v as usize]));
                }
                bounds
            })
            .collect();
        let mut boxes = vec![Aabb::EMPTY; first_leaf];
        boxes.extend(leaves);
        for node in (0..first_leaf).rev() {
            boxes[node] = boxes[2 * node + 1].join(&boxes[2 * node + 2]);
        }
        Self { mesh, boxes, order, depth }
    }

    pub(crate) fn mesh(&self) -> &'a Mesh {
        self.mesh
    }

    pub(crate) fn corners(&self, triangle: u32) -> Corners {
        corners(self.mesh, triangle)
    }

    fn leaf_start(&self) -> usize {
        (1 << self.depth) - 1
    }

    fn items(&self, leaf: usize) -> &[u32] {
        let (n, k) = (self.order.len(), leaf - self.leaf_start());
        &self.order[(n * k) >> self.depth..(n * (k + 1)) >> self.depth]
    }

    /// The order of the triangles in space, and each node's box, for trees that hold more in each node.
    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }

    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    pub(crate) fn bounds(&self, node: usize) -> &Aabb {
        &self.boxes[node]
    }

    /// The nearest point within a squared distance, of the triangles that `wanted` accepts at that point.
    pub(crate) fn nearest_where(
        &self,
        p: DVec3,
        within_squared: f64,
        mut wanted: impl FnMut(u32, DVec3) -> bool,
    ) -> Option<Nearest> {
        if self.order.is_empty() {
            return None;
        }
        let mut best = Nearest { triangle: u32::MAX, point: p, squared: within_squared };
        let mut stack = [(0usize, 0f64); 64];
        let mut height = 1;
        stack[0] = (0, self.boxes[0].distance_squared(p));
        let first_leaf = self.leaf_start();
        while height > 0 {
            height -= 1;
            let (node, squared) = stack[height];
            if squared > best.squared {
                continue;
            }
            if node >= first_leaf {
                for &t in self.items(node) {
                    let point = closest_point(p, self.corners(t));
                    let squared = point.distance_squared(p);
                    if squared <= best.squared && wanted(t, point) {
                        best = Nearest { triangle: t, point, squared };
                    }
                }
                continue;
            }
            let (left, right) = (2 * node + 1, 2 * node + 2);
            let (dl, dr) = (self.boxes[left].distance_squared(p), self.boxes[right].distance_squared(p));
            // The nearer last, so that it comes first.
            let both = if dl < dr { [(right, dr), (left, dl)] } else { [(left, dl), (right, dr)] };
            for entry in both {
                if entry.1 <= best.squared && height < stack.len() {
                    stack[height] = entry;
                    height += 1;
                }
            }
        }
        (best.triangle != u32::MAX).then_some(best)
    }

    /// The nearest point of the mesh; nothing only where it is empty.
    pub(crate) fn nearest(&self, p: DVec3) -> Option<Nearest> {
        self.nearest_where(p, f64::INFINITY, |_, _| true)
    }

    /// Calls `visit` for every triangle whose box overlaps one, until it says `false`.
    pub(crate) fn overlapping(&self, bounds: &Aabb, mut visit: impl FnMut(u32) -> bool) {
        if self.order.is_empty() {
            return;
        }
        let mut stack = vec![0usize];
        while let Some(node) = stack.pop() {
            if !self.boxes[node].overlaps(bounds) {
                continue;
            }
            if node >= self.leaf_start() {
                for &t in self.items(node) {
                    if triangle_box(self.mesh, t).overlaps(bounds) && !visit(t) {
                        return;
                    }
                }
            } else {
                stack.extend([2 * node + 1, 2 * node + 2]);
            }
        }
    }

    /// Calls `hit(triangle, along)` for each triangle that a ray may pass within `limit` times its direction, `along`
    /// being where, and which `hit` may lower to what is then the limit.
    pub(crate) fn on_ray(&self, from: DVec3, direction: DVec3, limit: f64, mut hit: impl FnMut(u32, f64) -> f64) {
        if self.order.is_empty() {
            return;
        }
        let inverse = direction.recip();
        let mut limit = limit;
        let mut stack = vec![0usize];
        while let Some(node) = stack.pop() {
            if !self.boxes[node].on_ray(from, inverse, limit) {
                continue;
            }
            if node >= self.leaf_start() {
                for &t in self.items(node) {
                    if let Some(along) = ray_hits(from, direction, self.corners(t)).filter(|&a| a <= limit) {
                        limit = limit.min(hit(t, along));
                    }
                }
            } else {
                stack.extend([2 * node + 1, 2 * node + 2]);
            }
        }
    }

    /// `found(a, b)` for each pair of triangles whose boxes overlap, in parallel; what it returns is gathered.
    pub(crate) fn pairs<T: Send>(&self, found: impl Fn(u32, u32, &mut Vec<T>) + Sync) -> Vec<T> {
        // Pairs of nodes of one depth, enough of them to keep all cores busy, in an order that never varies.
        let mut work = vec![(0usize, 0usize)];
        let split = self.depth.min(8);
        for _ in 0..split {
            work = work.into_iter().flat_map(|(a, b)| self.below(a, b)).collect();
        }
        let parts: Vec<Vec<T>> = work
            .into_par_iter()
            .map(|pair| {
                let mut all = Vec::new();
                let mut stack = vec![pair];
                while let Some((a, b)) = stack.pop() {
                    if a >= self.leaf_start() {
                        self.leaf_pairs(a, b, &mut |s, t| found(s, t, &mut all));
                    } else {
                        stack.extend(self.below(a, b));
                    }
                }
                all
            })
            .collect();
        parts.into_iter().flatten().collect()
    }

    /// The pairs of children of two nodes of one depth whose boxes overlap.
    fn below(&self, a: usize, b: usize) -> impl Iterator<Item = (usize, usize)> {
        let (a0, a1, b0, b1) = (2 * a + 1, 2 * a + 2, 2 * b + 1, 2 * b + 2);
        let all = if a == b {
            [Some((a0, a0)), Some((a0, a1)), Some((a1, a1)), None]
        } else {
            [(a0, b0), (a0, b1), (a1, b0), (a1, b1)].map(Some)
        };
        let kept = all.map(|pair| pair.filter(|&(a, b)| a == b || self.boxes[a].overlaps(&self.boxes[b])));
        kept.into_iter().flatten()
    }

    fn leaf_pairs(&self, a: usize, b: usize, visit: &mut impl FnMut(u32, u32)) {
        let (left, right) = (self.items(a), self.items(b));
        for (at, &s) in left.iter().enumerate() {
            let bounds = triangle_box(self.mesh, s);
            let from = if a == b { at + 1 } else { 0 };
            for &t in &right[from..] {
                if triangle_box(self.mesh, t).overlaps(&bounds) {
                    visit(s.min(t), s.max(t));
                }
            }
        }
    }
}

/// Sorts the triangles of node k of depth d (those from `from` on, in `order`) into its children.
fn split(order: &mut [u32], from: usize, k: usize, d: u32, n: usize, depth: u32, centres: &[[f32; 3]]) {
    if d == depth || order.len() < 2 {
        return;
    }
    let middle = ((n * (2 * k + 1)) >> (d + 1)) - from;
    let mut bounds = Aabb::EMPTY;
    order.iter().for_each(|&t| bounds.add(centres[t as usize]));
    let size: [f32; 3] = std::array::from_fn(|axis| bounds.high[axis] - bounds.low[axis]);
    let axis = if size[0] >= size[1] && size[0] >= size[2] {
        0
    } else if size[1] >= size[2] {
        1
    } else {
        2
    };
    if middle > 0 && middle < order.len() {
        order.select_nth_unstable_by(middle, |&a, &b| {
            centres[a as usize][axis].total_cmp(&centres[b as usize][axis]).then(a.cmp(&b))
        });
    }
    let parallel = order.len() > 1 << 13;
    let (left, right) = order.split_at_mut(middle);
    let mut both = (
        || split(left, from, 2 * k, d + 1, n, depth, centres),
        || split(right, from + middle, 2 * k + 1, d + 1, n, depth, centres),
    );
    if parallel {
        rayon::join(both.0, both.1);
    } else {
        both.0();
        both.1();
    }
}

/// The corners of a triangle, in double precision.
#[inline]
pub(crate) fn corners(mesh: &Mesh, triangle: u32) -> Corners {
    mesh.triangles()[triangle as usize].map(|v| position(mesh, v))
}

/// A vertex's position, in double precision.
#[inline]
pub(crate) fn position(mesh: &Mesh, vertex: u32) -> DVec3 {
    let [x, y, z] = mesh.vertices()[vertex as usize];
    DVec3::new(x.into(), y.into(), z.into())
}

/// The box of one triangle.
#[inline]
pub(crate) fn triangle_box(mesh: &Mesh, triangle: u32) -> Aabb {
    let mut bounds = Aabb::EMPTY;
    mesh.triangles()[triangle as usize].iter().for_each(|&v| bounds.add(mesh.vertices()[v as usize]));
    bounds
}

/// Where along a ray it passes a triangle, as a multiple of the direction (Möller and Trumbore 1997).
pub(crate) fn ray_hits(from: DVec3, direction: DVec3, [a, b, c]: Corners) -> Option<f64> {
    let (e1, e2) = (b - a, c - a);
    let p = direction.cross(e2);
    let determinant = e1.dot(p);
    if determinant == 0.0 {
        return None;
    }
    let s = from - a;
    let u = s.dot(p) / determinant;
    let q = s.cross(e1);
    let v = direction.dot(q) / determinant;
    // A hair wider than the triangle, so that a ray along a common side misses neither.
    const HAIR: f64 = 1e-12;
    if u < -HAIR || v < -HAIR || u + v > 1.0 + HAIR {
        return None;
    }
    let along = e2.dot(q) / determinant;
    (along >= 0.0).then_some(along)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_tree_finds_what_a_search_of_all_finds(
            corners in proptest::collection::vec([-30f32..30.0, -8f32..8.0, 100f32..101.0], 3..200),
            p in [-40f64..40.0, -20f64..20.0, 95f64..105.0],
        ) {
            let count = corners.len() as u32 / 3;
            let triangles = (0..count).map(|n| [3 * n, 3 * n + 1, 3 * n + 2]).collect();
            let mesh = Mesh::new(corners, triangles).unwrap();
            let tree = Tree::new(&mesh);
            let p = DVec3::from_array(p);
            let nearest = (0..count).map(|t| closest_point(p, tree.corners(t)).distance(p)).fold(f64::INFINITY, f64::min);
            prop_assert!((tree.nearest(p).unwrap().squared.sqrt() - nearest).abs() < 1e-9);

            let mut pairs = tree.pairs(|a, b, all| all.push((a, b)));
            pairs.sort_unstable();
            let mut wanted = Vec::new();
            for a in 0..count {
                for b in a + 1..count {
                    if triangle_box(&mesh, a).overlaps(&triangle_box(&mesh, b)) {
                        wanted.push((a, b));
                    }
                }
            }
            prop_assert_eq!(pairs, wanted);

            let direction = DVec3::new(0.3, -0.2, 1.0);
            let (mut hits, mut all) = (Vec::new(), Vec::new());
            tree.on_ray(p, direction, f64::INFINITY, |t, _| { hits.push(t); f64::INFINITY });
            all.extend((0..count).filter(|&t| ray_hits(p, direction, tree.corners(t)).is_some()));
            hits.sort_unstable();
            prop_assert_eq!(hits, all);
        }
    }
}
