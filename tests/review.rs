//! A network's structure from segmentation to print: what it was unsure of is decided, its size checked, or nothing is printed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how tests fail")]
#![allow(clippy::print_stderr, clippy::disallowed_methods, reason = "skipped tests say so; a test's files are its own")]

mod common;
#[path = "../crates/inference/tests/common/mod.rs"]
mod networks;

use std::path::Path;

use common::{refuses, works};
use fabrica_formats::{Compression, write_nrrd_to};
use fabrica_geometry::{Grid, LpsPoint};
use fabrica_progress::Progress;
use serde_json::Value;

/// "block" is where the value is over 3; how sure the network is follows from how far over.
const DESCRIPTION: &str = r##"
name = "over three"
[[network]]
file = "network.onnx"
[[channel]]
name = "any"
[input]
orientation = "scan"
[output]
kind = "classes"
channels = 2
[[label]]
channel = 1
name = "block"
colour = "#c08040"
"##;

fn within(p: LpsPoint, low: [f64; 3], high: [f64; 3]) -> bool {
    (0..3).all(|a| p.0[a] > low[a] && p.0[a] < high[a])
}

/// A block of 20 by 20 by 16 mm in which 5 by 5 by 5 mm are taken in at 60 %, and 4 by 4 by 4 mm beside it that are left out
/// at 60 %; all else is as good as sure. And the network that finds it.
fn scan_and_model(folder: &Path) {
    let grid = Grid::axis_aligned([40, 32, 28], LpsPoint::default(), [1.0; 3]).unwrap();
    let scan = networks::of_position(grid, |p| {
        if within(p, [11.5, 11.5, 9.5], [16.5, 16.5, 14.5]) {
            3.4
        } else if within(p, [5.5, 5.5, 5.5], [25.5, 25.5, 21.5]) {
            12.0
        } else if within(p, [30.5, 11.5, 9.5], [34.5, 15.5, 13.5]) {
            2.6
        } else {
            -6.0
        }
    });
    let mut file = std::fs::File::create(folder.join("scan.nrrd")).unwrap();
    write_nrrd_to(&scan, &mut file, Compression::Gzip, &Progress::new()).unwrap();
    let network = networks::pointwise(1, &[0.0, 1.0], &[0.0, -3.0]);
    networks::toml_model(&folder.join("model"), &network, DESCRIPTION);
}

#[test]
fn nothing_is_printed_before_every_step_of_the_review() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let at = |name: &str| folder.join(name).display().to_string();
    scan_and_model(folder);
    let case = at("case");
    works(["import", &at("scan.nrrd"), "--case", &case]);
    let said = works(["segment", &case, "--model", &at("model")]);
    assert!(said.contains("uncalibrated") && said.contains("2 doubtful regions"), "{said}");
    let review = |more: &[&str]| -> Vec<String> {
        let start = ["review", &case, "--structure", "block"];
        start.iter().chain(more).map(|w| (*w).to_owned()).collect()
    };
    let print = |out: &str, more: &[&str]| -> Vec<String> {
        let out = at(out);
        let start = ["print", &case, "--structure", "block", "--smoothing", "0", "--out", &out];
        start.iter().chain(more).map(|w| (*w).to_owned()).collect()
    };

    // The list: 125 mm³ taken in, then 64 mm³ left out, both at 60 %.
    let list: Value = serde_json::from_str(&works(review(&["--json"]))).unwrap();
    let block = &list["structures"][0];
    assert_eq!(block["validated"], false);
    assert!(block["list"]["calibration"].is_null());
    let regions = block["regions"].as_array().unwrap();
    let of =
        |n: usize| (regions[n]["region"]["side"].as_str().unwrap(), regions[n]["region"]["volume"].as_f64().unwrap());
    assert_eq!((of(0).0, of(1).0, regions.len()), ("inside", "outside", 2));
    assert!((of(0).1 - 125.0).abs() < 1e-3 && (of(1).1 - 64.0).abs() < 1e-3, "{list}");
    assert!((regions[0]["region"]["expected_error"].as_f64().unwrap() - 50.0).abs() < 1.0);
    let low = regions[1]["box_lps_mm"][0].as_array().unwrap();
    assert!((low[0].as_f64().unwrap() - 30.5).abs() < 1e-6, "{low:?}");
    assert!(works(review(&[])).contains("UNCALIBRATED"));
    let there = works(review(&["--goto", "2"]));
    assert!(there.contains("region 2 of block, at 3"), "{there}");

    // No result before the review.
    for (ran, file) in [
        (refuses(print("early.stl", &[])), "early.stl"),
        (refuses(["export", &case, "--dicom", "--out", &at("early")]), "early"),
        (refuses(["export", &case, "--structures", "--out", &at("early.seg.nrrd")]), "early.seg.nrrd"),
    ] {
        assert!(ran.contains("2 of 2 doubtful regions (1, 2) are not decided"), "{ran}");
        assert!(ran.contains("size was not checked") && ran.contains("--override-unvalidated"), "{ran}");
        assert!(!folder.join(file).exists());
    }

    // No step can be left out.
    let said = refuses(review(&["--validate"]));
    assert!(said.contains("cannot be validated: 2 of 2") && said.contains("--check"), "{said}");
    works(review(&["--accept", "1", "--by", "Dr Anna"]));
    assert!(refuses(review(&["--reject", "2"])).contains("--reason"));
    works(review(&["--reject", "2", "--reason", "it belongs to the block"]));
    assert!(refuses(review(&["--validate"])).contains("(2) are rejected"));
    assert!(refuses(review(&["--corrected", "2"])).contains("nothing was edited in region 2"));
    works(["edit", &case, "--structure", "block", "brush", "--at", "32.5,13.5,11.5", "--radius", "2.5"]);
    assert!(refuses(review(&["--validate"])).contains("(2) are edited after they were decided"));
    works(review(&["--corrected", "2"]));
    let said = refuses(review(&["--validate"]));
    assert!(said.contains("size was not checked") && !said.contains("doubtful"), "{said}");
    // 22.5 mm between places of which one is 2.5 mm off the border.
    let off = works(review(&["--check", "5.5,20,18", "28,20,18"]));
    assert!(off.contains("22.50 mm in the images, 20.00 mm on the structure") && off.contains("DO NOT AGREE"), "{off}");
    assert!(refuses(review(&["--validate"])).contains("differs by -2.50 mm, more than 1.00 mm"));
    // Set roughly, and moved to the edges of the images.
    let good = works(review(&["--check", "5.2,20,18", "25.8,20,18", "--snap", "3"]));
    assert!(good.contains("they agree"), "{good}");
    assert!(refuses(print("early.stl", &[])).contains("nobody has validated it"));
    assert!(works(review(&["--validate", "--by", "Dr Anna"])).contains("block: validated by Dr Anna"));

    works(print("block.stl", &[]));
    let passport = |name: &str| -> Value { serde_json::from_slice(&std::fs::read(at(name)).unwrap()).unwrap() };
    let words = passport("block.passport.json")["validation"].as_str().unwrap().to_owned();
    assert!(words.starts_with("validated by Dr Anna") && words.contains("on the structure"), "{words}");
    let header = |name: &str| String::from_utf8_lossy(&std::fs::read(at(name)).unwrap()[..80]).into_owned();
    assert!(!header("block.stl").contains("NOT VALIDATED"));
    works(["export", &case, "--dicom", "--out", &at("dicom")]);

    // An edit takes it back.
    works(["edit", &case, "--structure", "block", "brush", "--at", "6,6,6", "--radius", "1.5", "--erase"]);
    let said = refuses(print("later.stl", &[]));
    assert!(said.contains("edited after its size was checked"), "{said}");

    // In spite of it, by name and with a reason: recorded, and the files say it.
    let reason = ["--override-unvalidated", "for teaching only"];
    works(print("later.stl", &reason));
    assert!(header("later.stl").contains("NOT VALIDATED block"), "{}", header("later.stl"));
    let words = passport("later.passport.json")["validation"].as_str().unwrap().to_owned();
    assert!(words.starts_with("NOT VALIDATED (for teaching only)"), "{words}");
    works([&["export", &case, "--dicom", "--out", &at("later")], &reason[..]].concat());
    let seg = std::fs::read(folder.join("later/segmentation.dcm")).unwrap();
    assert!(seg.windows(13).any(|w| w == b"NOT VALIDATED"));
    let log = std::fs::read_to_string(at("case/audit.jsonl")).unwrap();
    assert!(log.contains("NOT VALIDATED (for teaching only)") && log.contains("review: override"), "{log}");

    // A copy under another name is no way round, and is reviewed by the same list.
    works(["segment", &case, "--from", "block", "--name", "copy", "--then", "dilate=1"]);
    let said = refuses(["print", &case, "--structure", "copy", "--out", &at("copy.stl")]);
    assert!(said.contains("2 of 2 doubtful regions"), "{said}");
    // What people made themselves is theirs to answer for.
    works(["segment", &case, "--threshold", "3..", "--name", "by hand"]);
    works(["print", &case, "--structure", "by hand", "--out", &at("hand.stl")]);
}

#[test]
fn a_model_says_what_its_percentages_are_worth() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let at = |name: &str| folder.join(name).display().to_string();
    scan_and_model(folder);
    works(["import", &at("scan.nrrd"), "--case", &at("case")]);
    let fit = r#""fit":{"on":"made up","regions":100,"error_before":0.2,"error_after":0.01}"#;
    // As if 60 % had been right nine times in ten.
    let calibration = format!(r#"{{"isotonic":{{"knots":[[0.5,0.5],[0.6,0.9],[1.0,1.0]],{fit}}}}}"#);
    std::fs::write(folder.join("model/calibration.json"), calibration).unwrap();
    let said = works(["segment", &at("case"), "--model", &at("model")]);
    assert!(said.contains("Confidence calibrated: isotonic") && said.contains(" 0 doubtful regions"), "{said}");
    std::fs::write(folder.join("model/calibration.json"), "{}").unwrap();
    let wrong = refuses(["segment", &at("case"), "--model", &at("model"), "--replace"]);
    assert!(wrong.contains("calibration.json"), "{wrong}");
    let wrong = refuses(["segment", &at("case"), "--model", &at("model"), "--review-below", "20"]);
    assert!(wrong.contains("50 to 100"), "{wrong}");
}
