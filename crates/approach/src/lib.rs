//! Rehearsing an approach: where to enter, what lies in the way, how close it comes.
//!
//! - [`Library`] holds instruments from data files; [`Pose`] says where one is, [`PlacedInstrument`] is both together.
//! - [`Obstacle`] is a structure that must be kept away from: its border as a mesh, with its error and thresholds.
//!   [`Obstacle::clearance`] answers each frame; [`crossings`] tells what a path goes through, in order.
//! - [`Guard`] puts both together for an instrument in the hand: a [`Reading`] for each place where it is.
//! - [`Sweep`] is what a moving instrument has passed through; [`resect`](resect::resect) takes parts out; [`implant`] fits
//!   what is put in, and [`mirror`] makes a cranial implant from the sound side.
//! - [`Accessibility`] maps entries on skin or bone; [`Criteria`] ranks them, with reasons.
//!
//! # Errors
//! Distances are exact to the border's mesh (within [`tree::GAP`]); what is stated as ± is 1.96 standard deviations of the
//! border's place and the instrument's own error, added in squares. Alarms count it against the instrument. Soft tissue is
//! rigid here: it does not give way as it does in the patient.
//!
//! # Frames
//! Patient coordinates (LPS, mm). An instrument's own frame has its tip at 0 and +x backwards along the shaft.

pub mod access;
pub mod coarse;
pub mod confidence;
pub mod convex;
mod entries;
mod error;
mod guard;
pub mod implant;
pub mod instrument;
mod library;
pub mod mirror;
mod obstacle;
mod oriented;
mod pose;
mod rank;
pub mod report;
pub mod resect;
mod segment;
mod shape;
mod sweep;
pub mod tree;

pub use access::{Access, Accessibility, EntryPoint};
pub use confidence::Confidence;
pub use entries::{EntrySurface, spread_entries};
pub use error::ApproachError;
pub use guard::{Entry, Guard, Reading};
pub use instrument::{EndoscopeView, Instrument, InstrumentKind, Part};
pub use library::Library;
pub use obstacle::{Alarm, COVERAGE, Clearance, Crossing, Obstacle, Thresholds, border, crossings};
pub use pose::{FromPlan, Path, PlacedInstrument, PlaneAngles, Pose};
pub use rank::{Candidate, Criteria, Refused, Scale, Weights};
pub use sweep::Sweep;
pub use tree::Tree;
