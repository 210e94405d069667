//! Why something of the review cannot be done.

use std::path::PathBuf;

use fabrica_case::CaseError;
use fabrica_geometry::Mm;
use fabrica_plan::PlanError;
use fabrica_progress::Cancelled;
use fabrica_segment::SegmentError;
use fabrica_volume::MaskError;

/// Why something of the review cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// The case refuses.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The plan refuses.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Masks do not go together.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// Voxels cannot be worked on.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A number is out of its range.
    #[error("{what} is {value}; it must be {allowed}")]
    Range {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it may be, in words.
        allowed: &'static str,
    },
    /// The evidence does not lie on the structure's grid.
    #[error("the confidence has {found} values, the structure's grid {voxels} voxels; they do not belong together")]
    Length {
        /// Values given.
        found: usize,
        /// Voxels of the grid.
        voxels: usize,
    },
    /// Nothing can be fitted to so few regions.
    #[error("{found} held-out regions are too few to calibrate with; {least} are needed")]
    TooFew {
        /// How many were given.
        found: usize,
        /// How many are needed.
        least: usize,
    },
    /// The regions do not determine a calibration.
    #[error("no calibration can be fitted: {0}")]
    NoFit(String),
    /// A calibration file cannot be used.
    #[error("{}: {what}", path.display())]
    Calibration {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A network's structure without its list of doubtful regions.
    #[error(
        "the list of doubtful regions of \"{0}\" is not in the case: it was made by an older version, or of structures \
         that a network made. Separate it again with `fabrica segment --model FOLDER --replace`"
    )]
    NoList(String),
    /// No network made it, so there is nothing to decide region by region.
    #[error(
        "\"{0}\" was not made by a network: it has no list of doubtful regions. Check its size with --check and validate it with --validate"
    )]
    NotByNetwork(String),
    /// There is no such region.
    #[error("the list of \"{structure}\" has no region {number}; it has {held}")]
    NoRegion {
        /// The structure.
        structure: String,
        /// The region asked for.
        number: u32,
        /// How many there are.
        held: usize,
    },
    /// Nobody has corrected anything there.
    #[error(
        "nothing was edited in region {number} of \"{structure}\" since the network made it: edit it first (`fabrica edit`), or accept it"
    )]
    NotCorrected {
        /// The structure.
        structure: String,
        /// The region.
        number: u32,
    },
    /// A caliper that is too short to check anything.
    #[error("the caliper is {length} long; set its ends at least {least} apart, on opposite borders of the structure")]
    ShortCaliper {
        /// Its length.
        length: Mm,
        /// The least that makes sense.
        least: Mm,
    },
    /// An end of a caliper is nowhere near the structure's border.
    #[error(
        "the {which} end of the caliper lies more than {reach} from the border of \"{structure}\" along the caliper: it was not set on this structure, or the structure is wrong there"
    )]
    CaliperOff {
        /// The structure.
        structure: String,
        /// `first` or `second`.
        which: &'static str,
        /// How far a border was looked for.
        reach: Mm,
    },
    /// A step was skipped.
    #[error("\"{structure}\" cannot be validated: {}", missing.join("; "))]
    Missing {
        /// The structure.
        structure: String,
        /// What is missing.
        missing: Vec<String>,
    },
    /// A result would be made of what is not validated.
    #[error(
        "made by a network and not validated, so no result may be made of it:{}\nReview it: `fabrica review CASE --structure NAME`. \
         To go on all the same, which is recorded and written into the file: --override-unvalidated \"REASON\"",
        lines(.0)
    )]
    NotValidated(Vec<(String, Vec<String>)>),
}

fn lines(all: &[(String, Vec<String>)]) -> String {
    all.iter().map(|(name, missing)| format!("\n  \"{name}\": {}", missing.join("; "))).collect()
}
