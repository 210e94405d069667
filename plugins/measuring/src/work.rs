//! The measuring itself, on task threads: the value under the pointer, and what is kept.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_case::Case;
use fabrica_geometry::Mm;
use fabrica_measure::{Cache, Request, Settings, Snap, measure_with};
use fabrica_plan::{Measurement, MeasurementOperation, Operation};
use fabrica_progress::Progress;
use fabrica_scene::input::{Hands, Haptic, Tools};
use fabrica_scene::{Do, Measuring, Notices, OpenCase, SceneVolume, Severity, Told};
use fabrica_volume::Volume;

use crate::kind::{Count, Kind};
use crate::making::Making;
use crate::pointing::tell;
use crate::{ID, kind, option};

/// How far a point is looked for a surface, an edge or a centreline.
const SNAPS_WITHIN: Mm = Mm(10.0);

/// What is worked on.
#[derive(Resource, Default)]
pub(crate) struct Bench {
    shared: Arc<Shared>,
    /// Counts the changes of the case.
    revision: u64,
    live: Option<Live>,
    /// The newest live value and what it is of.
    pub(crate) value: Option<(Wish, Result<Box<Measurement>, String>)>,
    keeping: Vec<Keeping>,
}

/// What the tasks share. Only they take the lock.
#[derive(Default)]
struct Shared {
    cache: Cache,
    /// The case as it was on the disk at some revision.
    opened: Mutex<Option<(u64, Case)>>,
}

struct Live {
    wish: Wish,
    task: Task<Result<Box<Measurement>, String>>,
}

struct Keeping {
    name: String,
    folder: PathBuf,
    progress: Progress,
    task: Task<Result<Box<Measurement>, String>>,
}

/// A measurement that is wanted. Two equal wishes give equal measurements.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    request: Request,
    snap: Option<Snap>,
    folder: PathBuf,
    volume: String,
    revision: u64,
}

impl Wish {
    /// Measures. The case is read anew where the tool knows of a change, and always for what is `kept`.
    fn grant(
        &self,
        volume: Arc<Volume>,
        shared: &Shared,
        kept: bool,
        progress: &Progress,
    ) -> Result<Box<Measurement>, String> {
        let mut opened = shared.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let current =
            opened.as_ref().filter(|(at, case)| !kept && *at == self.revision && *case.folder() == self.folder);
        if current.is_none() {
            let case = Case::open_read_only(&self.folder).map_err(|e| e.to_string())?;
            *opened = Some((self.revision, case));
        }
        let Some((_, case)) = opened.as_ref() else { return Err("The case is not open.".into()) };
        case.lend_volume(&self.volume, volume);
        let snap = self.snap.as_ref().map(|snap| (snap, SNAPS_WITHIN));
        let settings = Settings::default();
        measure_with(case, &self.volume, &self.request, snap, &settings, &shared.cache, progress)
            .map(Box::new)
            .map_err(|e| e.to_string())
    }
}

/// Measures what is whole, and what the pointer would make whole.
pub(crate) fn measure(
    case: Res<OpenCase>,
    mut tools: ResMut<Tools>,
    mut making: ResMut<Making>,
    mut bench: ResMut<Bench>,
    mut measuring: ResMut<Measuring>,
    mut notices: ResMut<Notices>,
) {
    if case.is_changed() {
        bench.revision += 1;
    }
    let enough = Tools::take_press(&mut tools, ID, option::MEASURE);
    let (Some(scene), Some(folder)) = (&case.volume, &case.folder) else { return };
    if case.measuring_waits().is_some() {
        bench.value = None;
        return;
    }
    let kind = kind::chosen(&tools);
    let revision = bench.revision;
    let wish =
        |request| Wish { request, snap: kind.snap(&tools), folder: folder.clone(), volume: scene.id.clone(), revision };
    if making.is_whole(enough) {
        match kind.request(&making.points, &tools) {
            Ok(request) => {
                let name = free_name(kind, &case, &bench.keeping);
                bench.keep(wish(request), scene, name);
            }
            Err(reason) => notices.tell(Severity::Error, reason),
        }
        making.start_again();
        bench.value = None;
    }
    let points = making.with_pointed();
    let wanted = match kind.points() {
        // What is of a structure is looked at when it is asked for.
        Count::None => None,
        _ => kind.request(&points, &tools).ok().map(wish),
    };
    let told = match &wanted {
        None => Told::Next(making.next()),
        Some(wish) => match &bench.value {
            Some((of, Ok(value))) if of == wish => {
                Told::Live(value.main().map_or_else(String::new, ToString::to_string))
            }
            Some((of, Err(reason))) if of == wish => Told::Blocked(reason.clone()),
            _ => measuring.told.clone().unwrap_or_else(|| Told::Next(making.next())),
        },
    };
    tell(&mut measuring, Some(told));
    bench.look_at(wanted, scene);
}

impl Bench {
    /// Works out the value under the pointer; while one is being worked out, the newest wish waits.
    fn look_at(&mut self, wanted: Option<Wish>, scene: &SceneVolume) {
        let Some(wish) = wanted else {
            self.value = None;
            return;
        };
        let known = self.value.as_ref().is_some_and(|(of, _)| *of == wish);
        if self.live.is_some() || known {
            return;
        }
        let (shared, volume, of) = (self.shared.clone(), scene.volume.clone(), wish.clone());
        let task = AsyncComputeTaskPool::get().spawn(async move { of.grant(volume, &shared, false, &Progress::new()) });
        self.live = Some(Live { wish, task });
    }

    fn keep(&mut self, wish: Wish, scene: &SceneVolume, name: String) {
        let progress = Progress::new();
        let (shared, volume, folder) = (self.shared.clone(), scene.volume.clone(), wish.folder.clone());
        let told = progress.clone();
        let task = AsyncComputeTaskPool::get().spawn(async move { wish.grant(volume, &shared, true, &told) });
        self.keeping.push(Keeping { name, folder, progress, task });
    }
}

/// Takes what the tasks have found: the live value, and what is kept, which becomes an operation.
pub(crate) fn finish(
    case: Res<OpenCase>,
    hands: Res<Hands>,
    mut bench: ResMut<Bench>,
    mut measuring: ResMut<Measuring>,
    mut operations: MessageWriter<Do>,
    mut haptics: MessageWriter<Haptic>,
    mut notices: ResMut<Notices>,
) {
    let bench = bench.bypass_change_detection();
    if let Some(live) = &mut bench.live
        && let Some(found) = block_on(future::poll_once(&mut live.task))
    {
        bench.value = bench.live.take().map(|live| (live.wish, found));
    }
    let mut waiting = Vec::new();
    for mut kept in std::mem::take(&mut bench.keeping) {
        let Some(found) = block_on(future::poll_once(&mut kept.task)) else {
            waiting.push(kept);
            continue;
        };
        match found {
            // What was measured in a case that was left meanwhile belongs to that one.
            Ok(_) if case.folder.as_ref() != Some(&kept.folder) => {}
            Ok(measurement) => {
                let operation = MeasurementOperation::Add { name: kept.name, measurement };
                operations.write(Do(Operation::Measurement(operation)));
            }
            Err(_) if kept.progress.is_cancelled() => {}
            Err(reason) => {
                haptics.write(Haptic::warn(hands.dominant));
                notices.tell(Severity::Error, format!("{} was not measured: {reason}", kept.name));
            }
        }
    }
    bench.keeping = waiting;
    if !(bench.keeping.is_empty() && measuring.running.is_empty()) {
        measuring.running = bench.keeping.iter().map(|kept| (kept.name.clone(), kept.progress.clone())).collect();
    }
}

/// "Distance 3": the first number that no measurement has.
fn free_name(kind: Kind, case: &OpenCase, keeping: &[Keeping]) -> String {
    let mut title = kind.name().to_owned();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let taken = |name: &String| {
        case.measurements.iter().any(|m| m.measurement.name == *name) || keeping.iter().any(|k| k.name == *name)
    };
    (1..).map(|n| format!("{title} {n}")).find(|name| !taken(name)).unwrap_or(title)
}
