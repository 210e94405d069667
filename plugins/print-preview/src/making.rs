//! The model made on a task thread, and written by the session.

use std::path::PathBuf;
use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_case::Case;
use fabrica_geometry::Mm;
use fabrica_print::{ModelOptions, ModelSource, PrintError, ProposedModel};
use fabrica_progress::Progress;
use fabrica_scene::input::Tools;
use fabrica_scene::{OpenCase, PrintPlace, Printing, Request, Told};
use fabrica_surface::Mesh;
use fabrica_volume::Structure;

use crate::plane::Held;
use crate::{ID, drawn, option, settings};

/// The wall that is looked for where none is asked for.
const WALL: Mm = Mm(1.5);

/// A model that is wanted. Two equal wishes make equal models.
#[derive(Clone)]
pub(crate) struct Wish {
    folder: PathBuf,
    structures: Vec<Arc<Structure>>,
    pub(crate) options: ModelOptions,
}

impl PartialEq for Wish {
    /// Structures are the same where they are shared.
    fn eq(&self, other: &Self) -> bool {
        self.folder == other.folder && self.options == other.options && self.same_structures(other)
    }
}

impl Wish {
    fn same_structures(&self, other: &Self) -> bool {
        self.structures.len() == other.structures.len()
            && self.structures.iter().zip(&other.structures).all(|(a, b)| Arc::ptr_eq(a, b))
    }

    /// Makes the model of the case as it lies on the disk, and measures what is shown of it.
    fn grant(&self, progress: &Progress) -> Result<Made, PrintError> {
        let case = Case::open_read_only(&self.folder)?;
        let names: Vec<&str> = self.structures.iter().map(|s| s.name.as_str()).collect();
        // There is no reason here for what is not validated: that is said on the command line, where it is recorded.
        let source = ModelSource::gather(&case, &names, None, progress)?;
        drop(case);
        let model = source.model(&self.options, progress)?;
        let limit = Mm(2.0 * self.options.least_wall.unwrap_or(WALL).0);
        let count = model.solids().len();
        let walls = (0..count).map(|n| model.walls(n, limit, progress)).collect::<Result<_, _>>()?;
        let deviations = (0..count).map(|n| model.deviations(n, progress)).collect::<Result<_, _>>()?;
        let meshes = model.solids().iter().map(|solid| Arc::new(solid.part.mesh.clone())).collect();
        Ok(Made { model: Arc::new(model), meshes, walls, deviations })
    }
}

/// A model and what is shown of it: for each solid its mesh, and at each vertex its wall and how far it lies from the scan.
pub(crate) struct Made {
    pub(crate) model: Arc<ProposedModel>,
    pub(crate) meshes: Vec<Arc<Mesh>>,
    pub(crate) walls: Vec<Vec<f32>>,
    pub(crate) deviations: Vec<Vec<f32>>,
}

/// What is made, and what was.
#[derive(Resource, Default)]
pub(crate) struct Workshop {
    running: Option<Running>,
    pub(crate) made: Option<(Wish, Made)>,
    /// Why there is none.
    failed: Option<String>,
}

struct Running {
    wish: Wish,
    progress: Progress,
    task: Task<Result<Made, PrintError>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.progress.cancel();
    }
}

fn wish(case: &OpenCase, tools: &Tools, held: &Held) -> Option<Wish> {
    let structures = settings::structures(case, tools);
    let folder = case.folder.clone()?;
    (!structures.is_empty()).then(|| Wish { folder, structures, options: settings::model_options(tools, held.plane) })
}

/// Starts what the button asks for; what was under way is given up.
pub(crate) fn start(
    case: Res<OpenCase>,
    held: Res<Held>,
    mut tools: ResMut<Tools>,
    mut workshop: ResMut<Workshop>,
    mut printing: ResMut<Printing>,
) {
    if !Tools::take_press(&mut tools, ID, option::MAKE) {
        return;
    }
    let Some(wish) = wish(&case, &tools, &held) else {
        workshop.failed = Some("There is no structure to print. Show one, or make one first.".into());
        return;
    };
    if let Some(why) = case.measuring_waits() {
        workshop.failed = Some(why.replacen("Measuring waits", "Printing waits", 1));
        return;
    }
    let progress = Progress::new();
    let (asked, seen) = (wish.clone(), progress.clone());
    let task = AsyncComputeTaskPool::get().spawn(async move { asked.grant(&seen) });
    printing.running = Some(("The model".into(), progress.clone()));
    workshop.failed = None;
    workshop.running = Some(Running { wish, progress, task });
}

/// Asks the session to write the model that is shown, if it is what would be made now.
pub(crate) fn write(mut tools: ResMut<Tools>, printing: Res<Printing>, mut requests: MessageWriter<Request>) {
    if !Tools::take_press(&mut tools, ID, option::WRITE) || printing.stale.is_some() {
        return;
    }
    if let Some(model) = &printing.model {
        requests.write(Request::WriteModel { model: model.clone(), to: printing.file.trim().into() });
    }
}

/// Takes what is done.
pub(crate) fn finish(case: Res<OpenCase>, mut workshop: ResMut<Workshop>, mut printing: ResMut<Printing>) {
    let workshop = workshop.bypass_change_detection();
    // Another case: nothing of this one stays.
    let other = |wish: &Wish| case.folder.as_ref() != Some(&wish.folder);
    if workshop.running.as_ref().is_some_and(|running| other(&running.wish)) {
        workshop.running = None;
        printing.running = None;
    }
    if workshop.made.as_ref().is_some_and(|(wish, _)| other(wish)) {
        workshop.made = None;
        printing.model = None;
    }
    let Some(running) = &mut workshop.running else { return };
    let Some(done) = block_on(future::poll_once(&mut running.task)) else { return };
    let wish = running.wish.clone();
    workshop.running = None;
    printing.running = None;
    match done {
        Ok(made) => {
            printing.model = Some(made.model.clone());
            printing.places = places(&made);
            workshop.made = Some((wish, made));
        }
        // The model before stays, as one that is not what was asked for.
        Err(error) => workshop.failed = Some(error.to_string()),
    }
}

/// What the check found, faults first.
fn places(made: &Made) -> Vec<PrintPlace> {
    let shown = drawn::Shown::of(&made.model);
    let several = made.model.solids().len() > 1;
    let mut places: Vec<PrintPlace> = Vec::new();
    for solid in made.model.solids() {
        let of = if several { format!("{}: ", solid.part.name) } else { String::new() };
        places.extend(solid.inspection.places.iter().map(|place| PrintPlace {
            what: format!("{of}{}, {}", place.kind.words(), place.detail),
            is_fault: place.kind.breaks_solid(),
            in_patient: solid.placement.to_patient(place.at),
            on_model: shown.place(place.at),
        }));
    }
    places.sort_by_key(|place| !place.is_fault);
    places
}

/// Says where the work stands.
pub(crate) fn tell(
    case: Res<OpenCase>,
    tools: Res<Tools>,
    held: Res<Held>,
    workshop: Res<Workshop>,
    mut printing: ResMut<Printing>,
) {
    let active = tools.is_active(ID);
    if printing.active != active {
        printing.active = active;
    }
    if !active {
        return;
    }
    let stale = workshop.made.as_ref().and_then(|(was, _)| {
        let now = wish(&case, &tools, &held);
        match now {
            Some(now) if now == *was => None,
            Some(now) if now.options == was.options && now.structures.len() == was.structures.len() => {
                Some("A structure has changed since, or another one is chosen: make the model again.".to_owned())
            }
            _ => Some("The settings have changed since: make the model again.".to_owned()),
        }
    });
    let told = match (&workshop.failed, &workshop.made) {
        (Some(why), _) => Some(Told::Blocked(why.clone())),
        _ if workshop.running.is_some() => Some(Told::Next("The model is being made, checked and proved.".into())),
        (None, None) => Some(Told::Next("Choose what to print, then make the model.".into())),
        (None, Some((_, made))) => Some(Told::Live(summary(&made.model))),
    };
    if printing.told != told {
        printing.told = told;
    }
    if printing.stale != stale {
        printing.stale = stale;
    }
}

fn summary(model: &ProposedModel) -> String {
    let volume: f64 = model.parts().iter().map(|part| part.volume().millilitres()).sum();
    let thin: usize = model.parts().iter().map(fabrica_print::PassportPart::thin_places).sum();
    let wall = model
        .parts()
        .iter()
        .filter_map(fabrica_print::PassportPart::least_wall)
        .fold(None, |least, wall| Some(least.map_or(wall, |least: Mm| Mm(least.0.min(wall.0)))));
    let asked = model.options().least_wall.unwrap_or(WALL);
    let wall = match wall {
        Some(wall) if thin > 0 => format!("; {thin} places thinner than {asked}, the thinnest {wall}"),
        Some(_) => format!("; no wall thinner than {asked}"),
        None => String::new(),
    };
    let solids = model.solids().len();
    let parts = if solids == 1 { "one part".to_owned() } else { format!("{solids} parts") };
    format!("{volume:.1} mL in {parts} at {:.0} %{wall}", model.options().scale * 100.0)
}
