//! Fewer triangles, within a distance that is told and measured.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, check};
use glam::{DMat3, DVec3};
use serde::{Deserialize, Serialize};

use crate::MeshError;
use crate::boolean::require_solid;
use crate::compare::{Departures, departures};
use crate::intersections::intersecting_pairs;
use crate::tree::{Tree, position};

const STEP: &str = "simplifying";
/// Rounds, at most: each keeps what the one before got wrong.
const ROUNDS: usize = 10;
/// A triangle may turn by less than 60° in one collapse: its normals' cosine.
const TURN: f64 = 0.5;
/// The shortest height of a new triangle over its longest side.
const NEEDLE: f64 = 0.02;

/// A mesh of fewer triangles.
#[derive(Clone, Debug)]
pub struct Simplified {
    /// Its surface.
    pub mesh: Mesh,
    /// What was done.
    pub report: SimplifyReport,
}

/// What simplifying did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimplifyReport {
    /// Triangles before.
    pub before: usize,
    /// Triangles now.
    pub after: usize,
    /// The bound that was asked for.
    pub bound: Mm,
    /// How far the surfaces depart from each other, measured both ways: `max` is within the bound.
    pub departures: Departures,
}

/// Collapses edges of a solid, the least error first (Garland and Heckbert, *Surface simplification using quadric error
/// metrics*, 1997), as long as all of the new surface stays within `bound` of the old.
///
/// An edge is only collapsed where the result stays a manifold (its ends have exactly two neighbours in common), no
/// triangle turns over or becomes a needle, and the new triangles' corners, sides and middles lie within the bound of the old
/// surface. Then both ways are measured on points of all triangles; what passes through itself or lies too far is kept
/// in another round. Every separate part stays. Where no round succeeds the mesh stays as it is, which the report tells.
///
/// # Errors
/// When the mesh is no solid, the bound is out of range, or the user cancels.
pub fn simplify(mesh: &Mesh, bound: Mm, progress: &Progress) -> Result<Simplified, MeshError> {
    if !(0.001..=10.0).contains(&bound.0) {
        return Err(MeshError::Option {
            option: "the bound of simplifying",
            value: bound.0,
            allowed: "0.001 to 10 mm",
        });
    }
    require_solid(mesh, STEP, progress)?;
    progress.stage("simplifying");
    let old = Tree::new(mesh);
    let mut kept = vec![false; mesh.vertices().len()];
    let mut limit = 0.9 * bound.0;
    for _ in 0..ROUNDS {
        let mut work = Work::new(mesh, &old, limit, &kept);
        work.collapse(progress)?;
        let (made, of) = work.mesh()?;
        let report = check(&made, progress)?;
        if !report.is_solid() || report.flat_triangles > 0 {
            limit *= 0.7;
            continue;
        }
        let tangled = intersecting_pairs(&Tree::new(&made), progress)?;
        if !tangled.is_empty() {
            let mut wrong = vec![false; made.vertices().len()];
            tangled
                .iter()
                .flat_map(|&(a, b)| [a, b])
                .flat_map(|t| made.triangles()[t as usize])
                .for_each(|v| wrong[v as usize] = true);
            kept.iter_mut().zip(&of).for_each(|(kept, &v)| *kept |= wrong[v as usize]);
            limit *= 0.9;
            continue;
        }
        let departures = departures(&made, mesh, Mm(bound.0.max(0.2)), progress)?;
        if departures.max > bound {
            limit *= 0.7;
            continue;
        }
        let report =
            SimplifyReport { before: mesh.triangles().len(), after: made.triangles().len(), bound, departures };
        return Ok(Simplified { mesh: made, report });
    }
    // Nothing can be taken away; the report says so.
    let count = mesh.triangles().len();
    let report = SimplifyReport { before: count, after: count, bound, departures: Departures::default() };
    Ok(Simplified { mesh: mesh.clone(), report })
}

/// The sum of squared distances from planes, weighted by area.
#[derive(Clone, Copy)]
struct Quadric {
    a: DMat3,
    b: DVec3,
    c: f64,
    weight: f64,
}

impl Quadric {
    const NONE: Self = Self { a: DMat3::ZERO, b: DVec3::ZERO, c: 0.0, weight: 0.0 };

    fn of_triangle([p, q, r]: [DVec3; 3]) -> Self {
        let cross = (q - p).cross(r - p);
        let area = cross.length() / 2.0;
        let n = cross.normalize_or_zero();
        let d = -n.dot(p);
        let outer = DMat3::from_cols(n * n.x, n * n.y, n * n.z);
        Self { a: outer * area, b: n * d * area, c: d * d * area, weight: area }
    }

    fn add(&mut self, other: &Self) {
        self.a += other.a;
        self.b += other.b;
        self.c += other.c;
        self.weight += other.weight;
    }

    /// The mean squared distance.
    fn at(&self, p: DVec3) -> f64 {
        let sum = p.dot(self.a * p) + 2.0 * self.b.dot(p) + self.c;
        if self.weight > 0.0 { (sum / self.weight).max(0.0) } else { 0.0 }
    }

    /// The point of least error, where there is only one.
    fn least(&self) -> Option<DVec3> {
        let trace = self.a.x_axis.x + self.a.y_axis.y + self.a.z_axis.z;
        (self.a.determinant().abs() > 1e-4 * trace.powi(3)).then(|| self.a.inverse() * -self.b)
    }
}

/// An edge that may be collapsed: what that costs (as bits that sort alike), its ends, and what they were like.
type Candidate = Reverse<(u64, [u32; 2], [u32; 2])>;

struct Work<'a> {
    old: &'a Tree<'a>,
    limit: f64,
    kept: &'a [bool],
    /// Near the origin of all, where quadrics have digits to spare.
    origin: DVec3,
    places: Vec<DVec3>,
    triangles: Vec<[u32; 3]>,
    gone: Vec<bool>,
    around: Vec<Vec<u32>>,
    quadrics: Vec<Quadric>,
    /// How often each vertex has changed.
    changes: Vec<u32>,
    /// What each vertex became.
    became: Vec<u32>,
    heap: BinaryHeap<Candidate>,
}

impl<'a> Work<'a> {
    fn new(mesh: &'a Mesh, old: &'a Tree<'a>, limit: f64, kept: &'a [bool]) -> Self {
        let count = mesh.vertices().len();
        let origin = mesh.bounds().map_or(DVec3::ZERO, |(low, high)| (low.0 + high.0) / 2.0);
        let places: Vec<DVec3> = (0..count as u32).map(|v| position(mesh, v) - origin).collect();
        let triangles = mesh.triangles().to_vec();
        let mut around = vec![Vec::with_capacity(6); count];
        let mut quadrics = vec![Quadric::NONE; count];
        for (t, corners) in triangles.iter().enumerate() {
            let quadric = Quadric::of_triangle(corners.map(|v| places[v as usize]));
            for &v in corners {
                around[v as usize].push(t as u32);
                quadrics[v as usize].add(&quadric);
            }
        }
        let mut work = Self {
            old,
            limit,
            kept,
            origin,
            places,
            gone: vec![false; triangles.len()],
            triangles,
            around,
            quadrics,
            changes: vec![0; count],
            became: (0..count as u32).collect(),
            heap: BinaryHeap::new(),
        };
        for t in 0..work.triangles.len() {
            let [a, b, c] = work.triangles[t];
            for (v, w) in [(a, b), (b, c), (c, a)] {
                // Each edge has a triangle on either side.
                if v < w {
                    work.offer(v, w);
                }
            }
        }
        work
    }

    /// The place of an edge's two ends taken together, in the coordinates that a mesh can hold, and its error.
    fn place(&self, v: u32, w: u32) -> (DVec3, f64) {
        let mut quadric = self.quadrics[v as usize];
        quadric.add(&self.quadrics[w as usize]);
        let (p, q) = (self.places[v as usize], self.places[w as usize]);
        let near = |at: &DVec3| at.distance((p + q) / 2.0) <= p.distance(q);
        let ways = [quadric.least().filter(near), Some((p + q) / 2.0), Some(p), Some(q)];
        let rounded = |at: DVec3| (at + self.origin).as_vec3().as_dvec3() - self.origin;
        ways.into_iter()
            .flatten()
            .map(rounded)
            .map(|at| (at, quadric.at(at)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((p, f64::INFINITY))
    }

    fn offer(&mut self, v: u32, w: u32) {
        if self.kept[v as usize] || self.kept[w as usize] {
            return;
        }
        let (_, error) = self.place(v, w);
        if error <= self.limit * self.limit {
            // Among equal errors the shorter edge; not negative, so that bits sort as numbers do.
            let short = self.places[v as usize].distance_squared(self.places[w as usize]);
            let cost = (error + 1e-6 * short).to_bits();
            self.heap.push(Reverse((cost, [v, w], [self.changes[v as usize], self.changes[w as usize]])));
        }
    }

    fn collapse(&mut self, progress: &Progress) -> Result<(), MeshError> {
        let mut count = 0u32;
        while let Some(Reverse((_, [v, w], changes))) = self.heap.pop() {
            count = count.wrapping_add(1);
            if count.is_multiple_of(1024) {
                progress.check()?;
            }
            if [self.changes[v as usize], self.changes[w as usize]] == changes && self.is_edge(v, w) {
                let (at, _) = self.place(v, w);
                if self.may(v, w, at) {
                    self.join(v, w, at);
                }
            }
        }
        Ok(())
    }

    fn is_edge(&self, v: u32, w: u32) -> bool {
        self.around[v as usize].iter().any(|&t| self.triangles[t as usize].contains(&w))
    }

    fn neighbours(&self, v: u32) -> Vec<u32> {
        let all = self.around[v as usize].iter().flat_map(|&t| self.triangles[t as usize]);
        let mut all: Vec<u32> = all.filter(|&n| n != v).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether an edge may be collapsed to a place.
    fn may(&self, v: u32, w: u32, at: DVec3) -> bool {
        let (a, b) = (self.neighbours(v), self.neighbours(w));
        let common = a.iter().filter(|n| b.binary_search(n).is_ok()).count();
        // A part of four triangles has nothing to give.
        if common != 2 || (a.len() <= 3 && b.len() <= 3) || a.len() + b.len() < 7 {
            return false;
        }
        let all = self.around[v as usize].iter().chain(&self.around[w as usize]);
        let mut changed = all.map(|&t| self.triangles[t as usize]).filter(|t| !(t.contains(&v) && t.contains(&w)));
        changed.all(|t| {
            let before = t.map(|c| self.places[c as usize]);
            let after = t.map(|c| if c == v || c == w { at } else { self.places[c as usize] });
            self.fits(before, after)
        }) && self.near(at)
    }

    fn fits(&self, before: [DVec3; 3], after: [DVec3; 3]) -> bool {
        let normal = |[a, b, c]: [DVec3; 3]| (b - a).cross(c - a);
        let (old, new) = (normal(before), normal(after));
        let [a, b, c] = after;
        let longest = a.distance_squared(b).max(b.distance_squared(c)).max(c.distance_squared(a));
        if new.length() < NEEDLE * longest || new.dot(old) <= TURN * new.length() * old.length() {
            return false;
        }
        self.near((a + b + c) / 3.0) && [(a + b) / 2.0, (b + c) / 2.0, (c + a) / 2.0].into_iter().all(|p| self.near(p))
    }

    fn near(&self, p: DVec3) -> bool {
        self.old.nearest_where(p + self.origin, self.limit * self.limit, |_, _| true).is_some()
    }

    fn join(&mut self, v: u32, w: u32, at: DVec3) {
        let of_w = std::mem::take(&mut self.around[w as usize]);
        for &t in &of_w {
            let triangle = &mut self.triangles[t as usize];
            if triangle.contains(&v) {
                self.gone[t as usize] = true;
            } else {
                triangle.iter_mut().filter(|c| **c == w).for_each(|c| *c = v);
                self.around[v as usize].push(t);
            }
        }
        for &t in of_w.iter().filter(|t| self.gone[**t as usize]) {
            for c in self.triangles[t as usize] {
                self.around[c as usize].retain(|n| *n != t);
            }
        }
        let other = self.quadrics[w as usize];
        self.quadrics[v as usize].add(&other);
        self.places[v as usize] = at;
        self.became[w as usize] = v;
        self.changes[v as usize] += 1;
        self.changes[w as usize] += 1;
        for n in self.neighbours(v) {
            self.offer(v.min(n), v.max(n));
        }
    }

    /// The mesh that is left, and which of its vertices each old one became.
    fn mesh(self) -> Result<(Mesh, Vec<u32>), MeshError> {
        let mut number = vec![u32::MAX; self.places.len()];
        let mut vertices = Vec::new();
        let left = self.triangles.iter().zip(&self.gone).filter(|(_, gone)| !**gone);
        let triangles = left
            .map(|(t, _)| {
                t.map(|v| {
                    let number = &mut number[v as usize];
                    if *number == u32::MAX {
                        *number = vertices.len() as u32;
                        vertices.push((self.places[v as usize] + self.origin).as_vec3().to_array());
                    }
                    *number
                })
            })
            .collect();
        let of = (0..self.became.len())
            .map(|v| {
                let mut v = v;
                while self.became[v] as usize != v {
                    v = self.became[v] as usize;
                }
                // A vertex that no triangle used stays one that none uses.
                if number[v] == u32::MAX { 0 } else { number[v] }
            })
            .collect();
        Ok((Mesh::new(vertices, triangles)?, of))
    }
}
