//! Volumes, masks and structures, with their provenance and geometry warnings.
//!
//! A [`Volume`] holds samples in real-world units (Hounsfield units for CT) on a [`Grid`](fabrica_geometry::Grid)
//! in patient coordinates, together with where it came from ([`Provenance`]) and everything that is dubious about
//! its geometry ([`GeometryWarning`]). A [`Mask`] is one bit a voxel; a [`Structure`] is a mask with a name and a
//! colour. Structures may overlap: each has its own mask.

mod blocks;
mod mask;
mod provenance;
mod samples;
mod structure;
mod volume;
mod warning;

pub use blocks::{BLOCK, BlockSet};
pub use mask::{Mask, MaskError, Run};
pub use provenance::{Modality, Provenance, Rescale, Source};
pub use samples::{Sample, Samples, SamplesView};
pub use structure::{Code, Rgb, Structure};
pub use volume::{ValueUnit, Volume, VolumeError};
pub use warning::{GeometryIssue, GeometryWarning, Resolution};
