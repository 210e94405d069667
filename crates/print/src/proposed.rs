//! A model that is made, checked and proved, and not yet written: what a preview shows, and what is then printed.

use fabrica_case::Case;
use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_mesh::{Inspection, ModelPart, merge, signed_distances, thickness};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, surface_of_mask};

use crate::make::{self, Made, Piece};
use crate::passport::{ModelStep, PassportPart, PassportSolid};
use crate::proof::prove_printed;
use crate::{ModelOptions, ModelSource, PrintError, together};

/// A model that is made, checked and proved, and not yet written.
#[derive(Debug)]
pub struct ProposedModel {
    pub(crate) source: ModelSource,
    pub(crate) options: ModelOptions,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) parts: Vec<PassportPart>,
    pub(crate) steps: Vec<ModelStep>,
    solids: Vec<Solid>,
}

/// One solid of a model, as it will be written.
#[derive(Clone, Debug)]
pub struct Solid {
    /// Its name, colour and mesh, in the file's coordinates.
    pub part: ModelPart,
    /// The check of it; places are in the file's coordinates.
    pub inspection: Inspection,
    /// Where it lies.
    pub placement: Placement,
    /// Which of the model's pieces it is of.
    piece: usize,
}

/// How a model's file lies to the patient: scaled about a middle, then moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// What stays in place when the model is scaled.
    pub middle: LpsPoint,
    /// The model's size over the patient's.
    pub scale: f64,
    /// How far it was moved then.
    pub moved: LpsVector,
}

impl Placement {
    /// Where a point of the patient lies in the file.
    pub fn to_file(&self, p: LpsPoint) -> LpsPoint {
        LpsPoint(self.middle.0 + (p.0 - self.middle.0) * self.scale + self.moved.0)
    }

    /// Where a point of the file lies in the patient.
    ///
    /// ```
    /// use fabrica_geometry::{LpsPoint, LpsVector};
    /// use fabrica_print::Placement;
    /// let half = Placement { middle: LpsPoint::new(10.0, 0.0, 0.0), scale: 0.5, moved: LpsVector::new(0.0, 0.0, 7.0) };
    /// let tip = LpsPoint::new(30.0, 0.0, 0.0);
    /// assert_eq!(half.to_file(tip), LpsPoint::new(20.0, 0.0, 7.0));
    /// assert_eq!(half.to_patient(half.to_file(tip)), tip);
    /// ```
    pub fn to_patient(&self, p: LpsPoint) -> LpsPoint {
        LpsPoint(self.middle.0 + (p.0 - self.moved.0 - self.middle.0) / self.scale)
    }

    /// A mesh of the file in the patient's place and size.
    ///
    /// # Errors
    /// When coordinates leave what a mesh holds.
    pub fn mesh_to_patient(&self, mesh: &Mesh) -> Result<Mesh, PrintError> {
        let place =
            |v: &[f32; 3]| self.to_patient(LpsPoint::new(v[0].into(), v[1].into(), v[2].into())).0.as_vec3().to_array();
        Ok(Mesh::new(mesh.vertices().iter().map(place).collect(), mesh.triangles().to_vec())?)
    }
}

impl ProposedModel {
    pub(crate) fn make(source: ModelSource, options: &ModelOptions, progress: &Progress) -> Result<Self, PrintError> {
        if !(0.05..=10.0).contains(&options.scale) {
            return Err(PrintError::Option { option: "the scale", value: options.scale, allowed: "0.05 to 10" });
        }
        let Made { mut pieces, mut steps } = match &source.wanted[..] {
            [one] => make::make(one, source.volume.as_ref(), &source.calipers, options, progress)?,
            several => together::make(several, &source.calipers, options, progress)?,
        };
        let middle = make::middle(&pieces);
        let placement = Placement { middle, scale: options.scale, moved: LpsVector::default() };
        let (mut model, mut of) = (Vec::new(), Vec::new());
        for (n, piece) in pieces.iter_mut().enumerate() {
            piece.report.simulated = source.is_simulated();
            let unvalidated = piece.structures.iter().any(|name| source.pass.of(name).is_some());
            for mut part in make::scaled(std::mem::take(&mut piece.parts), &placement)? {
                if unvalidated {
                    part.name = format!("NOT VALIDATED {}", part.name);
                }
                model.push(part);
                of.push(n);
            }
        }
        let moves = make::arranged(&mut model, options, &mut steps)?;
        let mut solids = Vec::new();
        for ((part, piece), moved) in model.into_iter().zip(of).zip(moves) {
            let inspection = make::inspected(&part.mesh, options, progress)?;
            if !inspection.is_solid() && !options.surface.allow_open {
                let why =
                    format!("\"{}\" is no solid ({} self-intersections)", part.name, inspection.self_intersections);
                return Err(PrintError::Proof(why));
            }
            solids.push(Solid { part, inspection, placement: Placement { moved, ..placement }, piece });
        }
        let mut parts = Vec::new();
        for (n, piece) in pieces.iter_mut().enumerate() {
            let own: Vec<&Solid> = solids.iter().filter(|solid| solid.piece == n).collect();
            // Neighbours that share a border belong to the measured whole; there the surface was proved.
            if source.wanted.len() == 1 {
                let placed: Vec<Mesh> =
                    own.iter().map(|s| s.placement.mesh_to_patient(&s.part.mesh)).collect::<Result<_, _>>()?;
                prove_printed(&merge(&placed)?, &mut piece.proof, options)?;
            }
            parts.push(PassportPart {
                name: piece.name.clone(),
                origin: piece.origin.clone(),
                reviewed_by: piece.reviewed_by.clone(),
                surface: piece.report.clone(),
                solids: own
                    .iter()
                    .map(|s| PassportSolid { name: s.part.name.clone(), inspection: s.inspection.clone() })
                    .collect(),
                rejoined: piece.rejoined,
                proof: piece.proof.clone(),
            });
        }
        Ok(Self { source, options: options.clone(), pieces, parts, steps, solids })
    }

    /// Refuses what was made of a structure that has changed since, or of a case that must not be printed from any more.
    ///
    /// # Errors
    /// When a structure is another one now or gone, or a geometry warning is open.
    pub fn require_current(&self, case: &Case) -> Result<(), PrintError> {
        case.require_settled_geometry()?;
        for (name, was) in self.source.names().zip(&self.source.sources) {
            if case.structure_entry(name)?.sha256 != was.sha256 {
                return Err(PrintError::Changed(name.to_owned()));
            }
        }
        Ok(())
    }

    /// What it is made of.
    pub fn source(&self) -> &ModelSource {
        &self.source
    }

    /// What was asked for.
    pub fn options(&self) -> &ModelOptions {
        &self.options
    }

    /// The solids, as they will be written.
    pub fn solids(&self) -> &[Solid] {
        &self.solids
    }

    /// What is known of each structure's part.
    pub fn parts(&self) -> &[PassportPart] {
        &self.parts
    }

    /// What was done, with how far the surface went.
    pub fn steps(&self) -> &[ModelStep] {
        &self.steps
    }

    /// How thick a solid is at each of its vertices, mm in the file's size; `limit` where it is that or more. Nothing for
    /// a number that no solid has.
    ///
    /// # Errors
    /// When the limit is not above 0, or the user cancels.
    pub fn walls(&self, solid: usize, limit: Mm, progress: &Progress) -> Result<Vec<f32>, PrintError> {
        let Some(solid) = self.solids.get(solid) else { return Ok(Vec::new()) };
        Ok(thickness(&solid.part.mesh, limit, progress)?.at_vertices)
    }

    /// How far a solid lies from its structure's border (half way between voxels) at each of its vertices, mm in the
    /// patient's size: positive outside. Nothing for a number that no solid has.
    ///
    /// # Errors
    /// When the structure is empty, or the user cancels.
    pub fn deviations(&self, solid: usize, progress: &Progress) -> Result<Vec<f32>, PrintError> {
        let Some(solid) = self.solids.get(solid) else { return Ok(Vec::new()) };
        let Some(piece) = self.pieces.get(solid.piece) else { return Ok(Vec::new()) };
        let placed = solid.placement.mesh_to_patient(&solid.part.mesh)?;
        let border = match &piece.mask {
            Some(mask) => surface_of_mask(mask, progress)?,
            None => match &self.source.wanted[..] {
                [one, ..] => surface_of_mask(&one.structure.mask, progress)?,
                [] => return Ok(Vec::new()),
            },
        };
        Ok(signed_distances(&placed, &border, progress)?)
    }
}
