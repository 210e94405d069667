//! A file that only grows, and by whole pieces.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file open for appending. What [`AppendFile::append`] has acknowledged is on the disk; what failed is cut off.
#[derive(Debug)]
pub(crate) struct AppendFile {
    file: File,
    path: PathBuf,
    /// Bytes that are acknowledged.
    length: u64,
    /// Bytes of a failed append may lie behind `length`.
    unclean: bool,
}

impl AppendFile {
    /// Opens an existing file and cuts it off after `length` bytes.
    pub fn open(path: &Path, length: u64) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(path)?;
        let unclean = file.metadata()?.len() != length;
        let mut this = Self { file, path: path.into(), length, unclean };
        this.clean()?;
        Ok(this)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that are acknowledged.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Appends all bytes and brings them to the disk, or none.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.clean()?;
        self.unclean = true;
        self.file.seek(SeekFrom::Start(self.length))?;
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // If this fails too, the next append does it first.
            self.clean().ok();
            return Err(error);
        }
        self.length += bytes.len() as u64;
        self.unclean = false;
        Ok(())
    }

    /// Cuts off what was appended after the file had `length` bytes.
    pub fn cut(&mut self, length: u64) -> io::Result<()> {
        self.length = self.length.min(length);
        self.unclean = true;
        self.clean()
    }

    fn clean(&mut self) -> io::Result<()> {
        if self.unclean {
            self.file.set_len(self.length)?;
            self.file.sync_data()?;
            self.unclean = false;
        }
        Ok(())
    }
}
