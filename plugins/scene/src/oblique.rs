//! The free slice that a hand holds.

use std::sync::Arc;

use bevy::prelude::*;
use fabrica_plan::ClipBox;
use fabrica_raycast::{CurvedSlice, SlicePlane};

/// The free slice that a hand holds, for the views that show it. Of this session: the plan keeps the clip plane only.
#[derive(Resource, Default)]
pub struct ObliqueSlice {
    /// Its picture; transparent outside the scan.
    pub image: Handle<Image>,
    /// The plane that the picture shows, while there is one: its size in pixels, and where each of them lies in the patient.
    pub shown: Option<(SlicePlane, [u32; 2])>,
    /// What is special about it: the kind and the thickness of its slab. Empty for a thin slice.
    pub caption: String,
    /// A vessel straightened, while one is shown.
    pub along: Option<Along>,
    /// The clip box that is in the hand, whether it cuts yet or not.
    pub boxed: Option<ClipBox>,
}

/// A vessel straightened: the scan along its centreline.
#[derive(Clone)]
pub struct Along {
    /// The picture; transparent outside the scan.
    pub image: Handle<Image>,
    /// Where its pixels lie in the patient.
    pub slice: Arc<CurvedSlice>,
    /// The vessel's name.
    pub title: String,
    /// How far it is turned about the centreline.
    pub degrees: f64,
}
