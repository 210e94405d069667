//! What is written comes back: samples, places, and all that belongs to them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking and say what they skip"
)]

use fabrica_formats::{
    Compression, Format, probe, read, read_kept, read_labels, write_nifti, write_nifti_to, write_nrrd, write_nrrd_to,
    write_segmentation,
};
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm, VoxelPoint};
use fabrica_progress::Progress;
use fabrica_volume::{
    Code, GeometryIssue, GeometryWarning, Mask, Modality, Provenance, Resolution, Rgb, Samples, Source, Structure,
    ValueUnit, Volume,
};
use glam::{DMat3, DQuat, DVec3};
use proptest::prelude::*;
use sha2::Digest;

/// A turned grid, left-handed when `mirrored`.
fn grid(dims: [usize; 3], turn: DQuat, mirrored: bool, origin: DVec3, spacing: [f64; 3]) -> Grid {
    let m = DMat3::from_quat(turn);
    let last = if mirrored { -m.z_axis } else { m.z_axis };
    Grid::new(dims, LpsPoint(origin), [m.x_axis, m.y_axis, last].map(LpsVector), spacing).unwrap()
}

fn turned() -> Grid {
    let turn = DQuat::from_euler(glam::EulerRot::XYZ, 0.2, -0.3, 2.0);
    grid([70, 5, 4], turn, true, DVec3::new(-120.5, 33.25, 800.0), [0.7, 0.8, 2.5])
}

fn every_type(n: usize) -> [Samples; 5] {
    let value = |i: usize| (i * 7919 % 251) as u8;
    [
        Samples::U8((0..n).map(value).collect()),
        Samples::I16((0..n).map(|i| i16::from(value(i)) * 120 - 3000).collect()),
        Samples::U16((0..n).map(|i| u16::from(value(i)) * 260).collect()),
        Samples::I32((0..n).map(|i| i32::from(value(i)) * 8_000_000 - 1_000_000_000).collect()),
        Samples::F32((0..n).map(|i| f32::from(value(i)) / 3.0 - 9.0).collect()),
    ]
}

fn full_volume() -> Volume {
    let g = turned();
    let samples = every_type(g.len())[1].clone();
    let mut volume = Volume::new(g, samples, ValueUnit::Hounsfield).unwrap();
    volume.padding = Some(-3024.0..=-2000.0);
    volume.provenance = Provenance {
        sources: vec![Source {
            file_name: "a.dcm".into(),
            sha256: "ab".repeat(32),
            sop_instance_uid: Some("1.2.3".into()),
            rescale: None,
        }],
        modality: Modality::ct(),
        description: "Schädel, \"axial\" \\ 1 mm\nzweite Zeile".into(),
        frame_of_reference_uid: Some("1.2.840.1".into()),
        series_uid: Some("1.2.840.2".into()),
        simulated: true,
        steps: vec!["resampled shear of 18.5°".into()],
        ..Provenance::default()
    };
    volume.warnings = vec![
        GeometryWarning::new(GeometryIssue::GantryTilt { degrees: 18.5 }),
        GeometryWarning {
            issue: GeometryIssue::LateralityAssumed { reason: "test".into() },
            resolution: Resolution::Accepted {
                by: "A".into(),
                at: "2026-01-01T00:00:00Z".into(),
                reason: "seen".into(),
            },
        },
    ];
    volume
}

/// What comes back when a file may come from anywhere: it is a source itself, and warnings are open.
fn from_anywhere(mut volume: Volume, file: &std::path::Path) -> Volume {
    let bytes = std::fs::read(file).unwrap();
    let sha256 = sha2::Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    let file_name = file.file_name().unwrap().to_string_lossy().into_owned();
    volume.provenance.sources.push(Source { file_name, sha256, sop_instance_uid: None, rescale: None });
    volume.warnings.iter_mut().for_each(|w| w.resolution = Resolution::Open);
    volume
}

fn assert_same(back: &Volume, volume: &Volume, tolerance: f64) {
    assert!(back.grid().coincides(volume.grid(), Mm(tolerance)), "{:?} {:?}", back.grid(), volume.grid());
    assert_eq!(back.samples(), volume.samples());
    assert_eq!(back.provenance, volume.provenance);
    assert_eq!(back.warnings, volume.warnings);
    assert_eq!((&back.unit, &back.padding), (&volume.unit, &volume.padding));
}

#[test]
fn everything_about_a_volume_comes_back_from_nrrd_and_nifti() {
    let folder = tempfile::tempdir().unwrap();
    let volume = full_volume();
    let progress = Progress::new();
    for compression in [Compression::None, Compression::Gzip] {
        let path = folder.path().join("volume.nrrd");
        write_nrrd(&volume, &path, compression, &progress).unwrap();
        assert_same(&read_kept(&path, &progress).unwrap(), &volume, 1e-9);
        assert_same(&read(&path, 0, &progress).unwrap(), &from_anywhere(volume.clone(), &path), 1e-9);
    }
    for name in ["volume.nii", "compressed.nii.gz"] {
        let path = folder.path().join(name);
        write_nifti(&volume, &path, &progress).unwrap();
        // NIfTI-1 holds places as float32.
        assert_same(&read(&path, 0, &progress).unwrap(), &from_anywhere(volume.clone(), &path), 1e-3);
    }
}

#[test]
fn a_file_changed_elsewhere_is_no_longer_taken_at_its_word() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("volume");
    let progress = Progress::new();
    let change = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = std::fs::read(&path).unwrap();
        change(&mut bytes);
        std::fs::remove_file(&path).unwrap();
        std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), &bytes).unwrap();
        read(&path, 0, &progress).unwrap()
    };
    let sample: &dyn Fn(&mut Vec<u8>) = &|bytes| *bytes.last_mut().unwrap() ^= 1;
    let place: &dyn Fn(&mut Vec<u8>) = &|bytes| {
        let field = b"space origin: (-1";
        let at = bytes.windows(field.len()).position(|w| w == field).unwrap();
        bytes[at + field.len() - 1] = b'2';
    };
    write_nifti(&full_volume(), &path, &progress).unwrap();
    let mut changed = vec![change(sample)];
    for what in [sample, place] {
        write_nrrd(&full_volume(), &path, Compression::None, &progress).unwrap();
        changed.push(change(what));
    }
    for volume in changed {
        let told = |w: &&GeometryWarning| w.is_open() && w.issue.to_string().contains("was changed since");
        assert_eq!(volume.warnings.iter().filter(told).count(), 1, "{:?}", volume.warnings);
        assert_eq!((&volume.unit, &volume.padding), (&ValueUnit::Arbitrary, &None));
        assert!(volume.provenance.simulated && volume.provenance.sources.len() == 2);
    }
}

#[test]
fn every_sample_type_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let progress = Progress::new();
    for samples in every_type(turned().len()) {
        let volume = Volume::new(turned(), samples, ValueUnit::Arbitrary).unwrap();
        for name in ["v.nii", "w.nii.gz", "v.nrrd"] {
            let path = folder.path().join(name);
            if name.ends_with("nrrd") {
                write_nrrd(&volume, &path, Compression::Gzip, &progress).unwrap();
            } else {
                write_nifti(&volume, &path, &progress).unwrap();
            }
            let back = read(&path, 0, &progress).unwrap();
            assert_eq!(back.samples(), volume.samples(), "{name}");
            assert_eq!(probe(&path).unwrap().sample_type, volume.samples().type_name());
        }
    }
}

#[test]
fn several_parts_make_one_gzip_member() {
    // 3 MiB: several parts that are compressed apart.
    let g = Grid::axis_aligned([256, 128, 48], LpsPoint::default(), [1.0; 3]).unwrap();
    let samples =
        Samples::I16((0..g.len()).map(|i| ((i as u64).wrapping_mul(2_654_435_761) >> 20) as i16 & 0x3ff).collect());
    let volume = Volume::new(g, samples, ValueUnit::Arbitrary).unwrap();
    let mut bytes = Vec::new();
    write_nifti_to(&volume, &mut bytes, Compression::Gzip, &Progress::new()).unwrap();
    let mut plain = Vec::new();
    // A decoder of a single member must find everything in it, and its checksum right.
    std::io::Read::read_to_end(&mut flate2::bufread::GzDecoder::new(bytes.as_slice()), &mut plain).unwrap();
    let mut expected = Vec::new();
    write_nifti_to(&volume, &mut expected, Compression::None, &Progress::new()).unwrap();
    assert!(plain == expected);
    assert!(bytes.len() < expected.len());
}

#[test]
fn cancelling_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.nrrd");
    let progress = Progress::new();
    progress.cancel();
    assert!(write_nrrd(&full_volume(), &path, Compression::Gzip, &progress).is_err());
    assert!(!path.exists());
    write_nrrd(&full_volume(), &path, Compression::Gzip, &Progress::new()).unwrap();
    assert!(matches!(read(&path, 0, &progress).unwrap_err().problem, fabrica_formats::Problem::Cancelled(_)));
}

fn structure(name: &str, mask: Mask) -> Structure {
    Structure { name: name.into(), colour: Rgb(12, 200, 77), mask, code: None, origin: String::new(), isovalue: None }
}

#[test]
fn overlapping_structures_come_back_with_all_that_describes_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.seg.nrrd");
    let slab = |from: usize, to: usize| Mask::from_fn(turned(), move |i| (from..to).contains(&(i % 70)));
    let mut structures = vec![
        structure("Bone: left | right ~ 50 %^", slab(0, 30)),
        structure("Gefäß", slab(20, 66)),
        structure("Apart", slab(40, 45)),
        structure("Empty", Mask::empty(turned())),
    ];
    structures[0].origin = "threshold 200 to 3071 HU | largest: island\n100 %".into();
    structures[0].isovalue = Some(199.5);
    structures[1].code =
        Some(Code { value: "59820001".into(), scheme: "SCT".into(), meaning: "Blood vessel ^|~: structure".into() });
    write_segmentation(&structures, &path, &Progress::new()).unwrap();
    let info = probe(&path).unwrap();
    assert_eq!((info.format, info.time_points), (Format::SegmentationNrrd, 2));
    let back = read_labels(&path, &Progress::new()).unwrap();
    assert_eq!(back.len(), 4);
    for (a, b) in back.iter().zip(&structures) {
        assert_eq!(a.mask.words(), b.mask.words(), "{}", a.name);
        assert!(a.mask.grid().coincides(b.mask.grid(), Mm(1e-9)));
        assert_eq!(
            (&a.name, a.colour, &a.code, &a.origin, a.isovalue),
            (&b.name, b.colour, &b.code, &b.origin, b.isovalue)
        );
    }
}

#[test]
fn structures_that_share_a_layer_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.seg.nrrd");
    let structures = [0, 1, 2].map(|n| structure(&format!("s{n}"), Mask::from_fn(turned(), move |i| i % 5 == n)));
    write_segmentation(&structures, &path, &Progress::new()).unwrap();
    assert_eq!(probe(&path).unwrap().time_points, 1);
    let back = read_labels(&path, &Progress::new()).unwrap();
    assert!(back.len() == 3 && back.iter().zip(&structures).all(|(a, b)| a.mask.words() == b.mask.words()));
}

#[test]
fn structures_on_other_grids_are_refused() {
    let small = Grid::axis_aligned([4, 4, 4], LpsPoint::default(), [1.0; 3]).unwrap();
    let structures = [structure("a", Mask::empty(turned())), structure("b", Mask::empty(small))];
    let path = std::env::temp_dir().join("fabrica-formats-never-written.seg.nrrd");
    let error = write_segmentation(&structures, &path, &Progress::new()).unwrap_err();
    assert!(error.to_string().contains("`a` and `b`"), "{error}");
    assert!(!path.exists());
}

#[test]
fn more_than_255_structures_take_more_layers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.seg.nrrd");
    let g = Grid::axis_aligned([300, 1, 1], LpsPoint::default(), [1.0; 3]).unwrap();
    let structures: Vec<_> =
        (0..300).map(|n| structure(&format!("s{n}"), Mask::from_fn(g.clone(), move |i| i == n))).collect();
    write_segmentation(&structures, &path, &Progress::new()).unwrap();
    let back = read_labels(&path, &Progress::new()).unwrap();
    assert!(back.len() == 300 && back.iter().enumerate().all(|(n, s)| s.mask.count() == 1 && s.mask.get([n, 0, 0])));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// One voxel is marked; through either format it is found at the same place in the patient.
    #[test]
    fn a_marked_voxel_stays_at_its_place(
        dims in [1usize..9, 1usize..9, 1usize..9],
        at in [0usize..9, 0usize..9, 0usize..9],
        turn in [-3.0f64..3.0, -3.0f64..3.0, -3.0f64..3.0],
        origin in [-900.0f64..900.0, -900.0f64..900.0, -900.0f64..900.0],
        spacing in [0.1f64..5.0, 0.1f64..5.0, 0.1f64..5.0],
        mirrored: bool,
    ) {
        let turn = DQuat::from_euler(glam::EulerRot::XYZ, turn[0], turn[1], turn[2]);
        let g = grid(dims, turn, mirrored, DVec3::from_array(origin), spacing);
        let marked = g.index(at[0] % dims[0], at[1] % dims[1], at[2] % dims[2]);
        let mut values = vec![0u8; g.len()];
        values[marked] = 1;
        let volume = Volume::new(g, Samples::U8(values), ValueUnit::Arbitrary).unwrap();
        let place = |volume: &Volume| {
            let found = (0..volume.samples().len()).find(|&i| volume.samples().get(i) == 1.0).unwrap();
            let at = volume.grid().position(found).map(|n| n as f64);
            volume.grid().to_patient(VoxelPoint(DVec3::from_array(at)))
        };
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.nii", "b.nrrd"] {
            let path = folder.path().join(name);
            let file = std::fs::File::create(&path).unwrap();
            if name == "a.nii" {
                write_nifti_to(&volume, file, Compression::None, &Progress::new()).unwrap();
            } else {
                write_nrrd_to(&volume, file, Compression::None, &Progress::new()).unwrap();
            }
            let back = read(&path, 0, &Progress::new()).unwrap();
            prop_assert!(place(&back).distance(place(&volume)).0 < 2e-3, "{}", name);
            prop_assert_eq!(back.grid().is_right_handed(), volume.grid().is_right_handed());
        }
    }
}
