//! The model, the bed, the plane and the places as they are drawn.

use std::sync::Arc;

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_print::ProposedModel;
use fabrica_scene::input::Tools;
use fabrica_scene::{Annotation, Annotations, Figure, FigurePaint, Figures, HeldPlane, Legend, OpenCase, Printing};
use fabrica_volume::Rgb;
use glam::DVec3;

use crate::colours::{self, Colours};
use crate::making::{Made, Workshop};
use crate::plane::Held;
use crate::{ID, settings};

/// Whose figures and annotations these are.
const OWNER: &str = "print";
const BED: Rgb = Rgb(120, 150, 190);
const TOO_LARGE: Rgb = Rgb(245, 95, 85);
const PLANE: Rgb = Rgb(90, 220, 240);
const THIN: Rgb = Rgb(250, 210, 60);
/// How many places are marked on the model: as many as the panel lists at first.
pub(crate) const MARKED: usize = 12;

/// How the file's coordinates lie in the patient as they are shown: what is arranged on the bed stands below the middle of
/// where it is in the patient; all else is in its place.
pub(crate) struct Shown {
    by: DVec3,
    /// The least and the greatest corner of the bed's room, as shown.
    room: [DVec3; 2],
    fits: bool,
}

impl Shown {
    pub(crate) fn of(model: &ProposedModel) -> Self {
        let size = model.options().bed.unwrap_or([Mm(200.0); 3]).map(|side| side.0);
        let size = DVec3::from_array(size);
        let corners = |place: &dyn Fn(&fabrica_print::Solid, LpsPoint) -> LpsPoint| {
            let boxes = model.solids().iter().filter_map(|solid| {
                let (low, high) = solid.part.mesh.bounds()?;
                let (a, b) = (place(solid, low).0, place(solid, high).0);
                Some([a.min(b), a.max(b)])
            });
            boxes.reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])]).unwrap_or([DVec3::ZERO; 2])
        };
        let arranged = model.options().arrange.is_some();
        let [low, high] = corners(&|_, p| p);
        let by = if arranged {
            let [in_patient, up_to] = corners(&|solid, p| solid.placement.to_patient(p));
            ((in_patient + up_to) / 2.0).with_z(in_patient.z) - (size / 2.0).with_z(0.0)
        } else {
            DVec3::ZERO
        };
        let floor = if arranged { by } else { ((low + high - size) / 2.0).with_z(low.z) };
        let fits = (high - low).cmple(size + 1e-6).all();
        Self { by, room: [floor, floor + size], fits }
    }

    /// Where a point of the file is shown.
    pub(crate) fn place(&self, p: LpsPoint) -> LpsPoint {
        LpsPoint(p.0 + self.by)
    }

    /// The printer's room as lines.
    fn bed(&self) -> Vec<Annotation> {
        let [low, high] = self.room;
        let corner = |x: bool, y: bool, z: bool| {
            LpsPoint(DVec3::new(
                if x { high.x } else { low.x },
                if y { high.y } else { low.y },
                if z { high.z } else { low.z },
            ))
        };
        let colour = if self.fits { BED } else { TOO_LARGE };
        let line =
            |points: Vec<LpsPoint>, closed| Annotation { closed, dots: false, ..Annotation::line(points, colour) };
        let around =
            |z| [(false, false), (true, false), (true, true), (false, true)].map(|(x, y)| corner(x, y, z)).to_vec();
        let mut lines = vec![line(around(false), true), line(around(true), true)];
        for (x, y) in [(false, false), (true, false), (true, true), (false, true)] {
            lines.push(line(vec![corner(x, y, false), corner(x, y, true)], false));
        }
        // The size is among the tool's options; only what does not fit is said in the views.
        if !self.fits {
            lines[0].label = Some((corner(false, false, false), "larger than the bed".into()));
        }
        lines
    }
}

/// What was drawn last.
#[derive(Default)]
pub(crate) struct Drawn {
    model: Option<(Arc<ProposedModel>, Colours)>,
    figures: Vec<Figure>,
}

/// Draws them.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn draw(
    case: Res<OpenCase>,
    tools: Res<Tools>,
    held: Res<Held>,
    workshop: Res<Workshop>,
    mut printing: ResMut<Printing>,
    mut figures: ResMut<Figures>,
    mut annotations: ResMut<Annotations>,
    mut drawn: Local<Drawn>,
) {
    let active = tools.is_active(ID);
    let made = workshop.made.as_ref().map(|(_, made)| made).filter(|_| active);
    let colours = settings::colours(&tools);
    let wanted = made.map(|made| (made.model.clone(), colours));
    let same = match (&drawn.model, &wanted) {
        (Some((a, x)), Some((b, y))) => Arc::ptr_eq(a, b) && x == y,
        (None, None) => true,
        _ => false,
    };
    if !same {
        let legend = made.and_then(|made| legend(made, colours));
        drawn.figures = made.map_or_else(Vec::new, |made| painted(made, colours, legend.as_ref()));
        printing.legend = legend;
        drawn.model = wanted;
    }
    Figures::set(&mut figures, OWNER, drawn.figures.clone());
    let mut lines = Vec::new();
    if let Some(made) = made {
        lines.extend(Shown::of(&made.model).bed());
        for (n, place) in printing.places.iter().take(MARKED).enumerate() {
            let colour = if place.is_fault { TOO_LARGE } else { THIN };
            lines.push(Annotation::line(vec![place.on_model], colour).says(format!("{}", n + 1)));
        }
    }
    if let (Some(plane), Some(scene)) = (held.plane.filter(|_| active && settings::cuts(&tools)), &case.volume) {
        let (low, high) = scene.volume.grid().bounds();
        let half = (high - low).0.length() / 4.0;
        lines.extend(outline(&plane, half));
        lines.extend(across_slices(&plane, case.crosshair, half));
    }
    Annotations::set(&mut annotations, OWNER, lines);
}

/// The plane in the patient as a square, with a pointer to the first part.
fn outline(plane: &HeldPlane, half: f64) -> [Annotation; 2] {
    let (centre, right, down) = (plane.centre.0, plane.right.0 * half, plane.down.0 * half);
    let corners = [-right - down, right - down, right + down, down - right].map(|v| LpsPoint(centre + v)).to_vec();
    let tip = LpsPoint(centre + plane.normal().0 * half * 0.3);
    let pointer =
        Annotation { label: Some((tip, "part 1".into())), ..Annotation::line(vec![LpsPoint(centre), tip], PLANE) };
    [Annotation { closed: true, dots: false, ..Annotation::line(corners, PLANE) }, pointer]
}

/// Where the plane crosses the axial, coronal and sagittal slice through a point: lines that the slice views show.
fn across_slices(plane: &HeldPlane, crosshair: LpsPoint, half: f64) -> Vec<Annotation> {
    let (centre, normal) = (plane.centre.0, plane.normal().0);
    let line = |across: DVec3| {
        let along = normal.cross(across);
        // Nearly the same plane: there is no line to show.
        let along = (along.length() > 0.05).then(|| along.normalize())?;
        let sideways = normal.cross(along);
        let from_centre = (crosshair.0 - centre).dot(across) / sideways.dot(across);
        let at = centre + sideways * from_centre;
        let ends = vec![LpsPoint(at - along * half), LpsPoint(at + along * half)];
        (from_centre.abs() <= half).then(|| Annotation { dots: false, ..Annotation::line(ends, PLANE) })
    };
    [DVec3::X, DVec3::Y, DVec3::Z].into_iter().filter_map(line).collect()
}

fn legend(made: &Made, what: Colours) -> Option<Legend> {
    let options = made.model.options();
    match what {
        Colours::Walls => Some(colours::of_walls(options.least_wall?, options.scale)),
        Colours::Deviation => Some(colours::of_deviations(&made.deviations)),
        Colours::Structures => None,
    }
}

fn painted(made: &Made, what: Colours, legend: Option<&Legend>) -> Vec<Figure> {
    let by = Shown::of(&made.model).by;
    let values = match what {
        Colours::Deviation => &made.deviations,
        Colours::Walls | Colours::Structures => &made.walls,
    };
    let solids = made.model.solids().iter().zip(&made.meshes).zip(values);
    let figure = |((solid, mesh), values): ((&fabrica_print::Solid, &Arc<fabrica_surface::Mesh>), &Vec<f32>)| {
        let [r, g, b] = solid.part.colour.unwrap_or([200, 200, 200]);
        let paint = match legend {
            Some(legend) => FigurePaint::Shaded(values.iter().map(|mm| legend.colour(Mm(f64::from(*mm)))).collect()),
            None => FigurePaint::One(Rgb(r, g, b)),
        };
        let axes = [LpsVector::new(1.0, 0.0, 0.0), LpsVector::new(0.0, 1.0, 0.0)];
        Figure { mesh: mesh.clone(), paint, place: (by != DVec3::ZERO).then_some((LpsPoint(by), axes)) }
    };
    solids.map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_plane_is_a_level_line_on_the_upright_slices() {
        let plane = HeldPlane::across(LpsPoint::new(5.0, 6.0, 40.0), LpsVector::new(0.0, 0.0, 1.0));
        let lines = across_slices(&plane.unwrap_or_else(|| unreachable!()), LpsPoint::new(1.0, 2.0, 3.0), 50.0);
        // None on the axial slice, which it does not cross.
        assert_eq!(lines.len(), 2);
        for (line, (axis, place)) in lines.iter().zip([(0, 1.0), (1, 2.0)]) {
            assert!(line.points.iter().all(|p| (p.0[axis] - place).abs() < 1e-9 && (p.0.z - 40.0).abs() < 1e-9));
            assert!((line.points[0].distance(line.points[1]).0 - 100.0).abs() < 1e-9);
        }
        let far = across_slices(&plane.unwrap_or_else(|| unreachable!()), LpsPoint::new(500.0, 2.0, 3.0), 50.0);
        assert_eq!(far.len(), 1, "the sagittal slice lies beside it");
    }
}
