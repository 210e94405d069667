//! Geometry warnings: what is dubious about where voxels lie.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is dubious about a volume's geometry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum GeometryIssue {
    /// The gantry was tilted; slices were sheared and have been resampled.
    GantryTilt {
        /// Angle between the slice normal and the direction from slice to slice.
        degrees: f64,
    },
    /// Slices were unevenly spaced and have been resampled.
    UnevenSpacing {
        /// Least distance between neighbours, mm.
        least_mm: f64,
        /// Greatest distance between neighbours, mm.
        greatest_mm: f64,
    },
    /// Slices are missing; the gap was filled by interpolation.
    MissingSlices {
        /// How many.
        count: usize,
        /// The widest gap, mm.
        gap_mm: f64,
    },
    /// The distance between slices is not known from positions, so it was taken from elsewhere.
    SpacingAssumed {
        /// The value taken, mm.
        spacing_mm: f64,
        /// From where it was taken.
        from: String,
    },
    /// In-plane pixel spacing is missing or from the detector, not the patient.
    PixelSpacingUncertain {
        /// Why.
        reason: String,
    },
    /// Which way the axes point was assumed, not read. Left and right may be swapped.
    LateralityAssumed {
        /// What was assumed and why.
        reason: String,
    },
    /// Headers disagree with one another about geometry.
    Contradiction {
        /// What disagrees.
        reason: String,
    },
    /// Two slices lie at one position; one was kept.
    DuplicateSlices {
        /// How many were left out.
        count: usize,
    },
    /// Anything else that may displace, scale or mirror anatomy.
    Other {
        /// What.
        reason: String,
    },
}

/// What the user decided about a warning.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Resolution {
    /// Nothing yet: measuring and printing are blocked.
    #[default]
    Open,
    /// The user has seen it and goes on.
    Accepted {
        /// Who.
        by: String,
        /// When, RFC 3339 in UTC.
        at: String,
        /// Why, in the user's words.
        reason: String,
    },
}

/// A dubious point of a volume's geometry, which travels with the case and blocks measuring and printing while open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeometryWarning {
    /// What is dubious.
    pub issue: GeometryIssue,
    /// What the user decided.
    #[serde(default)]
    pub resolution: Resolution,
}

impl GeometryWarning {
    /// An open warning.
    pub fn new(issue: GeometryIssue) -> Self {
        Self { issue, resolution: Resolution::Open }
    }

    /// Whether it still waits for the user.
    pub fn is_open(&self) -> bool {
        self.resolution == Resolution::Open
    }
}

impl fmt::Display for GeometryIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GantryTilt { degrees } => {
                write!(f, "the gantry was tilted by {degrees:.2}°; the slices were resampled to a straight grid")
            }
            Self::UnevenSpacing { least_mm, greatest_mm } => write!(
                f,
                "the slices are {least_mm:.3} to {greatest_mm:.3} mm apart; they were resampled to an even distance"
            ),
            Self::MissingSlices { count, gap_mm } => {
                write!(f, "{count} slice(s) are missing; a gap of {gap_mm:.3} mm was filled by interpolation")
            }
            Self::SpacingAssumed { spacing_mm, from } => {
                write!(f, "the distance between slices, {spacing_mm:.3} mm, was taken from {from}, not from positions")
            }
            Self::PixelSpacingUncertain { reason } => write!(f, "the pixel spacing is uncertain: {reason}"),
            Self::LateralityAssumed { reason } => write!(f, "left and right are assumed: {reason}"),
            Self::Contradiction { reason } => write!(f, "the headers contradict one another: {reason}"),
            Self::DuplicateSlices { count } => {
                write!(f, "{count} slice(s) lie at the position of another and were left out")
            }
            Self::Other { reason } => f.write_str(reason),
        }
    }
}
