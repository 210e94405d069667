//! The plan document and its operations.
//!
//! A [`Plan`] holds all that users decide about a case: how structures are shown, windows, crosshair, clip planes,
//! views, notes, measurements, accepted geometry warnings, edits of structures, annotations, trajectories, implants,
//! resections, review decisions. There is one way to change it: an [`Operation`] by an [`Author`], given
//! to [`Plan::apply`]. Headset, mouse and script all do that; so undo, saving, synchronising, replay and audit are
//! written once.
//!
//! # How it works
//! The document is the list of what was done ([`Entry`]: who, when, which operation), and nothing else. What the plan
//! says now ([`PlanState`]) is the sum of that list. From this follow
//! - **undo and redo**, for each user apart and without limit, also after the plan was saved and opened: they are
//!   entries too, naming the operation that they take back, and the sum is taken without it;
//! - **merging**: two copies that hold the same entries have them in the same order, hence say the same. An operation
//!   on something that a colleague has removed meanwhile has no effect;
//! - **replay**: [`Plan::state_after`] gives the plan at any point of its history.
//!
//! The list is a list of the CRDT library [loro](https://loro.dev). It gives the common order (entries made apart do
//! not interleave, and each comes after all that its author had seen), ids, compact encoding with checksums, and
//! the exchange of just what the other copy lacks. Loro rather than automerge: its list does not interleave
//! concurrent runs; loading a snapshot does not replay the whole history; it has movable lists and trees, which the
//! order and grouping of structures will want; it is pure Rust. The library's own undo manager is not used: it lives
//! in memory and is lost when the program ends.
//!
//! Positions are in patient coordinates (LPS, mm).
//!
//! # Adding an operation
//! A variant of [`Operation`], its arms in [`Operation::check`] and `PlanState::step`, and [`SCHEMA`] plus one.
//! Copies of an older version refuse what they do not know, and say so; they never drop it.

mod approach;
mod author;
mod clip_box;
mod edit;
mod error;
mod history;
mod items;
mod measurement;
mod operation;
mod plan;
mod record;
mod rehearsal;
mod rendering;
mod review;
mod state;
mod validation;
mod values;

pub use approach::{Approach, ApproachDecision, ApproachOperation, Assessment, PlannedClearance, PlannedCrossing};
pub use author::{Author, UtcTime};
pub use clip_box::{ClipBox, Cuts};
pub use edit::{
    Area, Base, Created, EditOperation, EditState, HollowSide, IslandChoice, Limits, Logic, Mode, Overwrite, Program,
    ProgramStep, Shape, Smoothing, Stroke, StrokePath, StructureProgress, Tool, ValueRange, VolumeMask, VolumeSide,
};
pub use error::PlanError;
pub use items::{Annotation, AnnotationMark, Implant, Item, ItemKind, ItemOperation, Items, Resection, Trajectory};
pub use measurement::{
    COVERAGE_FACTOR, CentrelinePoint, CrossSection, ErrorPart, ErrorSource, MeasuredData, Measurement, MeasurementKind,
    MeasurementOperation, NamedMeasurement, Path, Quantity, QuantityKind, Region, Unit,
};
pub use operation::{Operation, SCHEMA};
pub use plan::{Applied, Plan, PlanVersion};
pub use record::{Action, Entry, OpId};
pub use rehearsal::{RecordSample, RecordedAlarm, Rehearsal, RehearsalRecord, Role, ScrewCheck, Watch};
pub use rendering::{Rendering, RenderingOperation, TransferFunction, TransferPoint, VolumeLook};
pub use review::{Decision, Review, ReviewOperation, ReviewSubject};
pub use state::PlanState;
pub use validation::{
    CheckedSize, DimensionalCheck, DoubtSide, DoubtfulRegion, Listed, OverrideMade, RegionDecision, Signature, Specks,
    Validation, ValidationOperation, Verdict, WorkList,
};
pub use values::{Acceptance, Appearance, Camera, ClipPlane, Note, Projection, Window};
