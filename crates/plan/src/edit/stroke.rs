//! One edit of voxels.

use fabrica_geometry::{LpsPoint, Mm, Mm3, PatientAxis};
use serde::{Deserialize, Serialize};

use super::{Shape, StrokePath};
use crate::PlanError;
use crate::operation::{check_name, check_point};

/// The most structures that a stroke may name in one list.
const MOST_NAMES: usize = 10_000;
/// The longest length that a tool takes, mm.
const LONGEST: f64 = 1000.0;

/// One edit of a structure's voxels: what was done, never what came out.
///
/// A voxel changes when the tool says so and the limits allow it. Where a voxel comes to the target, `overwrite` says
/// from which other structures it is taken. Structures on other grids (of another volume) are never touched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stroke {
    /// The structure that is edited.
    pub structure: String,
    /// What is done.
    pub tool: Tool,
    /// Where it may be done.
    #[serde(default, skip_serializing_if = "Limits::is_none")]
    pub limits: Limits,
    /// Which other structures lose the voxels that this one gains.
    #[serde(default, skip_serializing_if = "Overwrite::is_none")]
    pub overwrite: Overwrite,
}

/// Whether voxels are added or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Added.
    Add,
    /// Taken away.
    Erase,
}

/// Where voxels may change: "editable area" and "editable intensity range". What the named structures are when the
/// stroke begins counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Which part of space.
    #[serde(default, skip_serializing_if = "Area::is_everywhere")]
    pub area: Area,
    /// Which values the structure's volume must have there; nothing for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<ValueRange>,
}

impl Limits {
    /// Whether nothing is limited.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Which part of space may change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// All of it.
    #[default]
    Everywhere,
    /// What belongs to at least one of these structures.
    Inside(Vec<String>),
    /// What belongs to none of these structures.
    Outside(Vec<String>),
}

impl Area {
    fn is_everywhere(&self) -> bool {
        *self == Self::Everywhere
    }
}

/// Values from `lower` to `upper`, both included, in the volume's unit. A missing end is open. Padding, and what is not a
/// number, lies in no range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueRange {
    /// The least value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// The greatest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
}

/// Which other structures lose the voxels that the target gains. The names are written down when the stroke is made, so
/// that what a colleague shows, hides or locks at the same time changes nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overwrite {
    /// None: structures may overlap.
    #[default]
    None,
    /// These: those that were visible.
    Only(Vec<String>),
    /// All but these: those that were locked.
    AllBut(Vec<String>),
}

impl Overwrite {
    /// Whether no structure is overwritten.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// What a stroke does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Tool {
    /// A ball, drawn along a path: every voxel whose centre comes within the radius of the line through the points.
    Brush {
        /// Where its middle went.
        path: StrokePath,
        /// Of the ball.
        radius: Mm,
        /// Add or erase.
        mode: Mode,
    },
    /// Scissors, drawings on a slice, and solids.
    Cut {
        /// The region.
        shape: Shape,
        /// Whether what lies inside the region is meant, or what lies outside.
        inside: bool,
        /// Add or erase.
        mode: Mode,
    },
    /// What is at least as bright as a point of the slice and connected to it there (through voxel edges), holes
    /// filled: the area within the line of equal value through the point.
    LevelTracing {
        /// The point.
        at: LpsPoint,
        /// Which slices: those across this axis, or the scan's own axis nearest to it.
        across: PatientAxis,
        /// Add or erase.
        mode: Mode,
    },
    /// The voxels with these values.
    Threshold {
        /// Which.
        values: ValueRange,
        /// Add or erase.
        mode: Mode,
    },
    /// The structure and those named in `with` grow, as seeds, against one another over the whole scan: each voxel goes
    /// to the seed to which the way with the least change of value leads. The limits bound the growing itself.
    GrowFromSeeds {
        /// The other seeds: at least one, for what is not wanted.
        with: Vec<String>,
        /// How much a millimetre of way counts, in units of the volume's value; 0 for not at all.
        per_mm: f64,
        /// How far around the seeds' common box growing may reach; nothing for everywhere.
        margin: Option<Mm>,
    },
    /// Fills the slices between those that hold something, by interpolated distances to the outline.
    FillBetweenSlices {
        /// Which slices: those across this axis, or the scan's own axis nearest to it.
        across: PatientAxis,
    },
    /// Keeps or takes away connected parts.
    Islands(IslandChoice),
    /// Smooths the structure alone.
    Smooth(Smoothing),
    /// Smooths the structure and those named in `with` together: each voxel of their surroundings goes to the one (or
    /// to none) whose blurred share there is largest, so that no gap and no overlap comes between them.
    SmoothJointly {
        /// The other structures.
        with: Vec<String>,
        /// Standard deviation of the blur.
        sigma: Mm,
    },
    /// Grows by a positive, shrinks by a negative length.
    Margin {
        /// How far.
        by: Mm,
    },
    /// Leaves a shell.
    Hollow {
        /// Of the shell.
        thickness: Mm,
        /// Where the present surface lies in it.
        side: HollowSide,
    },
    /// Logic with another structure, or alone.
    Logic(Logic),
}

/// Which islands stay. Islands hang together by faces.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum IslandChoice {
    /// The largest ones.
    KeepLargest {
        /// How many.
        count: u32,
    },
    /// Those of at least this size.
    RemoveSmaller {
        /// The least size that stays.
        than: Mm3,
    },
    /// The one at a point.
    KeepAt {
        /// The point.
        at: LpsPoint,
    },
    /// All but the one at a point.
    RemoveAt {
        /// The point.
        at: LpsPoint,
    },
}

/// How a structure is smoothed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Smoothing {
    /// A voxel belongs when more than half of the ball around it does.
    Median {
        /// Of the ball.
        radius: Mm,
    },
    /// Takes away what the ball does not fit into.
    Opening {
        /// Of the ball.
        radius: Mm,
    },
    /// Fills what the ball does not fit into.
    Closing {
        /// Of the ball.
        radius: Mm,
    },
    /// Blurs, and cuts at one half.
    Gaussian {
        /// Standard deviation.
        sigma: Mm,
    },
}

/// Where the present surface lies in the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HollowSide {
    /// It is the shell's outer side: the shell lies inside.
    Outer,
    /// It runs through the shell's middle.
    Middle,
    /// It is the shell's inner side: the shell lies around it.
    Inner,
}

/// Logic on whole structures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Logic {
    /// Becomes as the other one.
    Copy(String),
    /// Gains what the other one has.
    Add(String),
    /// Loses what the other one has.
    Subtract(String),
    /// Keeps what the other one has too.
    Intersect(String),
    /// Becomes what just one of both has.
    Exclusive(String),
    /// Becomes what it was not.
    Invert,
    /// Becomes empty.
    Clear,
    /// Becomes everything.
    Fill,
}

impl Logic {
    /// The other structure.
    pub fn other(&self) -> Option<&str> {
        match self {
            Self::Copy(o) | Self::Add(o) | Self::Subtract(o) | Self::Intersect(o) | Self::Exclusive(o) => Some(o),
            Self::Invert | Self::Clear | Self::Fill => None,
        }
    }
}

impl Stroke {
    /// A stroke without limits that overwrites nothing.
    pub fn new(structure: impl Into<String>, tool: Tool) -> Self {
        Self { structure: structure.into(), tool, limits: Limits::default(), overwrite: Overwrite::None }
    }

    /// The structures that the tool itself changes: the target, and those that grow or are smoothed with it.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        let with = match &self.tool {
            Tool::GrowFromSeeds { with, .. } | Tool::SmoothJointly { with, .. } => with.as_slice(),
            _ => &[],
        };
        std::iter::once(self.structure.as_str()).chain(with.iter().map(String::as_str))
    }

    /// The structures that are read and must be there: other operand, editable area.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        let area = match &self.limits.area {
            Area::Inside(names) | Area::Outside(names) => names.as_slice(),
            Area::Everywhere => &[],
        };
        let other = match &self.tool {
            Tool::Logic(logic) => logic.other(),
            _ => None,
        };
        area.iter().map(String::as_str).chain(other)
    }

    /// Whether the border goes elsewhere than where the scan's values put it, so that a surface is no longer placed by
    /// them.
    pub fn moves_border(&self) -> bool {
        matches!(self.tool, Tool::Smooth(_) | Tool::SmoothJointly { .. } | Tool::Margin { .. } | Tool::Hollow { .. })
    }

    pub(crate) fn check(&self) -> Result<(), PlanError> {
        check_name("structure", &self.structure)?;
        let named = |field, names: &[String]| {
            if names.len() > MOST_NAMES {
                return Err(PlanError::invalid(field, format!("{} structures are too many", names.len())));
            }
            names.iter().try_for_each(|name| check_name(field, name))
        };
        match &self.limits.area {
            Area::Inside(names) | Area::Outside(names) => {
                if names.is_empty() {
                    return Err(PlanError::invalid("editable area", "it names no structure"));
                }
                named("editable area", names)?;
            }
            Area::Everywhere => {}
        }
        if let Some(values) = &self.limits.values {
            values.check("editable values")?;
        }
        match &self.overwrite {
            Overwrite::Only(names) | Overwrite::AllBut(names) => named("overwritten structures", names)?,
            Overwrite::None => {}
        }
        let mut targets: Vec<_> = self.targets().collect();
        targets.sort_unstable();
        if targets.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(PlanError::invalid("structures", "one is named twice"));
        }
        match &self.tool {
            Tool::Brush { path, radius, .. } => {
                path.check()?;
                check_length("brush's radius", *radius, 0.01)
            }
            Tool::Cut { shape, .. } => shape.check(),
            Tool::LevelTracing { at, .. } => check_point("point of the level", *at),
            Tool::Threshold { values, .. } => values.check("threshold"),
            Tool::GrowFromSeeds { with, per_mm, margin } => {
                if with.is_empty() {
                    return Err(PlanError::invalid("seeds", "growing needs two structures or more: one for the rest"));
                }
                named("seeds", with)?;
                if !(0.0..=1e6).contains(per_mm) {
                    return Err(PlanError::invalid(
                        "weight of a millimetre",
                        format!("{per_mm} is not 0 to 1,000,000"),
                    ));
                }
                margin.map_or(Ok(()), |m| check_length("margin around the seeds", m, 0.0))
            }
            Tool::FillBetweenSlices { .. } => Ok(()),
            Tool::Islands(choice) => match choice {
                IslandChoice::KeepLargest { count: 0 } => {
                    Err(PlanError::invalid("islands", "0 islands cannot be kept"))
                }
                IslandChoice::RemoveSmaller { than } if !(than.0 > 0.0 && than.0.is_finite()) => {
                    Err(PlanError::invalid("islands", format!("{than} is no size")))
                }
                IslandChoice::KeepAt { at } | IslandChoice::RemoveAt { at } => check_point("island's point", *at),
                IslandChoice::KeepLargest { .. } | IslandChoice::RemoveSmaller { .. } => Ok(()),
            },
            Tool::Smooth(how) => match how {
                Smoothing::Median { radius } | Smoothing::Opening { radius } | Smoothing::Closing { radius } => {
                    check_length("smoothing's radius", *radius, 0.01)
                }
                Smoothing::Gaussian { sigma } => check_length("smoothing's deviation", *sigma, 0.01),
            },
            Tool::SmoothJointly { with, sigma } => {
                named("structures smoothed together", with)?;
                check_length("smoothing's deviation", *sigma, 0.01)
            }
            Tool::Margin { by } => check_length("margin", Mm(by.0.abs()), 0.0),
            Tool::Hollow { thickness, .. } => check_length("shell's thickness", *thickness, 0.01),
            Tool::Logic(logic) => logic.other().map_or(Ok(()), |name| check_name("structure", name)),
        }
    }

    /// What it does, in a few words for lists and logs.
    pub fn summary(&self) -> &'static str {
        match &self.tool {
            Tool::Brush { mode: Mode::Add, .. } => "brush",
            Tool::Brush { mode: Mode::Erase, .. } => "eraser",
            Tool::Cut { shape: Shape::Prism { thickness: Some(_), .. }, mode: Mode::Add, .. } => "draw on a slice",
            Tool::Cut { shape: Shape::Prism { thickness: Some(_), .. }, mode: Mode::Erase, .. } => "erase on a slice",
            Tool::Cut { mode: Mode::Erase, .. } => "cut with scissors",
            Tool::Cut { mode: Mode::Add, .. } => "fill with scissors",
            Tool::LevelTracing { .. } => "trace a level",
            Tool::Threshold { .. } => "threshold",
            Tool::GrowFromSeeds { .. } => "grow from seeds",
            Tool::FillBetweenSlices { .. } => "fill between slices",
            Tool::Islands(_) => "choose islands",
            Tool::Smooth(_) => "smooth",
            Tool::SmoothJointly { .. } => "smooth structures jointly",
            Tool::Margin { .. } => "margin",
            Tool::Hollow { .. } => "hollow",
            Tool::Logic(_) => "logic of structures",
        }
    }
}

impl ValueRange {
    /// The ends, open ones as infinities.
    pub fn ends(&self) -> (f64, f64) {
        (self.lower.unwrap_or(f64::NEG_INFINITY), self.upper.unwrap_or(f64::INFINITY))
    }

    fn check(&self, field: &'static str) -> Result<(), PlanError> {
        let (lower, upper) = self.ends();
        let finite = self.lower.is_none_or(f64::is_finite) && self.upper.is_none_or(f64::is_finite);
        if finite && lower <= upper {
            return Ok(());
        }
        Err(PlanError::invalid(field, format!("{lower} to {upper} is no range; leave out an end that is open")))
    }
}

fn check_length(field: &'static str, length: Mm, least: f64) -> Result<(), PlanError> {
    if (least..=LONGEST).contains(&length.0) {
        return Ok(());
    }
    Err(PlanError::invalid(field, format!("{} mm is not between {least} and {LONGEST} mm", length.0)))
}
