//! `fabrica models`: lists and checks networks.

use std::path::Path;

use anyhow::{Result, bail};
use fabrica_inference::{Engine, InferenceError, Model, Network, check, models_in};
use serde_json::json;

use crate::cli::ModelsArgs;
use crate::network;
use crate::terminal::say;

/// How people get models.
const HOW: &str = "\
A model is a folder:
  nnU-Net v2     plans.json and dataset.json of the trained model, beside fold_0.onnx, fold_1.onnx ...
  MONAI bundle   configs/metadata.json, configs/inference.json, models/*.onnx
  anything else  a network.onnx with a model.toml that says how the scan is laid before it and what its outputs mean

Networks are exported to ONNX with docs/export_onnx.py, which asks for the Python package of the model (nnunetv2, monai or
TotalSegmentator) and torch. All weights must be inside the file. What nnU-Net keeps in its checkpoints only goes into
fabrica.json beside them: {\"orientation\": \"RAS\", \"mirror_axes\": [0, 1, 2]}; TotalSegmentator needs the orientation RAS.

The engine is ONNX Runtime. `make setup` fetches its library; FABRICA_ONNXRUNTIME names another one. Without it the built-in
engine tract is used, which is about a hundred times slower.";

/// Runs the command.
pub fn run(args: &ModelsArgs) -> Result<()> {
    if args.folders.is_empty() {
        match Engine::get(&network::engine(&args.network)) {
            Ok(engine) => say(format_args!("Engine: {}\n", engine.description)),
            Err(error) => say(format_args!("Engine: {error}\n")),
        }
        say(HOW);
        return Ok(());
    }
    let mut models = Vec::new();
    for folder in &args.folders {
        match Model::open(folder) {
            Err(InferenceError::NoModel { path }) => {
                let found = models_in(folder)?;
                if found.is_empty() {
                    return Err(InferenceError::NoModel { path }.into());
                }
                models.extend(found);
            }
            model => models.push((folder.clone(), model)),
        }
    }
    let mut wrong = 0;
    let mut list = Vec::new();
    for (folder, model) in models {
        let checked = model.and_then(|model| {
            let files = check(&model)?;
            if args.load {
                let engine = Engine::get(&network::engine(&args.network))?;
                for file in &files {
                    Network::load(engine, file, 1)?;
                }
            }
            Ok((model, files))
        });
        wrong += usize::from(checked.is_err());
        if args.json {
            list.push(match checked {
                Ok((model, files)) => json!({
                    "model": model,
                    "networks": files.iter().map(|f| json!({ "file": f.name, "sha256": f.sha256, "opset": f.opset })).collect::<Vec<_>>(),
                }),
                Err(error) => json!({ "folder": folder, "error": error.to_string() }),
            });
        } else {
            tell(&folder, checked.map(|(model, files)| (model, files.len())));
        }
    }
    if args.json {
        say(serde_json::to_string_pretty(&list)?);
    }
    if wrong > 0 {
        bail!("{wrong} of the models cannot be used");
    }
    Ok(())
}

fn tell(folder: &Path, checked: Result<(Model, usize), InferenceError>) {
    match checked {
        Err(error) => say(format_args!("{}: cannot be used: {error}", folder.display())),
        Ok((model, networks)) => {
            let names: Vec<&str> = model.outputs.labels().iter().map(|l| l.name.as_str()).collect();
            let calibrated = if model.is_calibrated { "calibrated" } else { "never calibrated" };
            say(format_args!(
                "{}: {} ({})\n  {networks} network(s), confidence {calibrated}\n  finds {}",
                folder.display(),
                model.name,
                model.about,
                names.join(", ")
            ));
        }
    }
}
