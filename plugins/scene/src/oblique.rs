//! The free slice that a hand holds.

use bevy::prelude::*;
use fabrica_raycast::SlicePlane;

/// The free slice that a hand holds, for the views that show it. Of this session: the plan keeps the clip plane only.
#[derive(Resource, Default)]
pub struct ObliqueSlice {
    /// Its picture; transparent outside the scan.
    pub image: Handle<Image>,
    /// The plane that the picture shows, while there is one: its size in pixels, and where each of them lies in the patient.
    pub shown: Option<(SlicePlane, [u32; 2])>,
    /// What is special about it: the kind and the thickness of its slab. Empty for a thin slice.
    pub caption: String,
}
