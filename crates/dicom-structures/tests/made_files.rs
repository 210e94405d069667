//! Files made for the test, with truth that can be counted by hand. All of them are synthetic.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking and say what they skip"
)]

use std::path::PathBuf;

use dicom_core::header::Tag;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use fabrica_dicom_structures::{
    Problem, ScanIdentity, StructureError, StructureOptions, StructureSet, read_rtstruct, read_seg,
};
use fabrica_geometry::{Grid, LpsPoint};
use fabrica_progress::Progress;
use proptest::prelude::*;

type Object = InMemDicomObject;

fn text(object: &mut Object, tag: Tag, vr: VR, value: &str) {
    object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

fn short(object: &mut Object, tag: Tag, value: u16) {
    object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
}

fn sequence(object: &mut Object, tag: Tag, items: Vec<Object>) {
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}

fn item(fill: impl FnOnce(&mut Object)) -> Object {
    let mut object = Object::new_empty();
    fill(&mut object);
    object
}

fn save(object: Object, class: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("synthetic.dcm");
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax("1.2.840.10008.1.2.1")
        .media_storage_sop_class_uid(class)
        .media_storage_sop_instance_uid("1.2.3.4");
    object.with_meta(meta).unwrap().write_to_file(&path).unwrap();
    (folder, path)
}

const SEG: &str = "1.2.840.10008.5.1.4.1.1.66.4";
const RTSTRUCT: &str = "1.2.840.10008.5.1.4.1.1.481.3";
const FRAME: &str = "1.2.840.99.1";

fn identity() -> ScanIdentity {
    ScanIdentity { frame_of_reference_uid: Some(FRAME.into()), ..ScanIdentity::default() }
}

/// 5×4×3 voxels of 1×2×3 mm; the first at (10, 20, 30).
fn scan() -> Grid {
    Grid::axis_aligned([5, 4, 3], LpsPoint::new(10.0, 20.0, 30.0), [1.0, 2.0, 3.0]).unwrap()
}

/// A frame: segment, Image Position (Patient), and its pixels.
type Frame<'a> = (u16, &'a str, [u8; 20]);

fn seg(kind: &str, bits: u16, orientation: &str, frames: &[Frame]) -> (tempfile::TempDir, PathBuf) {
    let mut o = Object::new_empty();
    text(&mut o, tags::SOP_CLASS_UID, VR::UI, SEG);
    text(&mut o, tags::FRAME_OF_REFERENCE_UID, VR::UI, FRAME);
    text(&mut o, tags::SEGMENTATION_TYPE, VR::CS, kind);
    text(&mut o, tags::NUMBER_OF_FRAMES, VR::IS, &frames.len().to_string());
    short(&mut o, tags::MAXIMUM_FRACTIONAL_VALUE, 100);
    short(&mut o, tags::ROWS, 4);
    short(&mut o, tags::COLUMNS, 5);
    short(&mut o, tags::BITS_ALLOCATED, bits);
    let segments = [1, 2].map(|n| {
        item(|s| {
            short(s, tags::SEGMENT_NUMBER, n);
            text(s, tags::SEGMENT_LABEL, VR::LO, "Lesion");
        })
    });
    sequence(&mut o, tags::SEGMENT_SEQUENCE, segments.to_vec());
    let shared = item(|s| {
        let measures = item(|m| text(m, tags::PIXEL_SPACING, VR::DS, "2\\1"));
        sequence(s, tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
        let axes = item(|p| text(p, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, orientation));
        sequence(s, tags::PLANE_ORIENTATION_SEQUENCE, vec![axes]);
    });
    sequence(&mut o, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]);
    let groups = frames.iter().map(|(segment, position, _)| {
        item(|g| {
            let place = item(|p| text(p, tags::IMAGE_POSITION_PATIENT, VR::DS, position));
            sequence(g, tags::PLANE_POSITION_SEQUENCE, vec![place]);
            let of = item(|s| short(s, tags::REFERENCED_SEGMENT_NUMBER, *segment));
            sequence(g, tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![of]);
        })
    });
    sequence(&mut o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups.collect());
    let pixels: Vec<u8> = frames.iter().flat_map(|(_, _, pixels)| *pixels).collect();
    let bytes: Vec<u8> = if bits == 1 {
        pixels.chunks(8).map(|c| c.iter().enumerate().fold(0, |byte, (n, &p)| byte | (p & 1) << n)).collect()
    } else {
        pixels
    };
    o.put(DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(bytes.into())));
    save(o, SEG)
}

const AXIAL: &str = "1\\0\\0\\0\\1\\0";

/// Pixels of 5 columns and 4 rows; those given as (column, row) have the value.
fn pixels(value: u8, at: &[(usize, usize)]) -> [u8; 20] {
    let mut all = [0; 20];
    at.iter().for_each(|(column, row)| all[column + 5 * row] = value);
    all
}

fn read(path: &std::path::Path, scan: &Grid, options: &StructureOptions) -> Result<StructureSet, StructureError> {
    read_seg(path, scan, &identity(), options, &Progress::new())
}

fn strict() -> StructureOptions {
    StructureOptions { resample: false, ..StructureOptions::default() }
}

#[test]
fn binary_frames_go_where_their_positions_say() {
    // Out of order, overlapping, and no frame begins on a byte.
    let frames = [
        (2, "10\\20\\36", pixels(1, &[(0, 0), (4, 3)])),
        (1, "10\\20\\30", pixels(1, &[(1, 2)])),
        (1, "10\\20\\36", pixels(1, &[(4, 3), (3, 3)])),
    ];
    let (_folder, path) = seg("BINARY", 1, AXIAL, &frames);
    let set = read(&path, &scan(), &strict()).unwrap();
    assert_eq!(set.skipped, []);
    let [first, second] = set.structures.as_slice() else { panic!("two structures") };
    assert_eq!((first.name.as_str(), second.name.as_str()), ("Lesion", "Lesion (2)"));
    assert!([[1, 2, 0], [4, 3, 2], [3, 3, 2]].into_iter().all(|v| first.mask.get(v)) && first.mask.count() == 3);
    assert!([[0, 0, 2], [4, 3, 2]].into_iter().all(|v| second.mask.get(v)) && second.mask.count() == 2);
}

#[test]
fn frames_turned_against_the_scan_are_still_exact() {
    // Columns run to the right, from the scan's last voxel, and rows to anterior.
    let frames = [(1, "14\\26\\33", pixels(1, &[(0, 0), (1, 3)]))];
    let (_folder, path) = seg("BINARY", 1, "-1\\0\\0\\0\\-1\\0", &frames);
    let set = read(&path, &scan(), &strict()).unwrap();
    let mask = &set.structures[0].mask;
    assert!(mask.get([4, 3, 1]) && mask.get([3, 0, 1]) && mask.count() == 2);
    assert!(set.skipped[0].reason.contains("no frame"), "the second segment has none: {:?}", set.skipped);
}

#[test]
fn fractions_below_the_threshold_do_not_belong() {
    let mut values = pixels(49, &[(0, 0)]);
    values[1] = 50;
    values[2] = 100;
    let (_folder, path) = seg("FRACTIONAL", 8, AXIAL, &[(1, "10\\20\\30", values)]);
    let count = |threshold| {
        let options = StructureOptions { fractional_threshold: threshold, ..strict() };
        read(&path, &scan(), &options).unwrap().structures[0].mask.count()
    };
    assert_eq!([0.0, 0.49, 0.5, 0.51, 1.0].map(count), [3, 3, 2, 1, 1]);
}

#[test]
fn a_label_map_gives_each_segment_its_pixels() {
    let mut values = pixels(1, &[(0, 0), (1, 1)]);
    values[19] = 2;
    let (_folder, path) = seg("LABELMAP", 8, AXIAL, &[(1, "10\\20\\33", values)]);
    let set = read(&path, &scan(), &strict()).unwrap();
    assert_eq!(set.structures[0].mask.count(), 2);
    assert!(set.structures[1].mask.get([4, 3, 1]) && set.structures[1].mask.count() == 1);
}

#[test]
fn pixels_outside_the_scan_are_told() {
    let frames = [(1, "11\\20\\30", pixels(1, &[(4, 0), (3, 0)]))];
    let (_folder, path) = seg("BINARY", 1, AXIAL, &frames);
    let set = read(&path, &scan(), &strict()).unwrap();
    assert_eq!(set.structures[0].mask.count(), 1);
    assert!(set.skipped[0].reason.starts_with("1 pixel(s)"), "{:?}", set.skipped);
}

#[test]
fn another_grid_is_resampled_or_refused() {
    let frames = [(1, "10\\20\\30", pixels(1, &[(1, 1), (2, 1)])), (1, "10\\20\\33", pixels(1, &[(1, 1)]))];
    let (_folder, path) = seg("BINARY", 1, AXIAL, &frames);
    // Voxels half as long each way, around the same centres: eight to a pixel.
    let fine = Grid::axis_aligned([10, 8, 6], LpsPoint::new(9.75, 19.5, 29.25), [0.5, 1.0, 1.5]).unwrap();
    let set = read(&path, &fine, &StructureOptions::default()).unwrap();
    let structure = &set.structures[0];
    assert_eq!(structure.mask.count(), 24);
    assert_eq!(structure.mask.bounding_box(), Some(([2, 2, 0], [5, 3, 3])));
    assert!(structure.origin.contains("nearest neighbour"));
    assert!(matches!(read(&path, &fine, &strict()).unwrap_err().problem, Problem::OtherGrid(_)));
}

#[test]
fn another_frame_of_reference_is_refused_unless_the_user_knows_better() {
    let (_folder, path) = seg("BINARY", 1, AXIAL, &[(1, "10\\20\\30", pixels(1, &[(0, 0)]))]);
    let other = ScanIdentity { frame_of_reference_uid: Some("1.2.840.99.2".into()), ..ScanIdentity::default() };
    let error = read_seg(&path, &scan(), &other, &strict(), &Progress::new()).unwrap_err();
    assert!(matches!(error.problem, Problem::FrameOfReference { .. }));
    let options = StructureOptions { ignore_frame_of_reference: true, ..strict() };
    let set = read_seg(&path, &scan(), &other, &options, &Progress::new()).unwrap();
    assert!(set.structures[0].origin.contains("1.2.840.99.2"));
}

#[test]
fn missing_pixels_and_senseless_geometry_are_named() {
    let frames = [(1, "10\\20\\nan", pixels(1, &[(0, 0)]))];
    let (_folder, path) = seg("BINARY", 1, AXIAL, &frames);
    assert!(read(&path, &scan(), &strict()).unwrap_err().to_string().contains("ImagePositionPatient of frame 1"));
    let (_folder, path) = seg("BINARY", 1, "1\\0\\0\\1\\0\\0", &[(1, "0\\0\\0", pixels(1, &[]))]);
    assert!(read(&path, &scan(), &strict()).unwrap_err().to_string().contains("ImageOrientationPatient"));
    let (_folder, path) = seg("FRACTIONAL", 1, AXIAL, &[(1, "0\\0\\0", pixels(1, &[]))]);
    assert!(matches!(read(&path, &scan(), &strict()).unwrap_err().problem, Problem::Unsupported(_)));
}

/// Type and points of each contour of one structure.
fn rtstruct(contours: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let mut o = Object::new_empty();
    text(&mut o, tags::SOP_CLASS_UID, VR::UI, RTSTRUCT);
    let roi = item(|r| {
        text(r, tags::ROI_NUMBER, VR::IS, "7");
        text(r, tags::ROI_NAME, VR::LO, "GTV");
        text(r, tags::REFERENCED_FRAME_OF_REFERENCE_UID, VR::UI, FRAME);
    });
    sequence(&mut o, tags::STRUCTURE_SET_ROI_SEQUENCE, vec![roi]);
    let drawn = contours.iter().map(|(kind, points)| {
        item(|c| {
            text(c, tags::CONTOUR_GEOMETRIC_TYPE, VR::CS, kind);
            text(c, tags::NUMBER_OF_CONTOUR_POINTS, VR::IS, &(points.split('\\').count() / 3).to_string());
            text(c, tags::CONTOUR_DATA, VR::DS, points);
        })
    });
    let contour = item(|r| {
        text(r, tags::REFERENCED_ROI_NUMBER, VR::IS, "7");
        text(r, tags::ROI_DISPLAY_COLOR, VR::IS, "1\\2\\3");
        sequence(r, tags::CONTOUR_SEQUENCE, drawn.collect());
    });
    sequence(&mut o, tags::ROI_CONTOUR_SEQUENCE, vec![contour]);
    save(o, RTSTRUCT)
}

/// A square from `low` to `high` in x and y at z.
fn square(low: f64, high: f64, z: f64) -> String {
    format!("{low}\\{low}\\{z}\\{high}\\{low}\\{z}\\{high}\\{high}\\{z}\\{low}\\{high}\\{z}")
}

fn fill(scan: &Grid, contours: &[(&str, &str)]) -> StructureSet {
    let (_folder, path) = rtstruct(contours);
    read_rtstruct(&path, scan, &identity(), &StructureOptions::default(), &Progress::new()).unwrap()
}

fn cube() -> Grid {
    Grid::axis_aligned([20, 20, 20], LpsPoint::default(), [1.0; 3]).unwrap()
}

const CLOSED: &str = "CLOSED_PLANAR";

#[test]
fn a_square_with_a_hole_has_the_voxels_whose_centres_it_holds() {
    let set = fill(&cube(), &[(CLOSED, &square(2.5, 12.5, 4.0)), (CLOSED, &square(5.5, 8.5, 4.0))]);
    assert_eq!(set.skipped, []);
    let structure = &set.structures[0];
    assert_eq!((structure.name.as_str(), structure.colour), ("GTV", fabrica_volume::Rgb(1, 2, 3)));
    assert_eq!(structure.mask.count(), 100 - 9);
    assert_eq!(structure.mask.bounding_box(), Some(([3, 3, 4], [12, 12, 4])));
    assert!(!structure.mask.get([7, 7, 4]));
}

#[test]
fn a_keyhole_is_a_hole() {
    let keyhole = "2.5\\2.5\\4\\12.5\\2.5\\4\\12.5\\12.5\\4\\2.5\\12.5\\4\\2.5\\2.5\\4\\\
                   5.5\\5.5\\4\\5.5\\8.5\\4\\8.5\\8.5\\4\\8.5\\5.5\\4\\5.5\\5.5\\4";
    let set = fill(&cube(), &[(CLOSED, keyhole)]);
    assert_eq!(set.structures[0].mask.count(), 100 - 9);
}

#[test]
fn contours_on_every_second_slice_stand_for_two_slices_each() {
    let squares: Vec<String> = [4.0, 6.0, 8.0].iter().map(|&z| square(2.5, 12.5, z)).collect();
    let set = fill(&cube(), &squares.iter().map(|s| (CLOSED, s.as_str())).collect::<Vec<_>>());
    assert_eq!(set.structures[0].mask.count(), 600);
    // Between the slices, too, each stands for one of its thickness.
    let squares: Vec<String> = [4.4, 5.4, 6.4].iter().map(|&z| square(2.5, 12.5, z)).collect();
    let set = fill(&cube(), &squares.iter().map(|s| (CLOSED, s.as_str())).collect::<Vec<_>>());
    assert_eq!(set.structures[0].mask.bounding_box(), Some(([3, 3, 4], [12, 12, 6])));
}

#[test]
fn a_gap_between_two_parts_stays_open_and_is_told() {
    let squares: Vec<String> = [2.0, 3.0, 4.0, 9.0, 10.0, 11.0].iter().map(|&z| square(2.5, 12.5, z)).collect();
    let set = fill(&cube(), &squares.iter().map(|s| (CLOSED, s.as_str())).collect::<Vec<_>>());
    assert_eq!(set.structures[0].mask.count(), 600);
    assert!(set.skipped[0].reason.contains("5.00 mm"), "{:?}", set.skipped);
}

#[test]
fn islands_far_apart_do_not_grow_together() {
    let scan = Grid::axis_aligned([20, 20, 50], LpsPoint::default(), [1.0, 1.0, 2.0]).unwrap();
    for (positions, slices) in [(vec![0.0, 80.0], 2), (vec![0.0, 2.0, 80.0], 3)] {
        let squares: Vec<String> = positions.iter().map(|&z| square(2.5, 12.5, z)).collect();
        let set = fill(&scan, &squares.iter().map(|s| (CLOSED, s.as_str())).collect::<Vec<_>>());
        assert_eq!(set.structures[0].mask.count(), 100 * slices, "{positions:?}");
        assert_eq!(set.skipped.len(), 1, "{:?}", set.skipped);
        assert!(set.skipped[0].reason.contains("no contours over"), "{:?}", set.skipped);
    }
    // A SEG does the same when it is resampled: its frames lie 3 mm apart, and far from both there is nothing.
    let frames = ["30", "33", "90"].map(|z| (1, format!("10\\20\\{z}")));
    let frames: Vec<Frame> = frames.iter().map(|(n, at)| (*n, at.as_str(), pixels(1, &[(1, 1)]))).collect();
    let (_folder, path) = seg("BINARY", 1, AXIAL, &frames);
    let fine = Grid::axis_aligned([10, 8, 50], LpsPoint::new(9.75, 19.5, 29.25), [0.5, 1.0, 1.5]).unwrap();
    let set = read(&path, &fine, &StructureOptions::default()).unwrap();
    assert_eq!(set.structures[0].mask.count(), 3 * 8);
}

#[test]
fn contours_across_the_slices_are_filled_too() {
    // Sagittal contours at x = 4 and 5 on a scan of axial slices.
    let sagittal = |x: f64| format!("{x}\\2.5\\3.5\\{x}\\9.5\\3.5\\{x}\\9.5\\6.5\\{x}\\2.5\\6.5");
    let set = fill(&cube(), &[(CLOSED, &sagittal(4.0)), (CLOSED, &sagittal(5.0))]);
    assert_eq!(set.structures[0].mask.count(), 2 * 7 * 3);
    assert_eq!(set.structures[0].mask.bounding_box(), Some(([4, 3, 4], [5, 9, 6])));
}

#[test]
fn what_cannot_be_filled_is_listed() {
    let set = fill(
        &cube(),
        &[
            (CLOSED, &square(2.5, 12.5, 4.0)),
            ("POINT", "1\\2\\3"),
            ("OPEN_PLANAR", "1\\2\\3\\4\\5\\6"),
            (CLOSED, "1\\2\\3\\4\\inf\\6\\7\\8\\9"),
            (CLOSED, "1\\1\\1\\2\\2\\2\\3\\3\\3"),
            (CLOSED, "0\\0\\0\\9\\0\\0\\9\\9\\5\\0\\9\\0"),
            (CLOSED, "1\\2\\3\\4\\5"),
        ],
    );
    assert_eq!(set.structures[0].mask.count(), 100);
    let told: String = set.skipped.iter().map(|s| s.reason.clone() + "\n").collect();
    for reason in ["type POINT", "type OPEN_PLANAR", "not finite", "no area", "off the contour's plane", "in threes"] {
        assert!(told.contains(reason), "{reason}: {told}");
    }
    let away = fill(&cube(), &[(CLOSED, &square(502.5, 512.5, 4.0))]);
    assert!(away.structures[0].mask.is_empty() && away.skipped[0].reason.contains("outside the scan"));
}

#[test]
fn sequences_nested_without_end_do_not_overflow_the_stack() {
    let (_folder, path) = rtstruct(&[(CLOSED, &square(2.5, 12.5, 4.0))]);
    let mut bytes = std::fs::read(&path).unwrap();
    for _ in 0..200_000 {
        // A private sequence of undefined length, and an item in it.
        bytes.extend_from_slice(&[0x0b, 0x30, 0x10, 0x00, b'S', b'Q', 0, 0, 0xff, 0xff, 0xff, 0xff]);
        bytes.extend_from_slice(&[0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff]);
    }
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), &bytes).unwrap();
    let read = read_rtstruct(&path, &cube(), &identity(), &StructureOptions::default(), &Progress::new());
    assert!(read.is_err());
}

#[test]
fn delimiters_that_nothing_belongs_to_are_an_error() {
    let item_end = [0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0];
    let item = [0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0];
    // A private sequence of undefined length in which an item ends that was not begun: the parser panics at the next.
    let sequence = [0x0b, 0x30, 0x10, 0x00, b'S', b'Q', 0, 0, 0xff, 0xff, 0xff, 0xff];
    let (_folder, path) = rtstruct(&[(CLOSED, &square(2.5, 12.5, 4.0))]);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend_from_slice(&sequence);
    bytes.extend_from_slice(&[item_end, item, item_end].concat());
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), &bytes).unwrap();
    let read = read_rtstruct(&path, &cube(), &identity(), &StructureOptions::default(), &Progress::new());
    let told = read.unwrap_err().to_string();
    assert!(told.contains("ends or begins where none is open"), "{told}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    /// Bytes changed or cut anywhere give structures or an error, never a panic.
    #[test]
    fn changed_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        cutting: bool,
    ) {
        let frames = [(1, "10\\20\\36", pixels(1, &[(0, 0)])), (2, "10\\20\\30", pixels(1, &[(1, 2)]))];
        let contours = [(CLOSED, "2\\2\\4\\9\\2\\4\\9\\9\\4\\2\\9\\4")];
        for (_folder, path) in [seg("BINARY", 1, AXIAL, &frames), rtstruct(&contours)] {
            let mut bytes = std::fs::read(&path).unwrap();
            for (at, value) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            if cutting {
                bytes.truncate(cut.index(bytes.len()));
            }
            std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), &bytes).unwrap();
            let options = StructureOptions::default();
            let _ = read_seg(&path, &scan(), &identity(), &options, &Progress::new());
            let _ = read_rtstruct(&path, &scan(), &identity(), &options, &Progress::new());
        }
    }
}
