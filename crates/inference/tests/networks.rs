//! Small networks of our own through the whole way, and files that must be refused.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use common::{Message, model, node, oblique_scan, of_position, pointwise, port, put, tensor, toml_model};
use fabrica_geometry::{Grid, LpsPoint};
use fabrica_inference::onnx::OnnxFile;
use fabrica_inference::{EngineChoice, InferenceError, Model, Prediction, RunSettings, predict};
use fabrica_progress::Progress;
use fabrica_volume::Volume;

/// Label "left" is where the value is over 3: left of x = 3 mm on [`oblique_scan`].
const DESCRIPTION: &str = r##"
name = "left of three"
[[network]]
file = "network.onnx"
[[channel]]
name = "any"
[input]
orientation = "ORIENTATION"
EXTRA
[output]
kind = "classes"
channels = 2
[[label]]
channel = 1
name = "left"
colour = "#102030"
"##;

fn description(orientation: &str, extra: &str) -> String {
    DESCRIPTION.replace("ORIENTATION", orientation).replace("EXTRA", extra)
}

fn run(description: &str, network: &[u8], scan: &Volume) -> Result<Prediction, InferenceError> {
    let folder = tempfile::tempdir().unwrap();
    toml_model(folder.path(), network, description);
    let model = Model::open(folder.path())?;
    let settings = RunSettings { threads: 1, ..RunSettings::default() };
    predict(&model, &[scan], &EngineChoice::Best, &settings, &Progress::new())
}

/// Channel 0 is 0, channel 1 is value - 3.
fn over_three() -> Vec<u8> {
    pointwise(1, &[0.0, 1.0], &[0.0, -3.0])
}

#[test]
fn left_stays_left_whatever_the_order_of_axes() {
    let scan = oblique_scan();
    for orientation in ["scan", "RAS", "LPS", "SAL", "IPR", "ASR"] {
        let found = run(&description(orientation, ""), &over_three(), &scan).unwrap();
        let left = &found.structures[0];
        assert_eq!((left.name.as_str(), left.colour), ("left", fabrica_volume::Rgb(0x10, 0x20, 0x30)));
        for index in 0..scan.grid().len() {
            let at = scan.grid().position(index);
            assert_eq!(left.mask.get(at), scan.value(at).unwrap() > 3.0, "{orientation} at {at:?}");
        }
    }
}

#[test]
fn another_spacing_a_box_and_tiles_keep_the_place() {
    let scan = oblique_scan();
    let extras = [
        "spacing_mm = [1.0, 1.0, 1.0]",
        "spacing_mm = [1.0, 1.0, 1.0]\norder = 3",
        "spacing_mm = [1.0, 1.0, 1.0]\nalong = \"patient\"",
        "spacing_mm = [0.9, 0.9, 0.9]\nbox = [64, 64, 64]",
        "spacing_mm = [0.9, 0.9, 0.9]\nbox = [64, 64, 64]\nalong = \"patient\"",
        "spacing_mm = [1.0, 1.0, 1.0]\n[tiles]\nsides = [8, 12, 40]\ngaussian = 0.125",
    ];
    for extra in extras {
        let found = run(&description("RAS", extra), &over_three(), &scan).unwrap();
        for index in 0..scan.grid().len() {
            let at = scan.grid().position(index);
            let value = scan.value(at).unwrap();
            // The value is linear in the place, so only the border of the scan bends it.
            let border = (0..3).any(|a| at[a] < 2 || at[a] + 3 > scan.grid().dims()[a]);
            if (value - 3.0).abs() > 0.05 && !border {
                assert_eq!(found.structures[0].mask.get(at), value > 3.0, "{extra} at {at:?}: {value}");
            }
        }
    }
}

#[test]
fn confidence_is_the_probability() {
    let grid = Grid::axis_aligned([3, 1, 1], LpsPoint::default(), [1.0; 3]).unwrap();
    // Logit differences -1, 0, 2 at 2, 3, 5.
    let scan = of_position(grid, |p| [2.0, 3.0, 5.0][p.0.x.round() as usize]);
    let found = run(&description("scan", ""), &over_three(), &scan).unwrap();
    let percent: Vec<f64> = (0..3).map(|i| found.confidence.value([i, 0, 0]).unwrap()).collect();
    assert_eq!(percent, [73.0, 50.0, 88.0]);
    assert!(found.notes.iter().any(|n| n.contains("never calibrated")));
}

#[test]
fn mirrored_and_averaged_is_the_same_for_a_symmetric_network() {
    let scan = oblique_scan();
    let plain = run(&description("RAS", ""), &over_three(), &scan).unwrap();
    let mirrored = run(
        &description("RAS", "").replacen("[[network]]", "mirror = [0, 1, 2]\n[[network]]", 1),
        &over_three(),
        &scan,
    );
    assert_eq!(plain.structures[0].mask.words(), mirrored.unwrap().structures[0].mask.words());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let scan = oblique_scan();
    let plain = description("RAS", "");
    let refused = |description: &str, network: &[u8], word: &str| {
        let error = run(description, network, &scan).map(drop).unwrap_err().to_string();
        assert!(error.contains(word), "{error} should say {word:?}");
    };
    // Not a number: 0 divided by 0.
    refused(&plain, &pointwise(1, &[0.0, f32::NAN], &[0.0, 0.0]), "not finite");
    refused(&plain, &pointwise(2, &[0.0; 4], &[0.0; 2]), "takes 2 images");
    refused(&plain, &pointwise(1, &[0.0; 3], &[0.0; 3]), "gives 3 channels");
    refused(&plain, &model(&Message::default(), 13), "input");
    refused(&plain, &over_three()[..60], "no ONNX model");
    refused(&plain, b"PK\x03\x04 no network", "no ONNX model");
    refused(&plain, &[], "no ONNX model");
    refused(&plain.replace("\"RAS\"", "\"RAR\""), &over_three(), "three letters");
    refused(&plain.replace("channel = 1", "channel = 7"), &over_three(), "channel 7 of 2");
    refused(&description("RAS", "spacing_mm = [1, 1, 1e-9]"), &over_three(), "between 0.01 and 100");
    refused(&description("RAS", "spacing_mm = [0.01, 0.01, 0.01]"), &over_three(), "too many");
    refused(&plain.replace("network.onnx", "../../etc/passwd"), &over_three(), "no name of a file");
    refused(&plain.replace("file =", "sha256 = \"00\"\nfile ="), &over_three(), "SHA-256");
}

#[test]
fn an_unknown_operator_is_told() {
    let graph = Message::default()
        .message(1, &node("Frobnicate", &["image"], &["logits"], &[]))
        .text(2, "g")
        .message(11, &port("image", 1))
        .message(12, &port("logits", 2));
    let error = run(&description("RAS", ""), &model(&graph, 13), &oblique_scan()).map(drop).unwrap_err().to_string();
    assert!(error.contains("Frobnicate"), "{error}");
}

#[test]
fn weights_in_other_files_are_refused() {
    let outside = Message::default().text(1, "location").text(2, "/etc/passwd");
    let weights = tensor("w", &[2, 1, 1, 1, 1], &[]).message(13, &outside).number(14, 1);
    let graph = Message::default()
        .message(1, &node("Conv", &["image", "w"], &["logits"], &[]))
        .text(2, "g")
        .message(5, &weights)
        .message(11, &port("image", 1))
        .message(12, &port("logits", 2));
    let error = OnnxFile::of("x.onnx".into(), model(&graph, 13)).unwrap_err();
    assert!(error.contains("another file"), "{error}");
}

#[test]
fn a_newer_operator_set_is_told() {
    let graph = Message::default().message(11, &port("image", 1)).message(12, &port("logits", 2));
    let error = OnnxFile::of("x.onnx".into(), model(&graph, 99)).unwrap_err();
    assert!(error.contains("operator set 99"), "{error}");
}

#[test]
fn an_empty_folder_says_what_a_model_is() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("readme.txt"), b"nothing");
    let error = Model::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("model.toml") && error.contains("plans.json"), "{error}");
}

#[test]
fn cancelling_stops() {
    let folder = tempfile::tempdir().unwrap();
    toml_model(folder.path(), &over_three(), &description("RAS", ""));
    let model = Model::open(folder.path()).unwrap();
    let progress = Progress::new();
    progress.cancel();
    let result = predict(&model, &[&oblique_scan()], &EngineChoice::Best, &RunSettings::default(), &progress);
    assert!(matches!(result, Err(InferenceError::Cancelled)));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]
    /// Damaged files are errors or networks, never a panic.
    #[test]
    fn damaged_files_do_not_panic(at in 0usize..400, byte in 0u8..=255, cut in 0usize..400) {
        let mut bytes = over_three();
        let len = bytes.len();
        bytes[at % len] = byte;
        bytes.truncate(len - cut % len);
        let _ = OnnxFile::of("x.onnx".into(), bytes);
    }
}
