//! `audit.jsonl`: who did what, when, on which data. It only grows.
//!
//! Each line is a JSON object that holds the SHA-256 of the line before, so that a changed, inserted or removed line
//! is seen. The manifest holds the length and last hash as of its own writing, its own hash is in the line after that,
//! and the plan's operations are named in the log, so that a log that was cut short is seen too. Only the very last
//! line is bound by nothing that follows.
//!
//! A change of the manifest is announced here before it is made, and an operation of the plan is entered after it
//! was saved. So whatever was acknowledged is in the log.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use fabrica_plan::{Author, OpId, Plan, UtcTime};
use serde::{Deserialize, Serialize};

use crate::append::AppendFile;
use crate::manifest::{self, AuditAnchor};
use crate::{CaseError, hash};

pub(crate) const FILE: &str = "audit.jsonl";
/// What stands for the hash of the line before the first.
pub(crate) const NO_LINE: &str = "0000000000000000000000000000000000000000000000000000000000000000";
pub(crate) const NOT_SAVED: &str = "not saved";
pub(crate) const BROKEN: &str = "found the audit log broken";

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditLine {
    /// Its number, from 1.
    pub line: u64,
    /// When.
    pub at: UtcTime,
    /// Who.
    pub by: Author,
    /// What.
    pub what: String,
    /// The plan's operation that this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OpId>,
    /// On which data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<AuditData>,
    /// SHA-256 of the line before, without its line feed.
    pub previous: String,
}

/// A piece of data that an audit line is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditData {
    /// A file of the case, or what else it is.
    pub name: String,
    /// Its SHA-256.
    pub sha256: String,
}

impl AuditData {
    pub(crate) fn new(name: impl Into<String>, sha256: impl Into<String>) -> Self {
        Self { name: name.into(), sha256: sha256.into() }
    }
}

/// Whether the audit log is whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditCheck {
    /// How many lines it has.
    pub lines: u64,
    /// Whether nothing is wrong with it.
    pub intact: bool,
    /// What is wrong, in words.
    pub problems: Vec<String>,
}

/// The log as it was read.
pub(crate) struct AuditLog {
    path: PathBuf,
    lines: Vec<AuditLine>,
    /// How many lines there are, readable or not.
    count: u64,
    /// The hash of the last line.
    last: String,
    /// Bytes up to the last whole line.
    length: u64,
    /// Bytes of an unfinished line behind it.
    torn: u64,
    /// What is wrong with the lines themselves.
    faults: Vec<String>,
}

/// What an audit line is about, without who and when.
pub(crate) struct Event {
    pub what: String,
    pub operation: Option<OpId>,
    pub data: Vec<AuditData>,
}

impl Event {
    pub fn new(what: impl Into<String>, data: Vec<AuditData>) -> Self {
        Self { what: what.into(), operation: None, data }
    }
}

impl AuditLog {
    /// Reads the log.
    pub fn read(folder: &Path) -> Result<Self, CaseError> {
        let path = folder.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(CaseError::damaged(&path, "the audit log is missing"));
            }
            Err(e) => return Err(CaseError::io("read", &path, e)),
        };
        let mut log =
            Self { path, lines: Vec::new(), count: 0, last: NO_LINE.into(), length: 0, torn: 0, faults: Vec::new() };
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            let Some(text) = piece.strip_suffix(b"\n") else {
                // A line is acknowledged with its line feed on the disk: this one never was.
                log.torn = piece.len() as u64;
                break;
            };
            log.count += 1;
            let number = log.count;
            match serde_json::from_slice::<AuditLine>(text) {
                Ok(line) => {
                    if line.line != number {
                        log.faults.push(format!("line {number} says that it is line {}", line.line));
                    }
                    if line.previous != log.last {
                        log.faults.push(format!("line {number} does not follow from the line before it"));
                    }
                    log.lines.push(line);
                }
                Err(error) => log.faults.push(format!("line {number} cannot be read: {error}")),
            }
            log.last = hash::sha256(text);
            log.length += piece.len() as u64;
        }
        Ok(log)
    }

    pub fn lines(&self) -> &[AuditLine] {
        &self.lines
    }

    pub fn into_lines(self) -> Vec<AuditLine> {
        self.lines
    }

    /// Bytes of an unfinished line at the end.
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// Compares the log with the manifest and the plan. What was found wrong once stays wrong.
    pub fn check(&self, anchor: &AuditAnchor, manifest_sha256: &str, plan: &Plan) -> AuditCheck {
        let mut problems = self.faults(anchor, manifest_sha256, plan);
        if problems.is_empty() {
            let noted = self.lines.iter().filter(|l| l.what.starts_with(BROKEN));
            problems.extend(noted.map(|l| format!("{}: {}", l.at, l.what)));
        }
        AuditCheck { lines: self.count, intact: problems.is_empty(), problems }
    }

    /// What is wrong now, in words.
    pub fn faults(&self, anchor: &AuditAnchor, manifest_sha256: &str, plan: &Plan) -> Vec<String> {
        let mut faults = self.faults.clone();
        // The hash of line n is what line n + 1 holds.
        let hash_of = |line: u64| {
            if line == self.count {
                return Some(&self.last);
            }
            self.lines.iter().find(|l| l.line == line + 1).map(|l| &l.previous)
        };
        if anchor.lines > self.count {
            faults.push("lines are missing at its end".into());
        } else if anchor.lines > 0 && hash_of(anchor.lines) != Some(&anchor.last) {
            faults.push(format!("line {} is not the one that the manifest remembers", anchor.lines));
        } else if !self.knows_manifest(manifest_sha256) {
            faults.push("case.json is not what was last saved".into());
        }
        let logged: HashMap<_, _> = self.lines.iter().filter_map(|l| Some((l.operation?, &l.by))).collect();
        let mut lost = 0;
        for (id, by) in &logged {
            match plan.entry(*id) {
                None => lost += 1,
                Some(entry) if entry.author != **by && **by != Author::program() => {
                    faults.push(format!("it says that operation {id} was by {by}, the plan says {}", entry.author));
                }
                Some(_) => {}
            }
        }
        if lost > 0 {
            faults.push(format!("{lost} operation(s) of the plan that were saved are missing"));
        }
        // One may be missing after a kill between plan and log.
        let unlogged = plan.history().iter().filter(|e| !logged.contains_key(&e.id)).count();
        if unlogged > 1 {
            faults.push(format!("{unlogged} operations of the plan are not in the log"));
        }
        faults
    }

    /// Whether the manifest of this hash is the one last announced, or the one before it when the program ended
    /// before it wrote what it had announced.
    fn knows_manifest(&self, sha256: &str) -> bool {
        let (current, announced, last) = self.announcements();
        match announced {
            Some(announced) if announced == sha256 => true,
            Some(_) => last && current == Some(sha256),
            None => current == Some(sha256),
        }
    }

    /// The manifest known to be written, the one announced after it, and whether that announcement is the last line.
    fn announcements(&self) -> (Option<&str>, Option<&str>, bool) {
        let (mut current, mut announced, mut last) = (None, None, false);
        for line in &self.lines {
            last = false;
            if line.what == NOT_SAVED {
                announced = None;
            } else if let Some(data) = line.data.iter().find(|d| d.name == manifest::FILE) {
                current = announced.take().or(current);
                announced = Some(data.sha256.as_str());
                last = true;
            }
        }
        (current, announced, last)
    }

    /// Whether the last line announces a manifest other than this.
    pub fn announces_other_than(&self, sha256: &str) -> bool {
        matches!(self.announcements(), (_, Some(announced), true) if announced != sha256)
    }

    /// Opens the log for writing: cuts an unfinished line off.
    pub fn open(self) -> Result<AuditWriter, CaseError> {
        let file = AppendFile::open(&self.path, self.length).map_err(|e| CaseError::io("open", &self.path, e))?;
        Ok(AuditWriter { file, next: self.count + 1, last: self.last, not_saved: None })
    }
}

/// The log, open for writing.
pub(crate) struct AuditWriter {
    file: AppendFile,
    next: u64,
    last: String,
    /// An announced change that was not made and could not be entered as such yet.
    not_saved: Option<Author>,
}

impl AuditWriter {
    /// How many lines there are and the hash of the last.
    pub fn anchor(&self) -> AuditAnchor {
        AuditAnchor { lines: self.next - 1, last: self.last.clone() }
    }

    /// Writes a line and brings it to the disk.
    pub fn append(&mut self, event: Event, by: &Author) -> Result<(), CaseError> {
        if let Some(who) = self.not_saved.clone() {
            self.write(Event::new(NOT_SAVED, Vec::new()), &who)?;
            self.not_saved = None;
        }
        self.write(event, by)
    }

    /// Enters that the change announced last was not made.
    pub fn not_saved(&mut self, by: &Author) {
        self.not_saved = Some(by.clone());
        if self.write(Event::new(NOT_SAVED, Vec::new()), by).is_ok() {
            self.not_saved = None;
        }
    }

    fn write(&mut self, event: Event, by: &Author) -> Result<(), CaseError> {
        let line = AuditLine {
            line: self.next,
            at: UtcTime::now(),
            by: by.clone(),
            what: event.what,
            operation: event.operation,
            data: event.data,
            previous: self.last.clone(),
        };
        let mut text = serde_json::to_vec(&line)
            .map_err(|e| CaseError::damaged(self.file.path(), format!("a line cannot be written ({e})")))?;
        let last = hash::sha256(&text);
        text.push(b'\n');
        self.file.append(&text).map_err(|e| CaseError::io("write", self.file.path(), e))?;
        self.next += 1;
        self.last = last;
        Ok(())
    }
}
