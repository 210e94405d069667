//! Reading a report of measurements.

use std::io::Read;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::{FileDicomObject, InMemDicomObject};
use fabrica_geometry::LpsPoint;

use crate::ResultError;

/// A measurement of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedMeasurement {
    /// Its tracking identifier.
    pub name: String,
    /// Its tracking UID.
    pub uid: String,
    /// The points of its region, in patient coordinates.
    pub points: Vec<LpsPoint>,
    /// The frame of reference of its points.
    pub frame_of_reference_uid: Option<String>,
    /// Its values.
    pub values: Vec<ReportedValue>,
}

/// A value of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedValue {
    /// The code of what it is.
    pub concept: String,
    /// In words.
    pub meaning: String,
    /// The derivation in words: minimum, mean.
    pub derivation: Option<String>,
    /// How much.
    pub value: f64,
    /// In UCUM.
    pub unit: String,
    /// How far the truth may lie above and below.
    pub range: Option<[f64; 2]>,
}

/// Reads a report of measurements (TID 1500) that this program, or another, wrote.
///
/// # Errors
/// When the file is not DICOM or no such report.
pub fn read_measurement_report(file: impl Read) -> Result<Vec<ReportedMeasurement>, ResultError> {
    let file = FileDicomObject::from_reader(file).map_err(|e| ResultError::Unreadable(e.to_string()))?;
    let root = concept(&file).unwrap_or_default();
    if root != "126000" {
        return Err(ResultError::NoReport(format!("its root is `{root}`, not 126000")));
    }
    let mut found = Vec::new();
    for section in items(&file, tags::CONTENT_SEQUENCE) {
        if concept(section).as_deref() == Some("126010") {
            for group in items(section, tags::CONTENT_SEQUENCE) {
                if concept(group).as_deref() == Some("125007") {
                    found.push(measurement(group)?);
                }
            }
        }
    }
    Ok(found)
}

fn measurement(group: &InMemDicomObject) -> Result<ReportedMeasurement, ResultError> {
    let mut m = ReportedMeasurement {
        name: String::new(),
        uid: String::new(),
        points: Vec::new(),
        frame_of_reference_uid: None,
        values: Vec::new(),
    };
    for item in items(group, tags::CONTENT_SEQUENCE) {
        let name = concept(item).unwrap_or_default();
        match word(item, tags::VALUE_TYPE).unwrap_or_default().as_str() {
            "TEXT" if name == "112039" => m.name = word(item, tags::TEXT_VALUE).unwrap_or_default(),
            "UIDREF" if name == "112040" => m.uid = word(item, tags::UID).unwrap_or_default(),
            "SCOORD3D" => add_points(&mut m, item)?,
            "NUM" => {
                for under in items(item, tags::CONTENT_SEQUENCE) {
                    if word(under, tags::VALUE_TYPE).as_deref() == Some("SCOORD3D") {
                        add_points(&mut m, under)?;
                    }
                }
                m.values.push(value(item)?);
            }
            _ => {}
        }
    }
    Ok(m)
}

fn add_points(m: &mut ReportedMeasurement, item: &InMemDicomObject) -> Result<(), ResultError> {
    let wrong = || ResultError::NoReport("a region's coordinates are not triples of numbers".into());
    let numbers = item
        .element(tags::GRAPHIC_DATA)
        .ok()
        .and_then(|e| e.value().to_multi_float64().ok())
        .filter(|n| n.len() % 3 == 0 && n.iter().all(|v| v.is_finite()))
        .ok_or_else(wrong)?;
    m.points.extend(numbers.chunks_exact(3).map(|c| LpsPoint::new(c[0], c[1], c[2])));
    m.frame_of_reference_uid = word(item, tags::REFERENCED_FRAME_OF_REFERENCE_UID);
    Ok(())
}

fn value(item: &InMemDicomObject) -> Result<ReportedValue, ResultError> {
    let (value, unit) = measured(item)?;
    let mut range = [None, None];
    let mut derivation = None;
    for under in items(item, tags::CONTENT_SEQUENCE) {
        match concept(under).as_deref() {
            Some("371886008") => range[0] = Some(measured(under)?.0),
            Some("371885007") => range[1] = Some(measured(under)?.0),
            Some("121401") => {
                let code = items(under, tags::CONCEPT_CODE_SEQUENCE).next();
                derivation = code.and_then(|c| word(c, tags::CODE_MEANING));
            }
            _ => {}
        }
    }
    let name = items(item, tags::CONCEPT_NAME_CODE_SEQUENCE).next();
    Ok(ReportedValue {
        concept: concept(item).unwrap_or_default(),
        meaning: name.and_then(|n| word(n, tags::CODE_MEANING)).unwrap_or_default(),
        derivation,
        value,
        unit,
        range: range[0].zip(range[1]).map(|(a, b)| [a, b]),
    })
}

/// The number of a NUM item, exact where it is given so, and its unit.
fn measured(item: &InMemDicomObject) -> Result<(f64, String), ResultError> {
    let wrong = || ResultError::NoReport("a value has no number".into());
    let measured = items(item, tags::MEASURED_VALUE_SEQUENCE).next().ok_or_else(wrong)?;
    let number = |tag: Tag| measured.element(tag).ok().and_then(|e| e.to_float64().ok());
    let value = number(tags::FLOATING_POINT_VALUE).or_else(|| number(tags::NUMERIC_VALUE)).ok_or_else(wrong)?;
    let unit = items(measured, tags::MEASUREMENT_UNITS_CODE_SEQUENCE).next();
    Ok((value, unit.and_then(|u| word(u, tags::CODE_VALUE)).unwrap_or_default()))
}

/// The code of an item's name.
fn concept(item: &InMemDicomObject) -> Option<String> {
    items(item, tags::CONCEPT_NAME_CODE_SEQUENCE).next().and_then(|code| word(code, tags::CODE_VALUE))
}

pub(crate) fn items(o: &InMemDicomObject, tag: Tag) -> impl Iterator<Item = &InMemDicomObject> {
    o.element(tag).ok().and_then(|e| e.items()).into_iter().flatten()
}

pub(crate) fn word(o: &InMemDicomObject, tag: Tag) -> Option<String> {
    let text = o.element(tag).ok()?.to_str().ok()?;
    Some(text.trim_end_matches(['\0', ' ']).to_owned())
}
