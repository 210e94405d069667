//! A case, open.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use fabrica_plan::{Applied, Author, EditOperation, OpId, Operation, Plan, PlanError, UtcTime};
use fabrica_progress::Progress;
use fabrica_volume::Volume;

use crate::atomic::{parent, sync_folder};
use crate::audit::{self, AuditCheck, AuditData, AuditLine, AuditLog, AuditWriter, Event};
use crate::edits::Workshop;
use crate::lock::Lock;
use crate::manifest::{self, Manifest, StructureEntry, VolumeEntry};
use crate::plan_store::{self, PlanStore};
use crate::{CaseError, hash, recovery, write_atomic};

/// A case: a folder with scans, structures, a plan, an audit log and a manifest.
///
/// What a method has acknowledged is on the disk. What it has refused has changed nothing.
pub struct Case {
    pub(crate) folder: PathBuf,
    pub(crate) manifest: Manifest,
    /// The hash of `case.json` on the disk.
    pub(crate) manifest_sha256: String,
    pub(crate) plan: Plan,
    /// The audit log as it was found.
    pub(crate) found: AuditCheck,
    /// Nothing when the case is open for reading.
    pub(crate) writer: Option<Writer>,
    /// The structures as they are now, see [`Case::structures`].
    pub(crate) shown: Vec<StructureEntry>,
    /// The plan may not say yet what became of files since edits began.
    pub(crate) pending: bool,
    /// Masks in memory.
    pub(crate) workshop: Mutex<Workshop>,
    /// Volumes in memory.
    pub(crate) lent: Mutex<HashMap<String, Arc<Volume>>>,
}

pub(crate) struct Writer {
    pub store: PlanStore,
    pub audit: AuditWriter,
    /// Given back when the case is closed.
    pub _lock: Lock,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case").field("folder", &self.folder).field("writable", &self.writer.is_some()).finish()
    }
}

impl Case {
    /// Makes a case of a volume in a folder that does not exist yet or is empty. The folder appears whole or not at
    /// all.
    ///
    /// # Errors
    /// When the folder holds something, cannot be written, or the user cancels.
    pub fn create(folder: &Path, volume: &Volume, by: &Author, progress: &Progress) -> Result<Self, CaseError> {
        Self::create_with(folder, by, |case| {
            case.add_volume(volume, by, progress)?;
            Ok(progress.check()?)
        })
    }

    /// Makes a case in a folder that does not exist yet or is empty. `fill` adds its volumes and structures; only then
    /// the folder appears, whole, or not at all.
    ///
    /// # Errors
    /// When the folder holds something or cannot be written, or `fill` fails.
    pub fn create_with<E: From<CaseError>>(
        folder: &Path,
        by: &Author,
        fill: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<Self, E> {
        let vacant = match fs::read_dir(folder) {
            Ok(mut items) => items.next().is_none(),
            Err(e) => e.kind() == std::io::ErrorKind::NotFound,
        };
        if !vacant {
            return Err(CaseError::Exists(folder.into()).into());
        }
        let name = folder.file_name().ok_or_else(|| CaseError::Exists(folder.into()))?;
        let around = parent(folder);
        fs::create_dir_all(around).map_err(|e| CaseError::io("make", around, e))?;
        recovery::remove_abandoned(around, name);
        let staging = around.join(recovery::staging_name(name, next_number()));
        let made = (|| -> Result<(), E> {
            // Its lock is held until it has its name, so that nobody clears it away.
            let mut case = Self::stage(&staging, by)?;
            fill(&mut case)?;
            if let Err(e) = fs::remove_dir(folder)
                && e.kind() != std::io::ErrorKind::NotFound
            {
                return Err(CaseError::Exists(folder.into()).into());
            }
            fs::rename(&staging, folder).map_err(|e| CaseError::io("make", folder, e))?;
            Ok(sync_folder(around).map_err(|e| CaseError::io("save", folder, e))?)
        })();
        if let Err(error) = made {
            fs::remove_dir_all(&staging).ok();
            return Err(error);
        }
        Ok(Self::open(folder)?)
    }

    /// The files of a case without a volume.
    fn stage(folder: &Path, by: &Author) -> Result<Self, CaseError> {
        let make = |folder: &Path| fs::create_dir(folder).map_err(|e| CaseError::io("make", folder, e));
        make(folder)?;
        let lock = Lock::take(folder)?;
        make(&folder.join(VOLUMES))?;
        make(&folder.join(STRUCTURES))?;
        plan_store::create(folder)?;
        let path = folder.join(audit::FILE);
        write_atomic(&path, |_| Ok(())).map_err(|e: std::io::Error| CaseError::io("write", &path, e))?;
        let mut case = Self {
            folder: folder.into(),
            manifest: Manifest::new(UtcTime::now()),
            manifest_sha256: String::new(),
            plan: Plan::new(),
            found: AuditCheck { lines: 0, intact: true, problems: Vec::new() },
            writer: None,
            shown: Vec::new(),
            pending: true,
            workshop: Mutex::default(),
            lent: Mutex::default(),
        };
        let (plan, store) = plan_store::read(folder)?.open(folder)?;
        case.plan = plan;
        case.writer = Some(Writer { store, audit: AuditLog::read(folder)?.open()?, _lock: lock });
        let manifest = case.manifest.clone();
        case.save_manifest(manifest, Event::new("create case", Vec::new()), by)?;
        Ok(case)
    }

    /// Opens a case for changes, and takes its lock. What a crash left unfinished is cleared up and entered in the
    /// audit log.
    ///
    /// # Errors
    /// When there is no case, another program has it open for changes, it is damaged, or a newer version wrote it.
    /// Then nothing was touched.
    pub fn open(folder: &Path) -> Result<Self, CaseError> {
        // Before the lock, so that no lock appears in folders that hold no case or one of a newer version.
        Manifest::read(folder)?;
        let lock = Lock::take(folder)?;
        let (manifest, manifest_sha256) = Manifest::read(folder)?;
        let log = AuditLog::read(folder)?;
        let stored = plan_store::read(folder)?;
        let found = log.check(&manifest.audit, &manifest_sha256, &stored.plan);
        let faults = log.faults(&manifest.audit, &manifest_sha256, &stored.plan);
        let notes = recovery::notes(&log, &stored, &manifest_sha256, &faults);
        let mut audit = log.open()?;
        for note in notes {
            audit.append(note, &Author::program())?;
        }
        let (plan, store) = stored.open(folder)?;
        let writer = Some(Writer { store, audit, _lock: lock });
        let mut case = Self {
            folder: folder.into(),
            manifest,
            manifest_sha256,
            plan,
            found,
            writer,
            shown: Vec::new(),
            pending: true,
            workshop: Mutex::default(),
            lent: Mutex::default(),
        };
        case.declare();
        case.say(&Author::program())?;
        case.refresh();
        // With another manifest than the last, what it does not name may still be wanted.
        if faults.is_empty() {
            case.remove_orphans()?;
        }
        let Self { writer, plan, .. } = &mut case;
        if let Some(writer) = writer.as_mut() {
            writer.store.tidy(plan, plan_store::LOG_LIMIT)?;
        }
        Ok(case)
    }

    /// Opens a case for reading, as it is at this moment, while another program may be changing it.
    ///
    /// # Errors
    /// When there is no case, it is damaged, or a newer version wrote it.
    pub fn open_read_only(folder: &Path) -> Result<Self, CaseError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (manifest, manifest_sha256) = Manifest::read(folder)?;
            let stored = plan_store::read(folder)?;
            let log = AuditLog::read(folder)?;
            let found = log.check(&manifest.audit, &manifest_sha256, &stored.plan);
            // A writer at work may have changed one file after we read the other.
            if found.intact || attempts == 5 {
                let plan = stored.plan;
                let mut case = Self {
                    folder: folder.into(),
                    manifest,
                    manifest_sha256,
                    plan,
                    found,
                    writer: None,
                    shown: Vec::new(),
                    pending: true,
                    workshop: Mutex::default(),
                    lent: Mutex::default(),
                };
                case.declare();
                return Ok(case);
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the case is open for changes.
    pub fn is_writable(&self) -> bool {
        self.writer.is_some()
    }

    /// Whether any volume is simulated. Shown wherever the case is.
    pub fn is_simulated(&self) -> bool {
        self.manifest.simulated
    }

    /// The volumes.
    pub fn volumes(&self) -> &[VolumeEntry] {
        &self.manifest.volumes
    }

    /// The structures as they are now: those with a file, with the plan's edits counted, and those drawn in the plan.
    pub fn structures(&self) -> &[StructureEntry] {
        &self.shown
    }

    /// The plan. It changes by [`Case::apply`], [`Case::undo`] and [`Case::redo`].
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Does an operation on the plan and saves it.
    ///
    /// # Errors
    /// When the plan refuses it ([`fabrica_plan::Plan::apply`]), it accepts a geometry warning that is not there, or it
    /// cannot be saved. Then the plan is as it was.
    pub fn apply(&mut self, operation: Operation, by: &Author) -> Result<Applied, CaseError> {
        if let Operation::AcceptWarning { volume, index, issue, .. } = &operation {
            let known = self.issue(volume, *index as usize)?;
            if known != issue {
                let what = format!("it says \"{issue}\", the volume's warning {index} says \"{known}\"");
                return Err(PlanError::Invalid { field: "warning", what }.into());
            }
        }
        self.say(by)?;
        let on = self.made_on(&operation);
        self.change_plan(by, on, |plan| plan.apply(operation, by))
    }

    /// Takes back the user's last operation and saves that.
    ///
    /// # Errors
    /// When there is nothing to undo, or it cannot be saved.
    pub fn undo(&mut self, by: &Author) -> Result<Applied, CaseError> {
        self.change_plan(by, Vec::new(), |plan| plan.undo(by))
    }

    /// Does again what the user undid last and saves that.
    ///
    /// # Errors
    /// When there is nothing to redo, or it cannot be saved.
    pub fn redo(&mut self, by: &Author) -> Result<Applied, CaseError> {
        self.change_plan(by, Vec::new(), |plan| plan.redo(by))
    }

    /// Takes in the operations of a colleague's copy of this case ([`Plan::export_updates`] or [`Plan::snapshot`]) and
    /// saves them. Gives how many were new.
    ///
    /// # Errors
    /// When the bytes are damaged or no plan, or they cannot be saved. Then nothing was changed.
    pub fn merge(&mut self, bytes: &[u8], by: &Author) -> Result<usize, CaseError> {
        let Self { writer, plan, .. } = self;
        let Writer { store, audit, .. } = writer.as_mut().ok_or(CaseError::ReadOnly)?;
        let before = plan.version();
        let known: HashSet<OpId> = plan.history().iter().map(|e| e.id).collect();
        plan.import_updates(bytes)?;
        let new: Vec<_> = plan.history().iter().filter(|e| !known.contains(&e.id)).collect();
        if new.is_empty() {
            return Ok(0);
        }
        let (count, lines) = (new.len(), new.iter().map(|e| (e.id, e.author.clone(), e.time, e.action.summary())));
        let lines: Vec<_> = lines.collect();
        let saved = plan.export_updates(&before).map_err(CaseError::from).and_then(|updates| {
            let length = store.append(&updates)?;
            let data = vec![AuditData::new("plan operations", hash::sha256(&updates))];
            let event = Event::new(format!("merged {count} operation(s) of another copy of the plan"), data);
            // What is not in the audit log was not done.
            audit.append(event, by).inspect_err(|_| {
                store.cut(length).ok();
            })
        });
        if let Err(error) = saved {
            plan.forget_after(&before)?;
            return Err(error);
        }
        for (id, author, time, what) in lines {
            let what = format!("plan: {what} by {author} at {time}, merged");
            // One that cannot be written now is entered at the next opening.
            audit.append(Event { what, operation: Some(id), data: Vec::new() }, &Author::program()).ok();
        }
        store.tidy(plan, plan_store::LOG_LIMIT).ok();
        self.refresh();
        Ok(count)
    }

    /// Enters something in the audit log: what was exported or printed, measured elsewhere, and from which data.
    ///
    /// # Errors
    /// When it cannot be saved.
    pub fn audit(&mut self, what: &str, data: Vec<AuditData>, by: &Author) -> Result<(), CaseError> {
        // A new manifest binds the line, so that it cannot be cut off unseen.
        self.save_manifest(self.manifest.clone(), Event::new(what, data), by)
    }

    /// All lines of the audit log that can be read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn audit_log(&self) -> Result<Vec<AuditLine>, CaseError> {
        Ok(AuditLog::read(&self.folder)?.into_lines())
    }

    /// Whether the audit log is whole: now for a case open for changes, else as of opening.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn audit_check(&self) -> Result<AuditCheck, CaseError> {
        if self.writer.is_none() {
            return Ok(self.found.clone());
        }
        Ok(AuditLog::read(&self.folder)?.check(&self.manifest.audit, &self.manifest_sha256, &self.plan))
    }

    /// What a stroke is made on: its structures as they are before it, and the volume whose values it reads.
    fn made_on(&self, operation: &Operation) -> Vec<AuditData> {
        let Operation::Edit(EditOperation::Stroke(stroke)) = operation else { return Vec::new() };
        let named: Vec<&str> = stroke.targets().chain(stroke.sources()).collect();
        let structures: Vec<_> = self.shown.iter().filter(|s| named.contains(&s.name.as_str())).collect();
        let on = |id: &str| structures.iter().any(|s| s.volume == id);
        let volumes = self.manifest.volumes.iter().filter(|v| on(&v.id)).map(|v| AuditData::new(&v.id, &v.sha256));
        structures.iter().map(|s| AuditData::new(&s.name, &s.sha256)).chain(volumes).collect()
    }

    pub(crate) fn change_plan(
        &mut self,
        by: &Author,
        on: Vec<AuditData>,
        change: impl FnOnce(&mut Plan) -> Result<Applied, PlanError>,
    ) -> Result<Applied, CaseError> {
        let Self { writer, plan, .. } = self;
        let Writer { store, audit, .. } = writer.as_mut().ok_or(CaseError::ReadOnly)?;
        let before = plan.version();
        let applied = change(plan)?;
        let saved = plan.export_updates(&before).map_err(CaseError::from).and_then(|updates| {
            let length = store.append(&updates)?;
            let mut data = vec![AuditData::new("plan operation", hash::sha256(&updates))];
            data.extend(on);
            let event =
                Event { what: format!("plan: {}", applied.action.summary()), operation: Some(applied.id), data };
            // What is not in the audit log was not done.
            audit.append(event, by).inspect_err(|_| {
                store.cut(length).ok();
            })
        });
        if let Err(error) = saved {
            plan.forget_after(&before)?;
            return Err(error);
        }
        // The operation is saved; a log that could not be shortened is tried again after the next.
        store.tidy(plan, plan_store::LOG_LIMIT).ok();
        self.after_change(&applied.action);
        Ok(applied)
    }

    /// Announces a new manifest in the audit log, and writes it.
    pub(crate) fn save_manifest(&mut self, mut new: Manifest, mut event: Event, by: &Author) -> Result<(), CaseError> {
        let writer = self.writer.as_mut().ok_or(CaseError::ReadOnly)?;
        new.changed = UtcTime::now();
        new.simulated = new.volumes.iter().any(|v| v.provenance.simulated);
        new.audit = writer.audit.anchor();
        let path = self.folder.join(manifest::FILE);
        let text = new.to_text(&path)?;
        let sha256 = hash::sha256(&text);
        event.data.push(AuditData::new(manifest::FILE, &sha256));
        writer.audit.append(event, by)?;
        let written = manifest::write(&path, &text);
        // A failure after the renaming leaves the new file: what is on the disk counts.
        if written.is_err() && fs::read(&path).is_ok_and(|found| found != text) {
            writer.audit.not_saved(by);
            return written;
        }
        self.manifest = new;
        self.manifest_sha256 = sha256;
        self.declare();
        written
    }

    fn declare(&mut self) {
        let structures = self.manifest.structures.iter().map(|s| s.name.clone());
        let volumes = self.manifest.volumes.iter().map(|v| v.id.clone());
        self.plan.declare(structures, volumes);
        self.refresh();
    }
}

pub(crate) const VOLUMES: &str = "volumes";
pub(crate) const STRUCTURES: &str = "structures";

fn next_number() -> u64 {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    COUNTER.fetch_add(1, Ordering::Relaxed)
}
