//! Filling holes.

use fabrica_progress::Progress;
use glam::DVec3;

use super::cap;
use super::work::Work;
use crate::MeshError;
use crate::edges::Edges;

/// Loops with more corners are cut in two before the best filling is sought, whose cost grows with the cube.
const LONGEST: usize = 300;

/// A hole that was filled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filled {
    /// The middle of its rim.
    pub(crate) at: DVec3,
    /// Area of the filling.
    pub(crate) area: f64,
    /// Edges of the rim.
    pub(crate) edges: usize,
}

/// Fills all holes. Rims in one plane are filled as one area with islands, as where a scan cuts through a hollow bone;
/// others by the surface of least bending and area (Liepa, *Filling holes in meshes*, 2003).
pub(crate) fn fill(work: &mut Work, progress: &Progress) -> Result<Vec<Filled>, MeshError> {
    let rims = rims(&work.triangles);
    let mut filled = Vec::new();
    if rims.is_empty() {
        return Ok(filled);
    }
    let edges = Edges::new(&work.triangles);
    let (planar, other) = cap::planar_groups(work, rims);
    let mut bent = other;
    for group in planar {
        progress.check()?;
        match cap::fill_plane(work, &group) {
            Some(triangles) => {
                // Each rim is told as a hole; the area goes to the first.
                let area: f64 = triangles.iter().map(|t| area(t.map(|v| work.at(v)))).sum();
                for (n, rim) in group.rims.iter().enumerate() {
                    filled.push(Filled {
                        at: middle(work, rim),
                        area: if n == 0 { area } else { 0.0 },
                        edges: rim.len(),
                    });
                }
                work.triangles.extend(triangles);
            }
            None => bent.extend(group.rims),
        }
    }
    for rim in bent {
        progress.check()?;
        let before = work.triangles.len();
        fill_bent(work, &rim, &edges);
        let area = (before..work.triangles.len()).map(|t| work.area(t as u32)).sum();
        filled.push(Filled { at: middle(work, &rim), area, edges: rim.len() });
    }
    Ok(filled)
}

fn middle(work: &Work, rim: &[u32]) -> DVec3 {
    rim.iter().map(|&v| work.at(v)).sum::<DVec3>() / rim.len().max(1) as f64
}

fn area([a, b, c]: [DVec3; 3]) -> f64 {
    (b - a).cross(c - a).length() / 2.0
}

/// The rims of all holes, each a closed walk in the direction that its filling's triangles run.
pub(crate) fn rims(triangles: &[[u32; 3]]) -> Vec<Vec<u32>> {
    let edges = Edges::new(triangles);
    // Where the filling goes from each vertex. After cutting apart there is one way at most.
    let mut next = std::collections::HashMap::new();
    let mut starts = Vec::new();
    for uses in edges.groups().filter(|uses| uses.len() == 1) {
        let [low, high] = uses[0].edge;
        let (from, to) = if uses[0].forward { (high, low) } else { (low, high) };
        next.insert(from, to);
        starts.push(from);
    }
    let mut rims = Vec::new();
    for start in starts {
        let mut rim = Vec::new();
        let mut at = start;
        while let Some(to) = next.remove(&at) {
            rim.push(at);
            at = to;
        }
        if rim.len() >= 3 && at == start {
            rims.push(rim);
        }
    }
    rims
}

fn fill_bent(work: &mut Work, rim: &[u32], edges: &Edges) {
    let mut stack = vec![rim.to_vec()];
    while let Some(rim) = stack.pop() {
        match rim.len() {
            0..3 => {}
            3 => work.triangles.push([rim[0], rim[1], rim[2]]),
            n if n > LONGEST => {
                let (a, b) = shortcut(work, &rim, edges);
                stack.push(rim[a..=b].to_vec());
                stack.push(rim[b..].iter().chain(&rim[..=a]).copied().collect());
            }
            _ => {
                let triangles = least_bent(work, &rim, edges);
                work.triangles.extend(triangles);
            }
        }
    }
}

/// A chord across a long rim, short against the way around, that is no edge yet.
fn shortcut(work: &Work, rim: &[u32], edges: &Edges) -> (usize, usize) {
    let n = rim.len();
    let mut best = (f64::INFINITY, 0, n / 2);
    // Starts spread around; ends at least a quarter of the rim away.
    for a in (0..n).step_by((n / 64).max(1)) {
        for b in a + n / 4..n.min(a + n - n / 4) {
            if b - a < 2 {
                continue;
            }
            let length = work.at(rim[a]).distance_squared(work.at(rim[b]));
            if length < best.0 && rim[a] != rim[b] && edges.uses(rim[a], rim[b]).is_empty() {
                best = (length, a, b);
            }
        }
    }
    (best.1, best.2)
}

/// The triangulation of a rim with the least of its greatest bend, and of those the least area, by dynamic programming
/// over stretches of the rim.
fn least_bent(work: &Work, rim: &[u32], edges: &Edges) -> Vec<[u32; 3]> {
    let n = rim.len();
    let at: Vec<DVec3> = rim.iter().map(|&v| work.at(v)).collect();
    // Normals of the triangles beyond each edge (i, i + 1) of the rim.
    let beyond: Vec<Option<DVec3>> = (0..n)
        .map(|i| {
            let uses = edges.uses(rim[i], rim[(i + 1) % n]);
            uses.first().and_then(|u| work.triangles.get(u.triangle as usize)).and_then(|t| {
                let [a, b, c] = t.map(|v| work.at(v));
                (b - a).cross(c - a).try_normalize()
            })
        })
        .collect();
    // The chord (i, j) must not be an edge already, else it would have more than two triangles.
    let free = |i: usize, j: usize| {
        j == i + 1 || (i == 0 && j == n - 1) || (rim[i] != rim[j] && edges.uses(rim[i], rim[j]).is_empty())
    };
    let normal = |i: usize, m: usize, j: usize| (at[m] - at[i]).cross(at[j] - at[i]);
    #[derive(Clone, Copy)]
    struct Best {
        bend: f64,
        area: f64,
        middle: usize,
        /// Normal of the triangle on the stretch's chord.
        normal: Option<DVec3>,
    }
    let none = Best { bend: f64::INFINITY, area: f64::INFINITY, middle: 0, normal: None };
    let mut best = vec![none; n * n];
    for i in 0..n {
        best[i * n + (i + 1) % n] = Best { bend: 0.0, area: 0.0, middle: 0, normal: beyond[i] };
    }
    for span in 2..n {
        for i in 0..n - span {
            let j = i + span;
            if !free(i, j) {
                continue;
            }
            let mut found = none;
            for m in i + 1..j {
                let (left, right) = (best[i * n + m], best[m * n + j]);
                let bend = left.bend.max(right.bend);
                if bend > found.bend {
                    continue;
                }
                let across = normal(i, m, j);
                // A triangle without area bends worst of all.
                let unit = across.try_normalize();
                let mut bend = bend;
                for other in [left.normal, right.normal, if span == n - 1 { beyond[n - 1] } else { None }] {
                    bend = bend.max(match (unit, other) {
                        (Some(a), Some(b)) => 1.0 - a.dot(b),
                        (None, _) => 4.0,
                        (_, None) => 0.0,
                    });
                }
                let area = left.area + right.area + across.length() / 2.0;
                // Bends are compared coarsely, so that the area decides among alike ones.
                let (coarse, least) = ((bend * 16.0).floor(), (found.bend * 16.0).floor());
                if coarse < least || (coarse == least && area < found.area) || found.bend.is_infinite() {
                    found = Best { bend, area, middle: m, normal: unit };
                }
            }
            best[i * n + j] = found;
        }
    }
    let mut triangles = Vec::with_capacity(n - 2);
    let mut stack = vec![(0, n - 1)];
    while let Some((i, j)) = stack.pop() {
        if j < i + 2 {
            continue;
        }
        let m = best[i * n + j].middle;
        if m <= i || m >= j {
            // No way without a double edge: leave the rest open, for the checks to find.
            return Vec::new();
        }
        triangles.push([rim[i], rim[m], rim[j]]);
        stack.extend([(i, m), (m, j)]);
    }
    triangles
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabrica_surface::check;

    /// A sphere of `rings` × `sides`, without the triangles that `gone` names.
    fn ball(rings: usize, sides: usize, gone: impl Fn(usize) -> bool) -> Work {
        let mut work = Work::default();
        work.vertices.push([0.0, 0.0, 10.0]);
        for ring in 1..rings {
            let latitude = std::f64::consts::PI * ring as f64 / rings as f64;
            for side in 0..sides {
                let longitude = 2.0 * std::f64::consts::PI * side as f64 / sides as f64;
                let p = DVec3::new(latitude.sin() * longitude.cos(), latitude.sin() * longitude.sin(), latitude.cos())
                    * 10.0;
                work.vertices.push(p.as_vec3().to_array());
            }
        }
        work.vertices.push([0.0, 0.0, -10.0]);
        let last = work.vertices.len() as u32 - 1;
        let at = |ring: usize, side: usize| {
            if ring == 0 {
                0
            } else if ring == rings {
                last
            } else {
                (1 + (ring - 1) * sides + side % sides) as u32
            }
        };
        for ring in 0..rings {
            for side in 0..sides {
                let quad = [at(ring, side), at(ring + 1, side), at(ring + 1, side + 1), at(ring, side + 1)];
                if quad[1] != quad[2] {
                    work.triangles.push([quad[0], quad[1], quad[2]]);
                }
                if quad[0] != quad[3] {
                    work.triangles.push([quad[0], quad[2], quad[3]]);
                }
            }
        }
        let mut n = 0;
        work.triangles.retain(|_| {
            n += 1;
            !gone(n - 1)
        });
        work
    }

    #[test]
    fn holes_of_a_ball_are_closed() {
        for (from, to) in [(50, 51), (50, 58), (0, 30), (40, 140)] {
            let mut work = ball(12, 20, |t| (from..to).contains(&t));
            crate::repair::cut::cut_apart(&mut work);
            let filled = fill(&mut work, &Progress::new()).unwrap();
            assert!(!filled.is_empty());
            let report = check(&work.mesh().unwrap(), &Progress::new()).unwrap();
            assert!(report.is_solid(), "{from}..{to}: {report:?}");
            assert!(crate::self_intersections(&work.mesh().unwrap(), &Progress::new()).unwrap().is_empty());
        }
    }

    #[test]
    fn a_pipe_cut_by_the_scan_gets_a_ring_at_each_end() {
        // An inner and an outer wall, open at z = 0 and z = 5.
        let mut work = Work::default();
        let sides = 24;
        for (radius, flip) in [(10.0, false), (6.0, true)] {
            let first = work.vertices.len() as u32;
            for z in [0.0, 5.0] {
                for side in 0..sides {
                    let angle = 2.0 * std::f64::consts::PI * f64::from(side) / f64::from(sides);
                    work.vertices.push([(radius * angle.cos()) as f32, (radius * angle.sin()) as f32, z]);
                }
            }
            for side in 0..sides {
                let (a, b) = (first + side, first + (side + 1) % sides);
                let quad = if flip { [b, a, a + sides, b + sides] } else { [a, b, b + sides, a + sides] };
                work.triangles.extend([[quad[0], quad[1], quad[2]], [quad[0], quad[2], quad[3]]]);
            }
        }
        fill(&mut work, &Progress::new()).unwrap();
        let mesh = work.mesh().unwrap();
        let report = check(&mesh, &Progress::new()).unwrap();
        assert!(report.is_solid() && report.components == 1, "{report:?}");
        assert!(crate::self_intersections(&mesh, &Progress::new()).unwrap().is_empty());
        // A ring of two 24-gons, 5 high.
        let polygon = |r: f64| 24.0 / 2.0 * r * r * (2.0 * std::f64::consts::PI / 24.0).sin();
        assert!((report.volume.0 - 5.0 * (polygon(10.0) - polygon(6.0))).abs() < 1e-2, "{}", report.volume.0);
    }
}
