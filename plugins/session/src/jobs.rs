//! Long work: opening, finding, importing, segmenting, printing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fabrica_case::Case;
use fabrica_import::{Found, ReadOptions, find, make_case};
use fabrica_plan::{Author, Stroke};
use fabrica_print::{Passport, PrintJob, ProposedModel, pdf_path};
use fabrica_progress::Progress;
use fabrica_scene::Request;
use fabrica_segment::Recipe;
use fabrica_surface::PrintOptions;

use crate::opened::{Model, Opened, Shared, lock};

/// What came of a job.
pub enum Outcome {
    /// Scans were found; the user chooses.
    Found(Arc<Found>),
    /// A case is open.
    Opened { shared: Shared, model: Box<Model>, notes: Vec<String> },
    /// The case changed.
    Changed { shared: Shared, model: Box<Model>, done: String },
    /// Something was written elsewhere.
    Done(String),
}

type Job = Box<dyn FnOnce(&Progress) -> Result<Outcome, String> + Send>;

/// Makes a job of a request: its title and what to run. Or says why it cannot be.
pub fn prepare(
    request: &Request,
    shared: Option<&Shared>,
    found: Option<&Arc<Found>>,
    by: &Author,
) -> Result<(String, Job), String> {
    let by = by.clone();
    let need = || shared.cloned().ok_or_else(|| "No case is open.".to_owned());
    Ok(match request.clone() {
        Request::Open(paths) => ("Opening".into(), Box::new(move |progress| open(&paths, &by, progress))),
        Request::Import { choice, case, resample } => {
            let found = found.cloned().ok_or("No scan was looked for.")?;
            ("Importing".into(), Box::new(move |progress| import(&found, choice, &case, resample, &by, progress)))
        }
        Request::ShowVolume { volume } => {
            let shared = need()?;
            ("Opening the volume".into(), Box::new(move |progress| show(&shared, &volume, &by, progress)))
        }
        Request::Segment { preset } => {
            let shared = need()?;
            (format!("Making {preset}"), Box::new(move |progress| segment(&shared, &preset, &by, progress)))
        }
        Request::Print { structure, to } => {
            let shared = need()?;
            (format!("Model of {structure}"), Box::new(move |progress| print(&shared, &structure, &to, &by, progress)))
        }
        Request::WriteModel { model, to } => {
            let shared = need()?;
            ("Writing the model".into(), Box::new(move |progress| write_model(&shared, &model, &to, &by, progress)))
        }
        Request::Edit(stroke) => {
            let shared = need()?;
            let title = format!("{} of {}", stroke.summary(), stroke.structure);
            (title, Box::new(move |progress| edit(&shared, *stroke, &by, progress)))
        }
        Request::RemoveStructure { .. }
        | Request::AcceptWarning { .. }
        | Request::Undo
        | Request::Redo
        | Request::Cancel => return Err("This is no long work.".into()),
    })
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// A single folder with a manifest is a case; all else is looked through for scans.
fn open(paths: &[PathBuf], by: &Author, progress: &Progress) -> Result<Outcome, String> {
    if let [folder] = paths
        && folder.join("case.json").is_file()
    {
        let case = Case::open(folder).map_err(words)?;
        return opened(case, Vec::new(), by, progress);
    }
    let found = find(paths, progress).map_err(words)?;
    if found.scans.is_empty() {
        let first = found.passed_over.first().map(|p| format!(" ({}: {})", p.path.display(), p.reason));
        return Err(format!("No scan was found there{}", first.unwrap_or_default()));
    }
    Ok(Outcome::Found(Arc::new(found)))
}

fn opened(case: Case, notes: Vec<String>, by: &Author, progress: &Progress) -> Result<Outcome, String> {
    let mut opened = Opened::new(case, progress).map_err(words)?;
    let model = Box::new(opened.model(by, progress).map_err(words)?);
    Ok(Outcome::Opened { shared: Arc::new(Mutex::new(opened)), model, notes })
}

fn import(
    found: &Found,
    choice: usize,
    folder: &Path,
    resample: bool,
    by: &Author,
    progress: &Progress,
) -> Result<Outcome, String> {
    let scan = found.scans.get(choice).ok_or("There is no such scan.")?;
    let phases: Vec<usize> = (0..scan.phases().len()).collect();
    let options = ReadOptions { resample_tilt: true, resample_spacing: resample, declare_ct: false };
    let made = make_case(folder, found, scan, &phases, true, options, by, progress).map_err(words)?;
    // The case is whole now: a cancel that comes late must not say that there is none.
    opened(made.case, made.notes, by, &Progress::new())
}

fn show(shared: &Shared, volume: &str, by: &Author, progress: &Progress) -> Result<Outcome, String> {
    let mut opened = lock(shared);
    opened.show(volume, progress).map_err(words)?;
    let model = Box::new(opened.model(by, progress).map_err(words)?);
    drop(opened);
    Ok(Outcome::Changed { shared: shared.clone(), model, done: format!("{volume} is shown") })
}

fn segment(shared: &Shared, preset: &str, by: &Author, progress: &Progress) -> Result<Outcome, String> {
    let recipe = Recipe::named(preset).map_err(words)?;
    let scene = crate::scene_volume(shared);
    progress.stage("separating");
    let structure = recipe.run(&scene.volume, progress).map_err(words)?;
    let mut opened = lock(shared);
    opened.put_structure(&scene.id, &structure, by, progress).map_err(words)?;
    let model = Box::new(opened.model(by, progress).map_err(words)?);
    let millilitres = structure.mask.volume().millilitres();
    let done = format!("{}: {millilitres:.1} mL ({})", structure.name, structure.origin);
    drop(opened);
    Ok(Outcome::Changed { shared: shared.clone(), model, done })
}

/// The case is held meanwhile: what else is asked of the plan comes after the stroke.
fn edit(shared: &Shared, stroke: Stroke, by: &Author, progress: &Progress) -> Result<Outcome, String> {
    let what = stroke.summary();
    let mut opened = lock(shared);
    let (_, tallies) = opened.case.edit(stroke, by, progress).map_err(words)?;
    // The stroke is saved: a cancel that comes late must not say that nothing was changed.
    let model = Box::new(opened.model(by, &Progress::new()).map_err(words)?);
    drop(opened);
    let changes: Vec<String> =
        tallies.iter().map(|(name, t)| format!("{name} +{} -{} voxels", t.gained, t.lost)).collect();
    let changes = if changes.is_empty() { "no voxel changes".to_owned() } else { changes.join(", ") };
    Ok(Outcome::Changed { shared: shared.clone(), model, done: format!("{what}: {changes}") })
}

fn print(shared: &Shared, name: &str, to: &Path, by: &Author, progress: &Progress) -> Result<Outcome, String> {
    // The case is held while it is read and written, not while the model is made: the plan can be worked on meanwhile.
    let job = PrintJob::prepare(&lock(shared).case, name, to, progress).map_err(words)?;
    let printed = job.make(&PrintOptions::default(), by, progress).map_err(words)?;
    let passport = printed.record(&mut lock(shared).case, by).map_err(words)?;
    Ok(Outcome::Done(told(&passport, to)))
}

/// The model of the preview, if it is still one of the case as it is now.
fn write_model(
    shared: &Shared,
    model: &ProposedModel,
    to: &Path,
    by: &Author,
    progress: &Progress,
) -> Result<Outcome, String> {
    model.require_current(&lock(shared).case).map_err(words)?;
    let printed = model.write(to, by, progress).map_err(words)?;
    let passport = printed.record(&mut lock(shared).case, by).map_err(words)?;
    Ok(Outcome::Done(told(&passport, to)))
}

fn told(passport: &Passport, to: &Path) -> String {
    let reports: Vec<String> = passport.parts.iter().map(|part| part.surface.to_string()).collect();
    format!("Written to {}, with its passport ({})\n{}", to.display(), pdf_path(to).display(), reports.join("\n"))
}
