//! The command line of `fabrica edit`, `fabrica merge` and `fabrica replay`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Arguments of `fabrica edit`.
#[derive(Debug, Args)]
pub struct EditArgs {
    /// The case.
    pub case: PathBuf,
    /// A file of edits, a line each: the words that would stand here after the case, or an operation of the plan as
    /// JSON; # begins a remark.
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// Who edits; the user's login name when left out.
    #[arg(long)]
    pub by: Option<String>,
    /// Says what would change, and changes nothing.
    #[arg(long = "try")]
    pub try_out: bool,
    /// One edit.
    #[command(flatten)]
    pub edit: EditWords,
}

/// A line of a script.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
pub struct EditLine {
    /// One edit.
    #[command(flatten)]
    pub edit: EditWords,
}

/// One edit: which structure, where, and what is done.
#[derive(Debug, Args)]
pub struct EditWords {
    /// The structure.
    #[arg(long, short)]
    pub structure: Option<String>,
    /// Only within one of these structures.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "outside")]
    pub inside: Vec<String>,
    /// Only outside of these structures.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub outside: Vec<String>,
    /// Only where the scan has these values.
    #[arg(long, value_name = "LOWER..UPPER", allow_hyphen_values = true)]
    pub values: Option<String>,
    /// Which other structures lose what this one gains.
    #[arg(long, value_enum, default_value = "none")]
    pub overwrite: Overwriting,
    /// What is done.
    #[command(subcommand)]
    pub tool: Option<EditTool>,
}

/// Which other structures are overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Overwriting {
    /// None: structures may overlap.
    None,
    /// Those that are visible and not locked.
    Visible,
    /// All that are not locked.
    All,
}

/// Slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Slice {
    /// Across the body's long axis.
    Axial,
    /// Across front to back.
    Coronal,
    /// Across right to left.
    Sagittal,
}

/// What is done. Points are L,P,S in patient millimetres.
#[derive(Debug, Subcommand)]
pub enum EditTool {
    /// Makes an empty structure to draw.
    Create {
        /// The volume on whose grid it lies; the first when left out.
        #[arg(long)]
        volume: Option<String>,
    },
    /// A ball, moved through points.
    Brush {
        /// A point; once for each.
        #[arg(long = "at", required = true, value_name = "L,P,S", allow_hyphen_values = true)]
        points: Vec<String>,
        /// Its radius, mm.
        #[arg(long)]
        radius: f64,
        /// Takes away instead of adding.
        #[arg(long)]
        erase: bool,
    },
    /// An outline on a slice.
    Draw {
        /// A corner; once for each.
        #[arg(long = "at", required = true, value_name = "L,P,S", allow_hyphen_values = true)]
        corners: Vec<String>,
        /// Across which slices; with --normal on any plane.
        #[arg(long, value_enum, default_value = "axial")]
        across: Slice,
        /// The plane's normal.
        #[arg(long, value_name = "L,P,S", allow_hyphen_values = true, requires = "thickness")]
        normal: Option<String>,
        /// How thick, mm; one slice when left out.
        #[arg(long)]
        thickness: Option<f64>,
        /// Takes away instead of adding.
        #[arg(long)]
        erase: bool,
    },
    /// An outline in a view, cut through all that lies behind it.
    Scissors {
        /// A corner; once for each.
        #[arg(long = "at", required = true, value_name = "L,P,S", allow_hyphen_values = true)]
        corners: Vec<String>,
        /// The line of sight.
        #[arg(long, value_name = "L,P,S", allow_hyphen_values = true)]
        along: String,
        /// The eye, for a view with perspective.
        #[arg(long, value_name = "L,P,S", allow_hyphen_values = true)]
        eye: Option<String>,
        /// Means what lies outside of the outline.
        #[arg(long)]
        around: bool,
        /// Adds instead of taking away.
        #[arg(long)]
        fill: bool,
    },
    /// Takes away all on the side of a plane that its normal points to.
    CutPlane {
        /// A point and a normal.
        #[arg(value_name = "L,P,S:NL,NP,NS", allow_hyphen_values = true)]
        plane: String,
    },
    /// The area within the line of equal value through a point of a slice.
    Level {
        /// The point.
        #[arg(long, value_name = "L,P,S", allow_hyphen_values = true)]
        at: String,
        /// Across which slices.
        #[arg(long, value_enum, default_value = "axial")]
        across: Slice,
        /// Takes away instead of adding.
        #[arg(long)]
        erase: bool,
    },
    /// All voxels with these values.
    Threshold {
        /// The values.
        #[arg(value_name = "LOWER..UPPER", allow_hyphen_values = true)]
        range: String,
        /// Takes away instead of adding.
        #[arg(long)]
        erase: bool,
    },
    /// Grows from seeds, against the structures named.
    Grow {
        /// The other seeds.
        #[arg(long, required = true, value_delimiter = ',')]
        with: Vec<String>,
        /// What a millimetre of way costs, in units of the scan's values.
        #[arg(long, default_value_t = 1.0)]
        per_mm: f64,
        /// How far around the seeds growing may reach, mm; everywhere when left out.
        #[arg(long)]
        margin: Option<f64>,
    },
    /// Fills the slices between those that hold something.
    Between {
        /// Across which slices.
        #[arg(long, value_enum, default_value = "axial")]
        across: Slice,
    },
    /// Keeps or takes away islands: largest=3, least=50 (mm³), keep=L,P,S, remove=L,P,S.
    Islands {
        /// Which.
        choice: String,
    },
    /// Smooths: median=MM, opening=MM, closing=MM, gaussian=MM.
    Smooth {
        /// How.
        how: String,
        /// Together with these structures, without gap or overlap (gaussian only).
        #[arg(long, value_delimiter = ',')]
        with: Vec<String>,
    },
    /// Grows by a positive, shrinks by a negative length, mm.
    Margin {
        /// The length.
        #[arg(allow_hyphen_values = true)]
        by: f64,
    },
    /// Leaves a shell of this thickness, mm.
    Hollow {
        /// The thickness.
        thickness: f64,
        /// Where the present surface lies in it.
        #[arg(long, value_enum, default_value = "outer")]
        side: Side,
    },
    /// Logic: copy=NAME, add=NAME, subtract=NAME, intersect=NAME, exclusive=NAME, invert, clear, fill.
    Logic {
        /// What.
        what: String,
    },
    /// Says how far the work on the structure is.
    Progress {
        /// How far.
        #[arg(value_enum)]
        state: State,
    },
    /// Locks the structure against edits.
    Lock,
    /// Unlocks the structure.
    Unlock,
    /// Takes the user's last operation back.
    Undo,
    /// Does again what the user took back last.
    Redo,
}

/// Where the present surface lies in a shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// It is the outer side.
    Outer,
    /// It runs through the middle.
    Middle,
    /// It is the inner side.
    Inner,
}

/// How far the work on a structure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// Nobody has worked on it.
    NotStarted,
    /// Somebody is at it.
    InProgress,
    /// It is done.
    Completed,
    /// Somebody must look at it.
    Flagged,
}

/// Arguments of `fabrica merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The case that takes in the other.
    pub case: PathBuf,
    /// The copy that a colleague worked on; it stays as it is.
    pub other: PathBuf,
    /// Who merges; the user's login name when left out.
    #[arg(long)]
    pub by: Option<String>,
}

/// Arguments of `fabrica replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The case.
    pub case: PathBuf,
    /// Only the first so many steps.
    #[arg(long)]
    pub until: Option<usize>,
    /// Plays at this multiple of the speed at which it was made (pauses over 10 s shortened to that); at once when left
    /// out.
    #[arg(long)]
    pub speed: Option<f64>,
    /// Makes a case of the volumes and structures as they were then.
    #[arg(long, value_name = "FOLDER")]
    pub to_case: Option<PathBuf>,
    /// Works out how many voxels each structure has after each step.
    #[arg(long)]
    pub voxels: bool,
    /// Prints a JSON object a step.
    #[arg(long)]
    pub json: bool,
}
