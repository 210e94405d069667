//! Opening a file that may be DICOM, and reading its header or all of it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use dicom_dictionary_std::{tags, uids};
use flate2::{Decompress, FlushDecompress};

use crate::dataset::{self, Encoding, Parsed, Stop};

/// Explicit VR Big Endian, retired but still found.
pub(crate) const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// Longest header (everything before the pixel data) that is read.
const MAX_HEADER: usize = 64 << 20;
/// Bytes read first; most headers fit.
const FIRST_READ: usize = 16 << 10;
/// Deflate cannot compress more than this (zlib's technical details).
const MAX_DEFLATE: usize = 1032;

/// The file meta information and where the data set begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meta {
    /// Transfer Syntax UID; without meta information, the one that the data set looks like.
    pub(crate) transfer_syntax: String,
    pub(crate) sop_class_uid: Option<String>,
    pub(crate) sop_instance_uid: Option<String>,
    /// Byte at which the data set begins.
    pub(crate) data_set_start: usize,
    /// Whether the file says that it is DICOM; else it only looks like it.
    pub(crate) certain: bool,
}

/// Why a file's header cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Reject {
    /// It is something else.
    #[error("not a DICOM file")]
    Foreign,
    /// It is an archive, which may hold anything.
    #[error("a zip archive, which is not looked into; unpack it first")]
    Archive,
    /// It is or may have been DICOM.
    #[error("{0}")]
    Damaged(String),
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

impl Meta {
    pub(crate) fn is_deflated(&self) -> bool {
        self.transfer_syntax == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    }

    /// How the elements of the data set are coded.
    pub(crate) fn encoding(&self, data_set: &[u8]) -> Encoding {
        let stated = match self.transfer_syntax.as_str() {
            uids::IMPLICIT_VR_LITTLE_ENDIAN => Encoding::IMPLICIT,
            BIG_ENDIAN => Encoding::BIG_ENDIAN,
            _ => Encoding::EXPLICIT,
        };
        stated.corrected(data_set)
    }

    /// Reads the meta information from a file's first bytes.
    fn read(start: &[u8], file_length: usize) -> Result<Self, MetaStop> {
        let meta_start = if start.get(128..132) == Some(b"DICM") {
            132
        } else if start.get(..4) == Some(&[2, 0, 0, 0]) || start.get(..4) == Some(&[2, 0, 1, 0]) {
            0
        } else {
            return Self::guess(start).ok_or(MetaStop::Foreign);
        };
        let (meta, length, stop) =
            dataset::parse_meta(start.get(meta_start..).unwrap_or_default(), file_length - meta_start);
        match stop {
            Some(Stop::NeedsBytes(n)) => return Err(MetaStop::NeedsBytes(meta_start + n)),
            Some(Stop::Broken(why)) => return Err(MetaStop::Broken(why)),
            None => {}
        }
        let data_set_start = meta_start + length;
        let transfer_syntax = match meta.ascii(tags::TRANSFER_SYNTAX_UID) {
            Some(uid) => uid,
            None => match start.get(data_set_start..).and_then(Self::guess) {
                Some(guess) => guess.transfer_syntax,
                None => return Err(MetaStop::Broken("the file meta information names no transfer syntax".into())),
            },
        };
        Ok(Self {
            transfer_syntax,
            sop_class_uid: meta.ascii(tags::MEDIA_STORAGE_SOP_CLASS_UID),
            sop_instance_uid: meta.ascii(tags::MEDIA_STORAGE_SOP_INSTANCE_UID),
            data_set_start,
            certain: true,
        })
    }

    /// A data set without meta information begins with group 0008; its first bytes tell how it is coded.
    fn guess(start: &[u8]) -> Option<Self> {
        let head: [u8; 8] = start.get(..8)?.try_into().ok()?;
        let explicit = dataset::is_vr([head[4], head[5]]);
        let transfer_syntax = match (head[0], head[1], explicit) {
            (8, 0, true) => uids::EXPLICIT_VR_LITTLE_ENDIAN,
            (0, 8, true) => BIG_ENDIAN,
            (8, 0, false) if u32::from_le_bytes([head[4], head[5], head[6], head[7]]) < 1 << 16 => {
                uids::IMPLICIT_VR_LITTLE_ENDIAN
            }
            _ => return None,
        };
        Some(Self { transfer_syntax: transfer_syntax.into(), ..Self::default() })
    }
}

enum MetaStop {
    Foreign,
    NeedsBytes(usize),
    Broken(String),
}

impl MetaStop {
    fn reject(self) -> Reject {
        match self {
            Self::Foreign => Reject::Foreign,
            Self::NeedsBytes(_) => Reject::Damaged("the DICOM file is cut off within its first bytes".into()),
            Self::Broken(why) => Reject::Damaged(why),
        }
    }
}

/// The header of a DICOM file.
pub(crate) struct Header<'a> {
    pub(crate) meta: Meta,
    pub(crate) parsed: Parsed<'a>,
    /// Bytes of the whole file.
    pub(crate) file_length: u64,
}

/// Reads a file's header, no further than its pixel data, and hands it to `use_it`.
pub(crate) fn with_header<R>(path: &Path, use_it: impl FnOnce(Header<'_>) -> R) -> Result<R, Reject> {
    let mut file = File::open(path)?;
    let file_length = file.metadata()?.len();
    if file_length == 0 {
        return Err(Reject::Damaged("the file is empty".into()));
    }
    let total = usize::try_from(file_length).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    read_up_to(&mut file, &mut bytes, FIRST_READ)?;
    // Room was made for a copy that never came, or the copy ended within the preamble.
    if bytes.iter().all(|b| *b == 0) {
        return Err(Reject::Damaged("the file begins with nothing but zeros".into()));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(Reject::Archive);
    }
    let meta = loop {
        match Meta::read(&bytes, total.max(bytes.len())) {
            Ok(meta) => break meta,
            Err(MetaStop::NeedsBytes(n)) if n <= MAX_HEADER => {
                let before = bytes.len();
                read_up_to(&mut file, &mut bytes, n + FIRST_READ)?;
                if bytes.len() == before {
                    return Err(MetaStop::NeedsBytes(n).reject());
                }
            }
            Err(stop) => return Err(stop.reject()),
        }
    };
    if meta.is_deflated() {
        let mut data_set = Vec::new();
        let mut source = Inflate::new(file, bytes.split_off(meta.data_set_start.min(bytes.len())));
        return grow(&mut source, &mut data_set, None, meta, file_length, use_it);
    }
    let mut data_set = bytes.split_off(meta.data_set_start.min(bytes.len()));
    let rest = total.saturating_sub(meta.data_set_start);
    grow(&mut file, &mut data_set, Some(rest), meta, file_length, use_it)
}

/// Parses, and reads more as often as the parser asks for it.
fn grow<R>(
    source: &mut impl Read,
    data_set: &mut Vec<u8>,
    total: Option<usize>,
    meta: Meta,
    file_length: u64,
    use_it: impl FnOnce(Header<'_>) -> R,
) -> Result<R, Reject> {
    if data_set.is_empty() {
        read_up_to(source, data_set, FIRST_READ)?;
    }
    let mut ended = false;
    loop {
        let encoding = meta.encoding(data_set);
        let known_total = if ended { Some(data_set.len()) } else { total };
        let needed = match dataset::parse(data_set, known_total, encoding).stop {
            Some(Stop::NeedsBytes(n)) if n <= MAX_HEADER && !ended => n,
            _ => break,
        };
        let before = data_set.len();
        let wanted = needed.max(before.saturating_mul(4)).min(MAX_HEADER);
        ended = match read_up_to(source, data_set, wanted) {
            Ok(()) => data_set.len() < wanted,
            Err(e) if e.kind() == ErrorKind::InvalidData => true,
            Err(e) => return Err(e.into()),
        };
    }
    let encoding = meta.encoding(data_set);
    let known_total = if ended { Some(data_set.len()) } else { total };
    let mut parsed = dataset::parse(data_set, known_total, encoding);
    if let Some(Stop::NeedsBytes(n)) = parsed.stop {
        parsed.stop = Some(Stop::Broken(format!(
            "the header claims {n} bytes, more than the {MAX_HEADER} that a header may have"
        )));
    }
    if !meta.certain && !looks_like_dicom(&parsed) {
        // Cut off before it could say more?
        return Err(match parsed.stop {
            Some(Stop::Broken(why)) => Reject::Damaged(why),
            _ => Reject::Foreign,
        });
    }
    Ok(use_it(Header { meta, parsed, file_length }))
}

fn looks_like_dicom(parsed: &Parsed<'_>) -> bool {
    let known = [tags::SOP_CLASS_UID, tags::SOP_INSTANCE_UID, tags::MODALITY, tags::STUDY_INSTANCE_UID];
    known.iter().filter(|tag| parsed.data_set.bytes(**tag).is_some()).count() >= 2
}

/// Appends until `bytes` has `length` bytes or the source ends.
fn read_up_to(source: &mut impl Read, bytes: &mut Vec<u8>, length: usize) -> std::io::Result<()> {
    let missing = length.saturating_sub(bytes.len());
    source.take(missing as u64).read_to_end(bytes)?;
    Ok(())
}

/// A whole file in memory.
pub(crate) struct WholeFile {
    pub(crate) meta: Meta,
    /// The data set, inflated where it was deflated, with `start` the byte at which it begins.
    bytes: Vec<u8>,
    start: usize,
}

impl WholeFile {
    /// From all bytes of a file. Inflates a deflated data set to at most `most` bytes.
    pub(crate) fn new(bytes: Vec<u8>, most: usize) -> Result<Self, String> {
        let meta = Meta::read(&bytes, bytes.len()).map_err(|stop| stop.reject().to_string())?;
        let start = meta.data_set_start;
        if !meta.is_deflated() {
            return Ok(Self { meta, bytes, start });
        }
        let deflated = bytes.get(start..).unwrap_or_default();
        let most = most.min(deflated.len().saturating_mul(MAX_DEFLATE));
        let mut data_set = Vec::new();
        let mut source = Inflate::new(std::io::empty(), deflated.to_vec());
        read_up_to(&mut source, &mut data_set, most).map_err(|e| format!("the deflated data set is damaged: {e}"))?;
        Ok(Self { meta, bytes: data_set, start: 0 })
    }

    /// The bytes of the data set.
    pub(crate) fn data_set(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

/// Inflates what it reads: first from `head`, then from `rest`.
struct Inflate<R> {
    rest: R,
    head: Vec<u8>,
    at: usize,
    inflate: Decompress,
    finished: bool,
}

impl<R: Read> Inflate<R> {
    fn new(rest: R, head: Vec<u8>) -> Self {
        Self { rest, head, at: 0, inflate: Decompress::new(false), finished: false }
    }
}

impl<R: Read> Read for Inflate<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while !self.finished && !out.is_empty() {
            if self.at == self.head.len() {
                self.head.resize(64 << 10, 0);
                let n = self.rest.read(&mut self.head)?;
                self.head.truncate(n);
                self.at = 0;
            }
            let (read_before, made_before) = (self.inflate.total_in(), self.inflate.total_out());
            let input = self.head.get(self.at..).unwrap_or_default();
            let at_end = input.is_empty();
            let status = self
                .inflate
                .decompress(input, out, FlushDecompress::None)
                .map_err(|e| std::io::Error::new(ErrorKind::InvalidData, e))?;
            let read = (self.inflate.total_in() - read_before) as usize;
            let made = (self.inflate.total_out() - made_before) as usize;
            self.at += read;
            self.finished = status == flate2::Status::StreamEnd || at_end && made == 0;
            if made > 0 {
                return Ok(made);
            }
        }
        Ok(0)
    }
}
