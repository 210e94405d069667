//! Telling formats apart by their content.

use std::path::Path;

use crate::input::Input;
use crate::{Problem, nifti, nrrd};

/// A family of formats, each with its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Nifti,
    Nrrd,
    InVesalius,
}

/// Enough for every signature; that of tar lies at 257.
const PEEK: usize = 512;

pub(crate) fn family(path: &Path) -> Result<Family, Problem> {
    if path.is_dir() {
        return Err(Problem::UnknownFormat("it is a folder".into()));
    }
    let start = Input::open(path)?.read_some(PEEK)?;
    if start.starts_with(nrrd::MAGIC) {
        return Ok(Family::Nrrd);
    }
    if start.get(257..262) == Some(b"ustar") {
        return Ok(Family::InVesalius);
    }
    if let Some(first) = start.first_chunk()
        && nifti::header_size(*first).is_ok()
    {
        return Ok(Family::Nifti);
    }
    Err(Problem::UnknownFormat(match start.len() {
        0 => "it is empty".into(),
        _ if start.get(128..132) == Some(b"DICM") => "it is DICOM; import its folder".into(),
        _ => "its first bytes are none of theirs".into(),
    }))
}
