//! All that `fabrica info` tells of a case.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use fabrica_geometry::LpsPoint;
use fabrica_plan::{Author, StructureProgress, UtcTime};
use fabrica_progress::Progress;
use fabrica_volume::{Resolution, ValueUnit};
use serde::Serialize;

use crate::audit::AuditCheck;
use crate::case::Case;
use crate::manifest::{SCHEMA, StructureEntry, VolumeEntry};
use crate::{CaseError, CaseWarning};

/// A summary of a case, for people and, as JSON, for programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseInfo {
    /// Where it is.
    pub folder: PathBuf,
    /// The schema of its manifest.
    pub schema: u32,
    /// When it was made.
    pub created: UtcTime,
    /// When a volume or structure last changed.
    pub changed: UtcTime,
    /// Whether any of its data is simulated.
    pub simulated: bool,
    /// Its volumes.
    pub volumes: Vec<VolumeInfo>,
    /// Its structures.
    pub structures: Vec<StructureInfo>,
    /// Its plan.
    pub plan: PlanInfo,
    /// Its audit log.
    pub audit: AuditCheck,
}

/// A summary of a volume.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VolumeInfo {
    /// Its id.
    pub id: String,
    /// Kind of machine, such as `CT`.
    pub modality: String,
    /// Series Description, or the file's name.
    pub description: String,
    /// As in the source; empty where unknown.
    pub patient_name: String,
    /// As in the source; empty where unknown.
    pub patient_id: String,
    /// `YYYYMMDD`; empty where unknown.
    pub study_date: String,
    /// Samples along i, j and k.
    pub size: [usize; 3],
    /// Distances between sample centres along i, j and k.
    pub spacing_mm: [f64; 3],
    /// Where i, j and k point, for example `LPS`.
    pub orientation: String,
    /// How far the axes are from the anatomical ones.
    pub obliquity_degrees: f64,
    /// The centre of the first sample, in patient coordinates.
    pub origin_lps_mm: LpsPoint,
    /// `int16` and so on.
    pub value_type: String,
    /// The smallest and the largest value.
    pub range: [f64; 2],
    /// What the values mean.
    pub unit: ValueUnit,
    /// Frame of Reference UID.
    pub frame_of_reference_uid: Option<String>,
    /// Study Instance UID.
    pub study_uid: Option<String>,
    /// Series Instance UID.
    pub series_uid: Option<String>,
    /// How many files it was made of.
    pub sources: usize,
    /// See [`VolumeEntry::sources_sha256`].
    pub sources_sha256: String,
    /// SHA-256 of the volume's file in the case.
    pub sha256: String,
    /// Whether it is simulated.
    pub simulated: bool,
    /// What was done to it on the way.
    pub steps: Vec<String>,
    /// Its geometry warnings and what was decided about them.
    pub warnings: Vec<CaseWarning>,
}

/// A summary of a structure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StructureInfo {
    /// Its name.
    pub name: String,
    /// The volume on whose grid it lies.
    pub volume: String,
    /// How many voxels belong to it; nothing when that cannot be worked out.
    pub voxels: Option<u64>,
    /// How large it is; nothing when that cannot be worked out.
    pub millilitres: Option<f64>,
    /// How many strokes of the plan have changed it since it was saved.
    pub edits: usize,
    /// How far the work on it is.
    pub progress: StructureProgress,
    /// How it was made.
    pub origin: String,
    /// Who saved it.
    pub by: Author,
    /// When.
    pub at: UtcTime,
}

/// A summary of the plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanInfo {
    /// How many entries its history has.
    pub operations: usize,
    /// Who has worked on it, by name.
    pub authors: Vec<Author>,
    /// When it was last changed.
    pub changed: Option<UtcTime>,
}

impl Case {
    /// A summary of the case. Reads no samples, but for structures that were edited.
    ///
    /// # Errors
    /// When the audit log cannot be read.
    pub fn info(&self) -> Result<CaseInfo, CaseError> {
        let history = self.plan.history();
        let authors: BTreeSet<_> = history.iter().map(|e| e.author.clone()).collect();
        let warnings = self.warnings();
        Ok(CaseInfo {
            folder: self.folder.clone(),
            schema: SCHEMA,
            created: self.manifest.created,
            changed: self.manifest.changed,
            simulated: self.manifest.simulated,
            volumes: self.volumes().iter().map(|v| VolumeInfo::of(v, &warnings)).collect(),
            structures: self.structures().iter().map(|s| self.structure_info(s)).collect(),
            plan: PlanInfo {
                operations: history.len(),
                authors: authors.into_iter().collect(),
                changed: history.iter().map(|e| e.time).max(),
            },
            audit: self.audit_check()?,
        })
    }

    fn structure_info(&self, s: &StructureEntry) -> StructureInfo {
        // What the plan made of it is not in the file.
        let size = if s.edits == 0 {
            Some((s.voxels, s.size_mm3))
        } else {
            self.mask(&s.name, &Progress::new()).ok().map(|m| (m.count() as u64, m.volume()))
        };
        StructureInfo {
            name: s.name.clone(),
            volume: s.volume.clone(),
            voxels: size.map(|(voxels, _)| voxels),
            millilitres: size.map(|(_, size)| size.millilitres()),
            edits: s.edits,
            progress: self.plan.state().edits.progress(&s.name),
            origin: s.origin.clone(),
            by: s.by.clone(),
            at: s.at,
        }
    }
}

impl VolumeInfo {
    fn of(entry: &VolumeEntry, warnings: &[CaseWarning]) -> Self {
        let from = &entry.provenance;
        Self {
            id: entry.id.clone(),
            modality: from.modality.0.clone(),
            description: from.description.clone(),
            patient_name: from.patient_name.clone(),
            patient_id: from.patient_id.clone(),
            study_date: from.study_date.clone(),
            size: entry.grid.dims(),
            spacing_mm: entry.grid.spacing(),
            orientation: entry.grid.orientation_code(),
            obliquity_degrees: entry.grid.obliquity_degrees(),
            origin_lps_mm: entry.grid.origin(),
            value_type: entry.sample_type.clone(),
            range: entry.range,
            unit: entry.unit.clone(),
            frame_of_reference_uid: from.frame_of_reference_uid.clone(),
            study_uid: from.study_uid.clone(),
            series_uid: from.series_uid.clone(),
            sources: from.sources.len(),
            sources_sha256: entry.sources_sha256(),
            sha256: entry.sha256.clone(),
            simulated: from.simulated,
            steps: from.steps.clone(),
            warnings: warnings.iter().filter(|w| w.volume == entry.id).cloned().collect(),
        }
    }
}

impl fmt::Display for CaseInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Case {}{}", self.folder.display(), simulated(self.simulated))?;
        writeln!(f, "  schema {}, created {}, changed {}", self.schema, self.created, self.changed)?;
        for volume in &self.volumes {
            write!(f, "{volume}")?;
        }
        for s in &self.structures {
            let name = clean(&s.name);
            match (s.voxels, s.millilitres) {
                (Some(voxels), Some(ml)) => {
                    writeln!(f, "Structure {name}: {voxels} voxels, {ml:.2} mL, on {}", s.volume)
                }
                _ => writeln!(f, "Structure {name}: its edits cannot be worked out, on {}", s.volume),
            }?;
            match s.progress {
                StructureProgress::NotStarted => Ok(()),
                StructureProgress::InProgress => writeln!(f, "  in progress"),
                StructureProgress::Completed => writeln!(f, "  completed"),
                StructureProgress::Flagged => writeln!(f, "  FLAGGED: somebody must look at it"),
            }?;
            writeln!(f, "  {}; saved by {} at {}", clean(&s.origin), s.by, s.at)?;
        }
        let authors: Vec<_> = self.plan.authors.iter().map(Author::name).collect();
        write!(f, "Plan: {} operations", self.plan.operations)?;
        if let Some(changed) = self.plan.changed {
            write!(f, " by {}, last at {changed}", authors.join(", "))?;
        }
        writeln!(f)?;
        write!(f, "Audit log: {} lines, ", self.audit.lines)?;
        if self.audit.intact {
            return writeln!(f, "intact");
        }
        writeln!(f, "BROKEN")?;
        self.audit.problems.iter().try_for_each(|p| writeln!(f, "  {}", clean(p)))
    }
}

impl fmt::Display for VolumeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_unknown = |text: &str| if text.is_empty() { "unknown".to_owned() } else { clean(text) };
        let [nx, ny, nz] = self.size;
        let [sx, sy, sz] = self.spacing_mm;
        let origin = self.origin_lps_mm.0;
        let (id, modality) = (&self.id, or_unknown(&self.modality));
        writeln!(f, "Volume {id}: {modality}, {}{}", or_unknown(&self.description), simulated(self.simulated))?;
        let (name, number) = (or_unknown(&self.patient_name), or_unknown(&self.patient_id));
        writeln!(f, "  patient {name}, ID {number}, study of {}", or_unknown(&self.study_date))?;
        writeln!(f, "  {nx} × {ny} × {nz} voxels of {sx:.4} × {sy:.4} × {sz:.4} mm")?;
        write!(f, "  axes {}, ", self.orientation)?;
        if self.obliquity_degrees > 0.05 {
            write!(f, "oblique by {:.1}°, ", self.obliquity_degrees)?;
        }
        writeln!(f, "first voxel at ({:.3}, {:.3}, {:.3}) mm LPS", origin.x, origin.y, origin.z)?;
        let unit = match &self.unit {
            ValueUnit::Hounsfield => "HU".to_owned(),
            ValueUnit::BecquerelPerMillilitre => "Bq/mL".to_owned(),
            ValueUnit::Other(unit) => clean(unit),
            _ => "(no unit)".to_owned(),
        };
        writeln!(f, "  {} from {} to {} {unit}", self.value_type, self.range[0], self.range[1])?;
        for (what, uid) in [
            ("frame of reference", &self.frame_of_reference_uid),
            ("study", &self.study_uid),
            ("series", &self.series_uid),
        ] {
            writeln!(f, "  {what} {}", uid.as_deref().map_or("unknown".to_owned(), clean))?;
        }
        writeln!(f, "  {} source file(s), SHA-256 {}", self.sources, self.sources_sha256)?;
        for step in &self.steps {
            writeln!(f, "  {}", clean(step))?;
        }
        for w in &self.warnings {
            let issue = clean(&w.warning.issue.to_string());
            match &w.warning.resolution {
                Resolution::Open => {
                    writeln!(f, "  WARNING {}: {issue} — open: blocks measuring and printing", w.number)
                }
                Resolution::Accepted { by, at, reason } => {
                    writeln!(f, "  warning {}: {issue} — accepted by {by} at {at}: {}", w.number, clean(reason))
                }
            }?;
        }
        Ok(())
    }
}

fn simulated(yes: bool) -> &'static str {
    if yes { " — SIMULATED, not a patient" } else { "" }
}

/// Text from files, without what would move a terminal's cursor.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
