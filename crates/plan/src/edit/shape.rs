//! Regions of space that scissors and drawing cut out.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use serde::{Deserialize, Serialize};

use super::StrokePath;
use crate::PlanError;
use crate::operation::{check_direction, check_point};

/// The least number of corners of an outline.
const LEAST_CORNERS: usize = 3;
/// The most corners: a freehand line at every pixel round a 4K screen.
const MOST_CORNERS: usize = 20_000;

/// A region of space, in patient coordinates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Shape {
    /// All that an outline covers when it is moved along a direction: scissors in a view without perspective, and, with
    /// a thickness, a drawing on a slice. The outline is closed from its last to its first point; what it encloses an
    /// odd number of times is inside.
    Prism {
        /// The corners.
        outline: StrokePath,
        /// The line of sight, or the slice's normal.
        along: LpsVector,
        /// How far it reaches from the first corner, half of it to either side; nothing for without end. A voxel
        /// whose centre lies exactly on the side that `along` points to is outside, on the other inside, so that
        /// drawings on neighbouring slices never meet in one voxel.
        thickness: Option<Mm>,
    },
    /// All that an outline covers as seen from a point: scissors in a view with perspective. It begins at the eye.
    Cone {
        /// The corners, all before the eye.
        outline: StrokePath,
        /// Where it is looked at from.
        eye: LpsPoint,
        /// The line of sight.
        along: LpsVector,
    },
    /// All on the side of a plane that its normal points to.
    HalfSpace {
        /// A point of the plane.
        point: LpsPoint,
        /// Any length but 0.
        normal: LpsVector,
    },
    /// A box, turned at will: scissors in space.
    Box {
        /// Its middle.
        centre: LpsPoint,
        /// From the middle to the middles of three of its faces; perpendicular to one another.
        half: [LpsVector; 3],
    },
}

impl Shape {
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        match self {
            Self::Prism { outline, along, thickness } => {
                check_outline(outline)?;
                check_direction("shape's direction", along.0)?;
                match thickness {
                    Some(t) if !(t.0 > 0.0 && t.0.is_finite()) => {
                        Err(PlanError::invalid("shape's thickness", format!("{t} is not over 0 and finite")))
                    }
                    _ => Ok(()),
                }
            }
            Self::Cone { outline, eye, along } => {
                check_outline(outline)?;
                check_point("shape's eye", *eye)?;
                check_direction("shape's direction", along.0)?;
                if outline.points().any(|p| (p - *eye).0.dot(along.0) <= 0.0) {
                    return Err(PlanError::invalid("shape's outline", "a corner lies behind the eye"));
                }
                Ok(())
            }
            Self::HalfSpace { point, normal } => {
                check_point("shape's point", *point)?;
                check_direction("shape's normal", normal.0)
            }
            Self::Box { centre, half } => {
                check_point("shape's centre", *centre)?;
                for side in half {
                    check_direction("shape's side", side.0)?;
                    check_point("shape's side", LpsPoint(side.0))?;
                }
                for (a, b) in [(0, 1), (1, 2), (2, 0)] {
                    let (a, b) = (half[a].0.normalize(), half[b].0.normalize());
                    if a.dot(b).abs() > 1e-3 {
                        return Err(PlanError::invalid("shape's sides", "they are not perpendicular"));
                    }
                }
                Ok(())
            }
        }
    }
}

fn check_outline(outline: &StrokePath) -> Result<(), PlanError> {
    if (LEAST_CORNERS..=MOST_CORNERS).contains(&outline.len()) {
        return Ok(());
    }
    let what = format!("{} corners are not between {LEAST_CORNERS} and {MOST_CORNERS}", outline.len());
    Err(PlanError::invalid("shape's outline", what))
}
