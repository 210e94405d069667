//! From the synthetic patient's DICOM to a printable model, against its exact truth.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]
#![allow(clippy::print_stderr, reason = "skipped tests say so")]

mod common;

use common::{bounds, enclosed, refuses, stl_triangles, words, works};
use serde_json::Value;

/// Synthetic abdomen of 1 mm voxels without noise: folder, and its truth.
fn patient(folder: &std::path::Path, more: &str) -> Value {
    let out = folder.join("patient");
    let line = format!("phantom --region abdomen --pixel 1 --slice 1 --noise 0 {more} --out");
    works(words(&line).into_iter().chain([out.display().to_string()]));
    serde_json::from_slice(&std::fs::read(out.join("truth.json")).unwrap()).unwrap()
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let all = list.as_array().unwrap();
    all.iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("no {name} in {list}"))
}

fn numbers(value: &Value) -> [f64; 3] {
    let list = value.as_array().unwrap();
    std::array::from_fn(|a| list[a].as_f64().unwrap())
}

#[test]
fn volumes_lengths_and_sides_survive_the_whole_path() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let at = |name: &str| folder.join(name).display().to_string();
    let truth = patient(folder, "");

    let listed = works(["series", &at("patient"), "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["scans"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["scans"][0]["modality"], "CT");

    works(["import", &at("patient"), "--case", &at("case")]);
    let info: Value = serde_json::from_str(&works(["info", &at("case"), "--json"])).unwrap();
    assert_eq!(info["simulated"], true);
    let volume = &info["volumes"][0];
    assert_eq!(numbers(&volume["spacing_mm"]), [1.0; 3]);
    assert_eq!(volume["orientation"], "LPS");
    assert_eq!(volume["unit"], "Hounsfield");
    assert_eq!(volume["warnings"].as_array().unwrap().len(), 0);
    // The label maps lay beside the scan and came along.
    assert!(info["structures"].as_array().unwrap().len() > 5, "{info}");

    // The liver lies on the right: x below 0. Its printed surface encloses its true volume.
    works(["print", &at("case"), "--structure", "liver", "--out", &at("liver.stl")]);
    let liver = stl_triangles(&folder.join("liver.stl"));
    let expected = named(&truth["organs"], "liver");
    let volume = expected["volume"].as_f64().unwrap();
    let error = (enclosed(&liver) - volume) / volume;
    assert!(error.abs() < 0.005, "the liver's volume is off by {:.3} %", error * 100.0);
    let middle = liver.iter().flatten().map(|c| c[0]).sum::<f64>() / (3 * liver.len()) as f64;
    assert!(middle < -20.0, "the liver's surface is centred at x = {middle}: the wrong side");
    let report: Value = serde_json::from_slice(&std::fs::read(at("liver.report.json")).unwrap()).unwrap();
    assert_eq!(report["simulated"], true);

    // A stone, separated by its brightness: its diameter to a fifth of a voxel, its place likewise.
    let stone = truth["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["name"].as_str().unwrap().contains("stone"))
        .max_by(|a, b| a["diameter"].as_f64().unwrap().total_cmp(&b["diameter"].as_f64().unwrap()))
        .expect("the patient has stones");
    let (centre, diameter) = (numbers(&stone["centre"]), stone["diameter"].as_f64().unwrap());
    let inside = works(["info", &at("case")]);
    assert!(inside.contains("SYNTHETIC") || inside.to_lowercase().contains("simulated"), "{inside}");
    // It lies in urine (6 HU) and has 1150 HU: where a voxel is half full lies the border.
    let threshold = "578..";
    let island = format!("at={},{},{}", centre[0], centre[1], centre[2]);
    works(["segment", &at("case"), "--threshold", threshold, "--then", &island, "--name", "stone"]);
    works(["print", &at("case"), "--structure", "stone", "--smoothing", "0", "--out", &at("stone.stl")]);
    let (low, high) = bounds(&stl_triangles(&folder.join("stone.stl")));
    for a in 0..3 {
        let (length, place) = (high[a] - low[a], (high[a] + low[a]) / 2.0);
        assert!((length - diameter).abs() < 0.2, "axis {a}: {length:.3} mm, truth {diameter} mm");
        assert!((place - centre[a]).abs() < 0.2, "axis {a}: at {place:.3} mm, truth {} mm", centre[a]);
    }

    // Left stays left through NIfTI and NRRD: the same samples at the same places.
    for name in ["export.nii.gz", "export.nrrd"] {
        works(["export", &at("case"), "--out", &at(name)]);
        let again = at(&format!("case of {name}"));
        works(["import", &at(name), "--case", &again]);
        let info: Value = serde_json::from_str(&works(["info", &again, "--json"])).unwrap();
        let (back, first) = (&info["volumes"][0], volume_of(&at("case")));
        for field in ["size", "range", "simulated"] {
            assert_eq!(back[field], first[field], "{name}: {field}");
        }
        let (a, b) = (numbers(&back["origin_lps_mm"]), numbers(&first["origin_lps_mm"]));
        assert!((0..3).all(|n| (a[n] - b[n]).abs() < 1e-3), "{name}: {a:?} {b:?}");
    }
}

fn volume_of(case: &str) -> Value {
    let info: Value = serde_json::from_str(&works(["info", case, "--json"])).unwrap();
    info["volumes"][0].clone()
}

#[test]
fn a_tilted_gantry_blocks_printing_until_it_is_accepted() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name).display().to_string();
    works(words("phantom --region head --pixel 2 --slice 3 --noise 0 --tilt 12 --out").into_iter().chain([at("p")]));

    let refused = refuses(["import", &at("p/dicom"), "--case", &at("case"), "--tilt", "refuse"]);
    assert!(refused.contains("12."), "the angle is not told: {refused}");
    works(["import", &at("p/dicom"), "--case", &at("case"), "--tilt", "resample"]);
    works(["segment", &at("case"), "--threshold", "300..", "--name", "skull"]);

    let blocked = refuses(["print", &at("case"), "--structure", "skull", "--out", &at("skull.stl")]);
    assert!(blocked.contains("fabrica accept"), "{blocked}");
    assert!(!temporary.path().join("skull.stl").exists());
    let info: Value = serde_json::from_str(&works(["info", &at("case"), "--json"])).unwrap();
    for warning in info["volumes"][0]["warnings"].as_array().unwrap() {
        let number = warning["number"].to_string();
        works(["accept", &at("case"), "--warning", &number, "--reason", "looked at the sagittal view"]);
    }
    works(["print", &at("case"), "--structure", "skull", "--out", &at("skull.stl")]);
    assert!(enclosed(&stl_triangles(&temporary.path().join("skull.stl"))) > 0.0);
    let log = std::fs::read_to_string(at("case/audit.jsonl")).unwrap();
    assert!(log.contains("accept geometry warning") && log.contains("print structure skull"), "{log}");
}

#[test]
fn sagittal_and_coronal_acquisitions_show_the_same_patient() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name).display().to_string();
    for orientation in ["sagittal", "coronal", "oblique"] {
        let (out, case) = (at(orientation), at(&format!("case {orientation}")));
        let line = format!("phantom --region abdomen --pixel 2 --slice 2 --noise 0 --orientation {orientation} --out");
        works(words(&line).into_iter().chain([out.clone()]));
        works(["import", &out, "--case", &case]);
        let model = at(&format!("{orientation}.stl"));
        works(["print", &case, "--structure", "liver", "--out", &model]);
        let truth: Value = serde_json::from_slice(&std::fs::read(format!("{out}/truth.json")).unwrap()).unwrap();
        let expected = named(&truth["organs"], "liver");
        let liver = stl_triangles(std::path::Path::new(&model));
        let volume = expected["volume"].as_f64().unwrap();
        // The region may cut the liver when it is oblique; the side and the size must be right all the same.
        assert!((enclosed(&liver) / volume - 1.0).abs() < 0.02, "{orientation}: {} of {volume}", enclosed(&liver));
        let (low, high) = bounds(&liver);
        let centroid = numbers(&expected["centroid"]);
        for a in 0..3 {
            assert!(low[a] < centroid[a] && centroid[a] < high[a], "{orientation}, axis {a}: {low:?} {high:?}");
        }
    }
}
