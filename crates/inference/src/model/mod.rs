//! What a model is, whichever kind of folder it came in.

mod monai;
mod nnunet;
mod ordered;
mod toml;

use std::path::{Path, PathBuf};

use fabrica_volume::{Code, Rgb};
use serde::Serialize;

use crate::InferenceError;

/// A model: networks, and all that must be done before and after them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Model {
    /// Its folder.
    pub folder: PathBuf,
    /// What kind of folder it is.
    pub kind: ModelKind,
    /// Its name.
    pub name: String,
    /// What it is for, from whom, under which licence: as its files say.
    pub about: String,
    /// The networks of the ensemble; their outputs are averaged.
    pub networks: Vec<NetworkFile>,
    /// The images that it takes, one a channel.
    pub channels: Vec<Channel>,
    /// How the scan is laid before the network.
    pub frame: Frame,
    /// How the scan is cut into tiles.
    pub tiles: Tiles,
    /// Axes of space (0 to 2, in the network's order) along which the image is also run mirrored.
    pub mirror: Vec<usize>,
    /// What the outputs mean.
    pub outputs: Outputs,
    /// What is done to the structures afterwards, in order.
    pub post: Vec<Post>,
    /// The temperature that the outputs are divided by before they become probabilities; 1 where nobody calibrated it.
    pub temperature: f64,
    /// Whether the temperature was found by calibration.
    pub is_calibrated: bool,
    /// The model whose labels this one takes as further channels (nnU-Net's cascade).
    pub first: Option<Box<Model>>,
}

/// The kind of a model's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// `model.toml`.
    Fabrica,
    /// nnU-Net v2.
    NnUnet,
    /// A MONAI bundle.
    Monai,
}

/// A network's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkFile {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 that it must have, where the model says.
    pub sha256: Option<String>,
}

/// One input image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// What is done to its values.
    pub normalisation: Vec<Normalisation>,
}

/// What is done to values before the network sees them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Normalisation {
    /// Cuts to `low..=high`.
    Clip {
        /// Lowest value kept.
        low: f64,
        /// Highest value kept.
        high: f64,
    },
    /// `(value - mean) / deviation`, with numbers of the training data (nnU-Net's CT normalisation after clipping).
    Shift {
        /// Subtracted.
        mean: f64,
        /// Divided by.
        deviation: f64,
    },
    /// `(value - mean) / deviation` of the image itself.
    ZScore {
        /// Only of the values that are not 0.
        nonzero: bool,
    },
    /// The line that takes `from` to `to`.
    Scale {
        /// Two values.
        from: [f64; 2],
        /// Where they go.
        to: [f64; 2],
        /// Whether what goes beyond is cut.
        clip: bool,
    },
    /// The image's own percentiles to `to`: 0 and 100 are its smallest and largest value.
    Percentile {
        /// Two percentiles.
        from: [f64; 2],
        /// Where they go.
        to: [f64; 2],
        /// Whether what goes beyond is cut.
        clip: bool,
    },
}

/// How the scan is laid before the network. Axes and sides are in the network's order, the last fastest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Frame {
    /// The patient's direction in which each axis grows, or the scan's own order (slices, rows, columns).
    pub orientation: Orientation,
    /// Spacing, mm; nothing keeps the scan's.
    pub spacing: Option<[f64; 3]>,
    /// How the sides' number of samples and the first sample's place follow from the spacing.
    pub placing: Placing,
    /// Which part of the scan is used.
    pub crop: Crop,
    /// How values between samples are taken.
    pub image: Spline,
    /// How outputs between samples are taken on the way back.
    pub outputs: Spline,
    /// Whether values are normalised before they are resampled (nnU-Net), or after.
    pub normalise_first: bool,
}

/// In which order and direction the network's axes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Orientation {
    /// The scan's own: slices, rows, columns; then transposed so that axis n is the scan's axis `order[n]` of these.
    Scan {
        /// A permutation of 0, 1, 2.
        order: [usize; 3],
    },
    /// Each axis towards a direction of the patient, by letters such as `RAS`: the scan's nearest axes, so that nothing
    /// is interpolated by turning.
    Nearest {
        /// Three letters of L, R, P, A, S, I.
        letters: [char; 3],
    },
    /// As `Nearest`, but along the patient's own axes: an oblique scan is turned.
    Patient {
        /// Three letters of L, R, P, A, S, I.
        letters: [char; 3],
    },
}

/// Where the samples of the network's image lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placing {
    /// The scan's box, edge to edge: the number of samples is rounded, and the spacing bends to fit (nnU-Net).
    Edges,
    /// The first sample's centre stays; the spacing holds exactly (MONAI's Spacing).
    FirstCentre,
    /// A box of fixed sides about the scan's centre; what lies outside the scan is its smallest value.
    Box {
        /// Samples.
        sides: [usize; 3],
    },
}

/// Which part of the scan is used.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Crop {
    /// All.
    None,
    /// The box about what is not 0 (nnU-Net).
    Nonzero,
    /// The box about what is over a value, in normalised numbers (MONAI's CropForeground).
    Above {
        /// The value.
        value: f64,
    },
}

/// Interpolation by B-splines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spline {
    /// 0 nearest, 1 linear, 3 cubic.
    pub order: u8,
    /// The order along the slices where they are more than three times as far apart as the pixels; nothing treats all
    /// axes alike.
    pub across_slices: Option<u8>,
}

/// How the image is cut into tiles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tiles {
    /// Sides of a tile; nothing runs the whole image at once.
    pub sides: Option<[usize; 3]>,
    /// The fraction of a side by which neighbours overlap, at least.
    pub overlap: f64,
    /// How tiles are placed.
    pub steps: Steps,
    /// How overlapping tiles are weighted: the standard deviation of a Gaussian as a fraction of the side, or nothing for
    /// equal weights.
    pub gaussian: Option<f64>,
}

/// How tiles are placed along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Steps {
    /// Evenly over the axis (nnU-Net).
    Even,
    /// At a fixed step, the last pushed back inside (MONAI).
    Fixed,
}

/// What the outputs mean.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Outputs {
    /// One class a voxel: softmax, the largest wins. Label n is output channel `channel`.
    Classes {
        /// All channels.
        channels: usize,
        /// What becomes a structure.
        labels: Vec<Label>,
    },
    /// Regions that may hold each other: sigmoid a channel, over one half.
    Regions {
        /// All channels.
        channels: usize,
        /// What becomes a structure.
        labels: Vec<Label>,
    },
}

impl Outputs {
    /// The number of channels that the network must give.
    pub fn channels(&self) -> usize {
        match self {
            Self::Classes { channels, .. } | Self::Regions { channels, .. } => *channels,
        }
    }

    /// What becomes a structure.
    pub fn labels(&self) -> &[Label] {
        match self {
            Self::Classes { labels, .. } | Self::Regions { labels, .. } => labels,
        }
    }
}

/// A structure that the model finds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Label {
    /// The output channel.
    pub channel: usize,
    /// Its name.
    pub name: String,
    /// The colour that it is shown in.
    pub colour: Rgb,
    /// What it is, in a coding scheme.
    pub code: Option<Code>,
}

/// What is done to a structure afterwards.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Post {
    /// Only the largest island stays.
    LargestIsland {
        /// Which structure; nothing means every one.
        label: Option<String>,
    },
    /// Islands under a volume go.
    RemoveSmall {
        /// Which structure; nothing means every one.
        label: Option<String>,
        /// The volume, mL.
        millilitres: f64,
    },
    /// Cavities are filled.
    FillCavities {
        /// Which structure; nothing means every one.
        label: Option<String>,
    },
}

impl Model {
    /// Reads a model's folder. Networks are not read yet: see [`crate::check`].
    ///
    /// # Errors
    /// When no kind of model is there, a file is missing or damaged, or asks for something that is not supported; the
    /// error names it.
    pub fn open(folder: &Path) -> Result<Self, InferenceError> {
        let has = |name: &str| folder.join(name).is_file();
        let model = if has("model.toml") {
            toml::open(folder)?
        } else if has("plans.json") {
            nnunet::open(folder)?
        } else if has("inference.json") || has("configs/inference.json") {
            monai::open(folder)?
        } else {
            return Err(InferenceError::NoModel { path: folder.to_owned() });
        };
        model.check()?;
        Ok(model)
    }

    /// Checks that the numbers make sense together.
    fn check(&self) -> Result<(), InferenceError> {
        let wrong = |what: String| Err(InferenceError::model(&self.folder, what));
        if self.networks.is_empty() {
            return wrong("it names no network".into());
        }
        if self.channels.is_empty() || self.channels.len() > 16 {
            return wrong(format!("it takes {} images; 1 to 16 are expected", self.channels.len()));
        }
        let channels = self.outputs.channels();
        if !(1..=1024).contains(&channels) || self.outputs.labels().is_empty() {
            return wrong(format!("it has {channels} output channels and {} structures", self.outputs.labels().len()));
        }
        if let Some(label) = self.outputs.labels().iter().find(|l| l.channel >= channels) {
            return wrong(format!("{} is channel {} of {channels}", label.name, label.channel));
        }
        let names: std::collections::BTreeSet<_> = self.outputs.labels().iter().map(|l| &l.name).collect();
        if names.len() < self.outputs.labels().len() {
            return wrong("two of its structures have the same name".into());
        }
        if let Some(spacing) = self.frame.spacing
            && spacing.iter().any(|s| !(0.01..=100.0).contains(s))
        {
            return wrong(format!("the spacing {spacing:?} mm is not between 0.01 and 100"));
        }
        let sides =
            [self.tiles.sides, if let Placing::Box { sides } = self.frame.placing { Some(sides) } else { None }];
        if let Some(sides) = sides.into_iter().flatten().find(|s| s.iter().any(|n| !(1..=1024).contains(n))) {
            return wrong(format!("the sides {sides:?} are not between 1 and 1024"));
        }
        if !(0.0..1.0).contains(&self.tiles.overlap) {
            return wrong(format!("the tiles' overlap {} is not at least 0 and under 1", self.tiles.overlap));
        }
        if !(self.temperature.is_finite() && self.temperature > 0.0) {
            return wrong(format!("the temperature {} is not positive", self.temperature));
        }
        if self.mirror.iter().any(|&a| a > 2) {
            return wrong(format!("the mirrored axes {:?} are not all 0, 1 or 2", self.mirror));
        }
        Ok(())
    }
}

/// A file's text, with a bound on its size.
fn read_text(path: &Path) -> Result<String, InferenceError> {
    const LARGEST: u64 = 64 << 20;
    let size = std::fs::metadata(path).map_err(InferenceError::io(path))?.len();
    if size > LARGEST {
        return Err(InferenceError::model(path, format!("{size} bytes are more than such a file may have (64 MiB)")));
    }
    std::fs::read_to_string(path).map_err(InferenceError::io(path))
}

/// The path of a file that a model names: inside its folder, whatever the name says.
fn inside(folder: &Path, name: &str, by: &Path) -> Result<PathBuf, InferenceError> {
    let plain = Path::new(name).components().all(|c| matches!(c, std::path::Component::Normal(_)));
    if name.is_empty() || !plain {
        return Err(InferenceError::model(by, format!("{name:?} is no name of a file in the model's folder")));
    }
    Ok(folder.join(name))
}

/// Three letters such as `RAS`, one of each pair of opposite directions.
fn letters(text: &str) -> Option<[char; 3]> {
    let letters: Vec<char> = text.chars().collect();
    let letters = <[char; 3]>::try_from(letters.as_slice()).ok()?;
    let axis = |c: char| match c {
        'L' | 'R' => Some(0),
        'P' | 'A' => Some(1),
        'S' | 'I' => Some(2),
        _ => None,
    };
    let mut axes = [axis(letters[0])?, axis(letters[1])?, axis(letters[2])?];
    axes.sort_unstable();
    (axes == [0, 1, 2]).then_some(letters)
}
