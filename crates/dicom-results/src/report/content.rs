//! Content items (PS3.3 C.17.3).

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use fabrica_geometry::LpsPoint;

use super::{concept, template};
use crate::code::Coded;
use crate::object::{code, decimal, object, sequence, text};

/// How an item belongs to the one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is the root.
    None,
    Contains,
    Modifier,
    Context,
    Acquisition,
    Properties,
    Inferred,
}

impl Relation {
    fn word(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Contains => "CONTAINS",
            Self::Modifier => "HAS CONCEPT MOD",
            Self::Context => "HAS OBS CONTEXT",
            Self::Acquisition => "HAS ACQ CONTEXT",
            Self::Properties => "HAS PROPERTIES",
            Self::Inferred => "INFERRED FROM",
        }
    }
}

fn item(
    relation: Relation,
    kind: &str,
    name: Option<&Coded>,
    fill: impl FnOnce(&mut InMemDicomObject),
) -> InMemDicomObject {
    object(|i| {
        text(i, tags::RELATIONSHIP_TYPE, VR::CS, relation.word());
        text(i, tags::VALUE_TYPE, VR::CS, kind);
        if let Some(name) = name {
            concept(i, name);
        }
        fill(i);
    })
}

pub fn container(
    relation: Relation,
    name: &Coded,
    from_template: Option<&str>,
    items: Vec<InMemDicomObject>,
) -> InMemDicomObject {
    item(relation, "CONTAINER", Some(name), |i| {
        text(i, tags::CONTINUITY_OF_CONTENT, VR::CS, "SEPARATE");
        if let Some(id) = from_template {
            sequence(i, tags::CONTENT_TEMPLATE_SEQUENCE, vec![template(id)]);
        }
        sequence(i, tags::CONTENT_SEQUENCE, items);
    })
}

pub fn code_item(relation: Relation, name: &Coded, value: &Coded) -> InMemDicomObject {
    item(relation, "CODE", Some(name), |i| code(i, tags::CONCEPT_CODE_SEQUENCE, value))
}

pub fn text_item(relation: Relation, name: &Coded, value: &str) -> InMemDicomObject {
    let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    item(relation, "TEXT", Some(name), |i| text(i, tags::TEXT_VALUE, VR::UT, &value))
}

pub fn uid_item(relation: Relation, name: &Coded, value: &str) -> InMemDicomObject {
    item(relation, "UIDREF", Some(name), |i| text(i, tags::UID, VR::UI, value))
}

pub fn person(relation: Relation, name: &Coded, value: &str) -> InMemDicomObject {
    item(relation, "PNAME", Some(name), |i| text(i, tags::PERSON_NAME, VR::PN, &crate::object::person(value)))
}

pub fn image(reference: InMemDicomObject) -> InMemDicomObject {
    item(Relation::Contains, "IMAGE", None, |i| sequence(i, tags::REFERENCED_SOP_SEQUENCE, vec![reference]))
}

pub fn number(
    relation: Relation,
    name: &Coded,
    value: f64,
    unit: &Coded,
    under: Vec<InMemDicomObject>,
) -> InMemDicomObject {
    item(relation, "NUM", Some(name), |i| {
        let measured = object(|m| {
            m.put(DataElement::new(tags::FLOATING_POINT_VALUE, VR::FD, PrimitiveValue::from(value)));
            text(m, tags::NUMERIC_VALUE, VR::DS, &decimal(value));
            code(m, tags::MEASUREMENT_UNITS_CODE_SEQUENCE, unit);
        });
        sequence(i, tags::MEASURED_VALUE_SEQUENCE, vec![measured]);
        if !under.is_empty() {
            sequence(i, tags::CONTENT_SEQUENCE, under);
        }
    })
}

pub fn place(relation: Relation, name: &Coded, shape: &str, points: &[LpsPoint], frame: &str) -> InMemDicomObject {
    item(relation, "SCOORD3D", Some(name), |i| {
        text(i, tags::GRAPHIC_TYPE, VR::CS, shape);
        let data = points.iter().flat_map(|p| p.0.as_vec3().to_array()).collect();
        i.put(DataElement::new(tags::GRAPHIC_DATA, VR::FL, PrimitiveValue::F32(data)));
        text(i, tags::REFERENCED_FRAME_OF_REFERENCE_UID, VR::UI, frame);
    })
}
