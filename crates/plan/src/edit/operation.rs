//! Operations that make, edit and manage structures.

use std::collections::BTreeMap;

use fabrica_volume::Rgb;
use serde::{Deserialize, Serialize};

use super::{Overwrite, Stroke};
use crate::operation::check_name;
use crate::{Author, OpId, PlanError, PlanState, UtcTime};

/// An operation on structures and their voxels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum EditOperation {
    /// Makes an empty structure on a volume's grid, to be drawn.
    Create {
        /// Its name; no other structure may have it.
        structure: String,
        /// The volume's id.
        volume: String,
        /// Its own colour.
        colour: Rgb,
    },
    /// Edits voxels.
    Stroke(Stroke),
    /// The case put another file in a structure's place, or took it away. Strokes before this one stay with the file
    /// that they were made on. Made by the case itself; cannot be undone.
    SetBase {
        /// The structure.
        structure: String,
        /// The file before; nothing when there was none.
        from: Option<Base>,
        /// The file from now on; nothing when the structure is gone.
        to: Option<Base>,
    },
    /// Says how far the work on a structure is.
    SetProgress {
        /// The structure.
        structure: String,
        /// How far.
        progress: StructureProgress,
    },
    /// Locks a structure against strokes, or unlocks it.
    Lock {
        /// The structure.
        structure: String,
        /// Whether it is locked.
        locked: bool,
    },
    /// Shows a volume through a structure: what lies outside (or inside) gets one value. The stored volume stays.
    MaskVolume {
        /// The volume's id.
        volume: String,
        /// How; nothing for the whole volume again.
        mask: Option<VolumeMask>,
    },
}

/// A file that a structure began with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// The id of the structure's entry in the case.
    pub id: String,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
    /// The id of the volume on whose grid it lies.
    pub volume: String,
}

/// How far the work on a structure is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StructureProgress {
    /// Nobody has worked on it.
    #[default]
    NotStarted,
    /// Somebody is at it.
    InProgress,
    /// It is done.
    Completed,
    /// Somebody must look at it.
    Flagged,
}

/// A volume seen through a structure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeMask {
    /// The structure.
    pub structure: String,
    /// Which side of it gets the value.
    pub fill: VolumeSide,
    /// The value, in the volume's unit.
    pub value: f64,
}

/// A side of a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeSide {
    /// What does not belong to it.
    Outside,
    /// What belongs to it.
    Inside,
}

/// What a plan says about structures beyond how they look.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EditState {
    /// Structures that were made in the plan and have no file, by name.
    pub created: BTreeMap<String, Created>,
    /// How far the work on structures is, by name, where somebody said so.
    pub progress: BTreeMap<String, StructureProgress>,
    /// Structures that are locked: who locked them.
    pub locked: BTreeMap<String, Author>,
    /// Volumes seen through a structure, by id.
    pub volume_masks: BTreeMap<String, VolumeMask>,
}

/// A structure made in the plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Created {
    /// The operation that made it.
    pub id: OpId,
    /// On this volume's grid.
    pub volume: String,
    /// Its own colour.
    pub colour: Rgb,
    /// Who made it.
    pub by: Author,
    /// When.
    pub at: UtcTime,
}

impl EditState {
    /// How far the work on a structure is.
    pub fn progress(&self, structure: &str) -> StructureProgress {
        self.progress.get(structure).copied().unwrap_or_default()
    }
}

impl EditOperation {
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        match self {
            Self::Create { structure, volume, .. } => {
                check_name("structure", structure)?;
                check_name("volume", volume)
            }
            Self::Stroke(stroke) => stroke.check(),
            Self::SetBase { structure, from, to } => {
                check_name("structure", structure)?;
                for base in from.iter().chain(to) {
                    check_name("structure's id", &base.id)?;
                    check_name("volume", &base.volume)?;
                    if base.sha256.len() != 64 || !base.sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
                        return Err(PlanError::invalid("structure's hash", "it is no SHA-256"));
                    }
                }
                Ok(())
            }
            Self::SetProgress { structure, .. } | Self::Lock { structure, .. } => check_name("structure", structure),
            Self::MaskVolume { volume, mask } => {
                check_name("volume", volume)?;
                let Some(mask) = mask else { return Ok(()) };
                check_name("structure", &mask.structure)?;
                if !mask.value.is_finite() {
                    return Err(PlanError::invalid("value of the masked volume", "it is not finite"));
                }
                Ok(())
            }
        }
    }

    /// The structures that must exist for this operation.
    pub(crate) fn structures(&self) -> Vec<&str> {
        match self {
            Self::Stroke(stroke) => stroke.targets().chain(stroke.sources()).collect(),
            Self::SetProgress { structure, .. } | Self::Lock { structure, .. } => vec![structure],
            Self::MaskVolume { mask: Some(mask), .. } => vec![&mask.structure],
            Self::Create { .. } | Self::SetBase { .. } | Self::MaskVolume { mask: None, .. } => Vec::new(),
        }
    }

    /// Whether this operation may change the voxels of a structure.
    pub fn may_change(&self, name: &str) -> bool {
        match self {
            Self::Create { structure, .. } | Self::SetBase { structure, .. } => structure == name,
            Self::Stroke(stroke) => {
                stroke.targets().any(|t| t == name)
                    || match &stroke.overwrite {
                        Overwrite::None => false,
                        Overwrite::Only(names) => names.iter().any(|n| n == name),
                        Overwrite::AllBut(names) => !names.iter().any(|n| n == name),
                    }
            }
            _ => false,
        }
    }

    pub(crate) fn volume(&self) -> Option<&str> {
        match self {
            Self::Create { volume, .. } | Self::MaskVolume { volume, .. } => Some(volume),
            _ => None,
        }
    }

    pub(crate) fn is_undoable(&self) -> bool {
        !matches!(self, Self::SetBase { .. })
    }

    pub(crate) fn summary(&self) -> &'static str {
        match self {
            Self::Create { .. } => "make structure",
            Self::Stroke(stroke) => stroke.summary(),
            Self::SetBase { to: Some(_), .. } => "structure has another file",
            Self::SetBase { to: None, .. } => "structure removed",
            Self::SetProgress { .. } => "set structure's progress",
            Self::Lock { locked: true, .. } => "lock structure",
            Self::Lock { locked: false, .. } => "unlock structure",
            Self::MaskVolume { mask: Some(_), .. } => "mask volume",
            Self::MaskVolume { mask: None, .. } => "unmask volume",
        }
    }

    /// Takes the operation in. A stroke changes nothing here: voxels are no part of the state.
    pub(crate) fn step(&self, state: &mut PlanState, (id, by, at): (OpId, &Author, UtcTime)) -> Result<(), PlanError> {
        let edits = &mut state.edits;
        match self {
            Self::Create { structure, volume, colour } => {
                if edits.created.contains_key(structure) {
                    return Err(PlanError::Exists { kind: "structure", name: structure.clone() });
                }
                let made = Created { id, volume: volume.clone(), colour: *colour, by: by.clone(), at };
                edits.created.insert(structure.clone(), made);
            }
            Self::Stroke(_) => {}
            Self::SetBase { structure, to, .. } => {
                edits.created.remove(structure);
                if to.is_none() {
                    edits.progress.remove(structure);
                    edits.locked.remove(structure);
                    edits.volume_masks.retain(|_, mask| mask.structure != *structure);
                }
            }
            Self::SetProgress { structure, progress } => {
                edits.progress.insert(structure.clone(), *progress);
            }
            Self::Lock { structure, locked: true } => {
                edits.locked.insert(structure.clone(), by.clone());
            }
            Self::Lock { structure, locked: false } => {
                edits.locked.remove(structure);
            }
            Self::MaskVolume { volume, mask: Some(mask) } => {
                edits.volume_masks.insert(volume.clone(), mask.clone());
            }
            Self::MaskVolume { volume, mask: None } => {
                edits.volume_masks.remove(volume);
            }
        }
        Ok(())
    }
}
