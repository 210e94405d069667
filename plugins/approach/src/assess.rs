//! Looks at the plan's trajectories exactly, as the structures are now.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_approach::report::{Assessed, assess};
use fabrica_approach::{EntryPoint, Instrument, Path};
use fabrica_plan::{ApproachOperation, Operation, Trajectory};
use fabrica_scene::{Do, Notices, OpenCase, Rehearsing, Severity};

use crate::blocked;
use crate::library::Instruments;
use crate::watch::{Guarded, Ready};

/// What is looked at, and what waits for it.
#[derive(Resource, Default)]
pub struct Assessing {
    /// What was found, for which trajectory, instrument and structures.
    known: BTreeMap<String, Of>,
    task: Option<(Of, Task<Result<Assessed, String>>)>,
    /// Trajectories that the tools have made, whose assessments go into the plan: with the instrument.
    awaited: Vec<(String, Trajectory, String)>,
}

/// What an assessment is of.
#[derive(Clone, PartialEq)]
struct Of {
    name: String,
    trajectory: Trajectory,
    instrument: String,
    revision: u64,
}

impl Assessing {
    /// The assessment of a trajectory that is about to come into the plan goes there too.
    pub fn keep(&mut self, name: &str, trajectory: Trajectory, instrument: &str) {
        self.awaited.push((name.to_owned(), trajectory, instrument.to_owned()));
    }

    /// Whether a trajectory of this name is about to come into the plan.
    pub fn is_awaited(&self, name: &str) -> bool {
        self.awaited.iter().any(|(awaited, ..)| awaited == name)
    }
}

/// Follows the plan's trajectories.
pub fn follow(
    case: Res<OpenCase>,
    library: Res<Instruments>,
    guarded: Res<Guarded>,
    mut assessing: ResMut<Assessing>,
    mut rehearsing: ResMut<Rehearsing>,
    mut operations: MessageWriter<Do>,
    mut notices: ResMut<Notices>,
) {
    let assessing = assessing.bypass_change_detection();
    if let Some((of, task)) = &mut assessing.task
        && let Some(found) = block_on(future::poll_once(task))
    {
        let of = of.clone();
        assessing.task = None;
        match found {
            Ok(found) => {
                rehearsing.assessed.insert(of.name.clone(), found);
            }
            Err(why) => notices.tell(Severity::Error, format!("{} was not looked at: {why}", of.name)),
        }
        assessing.known.insert(of.name.clone(), of);
    }
    let ready = guarded.ready.as_ref().filter(|_| blocked(&case).is_none());
    let Some(ready) = ready else {
        if !rehearsing.assessed.is_empty() {
            rehearsing.assessed.clear();
        }
        assessing.known.clear();
        return;
    };
    let wanted: Vec<Of> = case
        .approach
        .trajectories
        .iter()
        .map(|(name, trajectory)| {
            let awaited = assessing.awaited.iter().find(|(n, t, _)| n == name && t == trajectory);
            let found = case.approach.found.get(name).and_then(|found| found.assessment.as_ref());
            let instrument = awaited.map(|(.., i)| i.clone()).or_else(|| found.map(|f| f.instrument.clone()));
            let instrument = instrument.unwrap_or_default();
            Of { name: name.clone(), trajectory: *trajectory, instrument, revision: ready.revision }
        })
        .collect();
    // What is of structures or of a way of before is not told any more.
    let current = |name: &String, known: &BTreeMap<String, Of>| known.get(name).is_some_and(|of| wanted.contains(of));
    if rehearsing.assessed.keys().any(|name| !current(name, &assessing.known)) {
        rehearsing.assessed.retain(|name, _| current(name, &assessing.known));
    }
    assessing.known.retain(|_, of| wanted.contains(of));
    for of in &wanted {
        let place =
            assessing.awaited.iter().position(|(n, t, i)| *n == of.name && *t == of.trajectory && *i == of.instrument);
        let (Some(place), Some(found)) = (place, rehearsing.assessed.get(&of.name)) else { continue };
        assessing.awaited.remove(place);
        let assessment = found.for_plan(&of.instrument, &ready.guard.avoid);
        let operation = ApproachOperation::Assess { trajectory: of.name.clone(), assessment };
        operations.write(Do(Operation::Approach(operation)));
    }
    if assessing.task.is_none()
        && let Some(of) = wanted.into_iter().find(|of| !assessing.known.contains_key(&of.name))
    {
        let instrument = library.get(&of.instrument).map(|taken| taken.instrument.clone());
        let (ready, asked) = (ready.clone(), of.clone());
        let task = AsyncComputeTaskPool::get().spawn(async move { look(&asked, instrument, &ready) });
        assessing.task = Some((of, task));
    }
}

fn look(of: &Of, instrument: Option<Arc<Instrument>>, ready: &Ready) -> Result<Assessed, String> {
    let Trajectory { entry, target, diameter, .. } = of.trajectory;
    let path = Path { entry, target };
    let instrument = match instrument {
        Some(known) => known,
        // One that is not in the library is as wide as the plan says.
        None => Arc::new(Instrument::rod("rod", diameter, path.length()).map_err(|e| e.to_string())?),
    };
    let guard = &ready.guard;
    let surface = guard.entry.as_ref().and_then(|skin| skin.distance(entry).and_then(|(_, near)| skin.outwards(near)));
    let at = surface.map(|outwards| EntryPoint { at: entry, outwards });
    let through: Vec<_> = guard.through.iter().chain(&guard.bone).cloned().collect();
    assess(&of.name, &path, at, &instrument, &guard.avoid, &through).map_err(|e| e.to_string())
}
