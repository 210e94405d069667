//! Which voxels a region of space covers.

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_plan::Shape;
use fabrica_progress::Progress;
use glam::DVec3;
use rayon::prelude::*;

use super::outline::Outline;
use crate::EditError;
use crate::spans::Span;

/// A number that changes evenly over the voxels: that of (i, j, k) is `at + i, j, k · steps`.
#[derive(Clone, Copy)]
struct Linear {
    at: f64,
    steps: DVec3,
}

impl Linear {
    /// How far a voxel is along a direction from a point, in lengths of the direction when that is of unit length.
    fn along(grid: &Grid, from: LpsPoint, direction: DVec3) -> Self {
        let affine = grid.voxel_to_patient();
        let m = affine.matrix3;
        let steps = DVec3::new(m.x_axis.dot(direction), m.y_axis.dot(direction), m.z_axis.dot(direction));
        Self { at: (affine.translation - from.0).dot(direction), steps }
    }

    /// The pieces of row (j, k) where it is at least `low` and below `high`, or at most `high` when that is included.
    fn piece(&self, j: usize, k: usize, low: f64, high: f64, high_included: bool) -> Option<(f64, f64)> {
        let start = self.at + j as f64 * self.steps.y + k as f64 * self.steps.z;
        let step = self.steps.x;
        // Too small a step to reach from one end of the widest row to the other end of a micrometre.
        if step.abs() < 1e-9 {
            let inside = start >= low && (start < high || high_included && start == high);
            return inside.then_some((f64::NEG_INFINITY, f64::INFINITY));
        }
        let (one, other) = ((low - start) / step, (high - start) / step);
        // `to` is never included: an end that is lies just below the next number.
        Some(if step > 0.0 {
            (one, if high_included { other.next_up() } else { other })
        } else {
            (if high_included { other } else { other.next_up() }, one.next_up())
        })
    }
}

enum Region {
    Outline(Outline, Option<(Linear, f64)>),
    /// At least 0 each, at most the limit.
    Between(Vec<(Linear, f64, f64)>),
}

impl Region {
    fn new(grid: &Grid, shape: &Shape) -> Result<Self, EditError> {
        let unit = |v: LpsVector| v.0.normalize();
        Ok(match shape {
            Shape::Prism { outline, along, thickness } => {
                let first = outline.points().next().unwrap_or_default();
                let slab = thickness.map(|t| (Linear::along(grid, first, unit(*along)), t.0 / 2.0));
                Self::Outline(Outline::parallel(grid, outline, *along), slab)
            }
            Shape::Cone { outline, eye, along } => {
                Self::Outline(Outline::perspective(grid, outline, *eye, *along), None)
            }
            Shape::HalfSpace { point, normal } => {
                Self::Between(vec![(Linear::along(grid, *point, unit(*normal)), 0.0, f64::INFINITY)])
            }
            Shape::Box { centre, half } => {
                let side = |h: &LpsVector| {
                    let length = h.length().0;
                    (Linear::along(grid, *centre, h.0 / length), -length, length)
                };
                Self::Between(half.iter().map(side).collect())
            }
            _ => return Err(EditError::Tool("this version does not know that shape".into())),
        })
    }

    /// The pieces of a row inside, ascending and apart.
    fn pieces(&self, j: usize, k: usize, pieces: &mut Vec<(f64, f64)>) {
        match self {
            Self::Outline(outline, slab) => {
                let within = match slab {
                    None => Some((f64::NEG_INFINITY, f64::INFINITY)),
                    Some((height, half)) => height.piece(j, k, -half, *half, false),
                };
                pieces.clear();
                if let Some((low, high)) = within.filter(|w| w.0 < w.1) {
                    outline.pieces(j, k, pieces);
                    for piece in pieces {
                        *piece = (piece.0.max(low), piece.1.min(high));
                    }
                }
            }
            Self::Between(limits) => {
                pieces.clear();
                let mut all = (f64::NEG_INFINITY, f64::INFINITY);
                for (height, low, high) in limits {
                    let Some((from, to)) = height.piece(j, k, *low, *high, true) else { return };
                    all = (all.0.max(from), all.1.min(to));
                }
                pieces.push(all);
            }
        }
    }
}

/// The spans of voxels inside a shape, or outside of it, in the order of rows.
pub(crate) fn spans(grid: &Grid, shape: &Shape, inside: bool, progress: &Progress) -> Result<Vec<Span>, EditError> {
    let region = Region::new(grid, shape)?;
    let [nx, ny, nz] = grid.dims();
    let slices: Vec<Vec<Span>> = (0..nz)
        .into_par_iter()
        .map(|k| {
            progress.check()?;
            let mut found = Vec::new();
            let mut pieces = Vec::new();
            for j in 0..ny {
                region.pieces(j, k, &mut pieces);
                let mut at = 0;
                for &(from, to) in &pieces {
                    // Not a number becomes 0.
                    let index = |x: f64| x.ceil().clamp(0.0, nx as f64) as usize;
                    let (start, end) = (index(from).max(at), index(to));
                    if start >= end {
                        continue;
                    }
                    if inside {
                        found.push(Span { start, end, j, k });
                    } else if at < start {
                        found.push(Span { start: at, end: start, j, k });
                    }
                    at = end;
                }
                if !inside && at < nx {
                    found.push(Span { start: at, end: nx, j, k });
                }
            }
            Ok(found)
        })
        .collect::<Result<_, EditError>>()?;
    Ok(slices.concat())
}
