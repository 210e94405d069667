//! What a file of structures refers to.

use std::path::Path;

use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use crate::attributes::{items, text};
use crate::open::open;
use crate::seg::LABEL_MAP_STORAGE;
use crate::{Problem, References, StructureError, StructureKind};

/// Which series and frame of reference a SEG or RTSTRUCT file refers to, and the structures' names.
///
/// # Errors
/// When the file is not readable DICOM or of another kind.
pub fn referenced_series(path: &Path) -> Result<References, StructureError> {
    references(path).map_err(|problem| problem.at(path))
}

fn references(path: &Path) -> Result<References, Problem> {
    let classes = [uids::SEGMENTATION_STORAGE, LABEL_MAP_STORAGE, uids::RT_STRUCTURE_SET_STORAGE];
    let object = open(path, &classes, "a DICOM segmentation or RT structure set")?;
    match text(&object, tags::SOP_CLASS_UID).as_deref() {
        Some(uids::SEGMENTATION_STORAGE | LABEL_MAP_STORAGE) => Ok(References {
            kind: StructureKind::Segmentation,
            series_uids: series(&object, tags::REFERENCED_SERIES_SEQUENCE),
            frame_of_reference_uids: text(&object, tags::FRAME_OF_REFERENCE_UID).into_iter().collect(),
            names: names(&object, tags::SEGMENT_SEQUENCE, tags::SEGMENT_LABEL),
        }),
        _ => {
            let frames = items(&object, tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE);
            let studies = frames.iter().flat_map(|f| items(f, tags::RT_REFERENCED_STUDY_SEQUENCE));
            let rois = items(&object, tags::STRUCTURE_SET_ROI_SEQUENCE);
            let of_frames = frames.iter().filter_map(|f| text(f, tags::FRAME_OF_REFERENCE_UID));
            let of_rois = rois.iter().filter_map(|r| text(r, tags::REFERENCED_FRAME_OF_REFERENCE_UID));
            Ok(References {
                kind: StructureKind::RtStructureSet,
                series_uids: distinct(studies.flat_map(|s| series(s, tags::RT_REFERENCED_SERIES_SEQUENCE))),
                frame_of_reference_uids: distinct(of_frames.chain(of_rois)),
                names: names(&object, tags::STRUCTURE_SET_ROI_SEQUENCE, tags::ROI_NAME),
            })
        }
    }
}

fn series(object: &InMemDicomObject, sequence: dicom_core::Tag) -> Vec<String> {
    items(object, sequence).iter().filter_map(|s| text(s, tags::SERIES_INSTANCE_UID)).collect()
}

fn names(object: &InMemDicomObject, sequence: dicom_core::Tag, name: dicom_core::Tag) -> Vec<String> {
    items(object, sequence).iter().filter_map(|s| text(s, name)).collect()
}

fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for text in texts {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept
}
