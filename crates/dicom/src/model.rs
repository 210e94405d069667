//! What a scan of a folder finds.

use std::path::PathBuf;
use std::sync::Arc;

use fabrica_volume::{GeometryWarning, Modality};

use crate::frame::Frame;

/// Everything found in the files and folders searched.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Image series, by study, then series number.
    pub series: Vec<Series>,
    /// DICOM objects that are no images: segmentations, structure sets, reports, presentation states ...
    pub objects: Vec<DerivedObject>,
    /// Files that were not used, and why.
    pub passed_over: Vec<PassedOver>,
}

/// A file that was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// Which file.
    pub path: PathBuf,
    /// Why, for the user.
    pub reason: String,
}

/// A DICOM object that is not an image but may belong to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DerivedObject {
    /// Which file.
    pub path: PathBuf,
    /// SOP Class UID, such as [`SEGMENTATION`](crate::SEGMENTATION) or [`RT_STRUCTURE_SET`](crate::RT_STRUCTURE_SET).
    pub sop_class_uid: String,
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Modality, such as `SEG` or `RTSTRUCT`.
    pub modality: Modality,
    /// Series Description, or the structure set's or content's label.
    pub description: String,
    /// Series Instance UID of the object's own series.
    pub series_uid: String,
    /// Study Instance UID.
    pub study_uid: String,
    /// Frame of Reference UID, of the object or of what it refers to.
    pub frame_of_reference_uid: Option<String>,
    /// Series Instance UIDs of the images that it refers to.
    pub referenced_series: Vec<String>,
}

/// What a series is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SeriesKind {
    /// Stacks of slices with a place in the patient.
    Volume,
    /// Nothing but single slices with a place in the patient.
    SingleImage,
    /// Scout, topogram: for planning the scan, not for reconstructing anatomy.
    Localiser,
    /// Screenshots, scans of film and results without the scanner's geometry.
    SecondaryCapture,
    /// Radiographs, fluoroscopy, planar scintigraphy, ultrasound: pictures without a place in the patient.
    Projection,
}

/// An image series of one kind. A Series Instance UID that holds localisers beside slices gives two.
#[derive(Clone, Debug)]
pub struct Series {
    /// Series Instance UID, empty where missing.
    pub uid: String,
    /// Study Instance UID, empty where missing.
    pub study_uid: String,
    /// Kind of machine.
    pub modality: Modality,
    /// Series Description, empty where missing.
    pub description: String,
    /// Series Number.
    pub number: Option<i64>,
    /// Study Description, empty where missing.
    pub study_description: String,
    /// Date of the study, `YYYYMMDD`, empty where missing.
    pub study_date: String,
    /// Patient's name, `^` between its parts, empty where missing.
    pub patient_name: String,
    /// Patient ID, empty where missing.
    pub patient_id: String,
    /// Manufacturer and model, empty where missing.
    pub device: String,
    /// Body Part Examined, empty where missing.
    pub body_part: String,
    /// What the series is good for.
    pub kind: SeriesKind,
    /// Photometric Interpretation (`MONOCHROME1` means that low values are shown bright; values are kept as they are).
    pub photometric_interpretation: String,
    /// Transfer syntaxes of the files, by name.
    pub transfer_syntaxes: Vec<String>,
    /// The volumes in the series: time points, echoes, b-values, energies, image types, stacks of other geometry.
    pub phases: Vec<Phase>,
    /// Units (PET) or rescale type (CT), empty where missing.
    pub(crate) unit: String,
}

impl Series {
    /// The number of files that the series consists of.
    pub fn file_count(&self) -> usize {
        let mut files: Vec<_> = self.phases.iter().flat_map(|p| &p.frames).map(|f| Arc::as_ptr(&f.file)).collect();
        files.sort_unstable();
        files.dedup();
        files.len()
    }

    /// The files that the series consists of, in slice order, phase after phase.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut seen = std::collections::HashSet::new();
        let frames = self.phases.iter().flat_map(|p| &p.frames);
        frames.filter(|f| seen.insert(Arc::as_ptr(&f.file))).map(|f| f.file.path.clone()).collect()
    }
}

/// One volume of a series.
#[derive(Clone, Debug)]
pub struct Phase {
    /// What tells it from the others, such as `t = 2 of 3 (Content Time 101112)` or `b = 800 s/mm²`; empty for the only one.
    pub label: String,
    /// Columns, rows, slices as acquired. Resampling of a tilted or uneven stack gives other numbers.
    pub dims: [usize; 3],
    /// Spacing along columns, rows and slices in mm. Of uneven slices, the median distance.
    pub spacing: [f64; 3],
    /// Orientation of the axes as three letters, such as `LPS`.
    pub orientation: String,
    /// Frame of Reference UID.
    pub frame_of_reference_uid: Option<String>,
    /// What is dubious about the geometry; the loaded volume carries the same.
    pub warnings: Vec<GeometryWarning>,
    /// Why this cannot be read as a volume, where it cannot. [`load`](crate::load) refuses with this reason.
    pub obstacle: Option<String>,
    /// The slices, sorted along the slice normal.
    pub(crate) frames: Vec<Frame>,
    /// Where the slices lie; none where there is an obstacle that prevents knowing.
    pub(crate) stack: Option<crate::stack::Stack>,
}

/// What to do with slices that are sheared against their normal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TiltPolicy {
    /// Resample to a straight grid, with a warning that carries the angle.
    Resample,
    /// Refuse with the angle.
    #[default]
    Refuse,
}

/// What to do with slices that are unevenly spaced or missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpacingPolicy {
    /// Resample to an even distance, with a warning.
    Resample,
    /// Refuse with the distances.
    #[default]
    Refuse,
}

/// The user's decisions about reading. The default refuses whatever would need resampling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// What to do with tilted gantries.
    pub tilt: TiltPolicy,
    /// What to do with uneven or missing slices.
    pub spacing: SpacingPolicy,
}

impl LoadOptions {
    /// Resample whatever needs it, with warnings.
    pub fn resample() -> Self {
        Self { tilt: TiltPolicy::Resample, spacing: SpacingPolicy::Resample }
    }
}
