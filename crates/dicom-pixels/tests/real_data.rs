//! Real files of every transfer syntax against their uncompressed originals.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod common;

use common::{Frames, data, read};

/// The name of a file, its stored values, and those of its reference.
type Pair = (String, Vec<i32>, Vec<i32>);

/// The files of WG04 in one syntax beside their references.
fn wg04(syntax: &str) -> Option<Vec<Pair>> {
    let folder = data("ct_dicom/transfer_syntaxes_WG04")?;
    let mut found = Vec::new();
    for image in ["CT1", "MR1", "MR3", "NM1"] {
        let file = folder.join(format!("{syntax}/{image}_{syntax}.dcm"));
        if file.exists() {
            let reference = read(&folder.join(format!("REF/{image}_UNC.dcm"))).decode_all().unwrap();
            let decoded = read(&file).decode_all().unwrap_or_else(|e| panic!("{file:?}: {e}"));
            found.push((format!("{image}_{syntax}"), decoded, reference));
        }
    }
    assert!(found.len() >= 3, "{syntax}: files are missing");
    Some(found)
}

fn errors(decoded: &[i32], reference: &[i32]) -> (i32, f64) {
    assert_eq!(decoded.len(), reference.len());
    let errors: Vec<i32> = decoded.iter().zip(reference).map(|(a, b)| (a - b).abs()).collect();
    (errors.iter().copied().max().unwrap(), errors.iter().map(|&e| f64::from(e)).sum::<f64>() / errors.len() as f64)
}

#[test]
fn lossless_syntaxes_are_bit_equal_to_their_references() {
    for syntax in ["J2KR", "JLSL", "JPLL", "RLE"] {
        let Some(files) = wg04(syntax) else { return };
        for (name, decoded, reference) in files {
            assert!(decoded == reference, "{name}: {:?}", errors(&decoded, &reference));
        }
    }
}

#[test]
fn lossy_syntaxes_stay_as_near_as_they_were_made() {
    // The largest errors are those of the files themselves: other decoders find the same.
    for (syntax, largest, mean) in [("JLSN", 4, 2.5), ("J2KI", 396, 60.0), ("JPLY", 128, 12.0)] {
        let Some(files) = wg04(syntax) else { return };
        for (name, decoded, reference) in files {
            let found = errors(&decoded, &reference);
            println!("{name}: largest error {}, mean {:.3}", found.0, found.1);
            assert!(found.0 <= largest && found.1 <= mean, "{name}: {found:?}");
        }
    }
}

#[test]
fn frames_of_enhanced_mr_agree_between_syntaxes() {
    let Some(folder) = data("ct_dicom/odd_files_pydicom") else { return };
    let raw = read(&folder.join("emri_small.dcm")).decode_all().unwrap();
    assert_eq!(raw.len(), 10 * 64 * 64);
    for file in ["emri_small_RLE.dcm", "emri_small_jpeg_ls_lossless.dcm"] {
        assert!(read(&folder.join(file)).decode_all().unwrap() == raw, "{file}");
    }
}

#[test]
fn big_endian_and_rle_agree_with_each_other() {
    let Some(folder) = data("ct_dicom/odd_files_pydicom") else { return };
    let big = read(&folder.join("MR_small_bigendian.dcm")).decode_all().unwrap();
    let rle = read(&folder.join("MR_small_RLE.dcm")).decode_all().unwrap();
    assert!(big == rle);
}

#[test]
fn whole_series_decode() {
    for (folder, files) in [
        ("ct_dicom/abdomen_jpeg2000_20slices_TotalSegmentator/ct", 20),
        ("ct_dicom/chest_jpeglossless_COVID-CT-MD_cap002", 131),
    ] {
        let Some(folder) = data(folder) else { return };
        let mut decoded = 0;
        for file in std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()) {
            let Ok(Frames { .. }) = common::try_read(&file) else { continue };
            let values = read(&file).decode_all().unwrap();
            assert!(values.iter().all(|v| (0..4096).contains(v)), "{file:?}");
            assert!(values.iter().any(|&v| v > 1000) && values.contains(&0), "{file:?}");
            decoded += 1;
        }
        assert_eq!(decoded, files);
    }
}
