//! DICOM segmentations of real scans.

mod common;

use common::{data, scan};
use fabrica_dicom_structures::{StructureOptions, read_seg};
use fabrica_progress::Progress;

#[test]
fn liver_lies_on_its_ct_voxel_by_voxel() {
    let Some(folder) = data("ct_dicom/dicom_seg_dcmqi") else { return };
    let (grid, identity) = scan(&folder.join("ct-3slice"));
    let options = StructureOptions { resample: false, ..StructureOptions::default() };
    let set = read_seg(&folder.join("liver_seg.dcm"), &grid, &identity, &options, &Progress::new()).unwrap();
    assert_eq!(set.skipped, []);
    let [liver] = set.structures.as_slice() else { panic!("one structure") };
    println!("{:?} {:?} {}", liver.colour, liver.code, liver.origin);
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
    println!("{:?} {:?} {}", set.skipped, set.structures[0].mask.bounding_box(), set.structures[0].mask.count());
}
