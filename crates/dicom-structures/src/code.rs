//! Coded concepts (PS3.3 section 8.8).

use dicom_core::header::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use fabrica_volume::Code;

use crate::attributes::{item, text};

/// The concept in the first item of a code sequence.
pub(crate) fn code(object: &InMemDicomObject, sequence: Tag) -> Option<Code> {
    let concept = item(object, sequence)?;
    // Long codes and URNs have attributes of their own.
    let value = [tags::CODE_VALUE, tags::LONG_CODE_VALUE, tags::URN_CODE_VALUE]
        .into_iter()
        .find_map(|tag| text(concept, tag))?;
    Some(Code {
        value,
        scheme: text(concept, tags::CODING_SCHEME_DESIGNATOR).unwrap_or_default(),
        meaning: text(concept, tags::CODE_MEANING).unwrap_or_default(),
    })
}
