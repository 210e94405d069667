//! Opening files, plain or gzip-compressed, with bounds on what they can hold.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use fabrica_progress::Progress;
use fabrica_volume::Source;
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::Problem;

/// Deflate cannot expand data by more than this (258 bytes for 2 bits).
const MAX_EXPANSION: u64 = 1032;
const BUFFER: usize = 1 << 18;

/// A stream of bytes from a file, decompressed where it was compressed.
pub(crate) struct Input {
    reader: Box<dyn Read + Send>,
    /// How many bytes can come at most.
    limit: u64,
    compressed: bool,
}

impl Input {
    /// Opens a file; gzip is told by its first two bytes.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let mut file = File::open(path)?;
        let mut magic = [0u8; 2];
        let compressed = read_up_to(&mut file, &mut magic)? == 2 && magic == [0x1f, 0x8b];
        Self::from_file(file, 0, compressed)
    }

    /// The content of a file from `offset` on, which is gzip-compressed or not.
    pub(crate) fn from_file(mut file: File, offset: u64, compressed: bool) -> Result<Self, Problem> {
        let held = file.metadata()?.len().saturating_sub(offset);
        file.seek(SeekFrom::Start(offset))?;
        let buffered = BufReader::with_capacity(BUFFER, file);
        Ok(if compressed {
            let limit = held.saturating_mul(MAX_EXPANSION);
            Self { reader: Box::new(MultiGzDecoder::new(buffered)), limit, compressed }
        } else {
            Self { reader: Box::new(buffered), limit: held, compressed }
        })
    }

    /// A stream that is made otherwise, and gives at most `limit` bytes.
    pub(crate) fn from_reader(reader: Box<dyn Read + Send>, limit: u64) -> Self {
        Self { reader, limit, compressed: true }
    }

    /// Fails when the header promises more than can come.
    pub(crate) fn check_holds(&self, promised: u64) -> Result<(), Problem> {
        if promised > self.limit { Err(Problem::Truncated { promised, held: self.limit }) } else { Ok(()) }
    }

    /// Fills the buffer. What is missing is said as part of `promised` bytes, of which `before` came earlier.
    pub(crate) fn fill(&mut self, buffer: &mut [u8], before: u64, promised: u64) -> Result<(), Problem> {
        let got = read_up_to(&mut self.reader, buffer).map_err(|e| self.explain(e))?;
        self.limit = self.limit.saturating_sub(got as u64);
        if got < buffer.len() {
            return Err(Problem::Truncated { promised, held: before + got as u64 });
        }
        Ok(())
    }

    /// Passes over bytes.
    pub(crate) fn skip(&mut self, count: u64, progress: &Progress) -> Result<(), Problem> {
        self.check_holds(count)?;
        let mut scratch = vec![0u8; BUFFER];
        let mut done = 0;
        while done < count {
            progress.check()?;
            let step = (count - done).min(BUFFER as u64);
            self.fill(&mut scratch[..step as usize], done, count)?;
            done += step;
        }
        Ok(())
    }

    /// Looks one byte beyond, so that a checksum at the end of compressed data is verified when that is the end.
    pub(crate) fn verify_end(&mut self) -> Result<(), Problem> {
        if self.compressed {
            read_up_to(&mut self.reader, &mut [0]).map_err(|e| self.explain(e))?;
        }
        Ok(())
    }

    /// Reads up to `most` bytes of what is left.
    pub(crate) fn read_some(&mut self, most: usize) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        self.reader.by_ref().take(most as u64).read_to_end(&mut bytes).map_err(|e| self.explain(e))?;
        self.limit = self.limit.saturating_sub(bytes.len() as u64);
        Ok(bytes)
    }

    fn explain(&self, error: std::io::Error) -> Problem {
        use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match error.kind() {
            UnexpectedEof | InvalidData | InvalidInput if self.compressed => Problem::Damaged(error.to_string()),
            _ => Problem::Io(error),
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let got = self.reader.read(buffer)?;
        self.limit = self.limit.saturating_sub(got as u64);
        Ok(got)
    }
}

/// Reads until the buffer is full or the stream ends; says how much came.
fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match reader.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

/// The file's name and SHA-256.
pub(crate) fn source(path: &Path, progress: &Progress) -> Result<Source, Problem> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0u8; 1 << 20];
    loop {
        progress.check()?;
        let got = read_up_to(&mut file, &mut buffer)?;
        if got == 0 {
            break;
        }
        hash.update(&buffer[..got]);
    }
    let sha256 = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    Ok(Source { file_name: file_name(path), sha256, sop_instance_uid: None, rescale: None })
}

/// The file's name without its folder.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
