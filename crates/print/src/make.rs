//! From a structure's surface to the solids that are printed.

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_mesh::{
    HollowOptions, InspectOptions, Inspection, ModelPart, cut, departures, hollow, inspect, merge, self_intersections,
    untangle,
};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, PrintModel, print_model, surface_of_mask};
use fabrica_volume::{Structure, Volume};

use crate::passport::ModelStep;
use crate::{ModelOptions, PrintError};

/// The solids of a model, in the patient's size, and what was done.
pub(crate) struct Made {
    /// The surface of the structure, and its report.
    pub(crate) surface: PrintModel,
    /// The whole model before it was hollowed and cut, which the proof is about.
    pub(crate) whole: Mesh,
    /// What is printed.
    pub(crate) parts: Vec<ModelPart>,
    pub(crate) steps: Vec<ModelStep>,
}

pub(crate) fn make(
    structure: &Structure,
    volume: Option<&Volume>,
    options: &ModelOptions,
    progress: &Progress,
) -> Result<Made, PrintError> {
    if !(0.05..=10.0).contains(&options.scale) {
        return Err(PrintError::Option { option: "the scale", value: options.scale, allowed: "0.05 to 10" });
    }
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
    let whole = mesh.clone();
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
    Ok(Made { surface, whole, parts, steps })
}

/// The parts at the model's scale about the middle of them all. At life size nothing moves.
pub(crate) fn scaled(parts: &[ModelPart], scale: f64) -> Result<Vec<ModelPart>, PrintError> {
    if scale == 1.0 {
        return Ok(parts.to_vec());
    }
    let whole = merge(parts.iter().map(|part| &part.mesh))?;
    let middle = whole.bounds().map_or(LpsPoint::default(), |(low, high)| LpsPoint((low.0 + high.0) / 2.0));
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
