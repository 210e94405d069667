//! The shortest way on a structure's surface.
//!
//! 1. The shortest way along the mesh's edges from both ends to every vertex (Dijkstra). No way on the surface that is
//!    longer than it matters; the vertices whose two ways add up to at most 1.15 times the shortest are the region in
//!    which the true way lies.
//! 2. In that region the shortest way through three extra points on each edge (Lanthier, Maheshwari and Sack,
//!    "Approximating shortest paths on weighted polyhedral surfaces", Algorithmica 30, 2001): under 1 % too long.
//! 3. Its points slide along their edges until the way is straight when its triangles are laid flat: what is left is
//!    under 0.1 % on meshes of even triangles such as these (held against great circles in the tests).

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use fabrica_geometry::LpsPoint;
use fabrica_plan::{Quantity, QuantityKind, Unit};
use fabrica_progress::Progress;
use glam::DVec3;

use crate::size::parts;
use crate::{Border, MeasureError, PointErrors, Settings, propagate};

/// Extra points an edge.
const EXTRA: usize = 3;
/// How much longer than the shortest way along edges a way may be to be looked at.
const SLACK: f64 = 1.15;
/// Rounds of sliding, at most.
const ROUNDS: usize = 400;
/// The share of its length by which a way on a border of voxels is too long or short, one standard deviation.
const LENGTH_SHARE: f64 = 0.015;

/// The shortest way on a structure's surface between the surface points nearest to two points: its length, the straight
/// distance of its ends, and its course.
///
/// **Errors**: the ends err across the surface as the hand does; a border too far out by one standard deviation makes
/// the way longer by the angle through which it turns times that; and the mesh's own roughness, 1.5 hundredths.
///
/// # Errors
/// When the ends coincide, or lie on separate parts of the surface, or the user cancels.
pub fn geodesic(
    border: &Border,
    ends: [LpsPoint; 2],
    settings: &Settings,
    progress: &Progress,
) -> Result<([Quantity; 2], Vec<LpsPoint>), MeasureError> {
    progress.stage(format!("finding the way on {}", border.name()));
    let empty = || MeasureError::Empty(border.name().into());
    let [from, to] = ends.map(|p| border.tree().nearest(p, f64::INFINITY));
    let (from, to) = (from.ok_or_else(empty)?, to.ok_or_else(empty)?);
    let straight = from.point.distance(to.point).0;
    if straight < 1e-6 {
        return Err(MeasureError::Degenerate { what: "way", why: "its ends coincide" });
    }
    let points = if from.triangle == to.triangle {
        vec![from.point.0, to.point.0]
    } else {
        let surface = Surface::new(border);
        let region = surface.region([(from.point.0, from.triangle), (to.point.0, to.triangle)], progress)?;
        let mut way = surface
            .way(&region, [(from.point.0, from.triangle), (to.point.0, to.triangle)], progress)?
            .ok_or_else(|| MeasureError::Separate(border.name().into()))?;
        surface.straighten(&mut way);
        way.iter().map(|p| p.at).collect()
    };
    let value: f64 = points.windows(2).map(|p| p[0].distance(p[1])).sum();
    let turned = turn(&points, 4.0 * border.field().grid().voxel_volume().0.cbrt());
    // Of the ends: along the way, the hand's error; the straight distance in full.
    let points: Vec<LpsPoint> = points.into_iter().map(LpsPoint).collect();
    let mut errors = PointErrors::default();
    let ends = [from.point, to.point];
    for (n, at) in ends.into_iter().enumerate() {
        border.add_snapped(&mut errors, n, at, settings);
    }
    let straight_error = propagate(&ends, &errors, |p| match p {
        [a, b] => a.distance(*b).0,
        _ => f64::NAN,
    });
    let voxels = (value * LENGTH_SHARE).hypot(2f64.sqrt() * border.voxel_error(border.outwards(from.point)).0);
    let mut error = parts([voxels, 0.0, turned * border.segmentation_error().0]);
    error.push(fabrica_plan::ErrorPart {
        source: fabrica_plan::ErrorSource::Repeatability,
        standard: 2f64.sqrt() * settings.repeatability.0,
    });
    let quantity = |what, value, error| Quantity { what, value, unit: Unit::Millimetre, error };
    let quantities = [
        quantity(QuantityKind::Length, value, error),
        quantity(QuantityKind::StraightLength, straight, straight_error),
    ];
    Ok((quantities, points))
}

/// The angle through which a way turns, in radians, by pieces long enough that the mesh's own roughness does not count.
fn turn(points: &[DVec3], least: f64) -> f64 {
    let mut coarse: Vec<DVec3> = Vec::new();
    for p in points {
        if coarse.last().is_none_or(|last| last.distance(*p) >= least) {
            coarse.push(*p);
        }
    }
    let angles = coarse.windows(3).map(|p| (p[1] - p[0]).angle_between(p[2] - p[1])).filter(|a| a.is_finite());
    // Half a piece's turn is missing at each end.
    let (sum, count) = angles.fold((0.0, 0.0), |(sum, count), a| (sum + a, count + 1.0));
    if count > 0.0 { sum * (count + 1.0) / count } else { 0.0 }
}

#[derive(PartialEq)]
struct Step(f64, u32);

impl Eq for Step {}

impl Ord for Step {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0).then(other.1.cmp(&self.1))
    }
}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A point of a way: on an edge between two vertices, or an end of the way. Vertices are none: a point that stood on one
/// could not slide off it, and points on edges come as near to it as they need.
#[derive(Clone, Copy)]
struct OnEdge {
    at: DVec3,
    edge: Option<[DVec3; 2]>,
}

type End = (DVec3, usize);

struct Surface<'a> {
    vertices: Vec<DVec3>,
    triangles: &'a [[u32; 3]],
    /// Where each vertex's triangles begin in `of_vertex`; one more at the end.
    first: Vec<u32>,
    of_vertex: Vec<u32>,
}

impl<'a> Surface<'a> {
    fn new(border: &'a Border) -> Self {
        let mesh = border.mesh();
        let vertices: Vec<DVec3> =
            mesh.vertices().iter().map(|v| DVec3::new(v[0].into(), v[1].into(), v[2].into())).collect();
        let mut first = vec![0u32; vertices.len() + 1];
        for v in mesh.triangles().iter().flatten() {
            first[*v as usize] += 1;
        }
        let mut sum = 0;
        for count in &mut first {
            sum += *count;
            *count = sum;
        }
        let mut of_vertex = vec![0; sum as usize];
        for (n, t) in mesh.triangles().iter().enumerate() {
            for v in t {
                first[*v as usize] -= 1;
                of_vertex[first[*v as usize] as usize] = n as u32;
            }
        }
        Self { vertices, triangles: mesh.triangles(), first, of_vertex }
    }

    fn around(&self, vertex: u32) -> &[u32] {
        &self.of_vertex[self.first[vertex as usize] as usize..self.first[vertex as usize + 1] as usize]
    }

    /// The length of the shortest way along edges from a point in a triangle to every vertex.
    fn lengths(&self, (from, triangle): End, progress: &Progress) -> Result<Vec<f64>, MeasureError> {
        let mut lengths = vec![f64::INFINITY; self.vertices.len()];
        let mut heap = BinaryHeap::new();
        for v in self.triangles[triangle] {
            lengths[v as usize] = from.distance(self.vertices[v as usize]);
            heap.push(Step(lengths[v as usize], v));
        }
        let mut count = 0;
        while let Some(Step(so_far, v)) = heap.pop() {
            if so_far > lengths[v as usize] {
                continue;
            }
            count += 1;
            if count % 65_536 == 0 {
                progress.check()?;
            }
            for &t in self.around(v) {
                for w in self.triangles[t as usize] {
                    let all = so_far + self.vertices[v as usize].distance(self.vertices[w as usize]);
                    if all < lengths[w as usize] {
                        lengths[w as usize] = all;
                        heap.push(Step(all, w));
                    }
                }
            }
        }
        Ok(lengths)
    }

    /// Whether each vertex lies where the way may run.
    fn region(&self, ends: [End; 2], progress: &Progress) -> Result<Vec<bool>, MeasureError> {
        let (a, b) = (self.lengths(ends[0], progress)?, self.lengths(ends[1], progress)?);
        let shortest = a.iter().zip(&b).map(|(a, b)| a + b).fold(f64::INFINITY, f64::min);
        Ok(a.iter().zip(&b).map(|(a, b)| a + b <= SLACK * shortest).collect())
    }

    /// The shortest way through the region's vertices and the extra points on its edges.
    fn way(&self, region: &[bool], ends: [End; 2], progress: &Progress) -> Result<Option<Vec<OnEdge>>, MeasureError> {
        let mut nodes: Vec<OnEdge> = ends.map(|(at, _)| OnEdge { at, edge: None }).to_vec();
        let mut of_triangle: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut triangles_of: Vec<Vec<u32>> = vec![vec![ends[0].1 as u32], vec![ends[1].1 as u32]];
        let mut on_edge: HashMap<[u32; 2], Vec<u32>> = HashMap::new();
        let in_region = |t: &[u32; 3]| t.iter().any(|v| region[*v as usize]);
        for (n, t) in (0u32..).zip(self.triangles) {
            let is_end = ends.iter().any(|(_, e)| *e as u32 == n);
            if !in_region(t) && !is_end {
                continue;
            }
            let mut all = Vec::with_capacity(3 * EXTRA + 1);
            for (a, b) in [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])] {
                let key = [a.min(b), a.max(b)];
                let found = on_edge.entry(key).or_insert_with(|| {
                    let [p, q] = key.map(|v| self.vertices[v as usize]);
                    (1..=EXTRA)
                        .map(|e| {
                            nodes.push(OnEdge { at: p.lerp(q, e as f64 / (EXTRA + 1) as f64), edge: Some([p, q]) });
                            triangles_of.push(Vec::new());
                            nodes.len() as u32 - 1
                        })
                        .collect()
                });
                all.extend_from_slice(found);
            }
            for (end, (_, triangle)) in (0u32..).zip(ends) {
                if triangle as u32 == n {
                    all.push(end);
                }
            }
            for &node in all.iter().filter(|node| **node > 1) {
                triangles_of[node as usize].push(n);
            }
            of_triangle.insert(n, all);
        }
        let mut lengths = vec![f64::INFINITY; nodes.len()];
        let mut before = vec![u32::MAX; nodes.len()];
        lengths[0] = 0.0;
        let mut heap = BinaryHeap::from([Step(0.0, 0)]);
        while let Some(Step(so_far, node)) = heap.pop() {
            if node == 1 {
                break;
            }
            if so_far > lengths[node as usize] {
                continue;
            }
            progress.check()?;
            for to in triangles_of[node as usize].iter().filter_map(|t| of_triangle.get(t)).flatten() {
                let all = so_far + nodes[node as usize].at.distance(nodes[*to as usize].at);
                if all < lengths[*to as usize] {
                    lengths[*to as usize] = all;
                    before[*to as usize] = node;
                    heap.push(Step(all, *to));
                }
            }
        }
        if !lengths[1].is_finite() {
            return Ok(None);
        }
        let mut way = vec![nodes[1]];
        let mut at = 1;
        while before[at as usize] != u32::MAX {
            at = before[at as usize];
            way.push(nodes[at as usize]);
        }
        way.reverse();
        Ok(Some(way))
    }

    /// Slides each point along its edge to where the way through it is straight once both triangles lie flat.
    fn straighten(&self, way: &mut [OnEdge]) {
        let length = |way: &[OnEdge]| way.windows(2).map(|p| p[0].at.distance(p[1].at)).sum::<f64>();
        let mut before = length(way);
        for round in 1..=ROUNDS {
            for n in 1..way.len().saturating_sub(1) {
                let (a, b) = (way[n - 1].at, way[n + 1].at);
                let Some([p, q]) = way[n].edge else { continue };
                let Some(along) = (q - p).try_normalize() else { continue };
                let place = |x: DVec3| {
                    let t = (x - p).dot(along);
                    (t, (x - p - along * t).length())
                };
                let ((ta, ha), (tb, hb)) = (place(a), place(b));
                if ha + hb > 1e-12 {
                    let t = ((ta * hb + tb * ha) / (ha + hb)).clamp(0.0, p.distance(q));
                    way[n].at = p + along * t;
                }
            }
            if round % 20 == 0 {
                let now = length(way);
                if before - now < 1e-6 * now {
                    break;
                }
                before = now;
            }
        }
    }
}
