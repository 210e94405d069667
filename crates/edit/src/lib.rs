//! Editing masks by deterministic strokes.
//!
//! The plan holds [`Stroke`](fabrica_plan::Stroke)s: tool, numbers, points in the patient. This crate makes masks of
//! them.
//!
//! - [`Masks`] are the masks of all structures at a point of a plan's history, and go with it: strokes, undo, redo,
//!   merging, replay.
//! - [`EditSession`] is a brush in use: each movement changes the masks at once and says which blocks of voxels changed.
//! - [`grow_preview`] and [`Masks::try_out`] show what a tool will do before it is done.
//! - [`Source`] is where masks and volumes come from; `fabrica-case` is one.
//!
//! # The same bits everywhere
//! Two users who hold the same strokes must have the same masks, and a plan must replay as it was made, on any machine.
//! So what decides about a voxel is made of whole numbers, or of `f64` with `+ - * / sqrt floor ceil` alone, which IEEE
//! 754 fixes to the last bit, in an order that does not depend on the number of processors; never of library functions
//! such as `exp`, of the order in which a hash table is walked, or of time. Points are recorded in whole micrometres.
//! `tests/golden.rs` holds hashes of what every tool makes.

mod apply;
mod delta;
mod error;
mod limits;
mod masks;
mod resolve;
mod session;
mod source;
mod spans;
mod stored;
mod tools;
mod version;
mod volume_mask;

pub use delta::{Delta, changed_blocks};
pub use error::EditError;
pub use masks::{Change, Changes, Masks, Tally};
pub use resolve::{Resolver, Standing, Standings};
pub use session::{Brush, EditSession};
pub use source::Source;
pub use stored::{decode_mask, encode_mask, hash_of};
pub use tools::{Growing, grow_preview};
pub use version::Version;
pub use volume_mask::mask_volume;
