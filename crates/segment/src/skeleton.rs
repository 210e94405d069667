//! Signatures whose work is being written.
#![allow(unused_variables, clippy::needless_pass_by_value)]

use fabrica_geometry::{Grid, Mm, Mm2, Mm3, PatientAxis};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Rgb, Structure, Volume};

use crate::{Connectivity, Seed, SegmentError};

fn missing<T>() -> Result<T, SegmentError> {
    Err(SegmentError::Parameter("this operation is not built yet".into()))
}

/// The voxels whose value lies in `lower..=upper`.
pub fn threshold(volume: &Volume, lower: f64, upper: f64, progress: &Progress) -> Result<Mask, SegmentError> {
    missing()
}
/// Thresholds between 2 to 4 classes of values (Otsu 1979).
pub fn otsu(
    volume: &Volume,
    classes: usize,
    within: Option<&Mask>,
    progress: &Progress,
) -> Result<Vec<f64>, SegmentError> {
    missing()
}
/// What is connected to the seeds with values in `lower..=upper`.
pub fn connected_threshold(
    volume: &Volume,
    seeds: &[Seed],
    lower: f64,
    upper: f64,
    connectivity: Connectivity,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    missing()
}
/// How [`confidence_connected`] grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Confidence {
    /// k of mean ± k·σ.
    pub multiplier: f64,
    /// How often mean and σ are measured again.
    pub iterations: usize,
    /// Voxels around each seed that the first mean is taken from.
    pub radius: usize,
    /// Neighbours.
    pub connectivity: Connectivity,
}
/// What is connected to the seeds with values within mean ± k·σ.
pub fn confidence_connected(
    volume: &Volume,
    seeds: &[Seed],
    how: &Confidence,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    missing()
}
/// The `count` largest islands.
pub fn largest_islands(
    mask: &Mask,
    count: usize,
    connectivity: Connectivity,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    missing()
}
/// The islands that hold a seed.
pub fn islands_at(
    mask: &Mask,
    seeds: &[Seed],
    connectivity: Connectivity,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    missing()
}
/// Without the islands smaller than `least`.
pub fn remove_small_islands(
    mask: &Mask,
    least: Mm3,
    connectivity: Connectivity,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    missing()
}
/// Grown by a ball.
pub fn dilate(mask: &Mask, radius: Mm, progress: &Progress) -> Result<Mask, SegmentError> {
    missing()
}
/// Shrunk by a ball.
pub fn erode(mask: &Mask, radius: Mm, progress: &Progress) -> Result<Mask, SegmentError> {
    missing()
}
/// Shrunk, then grown by a ball.
pub fn open(mask: &Mask, radius: Mm, progress: &Progress) -> Result<Mask, SegmentError> {
    missing()
}
/// Grown, then shrunk by a ball.
pub fn close(mask: &Mask, radius: Mm, progress: &Progress) -> Result<Mask, SegmentError> {
    missing()
}
/// Grown (positive) or shrunk (negative).
pub fn margin(mask: &Mask, by: Mm, progress: &Progress) -> Result<Mask, SegmentError> {
    missing()
}
/// Fills cavities that nothing connects to the border.
pub fn fill_cavities(mask: &Mask, limit: Option<Mm3>, progress: &Progress) -> Result<Mask, SegmentError> {
    missing()
}
/// Fills holes in each slice across an axis.
pub fn fill_slices(
    mask: &Mask,
    across: PatientAxis,
    limit: Option<Mm2>,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    missing()
}
/// The neighbourhood that [`smooth_majority`] counts in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Neighbourhood {
    /// A ball of this radius.
    Ball(Mm),
    /// This many voxels either way along each axis.
    Box([usize; 3]),
}
/// Median of a binary mask.
pub fn smooth_majority(mask: &Mask, neighbourhood: Neighbourhood, progress: &Progress) -> Result<Mask, SegmentError> {
    missing()
}
/// Where [`smooth_gaussian`] cuts the blurred mask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// At one half.
    Half,
    /// Where the number of voxels stays nearest to that before.
    KeepVolume,
}
/// Blurred and cut.
pub fn smooth_gaussian(mask: &Mask, sigma: Mm, level: Level, progress: &Progress) -> Result<Mask, SegmentError> {
    missing()
}
/// How [`resample`] takes values between voxels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Interpolation {
    /// The nearest voxel.
    Nearest,
    /// Trilinear, cut at one half.
    Linear,
}
/// The mask on another grid.
pub fn resample(
    mask: &Mask,
    onto: &Grid,
    interpolation: Interpolation,
    progress: &Progress,
) -> Result<Mask, SegmentError> {
    missing()
}
/// Signed distance to the border in mm, negative inside, i fastest.
pub fn signed_distance(mask: &Mask, progress: &Progress) -> Result<Vec<f32>, SegmentError> {
    missing()
}
/// What an operation changed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChangeReport {
    /// Voxels before.
    pub voxels_before: usize,
    /// Voxels after.
    pub voxels_after: usize,
    /// Voxels that came.
    pub added: usize,
    /// Voxels that went.
    pub removed: usize,
    /// Islands before.
    pub islands_before: usize,
    /// Islands after.
    pub islands_after: usize,
    /// Islands before of which nothing is left.
    pub islands_lost: usize,
}
impl ChangeReport {
    /// Compares two masks on one grid.
    pub fn between(
        before: &Mask,
        after: &Mask,
        connectivity: Connectivity,
        progress: &Progress,
    ) -> Result<Self, SegmentError> {
        missing()
    }
}
/// A named list of operations that separates a structure.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The name that commands use, such as `bone`.
    pub name: String,
    /// The name that users see.
    pub title: String,
    /// What it is for.
    pub purpose: String,
    /// Where it fails.
    pub limits: String,
    /// The modality that it is made for, such as `CT`; none for any.
    pub modality: Option<String>,
    /// Colour of the structure.
    pub colour: Rgb,
}
impl Recipe {
    /// The built-in presets.
    pub fn built_in() -> Result<Vec<Recipe>, SegmentError> {
        missing()
    }
    /// The built-in preset of this name.
    pub fn named(name: &str) -> Result<Recipe, SegmentError> {
        missing()
    }
    /// Reads a recipe from TOML.
    pub fn parse(text: &str) -> Result<Recipe, SegmentError> {
        missing()
    }
    /// Runs on a scan of the modality that it is made for.
    pub fn run(&self, volume: &Volume, progress: &Progress) -> Result<Structure, SegmentError> {
        missing()
    }
    /// Runs whatever the modality is.
    pub fn run_forced(&self, volume: &Volume, progress: &Progress) -> Result<Structure, SegmentError> {
        missing()
    }
}
