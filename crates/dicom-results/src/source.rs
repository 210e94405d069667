//! What results belong to.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use fabrica_geometry::Grid;
use fabrica_plan::UtcTime;
use fabrica_volume::{Provenance, Structure};

use crate::ResultError;
use crate::object::{clean, object, sequence, text, uid};

/// The scan that results were made on.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Where it came from: patient, study, frame of reference, images.
    pub provenance: &'a Provenance,
    /// Where its samples lie.
    pub grid: &'a Grid,
    /// SHA-256 of the scan's file in the case, from which UIDs are made where the source had none.
    pub sha256: &'a str,
}

/// `YYYYMMDD` and `HHMMSS` of a moment, UTC.
pub(crate) fn date_and_time(at: UtcTime) -> (String, String) {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let rfc3339 = at.to_string();
    let (date, time) = rfc3339.split_once('T').unwrap_or((&rfc3339, "000000"));
    (digits(date), digits(time).chars().take(6).collect())
}

impl Source<'_> {
    /// The frame of reference: the scan's own, or one made for it.
    pub(crate) fn frame_of_reference(&self) -> String {
        let made = || uid("frame of reference", &[self.sha256.as_bytes()]);
        self.provenance.frame_of_reference_uid.clone().unwrap_or_else(made)
    }

    pub(crate) fn study(&self) -> String {
        let made = || uid("study", &[self.sha256.as_bytes()]);
        self.provenance.study_uid.clone().unwrap_or_else(made)
    }

    /// The images' SOP class, as far as the modality tells: one file for many slices is a multi-frame one.
    pub(crate) fn image_class(&self) -> Option<&'static str> {
        let multi = self.provenance.sources.len() == 1 && self.grid.dims()[2] > 1;
        match (self.provenance.modality.0.as_str(), multi) {
            ("CT", false) => Some(uids::CT_IMAGE_STORAGE),
            ("CT", true) => Some(uids::ENHANCED_CT_IMAGE_STORAGE),
            ("MR", false) => Some(uids::MR_IMAGE_STORAGE),
            ("MR", true) => Some(uids::ENHANCED_MR_IMAGE_STORAGE),
            ("PT", false) => Some(uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE),
            ("PT", true) => Some(uids::ENHANCED_PET_IMAGE_STORAGE),
            _ => None,
        }
    }

    /// The images as references: class and instance. Empty where the scan did not come from DICOM.
    pub(crate) fn images(&self) -> Vec<InMemDicomObject> {
        let Some(class) = self.image_class() else { return Vec::new() };
        let instances = self.provenance.sources.iter().filter_map(|s| s.sop_instance_uid.as_deref());
        instances.map(|instance| reference(class, instance)).collect()
    }

    /// Whether each slice of the grid is one image of the source, in order and pixel for pixel: then results may say which
    /// image they lie on. Not so for resampled stacks, multi-frame files, and what did not come from DICOM.
    pub fn slices_are_images(&self) -> bool {
        let p = self.provenance;
        let resampled = p.steps.iter().any(|step| step.starts_with("resampled"));
        let named = p.sources.iter().all(|s| s.sop_instance_uid.is_some());
        p.sources.len() == self.grid.dims()[2] && named && !resampled && self.image_class().is_some()
    }

    /// The image that a slice is, as a reference.
    pub(crate) fn image_of_slice(&self, slice: usize) -> Option<InMemDicomObject> {
        let instance = self.provenance.sources.get(slice)?.sop_instance_uid.as_deref()?;
        self.slices_are_images().then(|| self.image_class()).flatten().map(|class| reference(class, instance))
    }

    /// All structures must lie on the scan's grid.
    pub(crate) fn check_grids(&self, structures: &[Structure]) -> Result<(), ResultError> {
        let tolerance = self.grid.finest_spacing() * 0.01;
        match structures.iter().find(|s| !s.mask.grid().coincides(self.grid, tolerance)) {
            Some(other) => Err(ResultError::OtherGrid(other.name.clone())),
            None => Ok(()),
        }
    }

    /// The images by study and series, as evidence sequences want them. Nothing where there are none.
    pub(crate) fn evidence(&self) -> Option<InMemDicomObject> {
        let images = self.images();
        let series = self.provenance.series_uid.as_deref().filter(|_| !images.is_empty())?;
        let series = object(|i| {
            text(i, tags::SERIES_INSTANCE_UID, VR::UI, series);
            sequence(i, tags::REFERENCED_SOP_SEQUENCE, images);
        });
        Some(object(|i| {
            text(i, tags::STUDY_INSTANCE_UID, VR::UI, &self.study());
            sequence(i, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
        }))
    }

    /// Patient, study, series and equipment (PS3.3 C.7.1.1, C.7.2.1, C.7.3.1, C.7.5.1) of a new object.
    pub(crate) fn header(&self, o: &mut InMemDicomObject, new: &NewObject<'_>) {
        let p = self.provenance;
        let (date, time) = date_and_time(new.at);
        let synthetic = if p.simulated { "SYNTHETIC " } else { "" };
        text(o, tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        text(o, tags::SOP_CLASS_UID, VR::UI, new.sop_class);
        text(o, tags::SOP_INSTANCE_UID, VR::UI, new.sop_instance);
        text(o, tags::INSTANCE_CREATION_DATE, VR::DA, &date);
        text(o, tags::INSTANCE_CREATION_TIME, VR::TM, &time);
        text(o, tags::PATIENT_NAME, VR::PN, &clean(&p.patient_name, 64));
        text(o, tags::PATIENT_ID, VR::LO, &clean(&p.patient_id, 64));
        text(o, tags::PATIENT_BIRTH_DATE, VR::DA, "");
        text(o, tags::PATIENT_SEX, VR::CS, "");
        text(o, tags::STUDY_INSTANCE_UID, VR::UI, &self.study());
        let study_date = p.study_date.len() == 8 && p.study_date.bytes().all(|b| b.is_ascii_digit());
        text(o, tags::STUDY_DATE, VR::DA, if study_date { &p.study_date } else { "" });
        text(o, tags::STUDY_TIME, VR::TM, "");
        text(o, tags::STUDY_ID, VR::SH, "");
        text(o, tags::ACCESSION_NUMBER, VR::SH, "");
        text(o, tags::REFERRING_PHYSICIAN_NAME, VR::PN, "");
        text(o, tags::MODALITY, VR::CS, new.modality);
        text(o, tags::SERIES_INSTANCE_UID, VR::UI, &new.series_uid());
        text(o, tags::SERIES_NUMBER, VR::IS, new.series_number);
        text(o, tags::SERIES_DESCRIPTION, VR::LO, &clean(&format!("{synthetic}{}", new.description), 64));
        text(o, tags::INSTANCE_NUMBER, VR::IS, &new.number.to_string());
        text(o, tags::CONTENT_DATE, VR::DA, &date);
        text(o, tags::CONTENT_TIME, VR::TM, &time);
        text(o, tags::MANUFACTURER, VR::LO, "Fabrica");
        text(o, tags::MANUFACTURER_MODEL_NAME, VR::LO, "Fabrica");
        text(o, tags::DEVICE_SERIAL_NUMBER, VR::LO, "none");
        text(o, tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION"));
    }
}

/// What a new object is.
pub(crate) struct NewObject<'a> {
    pub sop_class: &'a str,
    pub sop_instance: &'a str,
    pub modality: &'a str,
    pub series_number: &'a str,
    pub description: &'a str,
    /// What is the same in all objects of its series; nothing for one that is alone in its series.
    pub series: Option<&'a str>,
    /// Its number in its series, from 1.
    pub number: usize,
    pub at: UtcTime,
}

impl NewObject<'_> {
    pub fn series_uid(&self) -> String {
        uid("series", &[self.series.unwrap_or(self.sop_instance).as_bytes()])
    }
}

pub(crate) fn reference(class: &str, instance: &str) -> InMemDicomObject {
    object(|i| {
        text(i, tags::REFERENCED_SOP_CLASS_UID, VR::UI, class);
        text(i, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, instance);
    })
}
