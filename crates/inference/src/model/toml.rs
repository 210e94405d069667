//! `model.toml`: Fabrica's own description of a model, for networks that come as bare ONNX files.
//!
//! ```toml
//! name = "Brain mask"
//! about = "MindGrab, brainchop, MIT"
//!
//! [[network]]
//! file = "mindgrab.onnx"
//! sha256 = "..."                   # optional; then checked
//!
//! [[channel]]                      # one an input image
//! name = "any"
//! normalise = [{ kind = "percentile", from = [0, 100], to = [0, 1], clip = true }]
//!
//! [input]
//! orientation = "LIA"              # axes of the array, the last fastest; "scan" keeps the scan's
//! along = "patient"                # or "scan": the scan's nearest axes, nothing is turned
//! spacing_mm = [1, 1, 1]           # optional
//! box = [256, 256, 256]            # optional: fixed sides about the scan's centre
//! order = 1                        # interpolation: 0 nearest, 1 linear, 3 cubic
//!
//! [tiles]                          # optional: without it the whole image is run at once
//! sides = [96, 96, 96]
//! overlap = 0.5
//! gaussian = 0.125
//!
//! [output]
//! kind = "classes"                 # or "regions"
//! channels = 2
//! temperature = 1.3                # optional: found by calibration
//!
//! [[label]]
//! channel = 1
//! name = "Brain"
//! colour = "#f0b0a0"
//! code = { value = "12738006", scheme = "SCT", meaning = "Brain" }
//!
//! [[post]]
//! kind = "largest-island"
//! label = "Brain"
//! ```

use std::path::Path;

use fabrica_volume::{Code, Rgb};
use serde::Deserialize;

use super::{
    Channel, Crop, Frame, Label, Model, ModelKind, NetworkFile, Normalisation, Orientation, Outputs, Placing, Post,
    Spline, Steps, Tiles, inside, letters, read_text,
};
use crate::InferenceError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    network: Vec<NetworkEntry>,
    #[serde(default)]
    channel: Vec<ChannelEntry>,
    input: InputEntry,
    tiles: Option<TilesEntry>,
    #[serde(default)]
    mirror: Vec<usize>,
    output: OutputEntry,
    #[serde(default)]
    label: Vec<LabelEntry>,
    #[serde(default)]
    post: Vec<PostEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkEntry {
    file: String,
    sha256: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelEntry {
    name: String,
    #[serde(default)]
    normalise: Vec<NormaliseEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "kebab-case")]
enum NormaliseEntry {
    Clip {
        low: f64,
        high: f64,
    },
    Shift {
        mean: f64,
        deviation: f64,
    },
    ZScore {
        #[serde(default)]
        nonzero: bool,
    },
    Scale {
        from: [f64; 2],
        to: [f64; 2],
        #[serde(default)]
        clip: bool,
    },
    Percentile {
        from: [f64; 2],
        to: [f64; 2],
        #[serde(default)]
        clip: bool,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InputEntry {
    orientation: String,
    #[serde(default)]
    along: Along,
    spacing_mm: Option<[f64; 3]>,
    #[serde(rename = "box")]
    sides: Option<[usize; 3]>,
    #[serde(default = "linear")]
    order: u8,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Along {
    #[default]
    Scan,
    Patient,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TilesEntry {
    sides: [usize; 3],
    #[serde(default = "half")]
    overlap: f64,
    gaussian: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputEntry {
    kind: OutputKind,
    channels: usize,
    temperature: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OutputKind {
    Classes,
    Regions,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelEntry {
    channel: usize,
    name: String,
    colour: Option<String>,
    code: Option<Code>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "kebab-case")]
enum PostEntry {
    LargestIsland { label: Option<String> },
    RemoveSmall { label: Option<String>, millilitres: f64 },
    FillCavities { label: Option<String> },
}

fn linear() -> u8 {
    1
}

fn half() -> f64 {
    0.5
}

/// Reads `model.toml` of a folder.
pub fn open(folder: &Path) -> Result<Model, InferenceError> {
    let path = folder.join("model.toml");
    let wrong = |what: String| InferenceError::model(&path, what);
    let file: File = toml::from_str(&read_text(&path)?).map_err(|e| wrong(e.to_string()))?;
    let orientation = match (file.input.orientation.as_str(), file.input.along) {
        ("scan", _) => Orientation::Scan { order: [0, 1, 2] },
        (text, along) => {
            let letters = letters(text).ok_or_else(|| {
                wrong(format!("the orientation {text:?} is neither \"scan\" nor three letters such as RAS"))
            })?;
            match along {
                Along::Scan => Orientation::Nearest { letters },
                Along::Patient => Orientation::Patient { letters },
            }
        }
    };
    if ![0, 1, 3].contains(&file.input.order) {
        return Err(wrong(format!("the interpolation order {} is not 0, 1 or 3", file.input.order)));
    }
    let mut networks = Vec::new();
    for network in file.network {
        networks.push(NetworkFile { path: inside(folder, &network.file, &path)?, sha256: network.sha256 });
    }
    let mut labels = Vec::new();
    for (n, label) in file.label.into_iter().enumerate() {
        let colour = match label.colour {
            None => Rgb::palette(n),
            Some(text) => colour(&text).ok_or_else(|| wrong(format!("{text:?} is no colour such as #f0b0a0")))?,
        };
        labels.push(Label { channel: label.channel, name: label.name, colour, code: label.code });
    }
    let channels = file.output.channels;
    Ok(Model {
        folder: folder.to_owned(),
        kind: ModelKind::Fabrica,
        name: file.name,
        about: file.about,
        networks,
        channels: file
            .channel
            .into_iter()
            .map(|c| Channel { name: c.name, normalisation: c.normalise.into_iter().map(Into::into).collect() })
            .collect(),
        frame: Frame {
            orientation,
            spacing: file.input.spacing_mm,
            placing: file.input.sides.map_or(Placing::Edges, |sides| Placing::Box { sides }),
            crop: Crop::None,
            image: Spline { order: file.input.order, across_slices: None },
            outputs: Spline { order: 1, across_slices: None },
            normalise_first: false,
        },
        tiles: file.tiles.map_or(Tiles { sides: None, overlap: 0.0, steps: Steps::Even, gaussian: None }, |t| Tiles {
            sides: Some(t.sides),
            overlap: t.overlap,
            steps: Steps::Even,
            gaussian: t.gaussian,
        }),
        mirror: file.mirror,
        outputs: match file.output.kind {
            OutputKind::Classes => Outputs::Classes { channels, labels },
            OutputKind::Regions => Outputs::Regions { channels, labels },
        },
        post: file.post.into_iter().map(Into::into).collect(),
        temperature: file.output.temperature.unwrap_or(1.0),
        is_calibrated: file.output.temperature.is_some(),
        first: None,
    })
}

impl From<NormaliseEntry> for Normalisation {
    fn from(entry: NormaliseEntry) -> Self {
        match entry {
            NormaliseEntry::Clip { low, high } => Self::Clip { low, high },
            NormaliseEntry::Shift { mean, deviation } => Self::Shift { mean, deviation },
            NormaliseEntry::ZScore { nonzero } => Self::ZScore { nonzero },
            NormaliseEntry::Scale { from, to, clip } => Self::Scale { from, to, clip },
            NormaliseEntry::Percentile { from, to, clip } => Self::Percentile { from, to, clip },
        }
    }
}

impl From<PostEntry> for Post {
    fn from(entry: PostEntry) -> Self {
        match entry {
            PostEntry::LargestIsland { label } => Self::LargestIsland { label },
            PostEntry::RemoveSmall { label, millilitres } => Self::RemoveSmall { label, millilitres },
            PostEntry::FillCavities { label } => Self::FillCavities { label },
        }
    }
}

fn colour(text: &str) -> Option<Rgb> {
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.is_ascii())?;
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some(Rgb(byte(0)?, byte(2)?, byte(4)?))
}
