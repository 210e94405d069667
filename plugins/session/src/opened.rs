//! The case with what was read from it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fabrica_case::{Case, CaseError, VolumeEntry};
use fabrica_plan::{Author, NamedMeasurement, Window};
use fabrica_progress::Progress;
use fabrica_raycast::Preset;
use fabrica_scene::{OpenCase, SceneApproach, SceneMeasurement, SceneStructure, SceneVolume, SceneWarning};
use fabrica_volume::{Structure, Volume};

/// The case, shared by the tasks that change it.
pub type Shared = Arc<Mutex<Opened>>;

/// What the scene is to show, and which of two is newer.
pub struct Model {
    pub revision: u64,
    pub case: OpenCase,
}

/// An open case with the data that the scene shows.
pub struct Opened {
    pub case: Case,
    id: String,
    volume: Arc<Volume>,
    /// Structures that were read, by the hash of their file, so that an unchanged one is the same `Arc`.
    structures: HashMap<String, Arc<Structure>>,
    revision: u64,
}

/// A panic in another task leaves the case as it is on the disk; the lock stays usable.
pub fn lock(shared: &Shared) -> MutexGuard<'_, Opened> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Opened {
    /// Reads what the scene shows of a case: its first volume.
    pub fn new(case: Case, progress: &Progress) -> Result<Self, CaseError> {
        let id = case.volumes().first().map(|v| v.id.clone()).unwrap_or_default();
        let volume = Arc::new(case.volume(&id, progress)?);
        case.lend_volume(&id, volume.clone());
        Ok(Self { case, id, volume, structures: HashMap::new(), revision: 0 })
    }

    /// Shows another volume of the case, of which the scene then shows the structures.
    pub fn show(&mut self, id: &str, progress: &Progress) -> Result<(), CaseError> {
        self.volume = Arc::new(self.case.volume(id, progress)?);
        self.id = id.to_owned();
        Ok(())
    }

    /// The volume of the scene.
    pub fn scene_volume(&self) -> SceneVolume {
        SceneVolume { id: self.id.clone(), volume: self.volume.clone() }
    }

    /// What the scene is to show now.
    pub fn model(&mut self, by: &Author, progress: &Progress) -> Result<Model, CaseError> {
        let state = self.case.plan().state().clone();
        let entries: Vec<_> = self.case.structures().iter().filter(|s| s.volume == self.id).cloned().collect();
        let mut structures = Vec::new();
        for entry in &entries {
            let structure = match self.structures.get(&entry.sha256) {
                Some(known) => known.clone(),
                None => Arc::new(self.case.structure(&entry.name, progress)?),
            };
            self.structures.insert(entry.sha256.clone(), structure.clone());
            structures.push(SceneStructure {
                appearance: state.appearance(&entry.name),
                volume_look: state.rendering.look(&entry.name),
                progress: state.edits.progress.get(&entry.name).copied().unwrap_or_default(),
                locked: state.edits.locked.contains_key(&entry.name),
                structure,
            });
        }
        self.structures.retain(|sha256, _| entries.iter().any(|e| e.sha256 == *sha256));
        let mut reviews = Vec::new();
        for shown in &structures {
            let Structure { name, mask, .. } = shown.structure.as_ref();
            if state.validations.contains_key(name) {
                reviews.push(fabrica_review::status_with(&self.case, name, mask, progress)?);
            }
        }
        let from = &self.volume.provenance;
        let window = state.windows.get(&self.id).copied().unwrap_or_else(|| self.suited_window());
        let preset = match state.render_presets.get(&self.id) {
            Some(name) => name.clone(),
            None => Preset::suited_to(&self.volume).map(|p| p.name).unwrap_or_default(),
        };
        self.revision += 1;
        let case = OpenCase {
            folder: Some(self.case.folder().to_owned()),
            title: format!("{} {} {}", from.patient_name.replace('^', " ").trim(), from.modality, from.description)
                .trim()
                .to_owned(),
            volume: Some(self.scene_volume()),
            volumes: self.case.volumes().iter().map(|v| (v.id.clone(), name(v))).collect(),
            structures,
            crosshair: state.crosshair.unwrap_or_else(|| self.volume.grid().centre()),
            window: Some(window),
            preset,
            function: state.rendering.functions.get(&self.id).cloned(),
            clip: state.clip_planes.get("clip").copied(),
            clip_box: state.clip_boxes.get("clip").cloned(),
            warnings: self
                .case
                .warnings()
                .into_iter()
                .map(|w| SceneWarning { volume: w.volume, index: w.index, warning: w.warning })
                .collect(),
            reviews,
            measurements: state.measurements.iter().map(|m| self.measurement(m)).collect(),
            approach: SceneApproach {
                watches: state.watches,
                trajectories: state.items.trajectories,
                found: state.approaches,
                implants: state.items.implants,
                screws: state.screws,
                rehearsals: state.rehearsals,
            },
            views: state.views.iter().map(|(name, camera)| (name.clone(), *camera)).collect(),
            undo_redo: (self.case.plan().next_undo(by).is_some(), self.case.plan().next_redo(by).is_some()),
        };
        Ok(Model { revision: self.revision, case })
    }

    fn measurement(&self, measurement: &NamedMeasurement) -> SceneMeasurement {
        SceneMeasurement {
            measurement: measurement.clone(),
            stale: fabrica_measure::stale(&self.case, &measurement.measurement),
        }
    }

    /// The window while the plan has none.
    fn suited_window(&self) -> Window {
        let fabrica_raycast::Window { centre, width } = fabrica_raycast::Window::suited_to(&self.volume);
        Window { centre, width }
    }

    /// Adds a structure, or puts it in the place of one of the same name.
    pub fn put_structure(
        &mut self,
        volume: &str,
        structure: &Structure,
        by: &Author,
        progress: &Progress,
    ) -> Result<(), CaseError> {
        if self.case.structures().iter().any(|s| s.name == structure.name) {
            self.case.replace_structure(volume, structure, by, progress)
        } else {
            self.case.add_structure(volume, structure, by, progress)
        }
    }
}

/// What to call a volume: its description, which holds the phase, or its id.
fn name(volume: &VolumeEntry) -> String {
    let description = volume.provenance.description.trim();
    if description.is_empty() { volume.id.clone() } else { format!("{} ({})", description, volume.id) }
}
