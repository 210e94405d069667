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
/// When the folder is taken, a phase cannot be read under the options, the case cannot be saved, or the user cancels. A
/// case that is not whole is not left behind.
#[expect(clippy::too_many_arguments, reason = "each is a decision of the user's, and no two go together")]
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
    let mut case = Case::create(folder, &volume, by, progress)?;
    drop(volume);
    let filled = fill(&mut case, scan, rest, &structures, options, by, progress);
    if let Err(error) = filled {
        drop(case);
        // It was made a moment ago, by us, in a folder that did not exist.
        std::fs::remove_dir_all(folder).map_err(|source| ImportError::Path { path: folder.into(), source })?;
        return Err(error);
    }
    Ok(Made { case, notes })
}

fn fill(
    case: &mut Case,
    scan: &FoundScan,
    phases: &[usize],
    structures: &[fabrica_volume::Structure],
    options: ReadOptions,
    by: &Author,
    progress: &Progress,
) -> Result<(), ImportError> {
    let on = case.volumes().first().map(|v| v.id.clone()).unwrap_or_default();
    for structure in structures {
        case.add_structure(&on, structure, by, progress)?;
    }
    for &phase in phases {
        case.add_volume(&read_volume(scan, phase, options, progress)?, by, progress)?;
    }
    Ok(())
}
