//! Exact distances to a mesh.
//!
//! A tree of oriented boxes over the triangles. The distance of a convex body to the mesh is found by branch and bound: over a box or a
//! triangle it cannot be less than the tangent plane of the body's (convex) distance at the middle. The answer is within
//! [`GAP`] of the least.

use fabrica_surface::{Mesh, closest_point};
use glam::DVec3;
use std::collections::HashMap;

use crate::convex::Convex;
pub use crate::convex::GAP;
use crate::oriented::OrientedBox;

/// Triangles in a leaf.
const LEAF: usize = 4;
/// A point that was told to lie on the mesh is found again within this, mm.
const ON_MESH: f64 = 0.001;

/// A triangle mesh with a tree of boxes.
#[derive(Clone, Debug)]
pub struct Tree {
    bounds: Option<(DVec3, DVec3)>,
    nodes: Vec<Node>,
    triangles: Vec<[DVec3; 3]>,
    /// Sums of normals at corners and edges (a-b, b-c, c-a), which tell inside from outside (J. Bærentzen, H. Aanæs,
    /// "Signed distance computation using the angle weighted pseudonormal", 2005).
    normals: Vec<[[f32; 3]; 6]>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    around: OrientedBox,
    /// The first triangle of a leaf, or the second child of a branch (the first is the next node).
    at: u32,
    /// Triangles of a leaf; 0 for a branch.
    count: u32,
}

/// A point of the mesh with its distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// The signed distance, mm.
    pub distance: f64,
    /// The point on the mesh.
    pub point: DVec3,
    /// Which triangle of the tree.
    pub(crate) triangle: u32,
}

impl Tree {
    /// The tree of a mesh. Inside and outside can be told where the mesh is closed and faces outwards.
    pub fn new(mesh: &Mesh) -> Self {
        let at = |v: u32| mesh.vertices().get(v as usize).map_or(DVec3::ZERO, |p| DVec3::from_array(p.map(f64::from)));
        let mut corners = vec![DVec3::ZERO; mesh.vertices().len()];
        let mut edges: HashMap<(u32, u32), DVec3> = HashMap::with_capacity(mesh.triangles().len() * 3 / 2);
        for &t in mesh.triangles() {
            let p = t.map(at);
            let normal = (p[1] - p[0]).cross(p[2] - p[0]).normalize_or_zero();
            for n in 0..3 {
                let (u, v) = (p[(n + 1) % 3] - p[n], p[(n + 2) % 3] - p[n]);
                if let Some(sum) = corners.get_mut(t[n] as usize) {
                    *sum += normal * if u.length() * v.length() > 0.0 { u.angle_between(v) } else { 0.0 };
                }
                *edges.entry(key(t[n], t[(n + 1) % 3])).or_default() += normal;
            }
        }
        let mut order: Vec<(DVec3, u32)> =
            (0u32..).zip(mesh.triangles()).map(|(n, &t)| (t.map(at).into_iter().sum::<DVec3>() / 3.0, n)).collect();
        let all: Vec<[DVec3; 3]> = mesh.triangles().iter().map(|t| t.map(at)).collect();
        let mut nodes = Vec::with_capacity(order.len());
        if !order.is_empty() {
            build(&mut nodes, &mut order, &all, 0);
        }
        let small = |v: DVec3| v.as_vec3().to_array();
        let normals = order
            .iter()
            .map(|&(_, n)| {
                let t = mesh.triangles()[n as usize];
                let corner = |v: u32| small(corners[v as usize]);
                let edge = |a: u32, b: u32| small(edges.get(&key(a, b)).copied().unwrap_or_default());
                [corner(t[0]), corner(t[1]), corner(t[2]), edge(t[0], t[1]), edge(t[1], t[2]), edge(t[2], t[0])]
            })
            .collect();
        let triangles = order.iter().map(|&(_, n)| all[n as usize]).collect();
        let bounds = (!all.is_empty()).then(|| {
            let corners = all.iter().flatten();
            corners.fold((DVec3::INFINITY, DVec3::NEG_INFINITY), |(low, high), p| (low.min(*p), high.max(*p)))
        });
        Self { bounds, nodes, triangles, normals }
    }

    /// Whether there is no triangle.
    pub fn is_empty(&self) -> bool {
        self.triangles.is_empty()
    }

    /// The mesh's smallest and largest coordinates.
    pub fn bounds(&self) -> Option<(DVec3, DVec3)> {
        self.bounds
    }

    /// The point of the mesh nearest to `to`, if it is nearer than `within`; its distance is without sign.
    pub fn nearest(&self, to: DVec3, within: f64) -> Option<Nearest> {
        self.nearest_from(to, within, None, 0.0)
    }

    /// The same within `gap` of the least, beginning with the answer for a point close by, which makes it quick.
    pub(crate) fn nearest_from(&self, to: DVec3, within: f64, before: Option<&Nearest>, gap: f64) -> Option<Nearest> {
        let mut best = within;
        let mut found = None;
        let look = |triangle: u32, best: &mut f64, found: &mut Option<Nearest>| {
            let point = closest_point(to, self.triangles[triangle as usize]);
            let square = point.distance_squared(to);
            if square < *best * *best {
                *best = square.sqrt();
                *found = Some(Nearest { distance: *best, point, triangle });
            }
        };
        if let Some(before) = before {
            look(before.triangle, &mut best, &mut found);
        }
        self.visit(
            |node| node.around.distance_squared(to).sqrt(),
            |triangle, best| look(triangle, best, &mut found),
            &mut best,
            gap,
        );
        found
    }

    /// The signed distance of a point, below 0 inside. Nothing for a mesh without triangles.
    pub fn signed(&self, to: DVec3) -> Option<Nearest> {
        self.nearest(to, f64::INFINITY).map(|nearest| self.with_side(to, nearest))
    }

    /// A distance below 0 where the point lies inside. `nearest` is exactly the nearest: what is only nearly so can lie.
    pub(crate) fn with_side(&self, to: DVec3, nearest: Nearest) -> Nearest {
        let side = self.outward(&nearest).dot(to - nearest.point);
        Nearest { distance: nearest.distance.copysign(if side < 0.0 { -1.0 } else { 1.0 }), ..nearest }
    }

    /// Whether a point lies within the closed mesh.
    pub fn contains(&self, at: DVec3) -> bool {
        let Some((low, high)) = self.bounds() else { return false };
        at.cmpge(low).all() && at.cmple(high).all() && self.signed(at).is_some_and(|n| n.distance < 0.0)
    }

    /// Whether a point lies within the closed mesh, from a point of the mesh that is nearly the nearest.
    pub(crate) fn contains_near(&self, at: DVec3, near: &Nearest) -> bool {
        self.nearest_from(at, f64::INFINITY, Some(near), 0.0).is_some_and(|n| self.with_side(at, n).distance < 0.0)
    }

    /// Whether a point lies within the closed mesh, from one whose side is known: where no border lies between them, the
    /// answer is the same, else it is looked for.
    pub(crate) fn contains_from(&self, at: DVec3, (known, inside): (DVec3, bool)) -> bool {
        let way = at - known;
        let length = way.length();
        let reaches = length > 0.0 && self.meets(known, way / length, length);
        if reaches { self.contains(at) } else { inside }
    }

    /// The direction outwards at a point of the mesh, of unit length.
    pub fn outward(&self, at: &Nearest) -> DVec3 {
        let [a, b, c] = self.triangles[at.triangle as usize];
        let sums = &self.normals[at.triangle as usize];
        let face = (b - a).cross(c - a);
        let area = face.length();
        // Which corner, edge or face the point lies on, by its barycentric coordinates.
        let weight = |p: DVec3, q: DVec3| (p - at.point).cross(q - at.point).dot(face) / (area * area).max(1e-300);
        let w = [weight(b, c), weight(c, a), weight(a, b)];
        const ON: f64 = 1e-7;
        let feature = match w.map(|v| v > ON) {
            [true, false, false] => Some(0),
            [false, true, false] => Some(1),
            [false, false, true] => Some(2),
            [true, true, false] => Some(3),
            [false, true, true] => Some(4),
            [true, false, true] => Some(5),
            _ => None,
        };
        let sum = feature.map_or(face, |f| DVec3::from_array(sums[f].map(f64::from)));
        sum.try_normalize().or_else(|| face.try_normalize()).unwrap_or(DVec3::Z)
    }

    /// The least signed distance of any point of the mesh to a convex body, if it is under `within`: above 0 the body keeps
    /// away from the mesh by as much, below 0 the mesh reaches as deep into the body. `hint` is a point that was the
    /// nearest before; it makes the search quick.
    pub fn least(&self, body: &impl Convex, within: f64, hint: Option<DVec3>) -> Option<Nearest> {
        // The hint lies on the mesh.
        self.least_from(body, within, hint.and_then(|h| self.nearest(h, ON_MESH)).as_ref())
    }

    /// The same, from the answer for a body close by.
    pub(crate) fn least_from(&self, body: &impl Convex, within: f64, before: Option<&Nearest>) -> Option<Nearest> {
        let mut best = within;
        let mut found = None;
        if let Some(&Nearest { triangle, .. }) = before
            && let Some((distance, point)) = body.least_on(self.triangles[triangle as usize], best)
        {
            best = distance;
            found = Some(Nearest { distance, point, triangle });
        }
        self.visit(
            |node| {
                let (value, gradient) = body.distance(node.around.centre());
                value - node.around.reach(gradient)
            },
            |triangle, best| {
                if let Some((distance, point)) = body.least_on(self.triangles[triangle as usize], *best) {
                    *best = distance;
                    found = Some(Nearest { distance, point, triangle });
                }
            },
            &mut best,
            GAP,
        );
        found
    }

    /// Where a straight line of unit direction passes through the mesh: the distances from its start up to `length`, in
    /// order, and for each whether it goes in. A line that runs along an edge may be told twice.
    pub fn passes(&self, from: DVec3, direction: DVec3, length: f64) -> Vec<(f64, bool)> {
        let mut found = Vec::new();
        self.along(from, direction, length, |triangle| {
            found.extend(crossing(triangle, from, direction, 0.0).filter(|(t, _)| *t >= 0.0 && *t <= length));
            true
        });
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found
    }

    /// Whether a straight line of unit direction comes to the mesh. One that goes by closely may be said to: never the other
    /// way round.
    fn meets(&self, from: DVec3, direction: DVec3, length: f64) -> bool {
        // Far more than rounding, far less than a triangle.
        const SLACK: f64 = 1e-6;
        let mut clear = true;
        self.along(from, direction, length, |triangle| {
            // In a triangle's plane nothing is told apart.
            let flat = (triangle[1] - triangle[0]).cross(triangle[2] - triangle[0]).dot(direction).abs() < 1e-12;
            let hit = crossing(triangle, from, direction, SLACK);
            clear = !flat && hit.is_none_or(|(t, _)| t < -SLACK || t > length + SLACK);
            clear
        });
        !clear
    }

    /// Tells the triangles whose boxes a line of unit direction passes through, until `tell` has enough.
    fn along(&self, from: DVec3, direction: DVec3, length: f64, mut tell: impl FnMut([DVec3; 3]) -> bool) {
        let mut stack = [0u32; 80];
        let mut depth = usize::from(!self.nodes.is_empty());
        while depth > 0 {
            depth -= 1;
            let index = stack[depth];
            let node = &self.nodes[index as usize];
            if !node.around.meets(from, direction, length) {
                continue;
            }
            if node.count > 0 {
                let triangles = &self.triangles[node.at as usize..(node.at + node.count) as usize];
                if !triangles.iter().all(|t| tell(*t)) {
                    return;
                }
            } else if depth + 1 < stack.len() {
                stack[depth] = node.at;
                stack[depth + 1] = index + 1;
                depth += 2;
            }
        }
    }

    /// How much of a straight line of unit direction lies within a closed mesh.
    pub fn length_within(&self, from: DVec3, direction: DVec3, length: f64) -> f64 {
        let passes = self.passes(from, direction, length);
        let (mut sum, mut since) = (0.0, None);
        for &(at, goes_in) in &passes {
            match (goes_in, since) {
                (true, None) => since = Some(at),
                (false, Some(start)) => {
                    sum += at - start;
                    since = None;
                }
                // It began within.
                (false, None) if sum == 0.0 && passes.first().is_some_and(|p| p.0 == at) => sum += at,
                // Told twice, at an edge.
                _ => {}
            }
        }
        sum + since.map_or(0.0, |start| length - start)
    }

    /// Visits boxes in order of their bound, leaves out those whose bound is not under the best by more than `gap`.
    #[inline]
    fn visit(&self, bound: impl Fn(&Node) -> f64, mut leaf: impl FnMut(u32, &mut f64), best: &mut f64, gap: f64) {
        let Some(root) = self.nodes.first() else { return };
        // Halved at each level, 2³² triangles are 32 deep.
        let mut stack = [(0u32, 0f64); 80];
        stack[0] = (0, bound(root));
        let mut depth = 1;
        while depth > 0 {
            depth -= 1;
            let (index, least) = stack[depth];
            if least >= *best - gap {
                continue;
            }
            let node = &self.nodes[index as usize];
            if node.count > 0 {
                for triangle in node.at..node.at + node.count {
                    leaf(triangle, best);
                }
                continue;
            }
            let children = [index + 1, node.at].map(|n| (n, bound(&self.nodes[n as usize])));
            let (near, far) =
                if children[0].1 <= children[1].1 { (children[0], children[1]) } else { (children[1], children[0]) };
            for child in [far, near] {
                if child.1 < *best - gap && depth < stack.len() {
                    stack[depth] = child;
                    depth += 1;
                }
            }
        }
    }
}

fn key(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}

/// Halves the triangles along the longest side of their middles.
fn build(nodes: &mut Vec<Node>, order: &mut [(DVec3, u32)], all: &[[DVec3; 3]], first: u32) {
    let (mut middle_low, mut middle_high) = (DVec3::INFINITY, DVec3::NEG_INFINITY);
    for &(middle, _) in order.iter() {
        middle_low = middle_low.min(middle);
        middle_high = middle_high.max(middle);
    }
    let around = OrientedBox::around(order.iter().map(|&(_, n)| all[n as usize]));
    let index = nodes.len();
    let count = if order.len() <= LEAF { order.len() as u32 } else { 0 };
    nodes.push(Node { around, at: first, count });
    if count > 0 {
        return;
    }
    let size = middle_high - middle_low;
    let axis = if size.x >= size.y && size.x >= size.z {
        0
    } else if size.y >= size.z {
        1
    } else {
        2
    };
    let half = order.len() / 2;
    order.select_nth_unstable_by(half, |a, b| a.0[axis].total_cmp(&b.0[axis]));
    let (left, right) = order.split_at_mut(half);
    build(nodes, left, all, first);
    nodes[index].at = nodes.len() as u32;
    build(nodes, right, all, first + half as u32);
}

/// Where a line meets a triangle, and whether it goes in there (T. Möller, B. Trumbore, 1997). The triangle is taken larger by
/// this share of its sides.
fn crossing([a, b, c]: [DVec3; 3], from: DVec3, direction: DVec3, slack: f64) -> Option<(f64, bool)> {
    let (u, v) = (b - a, c - a);
    let p = direction.cross(v);
    let determinant = u.dot(p);
    if determinant.abs() < 1e-15 {
        return None;
    }
    let to = from - a;
    let s = to.dot(p) / determinant;
    let q = to.cross(u);
    let t = direction.dot(q) / determinant;
    let inside = s >= -slack && t >= -slack && s + t <= 1.0 + slack;
    inside.then(|| (v.dot(q) / determinant, determinant > 0.0))
}
