//! The open case: runs long work, applies operations to the plan, keeps the read model of the scene.
//!
//! The case is changed on task threads only. Operations on the plan ([`Do`], undo, redo) go through one queue, in order;
//! each is on the disk before the scene shows it. Long work ([`Request`]) runs one at a time beside that queue, so that the
//! plan can be worked on meanwhile.

mod brush;
mod jobs;
mod opened;
mod quick;

use std::collections::VecDeque;
use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_import::Found;
use fabrica_plan::Author;
use fabrica_progress::Progress;
use fabrica_raycast::NamedView;
use fabrica_scene::{
    Choice, Choices, Do, Leave, Navigate, Notices, OpenCase, Redraw, Request, SceneVolume, Severity, Work,
};

use brush::Brushing;
use jobs::Outcome;
use opened::{Model, Shared};
use quick::Quick;

/// Opens, changes and saves the case.
pub struct SessionPlugin {
    /// Who is at work.
    pub author: Author,
}

impl Plugin for SessionPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Session {
            author: self.author.clone(),
            case: None,
            revision: 0,
            found: None,
            queue: VecDeque::new(),
            saving: None,
            working: None,
        })
        .init_resource::<Brushing>()
        .add_systems(
            PreUpdate,
            (take_operations, take_requests, save_queue, finish_saving, finish_work, brush::paint).chain(),
        )
        .add_systems(PostUpdate, leave);
    }
}

#[derive(Resource)]
struct Session {
    author: Author,
    case: Option<Shared>,
    /// The newest model that the scene shows.
    revision: u64,
    /// Scans that were found and wait for the user's choice.
    found: Option<Arc<Found>>,
    queue: VecDeque<Quick>,
    saving: Option<Task<(Shared, quick::Saved)>>,
    working: Option<Task<Result<Outcome, String>>>,
}

fn take_operations(mut operations: MessageReader<Do>, mut session: ResMut<Session>) {
    for Do(operation) in operations.read() {
        session.queue.push_back(Quick::Apply(operation.clone()));
    }
}

fn take_requests(
    mut requests: MessageReader<Request>,
    mut session: ResMut<Session>,
    mut work: ResMut<Work>,
    mut choices: ResMut<Choices>,
    mut notices: ResMut<Notices>,
) {
    for request in requests.read() {
        match request {
            Request::Undo => session.queue.push_back(Quick::Undo),
            Request::Redo => session.queue.push_back(Quick::Redo),
            Request::RemoveStructure { name } => session.queue.push_back(Quick::RemoveStructure(name.clone())),
            Request::AcceptWarning { volume, index, reason } => {
                let (volume, index, reason) = (volume.clone(), *index, reason.clone());
                session.queue.push_back(Quick::Accept { volume, index, reason });
            }
            Request::Cancel => {
                choices.0.clear();
                session.found = None;
                if let Some((_, progress)) = &work.running {
                    progress.cancel();
                }
            }
            _ if session.working.is_some() => {
                notices.tell(Severity::Warning, "One thing at a time: wait for the running work, or cancel it.");
            }
            long => {
                let progress = Progress::new();
                match jobs::prepare(long, session.case.as_ref(), session.found.as_ref(), &session.author) {
                    Ok((title, job)) => {
                        work.running = Some((title, progress.clone()));
                        session.working = Some(AsyncComputeTaskPool::get().spawn(async move { job(&progress) }));
                    }
                    Err(reason) => notices.tell(Severity::Error, reason),
                }
            }
        }
    }
}

fn save_queue(mut session: ResMut<Session>) {
    if session.saving.is_some() || session.queue.is_empty() {
        return;
    }
    let waiting: Vec<Quick> = session.queue.drain(..).collect();
    let Some(case) = session.case.clone() else { return };
    let author = session.author.clone();
    session.saving = Some(AsyncComputeTaskPool::get().spawn(async move {
        let saved = quick::save(&case, waiting, &author);
        (case, saved)
    }));
}

fn finish_saving(
    mut session: ResMut<Session>,
    mut brushing: ResMut<Brushing>,
    mut case: ResMut<OpenCase>,
    mut notices: ResMut<Notices>,
) {
    let Some((of, saved)) = session.saving.as_mut().and_then(|task| block_on(future::poll_once(task))) else { return };
    session.saving = None;
    for reason in saved.refused {
        notices.tell(Severity::Error, reason);
    }
    match saved.model {
        Ok(model) => session.show(&of, model, &mut case),
        Err(reason) => notices.tell(Severity::Error, reason),
    }
    brushing.after_model(saved.lifted, &mut case);
}

impl Session {
    /// Shows a model, unless it is of a case that was left meanwhile, or older than what is shown.
    fn show(&mut self, of: &Shared, model: Model, scene: &mut OpenCase) {
        let current = self.case.as_ref().is_some_and(|case| Arc::ptr_eq(case, of));
        if current && model.revision > self.revision {
            self.revision = model.revision;
            *scene = model.case;
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
fn finish_work(
    mut session: ResMut<Session>,
    mut brushing: ResMut<Brushing>,
    mut work: ResMut<Work>,
    mut case: ResMut<OpenCase>,
    mut choices: ResMut<Choices>,
    mut notices: ResMut<Notices>,
    mut navigate: MessageWriter<Navigate>,
    mut redraw: MessageWriter<Redraw>,
) {
    let Some(result) = session.working.as_mut().and_then(|task| block_on(future::poll_once(task))) else { return };
    session.working = None;
    let cancelled = work.running.take().is_some_and(|(_, progress)| progress.is_cancelled());
    match result {
        Ok(Outcome::Found(found)) => {
            choices.0 = offer(&found);
            session.found = Some(found);
        }
        Ok(Outcome::Opened { shared, model, notes }) => {
            // What was still asked of the case that is left now does not reach the new one.
            session.queue.clear();
            brushing.forget();
            session.case = Some(shared);
            session.found = None;
            session.revision = model.revision;
            *case = model.case;
            choices.0.clear();
            notices.0.clear();
            for note in notes {
                notices.tell(Severity::Warning, note);
            }
            navigate.write(Navigate::Look(NamedView::Anterior));
        }
        Ok(Outcome::Changed { shared, model, done }) => {
            session.show(&shared, *model, &mut case);
            brushing.after_model(None, &mut case);
            notices.tell(Severity::Done, done);
        }
        Ok(Outcome::Done(done)) => notices.tell(Severity::Done, done),
        Err(_) if cancelled => notices.tell(Severity::Done, "Cancelled. Nothing was changed."),
        Err(reason) => notices.tell(Severity::Error, reason),
    }
    redraw.write_default();
}

/// Frames without anything to save before the program ends: what was asked for in the last one comes into the queue in the next.
const QUIET: u32 = 3;

/// Ends the program when that was asked for and all is saved.
fn leave(
    mut asked: MessageReader<Leave>,
    session: Res<Session>,
    brushing: Res<Brushing>,
    mut leaving: Local<Option<Leave>>,
    mut quiet: Local<u32>,
    mut exit: MessageWriter<AppExit>,
) {
    if let Some(leave) = asked.read().last() {
        *leaving = Some(leave.clone());
    }
    let Some(leave) = &*leaving else { return };
    let idle = session.queue.is_empty() && session.saving.is_none() && !brushing.is_busy();
    *quiet = if idle { *quiet + 1 } else { 0 };
    if *quiet < QUIET {
        return;
    }
    if let Some(reason) = &leave.failed {
        error!("{reason}");
        exit.write(AppExit::error());
    } else {
        exit.write(AppExit::Success);
    }
}

fn offer(found: &Found) -> Vec<Choice> {
    found
        .scans
        .iter()
        .map(|scan| {
            let phases = scan.phases();
            let warnings = phases.iter().flat_map(|p| p.warnings.iter().chain(&p.obstacle)).cloned();
            let mut warnings: Vec<String> = warnings.collect();
            warnings.dedup();
            Choice { title: format!("{} ({}, {} files)", scan.title(), scan.kind(), scan.file_count()), warnings }
        })
        .collect()
}

/// The volume of the scene, for jobs that only read it.
fn scene_volume(shared: &Shared) -> SceneVolume {
    opened::lock(shared).scene_volume()
}
