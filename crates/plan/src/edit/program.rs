//! The part of a history that makes voxels.

use std::collections::BTreeMap;

use fabrica_volume::Rgb;

use super::{Base, EditOperation, Stroke};
use crate::history::History;
use crate::{Action, OpId, Operation};

/// One step of a [`Program`].
#[derive(Clone, Debug, PartialEq)]
pub enum ProgramStep {
    /// An empty structure.
    Create {
        /// Its name.
        structure: String,
        /// On this volume's grid.
        volume: String,
        /// Its own colour.
        colour: Rgb,
    },
    /// Another file, or none.
    SetBase {
        /// The structure.
        structure: String,
        /// The file before.
        from: Option<Base>,
        /// The file from now on.
        to: Option<Base>,
    },
    /// An edit of voxels.
    Stroke(Stroke),
}

/// What makes the voxels of all structures, from their files on: the strokes that are not undone and what the case did
/// between, in the order of the history. The same in every copy of the plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    steps: Vec<(OpId, ProgramStep)>,
    firsts: BTreeMap<String, Option<Base>>,
}

impl Program {
    /// Of the first `count` entries.
    pub(crate) fn of(history: &History, count: usize) -> Self {
        let entries = history.entries();
        let past = &entries[..count.min(entries.len())];
        // Undo in the past is not undo now.
        let then;
        let history = if past.len() == entries.len() {
            history
        } else {
            then = History::of(past.iter().cloned());
            &then
        };
        let steps = past.iter().filter(|e| !history.is_undone(&e.id)).filter_map(|entry| {
            let Action::Do(Operation::Edit(operation)) = &entry.action else { return None };
            let step = match operation {
                EditOperation::Create { structure, volume, colour } => {
                    ProgramStep::Create { structure: structure.clone(), volume: volume.clone(), colour: *colour }
                }
                EditOperation::SetBase { structure, from, to } => {
                    ProgramStep::SetBase { structure: structure.clone(), from: from.clone(), to: to.clone() }
                }
                EditOperation::Stroke(stroke) => ProgramStep::Stroke(stroke.clone()),
                _ => return None,
            };
            Some((entry.id, step))
        });
        let steps = steps.collect();
        let said = entries.iter().filter_map(|entry| match &entry.action {
            Action::Do(Operation::Edit(EditOperation::SetBase { structure, from, .. })) => Some((structure, from)),
            _ => None,
        });
        Self { steps, firsts: firsts(said) }
    }

    /// A program of these steps, for tools that try something out.
    pub fn from_steps(steps: Vec<(OpId, ProgramStep)>) -> Self {
        let said = steps.iter().filter_map(|(_, step)| match step {
            ProgramStep::SetBase { structure, from, .. } => Some((structure, from)),
            _ => None,
        });
        Self { firsts: firsts(said), steps }
    }

    /// The files that structures had in the beginning (nothing for those that were not there), for those that got other
    /// files at any time, also after this part of the history. All others have the file that they have now.
    pub fn first_bases(&self) -> &BTreeMap<String, Option<Base>> {
        &self.firsts
    }

    /// The steps with the operations that they come from.
    pub fn steps(&self) -> &[(OpId, ProgramStep)] {
        &self.steps
    }

    /// Whether no voxel was ever edited.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// What each structure had before the first word about it.
fn firsts<'a>(said: impl Iterator<Item = (&'a String, &'a Option<Base>)>) -> BTreeMap<String, Option<Base>> {
    let mut firsts = BTreeMap::new();
    for (structure, from) in said {
        firsts.entry(structure.clone()).or_insert_with(|| from.clone());
    }
    firsts
}
