//! Filling planar contours.

use fabrica_geometry::Grid;
use fabrica_progress::{Cancelled, Progress};
use fabrica_volume::Mask;
use glam::{DVec2, DVec3};

use crate::slabs::{Slabs, gaps};

/// How far a point may be off its contour's plane, mm.
const FLAT: f64 = 0.5;
/// Contours are parallel when their normals are within this cosine (0.6°).
const PARALLEL: f64 = 0.999_95;
/// Beyond this no patient reaches, mm.
const FAR: f64 = 1e5;

/// A closed planar contour.
#[derive(Clone, Debug)]
pub(crate) struct Contour {
    points: Vec<DVec3>,
    /// Unit normal, with a sign of its own.
    normal: DVec3,
    centre: DVec3,
    area: f64,
}

impl Contour {
    /// A contour of these points, or why they make none.
    pub(crate) fn new(points: Vec<DVec3>) -> Result<Self, String> {
        if points.len() < 3 {
            return Err("fewer than 3 points enclose nothing".into());
        }
        if points.iter().any(|p| p.abs().max_element() > FAR) {
            return Err("a point lies farther away than any patient reaches".into());
        }
        let centre = points.iter().sum::<DVec3>() / points.len() as f64;
        // Newell: the vector area is the sum over the edges, whatever the shape.
        let edges = points.iter().zip(points.iter().cycle().skip(1));
        let vector_area = edges.map(|(a, b)| (*a - centre).cross(*b - centre)).sum::<DVec3>() / 2.0;
        let area = vector_area.length();
        let Some(normal) = vector_area.try_normalize().filter(|_| area > 1e-6) else {
            return Err("the points enclose no area".into());
        };
        if points.iter().any(|p| (*p - centre).dot(normal).abs() > FLAT) {
            return Err(format!("a point is more than {FLAT} mm off the contour's plane"));
        }
        Ok(Self { points, normal, centre, area })
    }
}

/// The polygons of one plane, as edges in the plane's own coordinates.
struct Polygons {
    edges: Vec<[DVec2; 2]>,
    low: DVec2,
    high: DVec2,
}

/// The parallel contours of one structure.
pub(crate) struct Stack {
    contours: Vec<Contour>,
    /// How many were left out, as they are not parallel to the largest.
    left_out: usize,
    /// Axes of the plane and its normal.
    axes: [DVec3; 3],
    /// Of the contours, along the normal.
    positions: Vec<f64>,
    /// The scan's spacing along the normal.
    step: f64,
}

impl Stack {
    /// Those parallel to the largest; nothing when there is no contour.
    pub(crate) fn new(scan: &Grid, mut contours: Vec<Contour>) -> Option<Self> {
        let all = contours.len();
        let largest = contours.iter().max_by(|a, b| a.area.total_cmp(&b.area))?;
        let (u, v, normal, step) = plane_axes(scan, largest.normal);
        contours.retain(|c| c.normal.dot(normal).abs() > PARALLEL);
        let positions = contours.iter().map(|c| c.centre.dot(normal)).collect();
        Some(Self { left_out: all - contours.len(), contours, axes: [u, v, normal], positions, step })
    }

    /// The distances between planes. Half the scan's spacing and less is none between drawn planes.
    pub(crate) fn gaps(&self) -> Vec<f64> {
        gaps(&self.positions, self.step / 2.0)
    }
}

/// Fills contours on a grid; also tells what was left out or is doubtful. `distance` is that at which the set of
/// structures was drawn; where it is not known, the scan's spacing is taken.
pub(crate) fn fill(
    scan: &Grid,
    stack: &Stack,
    distance: Option<f64>,
    progress: &Progress,
) -> Result<(Mask, Vec<String>), Cancelled> {
    let mut notes = Vec::new();
    let (contours, [u, v, normal], thickness) = (&stack.contours, stack.axes, stack.step);
    if stack.left_out > 0 {
        notes.push(format!("{} contour(s) left out: they are not parallel to the largest one", stack.left_out));
    }
    let slabs = Slabs::new(&stack.positions, distance.unwrap_or(thickness));
    for (from, to) in &slabs.gaps {
        notes.push(format!("there are no contours over {:.2} mm (from {from:.2} to {to:.2}); left empty", to - from));
    }
    let polygons: Vec<Polygons> =
        slabs.members().map(|members| Polygons::new(members.iter().map(|&n| &contours[n]), u, v)).collect();

    let to_patient = scan.voxel_to_patient();
    let step = to_patient.matrix3.x_axis;
    let nx = scan.dims()[0];
    // Along a row of voxels the plane stays the same where the rows lie in it.
    let row_in_plane = (step.dot(normal) * nx as f64).abs() < 0.01 * thickness;
    let flat = |p: DVec3| DVec2::new(p.dot(u), p.dot(v));
    let mask = Mask::from_rows(scan.clone(), |j, k, words| {
        if progress.is_cancelled() {
            return;
        }
        let start = to_patient.transform_point3(DVec3::new(0.0, j as f64, k as f64));
        let plane = |at: DVec3| slabs.at(at.dot(normal));
        if row_in_plane {
            let Some(n) = plane(start + step * (nx / 2) as f64) else { return };
            polygons[n].fill_row(flat(start), flat(step), nx, words);
        } else {
            for i in 0..nx {
                let at = start + step * i as f64;
                if plane(at).is_some_and(|n| polygons[n].contains(flat(at))) {
                    words[i / 64] |= 1 << (i % 64);
                }
            }
        }
    });
    progress.check()?;
    Ok((mask, notes))
}

/// Axes of the contours' plane, their common normal, and the scan's spacing along it. Where the normal is that of the
/// scan's slices to within rounding, the scan's own axes are taken.
fn plane_axes(scan: &Grid, normal: DVec3) -> (DVec3, DVec3, DVec3, f64) {
    for axis in 0..3 {
        if scan.axis(axis).0.dot(normal).abs() > PARALLEL {
            let [u, v] = [(axis + 1) % 3, (axis + 2) % 3].map(|a| scan.axis(a).0);
            return (u, v, scan.axis(axis).0, scan.spacing()[axis]);
        }
    }
    let (u, v) = normal.any_orthonormal_pair();
    let thickness = (0..3).map(|a| (scan.axis(a).0.dot(normal) * scan.spacing()[a]).abs()).fold(0.0, f64::max);
    (u, v, normal, thickness)
}

impl Polygons {
    fn new<'a>(contours: impl Iterator<Item = &'a Contour>, u: DVec3, v: DVec3) -> Self {
        let mut edges = Vec::new();
        let (mut low, mut high) = (DVec2::INFINITY, DVec2::NEG_INFINITY);
        for contour in contours {
            let flat: Vec<DVec2> = contour.points.iter().map(|p| DVec2::new(p.dot(u), p.dot(v))).collect();
            for (a, b) in flat.iter().zip(flat.iter().cycle().skip(1)) {
                edges.push([*a, *b]);
                low = low.min(*a);
                high = high.max(*a);
            }
        }
        Self { edges, low, high }
    }

    /// Whether a point lies inside by the even-odd rule.
    fn contains(&self, at: DVec2) -> bool {
        if at.cmplt(self.low).any() || at.cmpgt(self.high).any() {
            return false;
        }
        let crosses = |[a, b]: &&[DVec2; 2]| {
            (a.y > at.y) != (b.y > at.y) && at.x < a.x + (at.y - a.y) / (b.y - a.y) * (b.x - a.x)
        };
        self.edges.iter().filter(crosses).count() % 2 == 1
    }

    /// Sets the bits of the voxels of a row whose centres, `start + i × step`, lie inside by the even-odd rule.
    fn fill_row(&self, start: DVec2, step: DVec2, nx: usize, words: &mut [u64]) {
        let across = |p: DVec2| step.perp_dot(p - start);
        let scale = step.length_squared();
        let mut crossings = Vec::new();
        for [a, b] in &self.edges {
            let (from, to) = (across(*a), across(*b));
            if (from > 0.0) != (to > 0.0) {
                let at = a.lerp(*b, from / (from - to));
                crossings.push((at - start).dot(step) / scale);
            }
        }
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            // A centre on the entry belongs, one on the exit does not.
            let from = pair[0].ceil().max(0.0) as usize;
            let to = (pair[1].ceil().max(0.0) as usize).min(nx);
            (from..to).for_each(|i| words[i / 64] |= 1 << (i % 64));
        }
    }
}
