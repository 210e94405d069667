//! The 256 ways in which a surface can pass through a cell.
//!
//! Lorensen and Cline's marching cubes (1987) leaves holes where a face of a cell has two opposite corners inside: the
//! two cells beside it may disagree. Here the face alone decides: corners inside are joined across it, so that voxels
//! which touch by a face or an edge hang together (18-neighbourhood; 6 for what is outside), and a thin slanting vessel
//! stays whole. The loops that this draws on a cell's faces are filled with triangles none of whose inner edges lies in
//! a face. So each edge of a triangle has exactly one triangle on its other side, in the same cell or the next, and
//! the triangles around each vertex, one fan in each of the four cells around its grid edge, close to one disc: the
//! surface is a closed, edge- and vertex-manifold one for every input.
//!
//! Corner `x + 2 y + 4 z` of a cell is at (x, y, z). Edges 0 to 3 run along x, at (y, z) of `edge = y + 2 z`; 4 to 7
//! along y, at (x, z); 8 to 11 along z, at (x, y).

use std::sync::LazyLock;

/// The triangles of each case, as edges of the cell.
pub(super) struct Cases {
    /// Where each case's triangles begin; one more at the end.
    first: [u16; 257],
    triangles: Vec<[u8; 3]>,
}

impl Cases {
    /// The triangles of a case (bit c is set where corner c is inside), counter-clockwise seen from outside in a
    /// right-handed grid.
    #[inline]
    pub(super) fn triangles(&self, case: u8) -> &[[u8; 3]] {
        let at = usize::from(case);
        &self.triangles[self.first[at].into()..self.first[at + 1].into()]
    }

    fn new(mirrored: bool) -> Self {
        let mut first = [0; 257];
        let mut triangles = Vec::new();
        for case in 0..=255u8 {
            for edges in loops(case) {
                fill(&edges, &mut triangles);
            }
            first[usize::from(case) + 1] = triangles.len() as u16;
        }
        if mirrored {
            triangles.iter_mut().for_each(|t| t.swap(1, 2));
        }
        Self { first, triangles }
    }
}

/// The table for right-handed grids, or that for left-handed ones.
pub(super) fn cases(right_handed: bool) -> &'static Cases {
    static RIGHT: LazyLock<Cases> = LazyLock::new(|| Cases::new(false));
    static LEFT: LazyLock<Cases> = LazyLock::new(|| Cases::new(true));
    if right_handed { &RIGHT } else { &LEFT }
}

/// The edge between two corners that differ along one axis.
fn edge(corner: usize, other: usize) -> usize {
    let low = corner & other;
    let [x, y, z] = [low & 1, low >> 1 & 1, low >> 2 & 1];
    match corner ^ other {
        1 => y + 2 * z,
        2 => 4 + x + 2 * z,
        _ => 8 + x + 2 * y,
    }
}

/// The corners of each face, counter-clockwise seen from outside the cell.
const FACES: [[usize; 4]; 6] = [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]];

/// The closed loops of crossed edges that the faces' segments make.
fn loops(case: u8) -> Vec<Vec<usize>> {
    let inside = |corner: usize| case >> corner & 1 == 1;
    let mut next = [None; 12];
    for face in FACES {
        for at in 0..4 {
            let (corner, after) = (face[at], face[(at + 1) % 4]);
            if !inside(corner) || inside(after) {
                continue;
            }
            // Going round, this edge leaves the inside. Its segment goes to the edge that enters again next, around
            // the corners that are outside: of two opposite corners inside neither is cut off.
            let enters = (1..4)
                .map(|step| (face[(at + step) % 4], face[(at + step + 1) % 4]))
                .find(|&(a, b)| !inside(a) && inside(b));
            if let Some((a, b)) = enters {
                next[edge(corner, after)] = Some(edge(a, b));
            }
        }
    }
    let mut loops = Vec::new();
    for start in 0..12 {
        let mut walked = Vec::new();
        let mut at = start;
        while let Some(to) = next[at].take() {
            walked.push(at);
            at = to;
        }
        if !walked.is_empty() {
            loops.push(walked);
        }
    }
    loops
}

/// Whether two edges of the cell lie in a common face.
fn share_face(a: usize, b: usize) -> bool {
    FACES.iter().any(|face| {
        let has = |wanted| (0..4).any(|at| edge(face[at], face[(at + 1) % 4]) == wanted);
        has(a) && has(b)
    })
}

/// The middle of an edge, in half cells.
fn middle(edge: usize) -> [i32; 3] {
    let (low, high) = ((edge % 2 * 2) as i32, (edge / 2 % 2 * 2) as i32);
    match edge / 4 {
        0 => [1, low, high],
        1 => [low, 1, high],
        _ => [low, high, 1],
    }
}

/// Fills a loop with triangles without an inner edge in a face, and with the shortest inner edges of all such ways
/// (dynamic programming over the stretches of the loop).
fn fill(edges: &[usize], triangles: &mut Vec<[u8; 3]>) {
    let n = edges.len();
    let length = |a: usize, b: usize| {
        if b == a + 1 || (a == 0 && b == n - 1) {
            return Some(0);
        }
        let (p, q) = (middle(edges[a]), middle(edges[b]));
        let squared: i32 = (0..3).map(|axis| (p[axis] - q[axis]).pow(2)).sum();
        (!share_face(edges[a], edges[b])).then_some(squared)
    };
    // best[a][b]: the cost of filling the stretch a..=b and the third corner of the triangle on its chord.
    let mut best = vec![vec![None; n]; n];
    for a in 0..n {
        if a + 1 < n {
            best[a][a + 1] = Some((0, 0));
        }
    }
    for span in 2..n {
        for a in 0..n - span {
            let b = a + span;
            best[a][b] = (a + 1..b)
                .filter_map(|m| {
                    let (left, _) = best[a][m]?;
                    let (right, _) = best[m][b]?;
                    Some((left + right + length(a, m)? + length(m, b)?, m))
                })
                .min();
        }
    }
    let mut stretches = vec![(0, n - 1)];
    while let Some((a, b)) = stretches.pop() {
        if let (true, Some((_, m))) = (b > a + 1, best[a][b]) {
            // The loop runs clockwise seen from outside the structure.
            triangles.push([edges[a], edges[b], edges[m]].map(|e| e as u8));
            stretches.extend([(a, m), (m, b)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn every_loop_is_filled_with_inner_edges_that_lie_in_no_face() {
        for case in 0..=255u8 {
            let corners: usize = loops(case).iter().map(Vec::len).sum();
            let triangles = cases(true).triangles(case);
            assert_eq!(triangles.len(), corners - 2 * loops(case).len(), "case {case}");
            let mut directed = HashMap::new();
            for t in triangles {
                for (a, b) in [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])] {
                    *directed.entry((a, b)).or_insert(0) += 1;
                }
            }
            for (&(a, b), &count) in &directed {
                assert_eq!(count, 1, "case {case}");
                let inner = directed.contains_key(&(b, a));
                assert_ne!(inner, share_face(a.into(), b.into()), "case {case}, edge {a}-{b}");
            }
        }
    }

    #[test]
    fn one_corner_makes_one_triangle_that_faces_away_from_it() {
        let [a, b, c] = cases(true).triangles(1)[0].map(|e| glam::IVec3::from_array(middle(e.into())).as_dvec3());
        assert!((b - a).cross(c - a).dot(glam::DVec3::ONE) > 0.0);
        assert_eq!(cases(true).triangles(255 - 1).len(), 1);
        assert!(cases(true).triangles(0).is_empty() && cases(true).triangles(255).is_empty());
    }

    #[test]
    fn half_way_triangles_stay_clear_of_every_voxel_centre() {
        // A tight bound for the leash of smoothing: the nearest is the triangle around a lone corner, at 1/√12.
        let mut least = f64::INFINITY;
        for case in 0..=255u8 {
            for t in cases(true).triangles(case) {
                let [a, b, c] = t.map(|e| glam::IVec3::from_array(middle(e.into())).as_dvec3() / 2.0);
                for corner in 0..8 {
                    let p = glam::DVec3::new((corner & 1) as f64, (corner >> 1 & 1) as f64, (corner >> 2 & 1) as f64);
                    least = least.min(crate::triangle::closest_point(p, [a, b, c]).distance(p));
                }
            }
        }
        assert!((least - (1.0f64 / 12.0).sqrt()).abs() < 1e-12, "{least}");
    }
}
