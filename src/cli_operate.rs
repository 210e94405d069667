//! The command lines of `fabrica resect` and `fabrica implant`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `fabrica resect`. Points are L,P,S in patient millimetres.
#[derive(Debug, Args)]
pub struct ResectArgs {
    /// The case.
    pub case: PathBuf,
    /// The structure of which a part is taken out.
    #[arg(long, short)]
    pub structure: String,
    /// The name of the piece: a structure of the case from then on, to be shown, held and printed.
    #[arg(long, default_value = "piece")]
    pub name: String,
    /// How.
    #[command(flatten)]
    pub how: ResectHow,
    /// Across, mm: of the window or the burr.
    #[arg(long)]
    pub diameter: Option<f64>,
    /// The line of sight, with --outline.
    #[arg(long, value_name = "L,P,S", allow_hyphen_values = true)]
    pub along: Option<String>,
    /// The tumour from which margins are measured.
    #[arg(long)]
    pub tumour: Option<String>,
    /// Who does it; the user's login name when left out.
    #[arg(long)]
    pub by: Option<String>,
    /// Says what would come of it, and changes nothing.
    #[arg(long = "try")]
    pub try_out: bool,
    /// Prints what came of it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// How a part is taken out.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct ResectHow {
    /// A burr hole or round window: two points, from outside to within.
    #[arg(long, num_args = 2, value_name = "L,P,S", allow_hyphen_values = true)]
    pub window: Vec<String>,
    /// What a round burr removes that moves from point to point: once for each.
    #[arg(long, value_name = "L,P,S", allow_hyphen_values = true)]
    pub drill: Vec<String>,
    /// All on the side of a plane that its normal points to; of several, what lies beyond each of them.
    #[arg(long, value_name = "L,P,S:NL,NP,NS", allow_hyphen_values = true)]
    pub beyond: Vec<String>,
    /// A corner of an outline, once for each: what lies within, as seen along --along.
    #[arg(long, value_name = "L,P,S", allow_hyphen_values = true, requires = "along")]
    pub outline: Vec<String>,
    /// The tumour and all within this of it, mm.
    #[arg(long, value_name = "MM", requires = "tumour")]
    pub margin: Option<f64>,
    /// Puts the piece back where it was.
    #[arg(long)]
    pub put_back: bool,
}

/// Arguments of `fabrica implant`.
#[derive(Debug, Args)]
pub struct ImplantArgs {
    /// The case.
    pub case: PathBuf,
    /// Which kind.
    #[command(subcommand)]
    pub kind: ImplantKindArgs,
}

/// Which implant.
#[derive(Debug, Subcommand)]
pub enum ImplantKindArgs {
    /// The screws of a catalogue that stay within bone along a path, the thickest first.
    Screw {
        /// The bone.
        #[arg(long)]
        bone: String,
        /// Where it enters the bone.
        #[arg(long, value_name = "L,P,S", allow_hyphen_values = true)]
        entry: String,
        /// Where it points.
        #[arg(long, value_name = "L,P,S", allow_hyphen_values = true)]
        target: String,
        /// Another catalogue (.toml) than the built-in one.
        #[arg(long)]
        catalogue: Option<PathBuf>,
        /// Keeps the best in the plan under this name.
        #[arg(long)]
        save: Option<String>,
    },
    /// The stents or valves of a catalogue that fit a vessel between two places of its centreline.
    Tube {
        /// The vessel.
        #[arg(long)]
        vessel: String,
        /// Where the landing zones begin: two points near the centreline.
        #[arg(long, num_args = 2, value_name = "L,P,S", allow_hyphen_values = true)]
        between: Vec<String>,
        /// How long each landing zone is, mm, from the points inwards.
        #[arg(long, default_value_t = 20.0)]
        landing: f64,
        /// Which branch of the centreline, from 1; 1 is the main one.
        #[arg(long, default_value_t = 1)]
        branch: usize,
        /// Where the centreline starts.
        #[arg(long, value_name = "L,P,S", allow_hyphen_values = true)]
        from: Option<String>,
        /// A built-in catalogue by its name, or a file (.toml).
        #[arg(long, default_value = "thoracic aortic stents")]
        catalogue: String,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// A patient-specific implant for a hole in the skull, from the sound side.
    Cranial {
        /// The skull, with its hole.
        #[arg(long)]
        skull: String,
        /// Where the hole is: a structure that fills it, such as the piece that was taken out.
        #[arg(long)]
        hole: String,
        /// How far around that structure the implant may reach, mm.
        #[arg(long, default_value_t = 2.0)]
        around: f64,
        /// Between implant and bone all around, mm.
        #[arg(long, default_value_t = 0.5)]
        gap: f64,
        /// Over how much its edges are rounded, mm.
        #[arg(long, default_value_t = 1.0)]
        rounding: f64,
        /// Its name in the case: a structure from then on, which `fabrica print` makes a model of.
        #[arg(long, default_value = "cranial implant")]
        name: String,
        /// Writes its surface too (STL, OBJ or PLY).
        #[arg(long)]
        out: Option<PathBuf>,
        /// Prints what came of it as JSON.
        #[arg(long)]
        json: bool,
    },
}
