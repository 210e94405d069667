//! What the measuring tool does now, for panels; and which measurements are drawn.

use std::collections::BTreeSet;

use bevy::prelude::*;
use fabrica_geometry::LpsPoint;
use fabrica_plan::OpId;
use fabrica_progress::Progress;

use crate::Annotation;

/// What the measuring tool does now.
#[derive(Resource, Default)]
pub struct Measuring {
    /// Measurements of the plan that the views do not draw. Of this session only: the plan keeps them all.
    pub hidden: BTreeSet<OpId>,
    /// What it says.
    pub told: Option<Told>,
    /// What is being worked out, and how far that is.
    pub running: Vec<(String, Progress)>,
    /// The points of the measurement that is being made, in order.
    pub points: Vec<LpsPoint>,
    /// The measurement that is being made, for the desktop's views. In the room it is among the [`Annotations`](crate::Annotations).
    pub live: Vec<Annotation>,
}

/// What the measuring tool says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// What to do next.
    Next(String),
    /// The value under the pointer, with its ±: it is not in the plan yet.
    Live(String),
    /// Why it does not measure.
    Blocked(String),
}
