//! What results belong to.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use fabrica_geometry::Grid;
use fabrica_plan::UtcTime;
use fabrica_volume::Provenance;

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
        text(o, tags::SERIES_INSTANCE_UID, VR::UI, &uid("series", &[new.sop_instance.as_bytes()]));
        text(o, tags::SERIES_NUMBER, VR::IS, new.series_number);
        text(o, tags::SERIES_DESCRIPTION, VR::LO, &clean(&format!("{synthetic}{}", new.description), 64));
        text(o, tags::INSTANCE_NUMBER, VR::IS, "1");
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
    pub at: UtcTime,
}

pub(crate) fn reference(class: &str, instance: &str) -> InMemDicomObject {
    object(|i| {
        text(i, tags::REFERENCED_SOP_CLASS_UID, VR::UI, class);
        text(i, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, instance);
    })
}
