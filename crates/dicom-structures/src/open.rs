//! Opening a file of structures: read whole, inflated where it was deflated, walked, and only then made an object.

use std::io::{Cursor, Read};
use std::path::Path;

use dicom_dictionary_std::{tags, uids};
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_object::{DefaultDicomObject, FileMetaTable, InMemDicomObject};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use flate2::read::DeflateDecoder;

use crate::Problem;
use crate::attributes::text;
use crate::nesting::check_nesting;

/// Most bytes of a deflated data set: more than any segmentation has.
const MOST: u64 = 4 << 30;
/// Deflate cannot compress more than this (zlib's technical details).
const MOST_DEFLATED: u64 = 1032;

/// Opens a DICOM file of one of the SOP classes that `wanted` names.
///
/// Some damage makes `dicom-parser` panic in spite of the walk before it; that is an error like any other here.
pub(crate) fn open(path: &Path, classes: &[&str], wanted: &'static str) -> Result<DefaultDicomObject, Problem> {
    let read = || std::fs::read(path).map_err(|e| Problem::Dicom(chain(&e))).and_then(object);
    let object = std::panic::catch_unwind(read)
        .unwrap_or_else(|_| Err(Problem::Dicom("its elements are damaged beyond what the parser can read".into())))?;
    let class = text(&object, tags::SOP_CLASS_UID).unwrap_or_default();
    if !classes.contains(&class.as_str()) {
        return Err(Problem::WrongKind { wanted, found: format!("SOP class {class}") });
    }
    Ok(object)
}

fn object(bytes: Vec<u8>) -> Result<DefaultDicomObject, Problem> {
    // With its preamble of 128 bytes, or without (PS3.10 7.1).
    let at = match () {
        () if bytes.get(128..132) == Some(b"DICM") => 128,
        () if bytes.starts_with(b"DICM") => 0,
        () => return Err(Problem::Dicom("it does not have DICOM's mark `DICM`".into())),
    };
    let mut file = Cursor::new(bytes);
    file.set_position(at);
    let meta = FileMetaTable::from_reader(&mut file).map_err(|e| Problem::Dicom(chain(&e)))?;
    let start = file.position() as usize;
    let mut bytes = file.into_inner();
    let mut uid = meta.transfer_syntax();
    if uid == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN {
        bytes = inflate(bytes.get(start..).unwrap_or_default())?;
        uid = uids::EXPLICIT_VR_LITTLE_ENDIAN;
    } else {
        bytes.drain(..start.min(bytes.len()));
    }
    let syntax = TransferSyntaxRegistry
        .get(uid)
        .filter(|syntax| syntax.can_decode_dataset())
        .ok_or_else(|| Problem::Unsupported(format!("the transfer syntax {uid} is not read")))?;
    check_nesting(&bytes, syntax)?;
    let object =
        InMemDicomObject::read_dataset_with_ts(bytes.as_slice(), syntax).map_err(|e| Problem::Dicom(chain(&e)))?;
    Ok(object.with_exact_meta(meta))
}

fn inflate(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let most = MOST.min(MOST_DEFLATED.saturating_mul(bytes.len() as u64));
    let mut inflated = Vec::new();
    DeflateDecoder::new(bytes)
        .take(most)
        .read_to_end(&mut inflated)
        .map_err(|e| Problem::Dicom(format!("the deflated data set is damaged: {e}")))?;
    Ok(inflated)
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
