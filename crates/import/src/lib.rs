//! From files of any kind to a case: finds scans, reads one, and brings its structures.
//!
//! [`find`] looks through files and folders and lists what can be read ([`FoundScan`]); [`read_volume`] reads one phase of one;
//! [`read_structures`] brings the segmentations and structure sets that belong to it; [`make_case`] does all of that into a
//! new case. Command line and window both go this way.

mod error;
mod find;
mod make_case;
mod structures;

pub use error::ImportError;
pub use find::{Found, FoundScan, PassedOver, PhaseInfo, find};
pub use make_case::{Made, make_case};
pub use structures::{FoundStructures, read_structures};

use fabrica_dicom::{LoadOptions, SpacingPolicy, TiltPolicy};
use fabrica_progress::Progress;
use fabrica_volume::Volume;

use find::Source;

/// The user's decisions about reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Resample slices that a tilted gantry has sheared, with a geometry warning; refuse them otherwise.
    pub resample_tilt: bool,
    /// Resample unevenly spaced or missing slices, with a geometry warning; refuse them otherwise.
    pub resample_spacing: bool,
}

/// Reads one phase (from 0) of a scan.
///
/// # Errors
/// When the scan has no such phase, it would need resampling that the options forbid, a file is damaged, or the user
/// cancels.
pub fn read_volume(
    scan: &FoundScan,
    phase: usize,
    options: ReadOptions,
    progress: &Progress,
) -> Result<Volume, ImportError> {
    match &scan.source {
        Source::Dicom(series) => {
            let options = LoadOptions {
                tilt: if options.resample_tilt { TiltPolicy::Resample } else { TiltPolicy::Refuse },
                spacing: if options.resample_spacing { SpacingPolicy::Resample } else { SpacingPolicy::Refuse },
            };
            Ok(fabrica_dicom::load(series, phase, &options, progress)?)
        }
        Source::File(path, _) => Ok(fabrica_formats::read(path, phase, progress)?),
    }
}
