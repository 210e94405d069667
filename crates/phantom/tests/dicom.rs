//! What is written reads back the same, by dicom-object and by pydicom.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use dicom_dictionary_std::tags;
use dicom_object::{DefaultDicomObject, open_file};
use fabrica_geometry::Mm;
use fabrica_phantom::{
    Acquisition, DicomOptions, Orientation, Phantom, PhantomError, PhantomOptions, Phase, Sampling, Slices, Storage,
    Syntax, write_dicom, write_dicom_slices,
};
use fabrica_progress::Progress;
use sha2::{Digest, Sha256};

static PHANTOM: LazyLock<Phantom> = LazyLock::new(|| Phantom::new(&PhantomOptions::default()).unwrap());

fn slices(acquisition: Acquisition) -> Slices {
    let acquisition = Acquisition { pixel: Mm(8.0), slice: Mm(10.0), ..acquisition };
    PHANTOM.sample_slices(&acquisition.planes().unwrap(), &Sampling::default(), &Progress::new()).unwrap()
}

fn options() -> DicomOptions {
    DicomOptions::new(PHANTOM.options())
}

fn numbers(o: &DefaultDicomObject, tag: dicom_object::Tag) -> Vec<f64> {
    o.element(tag).unwrap().to_multi_float64().unwrap()
}

fn text(o: &DefaultDicomObject, tag: dicom_object::Tag) -> String {
    o.element(tag).unwrap().to_str().unwrap().trim_end_matches(['\0', ' ']).to_string()
}

/// Position, orientation and values of every file against the slices, in the order written.
fn check_files(files: &[PathBuf], slices: &Slices, numbers_kept: &[usize]) {
    assert_eq!(files.len(), numbers_kept.len());
    for (path, &n) in files.iter().zip(numbers_kept) {
        let o = open_file(path).unwrap();
        let plane = &slices.planes[n];
        let close = |tag, expected: &[f64]| {
            let got = numbers(&o, tag);
            assert_eq!(got.len(), expected.len());
            for (a, b) in got.iter().zip(expected) {
                assert!((a - b).abs() < 1e-9, "{tag}: {got:?} is not {expected:?}");
            }
        };
        close(tags::IMAGE_POSITION_PATIENT, &plane.origin.0.to_array());
        let (i, j) = (plane.along_i.0, plane.along_j.0);
        close(tags::IMAGE_ORIENTATION_PATIENT, &[i.x, i.y, i.z, j.x, j.y, j.z]);
        close(tags::PIXEL_SPACING, &[plane.spacing[1], plane.spacing[0]]);
        let intercept = numbers(&o, tags::RESCALE_INTERCEPT)[0];
        let signed = o.element(tags::PIXEL_REPRESENTATION).unwrap().to_int::<u16>().unwrap() == 1;
        let stored = o.element(tags::PIXEL_DATA).unwrap().to_multi_int::<u16>().unwrap();
        let values: Vec<i16> = stored
            .into_iter()
            .map(|v| (if signed { f64::from(v as i16) } else { f64::from(v) } + intercept) as i16)
            .collect();
        assert_eq!(values, slices.values[n]);
        for tag in [tags::PATIENT_NAME, tags::MANUFACTURER, tags::SERIES_DESCRIPTION, tags::IMAGE_COMMENTS] {
            assert!(text(&o, tag).contains("SYNTHETIC"), "{tag}");
        }
    }
}

#[test]
fn every_syntax_and_storage_reads_back() {
    let slices = slices(Acquisition::default());
    let all: Vec<usize> = (0..slices.planes.len()).collect();
    for syntax in [Syntax::ImplicitLittle, Syntax::ExplicitLittle, Syntax::ExplicitBig] {
        for storage in [Storage::Signed, Storage::Unsigned12] {
            let folder = tempfile::tempdir().unwrap();
            let options = DicomOptions { syntax, storage, ..options() };
            let files = write_dicom_slices(&slices, folder.path(), &options, &Progress::new()).unwrap();
            check_files(&files, &slices, &all);
        }
    }
}

#[test]
fn tilted_oblique_and_sagittal_read_back() {
    for acquisition in [
        Acquisition { tilt_degrees: -18.5, ..Acquisition::default() },
        Acquisition { orientation: Orientation::Oblique { about_x: 20.0, about_y: -12.0 }, ..Acquisition::default() },
        Acquisition { orientation: Orientation::Sagittal, ..Acquisition::default() },
        Acquisition { orientation: Orientation::Coronal, ..Acquisition::default() },
    ] {
        let slices = slices(acquisition);
        let folder = tempfile::tempdir().unwrap();
        let files = write_dicom_slices(&slices, folder.path(), &options(), &Progress::new()).unwrap();
        check_files(&files, &slices, &(0..slices.planes.len()).collect::<Vec<_>>());
        let tilt = numbers(&open_file(&files[0]).unwrap(), tags::GANTRY_DETECTOR_TILT)[0];
        assert!((tilt - acquisition.tilt_degrees).abs() < 1e-6, "{tilt}");
    }
}

#[test]
fn missing_reversed_shuffled_and_phases() {
    let slices = slices(Acquisition::default());
    let folder = tempfile::tempdir().unwrap();
    let mut series = std::collections::BTreeSet::new();
    let mut instances = std::collections::BTreeSet::new();
    let kept: Vec<usize> = (0..slices.planes.len()).filter(|n| ![3, 4, 9].contains(n)).collect();
    for index in 0..2 {
        let options = DicomOptions {
            missing: vec![3, 4, 9],
            reversed: true,
            shuffled_names: true,
            phase: Some(Phase { index, count: 2 }),
            ..options()
        };
        let files = write_dicom_slices(&slices, folder.path(), &options, &Progress::new()).unwrap();
        check_files(&files, &slices, &kept);
        let mut sorted = files.clone();
        sorted.sort();
        assert_ne!(sorted, files);
        for (path, n) in files.iter().zip(&kept) {
            let o = open_file(path).unwrap();
            series.insert(text(&o, tags::SERIES_INSTANCE_UID));
            instances.insert(text(&o, tags::SOP_INSTANCE_UID));
            assert_eq!(text(&o, tags::INSTANCE_NUMBER), (slices.planes.len() - n).to_string());
            assert_eq!(text(&o, tags::TEMPORAL_POSITION_IDENTIFIER), (index + 1).to_string());
        }
    }
    assert_eq!((series.len(), instances.len()), (1, 2 * kept.len()));
}

#[test]
fn files_are_the_same_each_time() {
    let volume = {
        let acquisition = Acquisition { pixel: Mm(8.0), slice: Mm(20.0), ..Acquisition::default() };
        PHANTOM.sample(&acquisition.grid().unwrap(), &Sampling::default(), &Progress::new()).unwrap()
    };
    let write = || {
        let folder = tempfile::tempdir().unwrap();
        let files = write_dicom(&volume, folder.path(), &options(), &Progress::new()).unwrap();
        files.iter().map(|f| Sha256::digest(std::fs::read(f).unwrap()).to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(write(), write());
}

#[test]
fn enhanced_reads_back() {
    let slices = slices(Acquisition::default());
    let folder = tempfile::tempdir().unwrap();
    let options = DicomOptions { enhanced: true, ..options() };
    let files = write_dicom_slices(&slices, folder.path(), &options, &Progress::new()).unwrap();
    assert_eq!(files.len(), 1);
    let o = open_file(&files[0]).unwrap();
    assert_eq!(text(&o, tags::NUMBER_OF_FRAMES), slices.planes.len().to_string());
    let frames = o.element(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).unwrap().items().unwrap();
    for (frame, plane) in frames.iter().zip(&slices.planes) {
        let position = frame.element(tags::PLANE_POSITION_SEQUENCE).unwrap().items().unwrap();
        let at = position[0].element(tags::IMAGE_POSITION_PATIENT).unwrap().to_multi_float64().unwrap();
        assert!((glam::DVec3::from_slice(&at) - plane.origin.0).length() < 1e-9);
    }
    let stored = o.element(tags::PIXEL_DATA).unwrap().to_multi_int::<u16>().unwrap();
    assert!(stored.iter().map(|&v| v as i16).eq(slices.values.iter().flatten().copied()));
}

#[test]
fn nothing_is_overwritten_and_failures_leave_nothing() {
    let slices = slices(Acquisition::default());
    let folder = tempfile::tempdir().unwrap();
    let files = write_dicom_slices(&slices, folder.path(), &options(), &Progress::new()).unwrap();
    // All but the last name are free: what is written before the clash is removed again.
    files[..files.len() - 1].iter().for_each(|f| std::fs::remove_file(f).unwrap());
    let again = write_dicom_slices(&slices, folder.path(), &options(), &Progress::new());
    assert!(matches!(again, Err(PhantomError::Exists { .. })), "{again:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let cancelled = Progress::new();
    cancelled.cancel();
    let fresh = folder.path().join("fresh");
    assert!(matches!(write_dicom_slices(&slices, &fresh, &options(), &cancelled), Err(PhantomError::Cancelled(_))));
    assert!(!fresh.exists());

    let mut real = slices;
    real.provenance.simulated = false;
    assert!(matches!(write_dicom_slices(&real, &fresh, &options(), &Progress::new()), Err(PhantomError::NotCt(_))));
}

/// A Python that has pydicom: named by `FABRICA_PYTHON`, else `python3`.
fn python() -> Option<String> {
    let python = std::env::var("FABRICA_PYTHON").unwrap_or_else(|_| "python3".into());
    let found = Command::new(&python).args(["-c", "import pydicom, numpy"]).output();
    found.is_ok_and(|o| o.status.success()).then_some(python)
}

fn pydicom(python: &str, folder: &Path) -> String {
    // Mean of the Hounsfield values, and positions, as pydicom sees them.
    let script = "
import sys, glob, pydicom, warnings
warnings.simplefilter('error')
pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
total, count, names = 0.0, 0, set()
for f in sorted(glob.glob(sys.argv[1] + '/*.dcm')):
    d = pydicom.dcmread(f)
    for e in d.iterall(): e.value
    g = d.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence[0] if 'NumberOfFrames' in d else d
    a = d.pixel_array.astype('float64') * float(g.RescaleSlope) + float(g.RescaleIntercept)
    total += a.sum(); count += a.size; names.add(str(d.PatientName))
print(int(total), count, *names)
";
    let run = Command::new(python).args(["-c", script]).arg(folder).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn pydicom_reads_the_same() {
    let Some(python) = python() else {
        eprintln!("SKIPPED: pydicom_reads_the_same needs python3 (or FABRICA_PYTHON) with pydicom and numpy");
        return;
    };
    let slices = slices(Acquisition::default());
    let values = || slices.values.iter().flatten();
    let sum: i64 = values().map(|&v| i64::from(v)).sum();
    for (syntax, enhanced) in [
        (Syntax::ImplicitLittle, false),
        (Syntax::ExplicitLittle, false),
        (Syntax::ExplicitBig, false),
        (Syntax::ExplicitLittle, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let options = DicomOptions { syntax, enhanced, storage: Storage::Unsigned12, ..options() };
        write_dicom_slices(&slices, folder.path(), &options, &Progress::new()).unwrap();
        let said = pydicom(&python, folder.path());
        assert_eq!(said.trim(), format!("{sum} {} SYNTHETIC^PHANTOM", values().count()));
    }
}
