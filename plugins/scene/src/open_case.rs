//! What is open: a read model of the case that the session keeps up to date. Nobody else writes to it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bevy::prelude::*;
use fabrica_geometry::LpsPoint;
use fabrica_plan::{
    Appearance, Approach, ClipBox, ClipPlane, Implant, NamedMeasurement, Rehearsal, ScrewCheck, StructureProgress,
    Trajectory, TransferFunction, VolumeLook, Watch, Window,
};
use fabrica_review::Status;
use fabrica_volume::{GeometryWarning, Rgb, Structure, Volume};

/// The open case, as the plugins see it. Empty before one is opened.
#[derive(Resource, Default)]
pub struct OpenCase {
    /// The case's folder, when one is open.
    pub folder: Option<PathBuf>,
    /// What to call it.
    pub title: String,
    /// The volume that is shown.
    pub volume: Option<SceneVolume>,
    /// The id and name of each of the case's volumes, of which one is shown.
    pub volumes: Vec<(String, String)>,
    /// The structures of the volume that is shown, in the case's order.
    pub structures: Vec<SceneStructure>,
    /// Where the slices cross.
    pub crosshair: LpsPoint,
    /// How values become grey.
    pub window: Option<Window>,
    /// The volume's rendering preset, by name.
    pub preset: String,
    /// The transfer function in place of the preset's, when there is one.
    pub function: Option<TransferFunction>,
    /// The clip plane, when there is one.
    pub clip: Option<ClipPlane>,
    /// The clip box, when there is one.
    pub clip_box: Option<ClipBox>,
    /// The geometry warnings of all volumes with their state.
    pub warnings: Vec<SceneWarning>,
    /// Where the review of structures stands that a network made.
    pub reviews: Vec<Status>,
    /// The plan's measurements, in the order in which they were made.
    pub measurements: Vec<SceneMeasurement>,
    /// What the plan says of the way in.
    pub approach: SceneApproach,
    /// The views that were kept, by name.
    pub views: Vec<(String, fabrica_plan::Camera)>,
    /// Whether there is something to undo, and to redo.
    pub undo_redo: (bool, bool),
}

/// What the plan says of the way in: everything by its name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SceneApproach {
    /// What structures are to instruments, where somebody has said so.
    pub watches: BTreeMap<String, Watch>,
    /// Straight ways.
    pub trajectories: BTreeMap<String, Trajectory>,
    /// What was found and decided about them.
    pub found: BTreeMap<String, Approach>,
    /// What is put in.
    pub implants: BTreeMap<String, Implant>,
    /// How screws were found to lie.
    pub screws: BTreeMap<String, ScrewCheck>,
    /// Rehearsals that were kept, in order.
    pub rehearsals: Vec<Rehearsal>,
}

impl SceneApproach {
    /// What a structure is to instruments.
    pub fn watch(&self, structure: &str) -> Watch {
        self.watches.get(structure).copied().unwrap_or_default()
    }
}

/// A measurement of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneMeasurement {
    /// The measurement.
    pub measurement: NamedMeasurement,
    /// The data that has changed since it was made, by name: while there is some, it is stale.
    pub stale: Vec<String>,
}

/// A geometry warning of the case.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneWarning {
    /// The volume's id.
    pub volume: String,
    /// Which of the volume's warnings, from 0.
    pub index: usize,
    /// The warning, and what was decided about it.
    pub warning: GeometryWarning,
}

/// A volume in the scene.
#[derive(Clone)]
pub struct SceneVolume {
    /// Its id in the case.
    pub id: String,
    /// The volume.
    pub volume: Arc<Volume>,
}

/// A structure in the scene.
#[derive(Clone)]
pub struct SceneStructure {
    /// The structure.
    pub structure: Arc<Structure>,
    /// How the plan shows it.
    pub appearance: Appearance,
    /// How it is seen in the volume's picture.
    pub volume_look: VolumeLook,
    /// How far the work on it is.
    pub progress: StructureProgress,
    /// Whether it is locked against edits.
    pub locked: bool,
}

impl SceneStructure {
    /// The colour that it is shown in.
    pub fn colour(&self) -> Rgb {
        self.appearance.colour.unwrap_or(self.structure.colour)
    }
}

impl OpenCase {
    /// Whether what is open is simulated, not measured on a patient. Shown wherever the data is.
    pub fn is_simulated(&self) -> bool {
        self.volume.as_ref().is_some_and(|v| v.volume.provenance.simulated)
    }

    /// Why nothing may be measured now, in words: a geometry warning is open.
    pub fn measuring_waits(&self) -> Option<String> {
        let open = self.warnings.iter().find(|w| w.warning.is_open())?;
        Some(format!(
            "Measuring waits: a geometry warning of {} is open ({}). Settle it first, at the top of the panel.",
            open.volume, open.warning.issue
        ))
    }

    /// Whether a geometry warning waits for the user, so that measuring and printing are blocked.
    pub fn has_open_warnings(&self) -> bool {
        self.warnings.iter().any(|w| w.warning.is_open())
    }
}
