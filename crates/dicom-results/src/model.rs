//! Printable models as encapsulated STL and OBJ (PS3.3 A.85.1 and A.85.2), and back.

use std::io::Read;

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileDicomObject, InMemDicomObject};
use fabrica_plan::{Unit, UtcTime};

use crate::code::{Coded, of_unit};
use crate::object::{clean, code, file, longs, sequence, text, uid};
use crate::report::{items, word};
use crate::source::{NewObject, Source};
use crate::{DicomFile, ResultError};

/// The kinds of model files that DICOM holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    /// Binary STL.
    Stl,
    /// Wavefront OBJ.
    Obj,
}

impl ModelKind {
    fn sop_class(self) -> &'static str {
        match self {
            Self::Stl => uids::ENCAPSULATED_STL_STORAGE,
            Self::Obj => uids::ENCAPSULATED_OBJ_STORAGE,
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Stl => "model/stl",
            Self::Obj => "model/obj",
        }
    }
}

/// A model file to put into an object: its coordinates are patient millimetres (LPS) in the scan's frame of reference.
#[derive(Clone, Copy, Debug)]
pub struct PrintableModel<'a> {
    /// Its name: the structure's, or several.
    pub name: &'a str,
    /// What kind of file.
    pub kind: ModelKind,
    /// The file.
    pub bytes: &'a [u8],
    /// Whether it departs from the anatomy on purpose: cut, hollow, thickened, engraved.
    pub modified: bool,
}

/// The model as an object of the scan's study, with references to the images that it was made of. Its bytes are kept as
/// they are (and one more where their number is odd, which the object tells apart).
///
/// # Errors
/// When the file is empty or larger than an element can be.
pub fn encapsulated_model(
    source: &Source<'_>,
    model: &PrintableModel<'_>,
    at: UtcTime,
) -> Result<DicomFile, ResultError> {
    let length = model.bytes.len();
    if length == 0 {
        return Err(ResultError::Nothing("model"));
    }
    if length > 0xFFFF_FFFD {
        return Err(ResultError::TooMany { what: "bytes of the model", count: length, most: 0xFFFF_FFFD });
    }
    let sop_instance =
        uid("model", &[source.sha256.as_bytes(), model.name.as_bytes(), model.bytes, at.to_string().as_bytes()]);
    let new = NewObject {
        sop_class: model.kind.sop_class(),
        sop_instance: &sop_instance,
        modality: "M3D",
        series_number: "9003",
        description: model.name,
        series: None,
        number: 1,
        at,
    };
    let synthetic = if source.provenance.simulated { "SYNTHETIC " } else { "" };
    let mut o = InMemDicomObject::new_empty();
    source.header(&mut o, &new);
    text(&mut o, tags::FRAME_OF_REFERENCE_UID, VR::UI, &source.frame_of_reference());
    text(&mut o, tags::POSITION_REFERENCE_INDICATOR, VR::LO, "");
    // Encapsulated document (C.24.2).
    text(&mut o, tags::ACQUISITION_DATE_TIME, VR::DT, "");
    text(&mut o, tags::BURNED_IN_ANNOTATION, VR::CS, "NO");
    text(&mut o, tags::DOCUMENT_TITLE, VR::ST, &clean(&format!("{synthetic}{}", model.name), 1024));
    sequence(&mut o, tags::CONCEPT_NAME_CODE_SEQUENCE, Vec::new());
    text(&mut o, tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, VR::LO, model.kind.media_type());
    let images = source.images();
    if !images.is_empty() {
        let purpose = Coded::dcm("121322", "Source image for image processing operation");
        let from = images.into_iter().map(|mut image| {
            code(&mut image, tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, &purpose);
            image
        });
        sequence(&mut o, tags::SOURCE_INSTANCE_SEQUENCE, from.collect());
    }
    // Manufacturing 3D model (C.35.1).
    code(&mut o, tags::MEASUREMENT_UNITS_CODE_SEQUENCE, &of_unit(&Unit::Millimetre));
    text(&mut o, tags::MODEL_MODIFICATION, VR::CS, if model.modified { "YES" } else { "NO" });
    text(&mut o, tags::MODEL_MIRRORING, VR::CS, "NO");
    // Common instance reference (C.12.2): which series of this study the images belong to.
    if let Some(evidence) = source.evidence()
        && let Some(series) = items(&evidence, tags::REFERENCED_SERIES_SEQUENCE).next()
    {
        let images = items(series, tags::REFERENCED_SOP_SEQUENCE).cloned().collect();
        let mut of = InMemDicomObject::new_empty();
        if let Ok(uid) = series.element(tags::SERIES_INSTANCE_UID) {
            of.put(uid.clone());
        }
        sequence(&mut of, tags::REFERENCED_INSTANCE_SEQUENCE, images);
        sequence(&mut o, tags::REFERENCED_SERIES_SEQUENCE, vec![of]);
    }
    let mut bytes = model.bytes.to_vec();
    longs(&mut o, tags::ENCAPSULATED_DOCUMENT_LENGTH, &[length as u32]);
    if length % 2 == 1 {
        bytes.push(0);
    }
    o.put(DataElement::new(tags::ENCAPSULATED_DOCUMENT, VR::OB, PrimitiveValue::U8(bytes.into())));
    file(o, model.kind.sop_class(), &sop_instance)
}

/// A model that was found in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadModel {
    /// Its title.
    pub name: String,
    /// What kind of file.
    pub kind: ModelKind,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its frame of reference.
    pub frame_of_reference_uid: Option<String>,
    /// The images that it was made of.
    pub source_instances: Vec<String>,
    /// Whether it departs from the anatomy on purpose, where it says so.
    pub modified: Option<bool>,
}

/// Reads a model that this program, or another, put into an object.
///
/// # Errors
/// When the file is not DICOM, holds no model, one in another unit than millimetres, or one that says to be mirrored.
pub fn read_encapsulated_model(file: impl Read) -> Result<ReadModel, ResultError> {
    let o = FileDicomObject::from_reader(file).map_err(|e| ResultError::Unreadable(e.to_string()))?;
    let wrong = |why: &str| ResultError::NoModel(why.to_owned());
    let kind = match word(&o, tags::SOP_CLASS_UID).as_deref() {
        Some(uids::ENCAPSULATED_STL_STORAGE) => ModelKind::Stl,
        Some(uids::ENCAPSULATED_OBJ_STORAGE) => ModelKind::Obj,
        other => return Err(wrong(&format!("its class is {}", other.unwrap_or("not told")))),
    };
    let unit = items(&o, tags::MEASUREMENT_UNITS_CODE_SEQUENCE).next().and_then(|u| word(u, tags::CODE_VALUE));
    if unit.as_deref() != Some("mm") {
        return Err(wrong(&format!("its unit is {}, not mm", unit.as_deref().unwrap_or("not told"))));
    }
    if word(&o, tags::MODEL_MIRRORING).as_deref() == Some("YES") {
        return Err(wrong("it is mirrored"));
    }
    let bytes = o.element(tags::ENCAPSULATED_DOCUMENT).ok().and_then(|e| e.to_bytes().ok().map(|b| b.into_owned()));
    let mut bytes = bytes.filter(|b| !b.is_empty()).ok_or_else(|| wrong("it has no document"))?;
    let told = o.element(tags::ENCAPSULATED_DOCUMENT_LENGTH).ok().and_then(|e| e.to_int::<u32>().ok());
    if let Some(length) = told {
        if bytes.len().abs_diff(length as usize) > 1 || bytes.len() < length as usize {
            return Err(wrong(&format!("its document has {} bytes where {length} are told", bytes.len())));
        }
        bytes.truncate(length as usize);
    }
    Ok(ReadModel {
        name: word(&o, tags::DOCUMENT_TITLE).unwrap_or_default(),
        kind,
        bytes,
        frame_of_reference_uid: word(&o, tags::FRAME_OF_REFERENCE_UID),
        source_instances: items(&o, tags::SOURCE_INSTANCE_SEQUENCE)
            .filter_map(|i| word(i, tags::REFERENCED_SOP_INSTANCE_UID))
            .collect(),
        modified: word(&o, tags::MODEL_MODIFICATION).map(|m| m == "YES"),
    })
}
