//! The command line of `fabrica review`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `fabrica review`.
///
/// Without a step it tells where each structure stands, or lists a structure's doubtful regions, the largest expected error
/// first.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// The case.
    pub case: PathBuf,
    /// The structure; all that a network made when left out.
    #[arg(long)]
    pub structure: Option<String>,
    /// What to do.
    #[command(flatten)]
    pub step: ReviewStep,
    /// Why, in the reviewer's words; needed with --reject and --withdraw.
    #[arg(long)]
    pub reason: Option<String>,
    /// With --check: moves the ends to the steepest place of the images within so many millimetres.
    #[arg(long, value_name = "MM", requires = "check")]
    pub snap: Option<f64>,
    /// With --check: by how much both lengths may differ, mm; 1 mm or the voxel's width along the caliper when left out.
    #[arg(long, value_name = "MM", requires = "check")]
    pub tolerance: Option<f64>,
    /// Also lists regions that are decided.
    #[arg(long)]
    pub all: bool,
    /// Who reviews; the user's login name when left out.
    #[arg(long)]
    pub by: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// A step of a review.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct ReviewStep {
    /// The region of this number is right as it is.
    #[arg(long, value_name = "N", requires = "structure")]
    pub accept: Option<u32>,
    /// The region of this number was wrong and has been corrected (`fabrica edit`).
    #[arg(long, value_name = "N", requires = "structure")]
    pub corrected: Option<u32>,
    /// The region of this number is wrong and is still to be corrected.
    #[arg(long, value_name = "N", requires_all = ["structure", "reason"])]
    pub reject: Option<u32>,
    /// Jumps there: puts the plan's crosshair into the region of this number.
    #[arg(long, value_name = "N", requires = "structure")]
    pub goto: Option<u32>,
    /// Checks the size: a caliper with both ends on the structure's border as the original images show it.
    #[arg(long, num_args = 2, value_name = "L,P,S", allow_hyphen_values = true, requires = "structure")]
    pub check: Vec<String>,
    /// Validates the structure as it is now: the reviewer answers for it.
    #[arg(long, requires = "structure")]
    pub validate: bool,
    /// Takes validation back.
    #[arg(long, requires_all = ["structure", "reason"])]
    pub withdraw: bool,
}
