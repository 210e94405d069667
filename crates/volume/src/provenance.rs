//! Where data came from.

use serde::{Deserialize, Serialize};

/// One file that data came from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The file's name, without its folder (folders may name the patient).
    pub file_name: String,
    /// SHA-256 of the whole file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// The DICOM SOP Instance UID, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sop_instance_uid: Option<String>,
    /// How the values stored in the file's only image became real-world values. Nothing where there are several images or a
    /// table, and in cases that were made before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescale: Option<Rescale>,
}

/// Real-world value = slope × stored value + intercept (DICOM PS3.3 C.11.1.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rescale {
    /// Real-world values a step of stored values.
    pub slope: f64,
    /// The real-world value of a stored 0.
    pub intercept: f64,
}

/// The kind of machine that made the data, by its DICOM code (PS3.3 C.7.3.1.1.1), such as `CT`, `MR`, `PT`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Modality(pub String);

impl Modality {
    /// Computed tomography.
    pub fn ct() -> Self {
        Self("CT".into())
    }

    /// Whether this is computed tomography, so that values are Hounsfield units.
    pub fn is_ct(&self) -> bool {
        self.0 == "CT"
    }
}

impl std::fmt::Display for Modality {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "?" } else { &self.0 })
    }
}

/// Where a volume came from: files, DICOM identifiers and what was done on the way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// The files, in slice order.
    pub sources: Vec<Source>,
    /// Kind of machine.
    pub modality: Modality,
    /// Series Description, or the file's name.
    pub description: String,
    /// Patient's name as in the source (`^` between its parts), empty where unknown.
    pub patient_name: String,
    /// Patient ID, empty where unknown.
    pub patient_id: String,
    /// Date of the study, `YYYYMMDD`, empty where unknown.
    pub study_date: String,
    /// Study Instance UID.
    pub study_uid: Option<String>,
    /// Series Instance UID.
    pub series_uid: Option<String>,
    /// Frame of Reference UID: volumes that share it share their patient coordinates.
    pub frame_of_reference_uid: Option<String>,
    /// The data is simulated, not measured on a patient. Shown wherever the data is.
    pub simulated: bool,
    /// What was done to the data on the way, in order, in words ("resampled shear of 18.5°").
    pub steps: Vec<String>,
}
