//! Edits of structures: what the plan's strokes make of the files.
//!
//! The files of structures never change by editing. What a structure is now follows from its file and the plan; masks
//! in `masks/` only spare the work of doing all strokes again, and are believed only when their hash is right.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use fabrica_edit::{
    Brush, Changes, EditError, EditSession, Masks, Resolver, Source, Standing, Standings, Tally, Version, decode_mask,
    encode_mask,
};
use fabrica_geometry::{Grid, Mm3};
use fabrica_plan::{Action, Applied, Author, Base, EditOperation, Operation, Program, ProgramStep, Stroke};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Volume};

use crate::case::Case;
use crate::manifest::StructureEntry;
use crate::{CaseError, write_atomic};

/// Where masks are stored to save time.
pub(crate) const FOLDER: &str = "masks";
/// Masks are stored after so many strokes, or after strokes that took so long together.
const STROKES: u32 = 32;
const WORK: Duration = Duration::from_secs(1);
/// How many older stored masks are kept for each one in use, for undo after opening.
const KEPT: usize = 3;

/// What editing needs in memory.
#[derive(Debug, Default)]
pub(crate) struct Workshop {
    masks: Masks,
    resolver: Resolver,
    /// Strokes, and time spent on them, since masks were last stored.
    strokes: u32,
    work: Duration,
}

/// What editing reads of a case.
struct Files<'a>(&'a Case);

impl StructureEntry {
    pub(crate) fn base(&self) -> Base {
        Base { id: self.id.clone(), sha256: self.sha256.clone(), volume: self.volume.clone() }
    }
}

impl Source for Files<'_> {
    fn structures(&self) -> Vec<(String, Base)> {
        self.0.manifest.structures.iter().map(|s| (s.name.clone(), s.base())).collect()
    }

    fn grid(&self, volume: &str) -> Result<Grid, EditError> {
        Ok(self.0.volume_entry(volume).map_err(|e| source(volume, &e))?.grid.clone())
    }

    fn base(&self, base: &Base, progress: &Progress) -> Result<Mask, EditError> {
        let entry = self.0.entry_of(base).ok_or_else(|| EditError::Source {
            structure: base.id.clone(),
            why: "its file is not in this case; copy the structures from the colleague's case".into(),
        })?;
        let mask = self.0.read_structure(entry, progress).map_err(|e| source(&entry.name, &e))?.mask;
        // The manifest's grid, to the last bit, so that strokes decide alike on masks from wherever.
        Ok(Mask::from_words(self.grid(&base.volume)?, mask.into_words())?)
    }

    fn volume(&self, volume: &str, progress: &Progress) -> Result<Arc<Volume>, EditError> {
        self.0.shared_volume(volume, progress).map_err(|e| source(volume, &e))
    }

    fn has_stored(&self, version: Version) -> bool {
        self.0.stored_path(version).is_file()
    }

    fn stored(&self, version: Version, grid: &Grid) -> Option<Mask> {
        decode_mask(&fs::read(self.0.stored_path(version)).ok()?, version, grid)
    }
}

fn source(structure: &str, error: &CaseError) -> EditError {
    EditError::Source { structure: structure.into(), why: error.to_string() }
}

/// A panic elsewhere leaves caches, which are checked.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Case {
    /// Gives the case a volume that was read before, so that edits and measurements need not read it again.
    pub fn lend_volume(&self, id: &str, volume: Arc<Volume>) {
        held(&self.lent).insert(id.into(), volume);
    }

    /// A volume that was lent, or else is read and kept: for its samples. What the plan says of its warnings is not
    /// followed.
    ///
    /// # Errors
    /// As [`Case::volume`].
    pub fn shared_volume(&self, id: &str, progress: &Progress) -> Result<Arc<Volume>, CaseError> {
        if let Some(known) = held(&self.lent).get(id) {
            return Ok(known.clone());
        }
        let read = Arc::new(self.volume(id, progress)?);
        self.lend_volume(id, read.clone());
        Ok(read)
    }

    /// Edits voxels: tries the stroke out, then does it and saves it. Gives how many voxels each structure gained and
    /// lost; a stroke that changes none is saved too.
    ///
    /// # Errors
    /// When the tool cannot do it (says why), the plan refuses it, a file cannot be read, it cannot be saved, or the user
    /// cancels. Then nothing was changed.
    pub fn edit(
        &mut self,
        stroke: Stroke,
        by: &Author,
        progress: &Progress,
    ) -> Result<(Applied, BTreeMap<String, Tally>), CaseError> {
        let tallies = self.try_out(&stroke, progress)?;
        Ok((self.apply(stroke.into(), by)?, tallies))
    }

    /// How many voxels each structure would gain and lose by a stroke. Changes nothing.
    ///
    /// # Errors
    /// As [`Case::edit`].
    pub fn try_out(&self, stroke: &Stroke, progress: &Progress) -> Result<BTreeMap<String, Tally>, CaseError> {
        let mut workshop = held(&self.workshop);
        self.bring_up(&mut workshop, progress)?;
        let start = Instant::now();
        let tallies = workshop.masks.try_out(stroke, &Files(self), progress)?;
        workshop.work += start.elapsed();
        Ok(tallies)
    }

    /// Takes a brush in hand. Paint with it, and give it to [`Case::finish_brush`].
    ///
    /// # Errors
    /// As [`EditSession::begin`].
    pub fn begin_brush(&self, brush: Brush, progress: &Progress) -> Result<EditSession, CaseError> {
        let mut workshop = held(&self.workshop);
        self.bring_up(&mut workshop, progress)?;
        Ok(EditSession::begin(brush, &mut workshop.masks, &Files(self), progress)?)
    }

    /// Lifts a brush: what it painted is a stroke in the plan now, and saved. Nothing when it painted nothing.
    ///
    /// # Errors
    /// When the plan refuses it, or it cannot be saved. Then nothing was changed.
    pub fn finish_brush(&mut self, session: EditSession, by: &Author) -> Result<Option<Applied>, CaseError> {
        let stroke = session.finish(&mut held(&self.workshop).masks)?;
        stroke.map(|stroke| self.apply(stroke.into(), by)).transpose()
    }

    /// Brings the masks in memory up to the plan, and says what changed in them since this was last asked for, so that
    /// pictures and surfaces can follow.
    ///
    /// # Errors
    /// When a file cannot be read, or the user cancels.
    pub fn follow_edits(&self, progress: &Progress) -> Result<Changes, CaseError> {
        let mut workshop = held(&self.workshop);
        self.bring_up(&mut workshop, progress)
    }

    /// The mask of a structure as it is now; shared, not copied.
    ///
    /// # Errors
    /// When there is no such structure, a file cannot be read, or the user cancels.
    pub fn mask(&self, name: &str, progress: &Progress) -> Result<Arc<Mask>, CaseError> {
        self.structure_entry(name)?;
        let mut workshop = held(&self.workshop);
        self.bring_up(&mut workshop, progress)?;
        Ok(workshop.masks.mask(name, &Files(self), progress)?)
    }

    /// Strokes that change nothing at their place in the history, because of what a colleague did at the same time, and
    /// why.
    ///
    /// # Errors
    /// As [`Case::follow_edits`].
    pub fn ineffective_strokes(&self, progress: &Progress) -> Result<Vec<(fabrica_plan::OpId, String)>, CaseError> {
        let mut workshop = held(&self.workshop);
        self.bring_up(&mut workshop, progress)?;
        Ok(workshop.masks.refused())
    }

    /// The structures and their masks after the first `count` entries of the history, for replay. Apart from the masks
    /// that are edited. Go on with the same `masks` from step to step: each then costs one stroke.
    ///
    /// # Errors
    /// As [`Case::follow_edits`].
    pub fn replay(&self, masks: &mut Masks, count: usize, progress: &Progress) -> Result<Changes, CaseError> {
        Ok(masks.bring_to(&self.plan.program_after(count), &Files(self), progress)?)
    }

    /// A structure's mask at the point where `masks` are.
    ///
    /// # Errors
    /// When it was not there then, or a file cannot be read.
    pub fn replayed_mask(&self, masks: &mut Masks, name: &str, progress: &Progress) -> Result<Arc<Mask>, CaseError> {
        Ok(masks.mask(name, &Files(self), progress)?)
    }

    /// Stores the masks that strokes have changed, so that opening is quick. Masks that cannot be stored are worked out
    /// again: nothing is lost.
    ///
    /// # Errors
    /// When the case is open for reading only, or the file system refuses.
    pub fn store_masks(&self) -> Result<(), CaseError> {
        if self.writer.is_none() {
            return Err(CaseError::ReadOnly);
        }
        let progress = Progress::new();
        let mut workshop = held(&self.workshop);
        self.bring_up(&mut workshop, &progress)?;
        let edited = |s: &&Standing| s.strokes > 0;
        let wanted: Vec<(String, Version)> = workshop
            .masks
            .standings()
            .iter()
            .filter(|(_, s)| edited(s))
            .map(|(name, s)| (name.clone(), s.version))
            .collect();
        let folder = self.folder.join(FOLDER);
        if !wanted.is_empty() {
            fs::create_dir_all(&folder).map_err(|e| CaseError::io("make", &folder, e))?;
        }
        for (name, version) in &wanted {
            let path = self.stored_path(*version);
            if path.is_file() {
                continue;
            }
            let mask = workshop.masks.mask(name, &Files(self), &progress)?;
            let bytes = encode_mask(&mask, *version).map_err(|e| CaseError::io("write", &path, e))?;
            write_atomic(&path, |file| file.write_all(&bytes)).map_err(|e| CaseError::io("write", &path, e))?;
        }
        (workshop.strokes, workshop.work) = (0, Duration::ZERO);
        self.forget_stored(&wanted);
        Ok(())
    }

    /// Removes the oldest stored masks that are not in use.
    fn forget_stored(&self, wanted: &[(String, Version)]) {
        let used: Vec<PathBuf> = wanted.iter().map(|(_, version)| self.stored_path(*version)).collect();
        let items = fs::read_dir(self.folder.join(FOLDER)).into_iter().flatten().flatten();
        let mut others: Vec<(SystemTime, PathBuf)> = items
            .map(|item| item.path())
            .filter(|path| path.extension().is_some_and(|e| e == "mask") && !used.contains(path))
            .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
            .collect();
        others.sort_unstable();
        let keep = KEPT * wanted.len();
        for (_, path) in others.iter().rev().skip(keep) {
            // One that cannot be removed does no harm.
            fs::remove_file(path).ok();
        }
    }

    fn stored_path(&self, version: Version) -> PathBuf {
        self.folder.join(FOLDER).join(format!("{version}.mask"))
    }

    fn bring_up(&self, workshop: &mut Workshop, progress: &Progress) -> Result<Changes, CaseError> {
        let start = Instant::now();
        let changes = workshop.masks.bring_to(&self.program(), &Files(self), progress)?;
        workshop.work += start.elapsed();
        Ok(changes)
    }

    /// Counts a stroke, and stores masks when enough has come together that it would be a pity to do it again.
    pub(crate) fn after_change(&mut self, action: &Action) {
        self.refresh();
        if !matches!(action, Action::Do(Operation::Edit(EditOperation::Stroke(_)))) {
            return;
        }
        let due = {
            let mut workshop = held(&self.workshop);
            workshop.strokes += 1;
            workshop.strokes >= STROKES || workshop.work >= WORK
        };
        if due {
            // Nothing is lost without them.
            self.store_masks().ok();
        }
    }

    /// The plan's program, and what the files say beyond it.
    pub(crate) fn program(&self) -> Program {
        let program = self.plan.program();
        if !self.pending {
            return program;
        }
        let missing = self.unsaid(&program);
        let (Some((last, _)), false) = (program.steps().last(), missing.is_empty()) else { return program };
        let said = missing.into_iter().map(|step| (*last, step));
        Program::from_steps(program.steps().iter().cloned().chain(said).collect())
    }

    /// Writes into the plan what became of files since edits began, where that is not said there yet: the program ended,
    /// or the disk was full, between doing and saying.
    pub(crate) fn say(&mut self, by: &Author) -> Result<(), CaseError> {
        if !self.pending {
            return Ok(());
        }
        for step in self.unsaid(&self.plan.program()) {
            if let ProgramStep::SetBase { structure, from, to } = step {
                let operation = EditOperation::SetBase { structure, from, to };
                self.change_plan(by, Vec::new(), |plan| plan.apply(operation.into(), by))?;
            }
        }
        self.pending = false;
        Ok(())
    }

    /// What became of files that the plan does not say.
    fn unsaid(&self, program: &Program) -> Vec<ProgramStep> {
        let mut said: BTreeMap<&str, Option<&Base>> = BTreeMap::new();
        for (_, step) in program.steps() {
            if let ProgramStep::SetBase { structure, to, .. } = step {
                said.insert(structure, to.as_ref());
            }
        }
        let manifest = &self.manifest;
        let names: BTreeSet<&str> =
            manifest.all_structures().map(|s| s.name.as_str()).chain(said.keys().copied()).collect();
        let mut steps = Vec::new();
        for name in names {
            let now = manifest.structures.iter().find(|s| s.name == name);
            let from = match (said.get(name), now) {
                (Some(from), _) => from.cloned(),
                // It was there before edits began.
                (None, Some(entry)) if !entry.since_edits => continue,
                (None, _) => manifest.former.iter().rfind(|s| s.name == name).map(StructureEntry::base),
            };
            let to = now.map(StructureEntry::base);
            if from != to {
                steps.push(ProgramStep::SetBase { structure: name.into(), from, to });
            }
        }
        steps
    }

    /// The entry of a file, of a structure as it is or as it was.
    pub(crate) fn entry_of(&self, base: &Base) -> Option<&StructureEntry> {
        let all = self.manifest.structures.iter().chain(&self.manifest.former);
        all.into_iter().find(|s| s.id == base.id && s.sha256 == base.sha256)
    }

    /// Whether the plan has edited voxels, so that what becomes of files must be said in it.
    pub(crate) fn has_edits(&self) -> bool {
        let edit = |o: &EditOperation| {
            matches!(o, EditOperation::Stroke(_) | EditOperation::Create { .. } | EditOperation::SetBase { .. })
        };
        self.plan.history().iter().any(|e| matches!(&e.action, Action::Do(Operation::Edit(o)) if edit(o)))
    }

    /// The structures as the plan and the files make them.
    pub(crate) fn standings(&self) -> Standings {
        let now: Vec<_> = Files(self).structures();
        // Only a stroke that cannot be written as JSON fails, and it came from there.
        held(&self.workshop).resolver.standings(&self.program(), &now).cloned().unwrap_or_default()
    }

    /// Works out again what [`Case::structures`] says.
    pub(crate) fn refresh(&mut self) {
        if !self.has_edits() {
            self.shown.clone_from(&self.manifest.structures);
            return;
        }
        let standings = self.standings();
        let order: HashMap<&str, usize> =
            self.manifest.structures.iter().enumerate().map(|(n, s)| (s.name.as_str(), n)).collect();
        let mut shown: Vec<StructureEntry> = standings.iter().filter_map(|(n, s)| self.entry_now(n, s)).collect();
        shown.sort_by_key(|s| order.get(s.name.as_str()).copied().unwrap_or(usize::MAX));
        self.shown = shown;
    }

    fn entry_now(&self, name: &str, standing: &Standing) -> Option<StructureEntry> {
        let mut entry = match &standing.base {
            Some(base) => self.entry_of(base)?.clone(),
            None => {
                let made = self.plan.state().edits.created.get(name)?;
                StructureEntry {
                    id: format!("plan-{}", made.id),
                    sha256: standing.version.to_string(),
                    volume: made.volume.clone(),
                    name: name.into(),
                    colour: made.colour,
                    code: None,
                    origin: "drawn".into(),
                    isovalue: None,
                    voxels: 0,
                    size_mm3: Mm3(0.0),
                    by: made.by.clone(),
                    at: made.at,
                    since_edits: true,
                    edits: 0,
                }
            }
        };
        if standing.strokes > 0 {
            entry.edits = standing.strokes;
            entry.sha256 = standing.version.to_string();
            entry.origin += &format!("; {} edit(s)", standing.strokes);
            if standing.moved {
                entry.isovalue = None;
            }
        }
        Some(entry)
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        let due = held(&self.workshop).strokes > 0;
        if due && self.writer.is_some() {
            // Only to open quickly next time.
            self.store_masks().ok();
        }
    }
}
