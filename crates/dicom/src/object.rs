//! DICOM objects that are not images.

use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use fabrica_volume::Modality;

use crate::DerivedObject;
use crate::dataset::{DataSet, Stop};
use crate::file::Header;

/// What the UIDs of composite storage SOP classes begin with.
const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

/// An object, or why it cannot be read.
pub(crate) struct Object {
    pub(crate) object: DerivedObject,
    /// Its structure is broken.
    pub(crate) broken: Option<String>,
}

/// Whether a SOP class is not an image of values, though it may hold pixel data.
pub(crate) fn is_object(sop_class: &str) -> bool {
    const ALONE: [&str; 4] = [
        uids::MR_SPECTROSCOPY_STORAGE,
        uids::VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE,
        uids::RAW_DATA_STORAGE,
        uids::REAL_WORLD_VALUE_MAPPING_STORAGE,
    ];
    const RADIOTHERAPY_IMAGES: [&str; 3] =
        [uids::RT_IMAGE_STORAGE, uids::ENHANCED_RT_IMAGE_STORAGE, uids::ENHANCED_CONTINUOUS_RT_IMAGE_STORAGE];
    // Waveforms, presentation states, encapsulated documents, segmentations and registrations, meshes, reports,
    // structure sets and plans.
    const FAMILIES: [&str; 7] = ["9.", "11.", "104.", "66.", "68.", "88.", "481."];
    let storage = sop_class.strip_prefix(STORAGE).unwrap_or_default();
    ALONE.contains(&sop_class)
        || FAMILIES.iter().any(|family| storage.starts_with(family)) && !RADIOTHERAPY_IMAGES.contains(&sop_class)
}

/// Whether a SOP class is one of images, which have pixel data if they are whole.
pub(crate) fn is_image(sop_class: &str) -> bool {
    // Radiography, CT, ultrasound, MR, nuclear medicine, secondary capture, angiography, tomosynthesis, visible light, PET.
    const FAMILIES: [&str; 14] = ["1", "2", "3", "4", "5", "6", "7", "12", "13", "14", "20", "77", "128", "130"];
    let storage = sop_class.strip_prefix(STORAGE).unwrap_or_default();
    !is_object(sop_class) && storage.split('.').next().is_some_and(|family| FAMILIES.contains(&family))
}

/// Reads what an object is and to what it refers.
pub(crate) fn read(path: &Path, sop_class: &str, header: &Header<'_>) -> Object {
    let data = &header.parsed.data_set;
    let uid = |tag: Tag| data.ascii(tag).unwrap_or_default();
    let mut referenced_series = Vec::new();
    collect_series(data, &mut referenced_series, 0);
    referenced_series.sort();
    referenced_series.dedup();
    let labels = [tags::SERIES_DESCRIPTION, tags::STRUCTURE_SET_LABEL, tags::CONTENT_LABEL];
    let of_reference = data.item(tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE);
    let broken = match &header.parsed.stop {
        Some(Stop::Broken(why)) => Some(why.clone()),
        _ => None,
    };
    let object = DerivedObject {
        path: path.to_owned(),
        sop_class_uid: sop_class.to_owned(),
        sop_instance_uid: uid(tags::SOP_INSTANCE_UID),
        modality: Modality(uid(tags::MODALITY)),
        description: labels.into_iter().map(|tag| data.text(tag)).find(|t| !t.is_empty()).unwrap_or_default(),
        series_uid: uid(tags::SERIES_INSTANCE_UID),
        study_uid: uid(tags::STUDY_INSTANCE_UID),
        frame_of_reference_uid: data
            .ascii(tags::FRAME_OF_REFERENCE_UID)
            .or_else(|| of_reference?.ascii(tags::FRAME_OF_REFERENCE_UID)),
        referenced_series,
    };
    Object { object, broken }
}

/// The series that segmentations (Referenced Series Sequence) and structure sets (frame of reference → study → series)
/// refer to.
fn collect_series(data: &DataSet<'_>, into: &mut Vec<String>, depth: usize) {
    const PATH: [Tag; 4] = [
        tags::REFERENCED_SERIES_SEQUENCE,
        tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE,
        tags::RT_REFERENCED_STUDY_SEQUENCE,
        tags::RT_REFERENCED_SERIES_SEQUENCE,
    ];
    for sequence in PATH {
        for item in data.items(sequence) {
            if matches!(sequence, tags::REFERENCED_SERIES_SEQUENCE | tags::RT_REFERENCED_SERIES_SEQUENCE) {
                into.extend(item.ascii(tags::SERIES_INSTANCE_UID));
            }
            if depth < PATH.len() {
                collect_series(item, into, depth + 1);
            }
        }
    }
}
