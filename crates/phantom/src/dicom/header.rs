//! The attributes that single-frame and enhanced files share.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use dicom_core::value::{C, DataSetSequence};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use super::uid::uid;
use super::{DicomOptions, Storage, Syntax};
use crate::{PATIENT_NAME, PhantomError, SlicePlane, Slices};

/// Fixed, so that files are the same at any time.
const DATE: &str = "20260101";
const TIME: &str = "120000";
/// What the files say about themselves.
pub const COMMENT: &str = "SYNTHETIC: simulated, not measured on a patient. Not for diagnosis.";

/// Refuses what cannot be written before anything is.
pub fn check(slices: &Slices, options: &DicomOptions) -> Result<(), PhantomError> {
    let not_ct = |reason: String| Err(PhantomError::NotCt(reason));
    if slices.planes.len() != slices.values.len() {
        return not_ct(format!("{} planes but {} slices of values", slices.planes.len(), slices.values.len()));
    }
    if super::kept(slices, options).is_empty() {
        return not_ct("no slice is left to write".into());
    }
    for (number, (plane, values)) in slices.planes.iter().zip(&slices.values).enumerate() {
        let [columns, rows] = plane.size;
        if columns == 0 || rows == 0 || columns > usize::from(u16::MAX) || rows > usize::from(u16::MAX) {
            return not_ct(format!("slice {number} has {columns} × {rows} pixels; DICOM allows 1 to 65535 each way"));
        }
        if values.len() != columns * rows {
            return not_ct(format!("slice {number} has {columns} × {rows} pixels but {} values", values.len()));
        }
        if options.enhanced && plane.size != slices.planes[0].size {
            return not_ct(format!("slice {number} differs in size; the frames of an enhanced file are all alike"));
        }
        if options.storage == Storage::Unsigned12
            && let Some(value) = values.iter().find(|v| !(-1024..=3071).contains(*v))
        {
            return not_ct(format!("slice {number} holds {value} HU; 12 bits hold -1024 to 3071"));
        }
    }
    if let Some(phase) = options.phase
        && phase.index >= phase.count
    {
        return not_ct(format!("time point {} of {}: it counts from 0", phase.index, phase.count));
    }
    Ok(())
}

/// A data set with patient, study, series, frame of reference, equipment and pixel format.
pub fn common(slices: &Slices, options: &DicomOptions, sop_class: &str, sop_instance: &str) -> InMemDicomObject {
    let seed = options.seed.to_le_bytes();
    let mut o = InMemDicomObject::new_empty();
    text(&mut o, tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    text(&mut o, tags::SOP_CLASS_UID, VR::UI, sop_class);
    text(&mut o, tags::SOP_INSTANCE_UID, VR::UI, sop_instance);
    text(&mut o, tags::MODALITY, VR::CS, "CT");
    text(&mut o, tags::MANUFACTURER, VR::LO, "SYNTHETIC (Fabrica phantom)");
    text(&mut o, tags::MANUFACTURER_MODEL_NAME, VR::LO, "fabrica-phantom (simulated)");
    text(&mut o, tags::DEVICE_SERIAL_NUMBER, VR::LO, "SYNTHETIC");
    text(&mut o, tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION"));
    text(&mut o, tags::PATIENT_NAME, VR::PN, PATIENT_NAME);
    text(&mut o, tags::PATIENT_ID, VR::LO, &format!("SYNTHETIC-{}", options.seed));
    text(&mut o, tags::PATIENT_BIRTH_DATE, VR::DA, "");
    text(&mut o, tags::PATIENT_SEX, VR::CS, "O");
    text(&mut o, tags::PATIENT_COMMENTS, VR::LT, COMMENT);
    text(&mut o, tags::QUALITY_CONTROL_SUBJECT, VR::CS, "YES");
    text(&mut o, tags::STUDY_INSTANCE_UID, VR::UI, &uid("study", &[&seed]));
    for (date, time) in [
        (tags::STUDY_DATE, tags::STUDY_TIME),
        (tags::SERIES_DATE, tags::SERIES_TIME),
        (tags::ACQUISITION_DATE, tags::ACQUISITION_TIME),
        (tags::CONTENT_DATE, tags::CONTENT_TIME),
    ] {
        text(&mut o, date, VR::DA, DATE);
        text(&mut o, time, VR::TM, TIME);
    }
    text(&mut o, tags::STUDY_ID, VR::SH, "1");
    text(&mut o, tags::STUDY_DESCRIPTION, VR::LO, "SYNTHETIC phantom study");
    text(&mut o, tags::ACCESSION_NUMBER, VR::SH, "");
    text(&mut o, tags::REFERRING_PHYSICIAN_NAME, VR::PN, "");
    text(&mut o, tags::SERIES_INSTANCE_UID, VR::UI, &series_uid(options));
    text(&mut o, tags::SERIES_NUMBER, VR::IS, &options.series_number.to_string());
    text(&mut o, tags::SERIES_DESCRIPTION, VR::LO, &description(slices, options));
    text(&mut o, tags::PATIENT_POSITION, VR::CS, "HFS");
    text(&mut o, tags::FRAME_OF_REFERENCE_UID, VR::UI, &uid("frame of reference", &[&seed]));
    text(&mut o, tags::POSITION_REFERENCE_INDICATOR, VR::LO, "");
    let acquisition = options.phase.map_or(1, |p| p.index + 1);
    text(&mut o, tags::ACQUISITION_NUMBER, VR::IS, &acquisition.to_string());
    text(&mut o, tags::IMAGE_COMMENTS, VR::LT, COMMENT);
    text(&mut o, tags::BURNED_IN_ANNOTATION, VR::CS, "NO");

    let [columns, rows] = slices.planes.first().map_or([0, 0], |p| p.size);
    let (stored, signed) = match options.storage {
        Storage::Signed => (16, 1),
        Storage::Unsigned12 => (12, 0),
    };
    short(&mut o, tags::SAMPLES_PER_PIXEL, 1);
    text(&mut o, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    // Checked to fit by `check`.
    short(&mut o, tags::ROWS, rows as u16);
    short(&mut o, tags::COLUMNS, columns as u16);
    short(&mut o, tags::BITS_ALLOCATED, 16);
    short(&mut o, tags::BITS_STORED, stored);
    short(&mut o, tags::HIGH_BIT, stored - 1);
    short(&mut o, tags::PIXEL_REPRESENTATION, signed);
    o
}

/// Series Description, at most 64 characters, with SYNTHETIC in it.
fn description(slices: &Slices, options: &DicomOptions) -> String {
    let given = if options.description.is_empty() { &slices.provenance.description } else { &options.description };
    let full = if given.contains("SYNTHETIC") { given.clone() } else { format!("SYNTHETIC {given}") };
    full.chars().filter(|c| !c.is_control() && *c != '\\').take(64).collect()
}

pub fn series_uid(options: &DicomOptions) -> String {
    uid("series", &[&options.seed.to_le_bytes(), &options.series_number.to_le_bytes()])
}

/// The UID of an image: of its place in the series, its geometry and its values.
pub fn instance_uid(options: &DicomOptions, slices: &[(&SlicePlane, &[i16])]) -> String {
    let mut key = Vec::new();
    for (plane, values) in slices {
        for v in [plane.origin.0, plane.along_i.0, plane.along_j.0] {
            v.to_array().iter().for_each(|c| key.extend(c.to_le_bytes()));
        }
        plane.spacing.iter().for_each(|c| key.extend(c.to_le_bytes()));
        values.iter().for_each(|v| key.extend(v.to_le_bytes()));
    }
    let phase = options.phase.map_or(0, |p| p.index + 1);
    uid("instance", &[series_uid(options).as_bytes(), &phase.to_le_bytes(), &key])
}

/// The intercept that takes stored values to Hounsfield units; the slope is 1.
pub fn intercept(options: &DicomOptions) -> i16 {
    match options.storage {
        Storage::Signed => 0,
        Storage::Unsigned12 => -1024,
    }
}

/// Hounsfield units as stored words.
pub fn stored(values: &[i16], options: &DicomOptions) -> impl Iterator<Item = u16> {
    let intercept = intercept(options);
    values.iter().map(move |v| v.wrapping_sub(intercept) as u16)
}

/// Pixel Spacing names the distance between rows first.
pub fn spacing(plane: &SlicePlane) -> [f64; 2] {
    [plane.spacing[1], plane.spacing[0]]
}

/// Image Orientation (Patient).
pub fn orientation(plane: &SlicePlane) -> [f64; 6] {
    let (i, j) = (plane.along_i.0, plane.along_j.0);
    [i.x, i.y, i.z, j.x, j.y, j.z]
}

/// The angle between the slices' normal and the way from the first to the last, degrees; its sign is that of the
/// columns' rise towards the head.
pub fn tilt(slices: &Slices) -> f64 {
    let (Some(first), Some(last)) = (slices.planes.first(), slices.planes.last()) else { return 0.0 };
    let Some(way) = (last.origin.0 - first.origin.0).try_normalize() else { return 0.0 };
    let angle = way.dot(first.normal().0).abs().clamp(0.0, 1.0).acos().to_degrees();
    // An arc cosine near 1 tells no angle under a millionth of a radian.
    if angle < 1e-3 { 0.0 } else { angle * first.along_j.0.z.signum() }
}

pub fn text(o: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    let value = if value.is_empty() { PrimitiveValue::Empty } else { PrimitiveValue::from(value) };
    o.put(DataElement::new(tag, vr, value));
}

pub fn short(o: &mut InMemDicomObject, tag: Tag, value: u16) {
    o.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
}

pub fn decimals(o: &mut InMemDicomObject, tag: Tag, values: &[f64]) {
    let texts: C<String> = values.iter().map(|v| decimal(*v)).collect();
    o.put(DataElement::new(tag, VR::DS, PrimitiveValue::Strs(texts)));
}

pub fn sequence(o: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    o.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}

/// A decimal string: the most digits that 16 characters hold.
pub fn decimal(value: f64) -> String {
    let value = if value == 0.0 { 0.0 } else { value };
    let shortest = format!("{value}");
    if shortest.len() <= 16 {
        return shortest;
    }
    (0..=14)
        .rev()
        .map(|digits| format!("{value:.digits$}"))
        .find(|s| s.len() <= 16)
        .map(|s| if s.trim_matches(['-', '0', '.']).is_empty() { "0".into() } else { s })
        .unwrap_or_else(|| format!("{value:.8e}"))
}

/// Writes a new file; never over another.
pub fn save(
    object: InMemDicomObject,
    path: PathBuf,
    options: &DicomOptions,
    written: &mut Vec<PathBuf>,
) -> Result<(), PhantomError> {
    let syntax = match options.syntax {
        Syntax::ImplicitLittle => uids::IMPLICIT_VR_LITTLE_ENDIAN,
        Syntax::ExplicitLittle => uids::EXPLICIT_VR_LITTLE_ENDIAN,
        Syntax::ExplicitBig => "1.2.840.10008.1.2.2",
    };
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(syntax)
        .implementation_class_uid(uid("implementation", &[]))
        .implementation_version_name("FABRICA_PHANTOM");
    let encode = |path: &Path, reason: String| PhantomError::Encode { path: path.into(), reason };
    let file_object = object.with_meta(meta).map_err(|e| encode(&path, e.to_string()))?;
    let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => PhantomError::Exists { path: path.clone() },
        _ => PhantomError::Io { path: path.clone(), source },
    })?;
    written.push(path);
    let path = &written[written.len() - 1];
    file_object.write_all(&file).map_err(|e| {
        let cause = std::error::Error::source(&e).map_or(String::new(), |s| format!(": {s}"));
        encode(path, format!("{e}{cause}"))
    })?;
    file.sync_all().map_err(|source| PhantomError::Io { path: path.clone(), source })
}
