//! What can be measured, with the points and structures that define it.

use fabrica_geometry::{LpsPoint, LpsVector, Mm, Mm2};
use serde::{Deserialize, Serialize};

use super::quantity::Quantity;
use crate::PlanError;
use crate::operation::{check_direction, check_name, check_point};

/// What a path runs along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Path {
    /// The shortest way on a structure's surface.
    Surface {
        /// The structure.
        structure: String,
    },
    /// The centreline of a vessel.
    Centreline {
        /// The vessel.
        structure: String,
    },
}

/// Where values of the image are taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Region {
    /// A ball.
    Sphere {
        /// Its centre.
        centre: LpsPoint,
        /// Its radius.
        radius: Mm,
    },
    /// A structure.
    Structure {
        /// The structure.
        structure: String,
    },
}

/// A point of a centreline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CentrelinePoint {
    /// Where.
    pub at: LpsPoint,
    /// The way from the centreline's start to here, along it.
    pub along: Mm,
}

/// A vessel's cross section at a point of its centreline, perpendicular to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossSection {
    /// Where it cuts the centreline.
    pub centre: CentrelinePoint,
    /// The centreline's direction there, of unit length.
    pub direction: LpsVector,
    /// The least diameter: the narrowest gap between two parallel lines that it fits through.
    pub minimum: Quantity,
    /// The greatest diameter: its two points that lie farthest apart.
    pub maximum: Quantity,
    /// The diameter of the circle of the same area.
    pub area_equivalent: Quantity,
    /// Its area.
    pub area: Mm2,
    /// The ends of the greatest diameter.
    pub widest: [LpsPoint; 2],
    /// The section is cut by the scan's border or lies so near to an end of the vessel that it may be too small; it
    /// counts for no minimum or maximum of the profile.
    pub near_end: bool,
}

/// What was measured, with the points or structures that define it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum MeasurementKind {
    /// The straight distance between two points.
    Distance {
        /// Its ends.
        points: [LpsPoint; 2],
    },
    /// The length of a way along something.
    PathLength {
        /// What it runs along.
        path: Path,
        /// Its course, the ends included.
        points: Vec<LpsPoint>,
    },
    /// The angle at the second of three points.
    Angle {
        /// A point on one leg, the vertex, a point on the other leg.
        points: [LpsPoint; 3],
    },
    /// The angle between two lines, each from its first to its second point. They need not meet.
    LineAngle {
        /// The lines' points.
        lines: [[LpsPoint; 2]; 2],
    },
    /// The area of a polygon.
    Area {
        /// Its corners in order. Where they lie in no plane, it is the area of its projection on their best plane.
        polygon: Vec<LpsPoint>,
    },
    /// The volume and the surface of a structure.
    Volume {
        /// The structure.
        structure: String,
    },
    /// A vessel's diameters along its centreline.
    DiameterProfile {
        /// The vessel.
        structure: String,
        /// Its sections from the centreline's start to its end.
        sections: Vec<CrossSection>,
    },
    /// The image's value at a point.
    Probe {
        /// Where.
        at: LpsPoint,
    },
    /// Statistics of the image's values.
    RegionStatistics {
        /// Where.
        region: Region,
    },
    /// The least distance between two structures.
    ClosestDistance {
        /// The structures.
        structures: [String; 2],
        /// The nearest points, each on the surface of its structure.
        points: [LpsPoint; 2],
    },
}

/// The most points or sections of one measurement.
const MOST_POINTS: usize = 100_000;

impl MeasurementKind {
    /// In words.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Distance { .. } => "distance",
            Self::PathLength { path: Path::Surface { .. }, .. } => "distance along a surface",
            Self::PathLength { path: Path::Centreline { .. }, .. } => "distance along a centreline",
            Self::Angle { .. } | Self::LineAngle { .. } => "angle",
            Self::Area { .. } => "area",
            Self::Volume { .. } => "volume",
            Self::DiameterProfile { .. } => "diameter profile",
            Self::Probe { .. } => "value at a point",
            Self::RegionStatistics { .. } => "region statistics",
            Self::ClosestDistance { .. } => "closest distance",
        }
    }

    /// The structures that it was made on.
    pub fn structures(&self) -> Vec<&str> {
        match self {
            Self::PathLength { path: Path::Surface { structure } | Path::Centreline { structure }, .. }
            | Self::Volume { structure }
            | Self::DiameterProfile { structure, .. }
            | Self::RegionStatistics { region: Region::Structure { structure } } => vec![structure],
            Self::ClosestDistance { structures: [first, second], .. } => vec![first, second],
            Self::Distance { .. }
            | Self::Angle { .. }
            | Self::LineAngle { .. }
            | Self::Area { .. }
            | Self::Probe { .. }
            | Self::RegionStatistics { region: Region::Sphere { .. } } => Vec::new(),
        }
    }

    /// The points that define it, or that it found.
    pub fn points(&self) -> Vec<LpsPoint> {
        match self {
            Self::Distance { points } | Self::ClosestDistance { points, .. } => points.to_vec(),
            Self::PathLength { points, .. } => points.clone(),
            Self::Angle { points } => points.to_vec(),
            Self::LineAngle { lines } => lines.concat(),
            Self::Area { polygon } => polygon.clone(),
            Self::DiameterProfile { sections, .. } => sections.iter().map(|s| s.centre.at).collect(),
            Self::Probe { at } | Self::RegionStatistics { region: Region::Sphere { centre: at, .. } } => vec![*at],
            Self::Volume { .. } | Self::RegionStatistics { region: Region::Structure { .. } } => Vec::new(),
        }
    }

    pub(super) fn check(&self) -> Result<(), PlanError> {
        self.structures().into_iter().try_for_each(|name| check_name("structure", name))?;
        let points = self.points();
        if points.len() > MOST_POINTS {
            let what = format!("{} points are more than {MOST_POINTS}", points.len());
            return Err(PlanError::invalid("measurement", what));
        }
        points.into_iter().try_for_each(|at| check_point("measurement's point", at))?;
        match self {
            Self::Area { polygon } if polygon.len() < 3 => {
                Err(PlanError::invalid("polygon", "it has no three corners"))
            }
            Self::PathLength { points, .. } if points.len() < 2 => {
                Err(PlanError::invalid("path", "it has no two ends"))
            }
            Self::RegionStatistics { region: Region::Sphere { radius, .. } }
                if !(radius.0 > 0.0 && radius.0 <= 1000.0) =>
            {
                Err(PlanError::invalid("sphere's radius", format!("{radius} is not over 0 and at most 1 m")))
            }
            Self::DiameterProfile { sections, .. } => {
                if sections.is_empty() {
                    return Err(PlanError::invalid("diameter profile", "it has no section"));
                }
                sections.iter().try_for_each(CrossSection::check)
            }
            _ => Ok(()),
        }
    }
}

impl CrossSection {
    fn check(&self) -> Result<(), PlanError> {
        check_direction("centreline's direction", self.direction.0)?;
        self.widest.into_iter().try_for_each(|at| check_point("diameter's end", at))?;
        let along = self.centre.along.0;
        if !(along.is_finite() && along >= 0.0 && self.area.0.is_finite() && self.area.0 >= 0.0) {
            return Err(PlanError::invalid("cross section", "its place or area is not finite and at least 0"));
        }
        [&self.minimum, &self.maximum, &self.area_equivalent].into_iter().try_for_each(Quantity::check)
    }
}
