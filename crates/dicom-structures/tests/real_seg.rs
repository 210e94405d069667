//! DICOM segmentations of real scans.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking and say what they skip"
)]

mod common;

use common::{data, scan};
use fabrica_dicom_structures::{ScanIdentity, StructureOptions, read_seg};
use fabrica_geometry::{Grid, LpsPoint};
use fabrica_progress::Progress;

#[test]
fn liver_lies_on_its_ct_voxel_by_voxel() {
    let Some(folder) = data("ct_dicom/dicom_seg_dcmqi") else { return };
    let (grid, identity) = scan(&folder.join("ct-3slice"));
    let options = StructureOptions { resample: false, ..StructureOptions::default() };
    let set = read_seg(&folder.join("liver_seg.dcm"), &grid, &identity, &options, &Progress::new()).unwrap();
    assert_eq!(set.skipped, []);
    let [liver] = set.structures.as_slice() else { panic!("one structure") };
    assert_eq!(liver.colour, fabrica_volume::Rgb(221, 130, 101));
    assert_eq!(liver.name, "Liver");
    assert_eq!(liver.mask.count(), 107_098);
    assert_eq!(liver.code.as_ref().unwrap().value, "T-62000");
}

#[test]
fn breast_fractions_of_at_least_half_lie_on_its_mr() {
    let Some(folder) = data("fourd/dce_mr_breast_UCSF-BR-06") else { return };
    let (grid, identity) = scan(&folder.join("dce_3phases"));
    let options = StructureOptions { resample: false, ..StructureOptions::default() };
    let file = folder.join("seg_fractional/1-1.dcm");
    let set = read_seg(&file, &grid, &identity, &options, &Progress::new()).unwrap();
    assert_eq!(set.skipped, []);
    assert_eq!(set.structures[0].name, "Breast");
    // Counted with pydicom and numpy: pixels of at least 128 of 255.
    assert_eq!(set.structures[0].mask.count(), 82_527);
}

#[test]
fn highdicom_segments_are_exact_where_their_frames_lie() {
    let Some(folder) = data("ct_dicom/dicom_seg_highdicom") else { return };
    // Its CT is absent; these are the places of the frames.
    let identity = ScanIdentity {
        frame_of_reference_uid: Some("1.3.6.1.4.1.5962.1.1.0.0.0.1196530851.28319.0.4".into()),
        ..ScanIdentity::default()
    };
    let origin = LpsPoint::new(-125.0, -128.100006, 103.019997);
    let grid = Grid::axis_aligned([16, 16, 3], origin, [0.488281, 0.488281, 1.25]).unwrap();
    let options = StructureOptions { resample: false, ..StructureOptions::default() };
    let counts = |file: &str| -> Vec<(String, usize, usize)> {
        let set = read_seg(&folder.join(file), &grid, &identity, &options, &Progress::new()).unwrap();
        set.structures.iter().map(|s| (s.name.clone(), s.mask.count(), set.skipped.len())).collect()
    };
    assert_eq!(counts("seg_image_ct_binary.dcm"), [("first segment".to_owned(), 638, 0)]);
    assert_eq!(counts("seg_image_ct_true_fractional.dcm"), [("first segment".to_owned(), 638, 0)]);
    // One of the four slices with an overlap lies far below these three, and is told.
    let overlap = counts("seg_image_ct_binary_overlap.dcm");
    assert_eq!(overlap, [("first segment".to_owned(), 48, 2), ("second segment".to_owned(), 12, 2)]);
}
