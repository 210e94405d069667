//! Writes small DICOM files for the tests, with dicom-object: a second implementation of the format.
#![allow(dead_code, reason = "not every test file uses all of it")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test stops where it fails, and says what it skips")]

use std::path::{Path, PathBuf};

use dicom_core::value::{DataSetSequence, PrimitiveValue, Value};
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::mem::InMemElement;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use fabrica_dicom::{DicomError, LoadOptions, Scan, load, scan};
use fabrica_progress::Progress;
use fabrica_volume::{GeometryIssue, Volume};
use glam::DVec3;

pub const EXPLICIT: &str = uids::EXPLICIT_VR_LITTLE_ENDIAN;
pub const IMPLICIT: &str = uids::IMPLICIT_VR_LITTLE_ENDIAN;
pub const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
pub const DEFLATED: &str = uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;

/// One slice to be written: a plain axial CT slice unless changed.
#[derive(Clone)]
pub struct Slice {
    pub series: String,
    pub sop: String,
    pub position: Option<DVec3>,
    pub orientation: Option<[f64; 6]>,
    /// (between rows, between columns)
    pub spacing: Option<[f64; 2]>,
    pub size: [u16; 2],
    /// Stored values as the bits of 16-bit words, columns first.
    pub words: Vec<u16>,
    pub signed: bool,
    pub bits_stored: u16,
    pub rescale: Option<(f64, f64)>,
    pub sop_class: &'static str,
    pub modality: &'static str,
    pub image_type: &'static str,
    pub photometric: &'static str,
    pub frame_of_reference: Option<String>,
    /// Anything else, or other values for what is above.
    pub extra: Vec<InMemElement>,
}

pub const AXIAL: [f64; 6] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];

impl Slice {
    /// Slice `number` of `columns × rows` pixels at `position`; stored value = 1000 + 100 number + 10 row + column.
    pub fn new(number: usize, position: DVec3) -> Self {
        let size = [5, 4];
        let words = (0..20).map(|i| (1000 + 100 * number + 10 * (i / 5) + i % 5) as u16).collect();
        Self {
            series: "1.2.3".into(),
            sop: format!("1.2.3.{}", number + 1),
            position: Some(position),
            orientation: Some(AXIAL),
            spacing: Some([0.7, 0.5]),
            size,
            words,
            signed: false,
            bits_stored: 12,
            rescale: Some((1.0, -1024.0)),
            sop_class: uids::CT_IMAGE_STORAGE,
            modality: "CT",
            image_type: "ORIGINAL\\PRIMARY\\AXIAL",
            photometric: "MONOCHROME2",
            frame_of_reference: Some("1.2.3.0".into()),
            extra: vec![text(tags::INSTANCE_NUMBER, VR::IS, &(number + 1).to_string())],
        }
    }

    pub fn with(mut self, element: InMemElement) -> Self {
        self.extra.retain(|e| e.header().tag != element.header().tag);
        self.extra.push(element);
        self
    }

    /// The data set of this slice.
    pub fn object(&self) -> InMemDicomObject {
        let mut o = InMemDicomObject::new_empty();
        let numbers = |v: &[f64]| v.iter().map(|n| format!("{n}")).collect::<Vec<_>>().join("\\");
        o.put(text(tags::SOP_CLASS_UID, VR::UI, self.sop_class));
        o.put(text(tags::SOP_INSTANCE_UID, VR::UI, &self.sop));
        o.put(text(tags::STUDY_INSTANCE_UID, VR::UI, "1.2"));
        o.put(text(tags::SERIES_INSTANCE_UID, VR::UI, &self.series));
        o.put(text(tags::MODALITY, VR::CS, self.modality));
        o.put(text(tags::PATIENT_NAME, VR::PN, "Test^Patient"));
        o.put(text(tags::PATIENT_ID, VR::LO, "ID-7"));
        o.put(text(tags::STUDY_DATE, VR::DA, "20260102"));
        o.put(text(tags::IMAGE_TYPE, VR::CS, self.image_type));
        if let Some(uid) = &self.frame_of_reference {
            o.put(text(tags::FRAME_OF_REFERENCE_UID, VR::UI, uid));
        }
        if let Some(position) = self.position {
            o.put(text(tags::IMAGE_POSITION_PATIENT, VR::DS, &numbers(&position.to_array())));
        }
        if let Some(orientation) = self.orientation {
            o.put(text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, &numbers(&orientation)));
        }
        if let Some(spacing) = self.spacing {
            o.put(text(tags::PIXEL_SPACING, VR::DS, &numbers(&spacing)));
        }
        if let Some((slope, intercept)) = self.rescale {
            o.put(text(tags::RESCALE_SLOPE, VR::DS, &slope.to_string()));
            o.put(text(tags::RESCALE_INTERCEPT, VR::DS, &intercept.to_string()));
        }
        o.put(text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, self.photometric));
        for (tag, value) in [
            (tags::SAMPLES_PER_PIXEL, 1),
            (tags::COLUMNS, self.size[0]),
            (tags::ROWS, self.size[1]),
            (tags::BITS_ALLOCATED, 16),
            (tags::BITS_STORED, self.bits_stored),
            (tags::HIGH_BIT, self.bits_stored - 1),
            (tags::PIXEL_REPRESENTATION, u16::from(self.signed)),
        ] {
            o.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
        }
        o.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(self.words.as_slice().into())));
        for element in &self.extra {
            o.put(element.clone());
        }
        o
    }

    pub fn write(&self, path: &Path) {
        self.write_as(path, EXPLICIT);
    }

    pub fn write_as(&self, path: &Path, transfer_syntax: &str) {
        write_object(self.object(), path, transfer_syntax);
    }
}

pub fn write_object(object: InMemDicomObject, path: &Path, transfer_syntax: &str) {
    let meta = FileMetaTableBuilder::new().transfer_syntax(transfer_syntax);
    object.with_meta(meta).unwrap().write_to_file(path).unwrap();
}

pub fn text(tag: Tag, vr: VR, value: &str) -> InMemElement {
    DataElement::new(tag, vr, PrimitiveValue::from(value))
}

pub fn double(tag: Tag, values: &[f64]) -> InMemElement {
    DataElement::new(tag, VR::FD, PrimitiveValue::F64(values.into()))
}

pub fn short(tag: Tag, value: u16) -> InMemElement {
    DataElement::new(tag, VR::US, PrimitiveValue::from(value))
}

pub fn long(tag: Tag, value: u32) -> InMemElement {
    DataElement::new(tag, VR::UL, PrimitiveValue::from(value))
}

pub fn sequence(tag: Tag, items: Vec<Vec<InMemElement>>) -> InMemElement {
    let items: Vec<InMemDicomObject> = items.into_iter().map(InMemDicomObject::from_element_iter).collect();
    DataElement::new(tag, VR::SQ, Value::from(DataSetSequence::from(items)))
}

/// A folder that holds these slices under names that say nothing about their order.
pub fn folder(slices: &[Slice]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path(), slices);
    folder
}

/// Writes slices under shuffled names.
pub fn write_all(folder: &Path, slices: &[Slice]) {
    for (n, slice) in slices.iter().enumerate() {
        slice.write(&folder.join(format!("{:03}", n * 37 % 101)));
    }
}

pub fn scan_folder(folder: &Path) -> Scan {
    scan(&[folder.to_owned()], &Progress::new()).unwrap()
}

/// Loads the only series of a folder that must hold exactly one with one phase, resampling as needed.
pub fn load_only(folder: &Path) -> Volume {
    let found = scan_folder(folder);
    assert_eq!(found.series.len(), 1, "series: {:#?}", found.series);
    assert_eq!(found.series[0].phases.len(), 1, "phases: {:#?}", found.series[0].phases);
    load_phase(&found, 0, 0)
}

pub fn load_phase(found: &Scan, series: usize, phase: usize) -> Volume {
    load(&found.series[series], phase, &LoadOptions::resample(), &Progress::new()).unwrap()
}

/// Loads the first phase of the first series with the default options, which refuse.
pub fn load_strictly(folder: &Path) -> Result<Volume, DicomError> {
    load(&scan_folder(folder).series[0], 0, &LoadOptions::default(), &Progress::new())
}

pub fn issues(volume: &Volume) -> Vec<GeometryIssue> {
    volume.warnings.iter().map(|w| w.issue.clone()).collect()
}

/// The folder of test data, or nothing with a loud note.
pub fn data(what: &str) -> Option<PathBuf> {
    let path = Path::new("../../../shared/data").join(what);
    if path.exists() {
        Some(path)
    } else {
        eprintln!("SKIPPED: this test needs ../shared/data/{what}");
        None
    }
}
