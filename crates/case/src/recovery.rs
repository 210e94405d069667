//! What a crash leaves behind, and how it is cleared up.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::Path;

use fabrica_plan::Author;

use crate::atomic::is_temporary;
use crate::audit::{AuditLog, Event};
use crate::case::{Case, STRUCTURES, VOLUMES};
use crate::plan_store::Stored;
use crate::{CaseError, audit, edits};

/// What has to be entered in the audit log before a case is changed again.
pub(crate) fn notes(log: &AuditLog, stored: &Stored, manifest_sha256: &str, faults: &[String]) -> Vec<Event> {
    let mut notes = Vec::new();
    let mut note = |what: String| notes.push(Event::new(what, Vec::new()));
    if log.torn() > 0 {
        note(format!("cut off {} bytes of an unfinished line of the audit log", log.torn()));
    }
    // Each fault is noted once.
    let noted =
        |fault: &&String| log.lines().iter().any(|l| l.what.starts_with(audit::BROKEN) && l.what.contains(*fault));
    let new: Vec<_> = faults.iter().filter(|f| !noted(f)).map(String::as_str).collect();
    if !new.is_empty() {
        note(format!("{}: {}", audit::BROKEN, new.join("; ")));
    }
    if log.announces_other_than(manifest_sha256) {
        note(audit::NOT_SAVED.into());
    }
    if stored.torn > 0 {
        note(format!("cut off {} bytes of an unfinished record of the plan", stored.torn));
    }
    for entry in stored.plan.history().iter().filter(|e| !log.lines().iter().any(|l| l.operation == Some(e.id))) {
        notes.push(Event {
            what: format!("plan: {} by {} at {}, found saved", entry.action.summary(), entry.author, entry.time),
            operation: Some(entry.id),
            data: Vec::new(),
        });
    }
    notes
}

impl Case {
    /// Removes files that no manifest names: temporary ones, and volumes and structures that were written but not
    /// entered, or taken out but not removed. Touches only names that this crate gives.
    pub(crate) fn remove_orphans(&mut self) -> Result<(), CaseError> {
        let mut known: Vec<_> = self.manifest.volumes.iter().map(|v| v.file()).collect();
        known.extend(self.manifest.all_structures().map(|s| s.file()));
        let mut removed = Vec::new();
        for place in ["", VOLUMES, STRUCTURES, "plan", edits::FOLDER] {
            let folder = self.folder.join(place);
            if place == edits::FOLDER && !folder.is_dir() {
                continue;
            }
            let io = |e| CaseError::io("read", &folder, e);
            for item in fs::read_dir(&folder).map_err(io)? {
                let name = item.map_err(io)?.file_name();
                let Some(name) = name.to_str() else { continue };
                let path = if place.is_empty() { name.to_owned() } else { format!("{place}/{name}") };
                let ours = match place {
                    VOLUMES => is_numbered(name, "volume-", ".nrrd"),
                    STRUCTURES => is_numbered(name, "structure-", ".seg.nrrd"),
                    _ => false,
                };
                if (is_temporary(name) || ours && !known.contains(&path)) && fs::remove_file(folder.join(name)).is_ok()
                {
                    removed.push(path);
                }
            }
        }
        if removed.is_empty() {
            return Ok(());
        }
        let what = format!("removed files that a crash left: {}", removed.join(", "));
        let writer = self.writer.as_mut().ok_or(CaseError::ReadOnly)?;
        writer.audit.append(Event::new(what, Vec::new()), &Author::program())
    }
}

fn is_numbered(name: &str, before: &str, after: &str) -> bool {
    name.strip_prefix(before).and_then(|n| n.strip_suffix(after)).is_some_and(|n| n.parse::<u64>().is_ok())
}

/// The name under which a case is made before it gets its own.
pub(crate) fn staging_name(case: &OsStr, number: u64) -> OsString {
    let mut name = staging_prefix(case);
    name.push(format!("{}-{number}.new", std::process::id()));
    name
}

fn staging_prefix(case: &OsStr) -> OsString {
    let mut name = OsString::from(".");
    name.push(case);
    name.push(".");
    name
}

/// Removes cases of this name whose making was killed: those that nobody holds locked.
pub(crate) fn remove_abandoned(around: &Path, case: &OsStr) {
    let prefix = staging_prefix(case);
    for item in fs::read_dir(around).into_iter().flatten().flatten() {
        let name = item.file_name();
        let ours = name.as_encoded_bytes().starts_with(prefix.as_encoded_bytes())
            && name.as_encoded_bytes().ends_with(b".new");
        let path = item.path();
        if ours && File::open(path.join("lock")).is_ok_and(|lock| lock.try_lock().is_ok()) {
            // What cannot be removed is only in the way of the eye.
            fs::remove_dir_all(&path).ok();
        }
    }
}
