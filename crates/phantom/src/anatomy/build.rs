//! Collecting parts and organs.

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_volume::{Code, Rgb};
use glam::DVec3;

use super::material::Materials;
use crate::{Ball, Body, Branch, Material, Organ, Part, Solid, Tree, solid::curve};

/// Takes parts in the order in which they win.
pub struct Builder {
    body: Body,
    pub materials: Materials,
}

impl Builder {
    pub fn new(materials: Materials) -> Self {
        Self { body: Body::default(), materials }
    }

    /// Adds a part below all that were added before.
    pub fn part(&mut self, name: impl Into<String>, solid: &Solid, material: Material) {
        self.body.parts.push(Part { name: name.into(), solid: solid.clone(), material });
    }

    /// Names an organ, with its SNOMED CT code and meaning.
    pub fn organ(&mut self, name: &str, solid: &Solid, colour: [u8; 3], code: (&str, &str)) {
        self.body.organs.push(Organ {
            name: name.into(),
            solid: solid.clone(),
            colour: Rgb(colour[0], colour[1], colour[2]),
            code: Some(Code { value: code.0.into(), scheme: "SCT".into(), meaning: code.1.into() }),
        });
    }

    pub fn tree(&mut self, tree: &Tree) {
        self.body.trees.push(tree.clone());
    }

    pub fn finding(&mut self, name: impl Into<String>, centre: DVec3, radius: f64) {
        let name = name.into();
        self.body.mark(format!("{name} centre"), centre);
        self.body.findings.push(Ball { name, centre: LpsPoint(centre), diameter: Mm(2.0 * radius) });
    }

    pub fn mark(&mut self, name: impl Into<String>, at: DVec3) {
        self.body.mark(name, at);
    }

    pub fn finish(self) -> Body {
        self.body
    }
}

/// x is turned to the patient's right when `side` is -1.
pub fn sided(side: f64, x: f64, y: f64, z: f64) -> DVec3 {
    DVec3::new(side * x, y, z)
}

/// The patient's sides: their name and the sign of x.
pub const SIDES: [(&str, f64); 2] = [("right", -1.0), ("left", 1.0)];

/// Pieces of an unbranched course through points with radii, continuing `parent`.
pub fn course(points: &[(DVec3, f64)], parent: Option<usize>, first: usize, generation: usize) -> Vec<Branch> {
    curve(points, 4.0)
        .windows(2)
        .enumerate()
        .map(|(n, w)| Branch {
            parent: if n == 0 { parent } else { Some(first + n - 1) },
            generation,
            start: LpsPoint(w[0].0),
            end: LpsPoint(w[1].0),
            start_diameter: Mm(2.0 * w[0].1),
            end_diameter: Mm(2.0 * w[1].1),
        })
        .collect()
}

/// A point of a table `(x, y, z, radius)`.
pub fn points(table: &[[f64; 4]]) -> Vec<(DVec3, f64)> {
    table.iter().map(|&[x, y, z, r]| (DVec3::new(x, y, z), r)).collect()
}

/// A smooth tube through such a table.
pub fn tube(table: &[[f64; 4]]) -> Solid {
    Solid::tube_along(&points(table), 4.0)
}
