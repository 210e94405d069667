//! Slices are ordered by position along the normal, never by file name or instance number.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where it fails"
)]

mod common;

use common::{Slice, folder, issues, load_only, load_strictly, scan_folder, text, write_all};
use dicom_core::VR;
use dicom_dictionary_std::tags;
use fabrica_dicom::SeriesKind;
use fabrica_geometry::{LpsPoint, VoxelPoint};
use fabrica_volume::{Samples, ValueUnit};
use glam::DVec3;

#[test]
fn axial_slices_under_shuffled_names_and_instance_numbers() {
    // Written from the top down, with instance numbers that run against both names and positions.
    let slices: Vec<Slice> = (0..6)
        .map(|k| {
            let slice = Slice::new(k, DVec3::new(-10.0, -20.0, 30.0 + 2.5 * k as f64));
            slice.with(text(tags::INSTANCE_NUMBER, VR::IS, &((k * 5) % 7).to_string()))
        })
        .collect();
    let folder = folder(&slices);
    let found = scan_folder(folder.path());
    assert_eq!(found.series[0].kind, SeriesKind::Volume);
    assert_eq!(found.series[0].phases[0].dims, [5, 4, 6]);
    let volume = load_strictly(folder.path()).unwrap();
    assert_eq!(volume.grid().dims(), [5, 4, 6]);
    // Pixel Spacing is (between rows, between columns): 0.7 along j, 0.5 along i.
    let spacing = volume.grid().spacing();
    assert!((spacing[0] - 0.5).abs() < 1e-12 && (spacing[1] - 0.7).abs() < 1e-12 && (spacing[2] - 2.5).abs() < 1e-12);
    assert_eq!(volume.grid().orientation_code(), "LPS");
    let at = volume.grid().to_patient(VoxelPoint::new(4.0, 3.0, 5.0));
    assert!(at.distance(LpsPoint::new(-8.0, -17.9, 42.5)).0 < 1e-9);
    for k in 0..6 {
        for j in 0..4 {
            for i in 0..5 {
                assert_eq!(volume.value([i, j, k]), Some((1000 + 100 * k + 10 * j + i) as f64 - 1024.0));
            }
        }
    }
    assert!(matches!(volume.samples(), Samples::I16(_)));
    assert_eq!(volume.unit, ValueUnit::Hounsfield);
    assert!(issues(&volume).is_empty());
    let p = &volume.provenance;
    assert_eq!(p.frame_of_reference_uid.as_deref(), Some("1.2.3.0"));
    assert_eq!(
        (p.patient_name.as_str(), p.patient_id.as_str(), p.study_date.as_str()),
        ("Test^Patient", "ID-7", "20260102")
    );
    let uids: Vec<_> = p.sources.iter().map(|s| s.sop_instance_uid.clone().unwrap()).collect();
    assert_eq!(uids, ["1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4", "1.2.3.5", "1.2.3.6"]);
    assert!(p.sources.iter().all(|s| s.sha256.len() == 64));
}

#[test]
fn the_hash_is_that_of_the_whole_file() {
    use sha2::{Digest, Sha256};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    Slice::new(0, DVec3::ZERO).write(&path);
    let digest = Sha256::digest(std::fs::read(&path).unwrap());
    let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(load_only(folder.path()).provenance.sources[0].sha256, hex);
}

#[test]
fn sagittal_slices() {
    // Rows run to the back, columns down; the normal row × column points to the right.
    let sagittal = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0];
    let slices: Vec<Slice> = (0..4)
        .map(|k| {
            let mut slice = Slice::new(k, DVec3::new(3.0 * k as f64, -50.0, 80.0));
            slice.orientation = Some(sagittal);
            slice
        })
        .collect();
    let folder = folder(&slices);
    let volume = load_strictly(folder.path()).unwrap();
    assert_eq!(volume.grid().orientation_code(), "PIR");
    assert!(volume.grid().is_right_handed());
    // The first slice in the volume is the leftmost, which was number 3.
    assert_eq!(volume.value([0, 0, 0]), Some(1300.0 - 1024.0));
    let at = volume.grid().to_patient(VoxelPoint::new(1.0, 2.0, 0.0));
    assert!(at.distance(LpsPoint::new(9.0, -49.5, 78.6)).0 < 1e-9);
}

#[test]
fn oblique_slices() {
    let (row, column) = (DVec3::new(0.8, 0.6, 0.0), DVec3::new(-0.36, 0.48, 0.8));
    let normal = row.cross(column);
    let origin = DVec3::new(12.0, -7.0, 3.0);
    let slices: Vec<Slice> = (0..5)
        .map(|k| {
            let mut slice = Slice::new(k, origin + normal * (1.25 * k as f64));
            slice.orientation = Some([row.x, row.y, row.z, column.x, column.y, column.z]);
            slice
        })
        .collect();
    let folder = folder(&slices);
    let volume = load_strictly(folder.path()).unwrap();
    let at = volume.grid().to_patient(VoxelPoint::new(2.0, 3.0, 4.0)).0;
    let expected = origin + row * (2.0 * 0.5) + column * (3.0 * 0.7) + normal * 5.0;
    assert!(at.distance(expected) < 1e-9);
    assert_eq!(volume.value([2, 3, 4]), Some(1432.0 - 1024.0));
    assert!(issues(&volume).is_empty());
}

#[test]
fn feet_first_prone_and_reversed_tables_need_no_special_case() {
    // Columns to the right, rows to the front: prone. The normal points up again.
    let slices: Vec<Slice> = (0..3)
        .map(|k| {
            let mut slice = Slice::new(k, DVec3::new(100.0, 100.0, -4.0 * k as f64));
            slice.orientation = Some([-1.0, 0.0, 0.0, 0.0, -1.0, 0.0]);
            slice.with(text(tags::PATIENT_POSITION, VR::CS, "FFP"))
        })
        .collect();
    let folder = folder(&slices);
    let volume = load_strictly(folder.path()).unwrap();
    assert_eq!(volume.grid().orientation_code(), "RAS");
    assert_eq!(volume.value([0, 0, 0]), Some(1200.0 - 1024.0));
    assert_eq!(volume.grid().origin(), LpsPoint::new(100.0, 100.0, -8.0));
}

#[test]
fn slice_thickness_is_not_spacing() {
    let slices: Vec<Slice> = (0..3)
        .map(|k| {
            let slice = Slice::new(k, DVec3::new(0.0, 0.0, 2.0 * k as f64));
            slice.with(text(tags::SLICE_THICKNESS, VR::DS, "5"))
        })
        .collect();
    let folder = folder(&slices);
    let volume = load_strictly(folder.path()).unwrap();
    assert_eq!(volume.grid().spacing()[2], 2.0);
    assert!(issues(&volume).is_empty());
}

#[test]
fn two_series_in_nested_folders_with_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b/c");
    std::fs::create_dir_all(&deep).unwrap();
    let first: Vec<Slice> = (0..3).map(|k| Slice::new(k, DVec3::Z * k as f64)).collect();
    let second: Vec<Slice> = (0..4)
        .map(|k| Slice {
            series: "1.2.4".into(),
            sop: format!("1.2.4.{k}"),
            ..Slice::new(k, DVec3::Z * 2.0 * k as f64)
        })
        .collect();
    write_all(&deep, &first);
    for (k, slice) in second.iter().enumerate() {
        slice.write(&folder.path().join(format!("b{k}.dcm")));
    }
    std::fs::write(folder.path().join("notes.txt"), "nothing of use").unwrap();
    std::fs::write(folder.path().join("empty.dcm"), "").unwrap();
    std::os::unix::fs::symlink(folder.path(), deep.join("circle")).unwrap();
    let found = scan_folder(folder.path());
    assert_eq!(found.series.len(), 2);
    let dims: Vec<_> = found.series.iter().map(|s| s.phases[0].dims).collect();
    assert_eq!(dims, [[5, 4, 3], [5, 4, 4]]);
    assert_eq!(found.passed_over.len(), 3, "{:?}", found.passed_over);
    assert!(found.passed_over.iter().all(|p| !p.reason.is_empty()));
}

#[test]
fn files_of_two_patients_under_one_series_uid_are_kept_apart() {
    let mut slices: Vec<Slice> = (0..4).map(|k| Slice::new(k, DVec3::Z * k as f64)).collect();
    for slice in &mut slices[2..] {
        *slice = slice.clone().with(text(tags::PATIENT_ID, VR::LO, "ID-8"));
    }
    let folder = folder(&slices);
    let found = scan_folder(folder.path());
    assert_eq!(found.series.len(), 2);
    assert!(found.series.iter().all(|s| s.phases[0].dims[2] == 2));
}
