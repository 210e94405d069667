//! Why something was not measured.

use fabrica_geometry::Mm;

/// Why something was not measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// A point lies outside the scan, where nothing is known.
    #[error("the point ({}, {}, {}) mm lies outside the scan", at.0.x, at.0.y, at.0.z)]
    Outside {
        /// The point.
        at: fabrica_geometry::LpsPoint,
    },
    /// The points define nothing: they coincide, or lie on one line.
    #[error("{what}: {why}")]
    Degenerate {
        /// What was to be measured.
        what: &'static str,
        /// What is wrong with the points.
        why: &'static str,
    },
    /// A structure has no voxel, or none where it matters.
    #[error("{0} is empty")]
    Empty(String),
    /// A number that was given makes no sense.
    #[error("{what} is {value}; it must be {allowed}")]
    Setting {
        /// Which.
        what: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Two structures lie on scans that are not known to lie on one another.
    #[error(
        "`{first}` and `{second}` lie on scans with different frames of reference; give the registration's error to \
         measure between them"
    )]
    Unregistered {
        /// The first structure or volume.
        first: String,
        /// The second.
        second: String,
    },
    /// There is nothing to snap to nearby.
    #[error("there is no {what} within {within} of the point")]
    NothingToSnapTo {
        /// Surface, edge or centreline.
        what: &'static str,
        /// How far was looked.
        within: Mm,
    },
    /// A structure has no centreline: it is too small, or no vessel.
    #[error("`{structure}` has no centreline: {why}")]
    NoCentreline {
        /// The structure.
        structure: String,
        /// Why.
        why: String,
    },
    /// A branch of a centreline that is not there.
    #[error("the centreline of `{structure}` has no branch {asked}; it has {count}, from 1")]
    NoBranch {
        /// The structure.
        structure: String,
        /// The number asked for, from 1.
        asked: usize,
        /// How many there are.
        count: usize,
    },
    /// A structure with a surface in several parts, and two points on different ones.
    #[error("no way on the surface of `{0}` joins the two points: they lie on separate parts")]
    Separate(String),
    /// The case refused: a geometry warning is open, or something is not there or damaged.
    #[error(transparent)]
    Case(#[from] fabrica_case::CaseError),
    /// A surface could not be made.
    #[error(transparent)]
    Surface(#[from] fabrica_surface::SurfaceError),
    /// A distance map could not be made.
    #[error(transparent)]
    Segment(#[from] fabrica_segment::SegmentError),
    /// A grid could not be made.
    #[error(transparent)]
    Grid(#[from] fabrica_geometry::GridError),
    /// A volume could not be made.
    #[error(transparent)]
    Volume(#[from] fabrica_volume::VolumeError),
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] fabrica_progress::Cancelled),
}
