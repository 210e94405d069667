//! Reading the frames of a phase, each file once: hashed and decoded in one pass.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use dicom_dictionary_std::tags;
use fabrica_dicom_pixels::{
    Codec, OffsetTables, codec_for, decode_frame_with, frame_fragments, join_fragments, native_frame,
};
use fabrica_progress::Progress;
use fabrica_volume::Source;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::DicomError;
use crate::dataset::{self, Stop};
use crate::file::WholeFile;
use crate::frame::{Frame, ImageFile, Rescale};
use crate::values::FromStored;

/// Compressed data may stand for this many times its bytes in samples; more is a lie or an attack.
const MAX_COMPRESSION: u64 = 1000;
/// ... but this much is always allowed: slices without anything in them compress even better.
const FREE_BYTES: u64 = 64 << 20;
/// A header in front of pixel data, when a deflated data set is inflated.
const HEADER_BYTES: usize = 64 << 20;

/// The samples of a phase, in slice order.
pub(crate) struct Decoded<T> {
    pub(crate) samples: Vec<T>,
    pub(crate) sources: Vec<Source>,
    /// Values beyond the type occurred; `samples` mean nothing.
    pub(crate) overflow: bool,
}

/// What is to be read from one file.
struct Job<'a, T> {
    file: &'a Arc<ImageFile>,
    frames: Vec<(usize, Rescale, &'a mut [T])>,
}

/// Reads all frames, in their order, into one buffer.
pub(crate) fn read<T: FromStored>(frames: &[Frame], progress: &Progress) -> Result<Decoded<T>, DicomError> {
    let pixels = frames.first().map_or(0, |f| f.file.slice_size().iter().product());
    let mut samples = allocate::<T>(frames, pixels)?;
    let mut jobs: Vec<Job<'_, T>> = Vec::new();
    let mut job_of: HashMap<*const ImageFile, usize> = HashMap::new();
    for (frame, slice) in frames.iter().zip(samples.chunks_mut(pixels.max(1))) {
        let job = *job_of.entry(Arc::as_ptr(&frame.file)).or_insert_with(|| {
            jobs.push(Job { file: &frame.file, frames: Vec::new() });
            jobs.len() - 1
        });
        jobs[job].frames.push((frame.number, frame.facts.rescale, slice));
    }
    let done = AtomicUsize::new(0);
    let overflow = AtomicBool::new(false);
    let advance = || {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        progress.set(done as f32 / frames.len() as f32);
    };
    let sources = jobs
        .into_par_iter()
        .map(|job| read_file(job, &overflow, &advance, progress))
        .collect::<Result<Vec<Source>, DicomError>>()?;
    Ok(Decoded { samples, sources, overflow: overflow.into_inner() })
}

/// Zeroed room for all samples, if what the files hold can fill it.
fn allocate<T: FromStored>(frames: &[Frame], pixels: usize) -> Result<Vec<T>, DicomError> {
    let too_big = |path: &std::path::Path, claimed: u64, held: u64| DicomError::Damaged {
        path: path.to_owned(),
        reason: format!("the image claims {claimed} bytes of samples, which {held} bytes of files cannot hold"),
    };
    let Some(first) = frames.first() else { return Ok(Vec::new()) };
    let count = pixels.checked_mul(frames.len());
    let claimed = count.and_then(|n| n.checked_mul(size_of::<T>())).map_or(u64::MAX, |n| n as u64);
    let mut seen = std::collections::HashSet::new();
    let files = frames.iter().filter(|f| seen.insert(Arc::as_ptr(&f.file)));
    let held = files.map(|f| f.file.length).fold(0u64, u64::saturating_add);
    let count = match count {
        Some(count) if claimed <= held.saturating_mul(MAX_COMPRESSION).saturating_add(FREE_BYTES) => count,
        _ => return Err(too_big(&first.file.path, claimed, held)),
    };
    // Ask before the zeroed allocation, which would abort: an image larger than memory is an error, not a crash.
    let mut room: Vec<T> = Vec::new();
    room.try_reserve_exact(count).map_err(|_| DicomError::Memory { bytes: claimed })?;
    drop(room);
    Ok(vec![T::default(); count])
}

fn read_file<T: FromStored>(
    job: Job<'_, T>,
    overflow: &AtomicBool,
    advance: &(impl Fn() + Sync),
    progress: &Progress,
) -> Result<Source, DicomError> {
    progress.check()?;
    let file = job.file;
    let damaged = |reason: String| DicomError::Damaged { path: file.path.clone(), reason };
    let bytes = whole(file)?;
    let mut sha256 = String::with_capacity(64);
    for byte in Sha256::digest(&bytes) {
        let _ = write!(sha256, "{byte:02x}");
    }
    progress.check()?;
    let native = file.layout.native_bytes().saturating_mul(file.frame_count);
    let whole = WholeFile::new(bytes, native.saturating_add(HEADER_BYTES)).map_err(damaged)?;
    let data = whole.data_set();
    let encoding = whole.meta.encoding(data);
    let parsed = dataset::parse(data, Some(data.len()), encoding);
    if let Some(Stop::Broken(why)) = parsed.stop {
        return Err(damaged(why));
    }
    let changed = || DicomError::Changed { path: file.path.clone() };
    let pixel_data = parsed.pixels.ok_or_else(changed)?;
    let same = |tag, value: usize| parsed.data_set.unsigned(tag).is_some_and(|v| v as usize == value);
    if !same(tags::ROWS, file.layout.rows)
        || !same(tags::COLUMNS, file.layout.columns)
        || whole.meta.transfer_syntax != file.transfer_syntax
    {
        return Err(changed());
    }
    if (pixel_data.tag != tags::PIXEL_DATA) != file.floating {
        return Err(changed());
    }
    let rest = data.get(pixel_data.start..).unwrap_or_default();
    let codec = codec_for(&file.transfer_syntax).map_err(|source| pixel_error(file, 0, source))?;
    let frames = Frames::new(
        file,
        codec,
        rest,
        pixel_data.length,
        parsed.data_set.bytes(tags::EXTENDED_OFFSET_TABLE),
        encoding,
    )?;
    let rescale = match job.frames.as_slice() {
        [(_, rescale, _)] if file.lut.is_none() && file.frame_count == 1 && file.mosaic.is_none() => {
            Some(fabrica_volume::Rescale { slope: rescale.slope, intercept: rescale.intercept })
        }
        _ => None,
    };
    let decode = |number: usize, rescale: Rescale, frame: &mut [T]| {
        let bytes = frames.bytes(file, number)?;
        if file.floating {
            return floating(&bytes, encoding, file.layout.bits_allocated, rescale, frame)
                .ok_or_else(|| damaged("its floating-point pixel data is cut short".into()));
        }
        let over = Cell::new(false);
        let map = |stored| T::from_stored(stored, rescale, &over);
        let decoded = match &file.lut {
            None => decode_frame_with(codec, &file.layout, &bytes, frame, map),
            Some(lut) => decode_frame_with(codec, &file.layout, &bytes, frame, |stored| map(lut.value(stored))),
        };
        decoded.map_err(|source| pixel_error(file, number, source))?;
        if over.get() {
            overflow.store(true, Ordering::Relaxed);
        }
        Ok::<(), DicomError>(())
    };
    match file.mosaic {
        None => job.frames.into_par_iter().try_for_each(|(number, rescale, slice)| {
            progress.check()?;
            decode(number, rescale, slice)?;
            advance();
            Ok::<(), DicomError>(())
        })?,
        Some(mosaic) => {
            let mut image = vec![T::default(); file.layout.pixels()];
            let rescale = job.frames.first().map_or(Rescale::IDENTITY, |(_, rescale, _)| *rescale);
            decode(0, rescale, &mut image)?;
            for (tile, _, slice) in job.frames {
                let [top, left] = mosaic.corner(tile);
                for (row, into) in slice.chunks_exact_mut(mosaic.columns).enumerate() {
                    let from = (top + row) * file.layout.columns + left;
                    into.copy_from_slice(image.get(from..from + mosaic.columns).ok_or_else(changed)?);
                }
                advance();
            }
        }
    }
    Ok(Source {
        file_name: file.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256,
        sop_instance_uid: (!file.sop_instance_uid.is_empty()).then(|| file.sop_instance_uid.clone()),
        rescale,
    })
}

/// Floating-point values (PS3.3 C.7.6.24, C.7.6.25); none if there are too few.
fn floating<T: FromStored>(
    bytes: &[u8],
    encoding: dataset::Encoding,
    bits: u16,
    rescale: Rescale,
    out: &mut [T],
) -> Option<()> {
    let big = encoding.big_endian;
    match bits {
        32 => {
            let values = bytes.as_chunks::<4>().0.get(..out.len())?.iter();
            let values = values.map(|b| if big { f32::from_be_bytes(*b) } else { f32::from_le_bytes(*b) });
            out.iter_mut().zip(values).for_each(|(o, v)| *o = T::from_floating(v.into(), rescale));
        }
        _ => {
            let values = bytes.as_chunks::<8>().0.get(..out.len())?.iter();
            let values = values.map(|b| if big { f64::from_be_bytes(*b) } else { f64::from_le_bytes(*b) });
            out.iter_mut().zip(values).for_each(|(o, v)| *o = T::from_floating(v, rescale));
        }
    }
    Some(())
}

fn pixel_error(file: &ImageFile, frame: usize, source: fabrica_dicom_pixels::PixelError) -> DicomError {
    DicomError::Pixels { path: file.path.clone(), frame, source }
}

/// All bytes of a file, if it is still the one that was searched.
fn whole(file: &ImageFile) -> Result<Vec<u8>, DicomError> {
    let io = |source| DicomError::Io { path: file.path.clone(), source };
    let mut handle = File::open(&file.path).map_err(io)?;
    let metadata = handle.metadata().map_err(io)?;
    if metadata.len() != file.length || metadata.modified().ok() != file.modified {
        return Err(DicomError::Changed { path: file.path.clone() });
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(file.length as usize).map_err(|_| DicomError::Memory { bytes: file.length })?;
    handle.by_ref().take(file.length).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 != file.length {
        return Err(DicomError::Changed { path: file.path.clone() });
    }
    Ok(bytes)
}

/// Where the bytes of each frame lie.
enum Frames<'a> {
    Native(&'a [u8]),
    Encapsulated { fragments: Vec<&'a [u8]>, of_frame: Vec<std::ops::Range<usize>> },
}

impl<'a> Frames<'a> {
    fn new(
        file: &ImageFile,
        codec: Codec,
        rest: &'a [u8],
        length: Option<usize>,
        extended: Option<&[u8]>,
        encoding: dataset::Encoding,
    ) -> Result<Self, DicomError> {
        if let Some(length) = length {
            return Ok(Self::Native(rest.get(..length).unwrap_or(rest)));
        }
        let damaged = |reason: String| DicomError::Damaged { path: file.path.clone(), reason };
        let mut fragments = dataset::fragments(rest, encoding).map_err(damaged)?;
        if fragments.is_empty() {
            return Err(damaged("the encapsulated pixel data holds nothing".into()));
        }
        let basic: Vec<u32> = fragments.remove(0).as_chunks().0.iter().map(|b| u32::from_le_bytes(*b)).collect();
        let extended: Vec<u64> =
            extended.unwrap_or_default().as_chunks().0.iter().map(|b| u64::from_le_bytes(*b)).collect();
        let tables = OffsetTables { basic: &basic, extended: &extended };
        let of_frame = frame_fragments(codec, file.frame_count, &fragments, tables)
            .map_err(|source| pixel_error(file, 0, source))?;
        Ok(Self::Encapsulated { fragments, of_frame })
    }

    fn bytes(&self, file: &ImageFile, number: usize) -> Result<std::borrow::Cow<'_, [u8]>, DicomError> {
        match self {
            Self::Native(data) if file.floating => {
                let length = file.layout.native_bytes();
                let start = number.saturating_mul(length);
                Ok(std::borrow::Cow::Borrowed(data.get(start..start.saturating_add(length)).unwrap_or_default()))
            }
            Self::Native(data) => native_frame(&file.layout, data, number)
                .map(std::borrow::Cow::Borrowed)
                .map_err(|source| pixel_error(file, number, source)),
            Self::Encapsulated { fragments, of_frame } => {
                let range = of_frame.get(number).cloned();
                let own = range.and_then(|range| fragments.get(range)).ok_or_else(|| DicomError::Damaged {
                    path: file.path.clone(),
                    reason: format!("there is no pixel data for frame {}", number + 1),
                })?;
                Ok(join_fragments(own))
            }
        }
    }
}
