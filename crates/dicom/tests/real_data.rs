//! Every DICOM series of the test data: size, spacing, orientation and values. The figures are those of SimpleITK (series)
//! and pydicom (headers), found by an independent reading of the same files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it fails")]

mod common;

use common::{data, issues, load_phase, scan_folder};
use fabrica_dicom::{DicomError, LoadOptions, RT_STRUCTURE_SET, SEGMENTATION, SeriesKind, load};
use fabrica_geometry::{LpsPoint, VoxelPoint};
use fabrica_progress::Progress;
use fabrica_volume::{GeometryIssue, Sample, Samples, ValueUnit, Volume, with_samples};

fn sum(volume: &Volume) -> f64 {
    with_samples!(volume.samples().view(), |s| s.iter().map(|v| v.to_f64()).sum())
}

/// Size, spacing, first voxel's centre, orientation and sum of all values of the only series of a folder.
fn check(folder: &str, dims: [usize; 3], spacing: [f64; 3], origin: [f64; 3], code: &str, total: f64) {
    let Some(path) = data(folder) else { return };
    let found = scan_folder(&path);
    assert_eq!(found.series.len(), 1, "{folder}");
    assert_eq!(found.series[0].kind, SeriesKind::Volume);
    let volume = load_phase(&found, 0, 0);
    let grid = volume.grid();
    assert_eq!(grid.dims(), dims, "{folder}");
    let close = grid.spacing().iter().zip(spacing).all(|(a, b)| (a - b).abs() < 1e-4);
    assert!(close, "{folder}: {:?}", grid.spacing());
    let [x, y, z] = origin;
    assert!(grid.origin().distance(LpsPoint::new(x, y, z)).0 < 1e-3, "{folder}: {:?}", grid.origin());
    assert_eq!(grid.orientation_code(), code, "{folder}");
    let ours = sum(&volume);
    assert!((ours - total).abs() <= 1e-6 * total.abs(), "{folder}: sum {ours} instead of {total}");
    assert!(issues(&volume).is_empty(), "{folder}: {:?}", issues(&volume));
    assert_eq!(volume.provenance.sources.len(), dims[2]);
}

#[test]
fn abdomen_jpeg2000() {
    check(
        "ct_dicom/abdomen_jpeg2000_20slices_TotalSegmentator/ct",
        [512, 512, 20],
        [0.976562, 0.976562, 2.0],
        [-249.511719, -437.511719, -804.5],
        "LPS",
        -3272217339.000,
    );
}

#[test]
fn abdomen_contrast() {
    check(
        "ct_dicom/abdomen_portalvenous_CRLM-CT-1004",
        [512, 512, 41],
        [0.796875, 0.796875, 5.0],
        [-198.199997, -204.0, -375.0],
        "LPS",
        -11949364863.000,
    );
}

#[test]
fn chest_jpeg_lossless() {
    check(
        "ct_dicom/chest_jpeglossless_COVID-CT-MD_cap002",
        [512, 512, 131],
        [0.630859, 0.630859, 2.0],
        [-188.18457, -288.18457, -322.1],
        "LPS",
        -15700654645.000,
    );
}

#[test]
fn implicit_three_slices() {
    check(
        "ct_dicom/dicom_seg_dcmqi/ct-3slice",
        [512, 512, 3],
        [0.810547, 0.810547, 1.0],
        [-235.199997, -226.800003, -128.690002],
        "LPS",
        -750951030.000,
    );
}

#[test]
fn thigh_ct() {
    check(
        "ct_dicom/rtstruct_petctmr_STS_001/dicom/CT/image",
        [198, 202, 59],
        [0.976562, 0.976562, 3.27],
        [-23.437616, -86.914146, -881.32],
        "LPS",
        -523058985.000,
    );
}

#[test]
fn thigh_mr() {
    check(
        "ct_dicom/rtstruct_petctmr_STS_001/dicom/MR_T1/image",
        [174, 158, 59],
        [0.976562, 0.976562, 3.269955],
        [-0.000137, -67.382904, -881.3146],
        "LPS",
        565033700.000,
    );
}

#[test]
fn thigh_pet() {
    check(
        "ct_dicom/rtstruct_petctmr_STS_001/dicom/PET/image",
        [41, 43, 59],
        [4.6875, 4.6875, 3.27],
        [-21.09375, -86.71875, -881.3],
        "LPS",
        69688.746,
    );
}

#[test]
fn ibsi_ct() {
    check(
        "ibsi/ibsi_1_ct_radiomics_phantom_CC-BY-NC-3.0/dicom/image",
        [204, 201, 60],
        [0.977, 0.977, 3.0],
        [-174.394501, -79.625504, -100.400002],
        "LPS",
        -655581056.000,
    );
}

#[test]
fn head_with_tilt_and_gaps() {
    let Some(path) = data("ct_dicom/head_GE_tilt18.5_variable_gap") else { return };
    let found = scan_folder(&path);
    let phase = &found.series[0].phases[0];
    assert_eq!(phase.dims, [512, 512, 28]);
    let strict = load(&found.series[0], 0, &LoadOptions::default(), &Progress::new()).unwrap_err();
    assert!(matches!(strict, DicomError::TiltRefused { degrees } if (degrees - 18.5).abs() < 0.01), "{strict}");
    let volume = load_phase(&found, 0, 0);
    let found_issues = issues(&volume);
    let uneven = found_issues.iter().find_map(|i| match i {
        GeometryIssue::UnevenSpacing { least_mm, greatest_mm } => Some((*least_mm, *greatest_mm)),
        _ => None,
    });
    let (least, greatest) = uneven.unwrap();
    assert!((least - 1.08).abs() < 0.01 && (greatest - 7.0).abs() < 0.01, "{least} {greatest}");
    assert!(
        found_issues
            .iter()
            .any(|i| matches!(i, GeometryIssue::GantryTilt { degrees } if (degrees - 18.5).abs() < 0.01))
    );
    assert!(volume.has_open_warnings());
    // The first slice's pixels lie where the header puts them: Image Position (-125, -123.5404569, 5.8360586) for
    // instance 1, rows along x. A source pixel on an output plane keeps its value but for in-plane interpolation.
    let corner = volume.grid().to_voxel(LpsPoint::new(-125.0, -123.540_456_9, 5.836_058_6));
    assert!(corner.0.x.abs() < 1e-6, "{corner:?}");
    let extent = volume.grid().extent();
    assert!(extent[2] > 130.0 && extent[1] > 512.0 * 0.488, "{extent:?}");
}

#[test]
fn breast_with_three_time_points() {
    let Some(path) = data("fourd/dce_mr_breast_UCSF-BR-06/dce_3phases") else { return };
    let found = scan_folder(&path);
    assert_eq!(found.series.len(), 1);
    let phases = &found.series[0].phases;
    let labels: Vec<_> = phases.iter().map(|p| p.label.as_str()).collect();
    assert_eq!(
        labels,
        ["t = 1 of 3 (Content Time 102551)", "t = 2 of 3 (Content Time 103238)", "t = 3 of 3 (Content Time 103832)"]
    );
    for (p, phase) in phases.iter().enumerate() {
        assert_eq!((phase.dims, phase.orientation.as_str()), ([256, 256, 60], "PIR"));
        let volume = load_phase(&found, 0, p);
        let [x, y, z] = volume.grid().spacing();
        assert!(x == 0.703125 && y == 0.703125 && (z - 2.0).abs() < 1e-6);
        assert!(issues(&volume).is_empty());
        // Rows to the back, columns down, slices from left to right.
        let at = volume.grid().to_patient(VoxelPoint::new(1.0, 1.0, 1.0));
        let step = at - volume.grid().origin();
        assert!((step.0 - glam::DVec3::new(-2.0, 0.703125, -0.703125)).length() < 1e-3, "{step:?}");
    }
}

#[test]
fn enhanced_mr_of_four_files() {
    let Some(path) = data("ct_dicom/enhanced_multiframe/siemens_XA10_fmri_4vols") else { return };
    let found = scan_folder(&path);
    assert_eq!(found.series[0].phases.len(), 4);
    for p in 0..4 {
        let volume = load_phase(&found, 0, p);
        assert_eq!(volume.grid().dims(), [64, 64, 6]);
        assert!((volume.grid().spacing()[2] - 2.4).abs() < 1e-6);
        assert!(issues(&volume).is_empty());
        assert_eq!(volume.provenance.sources[0].file_name, format!("6_{}.dcm", p + 1));
    }
}

#[test]
fn the_localiser_is_kept_apart() {
    let Some(path) = data("ct_dicom/localizer_Philips_S1000") else { return };
    let found = scan_folder(&path);
    assert_eq!(found.series[0].kind, SeriesKind::Localiser);
    assert_eq!(found.series[0].phases[0].dims, [512, 256, 1]);
}

#[test]
fn transfer_syntaxes_agree_with_the_uncompressed_reference() {
    let Some(root) = data("ct_dicom/transfer_syntaxes_WG04") else { return };
    for image in ["CT1", "MR1", "MR3", "NM1"] {
        let read = |kind: &str, suffix: &str| {
            let path = root.join(kind).join(format!("{image}_{suffix}.dcm"));
            let found = fabrica_dicom::scan(&[path], &Progress::new()).unwrap();
            load_phase(&found, 0, 0)
        };
        let reference = read("REF", "UNC");
        for kind in ["J2KR", "JLSL", "JPLL", "RLE"] {
            let volume = read(kind, kind);
            assert_eq!(volume.samples(), reference.samples(), "{image} {kind}");
            assert_eq!(volume.grid(), reference.grid());
        }
        let near = read("JLSN", "JLSN");
        let worst = (0..near.samples().len())
            .map(|i| (near.samples().get(i) - reference.samples().get(i)).abs())
            .fold(0.0, f64::max);
        assert!(worst <= 4.0, "{image}: {worst}");
        assert_eq!(read("J2KI", "J2KI").grid(), reference.grid());
        if image != "CT1" {
            // Twelve-bit JPEG: compressed with much loss, but of the same picture.
            let jpeg = read("JPLY", "JPLY");
            assert!((sum(&jpeg) / sum(&reference) - 1.0).abs() < 0.06, "{image}: {} {}", sum(&jpeg), sum(&reference));
        }
    }
}

#[test]
fn odd_files() {
    let Some(root) = data("ct_dicom/odd_files_pydicom") else { return };
    let one = |name: &str| fabrica_dicom::scan(&[root.join(name)], &Progress::new()).unwrap();
    let big = load_phase(&one("MR_small_bigendian.dcm"), 0, 0);
    let rle = load_phase(&one("MR_small_RLE.dcm"), 0, 0);
    assert_eq!(big.samples(), rle.samples());
    let cut = one("MR_truncated.dcm");
    assert!(cut.series.is_empty());
    assert!(cut.passed_over[0].reason.contains("cut off"));
    let small = load_phase(&one("CT_small.dcm"), 0, 0);
    assert_eq!((small.range(), small.unit), ((-896.0, 1167.0), ValueUnit::Hounsfield));
    // A perfusion map under the modality CT is not in Hounsfield units.
    let map = load_phase(&one("eCT_Supplemental.dcm"), 0, 0);
    assert_eq!((map.grid().dims(), &map.unit), ([512, 512, 2], &ValueUnit::Arbitrary));
    assert!((map.grid().spacing()[2] - 10.0).abs() < 1e-6);
    // An "enhanced" image without functional groups has no place in the patient.
    let nowhere = one("emri_small.dcm");
    assert!(nowhere.series[0].phases[0].obstacle.is_some());
    // Values behind a look-up table: pydicom's `apply_modality_lut` gives the same.
    let looked_up = load_phase(&one("mlut_18.dcm"), 0, 0);
    let sum: f64 = (0..looked_up.grid().len()).map(|n| looked_up.samples().get(n)).sum();
    assert_eq!((looked_up.range(), sum), ((0.0, 65535.0), 8_697_190_668.0));
    for name in ["bad_sequence.dcm", "explicit_VR-UN.dcm", "JPEG-LL.dcm", "JPEG2000.dcm"] {
        let found = one(name);
        assert!(!found.series.is_empty() || !found.passed_over.is_empty(), "{name}");
    }
}

#[test]
fn objects_beside_images() {
    let Some(path) = data("ct_dicom/rtstruct_petctmr_STS_001") else { return };
    let found = scan_folder(&path);
    assert_eq!(found.series.len(), 3);
    assert_eq!(found.objects.len(), 3);
    for object in &found.objects {
        assert_eq!(object.sop_class_uid, RT_STRUCTURE_SET);
        let [referenced] = object.referenced_series.as_slice() else { panic!("{object:?}") };
        assert!(found.series.iter().any(|s| &s.uid == referenced), "{object:?}");
    }
    let Some(path) = data("ct_dicom/dicom_seg_dcmqi") else { return };
    let found = scan_folder(&path);
    assert_eq!(found.objects[0].sop_class_uid, SEGMENTATION);
    assert_eq!(found.objects[0].referenced_series, [found.series[0].uid.clone()]);
    assert!(found.passed_over.iter().any(|p| p.path.ends_with("LICENSE.txt")));
}

#[test]
fn pet_has_a_rescale_for_each_slice() {
    let Some(path) = data("ct_dicom/rtstruct_petctmr_STS_001/dicom/PET/image") else { return };
    let volume = load_phase(&scan_folder(&path), 0, 0);
    assert!(matches!(volume.samples(), Samples::F32(_)));
    assert!((volume.range().1 - 25.412298).abs() < 1e-5);
    assert_eq!(volume.unit, ValueUnit::Other("GML".into()));
}
