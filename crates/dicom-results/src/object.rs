//! Small words for building data sets.

use dicom_core::value::{C, DataSetSequence};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use sha2::{Digest, Sha256};

use crate::code::Coded;
use crate::{DicomFile, ResultError};

/// A data set filled by `fill`.
pub fn object(fill: impl FnOnce(&mut InMemDicomObject)) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    fill(&mut object);
    object
}

pub fn text(o: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    o.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

pub fn sequence(o: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    o.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}

pub fn short(o: &mut InMemDicomObject, tag: Tag, value: u16) {
    o.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
}

pub fn longs(o: &mut InMemDicomObject, tag: Tag, values: &[u32]) {
    o.put(DataElement::new(tag, VR::UL, PrimitiveValue::U32(values.iter().copied().collect())));
}

/// Decimal strings of at most 16 characters.
pub fn decimals(o: &mut InMemDicomObject, tag: Tag, values: &[f64]) {
    let values: C<String> = values.iter().map(|v| decimal(*v)).collect();
    o.put(DataElement::new(tag, VR::DS, PrimitiveValue::Strs(values)));
}

pub fn pointer(o: &mut InMemDicomObject, tag: Tag, to: Tag) {
    o.put(DataElement::new(tag, VR::AT, PrimitiveValue::Tags([to].into_iter().collect())));
}

pub fn code(o: &mut InMemDicomObject, tag: Tag, coded: &Coded) {
    sequence(o, tag, vec![coded.item()]);
}

/// A number in at most 16 characters, as exact as they allow (PS3.5 6.2, DS).
pub fn decimal(value: f64) -> String {
    let plain = value.to_string();
    if plain.len() <= 16 {
        return plain;
    }
    // Fixed digits where the number is neither tiny nor huge, as many as there is room for.
    let fixed = (1e-4..1e15).contains(&value.abs());
    let shorter =
        (0..=14).rev().map(|places| if fixed { format!("{value:.places$}") } else { format!("{value:.places$e}") });
    shorter.into_iter().find(|text| text.len() <= 16).unwrap_or_else(|| format!("{value:e}"))
}

/// At most this many characters, no control characters or backslashes.
pub fn clean(value: &str, most: usize) -> String {
    value.chars().map(|c| if c.is_control() || c == '\\' { ' ' } else { c }).take(most).collect()
}

/// A person's name: its parts are not known, so all of it stands as the family name.
pub fn person(name: &str) -> String {
    clean(name, 64).replace(['^', '='], " ")
}

/// A UID of some content: 2.25 and a UUID in decimal (PS3.5 B.2), from its SHA-256.
pub fn uid(purpose: &str, parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    hash.update(purpose.as_bytes());
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let number = digest.iter().take(16).fold(0u128, |n, b| n << 8 | u128::from(*b));
    // A version 8 UUID of the usual variant (RFC 9562).
    let number = number & !(0xF << 76) & !(0x3 << 62) | 8 << 76 | 2 << 62;
    format!("2.25.{number}")
}

/// With the file meta information of an object of this class.
pub fn file(o: InMemDicomObject, sop_class: &str, sop_instance: &str) -> Result<DicomFile, ResultError> {
    file_as(o, sop_class, sop_instance, dicom_dictionary_std::uids::EXPLICIT_VR_LITTLE_ENDIAN)
}

/// In some transfer syntax.
pub fn file_as(
    o: InMemDicomObject,
    sop_class: &str,
    sop_instance: &str,
    transfer_syntax: &str,
) -> Result<DicomFile, ResultError> {
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(sop_class)
        .media_storage_sop_instance_uid(sop_instance)
        .transfer_syntax(transfer_syntax);
    o.with_meta(meta).map_err(|e| ResultError::Encoding(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_fit_and_keep_what_fits() {
        for value in [0.0, 1.0, -2.5, 1.0 / 3.0, -123_456.789_012_345, 1e-9 / 3.0, -1.0 / 3e8, 1e20, 1.25e300] {
            let text = decimal(value);
            assert!(text.len() <= 16, "{text}");
            let back: f64 = text.parse().unwrap();
            assert!((back - value).abs() <= 1e-8 * value.abs(), "{value} {text}");
        }
    }

    #[test]
    fn uids_are_valid_and_differ() {
        let (a, b) = (uid("x", &[b"1", b"2"]), uid("x", &[b"12"]));
        assert_ne!(a, b);
        assert!(a.len() <= 64 && a.bytes().all(|c| c.is_ascii_digit() || c == b'.'));
    }
}
