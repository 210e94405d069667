//! All files in folders, whatever they are.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use fabrica_progress::Progress;

use crate::DicomError;
use crate::unused::Unused;

/// Collects the regular files at and below `paths`, each once, in an order that does not depend on the file system.
pub(crate) fn files(paths: &[PathBuf], unused: &mut Unused, progress: &Progress) -> Result<Vec<PathBuf>, DicomError> {
    let mut walk = Walk { files: Vec::new(), seen: HashSet::new(), unused, progress };
    for path in paths {
        let io = |source| DicomError::Io { path: path.clone(), source };
        let kind = std::fs::metadata(path).map_err(io)?;
        if kind.is_dir() {
            std::fs::read_dir(path).map_err(io)?;
        }
        walk.enter(path)?;
    }
    Ok(walk.files)
}

struct Walk<'a> {
    files: Vec<PathBuf>,
    /// Real paths of folders and of what was reached through links: links may lead in circles, or twice to one place.
    seen: HashSet<PathBuf>,
    unused: &'a mut Unused,
    progress: &'a Progress,
}

impl Walk<'_> {
    fn enter(&mut self, start: &Path) -> Result<(), DicomError> {
        let mut waiting = vec![start.to_owned()];
        while let Some(path) = waiting.pop() {
            self.progress.check()?;
            let kind = match std::fs::metadata(&path) {
                Ok(kind) => kind,
                Err(e) => {
                    self.unused.unreadable(&path, format!("cannot be opened: {e}"));
                    continue;
                }
            };
            if !kind.is_dir() && !kind.is_file() {
                self.unused.pass_over(&path, "not a regular file");
                continue;
            }
            match std::fs::canonicalize(&path).map(|real| self.seen.insert(real)) {
                Ok(true) => {}
                Ok(false) => {
                    self.unused.pass_over(&path, "a link to what is searched already");
                    continue;
                }
                Err(e) => {
                    self.unused.unreadable(&path, format!("cannot be opened: {e}"));
                    continue;
                }
            }
            if kind.is_file() {
                self.files.push(path);
                continue;
            }
            match std::fs::read_dir(&path) {
                Ok(entries) => {
                    let mut children = Vec::new();
                    for entry in entries {
                        match entry {
                            Ok(entry) => children.push(entry.path()),
                            Err(e) => {
                                let reason = format!("an entry of the folder cannot be read: {e}");
                                self.unused.unreadable_in(&path, &path, reason);
                            }
                        }
                    }
                    children.sort_unstable_by(|a, b| b.cmp(a));
                    waiting.extend(children);
                }
                Err(e) => self.unused.pass_over(&path, format!("the folder cannot be opened: {e}")),
            }
        }
        Ok(())
    }
}
