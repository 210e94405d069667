//! Writing a file so that it is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Writes a file atomically: into a temporary file in the same folder, which is brought to the disk, renamed to
/// `path`, and the folder brought to the disk too. When this returns, the new content is there and stays there.
/// When it fails, is killed, or the power goes, the old content (or absence) is there, whole.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("report.json");
/// use std::io::Write;
/// fabrica_case::write_atomic(&path, |file| file.write_all(b"{}"))?;
/// # assert_eq!(std::fs::read(&path)?, b"{}");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// What `write` or the file system says. The temporary file is then removed.
pub fn write_atomic<T, E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<T, E>,
) -> Result<T, E> {
    let temporary = temporary_name(path)?;
    let result = (|| {
        let file = File::options().write(true).create_new(true).open(&temporary)?;
        let mut out = BufWriter::with_capacity(1 << 18, file);
        let value = write(&mut out)?;
        out.flush()?;
        out.get_ref().sync_all()?;
        // Not held open any longer: other systems do not rename open files.
        drop(out);
        fs::rename(&temporary, path)?;
        sync_folder(parent(path))?;
        Ok(value)
    })();
    if result.is_err() {
        // Gone already when only the last step failed.
        fs::remove_file(&temporary).ok();
    }
    result
}

/// Whether a file name is that of a temporary file that [`write_atomic`] left when it was killed.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".tmp")
}

/// Brings the folder's list of names to the disk.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file, and the file system keeps names by itself.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The folder that a path lies in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn temporary_name(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let name = format!(".{}.{}-{number}.tmp", name.to_string_lossy(), std::process::id());
    Ok(parent(path).join(name))
}
