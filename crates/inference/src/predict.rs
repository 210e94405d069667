//! The whole way: from a scan to structures on its grid.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fabrica_geometry::Mm3;
use fabrica_progress::Progress;
use fabrica_segment::{Connectivity, SegmentError, fill_cavities, largest_islands, remove_small_islands};
use fabrica_volume::{Mask, Samples, Structure, ValueUnit, Volume};

use crate::InferenceError;
use crate::engine::{Engine, EngineChoice, Network};
use crate::evidence::{Evidence, Found, NO_SECOND};
use crate::frame::{Laid, lay};
use crate::image::Image3;
use crate::model::{Label, Model, Post};
use crate::onnx::OnnxFile;
use crate::run::{RunSettings, run};

/// The smallest side that tiles are halved to when memory is short.
const SMALLEST_TILE: usize = 32;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The structures, in the model's order; those that were not found are empty.
    pub structures: Vec<Structure>,
    /// The probability of what was found at each voxel, percent, on the scan's grid.
    pub confidence: Volume,
    /// The channel that came second at each voxel, in the grid's order; [`NO_SECOND`] where none did.
    pub second: Vec<u8>,
    /// The channel of each structure.
    pub channels: Vec<usize>,
    /// What was run and what must be known about it, in words.
    pub notes: Vec<String>,
    /// The time in the networks alone, and of the whole.
    pub time: (Duration, Duration),
}

/// Reads and checks the networks of a model without running them.
///
/// # Errors
/// When a file cannot be read, is not what its description says, or must not be run (see [`OnnxFile::read`]).
pub fn check(model: &Model) -> Result<Vec<OnnxFile>, InferenceError> {
    let mut files = Vec::new();
    for network in &model.networks {
        let file = OnnxFile::read(&network.path)?;
        if let Some(wanted) = &network.sha256
            && !wanted.eq_ignore_ascii_case(&file.sha256)
        {
            let what = format!(
                "its SHA-256 is {}, the model's description says {wanted}; it is another file or was damaged",
                file.sha256
            );
            return Err(InferenceError::model(&network.path, what));
        }
        let images = model.channels.len() as u64 + model.first.as_ref().map_or(0, |f| f.outputs.labels().len() as u64);
        let side = |port: &crate::onnx::Port, n: usize| match port.shape.as_ref()?.get(n)? {
            crate::onnx::Side::Fixed(n) => Some(*n),
            crate::onnx::Side::Free(_) => None,
        };
        if let Some(takes) = file.inputs.first().and_then(|p| side(p, 1)).filter(|n| *n != images) {
            let what = format!("it takes {takes} images, the model's description says {images}");
            return Err(InferenceError::model(&network.path, what));
        }
        let channels = model.outputs.channels() as u64;
        if let Some(gives) = file.outputs.first().and_then(|p| side(p, 1)).filter(|n| *n != channels) {
            let what = format!("it gives {gives} channels, the model's description says {channels}");
            return Err(InferenceError::model(&network.path, what));
        }
        files.push(file);
    }
    Ok(files)
}

/// Runs a model on a scan (one volume a channel, all on one grid) and gives its structures on the scan's grid.
///
/// # Errors
/// When the model, the engine or the scan does not do, memory is too short even for small tiles, or the user cancels.
///
/// # Performance
/// All but a few percent is the networks' own time. Memory: the image, the outputs that [`RunSettings::memory`] bounds,
/// and what the engine takes for a tile.
pub fn predict(
    model: &Model,
    scans: &[&Volume],
    engine: &EngineChoice,
    settings: &RunSettings,
    progress: &Progress,
) -> Result<Prediction, InferenceError> {
    let begun = Instant::now();
    let engine = Engine::get(engine)?;
    let mut notes = vec![format!("engine: {}", engine.description)];
    if !model.is_calibrated {
        notes.push(
            "the confidence of this model was never calibrated: it is the network's own, which is often too sure"
                .into(),
        );
    }
    let mut in_networks = Duration::ZERO;
    let evidence = stage(model, scans, engine, settings, &mut notes, &mut in_networks, progress)?;
    if evidence.is_reduced() {
        notes.push("memory was short: only the most probable class of each sample was kept".into());
    }
    let grid = scans[0].grid();
    let found = evidence.on_scan(grid, progress)?;
    drop(evidence);
    let structures = structures(model, scans[0], &found, progress)?;
    let confidence = Volume::new(grid.clone(), Samples::U8(found.percent), ValueUnit::Other("%".into()))
        .map_err(|e| InferenceError::Scan(e.to_string()))?;
    let (second, channels) = (found.second, model.outputs.labels().iter().map(|l| l.channel).collect());
    Ok(Prediction { structures, confidence, second, channels, notes, time: (in_networks, begun.elapsed()) })
}

impl Prediction {
    /// The probabilities of what was found, percent, in the grid's order.
    pub fn percent(&self) -> &[u8] {
        match self.confidence.samples() {
            Samples::U8(percent) => percent,
            _ => &[],
        }
    }

    /// The voxels outside of a structure (by its place in [`Prediction::structures`]) where it came second: what the networks
    /// nearly took in. Where memory was short nothing is known of it, and the mask is empty.
    pub fn near_misses(&self, structure: usize) -> Mask {
        let grid = self.confidence.grid().clone();
        let (Some(found), Some(&channel)) = (self.structures.get(structure), self.channels.get(structure)) else {
            return Mask::empty(grid);
        };
        let channel = u8::try_from(channel).unwrap_or(NO_SECOND);
        if channel == NO_SECOND {
            return Mask::empty(grid);
        }
        let [nx, ny, _] = grid.dims();
        Mask::from_rows(grid, |j, k, words| {
            let row = &self.second[nx * (j + ny * k)..][..nx];
            for ((word, second), inside) in words.iter_mut().zip(row.chunks(64)).zip(found.mask.row(j, k)) {
                let near = second.iter().enumerate().fold(0, |w, (i, &s)| w | u64::from(s == channel) << i);
                *word = near & !inside;
            }
        })
    }
}

fn stage(
    model: &Model,
    scans: &[&Volume],
    engine: &Engine,
    settings: &RunSettings,
    notes: &mut Vec<String>,
    in_networks: &mut Duration,
    progress: &Progress,
) -> Result<Evidence, InferenceError> {
    let files = check(model)?;
    for file in &files {
        notes.push(format!("network {}, SHA-256 {}", file.name, file.sha256));
    }
    let first = match &model.first {
        Some(first) => Some(stage(first, scans, engine, settings, notes, in_networks, progress)?),
        None => None,
    };
    let mut laid = lay(model, scans, progress)?;
    if let (Some(first_model), Some(evidence)) = (&model.first, first) {
        let found = evidence.on_image(laid.sides(), laid.to_scan, progress)?;
        add_labels(&mut laid, first_model.outputs.labels(), &found);
    }
    progress.stage("loading the network");
    let mut networks = Vec::new();
    for file in &files {
        networks.push(Network::load(engine, file, settings.threads)?);
        progress.check()?;
    }
    let mut settings = settings.clone();
    loop {
        let begun = Instant::now();
        let result = run(model, &mut networks, &laid, &settings, progress);
        *in_networks += begun.elapsed();
        let tile = settings.tile.or(model.tiles.sides);
        match (result, tile) {
            // The engine says in words that it got no memory.
            (Err(InferenceError::Network { what, .. }), Some(tile))
                if is_memory(&what) && tile.iter().all(|&n| n / 2 >= SMALLEST_TILE) =>
            {
                settings.tile = Some(tile.map(|n| n / 2));
                notes.push(format!("memory was short: tiles of {:?} in place of {tile:?}", tile.map(|n| n / 2)));
            }
            (result, _) => return result,
        }
    }
}

fn is_memory(what: &str) -> bool {
    let what = what.to_lowercase();
    ["alloc", "out of memory", "memory exhausted"].iter().any(|word| what.contains(word))
}

/// The labels of a cascade's first stage as further channels, 0 or 1 each.
fn add_labels(laid: &mut Laid, labels: &[Label], found: &Found) {
    let sides = laid.sides();
    for label in labels {
        let data = (0..found.winner.len()).map(|n| f32::from(u8::from(found.holds(n, label.channel)))).collect();
        laid.images.push(Image3 { sides, data });
    }
}

fn structures(
    model: &Model,
    scan: &Volume,
    found: &Found,
    progress: &Progress,
) -> Result<Vec<Structure>, InferenceError> {
    progress.stage("making structures");
    let labels = model.outputs.labels();
    let mut structures = Vec::with_capacity(labels.len());
    for (n, label) in labels.iter().enumerate() {
        progress.set(n as f32 / labels.len() as f32);
        progress.check()?;
        let mut mask = Mask::from_fn(scan.grid().clone(), |index| found.holds(index, label.channel));
        let mut origin = format!("network {}", model.name);
        for post in &model.post {
            if let Some(done) = finish(&mut mask, label, post, progress)? {
                origin = format!("{origin}, {done}");
            }
        }
        structures.push(Structure {
            name: label.name.clone(),
            colour: label.colour,
            mask,
            code: label.code.clone(),
            origin,
            isovalue: None,
        });
    }
    Ok(structures)
}

fn finish(mask: &mut Mask, label: &Label, post: &Post, progress: &Progress) -> Result<Option<String>, InferenceError> {
    let (Post::LargestIsland { label: of } | Post::RemoveSmall { label: of, .. } | Post::FillCavities { label: of }) =
        post;
    if of.as_ref().is_some_and(|name| *name != label.name) || mask.is_empty() {
        return Ok(None);
    }
    let failed = |e: SegmentError| match e {
        SegmentError::Cancelled(_) => InferenceError::Cancelled,
        other => InferenceError::Scan(other.to_string()),
    };
    let (changed, done) = match post {
        Post::LargestIsland { .. } => {
            (largest_islands(mask, 1, Connectivity::TwentySix, progress), "largest island".to_owned())
        }
        Post::RemoveSmall { millilitres, .. } => (
            remove_small_islands(mask, Mm3(millilitres * 1000.0), Connectivity::TwentySix, progress),
            format!("without islands under {millilitres} mL"),
        ),
        Post::FillCavities { .. } => (fill_cavities(mask, None, progress), "cavities filled".to_owned()),
    };
    *mask = changed.map_err(failed)?;
    Ok(Some(done))
}

/// A model's folder, and the model or what is wrong with it.
pub type FoundModel = (PathBuf, Result<Model, InferenceError>);

/// The models in a folder of folders, each with what is wrong with it if it cannot be used.
///
/// # Errors
/// When the folder cannot be read.
pub fn models_in(folder: &Path) -> Result<Vec<FoundModel>, InferenceError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(InferenceError::io(folder))? {
        let path = entry.map_err(InferenceError::io(folder))?.path();
        if path.is_dir() {
            match Model::open(&path) {
                Err(InferenceError::NoModel { .. }) => {}
                model => found.push((path, model)),
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}
