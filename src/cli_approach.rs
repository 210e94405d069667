//! The command line of `fabrica approach`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `fabrica approach`.
#[derive(Debug, Args)]
pub struct ApproachArgs {
    /// The case.
    #[arg(required_unless_present = "list")]
    pub case: Option<PathBuf>,
    /// Lists the instruments.
    #[arg(long)]
    pub list: bool,
    /// Where to: a point L,P,S in mm, or a structure (its middle).
    #[arg(long, required_unless_present = "list", allow_hyphen_values = true)]
    pub target: Option<String>,
    /// A structure to keep away from, with its limits in mm: NAME, NAME=STOP or NAME=STOP,WARN; as often as needed.
    #[arg(long, required_unless_present = "list")]
    pub avoid: Vec<String>,
    /// A structure that may be crossed, and is told where it is; as often as needed.
    #[arg(long)]
    pub through: Vec<String>,
    /// The structure on whose surface entries lie, such as Skin.
    #[arg(long, required_unless_present_any = ["list", "from"], conflicts_with = "from")]
    pub entry: Option<String>,
    /// One entry instead: a point L,P,S in mm.
    #[arg(long, allow_hyphen_values = true)]
    pub from: Option<String>,
    /// The instrument, by its name in --list.
    #[arg(long, required_unless_present = "list")]
    pub instrument: Option<String>,
    /// A folder with instruments of your own (.toml).
    #[arg(long)]
    pub instruments: Option<PathBuf>,
    /// What makes a way good: a copy of assets/approach/criteria.toml with your own numbers.
    #[arg(long)]
    pub criteria: Option<PathBuf>,
    /// How many entries are looked at.
    #[arg(long, default_value_t = 20_000)]
    pub entries: usize,
    /// How many ways are offered.
    #[arg(long, default_value_t = 10)]
    pub best: usize,
    /// A volume of confidences from 0 to 1 on the patient (NRRD, NIfTI); tissue under --least-confidence counts against a way.
    #[arg(long)]
    pub confidence: Option<PathBuf>,
    /// What counts as certain.
    #[arg(long, default_value_t = 0.8)]
    pub least_confidence: f64,
    /// Writes the map as a table (CSV), a line an entry.
    #[arg(long)]
    pub map: Option<PathBuf>,
    /// Writes everything found as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Writes a report (HTML).
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// Keeps the ways in the plan as trajectories of this name, numbered.
    #[arg(long)]
    pub save: Option<String>,
}
