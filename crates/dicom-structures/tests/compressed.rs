//! Compressed and deflated segmentations, made for the test from uncompressed ones. All of them are synthetic.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::Write;
use std::path::{Path, PathBuf};

use dicom_core::value::{DataSetSequence, PixelFragmentSequence, Value};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use fabrica_dicom_structures::{Problem, ScanIdentity, StructureOptions, StructureSet, read_seg};
use fabrica_geometry::{Grid, LpsPoint};
use fabrica_progress::Progress;

const FRAME: &str = "1.2.840.99.1";

fn item(elements: Vec<DataElement<InMemDicomObject>>) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(elements)
}

fn text(tag: Tag, vr: VR, value: &str) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, vr, PrimitiveValue::from(value))
}

fn short(tag: Tag, value: u16) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, VR::US, PrimitiveValue::from(value))
}

fn sequence(tag: Tag, items: Vec<InMemDicomObject>) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, VR::SQ, DataSetSequence::from(items))
}

/// Two frames of 5×3 pixels, of segment 1: the first has pixels 0 and 7, the second pixel 14.
const FRAMES: [[u8; 15]; 2] =
    [[1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]];

fn packed(frame: &[u8]) -> Vec<u8> {
    frame.chunks(8).map(|c| c.iter().enumerate().fold(0, |byte, (n, p)| byte | p << n)).collect()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    let mut bytes = encoder.finish().unwrap();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

/// RLE with one literal run a byte plane, the most significant first (PS3.5 annex G).
fn rle(planes: &[Vec<u8>]) -> Vec<u8> {
    let mut header = vec![planes.len() as u32];
    let mut data = Vec::new();
    for plane in planes {
        header.push(64 + data.len() as u32);
        data.push(plane.len() as u8 - 1);
        data.extend(plane);
        data.resize(data.len().next_multiple_of(2), 0);
    }
    header.resize(16, 0);
    header.iter().flat_map(|n| n.to_le_bytes()).chain(data).collect()
}

fn write(kind: &str, bits: u16, syntax: &str, pixels: DataElement<InMemDicomObject>) -> (tempfile::TempDir, PathBuf) {
    let place = |z: &str| {
        item(vec![
            sequence(
                tags::PLANE_POSITION_SEQUENCE,
                vec![item(vec![text(tags::IMAGE_POSITION_PATIENT, VR::DS, &format!("10\\20\\{z}"))])],
            ),
            sequence(
                tags::SEGMENT_IDENTIFICATION_SEQUENCE,
                vec![item(vec![short(tags::REFERENCED_SEGMENT_NUMBER, 1)])],
            ),
        ])
    };
    let shared = item(vec![
        sequence(tags::PIXEL_MEASURES_SEQUENCE, vec![item(vec![text(tags::PIXEL_SPACING, VR::DS, "2\\1")])]),
        sequence(
            tags::PLANE_ORIENTATION_SEQUENCE,
            vec![item(vec![text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0")])],
        ),
    ]);
    let object = item(vec![
        text(tags::SOP_CLASS_UID, VR::UI, uids::SEGMENTATION_STORAGE),
        text(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4"),
        text(tags::FRAME_OF_REFERENCE_UID, VR::UI, FRAME),
        text(tags::SEGMENTATION_TYPE, VR::CS, kind),
        text(tags::NUMBER_OF_FRAMES, VR::IS, "2"),
        short(tags::MAXIMUM_FRACTIONAL_VALUE, 1),
        short(tags::ROWS, 3),
        short(tags::COLUMNS, 5),
        short(tags::BITS_ALLOCATED, bits),
        sequence(
            tags::SEGMENT_SEQUENCE,
            vec![item(vec![short(tags::SEGMENT_NUMBER, 1), text(tags::SEGMENT_LABEL, VR::LO, "Lesion")])],
        ),
        sequence(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]),
        sequence(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, vec![place("30"), place("33")]),
        pixels,
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("synthetic.dcm");
    let meta = FileMetaTableBuilder::new().transfer_syntax(syntax);
    object.with_meta(meta).unwrap().write_to_file(&path).unwrap();
    (folder, path)
}

fn fragments(frames: Vec<Vec<u8>>) -> DataElement<InMemDicomObject> {
    DataElement::new(tags::PIXEL_DATA, VR::OB, Value::PixelSequence(PixelFragmentSequence::new_fragments(frames)))
}

fn read(path: &Path) -> Result<StructureSet, Problem> {
    let scan = Grid::axis_aligned([5, 3, 2], LpsPoint::new(10.0, 20.0, 30.0), [1.0, 2.0, 3.0]).unwrap();
    let identity = ScanIdentity { frame_of_reference_uid: Some(FRAME.into()), ..ScanIdentity::default() };
    let options = StructureOptions { resample: false, ..StructureOptions::default() };
    read_seg(path, &scan, &identity, &options, &Progress::new()).map_err(|e| e.problem)
}

fn check(path: &Path, what: &str) {
    let set = read(path).unwrap_or_else(|e| panic!("{what}: {e}"));
    let mask = &set.structures[0].mask;
    assert_eq!(mask.count(), 3, "{what}");
    assert!(mask.get([0, 0, 0]) && mask.get([2, 1, 0]) && mask.get([4, 2, 1]), "{what}");
}

#[test]
fn every_way_of_compression_gives_the_same() {
    let bytes = FRAMES.map(|f| f.to_vec());
    let words = FRAMES.map(|f| f.iter().flat_map(|p| u16::from(*p).to_le_bytes()).collect::<Vec<u8>>());
    let deflate = uids::DEFLATED_IMAGE_FRAME_COMPRESSION;
    let encapsulated = uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN;
    let cases: Vec<(&str, u16, &str, Vec<Vec<u8>>)> = vec![
        ("BINARY", 1, deflate, FRAMES.iter().map(|f| deflated(&packed(f))).collect()),
        ("BINARY", 1, encapsulated, FRAMES.iter().map(|f| packed(f)).collect()),
        ("FRACTIONAL", 8, deflate, bytes.iter().map(|f| deflated(f)).collect()),
        ("FRACTIONAL", 8, uids::RLE_LOSSLESS, bytes.iter().map(|f| rle(std::slice::from_ref(f))).collect()),
        ("LABELMAP", 8, uids::RLE_LOSSLESS, bytes.iter().map(|f| rle(std::slice::from_ref(f))).collect()),
        ("LABELMAP", 16, uids::RLE_LOSSLESS, bytes.iter().map(|f| rle(&[vec![0; 15], f.clone()])).collect()),
        ("LABELMAP", 16, deflate, words.iter().map(|f| deflated(f)).collect()),
    ];
    for (kind, bits, syntax, frames) in cases {
        let (_folder, path) = write(kind, bits, syntax, fragments(frames));
        check(&path, &format!("{kind}, {bits} bits, {syntax}"));
    }
}

#[test]
fn a_deflated_data_set_is_read() {
    let all: Vec<u8> = FRAMES.concat();
    let pixels = DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::from(packed(&all)));
    let (_folder, path) = write("BINARY", 1, uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, pixels);
    let plain = std::fs::read(&path).unwrap();
    assert!(!plain.windows(6).any(|w| w == b"Lesion"), "the file is deflated");
    check(&path, "deflated");
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(plain.len() as u64 - 40).unwrap();
    assert!(read(&path).is_err());
}

#[test]
fn damaged_frames_are_named() {
    let short = vec![deflated(&[1]), deflated(&[1, 0])];
    let (_folder, path) = write("BINARY", 1, uids::DEFLATED_IMAGE_FRAME_COMPRESSION, fragments(short));
    let problem = read(&path).unwrap_err().to_string();
    assert!(problem.contains("cut short"), "{problem}");
    let (_folder, path) = write("FRACTIONAL", 8, uids::HTJ2K_LOSSLESS, fragments(vec![vec![1, 2], vec![3, 4]]));
    let problem = read(&path).unwrap_err();
    assert!(matches!(problem, Problem::Unsupported(_)), "{problem}");
}
