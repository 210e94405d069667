//! Reading attributes with errors that name them.

use dicom_core::DataDictionary;
use dicom_core::header::Tag;
use dicom_dictionary_std::StandardDataDictionary;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use glam::DVec3;

use crate::Problem;

/// The attribute's name for messages.
fn name(tag: Tag) -> String {
    StandardDataDictionary.by_tag(tag).map_or_else(|| tag.to_string(), |entry| entry.alias.to_owned())
}

/// An attribute that is missing or senseless, of an object that `place` names ("frame 3").
pub(crate) fn wrong(tag: Tag, place: &str, what: impl Into<String>) -> Problem {
    let of = if place.is_empty() { String::new() } else { format!(" of {place}") };
    Problem::Attribute { attribute: name(tag) + &of, what: what.into() }
}

/// The element, unless it is absent.
pub(crate) fn element(object: &InMemDicomObject, tag: Tag) -> Option<&InMemElement> {
    object.element_opt(tag).ok().flatten()
}

/// The items of a sequence; none when it is absent.
pub(crate) fn items(object: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    element(object, tag).and_then(|e| e.items()).unwrap_or_default()
}

/// The first item of a sequence.
pub(crate) fn item(object: &InMemDicomObject, tag: Tag) -> Option<&InMemDicomObject> {
    items(object, tag).first()
}

/// Text without padding; nothing when absent or empty.
pub(crate) fn text(object: &InMemDicomObject, tag: Tag) -> Option<String> {
    let value = element(object, tag)?.to_str().ok()?;
    let value = value.trim_matches([' ', '\0']);
    (!value.is_empty()).then(|| value.to_owned())
}

/// A whole number.
pub(crate) fn int<T: TryFrom<i64>>(object: &InMemDicomObject, tag: Tag, place: &str) -> Result<T, Problem> {
    let found = element(object, tag).ok_or_else(|| wrong(tag, place, "is missing"))?;
    let value: i64 = found.to_int().map_err(|_| wrong(tag, place, "is no whole number"))?;
    T::try_from(value).map_err(|_| wrong(tag, place, format!("is {value}")))
}

/// Numbers, as many as there are, all finite.
pub(crate) fn floats(object: &InMemDicomObject, tag: Tag, place: &str) -> Result<Vec<f64>, Problem> {
    let found = element(object, tag).ok_or_else(|| wrong(tag, place, "is missing"))?;
    let values = found.to_multi_float64().map_err(|_| wrong(tag, place, "is not made of numbers"))?;
    if values.iter().all(|v| v.is_finite()) { Ok(values) } else { Err(wrong(tag, place, "is not finite")) }
}

/// So many finite numbers.
pub(crate) fn float_array<const N: usize>(
    object: &InMemDicomObject,
    tag: Tag,
    place: &str,
) -> Result<[f64; N], Problem> {
    let values = floats(object, tag, place)?;
    let held = values.len();
    values.try_into().map_err(|_| wrong(tag, place, format!("has {held} values instead of {N}")))
}

/// A point or direction.
pub(crate) fn vector(object: &InMemDicomObject, tag: Tag, place: &str) -> Result<DVec3, Problem> {
    float_array(object, tag, place).map(DVec3::from_array)
}
