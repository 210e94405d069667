//! Which voxels lie within an outline that is moved along a line of sight.
//!
//! A row of voxels is a line in the picture that the outline was drawn in. Its crossings with the outline's edges, an
//! end of an edge counted with the side that lies above or on the line, cut it into pieces that are inside by turns.

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_plan::StrokePath;
use glam::{DAffine3, DVec2, DVec3};

/// An outline with a line of sight, in voxel coordinates.
pub(super) enum Outline {
    Parallel(Parallel),
    Perspective(Perspective),
}

impl Outline {
    pub fn parallel(grid: &Grid, outline: &StrokePath, along: LpsVector) -> Self {
        Self::Parallel(Parallel::new(&grid.patient_to_voxel(), outline, along))
    }

    pub fn perspective(grid: &Grid, outline: &StrokePath, eye: LpsPoint, along: LpsVector) -> Self {
        Self::Perspective(Perspective::new(&grid.patient_to_voxel(), outline, eye, along))
    }

    /// The pieces of row (j, k) inside, as ranges `from..to` of i (from included, to not), ascending.
    pub fn pieces(&self, j: usize, k: usize, pieces: &mut Vec<(f64, f64)>) {
        pieces.clear();
        match self {
            Self::Parallel(outline) => outline.pieces(j as f64, k as f64, pieces),
            Self::Perspective(outline) => outline.pieces(j as f64, k as f64, pieces),
        }
    }
}

/// Everywhere along a row.
const ALL: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

pub(super) struct Parallel {
    /// Which two axes remain when looking along the third, and what a step along that third shifts them by.
    kept: [usize; 2],
    dropped: usize,
    shift: DVec2,
    /// How a step along i moves in the picture.
    step: DVec2,
    corners: Vec<DVec2>,
    /// The corners along and across `step`.
    turned: Vec<DVec2>,
}

impl Parallel {
    fn new(to_voxel: &DAffine3, outline: &StrokePath, along: LpsVector) -> Self {
        let sight = to_voxel.transform_vector3(along.0);
        let size = sight.abs();
        let dropped = if size.z >= size.x && size.z >= size.y {
            2
        } else if size.y >= size.x {
            1
        } else {
            0
        };
        let kept = [(dropped + 1) % 3, (dropped + 2) % 3];
        let shift = DVec2::new(sight[kept[0]], sight[kept[1]]) / sight[dropped];
        let mut this = Self { kept, dropped, shift, step: DVec2::ZERO, corners: Vec::new(), turned: Vec::new() };
        this.step = this.project(DVec3::X);
        this.corners = outline.points().map(|p| this.project(to_voxel.transform_point3(p.0))).collect();
        this.turned = this.corners.iter().map(|&q| this.turn(q)).collect();
        this
    }

    fn project(&self, p: DVec3) -> DVec2 {
        DVec2::new(p[self.kept[0]], p[self.kept[1]]) - self.shift * p[self.dropped]
    }

    /// Along and across a row.
    fn turn(&self, q: DVec2) -> DVec2 {
        DVec2::new(q.x * self.step.x + q.y * self.step.y, q.x * self.step.y - q.y * self.step.x)
    }

    fn pieces(&self, j: f64, k: f64, pieces: &mut Vec<(f64, f64)>) {
        let start = self.project(DVec3::new(0.0, j, k));
        let square = self.step.x * self.step.x + self.step.y * self.step.y;
        if square == 0.0 {
            if is_inside(&self.corners, start) {
                pieces.push(ALL);
            }
            return;
        }
        let row = self.turn(start);
        let mut crossings = Vec::new();
        for_each_edge(&self.turned, |a, b| {
            if (a.y > row.y) != (b.y > row.y) {
                let at = a.x + (row.y - a.y) * (b.x - a.x) / (b.y - a.y);
                crossings.push((at - row.x) / square);
            }
        });
        pair_up(&mut crossings, false, pieces);
    }
}

pub(super) struct Perspective {
    /// What a voxel position is before the eye: right, up, depth; the eye at 0.
    origin: DVec3,
    steps: [DVec3; 3],
    /// The corners at depth 1.
    corners: Vec<DVec3>,
}

impl Perspective {
    fn new(to_voxel: &DAffine3, outline: &StrokePath, eye: LpsPoint, along: LpsVector) -> Self {
        let depth = along.0.normalize();
        let right = depth.any_orthogonal_vector().normalize();
        let up = depth.cross(right);
        let before = |d: DVec3| DVec3::new(d.dot(right), d.dot(up), d.dot(depth));
        let to_patient = to_voxel.inverse();
        let m = to_patient.matrix3;
        let corners = outline.points().map(|p| before(p.0 - eye.0)).map(|h| h / h.z).collect();
        let steps = [m.x_axis, m.y_axis, m.z_axis].map(before);
        Self { origin: before(to_patient.translation - eye.0), steps, corners }
    }

    fn pieces(&self, j: f64, k: f64, pieces: &mut Vec<(f64, f64)>) {
        let start = self.origin + self.steps[1] * j + self.steps[2] * k;
        let step = self.steps[0];
        // Before the eye: depth over 0.
        let front = if step.z > 0.0 {
            (-start.z / step.z, f64::INFINITY)
        } else if step.z < 0.0 {
            (f64::NEG_INFINITY, -start.z / step.z)
        } else if start.z > 0.0 {
            ALL
        } else {
            return;
        };
        // The plane through the eye and the row.
        let plane = start.cross(step);
        if plane.length_squared() <= 1e-24 * start.length_squared() * step.length_squared() {
            // The row runs through the eye: one point of the picture.
            let at = if step.z >= 0.0 { step } else { -step };
            let picture: Vec<DVec2> = self.corners.iter().map(|c| c.truncate()).collect();
            if at.z > 0.0 && is_inside(&picture, at.truncate() / at.z) {
                pieces.push(front);
            }
            return;
        }
        let mut crossings = Vec::new();
        for_each_edge(&self.corners, |a, b| {
            let (above, below) = (a.dot(plane), b.dot(plane));
            if (above > 0.0) != (below > 0.0) {
                let x = a + (b - a) * (above / (above - below));
                let at = -start.cross(x).dot(plane) / step.cross(x).dot(plane);
                // Behind the eye the same line of sight comes by again.
                if (start + step * at).z > 0.0 {
                    crossings.push(at);
                }
            }
        });
        // Where the row comes past the eye it is at the picture's end, hence outside; far away it nears a point of the
        // picture that may be inside.
        pair_up(&mut crossings, step.z < 0.0, pieces);
        for piece in pieces {
            *piece = (piece.0.max(front.0), piece.1.min(front.1));
        }
    }
}

fn for_each_edge<T: Copy>(corners: &[T], mut see: impl FnMut(T, T)) {
    let next = corners.iter().cycle().skip(1);
    corners.iter().zip(next).for_each(|(&a, &b)| see(a, b));
}

/// Turns crossings into pieces, beginning outside at the low end, or at the high end.
fn pair_up(crossings: &mut [f64], from_above: bool, pieces: &mut Vec<(f64, f64)>) {
    crossings.sort_unstable_by(f64::total_cmp);
    if from_above {
        let odd = crossings.len() % 2;
        if let (1, Some(&first)) = (odd, crossings.first()) {
            pieces.push((f64::NEG_INFINITY, first));
        }
        pieces.extend(crossings[odd..].chunks(2).map(|pair| (pair[0], pair[1])));
    } else {
        pieces.extend(crossings.chunks(2).map(|pair| (pair[0], pair.get(1).copied().unwrap_or(f64::INFINITY))));
    }
}

/// Whether a point of the picture is enclosed an odd number of times.
fn is_inside(corners: &[DVec2], at: DVec2) -> bool {
    let mut inside = false;
    for_each_edge(corners, |a, b| {
        if (a.y > at.y) != (b.y > at.y) && at.x < a.x + (at.y - a.y) * (b.x - a.x) / (b.y - a.y) {
            inside = !inside;
        }
    });
    inside
}
