//! What the tools that rehearse an approach do now, for panels.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::prelude::*;
use fabrica_approach::report::Assessed;
use fabrica_approach::{Candidate, Reading, Refused};
use fabrica_geometry::LpsPoint;
use fabrica_progress::Progress;

use crate::{Annotation, Told};

/// What the tools that rehearse an approach do now.
#[derive(Resource, Default)]
pub struct Rehearsing {
    /// One of the tools is in use.
    pub active: bool,
    /// What they say.
    pub told: Option<Told>,
    /// Structures that could not be prepared, and why: nothing keeps away from these.
    pub unwatched: Vec<(String, String)>,
    /// What the instrument in the hand is told; nothing while it is nowhere.
    pub reading: Option<Held>,
    /// Trajectories of the plan as they lie in the structures as these are now.
    pub assessed: BTreeMap<String, Assessed>,
    /// The map of entries, once there is one.
    pub map: Option<EntryMap>,
    /// The candidate that the user has picked in a panel; the tool takes it.
    pub picked: Option<usize>,
    /// What is being worked out, and how far that is.
    pub running: Vec<(String, Progress)>,
    /// Since when a rehearsal is being recorded, in words.
    pub recording: Option<String>,
    /// What is under the pointer, for the desktop's views. In the room it is among the [`Annotations`](crate::Annotations).
    pub live: Vec<Annotation>,
}

/// An instrument in the hand.
#[derive(Clone)]
pub struct Held {
    /// Which.
    pub instrument: String,
    /// The structures that are kept away from, in the order of the reading's clearances.
    pub avoid: Arc<[String]>,
    /// What it is told.
    pub reading: Arc<Reading>,
}

/// The map of entries for a target.
#[derive(Clone, Debug)]
pub struct EntryMap {
    /// The target.
    pub target: LpsPoint,
    /// How many entries were looked at.
    pub entries: usize,
    /// How many are not offered, and why.
    pub refused: Refused,
    /// The best, best first.
    pub candidates: Vec<Candidate>,
    /// How long it took, milliseconds, after what was prepared.
    pub milliseconds: f64,
}
