//! One writer at a time.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use fabrica_plan::UtcTime;

use crate::CaseError;

const FILE: &str = "lock";

/// Holds the right to change a case. The operating system takes it back when the program ends, however it does.
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child process that is just being started holds a copy of the open file for a moment.
        self.0.unlock().ok();
    }
}

impl Lock {
    /// Takes the lock of a case.
    pub fn take(folder: &Path) -> Result<Self, CaseError> {
        let path = folder.join(FILE);
        let io = |doing, e| CaseError::io(doing, &path, e);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| io("open", e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut by = String::new();
                (&file).take(200).read_to_string(&mut by).ok();
                let by = if by.trim().is_empty() { "another program" } else { by.trim() };
                return Err(CaseError::Locked { path: folder.into(), by: by.into() });
            }
            Err(TryLockError::Error(e)) => return Err(io("lock", e)),
        }
        // Only for the message above: that it fails, for instance on a full disk, is no reason to stop.
        file.set_len(0).and_then(|()| writeln!(file, "process {} since {}", std::process::id(), UtcTime::now())).ok();
        Ok(Self(file))
    }
}
