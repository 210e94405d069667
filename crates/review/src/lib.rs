//! Review of what a network found: where it was in doubt, what people decided about that, whether the result may be used.
//!
//! A network's probability at each voxel becomes a [`worklist`] of regions, the largest expected error first. Borders are
//! not doubt merely for being borders ([`Evidence`]). Probabilities are the network's own until a [`Calibration`] was fitted
//! on regions whose truth is known, and are called uncalibrated until then.
//!
//! The list, each decision, the dimensional check and the signature are operations in the plan
//! ([`fabrica_plan::ValidationOperation`]). A structure is validated only while its list is empty and its size was checked
//! as it is now ([`status`]); any edit takes that back. [`require_validated`] keeps results from being made of anything
//! else that a network made, unless somebody overrides it, which is recorded and written into the result.

mod blobs;
mod calibrate;
pub mod caliper;
mod content;
mod decide;
mod error;
mod evidence;
mod gate;
mod settings;
mod status;
mod worklist;

pub use calibrate::{Calibration, Fit, LEAST_SAMPLES, Reliability, ReliabilityBin, Sample, samples};
pub use content::content_sha256;
pub use decide::{check_size, decide, decision, validate};
pub use error::ReviewError;
pub use evidence::Evidence;
pub use gate::{Pass, Unvalidated, require_validated};
pub use settings::ReviewSettings;
pub use status::{RegionState, RegionStatus, Status, is_by_network, status, status_with};
pub use worklist::{ListOf, bounds, worklist};
