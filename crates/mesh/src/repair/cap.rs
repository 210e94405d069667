//! Filling holes whose rims lie in one plane, as one area with islands in it.

use glam::DVec3;
use robust::{Coord, orient2d};

use super::work::Work;

/// How far a rim's vertices may lie off their plane, of its size: what smoothing leaves of the end of a scan.
const FLAT: f64 = 2e-3;
/// Rims with more corners than this in all are left to the other way: clipping ears takes their square.
const MOST: usize = 20_000;

/// Rims in one plane.
pub(crate) struct PlanarGroup {
    pub(crate) rims: Vec<Vec<u32>>,
    /// Outward normal of the filling.
    normal: DVec3,
    offset: f64,
    size: f64,
}

/// Sorts rims by the plane that they lie in; those in none come second.
pub(crate) fn planar_groups(work: &Work, rims: Vec<Vec<u32>>) -> (Vec<PlanarGroup>, Vec<Vec<u32>>) {
    let mut groups: Vec<PlanarGroup> = Vec::new();
    let mut other = Vec::new();
    let mut sized: Vec<(f64, Vec<u32>)> = rims
        .into_iter()
        .map(|rim| (rim.iter().map(|&v| work.at(v).distance(work.at(rim[0]))).fold(0.0, f64::max), rim))
        .collect();
    // The greatest first: it says where its plane is, and which way is out.
    sized.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (size, rim) in sized {
        let at: Vec<DVec3> = rim.iter().map(|&v| work.at(v)).collect();
        // Newell's normal.
        let area: DVec3 = (0..at.len()).map(|i| (at[i] - at[0]).cross(at[(i + 1) % at.len()] - at[0])).sum();
        let Some(normal) = area.try_normalize() else {
            other.push(rim);
            continue;
        };
        // An island runs the other way round, so its own normal is opposite.
        let same = groups.iter_mut().find(|g| {
            g.normal.dot(normal).abs() > 0.9 && at.iter().all(|p| (p.dot(g.normal) - g.offset).abs() <= FLAT * g.size)
        });
        if let Some(group) = same {
            group.rims.push(rim);
            continue;
        }
        let offset = at.iter().map(|p| p.dot(normal)).sum::<f64>() / at.len() as f64;
        if rim.len() > 3 && at.iter().all(|p| (p.dot(normal) - offset).abs() <= FLAT * size) {
            groups.push(PlanarGroup { rims: vec![rim], normal, offset, size });
        } else {
            other.push(rim);
        }
    }
    (groups, other)
}

/// The triangles that fill a group's area; nothing where the rims cross or are otherwise no area.
pub(crate) fn fill_plane(work: &Work, group: &PlanarGroup) -> Option<Vec<[u32; 3]>> {
    if group.rims.iter().map(Vec::len).sum::<usize>() > MOST {
        return None;
    }
    let view = View::along(work, group.normal);
    let (mut outer, mut islands) = (Vec::new(), Vec::new());
    for rim in &group.rims {
        if view.area(rim) > 0.0 { outer.push(rim.clone()) } else { islands.push(rim.clone()) }
    }
    // Each island belongs to the smallest area around it.
    let mut inside: Vec<Vec<Vec<u32>>> = vec![Vec::new(); outer.len()];
    for island in islands {
        let around = (0..outer.len()).filter(|&n| view.contains(&outer[n], island[0]));
        let smallest = around.min_by(|&a, &b| view.area(&outer[a]).total_cmp(&view.area(&outer[b])))?;
        inside[smallest].push(island);
    }
    let mut triangles = Vec::new();
    for (rim, islands) in outer.into_iter().zip(inside) {
        let polygon = view.bridge(rim, islands)?;
        triangles.extend(view.clip_ears(polygon)?);
    }
    Some(triangles)
}

/// A plane seen along the axis nearest to its normal: two of the three coordinates, exactly, so that turns are exact.
struct View<'a> {
    work: &'a Work,
    axes: [usize; 2],
}

impl<'a> View<'a> {
    fn along(work: &'a Work, normal: DVec3) -> Self {
        let n = normal.abs();
        let axis = if n.x >= n.y && n.x >= n.z {
            0
        } else if n.y >= n.z {
            1
        } else {
            2
        };
        let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
        // Seen from the side that the normal points to.
        Self { work, axes: if normal[axis] > 0.0 { [u, v] } else { [v, u] } }
    }

    fn at(&self, v: u32) -> Coord<f64> {
        let p = self.work.at(v);
        Coord { x: p[self.axes[0]], y: p[self.axes[1]] }
    }

    /// Positive where a, b, c turn left.
    fn turn(&self, a: u32, b: u32, c: u32) -> f64 {
        orient2d(self.at(a), self.at(b), self.at(c))
    }

    fn area(&self, rim: &[u32]) -> f64 {
        let o = self.at(rim[0]);
        let cross = |a: Coord<f64>, b: Coord<f64>| (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
        (0..rim.len()).map(|i| cross(self.at(rim[i]), self.at(rim[(i + 1) % rim.len()]))).sum::<f64>() / 2.0
    }

    /// Whether a vertex lies within a rim: how often a ray to the right crosses it.
    fn contains(&self, rim: &[u32], v: u32) -> bool {
        let p = self.at(v);
        (0..rim.len()).fold(false, |odd, i| {
            let (a, b) = (rim[i], rim[(i + 1) % rim.len()]);
            let (ya, yb) = (self.at(a).y, self.at(b).y);
            let crosses = (ya > p.y) != (yb > p.y) && (self.turn(a, b, v) > 0.0) == (yb > ya);
            odd ^ crosses
        })
    }

    /// One polygon of a rim and the islands in it, joined by bridges that are walked both ways.
    fn bridge(&self, rim: Vec<u32>, mut islands: Vec<Vec<u32>>) -> Option<Vec<u32>> {
        // From right to left, each from its rightmost vertex (Eberly, *Triangulation by ear clipping*).
        let rightmost = |island: &[u32]| {
            (0..island.len()).max_by(|&a, &b| self.at(island[a]).x.total_cmp(&self.at(island[b]).x)).unwrap_or(0)
        };
        islands.sort_by(|a, b| self.at(b[rightmost(b)]).x.total_cmp(&self.at(a[rightmost(a)]).x));
        let mut polygon = rim;
        for (n, island) in islands.iter().enumerate() {
            let start = rightmost(island);
            let from = island[start];
            // The nearest vertex of the polygon that is seen from there.
            let mut order: Vec<usize> = (0..polygon.len()).collect();
            let p = self.work.at(from);
            order.sort_by(|&a, &b| {
                p.distance_squared(self.work.at(polygon[a])).total_cmp(&p.distance_squared(self.work.at(polygon[b])))
            });
            let rest = &islands[n..];
            let to = order.into_iter().find(|&i| {
                self.sees(from, polygon[i], &polygon, rest)
                    && self.opens(&polygon, i, from)
                    && self.opens(island, start, polygon[i])
            })?;
            let walk: Vec<u32> = island[start..].iter().chain(&island[..=start]).copied().collect();
            let again = polygon[to];
            polygon.splice(to + 1..to + 1, walk.into_iter().chain([again]));
        }
        Some(polygon)
    }

    /// Whether a segment from corner `i` of a polygon to `v` starts into its inside.
    fn opens(&self, polygon: &[u32], i: usize, v: u32) -> bool {
        let n = polygon.len();
        let (before, at, after) = (polygon[(i + n - 1) % n], polygon[i], polygon[(i + 1) % n]);
        let (left_of_in, left_of_out) = (self.turn(before, at, v) > 0.0, self.turn(at, after, v) > 0.0);
        if self.turn(before, at, after) > 0.0 { left_of_in && left_of_out } else { left_of_in || left_of_out }
    }

    /// Whether no side of the polygon or the islands crosses or touches the segment between two vertices.
    fn sees(&self, from: u32, to: u32, polygon: &[u32], islands: &[Vec<u32>]) -> bool {
        std::iter::once(polygon).chain(islands.iter().map(Vec::as_slice)).all(|rim| {
            (0..rim.len()).all(|i| {
                let (a, b) = (rim[i], rim[(i + 1) % rim.len()]);
                let ends = |v: u32| v == from || v == to;
                match (ends(a), ends(b)) {
                    (true, true) => true,
                    (true, false) => !self.lies_on(b, from, to),
                    (false, true) => !self.lies_on(a, from, to),
                    _ => !self.crosses(a, b, from, to),
                }
            })
        })
    }

    fn lies_on(&self, v: u32, a: u32, b: u32) -> bool {
        let (p, q, r) = (self.at(v), self.at(a), self.at(b));
        self.turn(a, b, v) == 0.0
            && p.x >= q.x.min(r.x)
            && p.x <= q.x.max(r.x)
            && p.y >= q.y.min(r.y)
            && p.y <= q.y.max(r.y)
    }

    fn crosses(&self, a: u32, b: u32, c: u32, d: u32) -> bool {
        let sign = |x: f64| i8::from(x > 0.0) - i8::from(x < 0.0);
        let (p, q) = (sign(self.turn(c, d, a)), sign(self.turn(c, d, b)));
        let (r, s) = (sign(self.turn(a, b, c)), sign(self.turn(a, b, d)));
        if p == 0 && q == 0 {
            return self.lies_on(a, c, d) || self.lies_on(b, c, d) || self.lies_on(c, a, b);
        }
        p * q <= 0 && r * s <= 0
    }

    /// Cuts ears off a polygon until nothing is left: those with the widest least angle first seen, none without area.
    fn clip_ears(&self, polygon: Vec<u32>) -> Option<Vec<[u32; 3]>> {
        let n = polygon.len();
        let mut next: Vec<usize> = (0..n).map(|i| (i + 1) % n).collect();
        let mut before: Vec<usize> = (0..n).map(|i| (i + n - 1) % n).collect();
        let reflex = |i: usize, next: &[usize], before: &[usize]| {
            self.turn(polygon[before[i]], polygon[i], polygon[next[i]]) <= 0.0
        };
        let mut blocking: Vec<bool> = (0..n).map(|i| reflex(i, &next, &before)).collect();
        let mut triangles = Vec::with_capacity(n.saturating_sub(2));
        let (mut at, mut left, mut tried) = (0, n, 0);
        // Only ears that are not too thin at first, so that no fan of needles grows.
        let mut thinnest = 0.05;
        while left > 3 {
            let (p, q) = (before[at], next[at]);
            let [a, b, c] = [polygon[p], polygon[at], polygon[q]];
            let is_ear = self.turn(a, b, c) > 0.0
                && self.shape(a, b, c) >= thinnest
                && !self.blocked([a, b, c], [p, at, q], &polygon, &next, &blocking);
            if is_ear {
                triangles.push([a, b, c]);
                next[p] = q;
                before[q] = p;
                left -= 1;
                tried = 0;
                for i in [p, q] {
                    blocking[i] = reflex(i, &next, &before);
                }
                // Every other one, which halves the polygon instead of eating along it.
                at = next[q];
            } else {
                tried += 1;
                if tried > left {
                    if thinnest == 0.0 {
                        return None;
                    }
                    thinnest = if thinnest > 1e-4 { thinnest / 8.0 } else { 0.0 };
                    tried = 0;
                }
                at = q;
            }
        }
        let last = [polygon[before[at]], polygon[at], polygon[next[at]]];
        if self.turn(last[0], last[1], last[2]) <= 0.0 {
            return None;
        }
        triangles.push(last);
        Some(triangles)
    }

    /// Area over the square of the longest side, 0.43 at most.
    fn shape(&self, a: u32, b: u32, c: u32) -> f64 {
        let [a, b, c] = [a, b, c].map(|v| self.work.at(v));
        let longest = a.distance_squared(b).max(b.distance_squared(c)).max(c.distance_squared(a));
        (b - a).cross(c - a).length() / 2.0 / longest
    }

    fn blocked(&self, t: [u32; 3], own: [usize; 3], polygon: &[u32], next: &[usize], blocking: &[bool]) -> bool {
        let places = t.map(|v| self.at(v));
        let low = places.iter().fold([f64::INFINITY; 2], |l, p| [l[0].min(p.x), l[1].min(p.y)]);
        let high = places.iter().fold([f64::NEG_INFINITY; 2], |h, p| [h[0].max(p.x), h[1].max(p.y)]);
        let mut at = next[own[2]];
        while at != own[0] {
            let v = polygon[at];
            let p = self.at(v);
            if blocking[at]
                && p.x >= low[0]
                && p.x <= high[0]
                && p.y >= low[1]
                && p.y <= high[1]
                // A bridge's other end is the same vertex.
                && !t.contains(&v)
                && self.turn(t[0], t[1], v) >= 0.0
                && self.turn(t[1], t[2], v) >= 0.0
                && self.turn(t[2], t[0], v) >= 0.0
            {
                return true;
            }
            at = next[at];
        }
        false
    }
}
