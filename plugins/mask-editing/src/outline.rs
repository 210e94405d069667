//! Outlines: drawings on a slice, and scissors.

use bevy::prelude::*;
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_plan::{Mode, Shape, StrokePath, Tool};
use fabrica_scene::Request;
use fabrica_scene::input::PatientRay;

use crate::kind::{self, Kind, Use};
use crate::pointing::{By, Pointed};
use crate::settings::Settings;

/// Corners lie at least so far apart, mm.
const STEP: f64 = 0.25;
/// How far before the eye the outline of a view is written down, mm.
const BEFORE_EYE: Mm = Mm(100.0);
/// Rays that start within this begin at one eye, mm.
const ONE_EYE: f64 = 1e-3;

/// The outline that is being drawn.
#[derive(Resource, Debug, Default)]
pub struct Drawing {
    corners: Vec<LpsPoint>,
    rays: Vec<PatientRay>,
    by: By,
}

impl Drawing {
    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.corners.is_empty()
    }

    /// What the outline cuts, as far as it is an outline.
    fn shape(&self, kind: Kind, grid: &Grid) -> Option<Shape> {
        if self.corners.len() < 3 {
            return None;
        }
        let outline = StrokePath::new(self.corners.iter().copied()).ok()?;
        Some(match self.by {
            By::Nothing => return None,
            By::Slice(along) => {
                let drawn = matches!(kind, Kind::Draw | Kind::EraseDrawn);
                Shape::Prism { outline, along, thickness: drawn.then(|| thickness(grid, along)) }
            }
            By::Tip(_, ray) => Shape::Prism { outline, along: ray.direction, thickness: None },
            By::Ray(first) => {
                let sum = self.rays.iter().fold(glam::DVec3::ZERO, |sum, ray| sum + ray.direction.0);
                let along = LpsVector(sum.normalize_or_zero());
                let eye = first.origin;
                match self.rays.iter().all(|ray| ray.origin.distance(eye).0 < ONE_EYE) {
                    true => Shape::Cone { outline, eye, along },
                    false => Shape::Prism { outline, along, thickness: None },
                }
            }
        })
    }
}

/// How thick a slice is along a direction, mm.
fn thickness(grid: &Grid, along: LpsVector) -> Mm {
    Mm((0..3).map(|a| grid.axis(a).0.dot(along.0).abs() * grid.spacing()[a]).fold(0.0, f64::max))
}

/// Draws an outline while the press is held; letting go cuts.
pub fn draw(
    pointed: Res<Pointed>,
    mut settings: Settings,
    mut drawing: ResMut<Drawing>,
    mut requests: MessageWriter<Request>,
) {
    let kind = kind::chosen(&settings.tools);
    if kind.used() != Use::Outline {
        if !drawing.is_empty() || !settings.editing.outline.is_empty() {
            *drawing = Drawing::default();
            settings.editing.outline.clear();
        }
        return;
    }
    let on_slice = matches!(pointed.by, By::Slice(_));
    if pointed.press.started && settings.structure().is_some() {
        *drawing = Drawing { by: pointed.by, ..Drawing::default() };
        if !on_slice && matches!(kind, Kind::Draw | Kind::EraseDrawn) {
            settings.tell("Drawings are made on a slice view; in the 3D view use the scissors.".into());
            drawing.by = By::Nothing;
        }
    }
    if drawing.by == By::Nothing {
        return;
    }
    // What was begun on a slice stays there.
    let corner = match (drawing.by, pointed.by) {
        (By::Slice(a), By::Slice(b)) if a == b => pointed.at,
        (By::Tip(a, _), By::Tip(b, _)) if a == b => pointed.at,
        (By::Ray(_), By::Ray(ray)) => Some(ray.at(BEFORE_EYE)),
        _ => None,
    };
    if let (Some(corner), true) = (corner, pointed.press.held)
        && drawing.corners.last().is_none_or(|last| last.distance(corner).0 >= STEP)
    {
        drawing.corners.push(corner);
        if let By::Ray(ray) = pointed.by {
            drawing.rays.push(ray);
        }
        settings.editing.outline.clone_from(&drawing.corners);
    }
    if pointed.press.held {
        return;
    }
    let drawn = std::mem::take(&mut *drawing);
    settings.editing.outline.clear();
    let Some(grid) = settings.case.volume.as_ref().map(|v| v.volume.grid().clone()) else { return };
    let (Some(shape), Some(structure)) = (drawn.shape(kind, &grid), settings.structure()) else { return };
    let adds = kind == Kind::Draw;
    let tool = Tool::Cut { shape, inside: kind != Kind::CutOutside, mode: if adds { Mode::Add } else { Mode::Erase } };
    requests.write(Request::Edit(Box::new(settings.stroke(structure, tool, adds))));
}
