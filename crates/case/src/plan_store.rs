//! The plan on disk: `plan/snapshot-<n>.loro` and, for what came after it, `plan/updates.log`.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use fabrica_plan::Plan;

use crate::append::AppendFile;
use crate::{CaseError, frames, write_atomic};

const FOLDER: &str = "plan";
const LOG: &str = "updates.log";
/// From this length on the log is folded into a new snapshot.
pub(crate) const LOG_LIMIT: u64 = 4 << 20;

/// The plan as it was read.
pub(crate) struct Stored {
    pub plan: Plan,
    /// The number of the newest snapshot.
    snapshot: u64,
    /// Bytes of the log up to the last whole record.
    length: u64,
    /// Bytes of an unfinished record behind it.
    pub torn: u64,
}

/// The plan's files, open for writing.
pub(crate) struct PlanStore {
    folder: PathBuf,
    /// Nothing after a failed [`PlanStore::tidy`], when it is not known which file is the log.
    log: Option<AppendFile>,
    snapshot: u64,
}

/// Writes the files of an empty plan.
pub(crate) fn create(case: &Path) -> Result<(), CaseError> {
    let folder = case.join(FOLDER);
    fs::create_dir(&folder).map_err(|e| CaseError::io("make", &folder, e))?;
    write_snapshot(&folder, 1, &Plan::new())?;
    write_empty_log(&folder)
}

/// Reads the plan. A writer may be at work meanwhile.
pub(crate) fn read(case: &Path) -> Result<Stored, CaseError> {
    let folder = case.join(FOLDER);
    // A writer may fold the log into a new snapshot between our looking and our reading: then once more.
    let mut attempts = 0;
    loop {
        attempts += 1;
        let before = snapshots(&folder)?;
        let result = read_once(&folder, &before);
        if attempts == 8 || snapshots(&folder)? == before {
            return result;
        }
    }
}

fn read_once(folder: &Path, snapshots: &[u64]) -> Result<Stored, CaseError> {
    let Some(&newest) = snapshots.last() else {
        return Err(CaseError::damaged(&snapshot_path(folder, 1), "the plan's snapshot is missing"));
    };
    let mut plan = Plan::new();
    for number in snapshots {
        let path = snapshot_path(folder, *number);
        let bytes = fs::read(&path).map_err(|e| CaseError::io("read", &path, e))?;
        plan.import_updates(&bytes).map_err(|e| CaseError::damaged(&path, e.to_string()))?;
    }
    let path = folder.join(LOG);
    let bytes = fs::read(&path).map_err(|e| match e.kind() {
        ErrorKind::NotFound => CaseError::damaged(&path, "the plan's log is missing"),
        _ => CaseError::io("read", &path, e),
    })?;
    let scan = frames::scan(&bytes)
        .ok_or_else(|| CaseError::damaged(&path, "this is no log of a plan, or one of a newer version"))?;
    if let Some(beyond) = scan.beyond {
        let what = format!("damaged from byte {} on, with saved operations behind it at byte {beyond}", scan.end);
        return Err(CaseError::damaged(&path, what));
    }
    let records = scan.records.into_iter().filter_map(|range| bytes.get(range));
    plan.import_all(records).map_err(|e| CaseError::damaged(&path, e.to_string()))?;
    Ok(Stored { plan, snapshot: newest, length: scan.end as u64, torn: (bytes.len() - scan.end) as u64 })
}

impl Stored {
    /// Opens the files for writing: cuts an unfinished record off.
    pub fn open(self, case: &Path) -> Result<(Plan, PlanStore), CaseError> {
        let folder = case.join(FOLDER);
        let path = folder.join(LOG);
        let log = AppendFile::open(&path, self.length).map_err(|e| CaseError::io("open", &path, e))?;
        Ok((self.plan, PlanStore { folder, log: Some(log), snapshot: self.snapshot }))
    }
}

impl PlanStore {
    fn log(&mut self) -> Result<&mut AppendFile, CaseError> {
        let path = &self.folder;
        self.log.as_mut().ok_or_else(|| {
            CaseError::damaged(path, "the plan could not be tidied up; close the case and open it again")
        })
    }

    /// Saves what [`Plan::export_updates`] gave. Gives the log's length before, for [`PlanStore::cut`].
    pub fn append(&mut self, updates: &[u8]) -> Result<u64, CaseError> {
        let log = self.log()?;
        let before = log.length();
        let frame = frames::frame(updates)
            .ok_or_else(|| CaseError::damaged(log.path(), "an operation of 4 GiB cannot be saved"))?;
        log.append(&frame).map_err(|e| CaseError::io("write", log.path(), e))?;
        Ok(before)
    }

    /// Cuts off what was appended after the log had this length.
    pub fn cut(&mut self, length: u64) -> Result<(), CaseError> {
        let log = self.log()?;
        log.cut(length).map_err(|e| CaseError::io("write", log.path(), e))
    }

    /// Folds a log over `limit` bytes into a new snapshot. At every moment the files together hold the whole plan.
    pub fn tidy(&mut self, plan: &Plan, limit: u64) -> Result<(), CaseError> {
        if self.log()?.length() < limit {
            return Ok(());
        }
        write_snapshot(&self.folder, self.snapshot + 1, plan)?;
        self.snapshot += 1;
        self.log = None;
        write_empty_log(&self.folder)?;
        let path = self.folder.join(LOG);
        let log = AppendFile::open(&path, frames::HEADER.len() as u64).map_err(|e| CaseError::io("open", &path, e))?;
        self.log = Some(log);
        // The older ones are in the new one. One that cannot be removed does no harm.
        for number in snapshots(&self.folder)?.into_iter().filter(|n| *n < self.snapshot) {
            fs::remove_file(snapshot_path(&self.folder, number)).ok();
        }
        Ok(())
    }
}

fn write_snapshot(folder: &Path, number: u64, plan: &Plan) -> Result<(), CaseError> {
    let path = snapshot_path(folder, number);
    let bytes = plan.snapshot()?;
    write_atomic(&path, |file| file.write_all(&bytes)).map_err(|e| CaseError::io("write", &path, e))
}

fn write_empty_log(folder: &Path) -> Result<(), CaseError> {
    let path = folder.join(LOG);
    write_atomic(&path, |file| file.write_all(frames::HEADER)).map_err(|e| CaseError::io("write", &path, e))
}

fn snapshot_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("snapshot-{number}.loro"))
}

/// The numbers of the snapshots that are there, ascending.
fn snapshots(folder: &Path) -> Result<Vec<u64>, CaseError> {
    let io = |e| CaseError::io("read", folder, e);
    let mut numbers = Vec::new();
    for item in fs::read_dir(folder).map_err(io)? {
        let name = item.map_err(io)?.file_name();
        let number: Option<u64> =
            name.to_str().and_then(|n| n.strip_prefix("snapshot-")?.strip_suffix(".loro")?.parse().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabrica_geometry::LpsPoint;
    use fabrica_plan::{Author, Operation};

    fn put(plan: &mut Plan, store: &mut PlanStore, x: f64) {
        let before = plan.version();
        let at = LpsPoint::new(x, 0.0, 0.0);
        plan.apply(Operation::SetCrosshair { at }, &Author::program()).unwrap();
        store.append(&plan.export_updates(&before).unwrap()).unwrap();
    }

    fn open(case: &Path) -> (Plan, PlanStore) {
        read(case).unwrap().open(case).unwrap()
    }

    #[test]
    fn a_kill_between_any_two_steps_of_folding_loses_nothing() {
        let case = tempfile::tempdir().unwrap();
        let file = |name: &str| case.path().join(FOLDER).join(name);
        create(case.path()).unwrap();
        let (mut plan, mut store) = open(case.path());
        (0..5).for_each(|x| put(&mut plan, &mut store, f64::from(x)));
        let (old_snapshot, old_log) = (fs::read(file("snapshot-1.loro")).unwrap(), fs::read(file(LOG)).unwrap());
        store.tidy(&plan, 1 << 20).unwrap();
        assert!(file("snapshot-1.loro").exists(), "a short log stays");
        store.tidy(&plan, 0).unwrap();
        let new_snapshot = fs::read(file("snapshot-2.loro")).unwrap();
        assert!(!file("snapshot-1.loro").exists());
        // What was folded, and what is appended after it, is there.
        put(&mut plan, &mut store, 7.0);
        drop(store);
        assert_eq!(read(case.path()).unwrap().plan.history(), plan.history());
        // Killed after the new snapshot, and after the new log.
        let restore = |name: &str, bytes: &[u8]| write_atomic(&file(name), |f| f.write_all(bytes)).unwrap();
        for log in [&old_log[..], frames::HEADER] {
            restore("snapshot-1.loro", &old_snapshot);
            restore("snapshot-2.loro", &new_snapshot);
            restore(LOG, log);
            let (mut plan, mut store) = open(case.path());
            assert_eq!(plan.history().len(), 5);
            put(&mut plan, &mut store, 9.0);
            store.tidy(&plan, 0).unwrap();
            let found = read(case.path()).unwrap();
            assert_eq!(found.plan.history(), plan.history());
            assert_eq!(snapshots(&case.path().join(FOLDER)).unwrap(), [3]);
            fs::remove_file(file("snapshot-3.loro")).unwrap();
        }
    }
}
