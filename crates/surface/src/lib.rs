//! Closed, oriented surfaces of structures, their checks, and STL, OBJ and PLY.
//!
//! - [`surface_of_mask`], [`surface_of_volume`] and [`surface_within`] make a [`Mesh`] in patient millimetres (LPS).
//!   It is always closed, edge- and vertex-manifold and faces outwards, whatever the input.
//! - [`label_surfaces`] makes those of all labels of a label map at once, with shared borders.
//! - [`BlockSurface`] keeps such a surface in blocks and makes only those anew that an edit touched.
//! - [`smooth`] takes the voxel steps out without shrinking, and keeps every vertex close to where it was.
//! - [`check`] counts everything that can be wrong with a mesh; [`deviation`] measures how far it departs from a mask.
//! - [`write_mesh`] and [`read_mesh`] go to and from STL, OBJ and PLY.
//! - [`print_model`] does all of that for a structure, and refuses what must not be printed.

mod around;
mod check;
mod cut;
mod deviation;
mod error;
mod extract;
mod files;
mod labels;
mod mesh;
mod parts;
mod print;
mod smooth;
mod triangle;

pub use check::{MeshReport, check};
pub use cut::cut_away;
pub use deviation::{Departure, Deviation, deviation};
pub use error::SurfaceError;
pub use extract::{BlockSurface, surface_of_mask, surface_of_mask_placed, surface_of_volume, surface_within};
pub use files::{MeshFormat, read_mesh, write_mesh};
pub use labels::{Combinations, Label, LabelSurfaces, combinations, label_surfaces};
pub use mesh::Mesh;
pub use print::{PrintModel, PrintOptions, PrintReport, print_model};
pub use smooth::{Smoothing, SmoothingReport, smooth};
pub use triangle::closest_point;
