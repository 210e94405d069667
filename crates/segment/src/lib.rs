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

//!
//! # The same bits everywhere
//! Edits are stored as what was done, and must give the same voxels on every machine. What edits use from here (thresholds,
//! growing, islands, morphology, smoothing, distances, logic) decides by whole numbers or by `+ - * / sqrt floor` of
//! floating point in a fixed order, which IEEE 754 fixes to the last bit; not by `exp` or `powi`, which it does not.

mod airway;
mod bell;
mod bits;
mod border;
mod change;
mod connectivity;
mod contest;
mod distance;
mod element;
mod error;
mod flood;
mod grow;
mod holes;
mod homogeneous;
mod islands;
mod logic;
mod morphology;
mod otsu;
pub mod recipe;
mod resample;
mod rows;
mod runs;
mod seed;
mod smooth;
mod threshold;
mod vessels;

pub use airway::{AirwayTree, airway_tree};
pub use bell::bell;
pub use border::close_border;
pub use change::ChangeReport;
pub use connectivity::Connectivity;
pub use contest::contest;
pub use distance::signed_distance;
pub use error::SegmentError;
pub use flood::flood;
pub use grow::{Confidence, confidence_connected, connected_threshold};
pub use holes::{fill_cavities, fill_slices};
pub use homogeneous::homogeneous;
pub use islands::{Islands, islands_at, largest_islands, remove_small_islands};
pub use logic::{difference, exclusive_or, intersection, union};
pub use morphology::{VoxelShape, close, dilate, dilate_voxels, erode, erode_voxels, margin, open};
pub use otsu::{Histogram, otsu};
pub use recipe::Recipe;
pub use resample::{Interpolation, resample};
pub use seed::Seed;
pub use smooth::{Level, Neighbourhood, smooth_gaussian, smooth_majority};
pub use threshold::threshold;
pub use vessels::{ContrastVessels, contrast_vessels};
