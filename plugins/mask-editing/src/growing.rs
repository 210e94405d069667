//! Growing from seeds, seen while they are painted: what they would become is worked out on a task thread, coarsely, whenever
//! they have changed, and shown translucent beside them. Applying it is one operation, exact.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_edit::{Growing, grow_preview};
use fabrica_plan::Appearance;
use fabrica_progress::Progress;
use fabrica_scene::input::Tools;
use fabrica_scene::{Editing, OpenCase, Preview, SceneStructure};
use fabrica_volume::{Mask, Structure, Volume};

use crate::{ID, option, settings};

/// What a millimetre of way costs when growing, in units of the scan's value.
pub const PER_MM: f64 = 1.0;
/// The most voxels that are grown over for a look: above, every second or fourth along each axis, and so on.
const LOOKED_AT: usize = 3_000_000;
/// How solid the preview is.
const OPACITY: f64 = 0.35;

/// The look that is taken.
#[derive(Resource, Default)]
pub struct Looking {
    made_for: Option<Seeds>,
    running: Option<Running>,
}

struct Running {
    task: Task<Result<Vec<Structure>, String>>,
    progress: Progress,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.progress.cancel();
    }
}

/// What grows, over what.
#[derive(Clone)]
struct Seeds {
    volume: Arc<Volume>,
    /// The structure in hand first, as the operation has it.
    of: Vec<Arc<Structure>>,
}

impl PartialEq for Seeds {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.volume, &other.volume)
            && self.of.len() == other.of.len()
            && self.of.iter().zip(&other.of).all(|(a, b)| Arc::ptr_eq(a, b))
    }
}

/// Takes a look when there are seeds that none was taken of, and shows it.
pub fn look(
    case: Res<OpenCase>,
    tools: Res<Tools>,
    mut editing: ResMut<Editing>,
    mut looking: ResMut<Looking>,
    mut preview: ResMut<Preview>,
) {
    let looking = looking.bypass_change_detection();
    let wanted = tools.is_on(ID, option::LOOK).then(|| seeds(&case, &tools));
    let (wanted, told) = match wanted {
        Some(Ok(seeds)) => (Some(seeds), None),
        Some(Err(why)) => (None, Some(why.to_owned())),
        None => (None, None),
    };
    if let Some(result) = looking.running.as_mut().and_then(|r| block_on(future::poll_once(&mut r.task))) {
        looking.running = None;
        // Of seeds that have changed meanwhile it is shown all the same: the next look follows.
        match result {
            Ok(grown) if wanted.is_some() => {
                preview.structures = grown.into_iter().filter_map(|grown| shown(&case, grown)).collect();
            }
            Ok(_) => {}
            Err(why) => say(&mut editing, Some(format!("There is no look at what would grow: {why}."))),
        }
    }
    let Some(wanted) = wanted else {
        if looking.made_for.take().is_some() || looking.running.take().is_some() || !preview.structures.is_empty() {
            preview.structures.clear();
        }
        say(&mut editing, told);
        return;
    };
    if looking.running.is_none() && looking.made_for.as_ref() != Some(&wanted) {
        say(&mut editing, None);
        looking.made_for = Some(wanted.clone());
        let progress = Progress::new();
        let watched = progress.clone();
        let task = AsyncComputeTaskPool::get().spawn(async move { grow(&wanted, &watched) });
        looking.running = Some(Running { task, progress });
    }
}

fn say(editing: &mut ResMut<Editing>, told: Option<String>) {
    if editing.told != told {
        editing.told = told;
    }
}

/// The seeds, or why none can grow.
fn seeds(case: &OpenCase, tools: &Tools) -> Result<Seeds, &'static str> {
    let scene = case.volume.as_ref().ok_or("No case is open.")?;
    let in_hand = tools.chosen(ID, option::STRUCTURE).ok_or("Make a structure first.")?;
    let limited = tools.is_on(ID, option::VALUES) || tools.chosen(ID, option::AREA) != Some(settings::EVERYWHERE);
    if limited {
        return Err("Within limits of place or value there is no look before: apply it, and undo if it is not right.");
    }
    let of: Vec<Arc<Structure>> = settings::against(case, in_hand).map(|s| s.structure.clone()).collect();
    let own = case.structures.iter().find(|s| s.structure.name == in_hand).map(|s| s.structure.clone());
    let of: Vec<Arc<Structure>> = own.into_iter().chain(of).collect();
    if of.iter().filter(|s| !s.mask.is_empty()).count() < 2 || of.first().is_none_or(|s| s.mask.is_empty()) {
        return Err("Paint seeds in this structure and in at least one other that is shown and not locked.");
    }
    Ok(Seeds { volume: scene.volume.clone(), of })
}

fn grow(seeds: &Seeds, progress: &Progress) -> Result<Vec<Structure>, String> {
    let masks: Vec<&Mask> = seeds.of.iter().map(|s| &s.mask).collect();
    let how = Growing { per_mm: PER_MM, margin: None };
    let voxels = seeds.volume.grid().len();
    let stride = (1..).find(|n: &usize| voxels / n.pow(3) <= LOOKED_AT).unwrap_or(8);
    let grown = grow_preview(&seeds.volume, &masks, how, stride, progress).map_err(|e| e.to_string())?;
    let structure = |(seed, mask): (&Arc<Structure>, Mask)| Structure {
        name: format!("{}, grown", seed.name),
        colour: seed.colour,
        mask,
        code: None,
        origin: format!("a look at growing from seeds, every {stride}. voxel"),
        isovalue: None,
    };
    Ok(seeds.of.iter().zip(grown).map(structure).collect())
}

/// As the scene shows it: in the seed's colour, translucent.
fn shown(case: &OpenCase, grown: Structure) -> Option<SceneStructure> {
    let seed = case.structures.iter().find(|s| grown.name == format!("{}, grown", s.structure.name))?;
    let appearance = Appearance { visible: true, opacity: OPACITY, colour: Some(seed.colour()) };
    Some(SceneStructure { structure: Arc::new(grown), appearance, locked: true, ..seed.clone() })
}

/// The tool is not in use: no look is taken.
pub fn lay_aside(mut looking: ResMut<Looking>, mut preview: ResMut<Preview>) {
    if looking.made_for.is_some() || !preview.structures.is_empty() {
        *looking = Looking::default();
        preview.structures.clear();
    }
}
