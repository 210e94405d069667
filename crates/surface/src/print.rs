//! A structure as a model that prints.

use std::fmt;

use fabrica_geometry::{Mm, Mm3};
use fabrica_progress::Progress;
use fabrica_volume::{Structure, Volume};
use serde::{Deserialize, Serialize};

use crate::{
    Departure, Deviation, Mesh, MeshReport, Smoothing, SmoothingReport, SurfaceError, check, deviation, smooth,
    surface_of_mask, surface_within,
};

/// How to make a model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrintOptions {
    /// How to smooth, or not at all.
    pub smoothing: Option<Smoothing>,
    /// Return a model that is not fit to print too, instead of refusing it.
    pub allow_open: bool,
}

impl Default for PrintOptions {
    fn default() -> Self {
        Self { smoothing: Some(Smoothing::default()), allow_open: false }
    }
}

/// A model and what is known about it.
#[derive(Clone, Debug)]
pub struct PrintModel {
    /// The surface, LPS mm.
    pub mesh: Mesh,
    /// The report that goes beside it.
    pub report: PrintReport,
}

/// What is known about a model. Its `Display` is the text that goes beside the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrintReport {
    /// Name of the structure.
    pub structure: String,
    /// The scan is simulated.
    pub simulated: bool,
    /// How the surface was placed, in words.
    pub placed_by: String,
    /// The check of the mesh.
    pub mesh: MeshReport,
    /// Volume of the mask's voxels.
    pub mask_volume: Mm3,
    /// Volume of the mesh less that of the mask, in per cent of the mask's.
    pub volume_difference_percent: f64,
    /// Separate solid parts (cavities do not count).
    pub islands: usize,
    /// What smoothing did, if it was asked for.
    pub smoothing: Option<SmoothingReport>,
    /// How far the mesh departs from the mask.
    pub deviation: Deviation,
    /// The finest distance between voxels, to judge the deviation by.
    pub finest_spacing: Mm,
    /// What was asked for.
    pub options: PrintOptions,
}

impl fmt::Display for PrintReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mesh = &self.mesh;
        let yes = |b: bool| if b { "yes" } else { "NO" };
        let simulated = if self.simulated { " (SIMULATED data)" } else { "" };
        writeln!(f, "Model of \"{}\"{simulated}", self.structure)?;
        writeln!(f, "Units and axes    millimetres, LPS: +x left, +y posterior, +z superior")?;
        writeln!(f, "Surface           {}", self.placed_by)?;
        writeln!(f, "Triangles         {} ({} vertices)", mesh.triangles, mesh.vertices)?;
        writeln!(f, "Separate parts    {} ({} inner cavities)", self.islands, mesh.cavities)?;
        writeln!(
            f,
            "Volume            {:.3} mL, of the voxels {:.3} mL ({:+.2} %)",
            mesh.volume.millilitres(),
            self.mask_volume.millilitres(),
            self.volume_difference_percent
        )?;
        if let Some((low, high)) = mesh.bounds {
            let size = high - low;
            writeln!(f, "Size              {:.2} x {:.2} x {:.2} mm", size.0.x, size.0.y, size.0.z)?;
            writeln!(
                f,
                "Bounding box      {:.2} to {:.2} left, {:.2} to {:.2} posterior, {:.2} to {:.2} superior",
                low.0.x, high.0.x, low.0.y, high.0.y, low.0.z, high.0.z
            )?;
        }
        writeln!(
            f,
            "Watertight        {} (edge-manifold {}, vertex-manifold {}, oriented {}, facing outwards {})",
            yes(mesh.watertight),
            yes(mesh.edge_manifold),
            yes(mesh.vertex_manifold),
            yes(mesh.oriented),
            yes(mesh.outward)
        )?;
        for fault in mesh.faults() {
            writeln!(f, "FAULT             {fault}")?;
        }
        match (&self.options.smoothing, &self.smoothing) {
            (Some(options), Some(done)) => writeln!(
                f,
                "Smoothing         {} passes, at most {:.3} mm moved (leash {} voxel), volume {:+.3} %",
                options.passes,
                done.greatest_move.0,
                options.leash_voxels,
                percent(done.volume_after, done.volume_before)
            )?,
            _ => writeln!(f, "Smoothing         none")?,
        }
        let deviation = &self.deviation;
        let way = |d: &Departure| format!("mean {:.3}, 95 % within {:.3}, max {:.3} mm", d.mean.0, d.p95.0, d.max.0);
        writeln!(f, "Mesh to mask      {}", way(&deviation.mesh_to_mask))?;
        writeln!(f, "Mask to mesh      {}", way(&deviation.mask_to_mesh))?;
        write!(f, "(distances to the faces of the mask's voxels, {:.3} mm at the finest)", self.finest_spacing.0)
    }
}

/// How much more than `whole` a volume is, in per cent.
fn percent(volume: Mm3, whole: Mm3) -> f64 {
    if whole.0 == 0.0 { 0.0 } else { (volume.0 / whole.0 - 1.0) * 100.0 }
}

/// Makes the model of a structure. With the scan that a thresholded structure comes from, its surface is placed between
/// voxels by intensity; without (or for another structure) half way between them.
///
/// # Errors
/// When the structure is empty, it and the scan lie on different grids, the model is not closed, manifold and facing
/// outwards (unless `allow_open`), or the user cancels.
pub fn print_model(
    structure: &Structure,
    volume: Option<&Volume>,
    options: &PrintOptions,
    progress: &Progress,
) -> Result<PrintModel, SurfaceError> {
    let mask = &structure.mask;
    if mask.is_empty() {
        return Err(SurfaceError::EmptyStructure(structure.name.clone()));
    }
    let (mut mesh, placed_by) = match (volume, structure.isovalue) {
        (Some(volume), Some(isovalue)) => (
            surface_within(mask, volume, isovalue, progress)?,
            format!("at {isovalue} by intensity where the border is that threshold, half way between voxels elsewhere"),
        ),
        _ => (surface_of_mask(mask, progress)?, "half way between voxels".into()),
    };
    let smoothing = match &options.smoothing {
        Some(how) => Some(smooth(&mut mesh, mask.grid(), how, progress)?),
        None => None,
    };
    let report = check(&mesh, progress)?;
    if !report.is_solid() && !options.allow_open {
        let why = report.faults().join(", ");
        return Err(SurfaceError::NotClosed { structure: structure.name.clone(), why });
    }
    let deviation = deviation(&mesh, mask, progress)?;
    let mask_volume = mask.volume();
    let report = PrintReport {
        structure: structure.name.clone(),
        simulated: volume.is_some_and(|v| v.provenance.simulated),
        placed_by,
        mask_volume,
        volume_difference_percent: percent(report.volume, mask_volume),
        islands: report.components - report.cavities,
        finest_spacing: mask.grid().finest_spacing(),
        smoothing,
        deviation,
        options: *options,
        mesh: report,
    };
    Ok(PrintModel { mesh, report })
}
