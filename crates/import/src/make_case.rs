//! A case from a scan.

use std::path::Path;

use fabrica_case::Case;
use fabrica_plan::Author;
use fabrica_progress::Progress;

use crate::{Found, FoundScan, ImportError, ReadOptions, read_structures, read_volume};

/// A case that was made.
#[derive(Debug)]
pub struct Made {
    /// The case, open for changes.
    pub case: Case,
    /// What could not be brought along, in words.
    pub notes: Vec<String>,
}

/// Makes a case of some phases (from 0) of a scan, one volume each, and of the structures that belong to it. One phase
/// is in memory at a time.
///
/// # Errors
/// When the folder is taken, a phase cannot be read under the options, the case cannot be saved, or the user cancels.
/// The folder appears when the case is whole, not before.
pub fn make_case(
    folder: &Path,
    found: &Found,
    scan: &FoundScan,
    phases: &[usize],
    with_structures: bool,
    options: ReadOptions,
    by: &Author,
    progress: &Progress,
) -> Result<Made, ImportError> {
    let (&first, rest) = phases.split_first().ok_or(ImportError::NoPhase)?;
    let volume = read_volume(scan, first, options, progress)?;
    let (structures, notes) =
        if with_structures { read_structures(found, &volume, progress)? } else { Default::default() };
    let case = Case::create_with(folder, by, |case| -> Result<(), ImportError> {
        let id = case.add_volume(&volume, by, progress)?;
        drop(volume);
        for structure in &structures {
            case.add_structure(&id, structure, by, progress)?;
        }
        for &phase in rest {
            case.add_volume(&read_volume(scan, phase, options, progress)?, by, progress)?;
        }
        Ok(progress.check()?)
    })?;
    Ok(Made { case, notes })
}
