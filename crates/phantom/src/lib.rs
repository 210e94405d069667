//! The synthetic patient: analytic anatomy with exact truth, sampled on any grid and written as DICOM.
//!
//! A [`Phantom`] is a list of solids with materials. It is deterministic: the same [`PhantomOptions`] give the same
//! patient, values, UIDs and files. [`Phantom::sample`] makes a CT on a grid, [`Phantom::sample_slices`] on any planes
//! (tilted, gapped), [`Phantom::structures`] the organs as masks, [`Phantom::truth`] what is known exactly;
//! [`write_dicom`] writes CT Image Storage or Enhanced CT.
//!
//! Everything that comes from here is marked as synthetic: the patient's name, manufacturer, series description and
//! image comments in DICOM, and [`Provenance::simulated`](fabrica_volume::Provenance::simulated).

mod anatomy;
mod body;
mod dicom;
mod error;
mod labels;
mod measure;
mod options;
mod phantom;
mod random;
mod sample;
mod slice;
mod solid;
mod truth;

pub use body::{Ball, Body, Branch, Landmark, Material, Organ, Part, Tree};
pub use dicom::{DicomOptions, Phase, Storage, Syntax, write_dicom, write_dicom_slices};
pub use error::PhantomError;
pub use options::{ContrastPhase, Orientation, PhantomOptions, Region, Sampling};
pub use phantom::{Phantom, Slices};
pub use slice::{Acquisition, SlicePlane};
pub use solid::{Bounds, Loft, RoundCone, Section, Solid};
pub use truth::{Distance, Method, OrganTruth, TRUTH_SCHEMA, TreeLength, Truth};

/// The patient's name in every file.
pub const PATIENT_NAME: &str = "SYNTHETIC^PHANTOM";
