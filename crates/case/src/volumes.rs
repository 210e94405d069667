//! The scans of a case.

use std::{fs, thread};

use fabrica_formats::{Compression, Problem};
use fabrica_geometry::Mm;
use fabrica_plan::{Author, Operation};
use fabrica_progress::Progress;
use fabrica_volume::{Resolution, Volume};

use crate::audit::{AuditData, Event};
use crate::case::Case;
use crate::hash::{self, HashingWriter};
use crate::manifest::VolumeEntry;
use crate::{CaseError, write_atomic};

impl Case {
    /// Adds a volume. Gives its id. Geometry warnings that the volume carries as accepted become so in the plan, too.
    ///
    /// # Errors
    /// When it cannot be saved, or the user cancels.
    pub fn add_volume(&mut self, volume: &Volume, by: &Author, progress: &Progress) -> Result<String, CaseError> {
        if self.writer.is_none() {
            return Err(CaseError::ReadOnly);
        }
        let mut accepted = Vec::new();
        for (index, warning) in (0..).zip(&volume.warnings) {
            if let Resolution::Accepted { by, reason, .. } = &warning.resolution {
                let (issue, reason) = (warning.issue.clone(), reason.clone());
                accepted.push((index, issue, reason, Author::new(by)?));
            }
        }
        let mut manifest = self.manifest.clone();
        let id = manifest.take_id("volume");
        progress.stage("finding the range of values");
        let (low, high) = volume.range();
        let mut entry = VolumeEntry {
            id: id.clone(),
            sha256: String::new(),
            grid: volume.grid().clone(),
            sample_type: volume.samples().type_name().into(),
            range: [low, high],
            unit: volume.unit.clone(),
            provenance: volume.provenance.clone(),
            issues: volume.warnings.iter().map(|w| w.issue.clone()).collect(),
            by: by.clone(),
            at: fabrica_plan::UtcTime::now(),
        };
        let path = self.folder.join(entry.file());
        progress.stage("saving the scan");
        entry.sha256 = write_atomic(&path, |file| {
            let mut out = HashingWriter::new(file);
            // Uncompressed: the fastest to write and to read.
            fabrica_formats::write_nrrd_to(volume, &mut out, Compression::None, progress)?;
            Ok(out.finish())
        })
        .map_err(|problem: Problem| CaseError::writing(&path, problem))?;
        let data = vec![
            AuditData::new(entry.file(), &entry.sha256),
            AuditData::new("source files of the scan", entry.sources_sha256()),
        ];
        manifest.volumes.push(entry);
        let saved = self.save_manifest(manifest, Event::new("add volume", data), by);
        if saved.is_err() && self.volume_entry(&id).is_err() {
            // If this fails, the next opening does it.
            fs::remove_file(&path).ok();
        }
        saved?;
        for (index, issue, reason, by) in accepted {
            self.apply(Operation::AcceptWarning { volume: id.clone(), index, issue, reason }, &by)?;
        }
        Ok(id)
    }

    /// What the case knows about a volume without reading it.
    ///
    /// # Errors
    /// When there is no such volume.
    pub fn volume_entry(&self, id: &str) -> Result<&VolumeEntry, CaseError> {
        self.volumes().iter().find(|v| v.id == id).ok_or_else(|| CaseError::UnknownVolume {
            id: id.into(),
            known: self.volumes().iter().map(|v| v.id.clone()).collect(),
        })
    }

    /// Reads a volume from the disk, and checks that it is what was saved. Its warnings say what the plan says of them.
    /// The case does not keep it.
    ///
    /// # Errors
    /// When there is no such volume, its file is missing or damaged, or the user cancels.
    pub fn volume(&self, id: &str, progress: &Progress) -> Result<Volume, CaseError> {
        let entry = self.volume_entry(id)?;
        let path = self.folder.join(entry.file());
        progress.stage("reading the scan");
        let mut volume =
            self.read_checked(&entry.file(), &entry.sha256, progress, || fabrica_formats::read_kept(&path, progress))?;
        // A hundredth of a voxel: header numbers are text.
        let tolerance = Mm(entry.grid.finest_spacing().0 * 0.01);
        if !volume.grid().coincides(&entry.grid, tolerance) {
            return Err(CaseError::damaged(&path, "it lies elsewhere in the patient than the manifest says"));
        }
        volume.provenance = entry.provenance.clone();
        volume.warnings = self.warnings().into_iter().filter(|w| w.volume == id).map(|w| w.warning).collect();
        Ok(volume)
    }

    /// Reads a file of the case, and hashes it on another thread.
    pub(crate) fn read_checked<T>(
        &self,
        file: &str,
        sha256: &str,
        progress: &Progress,
        read: impl FnOnce() -> Result<T, fabrica_formats::FormatError>,
    ) -> Result<T, CaseError> {
        let path = self.folder.join(file);
        if !path.exists() {
            return Err(CaseError::damaged(&path, "the file is missing"));
        }
        let (hashed, content) = thread::scope(|scope| {
            let hashing = scope.spawn(|| hash::of_file(&path, progress));
            let content = read();
            (hashing.join(), content)
        });
        let hashed = hashed.map_err(|_| CaseError::damaged(&path, "its checksum could not be computed"))?;
        let found = hashed.map_err(|e| CaseError::io("read", &path, e))??;
        // First: a changed file's other faults follow from this one.
        if found != sha256 {
            return Err(CaseError::damaged(&path, "the file is not what was saved: its SHA-256 differs"));
        }
        content.map_err(CaseError::reading)
    }
}
