//! What a line of sight meets first: surfaces and the visible surface of a volume.
//!
//! A click in a 3D view is a [`Ray`] in the patient. [`Sight`] keeps what clip planes leave of it; [`SurfaceTarget`]
//! says where it meets a mesh, [`visible_point`] where the picture of a volume becomes solid. The nearest is what the user
//! pointed at.

mod sight;
mod surface;
mod volume;

pub use sight::Sight;
pub use surface::{SurfaceTarget, TargetError};
pub use volume::{Visible, visible_bounds, visible_point};

pub use fabrica_raycast::Ray;
