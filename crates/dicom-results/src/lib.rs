//! Results as DICOM objects, and back.
//!
//! - [`measurement_report`]: the plan's measurements as a Comprehensive 3D SR after TID 1500, each value with its 95 %
//!   interval; [`read_measurement_report`] reads one.
//! - [`segmentation`]: structures as a binary or a fractional segmentation; read back by `fabrica-dicom-structures`.
//! - [`structure_set`]: structures as an RT structure set; read back by `fabrica-dicom-structures`.
//! - [`presentation_state`]: measurements and annotations drawn on the slices that they lie on (GSPS);
//!   [`read_presentation_state`] reads one.
//! - [`captured`] and [`key_objects`]: pictures of views as secondary captures, and the selection that marks them and the
//!   slices drawn on as key images; [`read_captured`] and [`read_key_objects`] read them.
//! - [`encapsulated_model`]: a printable model as Encapsulated STL or OBJ; [`read_encapsulated_model`] reads one.
//!
//! A [`Source`] says what the results belong to: patient, study, frame of reference and the images that they were made
//! on. UIDs are derived from the content (2.25 and 128 bits of a SHA-256), so that the same results are the same objects.

mod code;
mod error;
mod key_objects;
mod model;
mod object;
mod outline;
mod picture;
mod presentation;
mod report;
mod segmentation;
mod source;
mod structure_set;

pub use error::ResultError;
pub use key_objects::{Key, KeyObjects, key_objects, read_key_objects};
pub use model::{ModelKind, PrintableModel, ReadModel, encapsulated_model, read_encapsulated_model};
pub use picture::{Picture, ReadPicture, captured, read_captured};
pub use presentation::{
    DrawnText, Presentation, PresentationState, Presented, ReadGraphic, ReadMarks, presentation_state,
    read_presentation_state,
};
pub use report::{ReportedMeasurement, ReportedValue, measurement_report, read_measurement_report};
pub use segmentation::{FilledPart, SegmentationKind, segmentation};
pub use source::Source;
pub use structure_set::{Contoured, structure_set};

/// An object with its file meta information, ready to be written.
pub type DicomFile = dicom_object::FileDicomObject<dicom_object::InMemDicomObject>;

/// The object as a file's bytes.
///
/// # Errors
/// When it cannot be encoded.
pub fn to_bytes(file: &DicomFile) -> Result<Vec<u8>, ResultError> {
    let mut bytes = Vec::new();
    file.write_all(&mut bytes).map_err(|e| ResultError::Encoding(e.to_string()))?;
    Ok(bytes)
}
