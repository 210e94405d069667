//! Several structures as one model, with borders that neighbours share.

use fabrica_geometry::Mm;
use fabrica_mesh::{ModelPart, departures, self_intersections, untangle};
use fabrica_progress::Progress;
use fabrica_surface::{Combinations, LabelSurfaces, Mesh, PrintReport, check, combinations, deviation, label_surfaces};
use fabrica_volume::Mask;

use crate::make::{Made, Piece, Wanted};
use crate::passport::ModelStep;
use crate::proof::{prove, prove_calipers};
use crate::{Caliper, ModelOptions, PrintError};

/// Makes a part of each structure's own voxels, and of those of each way in which structures overlap.
pub(crate) fn make(
    wanted: &[Wanted],
    calipers: &[Caliper],
    options: &ModelOptions,
    progress: &Progress,
) -> Result<Made, PrintError> {
    refuse(options)?;
    let masks: Vec<&Mask> = wanted.iter().map(|w| &w.structure.mask).collect();
    if let Some(empty) = wanted.iter().find(|w| w.structure.mask.is_empty()) {
        return Err(fabrica_surface::SurfaceError::EmptyStructure(empty.structure.name.clone()).into());
    }
    let combined = combinations(&masks, progress)?;
    let grid = masks[0].grid();
    let surfaces = label_surfaces(grid, &combined.labels, options.surface.smoothing.as_ref(), progress)?;
    let mut steps = Vec::new();
    let surfaces = untangled(surfaces, &mut steps, progress)?;
    let mut pieces = Vec::new();
    for (label, mesh) in surfaces.meshes(progress)? {
        let members = &combined.members[usize::from(label) - 1];
        let mask = Mask::from_fn(grid.clone(), |n| combined.labels[n] == label);
        let of = |what: &dyn Fn(&Wanted) -> String, by: &str| {
            members.iter().map(|m| what(&wanted[*m])).collect::<Vec<_>>().join(by)
        };
        let name = of(&|w| w.structure.name.clone(), " + ");
        let report = report(&name, label, &surfaces, &mesh, &mask, options, progress)?;
        let mut proof = prove(&mesh, &mask, &[], options.tolerance, progress)?;
        // A measurement is one of a whole structure, whatever else lies in it.
        if let [structure] = members[..] {
            let whole = surfaces.border(|l| takes_part(&combined, l, structure));
            proof.calipers = prove_calipers(&whole, calipers, options.tolerance)?;
        }
        let colour = mixed(members.iter().map(|m| wanted[*m].structure.colour));
        pieces.push(Piece {
            structures: members.iter().map(|m| wanted[*m].structure.name.clone()).collect(),
            origin: of(&|w| w.structure.origin.clone(), "; "),
            reviewed_by: of(&|w| w.saved_by.clone(), ", "),
            proof,
            rejoined: None,
            mask: Some(mask),
            parts: vec![ModelPart { name: name.clone(), colour: Some(colour), mesh }],
            report,
            name,
        });
    }
    Ok(Made { pieces, steps })
}

/// Whether a label's voxels lie in a structure.
fn takes_part(combined: &Combinations, label: u16, structure: usize) -> bool {
    let members = usize::from(label).checked_sub(1).and_then(|n| combined.members.get(n));
    members.is_some_and(|members| members.contains(&structure))
}

/// What changes one solid would tear shared borders apart.
fn refuse(options: &ModelOptions) -> Result<(), PrintError> {
    if options.thicken {
        return Err(PrintError::OneOnly("a thickened model"));
    }
    if options.simplify.is_some() {
        return Err(PrintError::OneOnly("a simplified model"));
    }
    if !options.engravings.is_empty() {
        return Err(PrintError::OneOnly("an engraved model"));
    }
    if options.hollow.is_some() {
        return Err(PrintError::OneOnly("a hollow model"));
    }
    if options.cut.is_some() {
        return Err(PrintError::OneOnly("a cut model"));
    }
    Ok(())
}

/// Takes vertices back where borders pass through each other after smoothing, for all structures alike.
fn untangled(
    surfaces: LabelSurfaces,
    steps: &mut Vec<ModelStep>,
    progress: &Progress,
) -> Result<LabelSurfaces, PrintError> {
    let shared = surfaces.shared();
    let tangled = self_intersections(&shared, progress)?.len();
    if tangled == 0 {
        return Ok(surfaces);
    }
    let mended = untangle(shared.clone(), &surfaces.shared_half_way(), progress)?;
    steps.push(ModelStep {
        what: format!(
            "vertices put half way between voxels where {tangled} pairs of triangles passed through each other"
        ),
        departures: departures(&mended, &shared, Mm(1.0), progress)?,
    });
    Ok(surfaces.moved(mended.into_parts().0)?)
}

fn report(
    name: &str,
    label: u16,
    surfaces: &LabelSurfaces,
    mesh: &Mesh,
    mask: &Mask,
    options: &ModelOptions,
    progress: &Progress,
) -> Result<PrintReport, PrintError> {
    let found = check(mesh, progress)?;
    if !found.is_solid() && !options.surface.allow_open {
        let why = found.faults().join(", ");
        return Err(fabrica_surface::SurfaceError::NotClosed { structure: name.to_owned(), why }.into());
    }
    let volume = mask.volume();
    Ok(PrintReport {
        structure: name.to_owned(),
        simulated: false,
        placed_by: "half way between voxels, borders shared with the other structures".into(),
        mask_volume: volume,
        volume_difference_percent: (found.volume.0 / volume.0 - 1.0) * 100.0,
        islands: found.components.saturating_sub(found.cavities),
        smoothing: surfaces.smoothing(label, found.volume),
        deviation: deviation(mesh, mask, progress)?,
        finest_spacing: mask.grid().finest_spacing(),
        options: options.surface,
        mesh: found,
    })
}

/// The mean of colours.
fn mixed(colours: impl Iterator<Item = fabrica_volume::Rgb>) -> [u8; 3] {
    let all: Vec<[u8; 3]> = colours.map(|c| [c.0, c.1, c.2]).collect();
    let count = all.len().max(1) as u32;
    std::array::from_fn(|n| (all.iter().map(|c| u32::from(c[n])).sum::<u32>() / count) as u8)
}
