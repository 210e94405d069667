//! What a plan says at a point of its history.

use std::collections::BTreeMap;

use fabrica_geometry::LpsPoint;
use serde::Serialize;

use crate::record::Entry;
use crate::{
    Acceptance, Action, Appearance, Approach, Camera, ClipBox, ClipPlane, EditState, Items, NamedMeasurement, Note,
    OpId, Operation, Overwrite, PlanError, Rehearsal, Rendering, Review, ScrewCheck, Validation, Watch, Window,
};

/// What a plan says: the sum of its operations up to some point, less those that were undone.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlanState {
    /// How structures are shown, by name. One without an entry has the default; see [`PlanState::appearance`].
    pub appearances: BTreeMap<String, Appearance>,
    /// Windows, by volume id.
    pub windows: BTreeMap<String, Window>,
    /// Rendering presets, by volume id.
    pub render_presets: BTreeMap<String, String>,
    /// Where the crosshair is, once it was put somewhere.
    pub crosshair: Option<LpsPoint>,
    /// Clip planes, by name.
    pub clip_planes: BTreeMap<String, ClipPlane>,
    /// Clip boxes, by name.
    pub clip_boxes: BTreeMap<String, ClipBox>,
    /// How the volume's picture is drawn.
    pub rendering: Rendering,
    /// Kept views, by name.
    pub views: BTreeMap<String, Camera>,
    /// Notes, in the order in which they were made.
    pub notes: Vec<Note>,
    /// Measurements, in the order in which they were made.
    pub measurements: Vec<NamedMeasurement>,
    /// Accepted geometry warnings, in the order in which they were accepted.
    pub acceptances: Vec<Acceptance>,
    /// What is said about structures beyond how they look.
    pub edits: EditState,
    /// Annotations, trajectories, implants, resections.
    pub items: Items,
    /// What is known and decided about trajectories, by their names.
    pub approaches: BTreeMap<String, Approach>,
    /// What structures are to instruments, by their names. One without an entry has the default; see [`PlanState::watch`].
    pub watches: BTreeMap<String, Watch>,
    /// How screws were found to lie, by the implants' names.
    pub screws: BTreeMap<String, ScrewCheck>,
    /// Rehearsals that were kept, in the order in which they were.
    pub rehearsals: Vec<Rehearsal>,
    /// Reviews that stand, in the order in which they were made.
    pub reviews: Vec<Review>,
    /// What was said about the validity of structures, by their names.
    pub validations: BTreeMap<String, Validation>,
}

impl PlanState {
    /// How a structure is shown.
    pub fn appearance(&self, structure: &str) -> Appearance {
        self.appearances.get(structure).copied().unwrap_or_default()
    }

    /// What a structure is to instruments.
    pub fn watch(&self, structure: &str) -> Watch {
        self.watches.get(structure).copied().unwrap_or_default()
    }

    /// "Overwrite all" as it is now: all but what is locked.
    pub fn overwrite_all(&self) -> Overwrite {
        Overwrite::AllBut(self.edits.locked.keys().cloned().collect())
    }

    /// "Overwrite visible" as it is now, of these structures: those that are shown and not locked.
    pub fn overwrite_visible<'a>(&self, structures: impl IntoIterator<Item = &'a str>) -> Overwrite {
        let seen = |name: &&str| self.appearance(name).is_seen() && !self.edits.locked.contains_key(*name);
        Overwrite::Only(structures.into_iter().filter(seen).map(str::to_owned).collect())
    }

    /// The acceptance of a volume's warning, if it was accepted. The caller compares
    /// [`Acceptance::issue`] with the warning that it has.
    pub fn acceptance(&self, volume: &str, index: u32) -> Option<&Acceptance> {
        self.acceptances.iter().find(|a| a.volume == volume && a.index == index)
    }

    /// The state that these entries add up to, leaving out those for which `undone` holds.
    pub(crate) fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>, undone: impl Fn(&OpId) -> bool) -> Self {
        let mut state = Self::default();
        for entry in entries {
            if let Action::Do(operation) = &entry.action
                && !undone(&entry.id)
            {
                // What refers to something that another user has removed meanwhile has no effect.
                state.step(entry, operation).ok();
            }
        }
        state
    }

    /// Takes one operation in, or refuses it and stays as it is. The operation has passed [`Operation::check`].
    pub(crate) fn step(&mut self, entry: &Entry, operation: &Operation) -> Result<(), PlanError> {
        let unknown = |kind, name: &dyn ToString| PlanError::Unknown { kind, name: name.to_string() };
        match operation {
            Operation::ShowStructure { structure, visible } => {
                self.appearances.entry(structure.clone()).or_default().visible = *visible;
            }
            Operation::ColourStructure { structure, colour } => {
                self.appearances.entry(structure.clone()).or_default().colour = Some(*colour);
            }
            Operation::FadeStructure { structure, opacity } => {
                self.appearances.entry(structure.clone()).or_default().opacity = *opacity;
            }
            Operation::ResetAppearance { structure } => {
                self.appearances.remove(structure);
                self.rendering.forget(structure);
            }
            Operation::SetWindow { volume, window } => {
                self.windows.insert(volume.clone(), *window);
            }
            Operation::SetRenderPreset { volume, preset } => {
                self.render_presets.insert(volume.clone(), preset.clone());
            }
            Operation::Rendering(operation) => self.rendering.step(operation),
            Operation::SetCrosshair { at } => self.crosshair = Some(*at),
            Operation::SetClipPlane { name, plane } => {
                self.clip_planes.insert(name.clone(), *plane);
            }
            Operation::RemoveClipPlane { name } => {
                self.clip_planes.remove(name).ok_or_else(|| unknown("clip plane", name))?;
            }
            Operation::SetClipBox { name, clip } => {
                self.clip_boxes.insert(name.clone(), clip.clone());
            }
            Operation::RemoveClipBox { name } => {
                self.clip_boxes.remove(name).ok_or_else(|| unknown("clip box", name))?;
            }
            Operation::SaveView { name, camera } => {
                self.views.insert(name.clone(), *camera);
            }
            Operation::RemoveView { name } => {
                self.views.remove(name).ok_or_else(|| unknown("saved view", name))?;
            }
            Operation::AddNote { text, at } => self.notes.push(Note {
                id: entry.id,
                author: entry.author.clone(),
                time: entry.time,
                text: text.clone(),
                at: *at,
            }),
            Operation::EditNote { note: id, text } => {
                let note = self.notes.iter_mut().find(|n| n.id == *id).ok_or_else(|| unknown("note", id))?;
                note.text.clone_from(text);
                note.time = entry.time;
            }
            Operation::RemoveNote { note: id } => {
                let index = self.notes.iter().position(|n| n.id == *id).ok_or_else(|| unknown("note", id))?;
                self.notes.remove(index);
            }
            Operation::Measurement(operation) => operation.step(entry, &mut self.measurements)?,
            Operation::AcceptWarning { volume, index, issue, reason } => {
                self.acceptances.retain(|a| !(a.volume == *volume && a.index == *index));
                self.acceptances.push(Acceptance {
                    volume: volume.clone(),
                    index: *index,
                    issue: issue.clone(),
                    by: entry.author.clone(),
                    at: entry.time,
                    reason: reason.clone(),
                });
            }
            Operation::ReopenWarning { volume, index, .. } => {
                let at = self.acceptances.iter().position(|a| a.volume == *volume && a.index == *index);
                let at = at.ok_or_else(|| unknown("accepted warning", &format!("{index} of {volume}")))?;
                self.acceptances.remove(at);
            }
            Operation::Edit(operation) => operation.step(self, (entry.id, &entry.author, entry.time))?,
            Operation::Item(operation) => operation.step(self)?,
            Operation::Approach(operation) => operation.step(self, (&entry.author, entry.time))?,
            Operation::Review(operation) => operation.step(self, (entry.id, &entry.author, entry.time))?,
            Operation::Validation(operation) => operation.step(self, (entry.id, &entry.author, entry.time))?,
        }
        Ok(())
    }
}
