//! The print passport: a page that goes with a model, and says what it is, how it was made, and how it was proved.

use fabrica_case::{AuditData, sha256};
use fabrica_geometry::{Mm, Mm3};
use fabrica_mesh::{Departures, FaultKind, Inspection};
use fabrica_plan::{Author, UtcTime};
use fabrica_surface::PrintReport;
use serde::{Deserialize, Serialize};

use crate::{ModelOptions, PrintError, Proof};

/// What every passport says.
pub const WARNING: &str = "Not a cleared medical device. For planning and teaching; the surgeon answers for its use.";

/// A step after the surface was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelStep {
    /// What was done, in words.
    pub what: String,
    /// How far the surface departs from that before the step.
    pub departures: Departures,
}

/// A file of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// A solid as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PassportSolid {
    /// Its name in the file.
    pub name: String,
    /// The check of it, at its scale.
    pub inspection: Inspection,
}

/// What parts that were cut make when they are put together again, in the patient's size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejoined {
    /// Volume of the whole less that of the parts, pegs and sockets left out.
    pub volume_difference: Mm3,
    /// The farthest that a vertex of the whole lies from the parts' surfaces.
    pub farthest: Mm,
}

/// What was made of one structure, or of the voxels that several share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PassportPart {
    /// The structure's name; of a shared part, all names.
    pub name: String,
    /// How it was made, in words.
    pub origin: String,
    /// Who saved it.
    pub reviewed_by: String,
    /// The surface as it was made of the structure, and the check of it.
    pub surface: PrintReport,
    /// What is printed of it: one solid, or the parts that it was cut into.
    pub solids: Vec<PassportSolid>,
    /// What the cut parts make together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejoined: Option<Rejoined>,
    /// The model read back from its file and held against the structure and the user's measurements.
    pub proof: Proof,
}

impl PassportPart {
    /// The volume of all its solids as printed.
    pub fn volume(&self) -> Mm3 {
        Mm3(self.solids.iter().map(|solid| solid.inspection.mesh.volume.0).sum())
    }

    /// The least wall of all its solids, where walls were measured.
    pub fn least_wall(&self) -> Option<Mm> {
        self.solids.iter().filter_map(|s| s.inspection.least_wall).min_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// How many places have a wall thinner than asked for.
    pub fn thin_places(&self) -> usize {
        let counts = self.solids.iter().flat_map(|solid| &solid.inspection.counts);
        counts.filter(|(kind, _)| *kind == FaultKind::ThinWall).map(|(_, count)| count).sum()
    }
}

/// All that is known about a printed model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passport {
    /// The program and its version.
    pub program: String,
    /// When it was made.
    pub made: UtcTime,
    /// By whom.
    pub by: Author,
    /// [`WARNING`].
    pub warning: String,
    /// The scan is simulated.
    pub simulated: bool,
    /// What it was made of: the structure's file and the scan's sources, with their hashes.
    pub sources: Vec<AuditData>,
    /// The structure's name; of several, all names.
    pub structure: String,
    /// Who validated the structure, and how; or that it is not validated, and why it was printed all the same; of several each
    /// with its name. Nothing for a structure that people made and nobody validated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<String>,
    /// What was asked for: scale, walls, marks, cuts, the printer's bed, the proof's tolerance.
    pub settings: ModelOptions,
    /// What was made of the structure; of several structures, a part for each, and one for each way in which they overlap.
    pub parts: Vec<PassportPart>,
    /// What was done to it since.
    pub steps: Vec<ModelStep>,
    /// The model's files.
    pub files: Vec<ModelFile>,
    /// SHA-256 over this page as JSON with this field empty: whatever is changed by hand shows. The case's audit log has it too.
    pub contents_sha256: String,
}

impl Passport {
    /// Puts the hash of the contents in.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub(crate) fn sign(&mut self) -> Result<(), PrintError> {
        self.contents_sha256 = self.hash()?;
        Ok(())
    }

    /// Whether the contents are those that were signed.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn is_intact(&self) -> Result<bool, PrintError> {
        Ok(self.contents_sha256 == self.hash()?)
    }

    fn hash(&self) -> Result<String, PrintError> {
        let unsigned = Self { contents_sha256: String::new(), ..self.clone() };
        Ok(sha256(&serde_json::to_vec(&unsigned)?))
    }

    /// The volume of all that is printed.
    pub fn volume(&self) -> Mm3 {
        Mm3(self.parts.iter().map(|part| part.volume().0).sum())
    }
}
