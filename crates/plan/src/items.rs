//! Named things in the plan: annotations, trajectories, implants, resections.

use std::collections::BTreeMap;

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_volume::Rgb;
use serde::{Deserialize, Serialize};

use crate::operation::{check_direction, check_name, check_point, check_text};
use crate::{PlanError, PlanState, Shape, StrokePath};

/// The widest trajectory, mm.
const WIDEST: f64 = 100.0;

/// An operation on a named thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ItemOperation {
    /// Puts it there, in place of one of the same kind and name.
    Set {
        /// Its name.
        name: String,
        /// What it is.
        item: Item,
    },
    /// Takes it away.
    Remove {
        /// What kind of thing.
        kind: ItemKind,
        /// Its name.
        name: String,
    },
}

/// A thing in the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Item {
    /// Something drawn, with words.
    Annotation(Annotation),
    /// A straight way in.
    Trajectory(Trajectory),
    /// A part that is put in.
    Implant(Implant),
    /// A part that is taken out.
    Resection(Resection),
}

/// What kinds of things there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ItemKind {
    /// See [`Annotation`].
    Annotation,
    /// See [`Trajectory`].
    Trajectory,
    /// See [`Implant`].
    Implant,
    /// See [`Resection`].
    Resection,
}

/// Something drawn, with words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Annotation {
    /// What is drawn.
    pub mark: AnnotationMark,
    /// Its points: one for a label, two for an arrow (the second is its tip), two or more for a line, three or more
    /// for an outline.
    pub points: StrokePath,
    /// What it says; may be empty, except for a label.
    pub text: String,
    /// Its colour.
    pub colour: Rgb,
}

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnotationMark {
    /// Words at a point.
    Label,
    /// An arrow.
    Arrow,
    /// An open line.
    Line,
    /// A closed line.
    Outline,
}

/// A straight way from the skin to a target: needle, electrode, screw, biopsy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trajectory {
    /// Where it enters.
    pub entry: LpsPoint,
    /// Where it ends.
    pub target: LpsPoint,
    /// Of the instrument.
    pub diameter: Mm,
    /// How far around the instrument nothing critical may lie.
    pub safety: Mm,
}

/// A part that is put in: plate, screw, stem, cage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Implant {
    /// Which part, as its maker or library names it.
    pub model: String,
    /// SHA-256 of the part's mesh file, so that it is known which shape was planned.
    pub mesh_sha256: String,
    /// Where the mesh's own origin lies in the patient.
    pub origin: LpsPoint,
    /// Where the mesh's x and y axes point: unit length, perpendicular; z is x × y, so that no part is ever mirrored.
    pub axes: [LpsVector; 2],
}

/// A part of a structure that is taken out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resection {
    /// Of which structure.
    pub structure: String,
    /// What lies in this region goes.
    pub region: Shape,
    /// How far from its border disease must stay.
    pub margin: Mm,
}

/// The named things of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Items {
    /// By name.
    pub annotations: BTreeMap<String, Annotation>,
    /// By name.
    pub trajectories: BTreeMap<String, Trajectory>,
    /// By name.
    pub implants: BTreeMap<String, Implant>,
    /// By name.
    pub resections: BTreeMap<String, Resection>,
}

impl Item {
    fn check(&self) -> Result<(), PlanError> {
        match self {
            Self::Annotation(annotation) => annotation.check(),
            Self::Trajectory(Trajectory { entry, target, diameter, safety }) => {
                check_point("trajectory's entry", *entry)?;
                check_point("trajectory's target", *target)?;
                check_direction("trajectory's direction", (*target - *entry).0)?;
                if !(diameter.0 > 0.0 && diameter.0 <= WIDEST && (0.0..=WIDEST).contains(&safety.0)) {
                    let what = format!("diameter {diameter}, safety {safety}: over 0 (safety from 0) to {WIDEST} mm");
                    return Err(PlanError::invalid("trajectory", what));
                }
                Ok(())
            }
            Self::Implant(implant) => implant.check(),
            Self::Resection(Resection { structure, region, margin }) => {
                check_name("structure", structure)?;
                region.check()?;
                if !(0.0..=WIDEST).contains(&margin.0) {
                    return Err(PlanError::invalid("resection's margin", format!("{margin} is not 0 to {WIDEST} mm")));
                }
                Ok(())
            }
        }
    }
}

impl Annotation {
    fn check(&self) -> Result<(), PlanError> {
        let points = self.points.len();
        let fits = match self.mark {
            AnnotationMark::Label => points == 1,
            AnnotationMark::Arrow => points == 2,
            AnnotationMark::Line => points >= 2,
            AnnotationMark::Outline => points >= 3,
        };
        if !fits {
            return Err(PlanError::invalid("annotation", format!("{points} points do not make {:?}", self.mark)));
        }
        if self.text.is_empty() && self.mark != AnnotationMark::Label {
            return Ok(());
        }
        check_text("annotation", &self.text)
    }
}

impl Implant {
    fn check(&self) -> Result<(), PlanError> {
        check_name("implant's model", &self.model)?;
        if self.mesh_sha256.len() != 64 || !self.mesh_sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(PlanError::invalid("implant's mesh", "its hash is no SHA-256 in hexadecimal"));
        }
        check_point("implant's origin", self.origin)?;
        let [x, y] = self.axes.map(|a| a.0);
        // Not a number fails too.
        if !((x.length() - 1.0).abs() < 1e-6 && (y.length() - 1.0).abs() < 1e-6 && x.dot(y).abs() < 1e-6) {
            return Err(PlanError::invalid("implant's axes", "they are not of unit length and perpendicular"));
        }
        Ok(())
    }
}

impl ItemOperation {
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        match self {
            Self::Set { name, item } => {
                check_name("name", name)?;
                item.check()
            }
            Self::Remove { name, .. } => check_name("name", name),
        }
    }

    pub(crate) fn structures(&self) -> Vec<&str> {
        match self {
            Self::Set { item: Item::Resection(resection), .. } => vec![&resection.structure],
            _ => Vec::new(),
        }
    }

    pub(crate) fn summary(&self) -> &'static str {
        match self {
            Self::Set { item: Item::Annotation(_), .. } => "annotate",
            Self::Set { item: Item::Trajectory(_), .. } => "plan trajectory",
            Self::Set { item: Item::Implant(_), .. } => "place implant",
            Self::Set { item: Item::Resection(_), .. } => "plan resection",
            Self::Remove { kind: ItemKind::Annotation, .. } => "remove annotation",
            Self::Remove { kind: ItemKind::Trajectory, .. } => "remove trajectory",
            Self::Remove { kind: ItemKind::Implant, .. } => "remove implant",
            Self::Remove { kind: ItemKind::Resection, .. } => "remove resection",
        }
    }

    /// Takes the operation in, or refuses it.
    pub(crate) fn step(&self, state: &mut PlanState) -> Result<(), PlanError> {
        let items = &mut state.items;
        match self {
            Self::Set { name, item } => {
                let name = name.clone();
                match item.clone() {
                    Item::Annotation(annotation) => drop(items.annotations.insert(name, annotation)),
                    Item::Trajectory(trajectory) => drop(items.trajectories.insert(name, trajectory)),
                    Item::Implant(implant) => {
                        // What was found for one that lay elsewhere does not hold.
                        state.screws.remove(&name);
                        items.implants.insert(name, implant);
                    }
                    Item::Resection(resection) => drop(items.resections.insert(name, resection)),
                }
                Ok(())
            }
            Self::Remove { kind, name } => {
                let (removed, kind) = match kind {
                    ItemKind::Annotation => (items.annotations.remove(name).is_some(), "annotation"),
                    ItemKind::Trajectory => {
                        state.approaches.remove(name);
                        (items.trajectories.remove(name).is_some(), "trajectory")
                    }
                    ItemKind::Implant => {
                        state.screws.remove(name);
                        (items.implants.remove(name).is_some(), "implant")
                    }
                    ItemKind::Resection => (items.resections.remove(name).is_some(), "resection"),
                };
                if removed { Ok(()) } else { Err(PlanError::Unknown { kind, name: name.clone() }) }
            }
        }
    }
}
