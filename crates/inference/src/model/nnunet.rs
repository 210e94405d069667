//! nnU-Net v2 folders: `plans.json` and `dataset.json` as nnU-Net writes them, beside `fold_*.onnx`.
//!
//! Isensee et al., "nnU-Net: a self-configuring method for deep learning-based biomedical image segmentation", Nature
//! Methods 18, 2021; its package nnunetv2 2.x (`preprocessing`, `inference`). What nnU-Net keeps in the checkpoint and not
//! in these files comes from an optional `fabrica.json`:
//! ```json
//! { "configuration": "3d_fullres", "orientation": "RAS", "mirror_axes": [0, 1, 2] }
//! ```
//! `orientation` is that of the training images where it matters (TotalSegmentator: `RAS`); without it the scan is taken as
//! it is stored, as nnU-Net does. A folder `previous/` with networks of its own is the first stage of a cascade.

use std::path::Path;

use fabrica_volume::Rgb;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Channel, Crop, Frame, Label, Model, ModelKind, NetworkFile, Normalisation, Orientation, Outputs, Placing, Spline,
    Steps, Tiles, letters, read_text,
};
use crate::InferenceError;
use crate::model::ordered::Ordered;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Extra {
    configuration: Option<String>,
    orientation: Option<String>,
    mirror_axes: Vec<usize>,
    temperature: Option<f64>,
}

#[derive(Deserialize)]
struct Dataset {
    #[serde(alias = "modality")]
    channel_names: Ordered<Value>,
    labels: Ordered<Value>,
}

#[derive(Deserialize)]
struct Plans {
    dataset_name: Option<String>,
    transpose_forward: [usize; 3],
    image_reader_writer: Option<String>,
    configurations: Map<String, Value>,
    #[serde(default)]
    foreground_intensity_properties_per_channel: Map<String, Value>,
}

/// The part of a configuration that inference needs.
#[derive(Deserialize)]
struct Configuration {
    patch_size: Vec<usize>,
    spacing: Vec<f64>,
    normalization_schemes: Vec<String>,
    #[serde(default)]
    use_mask_for_norm: Vec<bool>,
    resampling_fn_data_kwargs: Option<Resampling>,
    resampling_fn_probabilities_kwargs: Option<Resampling>,
    previous_stage: Option<String>,
}

#[derive(Deserialize)]
struct Resampling {
    order: u8,
    order_z: u8,
    force_separate_z: Option<bool>,
}

#[derive(Deserialize)]
struct Intensities {
    mean: f64,
    std: f64,
    percentile_00_5: f64,
    percentile_99_5: f64,
}

/// Reads an nnU-Net folder.
pub fn open(folder: &Path) -> Result<Model, InferenceError> {
    let extra_path = folder.join("fabrica.json");
    let extra: Extra = if extra_path.is_file() { read_json(&extra_path)? } else { Extra::default() };
    let plans_path = folder.join("plans.json");
    let plans: Plans = read_json(&plans_path)?;
    let dataset_path = folder.join("dataset.json");
    let dataset: Dataset = read_json(&dataset_path)?;
    let name = configuration_name(folder, &plans, &extra).ok_or_else(|| {
        InferenceError::model(
            &plans_path,
            "it is not clear which configuration the networks are of; name it in fabrica.json",
        )
    })?;
    stage(folder, folder, &plans, &dataset, &extra, &name)
}

fn stage(
    root: &Path,
    networks: &Path,
    plans: &Plans,
    dataset: &Dataset,
    extra: &Extra,
    name: &str,
) -> Result<Model, InferenceError> {
    let plans_path = root.join("plans.json");
    let wrong = |what: String| InferenceError::model(&plans_path, what);
    let settings = inherited(plans, name).map_err(&wrong)?;
    let configuration: Configuration =
        serde_json::from_value(settings).map_err(|e| wrong(format!("configuration {name}: {e}")))?;
    let three = |values: &[f64]| <[f64; 3]>::try_from(values).ok();
    let (Some(spacing), Ok(sides)) =
        (three(&configuration.spacing), <[usize; 3]>::try_from(configuration.patch_size.as_slice()))
    else {
        return Err(wrong(format!("configuration {name} is two-dimensional; three-dimensional ones are supported")));
    };
    let mut order = plans.transpose_forward;
    order.sort_unstable();
    if order != [0, 1, 2] {
        return Err(wrong(format!("transpose_forward is {:?}, no permutation", plans.transpose_forward)));
    }
    let channels = channels(plans, dataset, &configuration).map_err(&wrong)?;
    let outputs = outputs(&dataset.labels).map_err(|what| InferenceError::model(&root.join("dataset.json"), what))?;
    let spline = |resampling: &Option<Resampling>, default: u8| match resampling {
        None => Ok(Spline { order: default, across_slices: Some(0) }),
        Some(r) if [0, 1, 3].contains(&r.order) && [0, 1].contains(&r.order_z) => {
            Ok(Spline { order: r.order, across_slices: (r.force_separate_z != Some(false)).then_some(r.order_z) })
        }
        Some(r) => {
            Err(wrong(format!("resampling of order {} and {} across slices is not supported", r.order, r.order_z)))
        }
    };
    let previous = match &configuration.previous_stage {
        None => None,
        Some(stage_name) => {
            let folder = networks.join("previous");
            Some(Box::new(stage(root, &folder, plans, dataset, extra, stage_name)?))
        }
    };
    Ok(Model {
        folder: root.to_owned(),
        kind: ModelKind::NnUnet,
        name: plans.dataset_name.clone().unwrap_or_else(|| "nnU-Net".into()),
        about: format!("nnU-Net v2, configuration {name}"),
        networks: folds(networks)?,
        channels,
        frame: Frame {
            orientation: orientation(plans, extra).map_err(&wrong)?,
            spacing: Some(spacing),
            placing: Placing::Edges,
            crop: Crop::Nonzero,
            image: spline(&configuration.resampling_fn_data_kwargs, 3)?,
            outputs: spline(&configuration.resampling_fn_probabilities_kwargs, 1)?,
            normalise_first: true,
        },
        tiles: Tiles { sides: Some(sides), overlap: 0.5, steps: Steps::Even, gaussian: Some(0.125) },
        mirror: extra.mirror_axes.clone(),
        outputs,
        post: Vec::new(),
        temperature: extra.temperature.unwrap_or(1.0),
        is_calibrated: extra.temperature.is_some(),
        first: previous,
    })
}

fn configuration_name(folder: &Path, plans: &Plans, extra: &Extra) -> Option<String> {
    if let Some(name) = &extra.configuration {
        return Some(name.clone());
    }
    // nnU-Net's own folders are named trainer__plans__configuration.
    let folder = folder.file_name()?.to_string_lossy().into_owned();
    let known = |name: &str| plans.configurations.contains_key(name);
    if let Some(name) = folder.rsplit("__").next().filter(|n| known(n)) {
        return Some(name.into());
    }
    let volumes: Vec<&String> = plans.configurations.keys().filter(|k| k.as_str() != "2d").collect();
    match volumes.as_slice() {
        [only] => Some((*only).clone()),
        _ if known("3d_fullres") => Some("3d_fullres".into()),
        _ => None,
    }
}

/// A configuration with what it inherits.
fn inherited(plans: &Plans, name: &str) -> Result<Value, String> {
    let mut settings = Map::new();
    let mut wanted = Some(name.to_owned());
    for _ in 0..8 {
        let Some(current) = wanted.take() else { return Ok(Value::Object(settings)) };
        let Some(Value::Object(own)) = plans.configurations.get(&current) else {
            return Err(format!("there is no configuration {current:?}"));
        };
        for (key, value) in own {
            settings.entry(key.clone()).or_insert_with(|| value.clone());
        }
        wanted = own.get("inherits_from").and_then(Value::as_str).map(str::to_owned);
    }
    Err(format!("configuration {name} inherits from itself"))
}

fn channels(plans: &Plans, dataset: &Dataset, configuration: &Configuration) -> Result<Vec<Channel>, String> {
    let names = &dataset.channel_names.0;
    let schemes = &configuration.normalization_schemes;
    if names.len() != schemes.len() {
        return Err(format!("{} images have {} normalisations", names.len(), schemes.len()));
    }
    let mut channels = Vec::new();
    for (n, ((key, name), scheme)) in names.iter().zip(schemes).enumerate() {
        let masked = configuration.use_mask_for_norm.get(n).copied().unwrap_or(false);
        let normalisation = match scheme.as_str() {
            "CTNormalization" => {
                let known = plans.foreground_intensity_properties_per_channel.get(key);
                let known = known.ok_or_else(|| format!("the intensities of image {key} are missing"))?;
                let i: Intensities =
                    serde_json::from_value(known.clone()).map_err(|e| format!("intensities of image {key}: {e}"))?;
                vec![
                    Normalisation::Clip { low: i.percentile_00_5, high: i.percentile_99_5 },
                    Normalisation::Shift { mean: i.mean, deviation: i.std.max(1e-8) },
                ]
            }
            "ZScoreNormalization" => vec![Normalisation::ZScore { nonzero: masked }],
            "NoNormalization" => Vec::new(),
            "RescaleTo01Normalization" => {
                vec![Normalisation::Percentile { from: [0.0, 100.0], to: [0.0, 1.0], clip: false }]
            }
            "RGBTo01Normalization" => vec![Normalisation::Scale { from: [0.0, 255.0], to: [0.0, 1.0], clip: false }],
            other => return Err(format!("the normalisation {other} is not known")),
        };
        let name = name.as_str().map_or_else(|| key.clone(), str::to_owned);
        channels.push(Channel { name, normalisation });
    }
    Ok(channels)
}

/// nnU-Net's label manager: labels that are lists are regions, in the file's order.
fn outputs(labels: &Ordered<Value>) -> Result<Outputs, String> {
    let numbers = |value: &Value| -> Option<Vec<u64>> {
        match value {
            Value::Array(values) => values.iter().map(Value::as_u64).collect(),
            value => Some(vec![value.as_u64()?]),
        }
    };
    let mut entries = Vec::new();
    for (name, value) in &labels.0 {
        let numbers = numbers(value)
            .ok_or_else(|| format!("label {name:?} is {value}, neither a number nor a list of numbers"))?;
        entries.push((name, numbers, value.is_array()));
    }
    let regions = entries.iter().any(|(name, numbers, list)| *list && numbers.len() > 1 && name.as_str() != "ignore");
    let wanted =
        entries.iter().filter(|(name, numbers, _)| name.as_str() != "ignore" && numbers.iter().any(|&n| n != 0));
    let label = |n: usize, channel: usize, name: &str| Label {
        channel,
        name: name.into(),
        colour: Rgb::palette(n),
        code: None,
    };
    if regions {
        let labels: Vec<Label> = wanted.enumerate().map(|(n, (name, _, _))| label(n, n, name)).collect();
        return Ok(Outputs::Regions { channels: labels.len(), labels });
    }
    let labels: Vec<Label> =
        wanted.enumerate().map(|(n, (name, numbers, _))| label(n, numbers[0] as usize, name)).collect();
    let channels = labels.iter().map(|l| l.channel + 1).max().unwrap_or(0);
    Ok(Outputs::Classes { channels, labels })
}

fn orientation(plans: &Plans, extra: &Extra) -> Result<Orientation, String> {
    let order = plans.transpose_forward;
    let asked = match (&extra.orientation, plans.image_reader_writer.as_deref()) {
        (Some(asked), _) => asked.as_str(),
        // This reader turns every image to RAS first.
        (None, Some("NibabelIOWithReorient")) => "RAS",
        (None, _) => return Ok(Orientation::Scan { order }),
    };
    let letters =
        letters(asked).ok_or_else(|| format!("the orientation {asked:?} is not three letters such as RAS"))?;
    // Images are read with their axes reversed: slices, rows, columns.
    let reversed = [letters[2], letters[1], letters[0]];
    Ok(Orientation::Nearest { letters: order.map(|n| reversed[n]) })
}

fn folds(folder: &Path) -> Result<Vec<NetworkFile>, InferenceError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(InferenceError::io(folder))? {
        let path = entry.map_err(InferenceError::io(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("fold_") && name.ends_with(".onnx") {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(InferenceError::model(
            folder,
            "there is no fold_*.onnx beside plans.json; export the folds to ONNX first",
        ));
    }
    paths.sort();
    Ok(paths.into_iter().map(|path| NetworkFile { path, sha256: None }).collect())
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, InferenceError> {
    // Python writes NaN and Infinity, which JSON does not have; only statistics that are not used here hold them.
    let text = read_text(path)?;
    serde_json::from_str(&text).map_err(|e| InferenceError::model(path, e.to_string()))
}
