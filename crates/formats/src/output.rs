//! Writing samples, plain or gzip-compressed on all cores.

use std::borrow::Cow;
use std::io::Write;

use fabrica_progress::Progress;
use flate2::{Compress, Crc, FlushCompress, Status};
use rayon::prelude::*;

use crate::{Compression, Problem};

/// Samples are handed on in parts of about this size. Each part is compressed on its own, which costs some hundredths
/// of the ratio and lets all cores work.
pub(crate) const PART_BYTES: usize = 1 << 20;
/// Hardly larger than at gzip's usual 6 for CT, and several times as fast.
const LEVEL: u32 = 3;
/// Deflate, no name, no time, unknown system (RFC 1952).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty last block with the fixed code (RFC 1951).
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];

/// Writes parts `0..count` one after another; `part(n)` makes them, on several threads.
pub(crate) fn write_parts<'a>(
    mut out: impl Write,
    count: usize,
    part: impl Fn(usize) -> Cow<'a, [u8]> + Sync,
    compression: Compression,
    progress: &Progress,
) -> Result<(), Problem> {
    match compression {
        Compression::None => {
            for n in 0..count {
                progress.check()?;
                out.write_all(&part(n))?;
                progress.set((n + 1) as f32 / count as f32);
            }
        }
        Compression::Gzip => write_gzip(&mut out, count, part, progress)?,
    }
    out.flush()?;
    Ok(())
}

/// One gzip member: its parts end on byte boundaries (a sync flush), so that they can be compressed apart and put
/// together. Readers that stop after the first member read it whole.
fn write_gzip<'a>(
    out: &mut impl Write,
    count: usize,
    part: impl Fn(usize) -> Cow<'a, [u8]> + Sync,
    progress: &Progress,
) -> Result<(), Problem> {
    out.write_all(&GZIP_HEADER)?;
    let mut checksum = Crc::new();
    let batch = rayon::current_num_threads() * 2;
    for first in (0..count).step_by(batch) {
        progress.check()?;
        let compressed: Vec<(Vec<u8>, Crc)> = (first..(first + batch).min(count))
            .into_par_iter()
            .map(|n| {
                let bytes = part(n);
                let mut crc = Crc::new();
                crc.update(&bytes);
                deflate(&bytes).map(|deflated| (deflated, crc))
            })
            .collect::<Result<_, _>>()?;
        for (deflated, crc) in &compressed {
            out.write_all(deflated)?;
            checksum.combine(crc);
        }
        progress.set((first + compressed.len()) as f32 / count as f32);
    }
    out.write_all(&LAST_BLOCK)?;
    out.write_all(&checksum.sum().to_le_bytes())?;
    out.write_all(&checksum.amount().to_le_bytes())?;
    Ok(())
}

fn deflate(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut state = Compress::new(flate2::Compression::new(LEVEL), false);
    let mut deflated = Vec::with_capacity(bytes.len() / 2 + 64);
    loop {
        let rest = &bytes[state.total_in() as usize..];
        let before = state.total_out();
        let status = state
            .compress_vec(rest, &mut deflated, FlushCompress::Sync)
            .map_err(|e| Problem::Io(std::io::Error::other(e)))?;
        let all_in = state.total_in() as usize == bytes.len();
        if all_in && deflated.len() < deflated.capacity() {
            return Ok(deflated);
        }
        if status == Status::BufError && state.total_out() == before && deflated.len() < deflated.capacity() {
            return Err(Problem::Io(std::io::Error::other("the compressor makes no progress")));
        }
        deflated.reserve(bytes.len() / 4 + 64);
    }
}

/// The samples' bytes in parts of [`PART_BYTES`]: how many, and each.
pub(crate) fn parts_of<'a>(bytes: &'a [u8]) -> (usize, impl Fn(usize) -> Cow<'a, [u8]> + Sync) {
    let part = move |n: usize| {
        let start = n * PART_BYTES;
        Cow::Borrowed(&bytes[start..(start + PART_BYTES).min(bytes.len())])
    };
    (bytes.len().div_ceil(PART_BYTES), part)
}
