//! The brush: strokes that structures follow while they are made.
//!
//! Points come each frame; a task paints what has come together, and gives structures with the new masks for the scene. On
//! the frame's thread nothing is done but handing over. The stroke becomes one operation through the same queue as all
//! others, and is shown as painted until the model that has it comes.

use std::collections::VecDeque;
use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_edit::EditSession;
use fabrica_progress::Progress;
use fabrica_scene::{Editing, Notices, OpenCase, Paint, Severity};
use fabrica_volume::Structure;

use crate::Session;
use crate::opened::{Shared, lock};
use crate::quick::Quick;

/// What was asked of the brush, and what it paints now.
#[derive(Resource, Default)]
pub struct Brushing {
    asked: VecDeque<Paint>,
    /// The stroke under way, while no task has it.
    held: Option<EditSession>,
    running: Option<Task<Result<Painted, String>>>,
    /// Counts strokes.
    stroke: u64,
    live: Option<Live>,
}

/// Structures as painted, in place of those of the newest model.
struct Live {
    stroke: u64,
    now: Vec<Arc<Structure>>,
    before: Vec<Arc<Structure>>,
}

/// A brush, and the structures that it changed last.
struct Painted {
    session: EditSession,
    changed: Vec<Arc<Structure>>,
}

impl Brushing {
    /// Whether a stroke is not yet in the queue.
    pub fn is_busy(&self) -> bool {
        !self.asked.is_empty() || self.held.is_some() || self.running.is_some()
    }

    /// Shows what is painted in a new model of the case, unless the model has it: strokes up to `lifted` are in it.
    pub fn after_model(&mut self, lifted: Option<u64>, case: &mut OpenCase) {
        if let (Some(live), Some(lifted)) = (&self.live, lifted)
            && live.stroke <= lifted
        {
            self.live = None;
        }
        if let Some(live) = &mut self.live {
            let named = |known: &Arc<Structure>| case.structures.iter().find(|s| s.structure.name == known.name);
            live.before = live.now.iter().filter_map(named).map(|s| s.structure.clone()).collect();
            put(case, &live.now);
        }
    }

    /// Another case is open: what was painted on the last one is gone with it.
    pub fn forget(&mut self) {
        *self = Self { stroke: self.stroke, ..Self::default() };
    }
}

/// Puts structures in the places of those of the same names.
fn put(case: &mut OpenCase, structures: &[Arc<Structure>]) {
    for new in structures {
        let same = |s: &&mut fabrica_scene::SceneStructure| s.structure.name == new.name;
        if let Some(shown) = case.structures.iter_mut().find(same) {
            shown.structure = new.clone();
        }
    }
}

/// Takes in what was painted, and sets the next task to work.
pub fn paint(
    mut asked: MessageReader<Paint>,
    mut brushing: ResMut<Brushing>,
    mut session: ResMut<Session>,
    mut case: ResMut<OpenCase>,
    mut editing: ResMut<Editing>,
    mut notices: ResMut<Notices>,
) {
    let brushing = brushing.bypass_change_detection();
    brushing.asked.extend(asked.read().cloned());
    if let Some(result) = brushing.running.as_mut().and_then(|task| block_on(future::poll_once(task))) {
        brushing.running = None;
        match result {
            Ok(painted) => {
                if !painted.changed.is_empty() {
                    brushing.show(painted.changed, &mut case);
                }
                brushing.held = Some(painted.session);
            }
            Err(reason) => {
                notices.tell(Severity::Error, format!("The brush does not paint: {reason}. Nothing was changed."));
                if let Some(live) = brushing.live.take() {
                    put(&mut case, &live.before);
                }
            }
        }
    }
    if brushing.running.is_none() {
        brushing.go_on(&mut session, &case);
    }
    let painting = match (&brushing.held, &brushing.running) {
        (None, None) => None,
        (Some(held), _) => held.structures().next().map(str::to_owned),
        (None, Some(_)) => editing.painting.clone().or_else(|| Some(String::new())),
    };
    if editing.painting != painting {
        editing.painting = painting;
    }
}

impl Brushing {
    /// Enters what was painted, and shows it.
    fn show(&mut self, changed: Vec<Arc<Structure>>, case: &mut OpenCase) {
        let stroke = self.stroke;
        // A stroke that comes before the model has the last one goes on from what that one painted.
        let live = self.live.get_or_insert_with(|| Live { stroke, now: Vec::new(), before: Vec::new() });
        live.stroke = stroke;
        for new in changed {
            match live.now.iter_mut().find(|known| known.name == new.name) {
                Some(known) => *known = new,
                None => {
                    let shown = case.structures.iter().find(|s| s.structure.name == new.name);
                    live.before.extend(shown.map(|s| s.structure.clone()));
                    live.now.push(new);
                }
            }
        }
        put(case, &live.now);
    }

    /// Takes the next of what was asked, and what belongs to it.
    fn go_on(&mut self, session: &mut Session, case: &OpenCase) {
        while let Some(next) = self.asked.pop_front() {
            match (next, self.held.take()) {
                (Paint::Begin(brush), None) => {
                    let Some(shared) = session.case.clone() else { continue };
                    self.stroke += 1;
                    self.running = Some(AsyncComputeTaskPool::get().spawn(async move { begin(&shared, brush) }));
                    return;
                }
                // The last stroke was not lifted; the new one waits for that.
                (Paint::Begin(brush), Some(held)) => {
                    self.asked.push_front(Paint::Begin(brush));
                    session.queue.push_back(Quick::Lift(Box::new(held), self.stroke));
                    continue;
                }
                (Paint::To(first), Some(held)) => {
                    let mut points = vec![first];
                    while let Some(Paint::To(next)) = self.asked.front() {
                        points.push(*next);
                        self.asked.pop_front();
                    }
                    let shown: Vec<Arc<Structure>> = held
                        .structures()
                        .filter_map(|name| case.structures.iter().find(|s| s.structure.name == name))
                        .map(|s| s.structure.clone())
                        .collect();
                    self.running =
                        Some(AsyncComputeTaskPool::get().spawn(async move { move_on(held, &points, &shown) }));
                    return;
                }
                (Paint::Lift, Some(held)) => session.queue.push_back(Quick::Lift(Box::new(held), self.stroke)),
                (Paint::To(_) | Paint::Lift, None) => {}
            }
        }
    }
}

fn begin(shared: &Shared, brush: fabrica_edit::Brush) -> Result<Painted, String> {
    let session = lock(shared).case.begin_brush(brush, &Progress::new()).map_err(|e| e.to_string())?;
    Ok(Painted { session, changed: Vec::new() })
}

/// Paints to these points, and gives the structures that changed.
fn move_on(
    mut session: EditSession,
    points: &[fabrica_geometry::LpsPoint],
    shown: &[Arc<Structure>],
) -> Result<Painted, String> {
    let mut names: Vec<String> = Vec::new();
    for point in points {
        let changed = session.move_to(*point).map_err(|e| e.to_string())?;
        names.extend(changed.into_keys());
    }
    names.sort_unstable();
    names.dedup();
    let changed = shown
        .iter()
        .filter(|s| names.contains(&s.name))
        .filter_map(|s| {
            let mask = session.mask(&s.name)?.as_ref().clone();
            Some(Arc::new(Structure {
                mask,
                name: s.name.clone(),
                code: s.code.clone(),
                origin: s.origin.clone(),
                ..**s
            }))
        })
        .collect();
    Ok(Painted { session, changed })
}
