//! The structures of a case.

use std::fs;

use fabrica_formats::{Compression, Problem};
use fabrica_geometry::Mm;
use fabrica_plan::{Author, EditOperation, Operation, UtcTime};
use fabrica_progress::Progress;
use fabrica_volume::Structure;

use crate::audit::{AuditData, Event};
use crate::case::Case;
use crate::hash::HashingWriter;
use crate::manifest::{Manifest, StructureEntry};
use crate::{CaseError, write_atomic};

impl Case {
    /// Adds a structure on the grid of a volume. It may overlap others.
    ///
    /// # Errors
    /// When there is one of its name, it lies on another grid, it cannot be saved, or the user cancels.
    pub fn add_structure(
        &mut self,
        volume: &str,
        structure: &Structure,
        by: &Author,
        progress: &Progress,
    ) -> Result<(), CaseError> {
        if self.structures().iter().any(|s| s.name == structure.name) {
            return Err(CaseError::DuplicateStructure(structure.name.clone()));
        }
        let mut manifest = self.manifest.clone();
        let entry = self.write_structure(&mut manifest, volume, structure, by, progress)?;
        let event = Event::new(format!("add structure {}", entry.name), vec![entry.data()]);
        manifest.structures.push(entry);
        self.save_structures(manifest, event, by)?;
        // A structure of this name that was hidden once must not hide the new one.
        self.reset_appearance(&structure.name, by)
    }

    /// Puts a new version of a structure, on the grid of a volume, in the place of that of the same name. How it is
    /// shown stays. It belongs to `volume` from now on, also where the old one belonged to another: by that volume's
    /// intensities its surface is placed.
    ///
    /// # Errors
    /// When there is none of its name, it lies on another grid, it cannot be saved, or the user cancels.
    pub fn replace_structure(
        &mut self,
        volume: &str,
        structure: &Structure,
        by: &Author,
        progress: &Progress,
    ) -> Result<(), CaseError> {
        let old = self.structure_entry(&structure.name)?.clone();
        let mut manifest = self.manifest.clone();
        let entry = self.write_structure(&mut manifest, volume, structure, by, progress)?;
        let event = Event::new(format!("replace structure {}", entry.name), vec![entry.data(), old.data()]);
        match manifest.structures.iter_mut().find(|s| s.name == old.name) {
            Some(place) => {
                let former = std::mem::replace(place, entry);
                manifest.former.extend(self.has_edits().then_some(former));
            }
            // It was made in the plan.
            None => manifest.structures.push(entry),
        }
        self.save_structures(manifest, event, by)
    }

    /// Removes a structure and how it was shown.
    ///
    /// # Errors
    /// When there is none of this name, or the change cannot be saved.
    pub fn remove_structure(&mut self, name: &str, by: &Author) -> Result<(), CaseError> {
        let old = self.structure_entry(name)?.clone();
        if self.plan.state().edits.created.contains_key(name) {
            let operation = EditOperation::SetBase { structure: name.into(), from: None, to: None };
            self.apply(operation.into(), by)?;
            return self.reset_appearance(name, by);
        }
        let mut manifest = self.manifest.clone();
        let at = manifest.structures.iter().position(|s| s.name == name);
        let former = at.map(|at| manifest.structures.remove(at));
        manifest.former.extend(former.filter(|_| self.has_edits()));
        self.save_structures(manifest, Event::new(format!("remove structure {name}"), vec![old.data()]), by)?;
        self.reset_appearance(name, by)
    }

    /// What the case knows about a structure without reading it.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn structure_entry(&self, name: &str) -> Result<&StructureEntry, CaseError> {
        self.structures().iter().find(|s| s.name == name).ok_or_else(|| CaseError::UnknownStructure {
            name: name.into(),
            known: self.structures().iter().map(|s| s.name.clone()).collect(),
        })
    }

    /// A structure as it is now: what was saved, read and checked, with the plan's edits of it.
    ///
    /// # Errors
    /// When there is none of this name, a file is missing or damaged, or the user cancels.
    pub fn structure(&self, name: &str, progress: &Progress) -> Result<Structure, CaseError> {
        let entry = self.structure_entry(name)?;
        if let Some(file) = self.manifest.structures.iter().find(|s| s.id == entry.id && entry.edits == 0) {
            return self.read_structure(file, progress);
        }
        Ok(Structure {
            name: entry.name.clone(),
            colour: entry.colour,
            mask: self.mask(name, progress)?.as_ref().clone(),
            code: entry.code.clone(),
            origin: entry.origin.clone(),
            isovalue: entry.isovalue,
        })
    }

    /// Reads a structure's file, and checks that it is what was saved.
    pub(crate) fn read_structure(&self, entry: &StructureEntry, progress: &Progress) -> Result<Structure, CaseError> {
        let name = &entry.name;
        let path = self.folder.join(entry.file());
        progress.stage(format!("reading {name}"));
        let mut found = self
            .read_checked(&entry.file(), &entry.sha256, progress, || fabrica_formats::read_labels(&path, progress))?;
        let (Some(read), true) = (found.pop(), found.is_empty()) else {
            return Err(CaseError::damaged(&path, "it does not hold exactly one structure"));
        };
        self.check_grid(&entry.volume, &read)
            .map_err(|_| CaseError::damaged(&path, "it does not lie on the grid of its volume"))?;
        if read.mask.count() as u64 != entry.voxels {
            return Err(CaseError::damaged(&path, format!("it does not have the {} voxels saved", entry.voxels)));
        }
        Ok(Structure {
            name: entry.name.clone(),
            colour: entry.colour,
            mask: read.mask,
            code: entry.code.clone(),
            origin: entry.origin.clone(),
            isovalue: entry.isovalue,
        })
    }

    fn check_grid(&self, volume: &str, structure: &Structure) -> Result<(), CaseError> {
        let grid = &self.volume_entry(volume)?.grid;
        if structure.mask.grid().coincides(grid, Mm(grid.finest_spacing().0 * 0.01)) {
            return Ok(());
        }
        Err(CaseError::OtherGrid { structure: structure.name.clone(), volume: volume.into() })
    }

    /// Writes a structure's file and gives its entry.
    fn write_structure(
        &self,
        manifest: &mut Manifest,
        volume: &str,
        structure: &Structure,
        by: &Author,
        progress: &Progress,
    ) -> Result<StructureEntry, CaseError> {
        if self.writer.is_none() {
            return Err(CaseError::ReadOnly);
        }
        // The plan speaks of it by its name, so the name must be one that the plan takes.
        Operation::ResetAppearance { structure: structure.name.clone() }.check()?;
        self.check_grid(volume, structure)?;
        let mut entry = StructureEntry {
            id: manifest.take_id("structure"),
            sha256: String::new(),
            volume: volume.into(),
            name: structure.name.clone(),
            colour: structure.colour,
            code: structure.code.clone(),
            origin: structure.origin.clone(),
            isovalue: structure.isovalue.filter(|v| v.is_finite()),
            voxels: structure.mask.count() as u64,
            size_mm3: structure.mask.volume(),
            by: by.clone(),
            at: UtcTime::now(),
            since_edits: self.has_edits(),
            edits: 0,
        };
        let path = self.folder.join(entry.file());
        progress.stage(format!("saving {}", structure.name));
        entry.sha256 = write_atomic(&path, |file| {
            let mut out = HashingWriter::new(file);
            let one = std::slice::from_ref(structure);
            fabrica_formats::write_segmentation_to(one, &mut out, Compression::Gzip, progress)?;
            Ok(out.finish())
        })
        .map_err(|problem: Problem| CaseError::writing(&path, problem))?;
        Ok(entry)
    }

    /// Saves a manifest with other structures, then removes the files that it no longer names.
    fn save_structures(&mut self, manifest: Manifest, event: Event, by: &Author) -> Result<(), CaseError> {
        self.say(by)?;
        let files = |m: &Manifest| m.all_structures().map(StructureEntry::file).collect::<Vec<_>>();
        let mut touched = files(&self.manifest);
        touched.extend(files(&manifest));
        let saved = self.save_manifest(manifest, event, by);
        let known = files(&self.manifest);
        for file in touched.iter().filter(|f| !known.contains(f)) {
            // If this fails, the next opening does it.
            fs::remove_file(self.folder.join(file)).ok();
        }
        // Strokes before this stay with the file that they were made on, those after belong to the new one.
        if saved.is_ok() && self.has_edits() {
            self.pending = true;
            // What cannot be said now is said before the next change.
            self.say(by).ok();
            self.refresh();
        }
        saved
    }

    fn reset_appearance(&mut self, name: &str, by: &Author) -> Result<(), CaseError> {
        if self.plan.state().appearances.contains_key(name) {
            self.apply(Operation::ResetAppearance { structure: name.into() }, by)?;
        }
        Ok(())
    }
}

impl StructureEntry {
    fn data(&self) -> AuditData {
        AuditData::new(self.file(), &self.sha256)
    }
}
