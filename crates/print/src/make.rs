//! From a structure's surface to the solids that are printed.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_mesh::{
    Departures, Engraving, HollowOptions, InspectOptions, Inspection, ModelPart, arrange, cut, departures, engrave,
    hollow, inspect, merge, self_intersections, signed_distances, simplify, thicken, untangle,
};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, PrintModel, PrintReport, print_model, surface_of_mask};
use fabrica_volume::{Mask, Structure, Volume};

use crate::passport::{ModelStep, Rejoined};
use crate::proof::prove;
use crate::{Caliper, ModelOptions, Placement, PrintError, Proof};

/// How far the surface of parts that are put together again may lie from that of the whole.
const REJOINED: Mm = Mm(0.05);

/// The solids of a model, in the patient's size, and what was done.
#[derive(Debug)]
pub(crate) struct Made {
    /// What was made of each structure, or of what several share.
    pub(crate) pieces: Vec<Piece>,
    pub(crate) steps: Vec<ModelStep>,
}

/// What was made of one structure, or of the voxels that several share.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) name: String,
    /// Of which structures it is: one, or those that share it.
    pub(crate) structures: Vec<String>,
    pub(crate) origin: String,
    pub(crate) reviewed_by: String,
    /// The surface's report.
    pub(crate) report: PrintReport,
    pub(crate) proof: Proof,
    /// What parts that were cut make together.
    pub(crate) rejoined: Option<Rejoined>,
    /// The voxels that it is of; nothing for those of the one structure.
    pub(crate) mask: Option<Mask>,
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
    let PrintModel { mut mesh, report: surface_report } = print_model(structure, volume, &options.surface, progress)?;
    let mut steps = Vec::new();
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
    if options.thicken {
        let made = thicken(&mesh, patient(options.least_wall.ok_or(PrintError::NoWall)?), progress)?;
        let report = made.report;
        let mut what = format!(
            "walls thickened to {}: {} thin places were there, {} are left; {:.3} mL added",
            report.wall,
            report.places,
            report.left.len(),
            report.added.millilitres()
        );
        if report.parts[0] != report.parts[1] || report.cavities[0] != report.cavities[1] {
            what += &format!(
                "; CHANGED: {} separate parts were {}, {} cavities were {}",
                report.parts[1], report.parts[0], report.cavities[1], report.cavities[0]
            );
        }
        steps.push(ModelStep { what, departures: report.departures });
        mesh = made.mesh;
    }
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
    let mut rejoined = None;
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
            let together = merge([&made.first, &made.second])?;
            let (again, left) = rejoined_of(&mesh, &together, made.volume_difference, progress)?;
            steps.push(ModelStep {
                what: format!("cut in two with {} pegs of {} clearance", made.pegs.len(), asked.clearance),
                departures: left,
            });
            if again.farthest.0 > REJOINED.0 {
                return Err(PrintError::Proof(format!(
                    "the parts put together again leave {} of the surface of the whole, where {REJOINED} is allowed",
                    again.farthest
                )));
            }
            rejoined = Some(again);
            vec![part(format!("{name} 1 of 2"), made.first), part(format!("{name} 2 of 2"), made.second)]
        }
    };
    let proof = prove(&whole, &structure.mask, calipers, options.tolerance, progress)?;
    let piece = Piece {
        name: name.clone(),
        structures: vec![name.clone()],
        origin: structure.origin.clone(),
        reviewed_by: wanted.saved_by.clone(),
        report: surface_report,
        proof,
        rejoined,
        mask: None,
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

/// What parts that were cut make together, and how far the whole's surface lies from theirs (the faces of the cut itself are
/// no departure); `difference` is the volume of the whole less that of both, without pegs and sockets.
fn rejoined_of(
    whole: &Mesh,
    together: &Mesh,
    difference: fabrica_geometry::Mm3,
    progress: &Progress,
) -> Result<(Rejoined, Departures), PrintError> {
    let mut distances: Vec<f64> = signed_distances(whole, together, progress)?.into_iter().map(f64::from).collect();
    // What lies outside of the parts was lost: there the surface went inwards.
    let (inward, outward) = distances.iter().fold((0.0f64, 0.0f64), |(i, o), d| (i.max(*d), o.max(-d)));
    distances.iter_mut().for_each(|d| *d = d.abs());
    distances.sort_by(f64::total_cmp);
    let count = distances.len().max(1);
    let mean = distances.iter().sum::<f64>() / count as f64;
    let p95 = distances.get((count * 95).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default();
    let max = inward.max(outward);
    let left = Departures { mean: Mm(mean), p95: Mm(p95), max: Mm(max), outward: Mm(outward), inward: Mm(inward) };
    Ok((Rejoined { volume_difference: difference, farthest: Mm(max) }, left))
}

/// The parts at the model's scale about its middle. At life size nothing moves.
pub(crate) fn scaled(mut parts: Vec<ModelPart>, placement: &Placement) -> Result<Vec<ModelPart>, PrintError> {
    if placement.scale != 1.0 {
        for part in &mut parts {
            part.mesh = moved(std::mem::take(&mut part.mesh), |p| placement.to_file(p))?;
        }
    }
    Ok(parts)
}

fn moved(mesh: Mesh, place: impl Fn(LpsPoint) -> LpsPoint) -> Result<Mesh, PrintError> {
    let (mut vertices, triangles) = mesh.into_parts();
    for v in &mut vertices {
        *v = place(LpsPoint(glam::Vec3::from_array(*v).as_dvec3())).0.as_vec3().to_array();
    }
    Ok(Mesh::new(vertices, triangles)?)
}

/// The check of a solid that is printed. Parts may touch where they do in the patient, so each is checked alone.
pub(crate) fn inspected(mesh: &Mesh, options: &ModelOptions, progress: &Progress) -> Result<Inspection, PrintError> {
    let asked = InspectOptions { least_wall: options.least_wall, bed: options.bed, ..InspectOptions::default() };
    Ok(inspect(mesh, &asked, progress)?)
}

/// Puts parts beside each other on the bed where that is asked for, and says how far each went.
pub(crate) fn arranged(
    parts: &mut [ModelPart],
    options: &ModelOptions,
    steps: &mut Vec<ModelStep>,
) -> Result<Vec<LpsVector>, PrintError> {
    let Some(gap) = options.arrange else { return Ok(vec![LpsVector::default(); parts.len()]) };
    let bed = options.bed.ok_or(PrintError::NoBed)?;
    let meshes: Vec<&Mesh> = parts.iter().map(|part| &part.mesh).collect();
    let moves = arrange(&meshes, bed, gap)?;
    for (part, by) in parts.iter_mut().zip(&moves) {
        let by = by.0;
        part.mesh = moved(std::mem::take(&mut part.mesh), |p| LpsPoint(p.0 + by))?;
        steps.push(ModelStep {
            what: format!(
                "\"{}\" put on the bed, moved by ({:.2}, {:.2}, {:.2}) mm: the file is not in patient coordinates",
                part.name, by.x, by.y, by.z
            ),
            departures: Departures::default(),
        });
    }
    Ok(moves)
}
