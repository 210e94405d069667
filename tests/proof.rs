//! A printed model's proof and passport, through the real binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]
#![allow(clippy::disallowed_methods, reason = "a test's files are its own")]
#![allow(clippy::print_stderr, reason = "skipped tests say so")]

mod common;

use std::path::Path;

use common::{refuses, stl_triangles, words, works};
use serde_json::Value;

type Triangles = Vec<[[f64; 3]; 3]>;
/// Where a change puts a point.
type Change = Box<dyn Fn([f64; 3]) -> [f64; 3]>;

/// A small synthetic patient's liver as a case, with a caliper across it; returns the caliper's name.
fn case(folder: &Path) -> String {
    let at = |name: &str| folder.join(name).display().to_string();
    works(words("phantom --region abdomen --pixel 6 --slice 6 --noise 0 --out").into_iter().chain([at("patient")]));
    works(["import", &at("patient"), "--case", &at("case")]);
    works(["print", &at("case"), "--structure", "liver", "--out", &at("first.stl")]);
    // From surface to surface along x, through the middle of the liver's longest row there.
    let triangles = stl_triangles(&folder.join("first.stl"));
    let (low, high) = common::bounds(&triangles);
    let middle: [f64; 3] = std::array::from_fn(|a| (low[a] + high[a]) / 2.0);
    let mut met: Vec<f64> = triangles.iter().filter_map(|t| crossing(t, middle[1] + 0.13, middle[2] + 0.17)).collect();
    met.sort_by(f64::total_cmp);
    let (from, to) = (met[0], met[1]);
    assert!(to - from > 10.0, "{met:?}");
    let point = |x: f64| format!("{x},{},{}", middle[1] + 0.13, middle[2] + 0.17);
    works(["measure", &at("case"), "--distance", &point(from), &point(to), "--name", "width"]);
    "width".into()
}

/// Where a line along x at (y, z) meets a triangle.
fn crossing(t: &[[f64; 3]; 3], y: f64, z: f64) -> Option<f64> {
    let side = |a: [f64; 3], b: [f64; 3]| (b[1] - a[1]) * (z - a[2]) - (b[2] - a[2]) * (y - a[1]);
    let weights = [side(t[1], t[2]), side(t[2], t[0]), side(t[0], t[1])];
    let all: f64 = weights.iter().sum();
    let within = weights.iter().all(|w| *w > 0.0) || weights.iter().all(|w| *w < 0.0);
    within.then(|| (0..3).map(|n| weights[n] * t[n][0]).sum::<f64>() / all)
}

fn write_stl(path: &Path, triangles: &Triangles) {
    let mut bytes = vec![0; 80];
    bytes.extend((triangles.len() as u32).to_le_bytes());
    for t in triangles {
        bytes.extend([0; 12]);
        t.iter().flatten().for_each(|c| bytes.extend((*c as f32).to_le_bytes()));
        bytes.extend([0; 2]);
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn no_mirrored_scaled_or_wrong_unit_file_passes_the_proof_and_test_prints_say_what_they_are() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let at = |name: &str| folder.join(name).display().to_string();
    let caliper = case(folder);
    std::fs::copy(at("first.stl"), at("liver.stl")).unwrap();
    let prove = |name: &str| {
        vec!["mesh".into(), "prove".into(), at(name), "--case".into(), at("case"), "--structure".into(), "liver".into()]
    };
    let said = works(prove("liver.stl"));
    assert!(said.contains("Proved") && said.contains(&caliper), "{said}");

    let triangles = stl_triangles(&folder.join("liver.stl"));
    let (low, high) = common::bounds(&triangles);
    let middle: [f64; 3] = std::array::from_fn(|a| (low[a] + high[a]) / 2.0);
    let scaled =
        |by: f64| move |p: [f64; 3]| -> [f64; 3] { std::array::from_fn(|a| middle[a] + (p[a] - middle[a]) * by) };
    let mirrored = move |axis: usize| {
        move |mut p: [f64; 3]| {
            p[axis] = 2.0 * middle[axis] - p[axis];
            p
        }
    };
    let changes: Vec<(&str, bool, Change)> = vec![
        ("mirrored left to right", true, Box::new(mirrored(0))),
        ("mirrored front to back", true, Box::new(mirrored(1))),
        ("mirrored head to feet", true, Box::new(mirrored(2))),
        ("inside out", true, Box::new(|p| p)),
        ("5 % too large", false, Box::new(scaled(1.05))),
        ("half the size", false, Box::new(scaled(0.5))),
        ("inches", false, Box::new(|p| p.map(|c| c / 25.4))),
        ("metres", false, Box::new(|p| p.map(|c| c / 1000.0))),
        ("centimetres", false, Box::new(|p| p.map(|c| c / 10.0))),
        ("turned to RAS", false, Box::new(|[x, y, z]| [-x, -y, z])),
        ("on the printer's bed", false, Box::new(move |p| std::array::from_fn(|a| p[a] - low[a]))),
    ];
    for (name, flips, change) in changes {
        let changed = |t: &[[f64; 3]; 3]| {
            let t = t.map(&change);
            if flips { [t[0], t[2], t[1]] } else { t }
        };
        write_stl(&folder.join("changed.stl"), &triangles.iter().map(changed).collect());
        let refused = refuses(prove("changed.stl"));
        assert!(refused.contains("proof"), "{name}: {refused}");
    }
    // A caliper that tells another length than the image has.
    let half =
        refuses(["mesh", "prove", &at("liver.stl"), "--case", &at("case"), "--structure", "liver", "--tolerance", "0"]);
    assert!(half.contains("tolerance"), "{half}");
    test_prints(folder, &caliper);
}

/// Walls are checked at the print's own size, and its marks are told.
fn test_prints(folder: &Path, caliper: &str) {
    let at = |name: &str| folder.join(name).display().to_string();
    let passport = |name: &str| -> Value { serde_json::from_slice(&std::fs::read(at(name)).unwrap()).unwrap() };
    let thin = |passport: &Value| -> (f64, u64) {
        let solid = &passport["parts"][0]["solids"][0]["inspection"];
        let counts = solid["counts"].as_array().unwrap().iter().filter(|c| c[0] == "thin_wall");
        (solid["least_wall"].as_f64().unwrap(), counts.map(|c| c[1].as_u64().unwrap()).sum())
    };
    let life = passport("first.passport.json");
    // At a tenth of its size all of it is thinner than at life size.
    let print = |more: &str, out: &str| {
        let line = ["print".into(), at("case"), "--structure".into(), "liver".into(), "--out".into(), at(out)];
        works(line.into_iter().chain(words(more)))
    };
    print("--scale 10", "tenth.3mf");
    let tenth = passport("tenth.passport.json");
    assert!((tenth["settings"]["scale"].as_f64().unwrap() - 0.1).abs() < 1e-12);
    assert!(thin(&tenth).0 < thin(&life).0 && thin(&tenth).1 > 0, "{:?} {:?}", thin(&tenth), thin(&life));
    // The measurement, in the patient's size, on what is printed.
    let line = &tenth["parts"][0]["proof"]["calipers"][0];
    assert_eq!(line["caliper"]["name"], caliper);
    let (measured, printed) = (line["measured"].as_f64().unwrap(), line["printed"].as_f64().unwrap());
    assert!((measured - printed).abs() < 0.5, "{line}");
    let page = std::fs::read_to_string(at("tenth.passport.html")).unwrap();
    for said in [
        "10.0 %, a test print; walls were checked at this size",
        "are thinner than",
        "1.50 mm at the model",
        "SYNTHETIC",
    ] {
        assert!(page.contains(said), "{said}");
    }
    // The side and the case's name, engraved where there is room for them.
    let triangles = stl_triangles(&folder.join("first.stl"));
    let (low, high) = common::bounds(&triangles);
    let right = format!("{},{},{}:R7", low[0], (low[1] + high[1]) / 2.0, (low[2] + high[2]) / 2.0);
    print(&format!("--engrave {right} --engrave-height 8"), "marked.3mf");
    let marked = passport("marked.passport.json");
    assert_eq!(marked["settings"]["engravings"][0]["text"], "R7");
    assert!(marked["steps"][0]["what"].as_str().unwrap().contains("\"R7\" engraved"), "{}", marked["steps"]);
    let page = std::fs::read_to_string(at("marked.passport.html")).unwrap();
    assert!(page.contains("&quot;R7&quot; engraved"), "the mark is told");
    assert!(std::fs::read(at("marked.passport.pdf")).unwrap().starts_with(b"%PDF-1.7"));
}
