//! Damaged and lying files: a clear error, quickly, in bounded memory, without a panic.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where it fails"
)]

mod common;

use std::path::Path;

use common::{Slice, folder, issues, load_phase, load_strictly, scan_folder, short, text, write_all};
use dicom_core::VR;
use dicom_dictionary_std::tags;
use fabrica_dicom::{DicomError, LoadOptions, load, scan};
use fabrica_progress::Progress;
use glam::DVec3;
use proptest::prelude::*;

fn valid() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    Slice::new(0, DVec3::ZERO).with(text(tags::SLICE_THICKNESS, VR::DS, "1")).write(&path);
    std::fs::read(path).unwrap()
}

/// Scans and loads whatever comes of these bytes. Gives the reasons for which they were passed over.
fn try_all(bytes: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), bytes).unwrap();
    let found = scan_folder(folder.path());
    for series in &found.series {
        for phase in 0..series.phases.len() {
            if let Err(error) = load(series, phase, &LoadOptions::resample(), &Progress::new()) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
    found.passed_over.into_iter().map(|p| p.reason).collect()
}

#[test]
fn cut_off_anywhere() {
    let bytes = valid();
    for length in 0..bytes.len() {
        let reasons = try_all(&bytes[..length]);
        assert_eq!(reasons.len(), 1, "cut to {length} of {} bytes", bytes.len());
    }
    assert!(try_all(&bytes).is_empty());
}

#[test]
fn lies_about_size() {
    let lie = |elements: Vec<dicom_object::mem::InMemElement>| {
        let folder = tempfile::tempdir().unwrap();
        let slice = elements.into_iter().fold(Slice::new(0, DVec3::ZERO), Slice::with);
        slice.write(&folder.path().join("a"));
        let found = scan_folder(folder.path());
        assert!(found.series.is_empty());
        found.passed_over[0].reason.clone()
    };
    let huge = lie(vec![short(tags::ROWS, 65_535), short(tags::COLUMNS, 65_535)]);
    assert!(huge.contains("65535×65535"), "{huge}");
    assert!(lie(vec![text(tags::NUMBER_OF_FRAMES, VR::IS, "2000000000")]).contains("Number of Frames"));
    assert!(lie(vec![text(tags::NUMBER_OF_FRAMES, VR::IS, "99999")]).contains("need"));
    assert!(lie(vec![short(tags::ROWS, 0)]).contains("0 rows"));
    assert!(lie(vec![text(tags::RESCALE_SLOPE, VR::DS, "0")]).contains("Rescale Slope"));
    assert!(lie(vec![text(tags::RESCALE_SLOPE, VR::DS, "1,5")]).contains("not a number"));
}

#[test]
fn infinite_and_malformed_numbers_are_no_geometry() {
    for position in ["nan\\0\\0", "inf\\0\\0", "1e400\\0\\0", "0\\0", "0,5\\0\\0", "a\\b\\c"] {
        let folder = tempfile::tempdir().unwrap();
        for k in 0..3 {
            let slice = Slice::new(k, DVec3::Z * k as f64).with(text(tags::IMAGE_POSITION_PATIENT, VR::DS, position));
            slice.write(&folder.path().join(format!("{k}")));
        }
        assert!(matches!(load_strictly(folder.path()), Err(DicomError::NotAVolume(_))), "{position}");
    }
}

#[test]
fn an_element_longer_than_the_file() {
    let mut bytes = valid();
    // The length of Study Date, after its tag and VR.
    let at = bytes.windows(6).position(|w| w == b"\x08\x00\x20\x00DA").unwrap() + 6;
    bytes[at..at + 2].copy_from_slice(&[0xFF, 0xFF]);
    let reasons = try_all(&bytes);
    assert!(reasons[0].contains("claims 65535 bytes"), "{reasons:?}");
}

#[test]
fn sequences_without_end() {
    let bytes = valid();
    let at = bytes.windows(6).position(|w| w == b"\x10\x00\x10\x00PN").unwrap();
    // Sequence of undefined length, item of undefined length, and again: far deeper than any stack.
    let open = [b"\x08\x00\x15\x11SQ\0\0\xFF\xFF\xFF\xFF".as_slice(), b"\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF"].concat();
    let deep = [&bytes[..at], &open.repeat(200_000), &bytes[at..]].concat();
    let reasons = try_all(&deep);
    assert!(reasons[0].contains("nested"), "{reasons:?}");
}

#[test]
fn a_deflate_bomb() {
    use std::io::Write;
    let bytes = valid();
    let meta_length = u32::from_le_bytes(bytes[140..144].try_into().unwrap()) as usize;
    let from = b"1.2.840.10008.1.2.1\0";
    let at = bytes.windows(from.len()).position(|w| w == from).unwrap();
    let mut meta = bytes[..144 + meta_length].to_vec();
    meta.splice(at..at + from.len(), *b"1.2.840.10008.1.2.1.99");
    meta[at - 2] = 22;
    meta[140..144].copy_from_slice(&(meta_length as u32 + 2).to_le_bytes());
    // A private element of 2 GB of zeros in front of everything.
    let mut encoder = flate2::write::DeflateEncoder::new(meta, flate2::Compression::fast());
    encoder.write_all(b"\x09\x00\x01\x10OB\0\0\x00\x00\x00\x80").unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..256 {
        encoder.write_all(&zeros).unwrap();
    }
    let reasons = try_all(&encoder.finish().unwrap());
    assert_eq!(reasons.len(), 1, "{reasons:?}");
}

#[test]
fn compressed_data_that_cannot_hold_what_it_claims() {
    use dicom_core::value::{PixelFragmentSequence, Value};
    let folder = tempfile::tempdir().unwrap();
    for k in 0..8 {
        let mut object = Slice::new(k, DVec3::Z * k as f64).object();
        object.put(short(tags::ROWS, 65_535));
        object.put(short(tags::COLUMNS, 65_535));
        let fragments = PixelFragmentSequence::new_fragments(vec![vec![0u8; 64]]);
        object.put(dicom_core::DataElement::new(tags::PIXEL_DATA, VR::OB, Value::from(fragments)));
        common::write_object(object, &folder.path().join(format!("{k}")), "1.2.840.10008.1.2.5");
    }
    let error = load_strictly(folder.path()).unwrap_err();
    assert!(error.to_string().contains("cannot hold"), "{error}");
}

#[test]
fn a_damaged_slice_is_told_by_its_series() {
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path(), &(0..4).map(|k| Slice::new(k, DVec3::Z * k as f64)).collect::<Vec<_>>());
    let cut = folder.path().join("cut");
    Slice::new(4, DVec3::Z * 4.0).write(&cut);
    let bytes = std::fs::read(&cut).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() - 10]).unwrap();
    let found = scan_folder(folder.path());
    assert!(found.passed_over[0].reason.contains("cut off"), "{:?}", found.passed_over);
    let volume = load_phase(&found, 0, 0);
    assert!(issues(&volume)[0].to_string().contains("cut"), "{:?}", issues(&volume));
}

/// Six slices, and beside them what `add` puts there. Gives the warnings of the volume.
fn warnings_with(add: impl Fn(&Path)) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path(), &(0..6).map(|k| Slice::new(k, DVec3::Z * k as f64)).collect::<Vec<_>>());
    add(folder.path());
    let found = scan_folder(folder.path());
    assert_eq!(found.series[0].phases[0].dims[2], 6);
    issues(&load_phase(&found, 0, 0)).iter().map(ToString::to_string).collect()
}

#[test]
fn unreadable_files_beside_a_series_may_be_its_end() {
    let bytes = valid();
    let zeros = vec![0; bytes.len()];
    let series_uid = bytes.windows(6).position(|w| w == b"\x20\x00\x0E\x00UI").unwrap();
    // Empty, of zeros alone, cut within preamble, meta information, and the data set before the Series Instance UID.
    for content in [b"".as_slice(), &zeros, &bytes[..100], &bytes[..150], &bytes[..series_uid]] {
        let found = warnings_with(|folder| {
            std::fs::write(folder.join("IM7"), content).unwrap();
            std::fs::write(folder.join("IM8"), content).unwrap();
        });
        let [warning] = &found[..] else { panic!("{} bytes: {found:?}", content.len()) };
        assert!(warning.contains("2 files beside this series could not be read (first: IM7: "), "{warning}");
    }
    // Without meta information.
    let meta_length = u32::from_le_bytes(bytes[140..144].try_into().unwrap()) as usize;
    let found = warnings_with(|folder| std::fs::write(folder.join("a"), &bytes[144 + meta_length..][..20]).unwrap());
    assert!(found[0].contains("1 file beside"), "{found:?}");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_slice_that_is_not_there() {
    let found = warnings_with(|folder| std::os::unix::fs::symlink("nowhere", folder.join("IM7")).unwrap());
    assert!(found[0].contains("IM7: cannot be opened"), "{found:?}");
}

#[test]
fn other_files_beside_a_series_are_no_slices() {
    let found = warnings_with(|folder| {
        for name in ["notes.txt", "DICOMDIR", "README", "LICENSE", "a.nii.gz", "a.json", ".lock"] {
            std::fs::write(folder.join(name), b"").unwrap();
        }
        std::fs::write(folder.join("viewer"), b"MZ and so on").unwrap();
        // Elsewhere.
        std::fs::create_dir(folder.join("other")).unwrap();
        std::fs::write(folder.join("other/IM7"), b"").unwrap();
        // Damaged, but of another series.
        let path = folder.join("of another");
        Slice { series: "9.9".into(), ..Slice::new(0, DVec3::ZERO) }.write(&path);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn zeros_where_elements_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    Slice::new(0, DVec3::ZERO).write_as(&path, common::IMPLICIT);
    let bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|w| w == b"\x10\x00\x10\x00").unwrap();
    let reasons = try_all(&[&bytes[..at], &vec![0; 4000], b"\x01"].concat());
    assert!(reasons[0].contains("4000 zeros stand where an element should begin"), "{reasons:?}");
}

#[test]
fn a_file_that_changed_after_the_search() {
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path(), &(0..3).map(|k| Slice::new(k, DVec3::Z * k as f64)).collect::<Vec<_>>());
    let found = scan_folder(folder.path());
    let victim = found.series[0].files().remove(1);
    let mut bytes = std::fs::read(&victim).unwrap();
    bytes.push(0);
    std::fs::write(&victim, bytes).unwrap();
    let error = load(&found.series[0], 0, &LoadOptions::default(), &Progress::new()).unwrap_err();
    assert!(matches!(error, DicomError::Changed { path } if path == victim));
}

#[test]
fn cancelling_and_missing_paths() {
    let progress = Progress::new();
    progress.cancel();
    assert!(matches!(scan(&[Path::new(".").to_owned()], &progress), Err(DicomError::Cancelled(_))));
    let missing = Path::new("/there/is/no/such/folder").to_owned();
    assert!(matches!(scan(&[missing], &Progress::new()), Err(DicomError::Io { .. })));
}

#[test]
fn zeros_behind_an_object_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("structures");
    let mut object = Slice::new(0, DVec3::ZERO).object();
    object.remove_element(tags::PIXEL_DATA);
    object.put(text(tags::SOP_CLASS_UID, VR::UI, fabrica_dicom::RT_STRUCTURE_SET));
    common::write_object(object, &path, common::EXPLICIT);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, [bytes, vec![0; 300]].concat()).unwrap();
    let found = scan_folder(folder.path());
    assert_eq!(found.objects.len(), 1, "{:?}", found.passed_over);
}

#[test]
fn not_dicom() {
    for bytes in [b"".as_slice(), b"x", b"\x08\x00\x05\x00", &[0; 200], &[0xFF; 4096], b"PK\x03\x04 and so on"] {
        let reasons = try_all(bytes);
        assert_eq!(reasons.len(), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((0usize..10_000, any::<u8>()), 1..12), cut in 0usize..200) {
        let mut bytes = valid();
        let length = bytes.len();
        for (at, value) in changes {
            bytes[at % length] = value;
        }
        bytes.truncate(length - cut.min(if cut > 100 { 0 } else { cut }));
        try_all(&bytes);
    }

    #[test]
    fn noise_behind_a_true_head_never_panics(noise in prop::collection::vec(any::<u8>(), 0..600)) {
        let bytes = valid();
        let meta_length = u32::from_le_bytes(bytes[140..144].try_into().unwrap()) as usize;
        try_all(&[&bytes[..144 + meta_length + 8], &noise].concat());
    }
}

#[test]
fn a_zip_archive_is_named_as_one() {
    let folder = folder(&[Slice::new(0, DVec3::ZERO)]);
    std::fs::write(folder.path().join("export"), b"PK\x03\x04 and so on").unwrap();
    let found = scan_folder(folder.path());
    assert_eq!(found.series.len(), 1);
    assert!(found.passed_over[0].reason.contains("unpack"), "{:?}", found.passed_over);
    assert!(found.series[0].phases[0].warnings.iter().all(|w| !w.issue.to_string().contains("could not be read")));
}
