//! Key images: a key object selection document (PS3.3 A.35.4, TID 2010), and back.

use std::io::Read;

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileDicomObject, InMemDicomObject};
use fabrica_plan::{Author, UtcTime};

use crate::code::Coded;
use crate::object::{clean, file, object, sequence, text, uid};
use crate::presentation::instances;
use crate::report::content::{self, Relation, code_item, container, text_item, uid_item};
use crate::report::{items, word};
use crate::source::{NewObject, Source, reference};
use crate::{DicomFile, ResultError};

/// What is marked as key: objects that were written, by [`Key::of`], and slices of the scan.
#[derive(Clone, Debug)]
pub struct Key {
    sop_class: String,
    sop_instance: String,
    series: String,
}

impl Key {
    /// An object that was written.
    ///
    /// # Errors
    /// When it lacks its class, instance or series.
    pub fn of(file: &DicomFile) -> Result<Self, ResultError> {
        let uid = |tag| word(file, tag).ok_or_else(|| ResultError::Encoding("an object has no UIDs".into()));
        Ok(Self {
            sop_class: uid(tags::SOP_CLASS_UID)?,
            sop_instance: uid(tags::SOP_INSTANCE_UID)?,
            series: uid(tags::SERIES_INSTANCE_UID)?,
        })
    }
}

/// The pictures, and those slices of the scan that a presentation state draws on, marked as of interest, each slice to be
/// shown as that state says.
///
/// # Errors
/// When there is neither.
pub fn key_objects(
    source: &Source<'_>,
    pictures: &[Key],
    presented: Option<(&Key, &[usize])>,
    description: &str,
    by: &Author,
    at: UtcTime,
) -> Result<DicomFile, ResultError> {
    let slices: Vec<InMemDicomObject> =
        presented.into_iter().flat_map(|(_, slices)| slices).filter_map(|&k| source.image_of_slice(k)).collect();
    if pictures.is_empty() && slices.is_empty() {
        return Err(ResultError::Nothing("key image"));
    }
    let key = format!("{pictures:?} {presented:?} {description} {at}");
    let sop_instance = uid("key objects", &[source.sha256.as_bytes(), key.as_bytes()]);
    let new = NewObject {
        sop_class: uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
        sop_instance: &sop_instance,
        modality: "KO",
        series_number: "9007",
        description: "Key images",
        series: None,
        number: 1,
        at,
    };
    let mut o = InMemDicomObject::new_empty();
    source.header(&mut o, &new);
    sequence(&mut o, tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new());
    // All that is named, by series (C.17.6.2).
    let mut series: Vec<(String, Vec<InMemDicomObject>)> = Vec::new();
    let mut name = |of: &str, object: InMemDicomObject| match series.iter_mut().find(|(uid, _)| uid == of) {
        Some((_, objects)) => objects.push(object),
        None => series.push((of.to_owned(), vec![object])),
    };
    for slice in &slices {
        name(source.provenance.series_uid.as_deref().unwrap_or_default(), slice.clone());
    }
    for key in pictures.iter().chain(presented.map(|(state, _)| state)) {
        name(&key.series, reference(&key.sop_class, &key.sop_instance));
    }
    let evidence = object(|i| {
        text(i, tags::STUDY_INSTANCE_UID, VR::UI, &source.study());
        let all = series.into_iter().map(|(uid, objects)| {
            object(|s| {
                text(s, tags::SERIES_INSTANCE_UID, VR::UI, &uid);
                sequence(s, tags::REFERENCED_SOP_SEQUENCE, objects);
            })
        });
        sequence(i, tags::REFERENCED_SERIES_SEQUENCE, all.collect());
    });
    sequence(&mut o, tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, vec![evidence]);
    let english = Coded::new("en", "RFC5646", "English");
    let mut content = vec![
        code_item(Relation::Modifier, &Coded::dcm("121049", "Language of Content Item and Descendants"), &english),
        code_item(Relation::Context, &Coded::dcm("121005", "Observer Type"), &Coded::dcm("121006", "Person")),
        content::person(Relation::Context, &Coded::dcm("121008", "Person Observer Name"), by.name()),
        code_item(Relation::Context, &Coded::dcm("121005", "Observer Type"), &Coded::dcm("121007", "Device")),
        uid_item(Relation::Context, &Coded::dcm("121012", "Device Observer UID"), &uid("device", &[b"Fabrica"])),
        text_item(Relation::Contains, &Coded::dcm("113012", "Key Object Description"), &clean(description, 1024)),
    ];
    content.extend(pictures.iter().map(|p| content::image(reference(&p.sop_class, &p.sop_instance))));
    for mut slice in slices {
        if let Some((state, _)) = presented {
            let shown = reference(&state.sop_class, &state.sop_instance);
            sequence(&mut slice, tags::REFERENCED_SOP_SEQUENCE, vec![shown]);
        }
        content.push(content::image(slice));
    }
    let mut root = container(Relation::None, &Coded::dcm("113000", "Of Interest"), Some("2010"), content);
    // The root has no relationship.
    root.remove_element(tags::RELATIONSHIP_TYPE);
    for element in root {
        o.put(element);
    }
    file(o, uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE, &sop_instance)
}

/// What a key object selection marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyObjects {
    /// Its title, in words.
    pub title: String,
    /// Its description.
    pub description: String,
    /// The images: SOP class and instance, and the presentation state that each is to be shown with.
    pub images: Vec<(String, String, Option<String>)>,
    /// All that it names as evidence: series and instance.
    pub evidence: Vec<(String, String)>,
}

/// Reads a key object selection that this program, or another, wrote.
///
/// # Errors
/// When the file is not DICOM or no such document.
pub fn read_key_objects(file: impl Read) -> Result<KeyObjects, ResultError> {
    let o = FileDicomObject::from_reader(file).map_err(|e| ResultError::Unreadable(e.to_string()))?;
    let class = word(&o, tags::SOP_CLASS_UID).unwrap_or_default();
    if class != uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE {
        return Err(ResultError::NoKeys(format!("its class is {class}")));
    }
    let title = items(&o, tags::CONCEPT_NAME_CODE_SEQUENCE).next().and_then(|c| word(c, tags::CODE_MEANING));
    let mut read = KeyObjects {
        title: title.unwrap_or_default(),
        description: String::new(),
        images: Vec::new(),
        evidence: Vec::new(),
    };
    for item in items(&o, tags::CONTENT_SEQUENCE) {
        match word(item, tags::VALUE_TYPE).as_deref() {
            Some("TEXT") => read.description = word(item, tags::TEXT_VALUE).unwrap_or_default(),
            Some("IMAGE") => {
                for image in items(item, tags::REFERENCED_SOP_SEQUENCE) {
                    let uid = |tag| word(image, tag).unwrap_or_default();
                    let state = instances(image, tags::REFERENCED_SOP_SEQUENCE).next();
                    let of = (uid(tags::REFERENCED_SOP_CLASS_UID), uid(tags::REFERENCED_SOP_INSTANCE_UID));
                    read.images.push((of.0, of.1, state));
                }
            }
            _ => {}
        }
    }
    for study in items(&o, tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE) {
        for series in items(study, tags::REFERENCED_SERIES_SEQUENCE) {
            let uid = word(series, tags::SERIES_INSTANCE_UID).unwrap_or_default();
            read.evidence.extend(instances(series, tags::REFERENCED_SOP_SEQUENCE).map(|i| (uid.clone(), i)));
        }
    }
    Ok(read)
}
