//! From a structure's surface to the solids that are printed.

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_mesh::{
    Departures, Engraving, HollowOptions, InspectOptions, Inspection, ModelPart, arrange, cut, departures, engrave,
    hollow, inspect, merge, self_intersections, simplify, untangle,
};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, PrintModel, print_model, surface_of_mask};
use fabrica_volume::{Structure, Volume};

use crate::passport::ModelStep;
use crate::proof::prove;
use crate::{Caliper, ModelOptions, PrintError, Proof};

/// The solids of a model, in the patient's size, and what was done.
pub(crate) struct Made {
    /// What was made of each structure, or of what several share.
    pub(crate) pieces: Vec<Piece>,
    pub(crate) steps: Vec<ModelStep>,
}

/// What was made of one structure, or of the voxels that several share.
pub(crate) struct Piece {
    pub(crate) name: String,
    /// Of which structures it is: one, or those that share it.
    pub(crate) structures: Vec<String>,
    pub(crate) origin: String,
    pub(crate) reviewed_by: String,
    /// The surface, and its report.
    pub(crate) surface: PrintModel,
    pub(crate) proof: Proof,
    /// What is printed.
    pub(crate) parts: Vec<ModelPart>,
}

/// A structure that a model is to be made of.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) structure: Structure,
    pub(crate) saved_by: String,
}

pub(crate) fn make(
    wanted: &Wanted,
    volume: Option<&Volume>,
    calipers: &[Caliper],
    options: &ModelOptions,
    progress: &Progress,
) -> Result<Made, PrintError> {
    let structure = &wanted.structure;
    let surface = print_model(structure, volume, &options.surface, progress)?;
    let mut steps = Vec::new();
    let mut mesh = surface.mesh.clone();
    let tangled = self_intersections(&mesh, progress)?.len();
    if tangled > 0 {
        // Smoothing did that, or crossings near each other: the vertices there go half way between voxels, where the
        // surface passes nowhere through itself. Nothing is cut, so no part comes or goes.
        let untangled = untangle(mesh.clone(), &surface_of_mask(&structure.mask, progress)?, progress)?;
        steps.push(ModelStep {
            what: format!(
                "vertices put half way between voxels where {tangled} pairs of triangles passed through each other"
            ),
            departures: departures(&untangled, &mesh, Mm(1.0), progress)?,
        });
        mesh = untangled;
    }
    // Walls are asked for at the model's size.
    let patient = |size: Mm| Mm(size.0 / options.scale);
    if let Some(bound) = options.simplify {
        let made = simplify(&mesh, bound, progress)?;
        let report = made.report;
        steps.push(ModelStep {
            what: format!("simplified within {bound}: {} triangles became {}", report.before, report.after),
            departures: report.departures,
        });
        mesh = made.mesh;
    }
    // What is proved: before it is engraved, made hollow or cut.
    let whole = mesh.clone();
    for asked in &options.engravings {
        let asked = Engraving { height: patient(asked.height), depth: patient(asked.depth), ..asked.clone() };
        let made = engrave(&mesh, &asked, progress)?;
        let at = made.middle.0;
        steps.push(ModelStep {
            what: format!(
                "\"{}\" engraved at ({:.1}, {:.1}, {:.1}), {} deep: {:.3} mL taken away",
                asked.text,
                at.x,
                at.y,
                at.z,
                asked.depth,
                made.removed.millilitres()
            ),
            departures: departures(&made.mesh, &mesh, Mm(1.0), progress)?,
        });
        mesh = made.mesh;
    }
    if let Some(asked) = &options.hollow {
        let asked = HollowOptions { wall: patient(asked.wall), hole: patient(asked.hole), holes: asked.holes.clone() };
        let made = hollow(&mesh, &asked, progress)?;
        steps.push(ModelStep {
            what: format!(
                "made hollow with a wall of {}: {} saved, {} cavities, {} of them closed",
                asked.wall, made.saved, made.cavities, made.closed_cavities
            ),
            departures: departures(&made.mesh, &mesh, Mm(1.0), progress)?,
        });
        mesh = made.mesh;
    }
    let name = &structure.name;
    let colour = [structure.colour.0, structure.colour.1, structure.colour.2];
    let part = |name: String, mesh| ModelPart { name, colour: Some(colour), mesh };
    let parts = match &options.cut {
        None => vec![part(name.clone(), mesh)],
        Some((plane, asked)) => {
            let asked = fabrica_mesh::CutOptions {
                radius: patient(asked.radius),
                length: patient(asked.length),
                clearance: patient(asked.clearance),
                wall: patient(asked.wall),
                ..*asked
            };
            let made = cut(&mesh, *plane, &asked, progress)?;
            steps.push(ModelStep {
                what: format!("cut in two with {} pegs of {} clearance", made.pegs.len(), asked.clearance),
                departures: departures(&merge([&made.first, &made.second])?, &mesh, Mm(1.0), progress)?,
            });
            vec![part(format!("{name} 1 of 2"), made.first), part(format!("{name} 2 of 2"), made.second)]
        }
    };
    let proof = prove(&whole, &structure.mask, calipers, options.tolerance, progress)?;
    let piece = Piece {
        name: name.clone(),
        structures: vec![name.clone()],
        origin: structure.origin.clone(),
        reviewed_by: wanted.saved_by.clone(),
        surface,
        proof,
        parts,
    };
    Ok(Made { pieces: vec![piece], steps })
}

/// The box around all parts; nothing where they have no triangles.
pub(crate) fn bounds<'a>(parts: impl IntoIterator<Item = &'a ModelPart>) -> Option<(LpsPoint, LpsPoint)> {
    let boxes = parts.into_iter().filter_map(|part| part.mesh.bounds());
    boxes.reduce(|a, b| (LpsPoint(a.0.0.min(b.0.0)), LpsPoint(a.1.0.max(b.1.0))))
}

/// The middle of all parts, about which a model is scaled.
pub(crate) fn middle(pieces: &[Piece]) -> LpsPoint {
    let around = bounds(pieces.iter().flat_map(|piece| &piece.parts));
    around.map_or(LpsPoint::default(), |(low, high)| LpsPoint((low.0 + high.0) / 2.0))
}

/// The parts at the model's scale about its middle. At life size nothing moves.
pub(crate) fn scaled(parts: &[ModelPart], scale: f64, middle: LpsPoint) -> Result<Vec<ModelPart>, PrintError> {
    if scale == 1.0 {
        return Ok(parts.to_vec());
    }
    parts
        .iter()
        .map(|part| {
            let (vertices, triangles) = part.mesh.clone().into_parts();
            let vertices = vertices
                .into_iter()
                .map(|v| {
                    let p = glam::DVec3::new(v[0].into(), v[1].into(), v[2].into());
                    (middle.0 + (p - middle.0) * scale).as_vec3().to_array()
                })
                .collect();
            Ok(ModelPart { mesh: Mesh::new(vertices, triangles)?, ..part.clone() })
        })
        .collect()
}

/// The check of what is printed. Parts lie beside each other in the file as they do in the patient, so each is checked
/// alone; the worst is told.
pub(crate) fn inspected(
    parts: &[ModelPart],
    options: &ModelOptions,
    progress: &Progress,
) -> Result<Inspection, PrintError> {
    let asked = InspectOptions { least_wall: options.least_wall, bed: options.bed, ..InspectOptions::default() };
    let mut all: Option<Inspection> = None;
    for part in parts {
        let found = inspect(&part.mesh, &asked, progress)?;
        all = Some(match all {
            Some(worse) if !worse.is_solid() || found.least_wall > worse.least_wall => worse,
            _ => found,
        });
    }
    all.ok_or(PrintError::Mesh(fabrica_mesh::MeshError::Empty))
}

/// Puts parts beside each other on the bed, and says how far each went.
pub(crate) fn arranged(
    parts: &mut [ModelPart],
    options: &ModelOptions,
    steps: &mut Vec<ModelStep>,
) -> Result<(), PrintError> {
    let Some(gap) = options.arrange else { return Ok(()) };
    let bed = options.bed.ok_or(PrintError::NoBed)?;
    let meshes: Vec<&Mesh> = parts.iter().map(|part| &part.mesh).collect();
    let moves = arrange(&meshes, bed, gap)?;
    for (part, by) in parts.iter_mut().zip(moves) {
        let by = by.0;
        let (vertices, triangles) = std::mem::take(&mut part.mesh).into_parts();
        let moved = |v: [f32; 3]| (glam::Vec3::from_array(v).as_dvec3() + by).as_vec3().to_array();
        part.mesh = Mesh::new(vertices.into_iter().map(moved).collect(), triangles)?;
        steps.push(ModelStep {
            what: format!(
                "\"{}\" put on the bed, moved by ({:.2}, {:.2}, {:.2}) mm: the file is not in patient coordinates",
                part.name, by.x, by.y, by.z
            ),
            departures: Departures::default(),
        });
    }
    Ok(())
}
