//! Measurements with their errors: "4.1 ± 0.9 mm", the truth lying within 95 times in 100.
//!
//! - Between points: [`distance`], [`angle`], [`line_angle`], [`polygon_area`]. The points' errors ([`PointErrors`]) go
//!   through [`propagate`].
//! - On structures, by their [`Border`] placed between voxels: [`size`] (volume, surface), [`closest_distance`],
//!   [`geodesic`], [`Centreline`] and [`profile`] (diameters), [`cross_section_at`].
//! - Of the image: [`probe`], [`in_sphere`], [`in_structure`].
//! - [`snap_to_surface`], [`snap_to_edge`], [`snap_to_centreline`].
//! - [`measure`] does all of that on a case, refuses while a geometry warning is open, and gives a
//!   [`Measurement`](fabrica_plan::Measurement) for the plan.
//!
//! # The error model
//! After the GUM (JCGM 100:2008). Each value has independent parts, each a standard deviation: **voxels** (their size
//! and partial volume), **noise**, **segmentation** (the border as a whole lies too far out or in), **registration**,
//! **repeatability** (the hand and the tool). They add up in squares, and 1.96 times the root is the ±.
//!
//! | | voxels | segmentation | repeatability |
//! |---|---|---|---|
//! | a point put by hand | spacing / √12 along each axis of the grid | none | along each axis |
//! | a point snapped to a border | a share of a voxel along the normal | along the normal, shared by all points of it | across the normal |
//! | a border | a share of a voxel, averaged over what is measured | all of it moves | none |
//!
//! The shares are in [`border`](Border), [`size`](size()) and [`profile`](profile()); `examples/coverage.rs` measures
//! on solids of known shape how often the interval holds the truth, and prints a table. What the intervals do not hold
//! is what nobody knows: a vessel that was left out, a landmark that was mistaken for another.

mod border;
mod cache;
mod case;
mod centreline;
mod closest;
mod error;
mod extreme;
mod field;
mod geodesic;
mod noise;
mod occupancy;
mod profile;
mod propagate;
mod report;
mod section;
mod settings;
mod shapes;
mod size;
mod snap;
mod tree;
mod triangle;
mod values;

pub use border::{Border, VOXEL_SHARE_OF_IMAGE, VOXEL_SHARE_OF_MASK};
pub use cache::Cache;
pub use case::{Request, Snap, changed, measure, measure_with, stale};
pub use centreline::{Branch, Centreline};
pub use closest::closest_distance;
pub use error::MeasureError;
pub use field::Field;
pub use geodesic::geodesic;
pub use occupancy::{Occupancy, occupancy};
pub use profile::{Profile, TILT_DEGREES, cross_section_at, profile};
pub use propagate::{Displacement, PointErrors, propagate};
pub use report::{
    DISCLAIMER, Picture, Shown, Validities, Validity, approach_json, measurements_csv, measurements_json, plan_report,
    report_csv, report_json, sections_csv,
};
pub use settings::Settings;
pub use shapes::{angle, distance, line_angle, polygon_area};
pub use size::size;
pub use snap::{snap_to_centreline, snap_to_edge, snap_to_surface};
pub use values::{in_sphere, in_structure, probe};
