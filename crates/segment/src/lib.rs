//! Separates structures without AI: thresholds, growing, islands, morphology, logic.
//!
//! Every operation takes a [`Volume`](fabrica_volume::Volume) or a [`Mask`](fabrica_volume::Mask) and gives a new
//! mask on the same grid. Lengths are millimetres in the patient and hold on anisotropic grids. Long work takes a
//! [`Progress`](fabrica_progress::Progress) and stops with [`SegmentError::Cancelled`] when the user cancels.
//!
//! A [`Recipe`] is a list of such operations under a name: the presets for bone, skin, lung, airway, vessels and soft
//! tissue are recipes.
//!
//! # The border of the scan
//! Beyond the scan nothing is known. Growing never reaches outside, and shrinking treats what lies outside as
//! belonging, so that a body that the scan cuts through is not eaten away from the cut. With these two conventions
//! erosion and dilation are adjoint on the scan's grid: opening and closing stay idempotent, opening never adds and
//! closing never removes a voxel, up to the border.

mod connectivity;
mod error;
mod logic;
mod seed;
mod skeleton;

pub use connectivity::Connectivity;
pub use error::SegmentError;
pub use logic::{difference, exclusive_or, intersection, union};
pub use seed::Seed;
pub use skeleton::*;
