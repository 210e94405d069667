//! SHA-256 of files, as 64 lower-case hexadecimal digits.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use fabrica_progress::{Cancelled, Progress};
use sha2::{Digest, Sha256};

/// Hashes what is written through it.
pub(crate) struct HashingWriter<W> {
    inner: W,
    sha: Sha256,
}

impl<W: Write> HashingWriter<W> {
    pub fn new(inner: W) -> Self {
        Self { inner, sha: Sha256::new() }
    }

    /// The hash of what was written.
    pub fn finish(self) -> String {
        hex(&self.sha.finalize())
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(data)?;
        self.sha.update(&data[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// SHA-256 of bytes in memory, as 64 lower-case hexadecimal digits.
///
/// ```
/// // FIPS 180-4's first example.
/// let hash = fabrica_case::sha256(b"abc");
/// assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
/// ```
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The hash of a file.
pub(crate) fn of_file(path: &Path, progress: &Progress) -> io::Result<Result<String, Cancelled>> {
    let mut file = File::open(path)?;
    let mut sha = Sha256::new();
    let mut part = vec![0; 1 << 20];
    loop {
        if let Err(cancelled) = progress.check() {
            return Ok(Err(cancelled));
        }
        match file.read(&mut part)? {
            0 => return Ok(Ok(hex(&sha.finalize()))),
            read => sha.update(&part[..read]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
