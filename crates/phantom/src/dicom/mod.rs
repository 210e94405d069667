//! Writing slices as DICOM: CT Image Storage (PS3.3 A.3) and Enhanced CT Image Storage (PS3.3 A.38).

mod enhanced;
mod header;
mod single;
mod uid;

use std::path::{Path, PathBuf};

use fabrica_progress::Progress;
use fabrica_volume::Volume;

use crate::random::scatter;
use crate::{ContrastPhase, PhantomError, PhantomOptions, Slices};

/// How the data set is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syntax {
    /// Implicit VR Little Endian.
    ImplicitLittle,
    /// Explicit VR Little Endian.
    #[default]
    ExplicitLittle,
    /// Explicit VR Big Endian (retired).
    ExplicitBig,
}

/// How a Hounsfield unit becomes a stored pixel value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// Signed 16 bit, intercept 0.
    #[default]
    Signed,
    /// Unsigned, 12 of 16 bits, intercept -1024.
    Unsigned12,
}

/// One of several time points of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Which, from 0.
    pub index: u32,
    /// Of how many.
    pub count: u32,
}

/// How a series is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DicomOptions {
    /// Chooses the UIDs, together with the series number, geometry and values. Take the phantom's.
    pub seed: u64,
    /// Series Number. Calls with the same seed and number write into the same series.
    pub series_number: u32,
    /// Series Description; `SYNTHETIC` is put before it where it is not in it.
    pub description: String,
    /// Encoding.
    pub syntax: Syntax,
    /// Pixel representation.
    pub storage: Storage,
    /// File names in no order instead of in slice order.
    pub shuffled_names: bool,
    /// Instance numbers (and names) run from the last slice to the first.
    pub reversed: bool,
    /// Slices that are not written, by their number.
    pub missing: Vec<usize>,
    /// The time point, where the series has several. Write each by a call of its own.
    pub phase: Option<Phase>,
    /// One Enhanced CT file instead of one file a slice.
    pub enhanced: bool,
    /// Contrast/Bolus Agent; empty for none.
    pub contrast_agent: String,
}

impl DicomOptions {
    /// Series 1 of a patient, explicit little endian, signed, with the patient's seed and contrast phase.
    pub fn new(patient: &PhantomOptions) -> Self {
        let contrast_agent = match patient.contrast {
            ContrastPhase::Native => String::new(),
            phase => format!("SYNTHETIC iodine, {}", phase.name()),
        };
        Self {
            seed: patient.seed,
            series_number: 1,
            description: format!("SYNTHETIC phantom, {}", patient.contrast.name()),
            contrast_agent,
            ..Self::default()
        }
    }
}

/// Writes a simulated CT volume as DICOM files into a folder, which is made if need be. Returns the files' paths, in
/// slice order.
///
/// # Errors
/// When the volume is not simulated, not int16 or not in Hounsfield units, a value does not fit the storage, a file
/// exists already, a disk error occurs or the user cancels. The files written until then are removed.
pub fn write_dicom(
    volume: &Volume,
    folder: &Path,
    options: &DicomOptions,
    progress: &Progress,
) -> Result<Vec<PathBuf>, PhantomError> {
    write_dicom_slices(&Slices::of_volume(volume)?, folder, options, progress)
}

/// As [`write_dicom`], for slices on any planes.
///
/// # Errors
/// As [`write_dicom`].
pub fn write_dicom_slices(
    slices: &Slices,
    folder: &Path,
    options: &DicomOptions,
    progress: &Progress,
) -> Result<Vec<PathBuf>, PhantomError> {
    if !slices.provenance.simulated {
        return Err(PhantomError::NotCt(
            "the volume is not marked as simulated, and only simulated data is written".into(),
        ));
    }
    header::check(slices, options)?;
    progress.stage("writing DICOM");
    let made_folder = !folder.exists();
    std::fs::create_dir_all(folder).map_err(|source| PhantomError::Io { path: folder.into(), source })?;
    let mut written = Vec::new();
    let result = if options.enhanced {
        enhanced::write(slices, folder, options, &mut written)
    } else {
        single::write(slices, folder, options, progress, &mut written)
    };
    if let Err(error) = result {
        // The first error is the one to tell; what cannot be removed stays.
        for path in &written {
            let _ = std::fs::remove_file(path);
        }
        if made_folder {
            let _ = std::fs::remove_dir(folder);
        }
        return Err(error);
    }
    Ok(written)
}

/// Slice numbers that are written, in slice order.
fn kept(slices: &Slices, options: &DicomOptions) -> Vec<usize> {
    (0..slices.planes.len()).filter(|n| !options.missing.contains(n)).collect()
}

/// File names: slice order, or hash order that sorts otherwise.
fn file_name(options: &DicomOptions, number: usize) -> String {
    let phase = options.phase.map_or(String::new(), |p| format!("_T{:02}", p.index));
    if options.shuffled_names {
        let key = scatter(options.seed ^ (u64::from(options.series_number) << 40) ^ scatter(number as u64));
        format!("{:08X}{phase}_{number:04}.dcm", key as u32)
    } else {
        format!("S{:03}{phase}_{number:04}.dcm", options.series_number)
    }
}
