//! Meshes that print.
//!
//! - [`read_model`] and [`write_model`] go to and from STL, OBJ, PLY, OFF, 3MF and GLB.
//! - [`inspect`] looks for all that can be wrong, each with its places; [`thickness`] measures walls everywhere, [`thicken`] thickens those that
//!   are too thin.
//! - [`self_intersections`] finds where a surface passes through itself, exactly.
//! - [`repair`] makes any mesh the surface of a solid, and asks before it loses anything.
//! - [`remesh`] and [`wrap`] always end in a solid, with a tolerance that they state.
//! - [`boolean`], [`cut`], [`hollow`], [`simplify`] and [`engrave`] change solids; each checks what it made, and makes nothing else.
//! - [`arrange`] puts parts beside each other on a printer's bed.
//! - [`departures`] measures how far one mesh departs from another.

mod arrange;
mod balls;
mod boolean;
mod compare;
mod crossings;
mod cut;
mod edges;
mod engrave;
mod error;
mod exact;
mod files;
mod hollow;
mod inspect;
mod intersections;
mod remesh;
mod repair;
mod shapes;
mod simplify;
mod thicken;
mod thickness;
mod tree;
mod winding;

pub use arrange::arrange;
pub use boolean::{Boolean, boolean};
pub use compare::{Departures, departures, signed_distances};
pub use crossings::crossings;
pub use cut::{CutOptions, CutPlane, CutReport, cut};
pub use engrave::{Engraved, Engraving, engrave};
pub use error::MeshError;
pub use files::{Model, ModelFormat, ModelPart, merge, read_model, write_model};
pub use hollow::{HollowOptions, Hollowed, hollow};
pub use inspect::{FaultKind, FaultPlace, InspectOptions, Inspection, PartReport, inspect};
pub use intersections::self_intersections;
pub use remesh::{Remeshed, remesh, untangle, wrap};
pub use repair::{FilledHole, Loss, LostPiece, RepairOptions, RepairReport, RepairStep, Repaired, Sheets, repair};
pub use simplify::{Simplified, SimplifyReport, simplify};
pub use thicken::{ThickenReport, Thickened, thicken};
pub use thickness::{Thickness, ThinPlace, sampled_thickness, thickness};
