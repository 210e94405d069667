//! What the tools do with masks.

mod grow;
mod joint;
mod outline;
mod region;
mod slices;

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_plan::{HollowSide, IslandChoice, Logic, Mode, Smoothing, Stroke, Tool};
use fabrica_progress::Progress;
use fabrica_segment::{Level, Neighbourhood};
use fabrica_volume::{Mask, Volume};

use crate::EditError;
use crate::limits::Editable;
use crate::spans::{Frame, Span, capsule};

pub use grow::{Growing, grow_preview};

/// What a tool would have, before limits.
pub(crate) enum Proposal {
    /// These voxels, added to or taken from the target.
    Spans(Mode, Vec<Span>),
    /// These voxels, added to or taken from the target.
    Voxels(Mode, Mask),
    /// Each target (in the order of [`Stroke::targets`]) becomes this.
    Masks(Vec<Mask>),
}

/// What a tool works on.
pub(crate) struct Given<'a> {
    /// The masks of the targets, in the order of [`Stroke::targets`]; at least one.
    pub targets: Vec<&'a Mask>,
    /// The other operand of logic.
    pub other: Option<&'a Mask>,
    /// The targets' volume.
    pub volume: Option<&'a Volume>,
    pub editable: &'a Editable<'a>,
}

/// Whether a stroke reads the values of its volume.
pub(crate) fn needs_volume(stroke: &Stroke) -> bool {
    let tool = matches!(stroke.tool, Tool::LevelTracing { .. } | Tool::Threshold { .. } | Tool::GrowFromSeeds { .. });
    tool || stroke.limits.values.is_some()
}

/// The spans of one piece of a brush's way; a single point is a ball.
pub(crate) fn brush_spans(frame: &Frame, from: LpsPoint, to: LpsPoint, radius: Mm, visit: impl FnMut(Span)) {
    capsule(frame, frame.place(from), frame.place(to), radius.0, visit);
}

pub(crate) fn propose(stroke: &Stroke, given: &Given<'_>, progress: &Progress) -> Result<Proposal, EditError> {
    let Some(&target) = given.targets.first() else { return Ok(Proposal::Masks(Vec::new())) };
    let grid = target.grid();
    let volume = || given.volume.ok_or_else(|| EditError::Tool("the tool needs the volume's values".into()));
    let other = || given.other.ok_or_else(|| EditError::Tool("the other structure is missing".into()));
    let one = |mask: Mask| Ok(Proposal::Masks(vec![mask]));
    match &stroke.tool {
        Tool::Brush { path, radius, mode } => {
            let frame = Frame::new(grid);
            let mut spans = Vec::new();
            let mut before = None;
            for point in path.points() {
                brush_spans(&frame, before.unwrap_or(point), point, *radius, |s| spans.push(s));
                before = Some(point);
            }
            Ok(Proposal::Spans(*mode, spans))
        }
        Tool::Cut { shape, inside, mode } => Ok(Proposal::Spans(*mode, region::spans(grid, shape, *inside, progress)?)),
        Tool::LevelTracing { at, across, mode } => {
            Ok(Proposal::Voxels(*mode, slices::level_tracing(volume()?, *at, *across, progress)?))
        }
        Tool::Threshold { values, mode } => {
            let (lower, upper) = values.ends();
            Ok(Proposal::Voxels(*mode, fabrica_segment::threshold(volume()?, lower, upper, progress)?))
        }
        Tool::GrowFromSeeds { per_mm, margin, .. } => {
            let how = Growing { per_mm: *per_mm, margin: *margin };
            Ok(Proposal::Masks(grow::grow(volume()?, &given.targets, given.editable, how, progress)?))
        }
        Tool::FillBetweenSlices { across } => one(slices::fill_between(target, *across, progress)?),
        Tool::Islands(choice) => one(islands(target, *choice, progress)?),
        Tool::Smooth(how) => one(match *how {
            Smoothing::Median { radius } => {
                fabrica_segment::smooth_majority(target, Neighbourhood::Ball(radius), progress)?
            }
            Smoothing::Opening { radius } => fabrica_segment::open(target, radius, progress)?,
            Smoothing::Closing { radius } => fabrica_segment::close(target, radius, progress)?,
            Smoothing::Gaussian { sigma } => fabrica_segment::smooth_gaussian(target, sigma, Level::Half, progress)?,
            _ => return Err(unknown()),
        }),
        Tool::SmoothJointly { sigma, .. } => Ok(Proposal::Masks(joint::smooth(&given.targets, *sigma, progress)?)),
        Tool::Margin { by } => one(fabrica_segment::margin(target, *by, progress)?),
        Tool::Hollow { thickness, side } => one(hollow(target, *thickness, *side, progress)?),
        Tool::Logic(logic) => one(match logic {
            Logic::Copy(_) => other()?.clone(),
            Logic::Add(_) => fabrica_segment::union(target, other()?)?,
            Logic::Subtract(_) => fabrica_segment::difference(target, other()?)?,
            Logic::Intersect(_) => fabrica_segment::intersection(target, other()?)?,
            Logic::Exclusive(_) => fabrica_segment::exclusive_or(target, other()?)?,
            Logic::Invert => target.inverted(),
            Logic::Clear => Mask::empty(grid.clone()),
            Logic::Fill => Mask::empty(grid.clone()).inverted(),
            _ => return Err(unknown()),
        }),
        _ => Err(unknown()),
    }
}

fn unknown() -> EditError {
    EditError::Tool("this version does not know that tool".into())
}

fn islands(target: &Mask, choice: IslandChoice, progress: &Progress) -> Result<Mask, EditError> {
    let connectivity = fabrica_segment::Connectivity::Six;
    Ok(match choice {
        IslandChoice::KeepLargest { count } => {
            fabrica_segment::largest_islands(target, count as usize, connectivity, progress)?
        }
        IslandChoice::RemoveSmaller { than } => {
            fabrica_segment::remove_small_islands(target, than, connectivity, progress)?
        }
        IslandChoice::KeepAt { at } => {
            let (islands, found) = slices::island_at(target, at, progress)?;
            islands.keep(|island| island == found, progress)?
        }
        IslandChoice::RemoveAt { at } => {
            let (islands, found) = slices::island_at(target, at, progress)?;
            islands.keep(|island| island != found, progress)?
        }
        _ => return Err(unknown()),
    })
}

/// The shell of a structure. What lies beyond the scan is no border: where the scan cuts through, the shell is open.
fn hollow(target: &Mask, thickness: Mm, side: HollowSide, progress: &Progress) -> Result<Mask, EditError> {
    let half = thickness * 0.5;
    let (outer, inner) = match side {
        HollowSide::Outer => (target.clone(), fabrica_segment::erode(target, thickness, progress)?),
        HollowSide::Middle => {
            (fabrica_segment::dilate(target, half, progress)?, fabrica_segment::erode(target, half, progress)?)
        }
        HollowSide::Inner => (fabrica_segment::dilate(target, thickness, progress)?, target.clone()),
    };
    Ok(fabrica_segment::difference(&outer, &inner)?)
}
