//! The steps of a recipe.

use std::collections::HashSet;
use std::fmt;

use fabrica_geometry::PatientAxis;
use serde::Deserialize;

use crate::Connectivity;

/// Another mask that a step refers to: one saved by a step before, or the result of a built-in recipe on this scan.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// The mask of this name.
    Saved(String),
    /// The built-in recipe of this name.
    Preset(String),
}

/// One step. Lengths are millimetres, volumes millilitres, values in the scan's unit.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Step {
    /// All voxels from `lower` to `upper`.
    Threshold {
        /// Least value.
        lower: Option<f64>,
        /// Greatest value.
        upper: Option<f64>,
    },
    /// The brightest of Otsu's classes of the whole scan.
    Otsu {
        /// 2 to 4.
        classes: usize,
    },
    /// Those homogeneous voxels from `lower` to `upper` whose values within `radius_mm` spread by at most `deviation`.
    Homogeneous {
        /// Least value.
        lower: f64,
        /// Greatest value.
        upper: f64,
        /// Most standard deviation of the values around.
        deviation: f64,
        /// Radius of the neighbourhood.
        radius_mm: f64,
    },
    /// The airway tree, grown from the trachea found by its shape; see [`crate::airway_tree`].
    AirwayTree {
        /// Least threshold tried.
        lower: f64,
        /// Greatest threshold tried.
        upper: f64,
        /// The body, within which the trachea is sought.
        within: Operand,
    },
    /// Vessels filled with contrast agent; see [`crate::contrast_vessels`].
    ContrastVessels {
        /// The body.
        within: Operand,
    },
    /// Closes the border of slices where the field of view cuts through lung; see [`crate::close_border`].
    CloseBorder {
        /// Least mean value of lung.
        lower: f64,
    },
    /// The largest islands.
    Largest {
        /// How many at most.
        #[serde(default = "one")]
        count: usize,
        /// Only those of at least this share of the largest.
        #[serde(default)]
        least_share: f64,
        /// Neighbours.
        #[serde(default)]
        connectivity: Connectivity,
    },
    /// Islands of at least this volume.
    RemoveSmall {
        /// Least volume.
        least_ml: f64,
        /// Neighbours.
        #[serde(default)]
        connectivity: Connectivity,
    },
    /// Islands that share a voxel with another mask.
    KeepTouching {
        /// The other mask.
        with: Operand,
        /// Neighbours.
        #[serde(default)]
        connectivity: Connectivity,
    },
    /// Islands whose mean value, `core_mm` inside their border, lies from `lower` to `upper`. Islands without such a
    /// core go.
    KeepMean {
        /// Least mean.
        lower: f64,
        /// Greatest mean.
        upper: f64,
        /// How far inside.
        core_mm: f64,
    },
    /// Islands whose mean value exceeds that of their surroundings.
    KeepBrighter {
        /// By at least this much.
        by: f64,
        /// How far the surroundings reach.
        mm: f64,
    },
    /// Of what is there, that which grows from here before the rivals reach it; see [`crate::contest`].
    Contest {
        /// Where the rivals start.
        rivals: Operand,
        /// The region that is contested.
        within: Operand,
    },
    /// Grown by a ball.
    Dilate {
        /// Radius.
        mm: f64,
    },
    /// Shrunk by a ball.
    Erode {
        /// Radius.
        mm: f64,
    },
    /// Opened by a ball.
    Open {
        /// Radius.
        mm: f64,
    },
    /// Closed by a ball.
    Close {
        /// Radius.
        mm: f64,
    },
    /// Cavities filled.
    FillCavities {
        /// The largest to fill.
        most_ml: Option<f64>,
    },
    /// Holes filled in each slice.
    FillSlices {
        /// Across which axis: `InferiorSuperior` for axial slices.
        across: PatientAxis,
        /// The largest to fill.
        most_mm2: Option<f64>,
    },
    /// Majority within a ball.
    Median {
        /// Radius.
        mm: f64,
    },
    /// Gaussian, keeping the volume.
    Gaussian {
        /// Standard deviation.
        sigma_mm: f64,
    },
    /// Joined with another mask.
    Union {
        /// The other mask.
        with: Operand,
    },
    /// What another mask has too.
    Intersect {
        /// The other mask.
        with: Operand,
    },
    /// Without what another mask has.
    Subtract {
        /// The other mask.
        with: Operand,
        /// Goes on without it where that preset finds nothing, and says so in the structure's origin.
        #[serde(default)]
        if_found: bool,
    },
    /// Keeps the mask under a name for later steps.
    Save {
        /// The name.
        name: String,
    },
    /// Takes up another mask.
    Take {
        /// The other mask.
        from: Operand,
    },
    /// Ends with an error when the structure cannot be what it should.
    Expect {
        /// Least volume.
        least_ml: f64,
        /// Least mean value.
        least_mean: Option<f64>,
        /// Greatest mean value.
        most_mean: Option<f64>,
        /// What the user is told.
        otherwise: String,
    },
}

fn one() -> usize {
    1
}

impl Step {
    /// The masks that the step refers to.
    fn operands(&self) -> Vec<&Operand> {
        match self {
            Self::AirwayTree { within: with, .. }
            | Self::ContrastVessels { within: with }
            | Self::KeepTouching { with, .. }
            | Self::Union { with }
            | Self::Intersect { with }
            | Self::Subtract { with, .. }
            | Self::Take { from: with } => vec![with],
            Self::Contest { rivals, within } => vec![rivals, within],
            _ => Vec::new(),
        }
    }

    /// What is wrong with the step, given the names saved before.
    pub(super) fn check(&self, saved: &HashSet<String>) -> Result<(), String> {
        for operand in self.operands() {
            if let Operand::Saved(name) = operand
                && !saved.contains(name)
            {
                return Err(format!("no step before saves \"{name}\""));
            }
        }
        let lengths: &[f64] = match self {
            Self::Dilate { mm } | Self::Erode { mm } | Self::Open { mm } | Self::Close { mm } | Self::Median { mm } => {
                &[*mm]
            }
            Self::Gaussian { sigma_mm } => &[*sigma_mm],
            Self::KeepMean { core_mm, .. } => &[*core_mm],
            Self::KeepBrighter { by, mm } => &[*by, *mm],
            Self::Homogeneous { deviation, radius_mm, .. } => &[*deviation, *radius_mm],
            Self::FillCavities { most_ml: Some(size) } | Self::FillSlices { most_mm2: Some(size), .. } => &[*size],
            Self::RemoveSmall { least_ml, .. } | Self::Expect { least_ml, .. } => &[*least_ml],
            Self::Largest { least_share, .. } => &[*least_share],
            _ => &[],
        };
        if let Some(bad) = lengths.iter().find(|l| !l.is_finite() || **l < 0.0) {
            return Err(format!("{bad} is not a finite number of 0 or more"));
        }
        match self {
            Self::Threshold { lower: None, upper: None } => Err("give lower, upper or both".into()),
            Self::Threshold { lower: Some(low), upper: Some(high) }
            | Self::Homogeneous { lower: low, upper: high, .. }
            | Self::KeepMean { lower: low, upper: high, .. }
            | Self::AirwayTree { lower: low, upper: high, .. }
                if low.partial_cmp(high).is_none_or(std::cmp::Ordering::is_gt) =>
            {
                Err(format!("lower {low} is not below upper {high}"))
            }
            Self::Largest { count: 0, .. } => Err("count must be at least 1".into()),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Saved(name) => write!(f, "\"{name}\""),
            Self::Preset(name) => write!(f, "preset {name}"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Threshold { lower: Some(low), upper: Some(high) } => write!(f, "threshold {low}..{high}"),
            Self::Threshold { lower: Some(low), .. } => write!(f, "threshold from {low}"),
            Self::Threshold { upper, .. } => write!(f, "threshold up to {}", upper.unwrap_or(f64::INFINITY)),
            Self::Otsu { classes } => write!(f, "brightest of {classes} Otsu classes"),
            Self::Homogeneous { lower, upper, deviation, radius_mm } => {
                write!(f, "homogeneous within {radius_mm} mm (σ up to {deviation}), {lower}..{upper}")
            }
            Self::AirwayTree { lower, upper, .. } => write!(f, "airway tree grown at {lower}..{upper}"),
            Self::ContrastVessels { .. } => f.write_str("vessels with contrast agent"),
            Self::CloseBorder { .. } => f.write_str("close the border where it cuts lung"),
            Self::Largest { count: 1, .. } => f.write_str("largest island"),
            Self::Largest { count, .. } => write!(f, "{count} largest islands"),
            Self::RemoveSmall { least_ml, .. } => write!(f, "islands from {least_ml} mL"),
            Self::KeepTouching { with, .. } => write!(f, "islands that touch {with}"),
            Self::KeepMean { lower, upper, .. } => write!(f, "islands of mean {lower}..{upper}"),
            Self::KeepBrighter { by, .. } => write!(f, "islands brighter than their surroundings by {by}"),
            Self::Contest { rivals, within } => write!(f, "grown within {within} against {rivals}"),
            Self::Dilate { mm } => write!(f, "grow {mm} mm"),
            Self::Erode { mm } => write!(f, "shrink {mm} mm"),
            Self::Open { mm } => write!(f, "open {mm} mm"),
            Self::Close { mm } => write!(f, "close {mm} mm"),
            Self::FillCavities { most_ml: None } => f.write_str("fill cavities"),
            Self::FillCavities { most_ml: Some(most) } => write!(f, "fill cavities up to {most} mL"),
            Self::FillSlices { most_mm2: None, .. } => f.write_str("fill slices"),
            Self::FillSlices { most_mm2: Some(most), .. } => write!(f, "fill slices up to {most} mm²"),
            Self::Median { mm } => write!(f, "median {mm} mm"),
            Self::Gaussian { sigma_mm } => write!(f, "Gaussian σ {sigma_mm} mm, volume kept"),
            Self::Union { with } => write!(f, "join with {with}"),
            Self::Intersect { with } => write!(f, "within {with}"),
            Self::Subtract { with, .. } => write!(f, "without {with}"),
            Self::Save { name } => write!(f, "save \"{name}\""),
            Self::Take { from } => write!(f, "take {from}"),
            Self::Expect { least_ml, .. } => write!(f, "expect at least {least_ml} mL"),
        }
    }
}
