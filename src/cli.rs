//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Fabrica: from a patient's scan to a rehearsed operation.
///
/// Not a cleared medical device.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the series in files and folders: DICOM, NIfTI, NRRD, InVesalius.
    Series(SeriesArgs),
    /// Reads a scan into a case.
    Import(ImportArgs),
    /// Tells all about a case.
    Info(InfoArgs),
    /// Accepts a geometry warning of a case, so that measuring and printing can go on.
    Accept(AcceptArgs),
    /// Separates a structure by a preset, a threshold, seeds, or operations on other structures.
    Segment(SegmentArgs),
    /// Lists and checks networks for `fabrica segment --model`, and says how to get them.
    Models(ModelsArgs),
    /// Reviews what a network was unsure of: lists regions, decides, checks the size, validates.
    Review(crate::cli_review::ReviewArgs),
    /// Edits a structure: brush, scissors, growing, smoothing and more; from words or a script.
    Edit(crate::cli_edit::EditArgs),
    /// Takes what a colleague did to a copy of a case into this one: two plans become one.
    Merge(crate::cli_edit::MergeArgs),
    /// Plays a rehearsal back: lists its steps, at any speed, and makes a case of how things were.
    Replay(crate::cli_edit::ReplayArgs),
    /// Rehearses the way to a target: from where it can be reached, and how close each way comes to what must be spared.
    Approach(crate::cli_approach::ApproachArgs),
    /// Takes a part of a structure out (burr hole, drilled path, cut, margin around a tumour): piece, rest and margins.
    Resect(crate::cli_operate::ResectArgs),
    /// Finds the screw, stent or valve that fits, or makes a cranial implant from the sound side.
    Implant(crate::cli_operate::ImplantArgs),
    /// Draws a case into a PNG file.
    Render(RenderArgs),
    /// Draws a case with every preset that suits it, on one sheet.
    Gallery(GalleryArgs),
    /// Measures distances, angles, areas, volumes, diameters and values, each with its error; keeps them in the plan.
    Measure(MeasureArgs),
    /// Writes a report of the plan as a page (HTML): data, warnings, measurements with their errors, audit.
    Report(ReportArgs),
    /// Writes structures as a closed, checked, proved model, with its passport beside it.
    Print(PrintArgs),
    /// Checks, repairs or proves a mesh file: STL, OBJ, PLY, OFF, 3MF.
    Mesh(MeshArgs),
    /// Writes a case's volume or structures in an open format.
    Export(ExportArgs),
    /// Writes the synthetic patient as DICOM series, with exact truth beside it.
    Phantom(PhantomArgs),
    /// Opens a case, or files to import: in the headset where there is one, else in a window.
    Open(OpenArgs),
    /// Measures how the app runs on this machine.
    Bench(BenchArgs),
    /// The whole path on the sample case: a window where there is a display, pictures and a model where not.
    Demo(DemoArgs),
}

/// Arguments of `fabrica series`.
#[derive(Debug, Args)]
pub struct SeriesArgs {
    /// Files and folders, searched recursively.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// What to do with slices that do not form a straight, even grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Irregular {
    /// Resample to a straight, even grid, with a geometry warning.
    Resample,
    /// Refuse, and say by how much.
    Refuse,
}

/// Arguments of `fabrica import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Files and folders, searched recursively.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// The case to make: a folder that does not exist yet.
    #[arg(long, short)]
    pub case: PathBuf,
    /// Which series, by its number in `fabrica series` or its UID; needed where there are several.
    #[arg(long)]
    pub series: Option<String>,
    /// Which phase (time point, energy, b-value) of the series, from 1; all of them when left out.
    #[arg(long)]
    pub phase: Option<usize>,
    /// A tilted gantry (sheared slices).
    #[arg(long, value_enum, default_value = "resample")]
    pub tilt: Irregular,
    /// Unevenly spaced or missing slices.
    #[arg(long, value_enum, default_value = "refuse")]
    pub spacing: Irregular,
    /// Says that a NIfTI or NRRD file holds CT in Hounsfield units, which the file itself cannot say.
    #[arg(long)]
    pub ct: bool,
    /// Leaves out structures (SEG, RTSTRUCT) that belong to the scan.
    #[arg(long)]
    pub without_structures: bool,
}

/// Arguments of `fabrica info`.
#[derive(Debug, Args)]
pub struct InfoArgs {
    /// The case.
    pub case: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `fabrica accept`.
#[derive(Debug, Args)]
pub struct AcceptArgs {
    /// The case.
    pub case: PathBuf,
    /// The warning's number in `fabrica info`.
    #[arg(long)]
    pub warning: usize,
    /// Why it is right to go on.
    #[arg(long)]
    pub reason: String,
    /// Who accepts it; the user's login name when left out.
    #[arg(long)]
    pub by: Option<String>,
}

/// Arguments of `fabrica segment`.
#[derive(Debug, Args)]
pub struct SegmentArgs {
    /// The case.
    #[arg(required_unless_present = "list")]
    pub case: Option<PathBuf>,
    /// Lists the presets.
    #[arg(long)]
    pub list: bool,
    /// The volume to work on, by its id; the first when left out.
    #[arg(long)]
    pub volume: Option<String>,
    /// The structure's name; the preset's when left out.
    #[arg(long)]
    pub name: Option<String>,
    /// Replaces a structure of this name.
    #[arg(long)]
    pub replace: bool,
    /// How to start.
    #[command(flatten)]
    pub start: SegmentStart,
    /// What to do with it next, in this order of the command line: `largest`, `islands=N`, `min-island=ML`,
    /// `at=L,P,S` (island at a point), `open=MM`, `close=MM`, `dilate=MM`, `erode=MM`, `fill-holes`, `median=MM`,
    /// `gaussian=MM`, `invert`, `union=NAME`, `intersect=NAME`, `subtract=NAME`.
    #[arg(long = "then", value_name = "STEP")]
    pub steps: Vec<String>,
    /// Uses a CT preset on data that is not CT.
    #[arg(long)]
    pub force: bool,
    /// With --model: regions less probable to be right than this, per cent, are listed for `fabrica review`.
    #[arg(long, value_name = "PERCENT", default_value_t = 85.0)]
    pub review_below: f64,
    /// How a network is run.
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// How a network is run.
#[derive(Debug, Args)]
pub struct NetworkArgs {
    /// ONNX Runtime's shared library, or `tract` for the slow engine that is built in.
    #[arg(long, value_name = "LIBRARY|tract")]
    pub engine: Option<PathBuf>,
    /// Threads of the engine; one a core when left out.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Most memory for the network's outputs, GiB.
    #[arg(long, default_value_t = 4.0)]
    pub memory: f64,
    /// Sides of a tile in place of the model's, for example `64x64x64`.
    #[arg(long, value_name = "XxYxZ")]
    pub tile: Option<String>,
    /// Does not also run the image mirrored: quicker, and a little worse.
    #[arg(long)]
    pub without_mirroring: bool,
}

/// Arguments of `fabrica models`.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// Folders with models, or folders of such folders.
    pub folders: Vec<PathBuf>,
    /// Also loads every network into the engine, so that unknown operators and damage within are found.
    #[arg(long)]
    pub load: bool,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
    /// How a network is run.
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// How a structure starts.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct SegmentStart {
    /// A preset: bone, skin, lung, airway, vessels ...; `fabrica segment --list` lists them.
    #[arg(long)]
    pub preset: Option<String>,
    /// All voxels from LOWER to UPPER, for example `200..3071`; either end may be left out.
    #[arg(long, value_name = "LOWER..UPPER", allow_hyphen_values = true)]
    pub threshold: Option<String>,
    /// All voxels above Otsu's threshold.
    #[arg(long)]
    pub otsu: bool,
    /// What hangs together with a seed: `L,P,S@LOWER..UPPER`, the point in patient millimetres.
    #[arg(long, value_name = "L,P,S@LOWER..UPPER", allow_hyphen_values = true)]
    pub grow: Option<String>,
    /// A copy of another structure.
    #[arg(long, value_name = "NAME")]
    pub from: Option<String>,
    /// All structures that a network finds: the folder of its model; `fabrica models` says more.
    #[arg(long, value_name = "FOLDER")]
    pub model: Option<PathBuf>,
}

/// What kind of picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RenderMode {
    /// The volume, ray-marched through a transfer function.
    Volume,
    /// The volume in the light of a studio: path tracing, as in a photograph.
    Cinematic,
    /// The structures' surfaces.
    Surface,
    /// Axial, coronal and sagittal slices.
    Slices,
}

/// Who draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Renderer {
    /// The GPU where there is a Vulkan driver, else the CPU; says which.
    Auto,
    /// The GPU passes.
    Gpu,
    /// Their CPU twins.
    Cpu,
}

/// Arguments of `fabrica gallery`.
#[derive(Debug, Args)]
pub struct GalleryArgs {
    /// The case.
    pub case: PathBuf,
    /// Only these presets; all for the scan's modality when left out.
    #[arg(long)]
    pub preset: Vec<String>,
    /// From where, as in `fabrica render`.
    #[arg(long, default_value = "azimuth=25,elevation=10")]
    pub camera: String,
    /// Size of each picture in pixels, WIDTHxHEIGHT.
    #[arg(long, default_value = "480x480")]
    pub size: String,
    /// Pictures side by side.
    #[arg(long, default_value_t = 4)]
    pub columns: u32,
    /// The PNG file to write.
    #[arg(long, short)]
    pub out: PathBuf,
    /// The volume to draw, by its id; the first when left out.
    #[arg(long)]
    pub volume: Option<String>,
    /// Who draws.
    #[arg(long, value_enum, default_value = "auto")]
    pub renderer: Renderer,
}

/// Arguments of `fabrica render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The case.
    pub case: PathBuf,
    /// What kind of picture.
    #[arg(long, value_enum, default_value = "volume")]
    pub mode: RenderMode,
    /// Transfer function (volume), look (cinematic) or window (slices); `list` lists them.
    #[arg(long)]
    pub preset: Option<String>,
    /// From where: anterior, posterior, left, right, superior, inferior, or `azimuth=30,elevation=10,zoom=1.2`.
    #[arg(long, default_value = "anterior")]
    pub camera: String,
    /// Size in pixels, WIDTHxHEIGHT.
    #[arg(long, default_value = "1024x1024")]
    pub size: String,
    /// The PNG file to write.
    #[arg(long, short)]
    pub out: PathBuf,
    /// The volume to draw, by its id; the first when left out.
    #[arg(long)]
    pub volume: Option<String>,
    /// Only these structures (surface, slices), all visible ones when left out; or these in their own colours (cinematic).
    #[arg(long)]
    pub structure: Vec<String>,
    /// Where the slices cross, L,P,S in millimetres; the plan's crosshair when left out.
    #[arg(long, allow_hyphen_values = true)]
    pub at: Option<String>,
    /// Cuts away what lies on the side that the normal points to: `L,P,S:NL,NP,NS`, a point and a normal.
    #[arg(long, allow_hyphen_values = true)]
    pub clip: Option<String>,
    /// Who draws.
    #[arg(long, visible_alias = "device", value_enum, default_value = "auto")]
    pub renderer: Renderer,
    /// Through an endoscope instead (volume, surface): its name in `fabrica approach --list`, with --entry and --tip.
    #[arg(long, value_name = "NAME", requires_all = ["entry", "tip"])]
    pub endoscope: Option<String>,
    /// Where the endoscope goes in.
    #[arg(long, value_name = "L,P,S", allow_hyphen_values = true, requires = "endoscope")]
    pub entry: Option<String>,
    /// Where its tip is.
    #[arg(long, value_name = "L,P,S", allow_hyphen_values = true, requires = "endoscope")]
    pub tip: Option<String>,
    /// How far it is turned about its own axis, degrees; at 0 an angled view looks upwards as far as it can.
    #[arg(long, default_value_t = 0.0, allow_hyphen_values = true, requires = "endoscope")]
    pub turn: f64,
    /// How a cinematic picture is taken.
    #[command(flatten)]
    pub cinematic: CinematicArgs,
}

/// How a cinematic picture is taken.
#[derive(Debug, Args)]
pub struct CinematicArgs {
    /// Light paths a pixel (cinematic); the noise goes with the root of their number.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub samples: u32,
    /// Other lights than the look's own (cinematic): studio, theatre, daylight, even.
    #[arg(long)]
    pub lights: Option<String>,
    /// Diameter of the lens, mm (cinematic); 0 shows everything sharp.
    #[arg(long)]
    pub aperture: Option<f64>,
    /// Leaves the voxels of a structure out (cinematic).
    #[arg(long, value_name = "STRUCTURE")]
    pub hide: Vec<String>,
    /// Smooths what noise is left (cinematic). It may wash out faint shadows; the file says so.
    #[arg(long)]
    pub denoise: bool,
}

/// What is to be measured. Points are `L,P,S` in patient millimetres.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct MeasureWhat {
    /// The straight distance between two points.
    #[arg(long, num_args = 2, value_name = "L,P,S", allow_hyphen_values = true)]
    pub distance: Vec<String>,
    /// The shortest way on a structure's surface between two points: NAME, then the points.
    #[arg(long, num_args = 3, value_names = ["NAME", "L,P,S", "L,P,S"], allow_hyphen_values = true)]
    pub along_surface: Vec<String>,
    /// The way along a vessel's centreline between two points: NAME, then the points.
    #[arg(long, num_args = 3, value_names = ["NAME", "L,P,S", "L,P,S"], allow_hyphen_values = true)]
    pub along_centreline: Vec<String>,
    /// The angle at the second of three points, or between two lines of two points each.
    #[arg(long, num_args = 3..=4, value_name = "L,P,S", allow_hyphen_values = true)]
    pub angle: Vec<String>,
    /// The area of a polygon of at least three points.
    #[arg(long, num_args = 3.., value_name = "L,P,S", allow_hyphen_values = true)]
    pub area: Vec<String>,
    /// The volume and the surface of a structure.
    #[arg(long, value_name = "NAME")]
    pub size: Option<String>,
    /// The diameters of a vessel along its centreline.
    #[arg(long, value_name = "NAME")]
    pub diameters: Option<String>,
    /// The image's value at a point.
    #[arg(long, value_name = "L,P,S", allow_hyphen_values = true)]
    pub probe: Option<String>,
    /// Statistics of the image's values in a ball: its centre and radius in mm.
    #[arg(long, value_name = "L,P,S:MM", allow_hyphen_values = true)]
    pub sphere: Option<String>,
    /// Statistics of the image's values in a structure.
    #[arg(long, value_name = "NAME")]
    pub statistics: Option<String>,
    /// The least distance between two structures.
    #[arg(long, num_args = 2, value_name = "NAME")]
    pub closest: Vec<String>,
    /// Lists the measurements of the plan, and says which are stale.
    #[arg(long)]
    pub list: bool,
    /// Takes a measurement out of the plan, by its id or its name.
    #[arg(long, value_name = "ID")]
    pub remove: Option<String>,
    /// Gives a measurement of the plan another name (--name), by its id or its name.
    #[arg(long, value_name = "ID")]
    pub rename: Option<String>,
}

/// Arguments of `fabrica measure`.
#[derive(Debug, Args)]
pub struct MeasureArgs {
    /// The case.
    pub case: PathBuf,
    /// What is to be measured.
    #[command(flatten)]
    pub what: MeasureWhat,
    /// The volume, by its id; the first when left out.
    #[arg(long)]
    pub volume: Option<String>,
    /// Snaps the points: `surface=NAME`, `centreline=NAME` or `edge` (the image's steepest place).
    #[arg(long, value_name = "TO")]
    pub snap: Option<String>,
    /// How far a point may be moved by snapping, mm.
    #[arg(long, default_value_t = 5.0)]
    pub within: f64,
    /// With --diameters: which branch of the centreline, from 1; 1 is the main one.
    #[arg(long, default_value_t = 1)]
    pub branch: usize,
    /// With --diameters: the distance between sections, mm; about a voxel when left out.
    #[arg(long)]
    pub step: Option<f64>,
    /// With --diameters: the end nearest to this point is the start; the wider end when left out.
    #[arg(long, value_name = "L,P,S", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// How far a structure's border may lie from the true one as a whole, one standard deviation, mm; from how the
    /// structure was made when left out.
    #[arg(long, value_name = "MM")]
    pub segmentation_error: Option<f64>,
    /// How well a hand finds the same point again, one standard deviation along each axis, mm.
    #[arg(long, value_name = "MM", default_value_t = 0.5)]
    pub repeatability: f64,
    /// How well two scans without a common frame of reference lie on one another, one standard deviation, mm.
    #[arg(long, value_name = "MM")]
    pub registration_error: Option<f64>,
    /// Keeps the measurement in the plan under this name; with --edit, --rename or --list not needed.
    #[arg(long)]
    pub name: Option<String>,
    /// Puts the measurement in the place of one of the plan, by its id or its name.
    #[arg(long, value_name = "ID")]
    pub edit: Option<String>,
    /// Prints JSON.
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Prints a table of comma-separated values; with --diameters a line a section.
    #[arg(long)]
    pub csv: bool,
}

/// Arguments of `fabrica report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The case.
    pub case: PathBuf,
    /// The page to write (.html), or a table of measurements and structures (.csv), or all of it for programs (.json).
    #[arg(long, short)]
    pub out: PathBuf,
    /// Pictures (PNG) to put in, such as `fabrica render` makes, beside those of the kept views.
    #[arg(long)]
    pub picture: Vec<PathBuf>,
    /// Draws no pictures of the views that the plan keeps, which takes a few seconds each.
    #[arg(long)]
    pub without_views: bool,
}

/// Arguments of `fabrica print`.
#[derive(Debug, Args)]
pub struct PrintArgs {
    /// The case.
    pub case: PathBuf,
    /// The structure; as often as there are structures. Several share their borders, and make a part each (.3mf, .glb).
    #[arg(long, required = true)]
    pub structure: Vec<String>,
    /// The model file; its ending (.stl, .obj, .ply, .3mf, .glb) says the format. The report and the passport (PDF, HTML,
    /// JSON) lie beside it.
    #[arg(long, short)]
    pub out: PathBuf,
    /// Passes of smoothing; 0 for none.
    #[arg(long, default_value_t = 10)]
    pub smoothing: u32,
    /// The least wall at the model's scale, millimetres: thinner places are listed; 0 to leave walls unmeasured.
    #[arg(long, default_value_t = 1.5)]
    pub wall: f64,
    /// Adds material where walls are thinner than --wall, and only there.
    #[arg(long)]
    pub thicken: bool,
    /// Takes triangles away as long as the surface stays within so many millimetres.
    #[arg(long, value_name = "MM")]
    pub simplify: Option<f64>,
    /// Engraves a text (the case's name, the side): `L,P,S:TEXT`, its middle at the surface next to that point; as often as
    /// there are texts.
    #[arg(long, value_name = "L,P,S:TEXT", allow_hyphen_values = true)]
    pub engrave: Vec<String>,
    /// The height of engraved text at the model's scale, millimetres.
    #[arg(long, default_value_t = 6.0)]
    pub engrave_height: f64,
    /// The depth of engraved text at the model's scale, millimetres.
    #[arg(long, default_value_t = 0.6)]
    pub engrave_depth: f64,
    /// Makes the model hollow, with a wall of so many millimetres.
    #[arg(long, value_name = "WALL")]
    pub hollow: Option<f64>,
    /// A drain hole into the hollow, from the surface next to L,P,S; as often as there are holes.
    #[arg(long, value_name = "L,P,S", allow_hyphen_values = true)]
    pub drain: Vec<String>,
    /// The radius of drain holes, millimetres.
    #[arg(long, default_value_t = 2.0)]
    pub drain_radius: f64,
    /// Cuts the model in two by a plane: `L,P,S:NL,NP,NS`, a point and a normal.
    #[arg(long, allow_hyphen_values = true)]
    pub cut: Option<String>,
    /// Pegs that hold a cut model together.
    #[arg(long, default_value_t = 2)]
    pub pegs: usize,
    /// The radius of pegs at the model's scale, millimetres.
    #[arg(long, value_name = "MM", default_value_t = 2.5)]
    pub peg_radius: f64,
    /// How far pegs stand out at the model's scale, millimetres.
    #[arg(long, value_name = "MM", default_value_t = 5.0)]
    pub peg_length: f64,
    /// The gap around pegs, millimetres.
    #[arg(long, default_value_t = 0.2)]
    pub clearance: f64,
    /// The model's size in per cent of the patient's.
    #[arg(long, default_value_t = 100.0)]
    pub scale: f64,
    /// The printer's build volume, WIDTHxDEPTHxHEIGHT in millimetres.
    #[arg(long)]
    pub bed: Option<String>,
    /// Puts the parts beside each other on the bed, so many millimetres apart; the file is then not in patient coordinates.
    #[arg(long, value_name = "GAP", requires = "bed")]
    pub arrange: Option<f64>,
    /// How far the model may depart from the structure and the user's measurements, millimetres.
    #[arg(long, default_value_t = 0.5)]
    pub tolerance: f64,
    /// Writes the model (.stl or .obj, at 100 %) as a DICOM object of the scan's study too, beside it.
    #[arg(long)]
    pub dicom: bool,
    /// Writes the model even if it is not closed.
    #[arg(long)]
    pub allow_open: bool,
    /// Makes a result of what a network made and nobody validated, and says why. It is recorded, and the file says it.
    #[arg(long, value_name = "REASON")]
    pub override_unvalidated: Option<String>,
}

/// Arguments of `fabrica mesh`.
#[derive(Debug, Args)]
pub struct MeshArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: MeshCommand,
}

/// What to do with a mesh file.
#[derive(Debug, Subcommand)]
pub enum MeshCommand {
    /// Tells all that is wrong with a mesh, and where; fails unless it is a solid.
    Check(MeshCheckArgs),
    /// Makes a mesh the surface of a solid; stops where a part or volume would be lost.
    Repair(MeshRepairArgs),
    /// Holds a file from anywhere (back from a printer's software, for one) against a structure of a case and the distances
    /// measured there; refuses one that is mirrored, scaled, shifted or in another unit.
    Prove(MeshProveArgs),
}

/// Arguments of `fabrica mesh prove`.
#[derive(Debug, Args)]
pub struct MeshProveArgs {
    /// The file, in the patient's coordinates (LPS, millimetres).
    pub file: PathBuf,
    /// The case.
    #[arg(long)]
    pub case: PathBuf,
    /// The structure that the file should be of.
    #[arg(long)]
    pub structure: String,
    /// How far it may depart from the structure and the user's measurements, millimetres.
    #[arg(long, default_value_t = 0.5)]
    pub tolerance: f64,
    /// Proves what a network made and nobody validated, and says why.
    #[arg(long, value_name = "REASON")]
    pub override_unvalidated: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `fabrica mesh check`.
#[derive(Debug, Args)]
pub struct MeshCheckArgs {
    /// The file.
    pub file: PathBuf,
    /// The least wall, millimetres; 0 to leave walls unmeasured.
    #[arg(long, default_value_t = 1.5)]
    pub wall: f64,
    /// The printer's build volume, WIDTHxDEPTHxHEIGHT in millimetres.
    #[arg(long)]
    pub bed: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// What to do with parts without thickness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SheetsArg {
    /// Stop and say where they are.
    Ask,
    /// Leave them out.
    Remove,
    /// Make plates of them.
    Thicken,
}

/// Arguments of `fabrica mesh repair`.
#[derive(Debug, Args)]
pub struct MeshRepairArgs {
    /// The file.
    pub file: PathBuf,
    /// The file to write; its ending (.stl, .obj, .ply, .3mf, .glb) says the format.
    #[arg(long, short)]
    pub out: PathBuf,
    /// Goes on where a part or volume would be lost.
    #[arg(long)]
    pub allow_loss: bool,
    /// What to do with parts without thickness.
    #[arg(long, value_enum, default_value = "ask")]
    pub sheets: SheetsArg,
    /// How thick plates of them become, millimetres.
    #[arg(long, default_value_t = 1.5)]
    pub sheet_wall: f64,
    /// The grid's step where parts must be made anew, millimetres.
    #[arg(long)]
    pub tolerance: Option<f64>,
    /// Makes the whole model anew on a grid, whatever its faults.
    #[arg(long)]
    pub remesh: bool,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `fabrica export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The case.
    pub case: PathBuf,
    /// Exports the structures (.seg.nrrd), not the volume.
    #[arg(long)]
    pub structures: bool,
    /// Exports results as DICOM into a folder that does not exist yet: the structures as a segmentation, the plan's
    /// measurements as a structured report (TID 1500); more with --rtstruct, --presentation and --views.
    #[arg(long, conflicts_with = "structures")]
    pub dicom: bool,
    /// With --dicom: writes the segmentation with a byte a voxel (fractional): how much of each voxel is filled, by the
    /// structure's border between voxels.
    #[arg(long, requires = "dicom")]
    pub fractional: bool,
    /// With --dicom: writes the structures as an RT structure set too (closed planar contours on the scan's slices).
    #[arg(long, requires = "dicom")]
    pub rtstruct: bool,
    /// With --dicom: draws the measurements and annotations that lie on a slice on its image (a presentation state), and marks
    /// these images as key images.
    #[arg(long, requires = "dicom")]
    pub presentation: bool,
    /// With --dicom: draws the views that the plan keeps (secondary captures), and marks them as key images.
    #[arg(long, requires = "dicom")]
    pub views: bool,
    /// The volume, by its id; the first when left out.
    #[arg(long)]
    pub volume: Option<String>,
    /// The file to write; its ending (.nii, .nii.gz, .nrrd, .seg.nrrd) says the format. With --dicom: the folder.
    #[arg(long, short)]
    pub out: PathBuf,
    /// Makes a result of what a network made and nobody validated, and says why. It is recorded, and the file says it.
    #[arg(long, value_name = "REASON")]
    pub override_unvalidated: Option<String>,
}

/// Which part of the synthetic patient is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Region {
    /// Lower chest to pelvic rim.
    Abdomen,
    /// Lung apices to upper lumbar spine.
    Chest,
    /// Neck to upper thigh.
    Trunk,
    /// Chin to vertex.
    Head,
    /// All there is.
    Whole,
}

/// Which way slices lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Orientation {
    /// From feet to head.
    Axial,
    /// From right to left.
    Sagittal,
    /// From front to back.
    Coronal,
    /// Axial, turned by 12° about the left-right and 8° about the front-back axis.
    Oblique,
}

/// Arguments of `fabrica phantom`.
#[derive(Debug, Args)]
pub struct PhantomArgs {
    /// The folder to write: `dicom/`, `truth.json` and `truth.seg.nrrd`. It must not exist or be empty.
    #[arg(long, short)]
    pub out: PathBuf,
    /// Which part is scanned.
    #[arg(long, value_enum, default_value = "trunk")]
    pub region: Region,
    /// Which way the slices lie.
    #[arg(long, value_enum, default_value = "axial")]
    pub orientation: Orientation,
    /// Distance between pixel centres, millimetres.
    #[arg(long, default_value_t = 1.5)]
    pub pixel: f64,
    /// Distance between slices, millimetres.
    #[arg(long, default_value_t = 1.5)]
    pub slice: f64,
    /// Standard deviation of the noise, HU.
    #[arg(long, default_value_t = 8.0)]
    pub noise: f64,
    /// Another patient: the same seed always makes the same files.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Gantry tilt, degrees, -30 to 30.
    #[arg(long, default_value_t = 0.0, allow_hyphen_values = true)]
    pub tilt: f64,
}

/// Arguments of `fabrica open`.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// A case, or files and folders to import; nothing opens an empty window to drop files on.
    pub paths: Vec<PathBuf>,
    /// Insists on the headset: where there is none it says why, and ends.
    #[arg(long, conflicts_with = "desktop")]
    pub vr: bool,
    /// Stays on the desktop even where there is a headset.
    #[arg(long)]
    pub desktop: bool,
    /// The left hand works, the right one holds.
    #[arg(long)]
    pub left_handed: bool,
    /// The user sits: the table in the headset's room is lower.
    #[arg(long)]
    pub seated: bool,
    /// A folder with instruments of your own (.toml) for the tool Instrument.
    #[arg(long, value_name = "FOLDER")]
    pub instruments: Option<PathBuf>,
    /// Plays a script of input once the case is open: hands, tools, operations (docs/headset.md has its lines).
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// Keeps the pictures that a script takes (`picture NAME`) in this folder.
    #[arg(long, value_name = "FOLDER")]
    pub pictures: Option<PathBuf>,
    /// Writes what changes (headset, patient's pose, plan) to this file, a line of JSON a change; tests read it.
    #[arg(long, hide = true)]
    pub trace: Option<PathBuf>,
    /// The window's size in pixels, WIDTHxHEIGHT; a small one is drawn sooner, which tests like.
    #[arg(long, hide = true)]
    pub size: Option<String>,
    /// Saves a picture of the window to this file once everything is drawn, and ends.
    #[arg(long, hide = true)]
    pub photograph: Option<PathBuf>,
}

/// Arguments of `fabrica bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// What to measure.
    #[command(subcommand)]
    pub what: BenchWhat,
}

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum BenchWhat {
    /// Frames in the headset: of the case in each look; without a case, of the empty room. The case is not changed.
    Headset(BenchHeadsetArgs),
    /// Frames of a synthetic volume for two eyes, in each look and scene; edits of looks and masks.
    Render(BenchRenderArgs),
}

/// Arguments of `fabrica bench render`.
#[derive(Debug, Args)]
pub struct BenchRenderArgs {
    /// Frames of each look and scene.
    #[arg(long, default_value_t = 2000)]
    pub frames: usize,
    /// Size of each eye's picture in pixels, WIDTHxHEIGHT.
    #[arg(long, default_value = "2064x2208")]
    pub size: String,
    /// Voxels along each side of the synthetic volume.
    #[arg(long, default_value_t = 512)]
    pub side: usize,
    /// Only scenes and looks whose name holds this.
    #[arg(long, default_value = "")]
    pub only: String,
}

/// Arguments of `fabrica bench headset`.
#[derive(Debug, Args)]
pub struct BenchHeadsetArgs {
    /// The case; only the empty room when left out.
    pub case: Option<PathBuf>,
    /// Frames of each measurement.
    #[arg(long, default_value_t = 300)]
    pub frames: u32,
    /// Only these looks; all when left out.
    #[arg(long)]
    pub look: Vec<String>,
}

/// Arguments of `fabrica demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where to leave the case, the pictures and the model.
    #[arg(long, short, default_value = "out")]
    pub out: PathBuf,
    /// Takes the synthetic patient even where the sample head CT is installed.
    #[arg(long)]
    pub synthetic: bool,
    /// Opens no window even where there is a display.
    #[arg(long)]
    pub headless: bool,
}
