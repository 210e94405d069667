//! nnU-Net and MONAI folders as their tools write them.

mod common;

use common::{oblique_scan, pointwise, put};
use fabrica_inference::model::{Crop, Normalisation, Orientation, Outputs, Placing, Spline};
use fabrica_inference::{EngineChoice, Model, RunSettings, Steps, predict};
use fabrica_progress::Progress;

const PLANS: &str = r#"{
  "dataset_name": "Dataset900_Test", "plans_name": "nnUNetPlans", "transpose_forward": [0, 1, 2], "transpose_backward": [0, 1, 2],
  "image_reader_writer": "SimpleITKIO",
  "configurations": {
    "2d": {"patch_size": [64, 64], "spacing": [1.0, 1.0], "normalization_schemes": ["CTNormalization"], "use_mask_for_norm": [false]},
    "3d_fullres": {"patch_size": [16, 24, 24], "spacing": [2.0, 1.0, 1.0], "normalization_schemes": ["CTNormalization"],
      "use_mask_for_norm": [false],
      "resampling_fn_data_kwargs": {"is_seg": false, "order": 3, "order_z": 0, "force_separate_z": null},
      "resampling_fn_probabilities_kwargs": {"is_seg": false, "order": 1, "order_z": 0, "force_separate_z": null}},
    "3d_lowres": {"inherits_from": "3d_fullres", "spacing": [4.0, 2.0, 2.0]},
    "3d_cascade_fullres": {"inherits_from": "3d_fullres", "previous_stage": "3d_lowres"}
  },
  "foreground_intensity_properties_per_channel": {
    "0": {"max": 20.0, "mean": 5.0, "median": 4.0, "min": -10.0, "percentile_00_5": -9.0, "percentile_99_5": 15.0, "std": 2.0}}
}"#;

const DATASET: &str = r#"{"channel_names": {"0": "CT"}, "labels": {"background": 0, "left": 1}, "numTraining": 1, "file_ending": ".nii.gz"}"#;

fn nnunet(folder: &std::path::Path, dataset: &str, extra: Option<&str>, network: &[u8]) {
    put(&folder.join("plans.json"), PLANS.as_bytes());
    put(&folder.join("dataset.json"), dataset.as_bytes());
    put(&folder.join("fold_0.onnx"), network);
    put(&folder.join("fold_1.onnx"), network);
    if let Some(extra) = extra {
        put(&folder.join("fabrica.json"), extra.as_bytes());
    }
}

/// Values are (v - 5) / 2 after normalisation: over 3 is over -1.
fn over_three() -> Vec<u8> {
    pointwise(1, &[0.0, 2.0], &[0.0, 2.0])
}

#[test]
fn nnunet_as_written() {
    let folder = tempfile::tempdir().unwrap();
    nnunet(folder.path(), DATASET, Some(r#"{"orientation": "RAS", "mirror_axes": [0, 1]}"#), &over_three());
    let model = Model::open(folder.path()).unwrap();
    assert_eq!((model.name.as_str(), model.networks.len()), ("Dataset900_Test", 2));
    assert_eq!(model.frame.spacing, Some([2.0, 1.0, 1.0]));
    // Images are read with slices first: RAS becomes S, A, R.
    assert_eq!(model.frame.orientation, Orientation::Nearest { letters: ['S', 'A', 'R'] });
    assert_eq!((model.frame.crop, model.frame.placing), (Crop::Nonzero, Placing::Edges));
    assert_eq!(model.frame.image, Spline { order: 3, across_slices: Some(0) });
    assert_eq!((model.tiles.sides, model.tiles.steps), (Some([16, 24, 24]), Steps::Even));
    let expected = [Normalisation::Clip { low: -9.0, high: 15.0 }, Normalisation::Shift { mean: 5.0, deviation: 2.0 }];
    assert_eq!(model.channels[0].normalisation, expected);
    assert_eq!(model.mirror, [0, 1]);

    let scan = oblique_scan();
    let found = predict(&model, &[&scan], &EngineChoice::Best, &RunSettings::default(), &Progress::new()).unwrap();
    let (mut same, mut all) = (0, 0);
    for index in 0..scan.grid().len() {
        let at = scan.grid().position(index);
        all += 1;
        same += usize::from(found.structures[0].mask.get(at) == (scan.value(at).unwrap() > 3.0));
    }
    assert!(same as f64 > 0.97 * all as f64, "{same} of {all}");
}

#[test]
fn nnunet_regions_keep_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = r#"{"channel_names": {"0": "CT"}, "labels": {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "a": 3}, "regions_class_order": [1, 2, 3]}"#;
    nnunet(folder.path(), dataset, None, &over_three());
    let Outputs::Regions { channels, labels } = Model::open(folder.path()).unwrap().outputs else {
        panic!("regions expected")
    };
    let names: Vec<_> = labels.iter().map(|l| (l.channel, l.name.as_str())).collect();
    assert_eq!((channels, names), (3, vec![(0, "whole"), (1, "core"), (2, "a")]));
}

#[test]
fn nnunet_cascade_gives_its_labels_to_the_second_stage() {
    let folder = tempfile::tempdir().unwrap();
    // The second stage looks only at the first one's label: 4 where it was found.
    nnunet(
        folder.path(),
        DATASET,
        Some(r#"{"configuration": "3d_cascade_fullres"}"#),
        &pointwise(2, &[0.0, 0.0, 0.0, 4.0], &[0.0, -2.0]),
    );
    std::fs::create_dir(folder.path().join("previous")).unwrap();
    put(&folder.path().join("previous/fold_0.onnx"), &over_three());
    let model = Model::open(folder.path()).unwrap();
    let scan = oblique_scan();
    let found = predict(&model, &[&scan], &EngineChoice::Best, &RunSettings::default(), &Progress::new()).unwrap();
    let wanted = (0..scan.grid().len()).filter(|&i| scan.samples().get(i) > 3.0).count();
    let ratio = found.structures[0].mask.count() as f64 / wanted as f64;
    assert!((0.9..1.1).contains(&ratio), "{ratio}");
}

#[test]
fn nnunet_that_is_incomplete_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let says = |word: &str| {
        let error = Model::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    put(&folder.path().join("plans.json"), PLANS.as_bytes());
    says("dataset.json");
    put(&folder.path().join("dataset.json"), DATASET.as_bytes());
    says("fold_");
    put(&folder.path().join("fold_0.onnx"), b"x");
    put(&folder.path().join("fabrica.json"), br#"{"configuration": "2d"}"#);
    says("two-dimensional");
    put(&folder.path().join("fabrica.json"), br#"{"configuration": "5d"}"#);
    says("5d");
    put(&folder.path().join("plans.json"), b"{");
    says("plans.json");
}

const METADATA: &str = r#"{"name": "Left", "description": "finds what is left", "copyright": "nobody",
  "network_data_format": {"inputs": {"image": {"num_channels": 1}},
    "outputs": {"pred": {"num_channels": 2, "channel_def": {"0": "background", "1": "left"}}}}}"#;

const INFERENCE: &str = r#"{
  "bundle_root": "/anywhere", "window": [24, 24, 24],
  "preprocessing": {"_target_": "Compose", "transforms": [
    {"_target_": "LoadImaged", "keys": "image"},
    {"_target_": "EnsureChannelFirstd", "keys": "image"},
    {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
    {"_target_": "Spacingd", "keys": "image", "pixdim": [1.0, 1.0, 1.5], "mode": "bilinear"},
    {"_target_": "ScaleIntensityRanged", "keys": "image", "a_min": -7, "a_max": 13, "b_min": 0.0, "b_max": 1.0, "clip": true}]},
  "inferer": {"_target_": "SlidingWindowInferer", "roi_size": "@window", "sw_batch_size": 4, "overlap": 0.5, "mode": "gaussian"},
  "postprocessing": {"_target_": "Compose", "transforms": [
    {"_target_": "Activationsd", "keys": "pred", "softmax": true},
    {"_target_": "AsDiscreted", "keys": "pred", "argmax": true}]}
}"#;

#[test]
fn monai_bundle_as_written() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["configs", "models"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    put(&folder.path().join("configs/metadata.json"), METADATA.as_bytes());
    put(&folder.path().join("configs/inference.json"), INFERENCE.as_bytes());
    // Scaled value 0.5 is 3.
    put(&folder.path().join("models/model.onnx"), &pointwise(1, &[0.0, 20.0], &[0.0, -10.0]));
    let model = Model::open(folder.path()).unwrap();
    assert_eq!(
        (model.tiles.sides, model.tiles.steps, model.tiles.gaussian),
        (Some([24; 3]), Steps::Fixed, Some(0.125))
    );
    assert_eq!(model.frame.placing, Placing::FirstCentre);
    let scan = oblique_scan();
    let found = predict(&model, &[&scan], &EngineChoice::Best, &RunSettings::default(), &Progress::new()).unwrap();
    for index in 0..scan.grid().len() {
        let at = scan.grid().position(index);
        let value = scan.value(at).unwrap();
        let border = (0..3).any(|a| at[a] < 2 || at[a] + 3 > scan.grid().dims()[a]);
        if (value - 3.0).abs() > 0.05 && !border {
            assert_eq!(found.structures[0].mask.get(at), value > 3.0, "at {at:?}: {value}");
        }
    }
}

#[test]
fn monai_bundles_that_compute_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("metadata.json"), METADATA.as_bytes());
    put(&folder.path().join("model.onnx"), &over_three());
    for (from, to, word) in [
        ("\"@window\"", "\"$[24] * 3\"", "Python"),
        ("\"@window\"", "\"@nothing\"", "@nothing"),
        ("ScaleIntensityRanged", "RandFlipd", "RandFlip"),
        ("SlidingWindowInferer", "PatchInferer", "PatchInferer"),
    ] {
        put(&folder.path().join("inference.json"), INFERENCE.replace(from, to).as_bytes());
        let error = Model::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}
