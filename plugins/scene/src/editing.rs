//! Editing structures by hand: the brush that a tool moves, and what panels show of it.

use bevy::prelude::*;
use fabrica_edit::Brush;
use fabrica_geometry::{LpsPoint, Mm};

/// Asks for a brush stroke, step by step. The masks of the open case follow each step, off the frame's thread; the stroke
/// becomes one operation of the plan when the brush is lifted.
#[derive(Message, Clone, Debug)]
pub enum Paint {
    /// Takes a brush in hand.
    Begin(Brush),
    /// Moves it on to a point; the first one is where it is put down.
    To(LpsPoint),
    /// Lifts it.
    Lift,
}

/// What the editing tool does now, for panels, and what they say of where it may work.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct Editing {
    /// The structure that the tool has in hand.
    pub structure: Option<String>,
    /// The structure that a stroke is under way on. Set by the session.
    pub painting: Option<String>,
    /// Where the brush is, and its radius: it is drawn there. Nothing while no brush is over the patient.
    pub ball: Option<(LpsPoint, Mm)>,
    /// The outline that is being drawn.
    pub outline: Vec<LpsPoint>,
    /// What it says.
    pub told: Option<String>,
    /// Only where the scan has values from the first to the second, in its unit; nothing for the window's.
    pub values: Option<[f64; 2]>,
}

/// A brush's ball as three rings in the patient, each through its middle and across one of the axes.
///
/// ```
/// use fabrica_geometry::{LpsPoint, Mm};
/// let rings = fabrica_scene::rings(LpsPoint::new(10.0, 0.0, 0.0), Mm(5.0));
/// assert!(rings.iter().flatten().all(|at| (at.distance(LpsPoint::new(10.0, 0.0, 0.0)).0 - 5.0).abs() < 1e-9));
/// ```
pub fn rings(at: LpsPoint, radius: Mm) -> [Vec<LpsPoint>; 3] {
    const CORNERS: u32 = 48;
    [0, 1, 2].map(|axis| {
        let corner = |n: u32| {
            let (sine, cosine) = (f64::from(n) / f64::from(CORNERS) * std::f64::consts::TAU).sin_cos();
            let mut from_middle = glam::DVec3::ZERO;
            from_middle[(axis + 1) % 3] = radius.0 * cosine;
            from_middle[(axis + 2) % 3] = radius.0 * sine;
            LpsPoint(at.0 + from_middle)
        };
        (0..CORNERS).map(corner).collect()
    })
}
