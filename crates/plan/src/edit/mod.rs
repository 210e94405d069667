//! Editing structures: strokes, and the operations around them.
//!
//! A voxel edit is a [`Stroke`]: tool, numbers, points in the patient, target structure, what it may touch. It is never
//! a copy of a mask. What a structure looks like at a point of the history is its base (a file of the case, or nothing)
//! with the strokes up to there that are not undone, taken in the order of the history; `fabrica-edit` does that,
//! to the same bits on every machine.

mod operation;
mod path;
mod program;
mod shape;
mod stroke;

pub use operation::{Base, Created, EditOperation, EditState, StructureProgress, VolumeMask, VolumeSide};
pub use path::StrokePath;
pub use program::{Program, ProgramStep};
pub use shape::Shape;
pub use stroke::{Area, HollowSide, IslandChoice, Limits, Logic, Mode, Overwrite, Smoothing, Stroke, Tool, ValueRange};
