//! The proof of a model: the file that was written, read back, held against the scan's structure and the user's own
//! measurements.

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_mesh::crossings;
use fabrica_progress::Progress;
use fabrica_surface::{Deviation, Mesh, check, deviation};
use fabrica_volume::Mask;
use serde::{Deserialize, Serialize};

use crate::{ModelOptions, PrintError};

/// How far the ends of a caliper may lie from the surface that they were set on.
const END_REACH: f64 = 2.0;

/// A straight distance that a user measured on the images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Caliper {
    /// Its name.
    pub name: String,
    /// Its ends.
    pub points: [LpsPoint; 2],
}

/// A caliper repeated on the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaliperProof {
    /// The caliper.
    pub caliper: Caliper,
    /// Its length on the images.
    pub measured: Mm,
    /// Its length on the model: between the places where its line passes the surface nearest to each end. Nothing where
    /// an end lies more than 2 mm from the surface: it was not set on this structure.
    pub on_model: Option<Mm>,
    /// Its length on what is printed, in the patient's size: after engraving, hollowing, thickening, cutting. Where the model
    /// was changed on purpose it may be another one. Nothing where it was not measured again (shared borders).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printed: Option<Mm>,
}

impl CaliperProof {
    /// Model less images.
    pub fn difference(&self) -> Option<Mm> {
        self.on_model.map(|length| length - self.measured)
    }

    /// What is printed less images.
    pub fn printed_difference(&self) -> Option<Mm> {
        self.printed.map(|length| length - self.measured)
    }

    /// Whether what is printed has another length than the images, by more than this, or has lost it.
    pub fn is_changed(&self, tolerance: Mm) -> bool {
        match (self.on_model, self.printed_difference()) {
            (Some(_), Some(difference)) => difference.0.abs() > tolerance.0,
            _ => false,
        }
    }
}

/// What was proved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// The farthest that was allowed.
    pub tolerance: Mm,
    /// How far the surface read back from the file departs from the structure's voxels, both ways.
    pub deviation: Deviation,
    /// Volume of the model less that of the voxels, in per cent.
    pub volume_difference_percent: f64,
    /// The user's measurements.
    pub calipers: Vec<CaliperProof>,
}

/// Holds a model against the structure that it was made of. Meant for a mesh read back from its file, in patient
/// millimetres: a mirrored, scaled or shifted one, or one in another unit, does not pass.
///
/// # Errors
/// [`PrintError::Proof`] when a caliper differs by more than the tolerance, 95 % of the surface is not within the
/// tolerance and a voxel's diagonal of the structure's voxels, or the volume differs by more than the
/// tolerance times the surface, or an end of the model lies farther from that of the voxels; when the mesh or the mask is empty, or the user cancels.
pub fn prove(
    mesh: &Mesh,
    mask: &Mask,
    calipers: &[Caliper],
    tolerance: Mm,
    progress: &Progress,
) -> Result<Proof, PrintError> {
    if !(tolerance.0.is_finite() && tolerance.0 > 0.0) {
        return Err(PrintError::Proof(format!("the tolerance of {tolerance} is not above 0 mm")));
    }
    let deviation = deviation(mesh, mask, progress)?;
    let report = check(mesh, progress)?;
    let diagonal = mask.grid().spacing().iter().map(|s| s * s).sum::<f64>().sqrt();
    let reach = tolerance.0 + diagonal;
    if deviation.p95().0 > reach {
        return Err(PrintError::Proof(format!(
            "the model departs from its structure: 95 % of it lies within {}, where {} is allowed. It is mirrored, scaled, shifted, in another unit, or another structure",
            deviation.p95(),
            Mm(reach)
        )));
    }
    let (volume, voxels) = (report.volume.0, mask.volume().0);
    if (volume - voxels).abs() > tolerance.0 * report.area.0 {
        return Err(PrintError::Proof(format!("its volume is {} instead of {}", report.volume, mask.volume())));
    }
    // The surface of a slanting or pointed end lies up to a voxel within its voxels.
    if let (Some((low, high)), Some((first, last))) = (mesh_box(mesh, mask), mask.bounding_box()) {
        for axis in 0..3 {
            let spacing = mask.grid().spacing()[axis];
            let ends = [low[axis] - (first[axis] as f64 - 0.5), high[axis] - (last[axis] as f64 + 0.5)];
            if let Some(off) = ends.iter().map(|e| e.abs() * spacing).find(|off| *off > tolerance.0 + spacing) {
                let why = format!("an end of it lies {} from that of its voxels", Mm(off));
                return Err(PrintError::Proof(why));
            }
        }
    }
    let calipers = prove_calipers(mesh, calipers, tolerance)?;
    let volume_difference_percent = (volume / voxels - 1.0) * 100.0;
    Ok(Proof { tolerance, deviation, volume_difference_percent, calipers })
}

/// Repeats calipers on a surface, and refuses one that differs by more than the tolerance.
pub(crate) fn prove_calipers(
    mesh: &Mesh,
    calipers: &[Caliper],
    tolerance: Mm,
) -> Result<Vec<CaliperProof>, PrintError> {
    let calipers: Vec<CaliperProof> = calipers.iter().map(|caliper| repeat(mesh, caliper)).collect();
    for line in &calipers {
        if let Some(difference) = line.difference().filter(|d| d.0.abs() > tolerance.0) {
            return Err(PrintError::Proof(format!(
                "\"{}\" is {} on the images and {} on the model, {:+.2} mm where {tolerance} is allowed",
                line.caliper.name,
                line.measured,
                line.on_model.unwrap_or_default(),
                difference.0
            )));
        }
    }
    Ok(calipers)
}

/// Repeats calipers on what is printed, put back in the patient's place and size.
///
/// # Errors
/// When one differs by more than the tolerance and the model was not changed on purpose.
pub(crate) fn prove_printed(printed: &Mesh, proof: &mut Proof, options: &ModelOptions) -> Result<(), PrintError> {
    for line in &mut proof.calipers {
        line.printed = line.on_model.and_then(|_| repeat(printed, &line.caliper).on_model);
        if line.is_changed(options.tolerance) && !options.is_modified() {
            return Err(PrintError::Proof(format!(
                "\"{}\" is {} on the images and {} on what would be printed",
                line.caliper.name,
                line.measured,
                line.printed.unwrap_or_default()
            )));
        }
    }
    Ok(())
}

/// The smallest and the largest coordinates of a mesh, in voxels of a mask's grid.
fn mesh_box(mesh: &Mesh, mask: &Mask) -> Option<(glam::DVec3, glam::DVec3)> {
    let to_voxel = mask.grid().patient_to_voxel();
    let places = mesh
        .vertices()
        .iter()
        .map(|v| to_voxel.transform_point3(glam::DVec3::new(v[0].into(), v[1].into(), v[2].into())));
    places.map(|p| (p, p)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

fn repeat(mesh: &Mesh, caliper: &Caliper) -> CaliperProof {
    let [a, b] = caliper.points;
    let measured = a.distance(b);
    let along = (b - a).0;
    // Where the line passes the surface, in shares of the way from the first end to the second.
    let crossings = crossings(mesh, a, b - a);
    let nearest = |end: f64| {
        let found = crossings.iter().copied().min_by(|x, y| (x - end).abs().total_cmp(&(y - end).abs()))?;
        ((found - end).abs() * measured.0 <= END_REACH).then_some(found)
    };
    let on_model = match (nearest(0.0), nearest(1.0)) {
        (Some(from), Some(to)) if to > from => Some(Mm((to - from) * along.length())),
        _ => None,
    };
    CaliperProof { caliper: caliper.clone(), measured, on_model, printed: None }
}
