//! Structures kept in DICOM: segmentation objects and RT structure sets.
//!
//! Both come out as [`Structure`]s on the grid of the scan that they belong to. A segmentation's frames are placed by
//! their patient positions, never by their order; contours are filled in patient millimetres.

mod attributes;
mod code;
mod colour;
mod contour;
mod error;
mod identity;
mod nesting;
mod open;
mod pixels;
mod place;
mod plane;
mod references;
mod rtstruct;
mod seg;
mod slabs;

pub use error::{Problem, StructureError};
pub use references::referenced_series;
pub use rtstruct::read_rtstruct;
pub use seg::read_seg;

use fabrica_volume::{Provenance, Structure};

/// Which scan structures are wanted on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanIdentity {
    /// Series Instance UID, where known.
    pub series_uid: Option<String>,
    /// Frame of Reference UID, where known.
    pub frame_of_reference_uid: Option<String>,
    /// SOP Instance UIDs of the slices, where known.
    pub sop_instance_uids: Vec<String>,
}

impl From<&Provenance> for ScanIdentity {
    fn from(provenance: &Provenance) -> Self {
        Self {
            series_uid: provenance.series_uid.clone(),
            frame_of_reference_uid: provenance.frame_of_reference_uid.clone(),
            sop_instance_uids: provenance.sources.iter().filter_map(|s| s.sop_instance_uid.clone()).collect(),
        }
    }
}

/// What to do where structures do not simply match the scan.
#[derive(Clone, Debug, PartialEq)]
pub struct StructureOptions {
    /// A voxel of a fractional segmentation belongs when its fraction (0 to 1) is at least this.
    pub fractional_threshold: f64,
    /// Take segmentations on another grid by nearest neighbour, with a note in [`Structure::origin`]; else refuse.
    pub resample: bool,
    /// Take structures of another frame of reference as if it were the scan's. Only the user can know that.
    pub ignore_frame_of_reference: bool,
}

impl Default for StructureOptions {
    fn default() -> Self {
        Self { fractional_threshold: 0.5, resample: true, ignore_frame_of_reference: false }
    }
}

/// What a file of structures gave.
#[derive(Clone, Debug, Default)]
pub struct StructureSet {
    /// The structures, in the file's order, on the scan's grid.
    pub structures: Vec<Structure>,
    /// What was left out, wholly or in part, and why. To be shown to the user.
    pub skipped: Vec<Skipped>,
}

/// A structure, or a part of one, that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The structure's name.
    pub name: String,
    /// What was left out and why.
    pub reason: String,
}

/// The kinds of structure files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StructureKind {
    /// DICOM Segmentation (PS3.3 A.51).
    Segmentation,
    /// DICOM RT Structure Set (PS3.3 A.19).
    RtStructureSet,
}

/// Which scan a file of structures refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct References {
    /// What kind of object the file is.
    pub kind: StructureKind,
    /// Series Instance UIDs of the scans that the structures were drawn on.
    pub series_uids: Vec<String>,
    /// Frame of Reference UIDs of the structures.
    pub frame_of_reference_uids: Vec<String>,
    /// The structures' names.
    pub names: Vec<String>,
}
