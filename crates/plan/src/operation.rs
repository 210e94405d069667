//! Operations: the one way to change a plan.

use fabrica_geometry::LpsPoint;
use fabrica_volume::{GeometryIssue, Rgb};
use serde::{Deserialize, Serialize};

use crate::{
    ApproachOperation, Camera, ClipBox, ClipPlane, EditOperation, ItemOperation, MeasurementOperation, OpId, PlanError,
    Projection, RenderingOperation, ReviewOperation, ValidationOperation, Window,
};

/// The schema of the records written here. A new variant of [`Operation`] or a new field raises it; what older
/// versions wrote stays readable.
pub const SCHEMA: u32 = 7;

/// The longest name, in characters.
const NAME_LIMIT: usize = 200;
/// The longest text, in characters.
const TEXT_LIMIT: usize = 20_000;
/// The farthest that a position may be from the patient coordinates' origin, mm: 100 m.
const FAR: f64 = 1e5;

/// One change of the plan. Every tool emits these; nothing else changes the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Operation {
    /// Shows or hides a structure.
    ShowStructure {
        /// Its name.
        structure: String,
        /// Whether it is to be seen.
        visible: bool,
    },
    /// Gives a structure a colour in this plan.
    ColourStructure {
        /// Its name.
        structure: String,
        /// The colour.
        colour: Rgb,
    },
    /// Makes a structure more or less see-through.
    FadeStructure {
        /// Its name.
        structure: String,
        /// 0 (not to be seen) to 1 (solid).
        opacity: f64,
    },
    /// Forgets how a structure was shown: it was removed, or is to look as new. Cannot be undone.
    ResetAppearance {
        /// Its name.
        structure: String,
    },
    /// Sets a volume's window.
    SetWindow {
        /// The volume's id.
        volume: String,
        /// The window.
        window: Window,
    },
    /// Chooses a volume's rendering preset.
    SetRenderPreset {
        /// The volume's id.
        volume: String,
        /// The preset's name.
        preset: String,
    },
    /// Puts the crosshair somewhere.
    SetCrosshair {
        /// Where.
        at: LpsPoint,
    },
    /// Adds or moves a clip plane.
    SetClipPlane {
        /// Its name.
        name: String,
        /// Where it cuts.
        plane: ClipPlane,
    },
    /// Takes a clip plane away.
    RemoveClipPlane {
        /// Its name.
        name: String,
    },
    /// Adds or moves a clip box.
    SetClipBox {
        /// Its name.
        name: String,
        /// Where it cuts, and what.
        clip: ClipBox,
    },
    /// Takes a clip box away.
    RemoveClipBox {
        /// Its name.
        name: String,
    },
    /// Keeps a view under a name, in place of one of the same name.
    SaveView {
        /// Its name.
        name: String,
        /// The view.
        camera: Camera,
    },
    /// Forgets a kept view.
    RemoveView {
        /// Its name.
        name: String,
    },
    /// Writes a note.
    AddNote {
        /// What it says.
        text: String,
        /// The place that it is about, if it is about one.
        at: Option<LpsPoint>,
    },
    /// Writes a note anew.
    EditNote {
        /// The operation that made it.
        note: OpId,
        /// What it says now.
        text: String,
    },
    /// Takes a note away.
    RemoveNote {
        /// The operation that made it.
        note: OpId,
    },
    /// Adds, changes or removes a measurement (since schema 2).
    Measurement(MeasurementOperation),
    /// Changes how the volume's picture is drawn (since schema 4).
    Rendering(RenderingOperation),
    /// Goes on in spite of a geometry warning. Cannot be undone in passing, only withdrawn.
    AcceptWarning {
        /// The volume's id.
        volume: String,
        /// Which of its warnings, from 0.
        index: u32,
        /// The warning: acceptance holds for this very one.
        issue: GeometryIssue,
        /// Why, in the user's words.
        reason: String,
    },
    /// Withdraws the acceptance of a geometry warning. Cannot be undone in passing, only accepted again.
    ReopenWarning {
        /// The volume's id.
        volume: String,
        /// Which of its warnings, from 0.
        index: u32,
        /// Why, in the user's words.
        reason: String,
    },
    /// Makes, edits or manages structures.
    Edit(EditOperation),
    /// Sets or removes an annotation, trajectory, implant or resection.
    Item(ItemOperation),
    /// Rehearsing: trajectories' assessments and decisions (since schema 3), safety distances, screws, records (since schema 6).
    Approach(ApproachOperation),
    /// Decides about the plan or a part of it.
    Review(ReviewOperation),
    /// Lists, decides, checks and signs what a network made (since schema 5).
    Validation(ValidationOperation),
}

impl From<EditOperation> for Operation {
    fn from(operation: EditOperation) -> Self {
        Self::Edit(operation)
    }
}

impl From<crate::Stroke> for Operation {
    fn from(stroke: crate::Stroke) -> Self {
        Self::Edit(EditOperation::Stroke(stroke))
    }
}

impl Operation {
    /// Checks what can be checked without a plan: numbers, names, texts.
    ///
    /// # Errors
    /// [`PlanError::Invalid`] names the value and what is allowed.
    pub fn check(&self) -> Result<(), PlanError> {
        match self {
            Self::ShowStructure { structure, .. }
            | Self::ColourStructure { structure, .. }
            | Self::ResetAppearance { structure } => check_name("structure", structure),
            Self::FadeStructure { structure, opacity } => {
                check_name("structure", structure)?;
                if !(0.0..=1.0).contains(opacity) {
                    return Err(PlanError::invalid("opacity", format!("{opacity} is not between 0 and 1")));
                }
                Ok(())
            }
            Self::SetWindow { volume, window } => {
                check_name("volume", volume)?;
                let Window { centre, width } = *window;
                if !(centre.is_finite() && width.is_finite() && width > 0.0) {
                    let what = format!("centre {centre} and width {width}: both must be finite, the width over 0");
                    return Err(PlanError::invalid("window", what));
                }
                Ok(())
            }
            Self::SetRenderPreset { volume, preset } => {
                check_name("volume", volume)?;
                check_name("preset", preset)
            }
            Self::SetCrosshair { at } => check_point("crosshair", *at),
            Self::SetClipPlane { name, plane } => {
                check_name("clip plane", name)?;
                check_point("clip plane's point", plane.point)?;
                check_direction("clip plane's normal", plane.normal.0)
            }
            Self::SetClipBox { name, clip } => {
                check_name("clip box", name)?;
                clip.check()
            }
            Self::RemoveClipBox { name } => check_name("clip box", name),
            Self::SaveView { name, camera } => {
                check_name("view", name)?;
                check_camera(camera)
            }
            Self::RemoveClipPlane { name } => check_name("clip plane", name),
            Self::RemoveView { name } => check_name("view", name),
            Self::AddNote { text, at } => {
                check_text("note", text)?;
                at.map_or(Ok(()), |at| check_point("note's place", at))
            }
            Self::EditNote { text, .. } => check_text("note", text),
            Self::RemoveNote { .. } => Ok(()),
            Self::Measurement(operation) => operation.check(),
            Self::Rendering(operation) => operation.check(),
            Self::AcceptWarning { volume, reason, .. } | Self::ReopenWarning { volume, reason, .. } => {
                check_name("volume", volume)?;
                check_text("reason", reason)
            }
            Self::Edit(operation) => operation.check(),
            Self::Item(operation) => operation.check(),
            Self::Approach(operation) => operation.check(),
            Self::Review(operation) => operation.check(),
            Self::Validation(operation) => operation.check(),
        }
    }

    /// The structures that must exist for this operation.
    pub fn structures(&self) -> Vec<&str> {
        match self {
            Self::ShowStructure { structure, .. }
            | Self::ColourStructure { structure, .. }
            | Self::FadeStructure { structure, .. } => vec![structure],
            Self::Measurement(operation) => operation.measurement().map_or_else(Vec::new, |m| m.kind.structures()),
            Self::Rendering(operation) => operation.structure().into_iter().collect(),
            Self::Edit(operation) => operation.structures(),
            Self::Item(operation) => operation.structures(),
            Self::Approach(operation) => operation.structure().into_iter().collect(),
            Self::Review(operation) => operation.structures(),
            Self::Validation(operation) => vec![operation.structure()],
            _ => Vec::new(),
        }
    }

    /// The volume that must exist for this operation, if it needs one.
    pub fn volume(&self) -> Option<&str> {
        match self {
            Self::SetWindow { volume, .. }
            | Self::SetRenderPreset { volume, .. }
            | Self::AcceptWarning { volume, .. }
            | Self::ReopenWarning { volume, .. } => Some(volume),
            Self::Measurement(operation) => operation.measurement().map(|m| m.volume.as_str()),
            Self::Rendering(operation) => operation.volume(),
            Self::Edit(operation) => operation.volume(),
            _ => None,
        }
    }

    /// Whether undo takes this operation back. Decisions on warnings and reviews are signed acts and stay until another is made;
    /// the bookkeeping of removed structures stays too.
    pub fn is_undoable(&self) -> bool {
        match self {
            Self::ResetAppearance { .. } | Self::AcceptWarning { .. } | Self::ReopenWarning { .. } => false,
            Self::Review(_) | Self::Validation(_) => false,
            Self::Edit(operation) => operation.is_undoable(),
            _ => true,
        }
    }

    /// What it does, in a few words for lists and logs.
    pub fn summary(&self) -> &'static str {
        match self {
            Self::ShowStructure { visible: true, .. } => "show structure",
            Self::ShowStructure { visible: false, .. } => "hide structure",
            Self::ColourStructure { .. } => "colour structure",
            Self::FadeStructure { .. } => "change opacity",
            Self::ResetAppearance { .. } => "reset appearance",
            Self::SetWindow { .. } => "set window",
            Self::SetRenderPreset { .. } => "choose rendering preset",
            Self::SetCrosshair { .. } => "move crosshair",
            Self::SetClipPlane { .. } => "set clip plane",
            Self::RemoveClipPlane { .. } => "remove clip plane",
            Self::SetClipBox { .. } => "set clip box",
            Self::RemoveClipBox { .. } => "remove clip box",
            Self::SaveView { .. } => "save view",
            Self::RemoveView { .. } => "remove view",
            Self::AddNote { .. } => "add note",
            Self::EditNote { .. } => "edit note",
            Self::RemoveNote { .. } => "remove note",
            Self::Measurement(operation) => operation.summary(),
            Self::Rendering(operation) => operation.summary(),
            Self::AcceptWarning { .. } => "accept geometry warning",
            Self::ReopenWarning { .. } => "withdraw acceptance of geometry warning",
            Self::Edit(operation) => operation.summary(),
            Self::Item(operation) => operation.summary(),
            Self::Approach(operation) => operation.summary(),
            Self::Review(operation) => operation.summary(),
            Self::Validation(operation) => operation.summary(),
        }
    }
}

pub(crate) fn check_name(field: &'static str, name: &str) -> Result<(), PlanError> {
    if name.trim().is_empty() {
        return Err(PlanError::invalid(field, "the name is empty"));
    }
    if name.chars().count() > NAME_LIMIT {
        return Err(PlanError::invalid(field, format!("the name is longer than {NAME_LIMIT} characters")));
    }
    if name.chars().any(char::is_control) {
        return Err(PlanError::invalid(field, "the name holds a line break or another control character"));
    }
    Ok(())
}

pub(crate) fn check_text(field: &'static str, text: &str) -> Result<(), PlanError> {
    if text.trim().is_empty() {
        return Err(PlanError::invalid(field, "the text is empty"));
    }
    if text.chars().count() > TEXT_LIMIT {
        return Err(PlanError::invalid(field, format!("the text is longer than {TEXT_LIMIT} characters")));
    }
    Ok(())
}

pub(crate) fn check_point(field: &'static str, at: LpsPoint) -> Result<(), PlanError> {
    if at.0.is_finite() && at.0.abs().max_element() <= FAR {
        return Ok(());
    }
    Err(PlanError::invalid(field, format!("({}, {}, {}) mm is not finite or over 100 m away", at.0.x, at.0.y, at.0.z)))
}

pub(crate) fn check_direction(field: &'static str, direction: glam::DVec3) -> Result<(), PlanError> {
    if direction.is_finite() && direction.try_normalize().is_some() {
        return Ok(());
    }
    Err(PlanError::invalid(field, "the direction has no length or is not finite"))
}

fn check_camera(camera: &Camera) -> Result<(), PlanError> {
    check_point("view's eye", camera.eye)?;
    check_point("view's target", camera.target)?;
    let sight = (camera.target - camera.eye).0;
    check_direction("view's line of sight", sight)?;
    check_direction("view's up", camera.up.0)?;
    // Nearer than 0.06° to the line of sight, "up" says nothing.
    if sight.normalize().cross(camera.up.0.normalize()).length() < 1e-3 {
        return Err(PlanError::invalid("view's up", "it lies along the line of sight"));
    }
    match camera.projection {
        Projection::Perspective { vertical_degrees: a } if !(a > 0.0 && a < 180.0) => {
            Err(PlanError::invalid("view's angle", format!("{a}° is not over 0 and under 180")))
        }
        Projection::Orthographic { height } if !(height.0 > 0.0 && height.0 <= FAR) => {
            Err(PlanError::invalid("view's height", format!("{height} is not over 0 and at most 100 m")))
        }
        Projection::Perspective { .. } | Projection::Orthographic { .. } => Ok(()),
    }
}
