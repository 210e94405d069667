//! Cutting apart what meets in an edge or a vertex without being one surface.

use super::work::Work;
use crate::edges::{Edges, Groups, Use};

/// What cutting changed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cuts {
    /// Vertices that were made of others.
    pub(crate) copies: usize,
}

/// Gives each fan of triangles around a vertex a vertex of its own. Triangles belong to one fan when they share an edge
/// that two triangles run along opposite ways; where more meet, those are paired that have solid between them.
/// Afterwards all edges and vertices are manifold, but copies of a vertex lie at one place until [`part`] moves them.
pub(crate) fn cut_apart(work: &mut Work) -> Cuts {
    let edges = Edges::new(&work.triangles);
    let mut corners = Groups::new(3 * work.triangles.len());
    let corner = |work: &Work, triangle: u32, vertex: u32| {
        let at = work.triangles[triangle as usize].iter().position(|v| *v == vertex).unwrap_or(0);
        3 * triangle + at as u32
    };
    let mut join = |work: &Work, a: &Use, b: &Use| {
        for vertex in a.edge {
            corners.join(corner(work, a.triangle, vertex), corner(work, b.triangle, vertex));
        }
    };
    for uses in edges.groups() {
        match uses {
            [_] => {}
            [a, b] if a.forward != b.forward => join(work, a, b),
            [_, _] => {}
            all => pair_around(work, all).iter().for_each(|(a, b)| join(work, a, b)),
        }
    }
    // The first fan keeps the vertex.
    let mut owner = vec![u32::MAX; work.vertices.len()];
    let mut number: Vec<u32> = vec![u32::MAX; 3 * work.triangles.len()];
    let mut copies = 0;
    for at in 0..3 * work.triangles.len() as u32 {
        let root = corners.root(at);
        let (triangle, n) = ((at / 3) as usize, (at % 3) as usize);
        let vertex = work.triangles[triangle][n];
        if number[root as usize] == u32::MAX {
            number[root as usize] = if owner[vertex as usize] == u32::MAX {
                owner[vertex as usize] = root;
                vertex
            } else {
                copies += 1;
                work.vertices.push(work.vertices[vertex as usize]);
                work.vertices.len() as u32 - 1
            };
        }
        work.triangles[triangle][n] = number[root as usize];
    }
    Cuts { copies }
}

/// Pairs the triangles around an edge that have solid between them: going round, from one that runs backwards (behind
/// it is what follows) to the next, if that runs forwards.
fn pair_around<'a>(work: &Work, uses: &'a [Use]) -> Vec<(&'a Use, &'a Use)> {
    let [a, b] = uses[0].edge.map(|v| work.at(v));
    let along = (b - a).normalize_or_zero();
    let (u, v) = along.any_orthonormal_pair();
    let mut round: Vec<(f64, &Use)> = uses
        .iter()
        .map(|each| {
            let third = work.triangles[each.triangle as usize].into_iter().find(|v| !each.edge.contains(v));
            let to = third.map_or(a, |v| work.at(v)) - a;
            (to.dot(v).atan2(to.dot(u)), each)
        })
        .collect();
    round.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(y.1)));
    // `any_orthonormal_pair` gives u × v = along for a unit vector, so angles grow counter-clockwise about the edge.
    let n = round.len();
    (0..n).map(|i| (round[i].1, round[(i + 1) % n].1)).filter(|(a, b)| !a.forward && b.forward).collect()
}

/// Moves vertices that lie at one place apart, each a little into its own solid. Returns how many were moved and the
/// farthest that one went.
pub(crate) fn part(work: &mut Work) -> (usize, f64) {
    let mut moved = 0;
    let mut farthest = 0f64;
    for round in 0..4 {
        let shared = coincident(work);
        if shared.is_empty() {
            break;
        }
        let mut normal = vec![glam::DVec3::ZERO; work.vertices.len()];
        let mut shortest = vec![f64::INFINITY; work.vertices.len()];
        let mut wanted = vec![false; work.vertices.len()];
        shared.iter().for_each(|&v| wanted[v as usize] = true);
        for (n, t) in work.triangles.iter().enumerate() {
            if !t.iter().any(|&v| wanted[v as usize]) {
                continue;
            }
            let area = work.area_vector(n as u32).normalize_or_zero();
            for i in 0..3 {
                let (v, w) = (t[i] as usize, t[(i + 1) % 3] as usize);
                normal[v] += area;
                let length = work.at(t[i]).distance(work.at(t[(i + 1) % 3]));
                shortest[v] = shortest[v].min(length);
                shortest[w] = shortest[w].min(length);
            }
        }
        for v in shared {
            let at = work.at(v);
            // A thousandth of the shortest side, or a few steps of the single-precision coordinates.
            let grain = at.abs().max_element() * f64::from(f32::EPSILON);
            let distance = (1e-3 * shortest[v as usize]).max(8.0 * grain) * f64::from(1 << round);
            let to = (at - normal[v as usize].normalize_or_zero() * distance).as_vec3().to_array();
            farthest = farthest.max(distance);
            moved += usize::from(to != work.vertices[v as usize]);
            work.vertices[v as usize] = to;
        }
    }
    (moved, farthest)
}

/// The vertices that lie at the place of another, used ones only.
fn coincident(work: &Work) -> Vec<u32> {
    let mut used: Vec<u32> = work.triangles.iter().flatten().copied().collect();
    used.sort_unstable();
    used.dedup();
    let mut places: Vec<([u32; 3], u32)> =
        used.into_iter().map(|v| (work.vertices[v as usize].map(|c| (c + 0.0).to_bits()), v)).collect();
    places.sort_unstable();
    places.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1).flatten().map(|&(_, v)| v).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabrica_progress::Progress;
    use fabrica_surface::check;

    /// Two unit cubes that share the edge from (1, 1, 0) to (1, 1, 1).
    fn cubes_on_an_edge() -> Work {
        let mut work = Work::default();
        for origin in [0.0, 1.0] {
            let first = work.vertices.len() as u32;
            for n in 0..8u32 {
                work.vertices.push([origin + (n & 1) as f32, origin + (n >> 1 & 1) as f32, (n >> 2) as f32]);
            }
            for [a, b, c, d] in [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]]
                .map(|f| f.map(|v: u32| v + first))
            {
                work.triangles.extend([[a, b, c], [a, c, d]]);
            }
        }
        work
    }

    #[test]
    fn cubes_on_an_edge_come_apart() {
        let mut work = cubes_on_an_edge();
        assert_eq!(work.weld(), 2);
        let report = check(&work.mesh().unwrap(), &Progress::new()).unwrap();
        assert!(report.non_manifold_edges > 0);
        assert_eq!(cut_apart(&mut work).copies, 2);
        let (moved, farthest) = part(&mut work);
        assert!(moved == 4 && farthest <= 0.0011, "{moved} {farthest}");
        let mesh = work.mesh().unwrap();
        let report = check(&mesh, &Progress::new()).unwrap();
        assert!(report.is_solid() && report.components == 2, "{report:?}");
        assert!(crate::self_intersections(&mesh, &Progress::new()).unwrap().is_empty());
    }
}
