//! A body: solids with materials, and the organs that they make up.

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_volume::{Code, Rgb};
use glam::DVec3;
use serde::{Deserialize, Serialize};

use crate::{Solid, solid::RoundCone};

/// What a part is made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Material {
    /// Its name.
    pub name: &'static str,
    /// Mass density, g/cm³.
    pub density: f64,
    /// Attenuation at 120 kVp, Hounsfield units.
    pub hounsfield: f64,
}

/// A solid filled with a material. Where parts overlap, the first in the body's list wins.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name, for example `right kidney cortex`.
    pub name: String,
    /// Where it is.
    pub solid: Solid,
    /// What it is made of.
    pub material: Material,
}

/// An anatomical structure whose extent is known exactly: a set in space of its own, which may hold other organs (the
/// liver holds its tumour and vessels).
#[derive(Clone, Debug)]
pub struct Organ {
    /// Its name, for example `liver`.
    pub name: String,
    /// Where it is.
    pub solid: Solid,
    /// The colour that it is shown in.
    pub colour: Rgb,
    /// What it is, in SNOMED CT.
    pub code: Option<Code>,
}

/// One straight piece of a vessel or airway, between two branchings or bends: the hull of two balls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// The piece that it comes from, by its number in the tree; none for the root.
    pub parent: Option<usize>,
    /// Branchings between the root and this piece.
    pub generation: usize,
    /// Where it starts.
    pub start: LpsPoint,
    /// Where it ends.
    pub end: LpsPoint,
    /// Lumen diameter at the start.
    pub start_diameter: Mm,
    /// Lumen diameter at the end.
    pub end_diameter: Mm,
}

impl Branch {
    /// The straight length of the centreline.
    pub fn length(&self) -> Mm {
        self.start.distance(self.end)
    }

    pub(crate) fn cone(&self) -> RoundCone {
        RoundCone::new(self.start.0, self.end.0, self.start_diameter.0 / 2.0, self.end_diameter.0 / 2.0)
    }
}

/// A named tree (or unbranched course) of vessels or airways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    /// Its name, for example `portal vein`.
    pub name: String,
    /// Its pieces; a parent comes before its children.
    pub branches: Vec<Branch>,
}

impl Tree {
    pub(crate) fn solid(&self) -> Solid {
        Solid::tube(self.branches.iter().map(Branch::cone).collect())
    }

    /// The least signed distance from a point to the tree's wall: negative inside its lumen.
    pub fn distance(&self, from: LpsPoint) -> Mm {
        Mm(self.branches.iter().map(|b| b.cone().distance(from.0)).fold(f64::INFINITY, f64::min))
    }
}

/// A named position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Landmark {
    /// Its name, for example `carina`.
    pub name: String,
    /// Where it is.
    pub position: LpsPoint,
}

/// A ball-shaped finding of known size: the tumour, a stone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ball {
    /// Its name.
    pub name: String,
    /// Its centre.
    pub centre: LpsPoint,
    /// Its diameter.
    pub diameter: Mm,
}

/// All that the synthetic patient consists of.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// Parts, the one that wins first. Outside all of them is air.
    pub parts: Vec<Part>,
    /// Anatomical structures.
    pub organs: Vec<Organ>,
    /// Vessels and airways.
    pub trees: Vec<Tree>,
    /// Named positions.
    pub landmarks: Vec<Landmark>,
    /// The liver tumour and the kidney stones.
    pub findings: Vec<Ball>,
}

impl Body {
    /// The part that wins at a point, if any.
    pub fn part_at(&self, at: LpsPoint) -> Option<&Part> {
        self.parts.iter().find(|part| part.solid.contains(at.0))
    }

    /// The organ of this name.
    pub fn organ(&self, name: &str) -> Option<&Organ> {
        self.organs.iter().find(|o| o.name == name)
    }

    /// The position of this name.
    pub fn landmark(&self, name: &str) -> Option<LpsPoint> {
        self.landmarks.iter().find(|l| l.name == name).map(|l| l.position)
    }

    pub(crate) fn mark(&mut self, name: impl Into<String>, at: DVec3) {
        self.landmarks.push(Landmark { name: name.into(), position: LpsPoint(at) });
    }
}
