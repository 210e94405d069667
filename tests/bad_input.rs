//! Hostile and broken input: a clear error, nothing left behind, no panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]
#![allow(clippy::print_stderr, reason = "skipped tests say so")]

mod common;

use common::{fabrica, refuses, shared_data, words, works};

#[test]
fn files_that_are_no_scans_are_refused_with_a_reason() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name).display().to_string();
    let mut part10 = vec![0u8; 128];
    part10.extend_from_slice(b"DICM");
    let files: [(&str, Vec<u8>); 7] = [
        ("empty.dcm", Vec::new()),
        ("text.dcm", b"this is not a scan".to_vec()),
        ("preamble.dcm", part10),
        ("empty.nii", Vec::new()),
        ("zeros.nii", vec![0; 400]),
        ("lies.nrrd", b"NRRD0004\ntype: short\ndimension: 3\nsizes: 60000 60000 60000\nencoding: raw\n\nxx".to_vec()),
        ("no.inv3", b"no tar".to_vec()),
    ];
    for (name, bytes) in files {
        std::fs::File::create(temporary.path().join(name))
            .and_then(|mut f| std::io::Write::write_all(&mut f, &bytes))
            .unwrap();
        let case = at(&format!("case of {name}"));
        let told = refuses(["import", &at(name), "--case", &case]);
        assert!(told.contains(name), "{name}: the file is not named: {told}");
        assert!(!std::path::Path::new(&case).exists(), "{name}: a case was left behind");
    }
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name).display().to_string();
    works(words("phantom --region head --pixel 3 --slice 3 --noise 0 --out").into_iter().chain([at("p")]));
    works(["import", &at("p"), "--case", &at("case")]);

    assert!(refuses(["import", &at("nowhere"), "--case", &at("c2")]).contains("nowhere"));
    assert!(refuses(["import", &at("p"), "--case", &at("case")]).contains("case"), "a case would be overwritten");
    assert!(refuses(["info", &at("nowhere")]).contains("nowhere"));
    let told = refuses(["segment", &at("case"), "--preset", "bones"]);
    assert!(told.contains("bone,") || told.contains("bone"), "{told}");
    assert!(refuses(["segment", &at("case"), "--threshold", "5000..6000"]).contains("nothing"));
    assert!(refuses(["print", &at("case"), "--structure", "gill", "--out", &at("x.stl")]).contains("gill"));
    assert!(refuses(["render", &at("case"), "--preset", "nope", "--out", &at("x.png")]).contains("nope"));
    assert!(refuses(["render", &at("case"), "--camera", "sideways", "--out", &at("x.png")]).contains("sideways"));
    assert!(refuses(["render", &at("case"), "--size", "0x9", "--out", &at("x.png")]).contains("pixels"));
    assert!(refuses(["open", &at("case")]).contains("display"));
    assert!(refuses(["phantom", "--out", &at("p")]).contains("not empty"));
}

#[test]
fn a_truncated_or_mangled_slice_never_passes_in_silence() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name).display().to_string();
    works(words("phantom --region head --pixel 3 --slice 6 --noise 0 --out").into_iter().chain([at("p")]));
    let folder = temporary.path().join("p/dicom");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let victim = files[files.len() / 2].clone();
    let bytes = std::fs::read(&victim).unwrap();
    let cut = std::fs::OpenOptions::new().write(true).open(&victim).unwrap();
    cut.set_len(bytes.len() as u64 / 2).unwrap();
    // Cut in half: the slice is missing, and that is told and refused, not filled in silence.
    let told = refuses(["import", &folder.display().to_string(), "--case", &at("case")]);
    assert!(!told.trim().is_empty());
    assert!(!temporary.path().join("case").exists());
}

#[test]
fn odd_files_of_other_people_never_panic() {
    let Some(folder) = shared_data("ct_dicom/odd_files_pydicom") else { return };
    let temporary = tempfile::tempdir().unwrap();
    for (number, file) in std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).enumerate() {
        // Either it is imported or refused with a reason; `fabrica` fails the test on a panic.
        let case = temporary.path().join(number.to_string());
        let ran = fabrica(["import".as_ref(), file.as_os_str(), "--case".as_ref(), case.as_os_str()]);
        assert!(ran.ok || ran.err.contains("error: "), "{}: {}", file.display(), ran.err);
        assert_eq!(ran.ok, case.exists(), "{}", file.display());
    }
}
