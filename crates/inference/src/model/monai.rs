//! MONAI bundles: `metadata.json` and `inference.json` (beside the networks or under `configs/`), networks as `*.onnx`.
//!
//! The bundle's configuration is a program in disguise (<https://docs.monai.io/en/stable/config_syntax.html>). What it says
//! plainly is followed: the transforms before the network, the inferer and the transforms after it, with references `@name`
//! to plain values. What it computes with Python (`$...`) and matters is refused by name; nothing is guessed.

use std::path::{Path, PathBuf};

use fabrica_volume::Rgb;
use serde_json::Value;

use super::{
    Channel, Crop, Frame, Label, Model, ModelKind, NetworkFile, Normalisation, Orientation, Outputs, Placing, Post,
    Spline, Steps, Tiles, letters, read_text,
};
use crate::InferenceError;

/// Reads a bundle.
pub fn open(folder: &Path) -> Result<Model, InferenceError> {
    let find = |name: &str| {
        [folder.join("configs").join(name), folder.join(name)]
            .into_iter()
            .find(|p| p.is_file())
            .unwrap_or_else(|| folder.join(name))
    };
    let metadata_path = find("metadata.json");
    let inference_path = find("inference.json");
    let read = |path: &Path| -> Result<Value, InferenceError> {
        serde_json::from_str(&read_text(path)?).map_err(|e| InferenceError::model(path, e.to_string()))
    };
    let metadata = read(&metadata_path)?;
    let config = Config(read(&inference_path)?);
    let wrong = |what: String| InferenceError::model(&inference_path, what);

    let mut model = Model {
        folder: folder.to_owned(),
        kind: ModelKind::Monai,
        name: text(&metadata["name"]).unwrap_or_else(|| "MONAI bundle".into()),
        about: [text(&metadata["description"]), text(&metadata["copyright"])]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; "),
        networks: networks(folder)?,
        channels: Vec::new(),
        frame: Frame {
            orientation: Orientation::Scan { order: [2, 1, 0] },
            spacing: None,
            placing: Placing::FirstCentre,
            crop: Crop::None,
            image: Spline { order: 1, across_slices: None },
            outputs: Spline { order: 1, across_slices: None },
            normalise_first: false,
        },
        tiles: Tiles { sides: None, overlap: 0.0, steps: Steps::Fixed, gaussian: None },
        mirror: Vec::new(),
        outputs: outputs(&metadata, &config).map_err(|what| InferenceError::model(&metadata_path, what))?,
        post: Vec::new(),
        temperature: 1.0,
        is_calibrated: false,
        first: None,
    };
    let images = metadata["network_data_format"]["inputs"]["image"]["num_channels"].as_u64().unwrap_or(1);
    if images != 1 {
        return Err(wrong(format!("it takes {images} images; bundles of one image are supported")));
    }
    let mut normalisation = Vec::new();
    for step in config.transforms("preprocessing").map_err(&wrong)? {
        before(&step, &config, &mut model, &mut normalisation).map_err(&wrong)?;
    }
    model.channels = vec![Channel { name: "image".into(), normalisation }];
    inferer(&config, &mut model).map_err(&wrong)?;
    for step in config.transforms("postprocessing").map_err(&wrong)? {
        after(&step, &config, &mut model).map_err(&wrong)?;
    }
    Ok(model)
}

/// A bundle's configuration.
struct Config(Value);

impl Config {
    /// A value with references to other plain values followed.
    fn get<'a>(&'a self, value: &'a Value) -> Result<&'a Value, String> {
        let mut value = value;
        for _ in 0..16 {
            let Some(text) = value.as_str() else { return Ok(value) };
            if text.starts_with('$') {
                return Err(format!("it computes {text:?} in Python; write the value itself"));
            }
            let Some(name) = text.strip_prefix('@') else { return Ok(value) };
            value = name
                .split("::")
                .flat_map(|part| part.split('#'))
                .try_fold(&self.0, |at, part| match at {
                    Value::Array(items) => items.get(part.parse::<usize>().ok()?),
                    at => at.get(part),
                })
                .ok_or_else(|| format!("it refers to {text:?}, which is not there"))?;
        }
        Err(format!("{value} refers to itself"))
    }

    fn transforms(&self, name: &str) -> Result<Vec<Value>, String> {
        let compose = match self.0.get(name) {
            Some(value) => self.get(value)?,
            None => return Ok(Vec::new()),
        };
        let list = self.get(&compose["transforms"])?;
        let list = list.as_array().ok_or_else(|| format!("{name}.transforms is no list"))?;
        let mut steps = Vec::new();
        for step in list {
            let step = self.get(step)?;
            if !self.disabled(step)? {
                steps.push(step.clone());
            }
        }
        Ok(steps)
    }

    fn disabled(&self, step: &Value) -> Result<bool, String> {
        match step.get("_disabled_") {
            None => Ok(false),
            Some(value) => self.get(value)?.as_bool().ok_or_else(|| "_disabled_ is neither true nor false".into()),
        }
    }

    fn numbers<const N: usize>(&self, step: &Value, key: &str) -> Result<Option<[f64; N]>, String> {
        let Some(value) = step.get(key) else { return Ok(None) };
        let value = self.get(value)?;
        if value.is_null() {
            return Ok(None);
        }
        let numbers: Option<Vec<f64>> = match value {
            Value::Array(items) => items.iter().map(Value::as_f64).collect(),
            value => value.as_f64().map(|n| vec![n; N]),
        };
        let numbers = numbers.and_then(|n| <[f64; N]>::try_from(n.as_slice()).ok());
        numbers.map(Some).ok_or_else(|| format!("{key} is {value}; {N} numbers are expected"))
    }

    fn number(&self, step: &Value, key: &str) -> Result<Option<f64>, String> {
        Ok(self.numbers::<1>(step, key)?.map(|[n]| n))
    }

    fn flag(&self, step: &Value, key: &str) -> Result<bool, String> {
        match step.get(key) {
            None => Ok(false),
            Some(value) => self.get(value)?.as_bool().ok_or_else(|| format!("{key} is neither true nor false")),
        }
    }

    fn word(&self, step: &Value, key: &str) -> Result<Option<String>, String> {
        match step.get(key) {
            None => Ok(None),
            Some(value) => {
                let value = self.get(value)?;
                // One mode for all keys, or one a key, of which the image is the first.
                Ok(text(value).or_else(|| value.as_array().and_then(|a| text(a.first()?))))
            }
        }
    }
}

/// The class that a step is of, without its module and the `d` of dictionary transforms.
fn class(step: &Value) -> String {
    let name = text(&step["_target_"]).unwrap_or_default();
    let name = name.rsplit('.').next().unwrap_or_default();
    name.strip_suffix("Dict")
        .or_else(|| name.strip_suffix('d'))
        .or_else(|| name.strip_suffix('D'))
        .unwrap_or(name)
        .to_owned()
}

fn before(step: &Value, config: &Config, model: &mut Model, values: &mut Vec<Normalisation>) -> Result<(), String> {
    match class(step).as_str() {
        "LoadImage" | "EnsureChannelFirst" | "EnsureType" | "CastToType" | "ToTensor" | "ToDevice" | "Identity" => {}
        "Orientation" => {
            let codes = config.word(step, "axcodes")?.unwrap_or_else(|| "RAS".into());
            let letters = letters(&codes).ok_or_else(|| format!("the orientation {codes:?} is not three letters"))?;
            model.frame.orientation = Orientation::Nearest { letters };
        }
        "Spacing" => {
            model.frame.spacing = config.numbers::<3>(step, "pixdim")?;
            model.frame.image.order = match config.word(step, "mode")?.as_deref() {
                None | Some("bilinear") => 1,
                Some("nearest") => 0,
                Some(other) => return Err(format!("the interpolation {other:?} is not supported")),
            };
            if !values.is_empty() {
                return Err("values are normalised before the spacing is changed; the other order is supported".into());
            }
        }
        "ScaleIntensityRange" => {
            let need = |key: &str| config.number(step, key)?.ok_or_else(|| format!("ScaleIntensityRange lacks {key}"));
            let from = [need("a_min")?, need("a_max")?];
            let to = [config.number(step, "b_min")?.unwrap_or(0.0), config.number(step, "b_max")?.unwrap_or(1.0)];
            values.push(Normalisation::Scale { from, to, clip: config.flag(step, "clip")? });
        }
        "ScaleIntensity" => {
            let to = [config.number(step, "minv")?.unwrap_or(0.0), config.number(step, "maxv")?.unwrap_or(1.0)];
            values.push(Normalisation::Percentile { from: [0.0, 100.0], to, clip: false });
        }
        "ScaleIntensityRangePercentiles" => {
            let need = |key: &str| {
                config.number(step, key)?.ok_or_else(|| format!("ScaleIntensityRangePercentiles lacks {key}"))
            };
            let from = [need("lower")?, need("upper")?];
            let to = [need("b_min")?, need("b_max")?];
            values.push(Normalisation::Percentile { from, to, clip: config.flag(step, "clip")? });
        }
        "NormalizeIntensity" => match (config.number(step, "subtrahend")?, config.number(step, "divisor")?) {
            (Some(mean), Some(deviation)) => values.push(Normalisation::Shift { mean, deviation }),
            (None, None) => values.push(Normalisation::ZScore { nonzero: config.flag(step, "nonzero")? }),
            _ => return Err("NormalizeIntensity with only one of subtrahend and divisor is not supported".into()),
        },
        "CropForeground" => {
            if let Some(margin) = config.number(step, "margin")?
                && margin != 0.0
            {
                return Err("CropForeground with a margin is not supported".into());
            }
            model.frame.crop = Crop::Above { value: 0.0 };
        }
        other => return Err(format!("the transform {other} before the network is not supported")),
    }
    Ok(())
}

fn inferer(config: &Config, model: &mut Model) -> Result<(), String> {
    let Some(inferer) = config.0.get("inferer") else { return Ok(()) };
    let inferer = config.get(inferer)?;
    match class(inferer).as_str() {
        "SimpleInferer" => {}
        "SlidingWindowInferer" | "SlidingWindowInfererAdapt" => {
            let sides = config.numbers::<3>(inferer, "roi_size")?.ok_or("the inferer lacks roi_size")?;
            model.tiles = Tiles {
                sides: Some(sides.map(|n| n as usize)),
                overlap: config.number(inferer, "overlap")?.unwrap_or(0.25),
                steps: Steps::Fixed,
                gaussian: match config.word(inferer, "mode")?.as_deref() {
                    None | Some("constant") => None,
                    Some("gaussian") => Some(config.number(inferer, "sigma_scale")?.unwrap_or(0.125)),
                    Some(other) => return Err(format!("the blending {other:?} is not known")),
                },
            };
        }
        other => return Err(format!("the inferer {other} is not supported")),
    }
    Ok(())
}

fn after(step: &Value, config: &Config, model: &mut Model) -> Result<(), String> {
    match class(step).as_str() {
        "Activations" | "AsDiscrete" | "Invert" | "SaveImage" | "EnsureType" | "Lambda" => {}
        "KeepLargestConnectedComponent" => model.post.push(Post::LargestIsland { label: None }),
        "FillHoles" => model.post.push(Post::FillCavities { label: None }),
        "RemoveSmallObjects" => {
            return Err("RemoveSmallObjects counts voxels of the network's image; use post in model.toml".into());
        }
        other => return Err(format!("the transform {other} after the network is not supported")),
    }
    let _ = config;
    Ok(())
}

fn outputs(metadata: &Value, config: &Config) -> Result<Outputs, String> {
    let pred = &metadata["network_data_format"]["outputs"]["pred"];
    let channels =
        pred["num_channels"].as_u64().ok_or("network_data_format.outputs.pred.num_channels is missing")? as usize;
    let definitions =
        pred["channel_def"].as_object().ok_or("network_data_format.outputs.pred.channel_def is missing")?;
    let mut labels = Vec::new();
    for (key, name) in definitions {
        let channel: usize = key.parse().map_err(|_| format!("channel_def has the key {key:?}, no number"))?;
        let name = text(name).ok_or_else(|| format!("channel_def {key} is no name"))?;
        if !name.eq_ignore_ascii_case("background") {
            labels.push(Label { channel, name, colour: Rgb::palette(channel), code: None });
        }
    }
    labels.sort_by_key(|l| l.channel);
    let sigmoid = config
        .transforms("postprocessing")?
        .iter()
        .any(|step| class(step) == "Activations" && config.flag(step, "sigmoid").unwrap_or(false));
    Ok(if sigmoid { Outputs::Regions { channels, labels } } else { Outputs::Classes { channels, labels } })
}

fn networks(folder: &Path) -> Result<Vec<NetworkFile>, InferenceError> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for place in [folder.to_owned(), folder.join("models")] {
        if !place.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&place).map_err(InferenceError::io(&place))? {
            let path = entry.map_err(InferenceError::io(&place))?.path();
            if path.extension().is_some_and(|e| e == "onnx") {
                paths.push(path);
            }
        }
    }
    if paths.is_empty() {
        return Err(InferenceError::model(
            folder,
            "there is no *.onnx in the bundle or its models folder; export it with monai.bundle onnx_export",
        ));
    }
    paths.sort();
    Ok(paths.into_iter().map(|path| NetworkFile { path, sha256: None }).collect())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
