//! All files in folders, whatever they are.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use fabrica_progress::Progress;

use crate::{DicomError, PassedOver};

/// Collects the regular files at and below `paths`, each once, in an order that does not depend on the file system.
pub(crate) fn files(
    paths: &[PathBuf],
    passed_over: &mut Vec<PassedOver>,
    progress: &Progress,
) -> Result<Vec<PathBuf>, DicomError> {
    let mut walk = Walk { files: Vec::new(), seen: HashSet::new(), passed_over, progress };
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
    passed_over: &'a mut Vec<PassedOver>,
    progress: &'a Progress,
}

impl Walk<'_> {
    fn skip(&mut self, path: &Path, reason: impl Into<String>) {
        self.passed_over.push(PassedOver { path: path.to_owned(), reason: reason.into() });
    }

    fn enter(&mut self, start: &Path) -> Result<(), DicomError> {
        let mut waiting = vec![start.to_owned()];
        while let Some(path) = waiting.pop() {
            self.progress.check()?;
            let kind = match std::fs::metadata(&path) {
                Ok(kind) => kind,
                Err(e) => {
                    self.skip(&path, format!("cannot be opened: {e}"));
                    continue;
                }
            };
            if !kind.is_dir() && !kind.is_file() {
                self.skip(&path, "not a regular file");
                continue;
            }
            match std::fs::canonicalize(&path).map(|real| self.seen.insert(real)) {
                Ok(true) => {}
                Ok(false) => {
                    self.skip(&path, "a link to what is searched already");
                    continue;
                }
                Err(e) => {
                    self.skip(&path, format!("cannot be opened: {e}"));
                    continue;
                }
            }
            if kind.is_file() {
                self.files.push(path);
                continue;
            }
            match std::fs::read_dir(&path) {
                Ok(entries) => {
                    let mut children: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
                    children.sort_unstable_by(|a, b| b.cmp(a));
                    waiting.extend(children);
                }
                Err(e) => self.skip(&path, format!("the folder cannot be opened: {e}")),
            }
        }
        Ok(())
    }
}
