//! Finds the series in a folder of anything and reads them as volumes.
//!
//! [`scan`] reads headers only and says what there is; [`load`] reads one phase of one series as a
//! [`Volume`](fabrica_volume::Volume) in patient coordinates, in real-world values, with its sources' hashes and with
//! a [`GeometryWarning`](fabrica_volume::GeometryWarning) for everything dubious. Slices are placed by Image Position
//! and Orientation (Patient) (PS3.3 C.7.6.2), never by file name, instance number, slice thickness or slice location.
//! Nothing is invented in silence: what is not known is a warning or a refusal.

mod checks;
mod csa;
mod dataset;
mod error;
mod file;
mod frame;
mod image;
mod load;
mod lut;
mod model;
mod mosaic;
mod multiframe;
mod object;
mod phases;
mod read;
mod resample;
mod scan;
mod series;
mod stack;
mod time;
mod unused;
mod values;
mod walk;

pub use error::DicomError;
pub use load::load;
pub use model::{DerivedObject, LoadOptions, PassedOver, Phase, Scan, Series, SeriesKind, SpacingPolicy, TiltPolicy};
pub use scan::scan;

/// SOP Class UID of Segmentation Storage.
pub const SEGMENTATION: &str = dicom_dictionary_std::uids::SEGMENTATION_STORAGE;
/// SOP Class UID of RT Structure Set Storage.
pub const RT_STRUCTURE_SET: &str = dicom_dictionary_std::uids::RT_STRUCTURE_SET_STORAGE;
