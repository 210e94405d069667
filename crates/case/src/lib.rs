//! A case on disk: volumes, structures, plan, audit log, manifest.
//!
//! ```text
//! case.json                   manifest: schema, volumes and structures with their geometry, source and SHA-256
//! volumes/volume-1.nrrd       scans, as NRRD
//! structures/structure-2.seg.nrrd   structures, each as a segmentation of 3D Slicer; they may overlap
//! plan/snapshot-1.loro        the plan up to some point
//! plan/updates.log            the plan's operations since
//! masks/<version>.mask        masks that edits made, to open quickly: can be thrown away, believed only if their hash is right
//! audit.jsonl                 who did what, when, on which data; each line holds the hash of the line before
//! lock                        held by the one program that changes the case
//! ```
//!
//! # What is promised
//! What a method of [`Case`] has acknowledged is on the disk, whatever happens to the program afterwards. Files are
//! written aside and renamed ([`write_atomic`]); logs are appended to, record by record, each brought to the disk
//! before it is acknowledged. A change of several files writes new files first, then announces the new manifest in
//! the audit log, then renames the manifest into place, then removes old files; so a kill at any point leaves either
//! the old or the new case, and at most a file that nothing refers to. The next opening for changes clears that up
//! and says so in the audit log.
//!
//! Volumes and structures are checked against their SHA-256 when they are read. The audit log is checked at each
//! opening ([`AuditCheck`]): a changed, inserted, removed or cut-off line is seen. (Whoever rewrites all files of a
//! case consistently is not: that takes a signature outside the case.)
//!
//! # Where the truth is
//! The manifest says what the scans are and what is dubious about their geometry. What users decide about them,
//! including which geometry warnings they accept, is in the plan, and nowhere else.

mod append;
mod atomic;
mod audit;
mod case;
mod copies;
mod edits;
mod error;
mod frames;
mod hash;
mod info;
mod lock;
mod manifest;
mod plan_store;
mod recovery;
mod structures;
mod volumes;
mod warnings;

pub use atomic::write_atomic;
pub use audit::{AuditCheck, AuditData, AuditLine};
pub use case::Case;
pub use error::CaseError;
pub use hash::sha256;
pub use info::{CaseInfo, PlanInfo, StructureInfo, VolumeInfo};
pub use manifest::{SCHEMA, StructureEntry, VolumeEntry};
pub use warnings::CaseWarning;
