//! Meshes in the patient that are no structures: an instrument, an implant, a painted map.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, LpsVector};
use fabrica_surface::Mesh;
use fabrica_volume::Rgb;

/// A mesh in the patient.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The mesh, mm: in the patient, or in a frame of its own that `place` puts there.
    pub mesh: Arc<Mesh>,
    /// Its colours.
    pub paint: Paint,
    /// Where its own origin lies and where its x and y axes point (unit length, perpendicular); nothing for a mesh in the
    /// patient.
    pub place: Option<(LpsPoint, [LpsVector; 2])>,
}

/// Colours of a figure.
#[derive(Clone, Debug)]
pub enum Paint {
    /// One colour.
    One(Rgb),
    /// One for each vertex, as it is: a map whose colours are to be read.
    Vertices(Arc<[Rgb]>),
    /// One for each vertex, in the scene's light: a thing whose shape is to be seen too.
    Shaded(Arc<[Rgb]>),
}

impl Paint {
    /// The colour, where there is one for all.
    pub fn one(&self) -> Option<Rgb> {
        match self {
            Self::One(colour) => Some(*colour),
            Self::Vertices(_) | Self::Shaded(_) => None,
        }
    }
}

impl PartialEq for Paint {
    /// Painted vertices are the same where they are shared.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(a), Self::One(b)) => a == b,
            (Self::Vertices(a), Self::Vertices(b)) | (Self::Shaded(a), Self::Shaded(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl PartialEq for Figure {
    /// Meshes are the same where they are shared.
    fn eq(&self, other: &Self) -> bool {
        self.paint == other.paint && Arc::ptr_eq(&self.mesh, &other.mesh) && self.place == other.place
    }
}

/// All figures, by whom they are of. A plugin sets its own and leaves the others' alone.
#[derive(Resource, Default)]
pub struct Figures(BTreeMap<&'static str, Vec<Figure>>);

impl Figures {
    /// Puts these in place of the owner's earlier ones. Nothing changes when they are the same.
    pub fn set(this: &mut ResMut<Self>, owner: &'static str, figures: Vec<Figure>) {
        if this.of(owner) != figures {
            this.0.insert(owner, figures);
        }
    }

    /// Those of an owner.
    pub fn of(&self, owner: &str) -> &[Figure] {
        self.0.get(owner).map_or(&[], Vec::as_slice)
    }

    /// All of them, with their owner and their number among the owner's.
    pub fn all(&self) -> impl Iterator<Item = ((&'static str, usize), &Figure)> {
        self.0.iter().flat_map(|(owner, figures)| figures.iter().enumerate().map(|(n, figure)| ((*owner, n), figure)))
    }
}
