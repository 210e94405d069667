//! From files of any kind to a case: finds scans, reads one, and brings its structures.
//!
//! [`find`] looks through files and folders and lists what can be read ([`FoundScan`]); [`read_volume`] reads one phase of one;
//! [`read_structures`] brings the segmentations and structure sets that belong to it; [`make_case`] does all of that into a
//! new case. Command line and window both go this way.

mod error;
mod find;
mod lattice;
mod make_case;
mod structures;

pub use error::ImportError;
pub use find::{Found, FoundScan, PassedOver, PhaseInfo, find};
pub use make_case::{Made, make_case};
pub use structures::{FoundStructures, read_structures};

use fabrica_dicom::{LoadOptions, SpacingPolicy, TiltPolicy};
use fabrica_progress::Progress;
use fabrica_volume::{Modality, ValueUnit, Volume};

use find::Source;

/// The user's decisions about reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Resample slices that a tilted gantry has sheared, with a geometry warning; refuse them otherwise.
    pub resample_tilt: bool,
    /// Resample unevenly spaced or missing slices, with a geometry warning; refuse them otherwise.
    pub resample_spacing: bool,
    /// Take the values of a NIfTI or NRRD file, which does not say what they are, as CT in Hounsfield units. Only the
    /// user can know that.
    pub declare_ct: bool,
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
        Source::File(path, _) => {
            let mut volume = fabrica_formats::read(path, phase, progress)?;
            if options.declare_ct && volume.unit == ValueUnit::Arbitrary && volume.provenance.modality.0.is_empty() {
                volume.unit = ValueUnit::Hounsfield;
                volume.provenance.modality = Modality::ct();
                volume.provenance.steps.push("declared by the user to be CT in Hounsfield units".into());
            }
            Ok(volume)
        }
    }
}
