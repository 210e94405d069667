//! Measurements as a structured report after TID 1500 (PS3.16), and back.

pub(crate) mod content;
mod read;

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use fabrica_plan::{Author, MeasurementKind, NamedMeasurement, UtcTime};
use fabrica_volume::Provenance;

use crate::code::{Coded, of_quantity, of_unit};
use crate::object::{code, file, object, sequence, text, uid};
use crate::source::{NewObject, Source};
use crate::{DicomFile, ResultError};
use content::{Relation, code_item, container, number, place, text_item, uid_item};

pub use read::{ReportedMeasurement, ReportedValue, read_measurement_report};
pub(crate) use read::{items, word};

/// The measurements as a Comprehensive 3D SR (PS3.3 A.35.13) after TID 1500: for each a measurement group with its
/// name, its place as 3D coordinates in the frame of reference (TID 1410) where it is defined by points, and its values
/// (TID 300) with the half width of the 95 % interval as upper and lower range of uncertainty (TID 310).
///
/// Coordinates are single precision, as the standard has them: to 0.0001 mm.
///
/// # Errors
/// When there is no measurement, or the object cannot be encoded.
pub fn measurement_report(
    source: &Source<'_>,
    measurements: &[NamedMeasurement],
    by: &Author,
    at: UtcTime,
) -> Result<DicomFile, ResultError> {
    if measurements.is_empty() {
        return Err(ResultError::Nothing("measurement"));
    }
    let root = root(source, measurements, by);
    let key: Vec<String> =
        measurements.iter().map(|m| format!("{} {} {} {:?}", m.id, m.time, m.name, m.measurement)).collect();
    let sop_instance =
        uid("measurements", &[source.sha256.as_bytes(), key.join("\n").as_bytes(), at.to_string().as_bytes()]);
    let mut o = InMemDicomObject::new_empty();
    let new = NewObject {
        sop_class: uids::COMPREHENSIVE3_DSR_STORAGE,
        sop_instance: &sop_instance,
        modality: "SR",
        series_number: "9001",
        description: "Measurements",
        series: None,
        number: 1,
        at,
    };
    source.header(&mut o, &new);
    sequence(&mut o, tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new());
    text(&mut o, tags::COMPLETION_FLAG, VR::CS, "PARTIAL");
    text(&mut o, tags::COMPLETION_FLAG_DESCRIPTION, VR::LO, "made by Fabrica, which is no cleared medical device");
    text(&mut o, tags::VERIFICATION_FLAG, VR::CS, "UNVERIFIED");
    text(&mut o, tags::PRELIMINARY_FLAG, VR::CS, "PRELIMINARY");
    sequence(&mut o, tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, Vec::new());
    if let Some(evidence) = source.evidence() {
        sequence(&mut o, tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, vec![evidence]);
    }
    for element in root {
        o.put(element);
    }
    file(o, uids::COMPREHENSIVE3_DSR_STORAGE, &sop_instance)
}

/// The content tree.
fn root(source: &Source<'_>, measurements: &[NamedMeasurement], by: &Author) -> InMemDicomObject {
    let english = Coded::new("en", "RFC5646", "English");
    let modifier = Relation::Modifier;
    let mut items = vec![
        code_item(modifier, &Coded::dcm("121049", "Language of Content Item and Descendants"), &english),
        code_item(Relation::Context, &Coded::dcm("121005", "Observer Type"), &Coded::dcm("121006", "Person")),
        content::person(Relation::Context, &Coded::dcm("121008", "Person Observer Name"), by.name()),
        code_item(Relation::Context, &Coded::dcm("121005", "Observer Type"), &Coded::dcm("121007", "Device")),
        uid_item(Relation::Context, &Coded::dcm("121012", "Device Observer UID"), &uid("device", &[b"Fabrica"])),
        text_item(Relation::Context, &Coded::dcm("121013", "Device Observer Name"), "Fabrica"),
        code_item(modifier, &Coded::dcm("121058", "Procedure reported"), &procedure(source.provenance)),
    ];
    items.extend(library(source));
    let frame = source.frame_of_reference();
    let groups = measurements.iter().map(|m| group(m, &frame)).collect();
    items.push(container(Relation::Contains, &Coded::dcm("126010", "Imaging Measurements"), None, groups));
    let mut root = container(Relation::None, &Coded::dcm("126000", "Imaging Measurement Report"), Some("1500"), items);
    // The root has no relationship.
    root.remove_element(tags::RELATIONSHIP_TYPE);
    root
}

fn procedure(p: &Provenance) -> Coded {
    match p.modality.0.as_str() {
        "CT" => Coded::sct("77477000", "Computed Tomography"),
        "MR" => Coded::sct("113091000", "Magnetic Resonance Imaging"),
        "PT" => Coded::sct("82918005", "Positron Emission Tomography"),
        _ => Coded::sct("363679005", "Imaging"),
    }
}

/// The images that the measurements were made on (TID 1600).
fn library(source: &Source<'_>) -> Option<InMemDicomObject> {
    let images = source.images();
    if images.is_empty() {
        return None;
    }
    let modality = match source.provenance.modality.0.as_str() {
        "CT" => Coded::dcm("CT", "Computed Tomography"),
        "MR" => Coded::dcm("MR", "Magnetic Resonance"),
        _ => Coded::dcm("PT", "Positron emission tomography"),
    };
    let mut items = vec![code_item(Relation::Acquisition, &Coded::dcm("121139", "Modality"), &modality)];
    items.extend(images.into_iter().map(content::image));
    let group = container(Relation::Contains, &Coded::dcm("126200", "Image Library Group"), None, items);
    Some(container(Relation::Contains, &Coded::dcm("111028", "Image Library"), None, vec![group]))
}

/// One measurement (TID 1410 where it has a place, else TID 1501).
fn group(named: &NamedMeasurement, frame: &str) -> InMemDicomObject {
    let m = &named.measurement;
    let tracking = uid("measurement", &[named.id.to_string().as_bytes(), frame.as_bytes()]);
    let mut items = vec![
        text_item(Relation::Context, &Coded::dcm("112039", "Tracking Identifier"), &named.name),
        uid_item(Relation::Context, &Coded::dcm("112040", "Tracking Unique Identifier"), &tracking),
    ];
    let region = Coded::dcm("111030", "Image Region");
    let mut places = Vec::new();
    match &m.kind {
        MeasurementKind::LineAngle { lines } => {
            // Two regions, which a planar one cannot be: they go with the value.
            places = lines.iter().map(|l| place(Relation::Inferred, &region, "POLYLINE", l, frame)).collect();
        }
        MeasurementKind::Area { polygon } => {
            let mut closed = polygon.clone();
            closed.extend(polygon.first());
            let shape = if is_planar(polygon) { "POLYGON" } else { "POLYLINE" };
            items.push(place(Relation::Contains, &region, shape, &closed, frame));
        }
        kind => {
            let points = kind.points();
            let shape = if points.len() == 1 { "POINT" } else { "POLYLINE" };
            if !points.is_empty() {
                items.push(place(Relation::Contains, &region, shape, &points, frame));
            }
        }
    }
    let template = if items.len() > 2 { "1410" } else { "1501" };
    for q in &m.quantities {
        let (concept, derivation) = of_quantity(q.what, &q.unit);
        let mut under: Vec<InMemDicomObject> = Vec::new();
        if let Some(derivation) = derivation {
            under.push(code_item(Relation::Modifier, &Coded::dcm("121401", "Derivation"), &derivation));
        }
        let unit = of_unit(&q.unit);
        for (value, meaning) in [
            ("371886008", "+, range of upper measurement uncertainty"),
            ("371885007", "-, range of lower measurement uncertainty"),
        ] {
            under.push(number(Relation::Properties, &Coded::sct(value, meaning), q.half_width(), &unit, Vec::new()));
        }
        under.append(&mut places);
        items.push(number(Relation::Contains, &concept, q.value, &unit, under));
    }
    let about = m.kind.structures().join(", ");
    let about = if about.is_empty() { String::new() } else { format!(" of {about}") };
    let comment = format!("{}{about}: {}. Each range holds the truth 95 times in 100.", m.kind.name(), m.method);
    items.push(text_item(Relation::Contains, &Coded::dcm("121106", "Comment"), &comment));
    container(Relation::Contains, &Coded::dcm("125007", "Measurement Group"), Some(template), items)
}

/// Whether points lie within 0.01 mm of one plane.
fn is_planar(points: &[fabrica_geometry::LpsPoint]) -> bool {
    let Some(first) = points.first() else { return true };
    let normal: glam::DVec3 =
        points.windows(2).map(|p| (p[0] - *first).0.cross((p[1] - *first).0)).sum::<glam::DVec3>().normalize_or_zero();
    points.iter().all(|p| (*p - *first).0.dot(normal).abs() < 0.01)
}

/// For items of containers.
fn concept(o: &mut InMemDicomObject, name: &Coded) {
    code(o, tags::CONCEPT_NAME_CODE_SEQUENCE, name);
}

fn template(id: &str) -> InMemDicomObject {
    object(|i| {
        text(i, tags::MAPPING_RESOURCE, VR::CS, "DCMR");
        text(i, tags::TEMPLATE_IDENTIFIER, VR::CS, id);
    })
}
