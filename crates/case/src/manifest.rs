//! `case.json`: what the case holds.

use std::io::{ErrorKind, Write};
use std::path::Path;

use fabrica_geometry::{Grid, Mm3};
use fabrica_plan::{Author, UtcTime};
use fabrica_volume::{Code, GeometryIssue, Provenance, Rgb, ValueUnit};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CaseError, hash, write_atomic};

/// The schema of `case.json` written here. A new field raises it.
pub const SCHEMA: u32 = 2;
pub(crate) const FILE: &str = "case.json";
const FORMAT: &str = "fabrica case";

/// The content of `case.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub format: String,
    pub schema: u32,
    pub created: UtcTime,
    pub changed: UtcTime,
    /// Whether any volume is simulated.
    pub simulated: bool,
    /// The number in the next id. Ids are never used again.
    pub next_id: u64,
    pub volumes: Vec<VolumeEntry>,
    pub structures: Vec<StructureEntry>,
    /// Structures as they were before they were replaced or removed, where edits of the plan build on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<StructureEntry>,
    /// Where the audit log was just before the line that announced this manifest.
    pub audit: AuditAnchor,
}

/// How long the audit log was at some moment, and the hash of its last line then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AuditAnchor {
    pub lines: u64,
    pub last: String,
}

/// What the manifest says about a volume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VolumeEntry {
    /// The volume's id within the case. Its file is `volumes/<id>.nrrd`.
    pub id: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// Where its samples lie.
    pub grid: Grid,
    /// `uint8`, `int16`, `uint16`, `int32` or `float32`.
    pub sample_type: String,
    /// The smallest and the largest value.
    pub range: [f64; 2],
    /// What the values mean.
    pub unit: ValueUnit,
    /// Where it came from.
    pub provenance: Provenance,
    /// What is dubious about its geometry. What users decided about it is in the plan.
    pub issues: Vec<GeometryIssue>,
    /// Who added it.
    pub by: Author,
    /// When.
    pub at: UtcTime,
}

/// What the manifest says about a structure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StructureEntry {
    /// Its id within the case. Its file is `structures/<id>.seg.nrrd`.
    pub id: String,
    /// SHA-256 of its file; for an edited structure a hash of that and of all strokes that made it what it is.
    pub sha256: String,
    /// The volume on whose grid it lies.
    pub volume: String,
    /// The name that users see, unique within the case.
    pub name: String,
    /// Its own colour. A plan may show it in another.
    pub colour: Rgb,
    /// What it is, in a coding scheme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// How it was made, in words.
    pub origin: String,
    /// For a region above a threshold of the scan: that threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isovalue: Option<f64>,
    /// How many voxels belong to it in its file. Edits since are not counted.
    pub voxels: u64,
    /// How large it is in its file.
    pub size_mm3: Mm3,
    /// Who saved it.
    pub by: Author,
    /// When.
    pub at: UtcTime,
    /// Whether it came when the plan had edits already. Then the plan says that it came, or will.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub since_edits: bool,
    /// How many strokes of the plan have changed it since.
    #[serde(skip)]
    pub edits: usize,
}

impl VolumeEntry {
    pub(crate) fn file(&self) -> String {
        format!("volumes/{}.nrrd", self.id)
    }

    /// SHA-256 over the hashes of all source files, each as 64 hexadecimal digits and a line feed, in slice order.
    pub fn sources_sha256(&self) -> String {
        let all: String = self.provenance.sources.iter().flat_map(|s| [s.sha256.as_str(), "\n"]).collect();
        hash::sha256(all.as_bytes())
    }
}

impl StructureEntry {
    pub(crate) fn file(&self) -> String {
        format!("structures/{}.seg.nrrd", self.id)
    }
}

impl Manifest {
    /// The manifest of an empty case.
    pub fn new(now: UtcTime) -> Self {
        Self {
            format: FORMAT.into(),
            schema: SCHEMA,
            created: now,
            changed: now,
            simulated: false,
            next_id: 1,
            volumes: Vec::new(),
            structures: Vec::new(),
            former: Vec::new(),
            audit: AuditAnchor { lines: 0, last: crate::audit::NO_LINE.into() },
        }
    }

    /// The structures as they are and as they were.
    pub fn all_structures(&self) -> impl Iterator<Item = &StructureEntry> {
        self.structures.iter().chain(&self.former)
    }

    /// An id that no file of this case ever had.
    pub fn take_id(&mut self, kind: &str) -> String {
        let id = format!("{kind}-{}", self.next_id);
        self.next_id += 1;
        id
    }

    /// The text of `case.json`.
    pub fn to_text(&self, path: &Path) -> Result<Vec<u8>, CaseError> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|e| CaseError::Manifest { path: path.into(), what: format!("it cannot be written ({e})") })?;
        text.push(b'\n');
        Ok(text)
    }

    /// Reads `case.json`. Gives its hash too.
    pub fn read(folder: &Path) -> Result<(Self, String), CaseError> {
        let path = folder.join(FILE);
        let text = std::fs::read(&path).map_err(|e| match e.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => CaseError::NotACase(folder.into()),
            _ => CaseError::io("read", &path, e),
        })?;
        Ok((Self::parse(&text, &path)?, hash::sha256(&text)))
    }

    fn parse(text: &[u8], path: &Path) -> Result<Self, CaseError> {
        let wrong = |what: String| CaseError::Manifest { path: path.into(), what };
        let value: Value = serde_json::from_slice(text).map_err(|e| wrong(format!("it is damaged: {e}")))?;
        if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(wrong("it is not the manifest of a Fabrica case".into()));
        }
        match value.get("schema").and_then(Value::as_u64) {
            Some(found) if found > u64::from(SCHEMA) => {
                return Err(CaseError::Newer { path: path.into(), found, known: SCHEMA });
            }
            Some(1..) => {}
            _ => return Err(wrong("it has no schema version".into())),
        }
        let manifest: Self = serde_json::from_value(value.clone()).map_err(|e| wrong(format!("it is damaged: {e}")))?;
        // A field that is not known here would be dropped when the manifest is next written.
        let known = serde_json::to_value(&manifest).map_err(|e| wrong(format!("it is damaged: {e}")))?;
        if let Some(field) = unknown_field(&value, &known) {
            return Err(wrong(format!("it has a field `{field}` that this version does not know")));
        }
        manifest.check().map_err(wrong)?;
        Ok(manifest)
    }

    /// Checks what the types do not say.
    fn check(&self) -> Result<(), String> {
        let mut ids = Vec::new();
        for (kind, id) in
            self.volumes.iter().map(|v| ("volume", &v.id)).chain(self.all_structures().map(|s| ("structure", &s.id)))
        {
            let number = id.strip_prefix(kind).and_then(|rest| rest.strip_prefix('-')?.parse::<u64>().ok());
            // Written as we write it, so that it names a file in this folder and no other.
            let plain = number.filter(|n| *n < self.next_id && *id == format!("{kind}-{n}"));
            ids.push(plain.ok_or_else(|| format!("`{id}` is no id of a {kind}"))?);
        }
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err("two of its entries have the same number".into());
        }
        let mut names: Vec<_> = self.structures.iter().map(|s| &s.name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err("two structures have the same name".into());
        }
        if let Some(s) = self.all_structures().find(|s| !self.volumes.iter().any(|v| v.id == s.volume)) {
            return Err(format!("structure `{}` lies on volume `{}`, which is not there", s.name, s.volume));
        }
        if self.simulated != self.volumes.iter().any(|v| v.provenance.simulated) {
            return Err("it contradicts its volumes about whether the data is simulated".into());
        }
        Ok(())
    }
}

/// Writes `case.json`.
pub(crate) fn write(path: &Path, text: &[u8]) -> Result<(), CaseError> {
    write_atomic(path, |file| file.write_all(text)).map_err(|e| CaseError::io("write", path, e))
}

/// The path of the first field that is in `found` and not in `known`.
fn unknown_field(found: &Value, known: &Value) -> Option<String> {
    match (found, known) {
        (Value::Object(found), Value::Object(known)) => found.iter().find_map(|(key, value)| match known.get(key) {
            None if value.is_null() => None,
            None => Some(key.clone()),
            Some(known) => unknown_field(value, known).map(|rest| format!("{key}.{rest}")),
        }),
        (Value::Array(found), Value::Array(known)) => {
            found.iter().zip(known).find_map(|(found, known)| unknown_field(found, known))
        }
        _ => None,
    }
}
