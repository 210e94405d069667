//! The structures around an instrument, made ready on task threads.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_approach::{Confidence, Guard, Obstacle, Thresholds};
use fabrica_plan::{Role, Watch};
use fabrica_progress::Progress;
use fabrica_review::RegionState;
use fabrica_scene::{OpenCase, Rehearsing, SceneStructure};
use fabrica_volume::Structure;

use crate::blocked;

/// How many structures are made ready at once: the other threads have views to draw.
const AT_ONCE: usize = 2;

/// The structures that are ready, and those that are being made so.
#[derive(Resource, Default)]
pub struct Guarded {
    surfaces: Vec<Surface>,
    preparing: Vec<Preparing>,
    /// All of them, once they are ready; nothing while one is missing.
    pub ready: Option<Arc<Ready>>,
    made_for: Option<MadeFor>,
    revision: u64,
}

/// Boxes of voxels: the first and the last of each.
type Boxes = Vec<([u32; 3], [u32; 3])>;
/// What the structures around an instrument were made for, and what was in doubt then.
type MadeFor = (Vec<(Arc<Structure>, Watch)>, Boxes);

/// A structure's surface, or why there is none.
struct Surface {
    of: Arc<Structure>,
    found: Result<Obstacle, String>,
}

struct Preparing {
    of: Arc<Structure>,
    progress: Progress,
    task: Task<Result<Obstacle, String>>,
}

impl Drop for Preparing {
    fn drop(&mut self) {
        self.progress.cancel();
    }
}

/// The structures around an instrument.
pub struct Ready {
    /// By what they are for it.
    pub guard: Guard,
    /// The names of those that are kept away from, in the guard's order.
    pub avoid: Arc<[String]>,
    /// The structure through whose surface instruments enter.
    pub entry: Option<Arc<Structure>>,
    /// The name of the bone that holds screws.
    pub bone: Option<String>,
    /// Another one for each change.
    pub revision: u64,
}

/// Follows the case's structures and what the plan says of them.
pub fn prepare(case: Res<OpenCase>, mut guarded: ResMut<Guarded>, mut rehearsing: ResMut<Rehearsing>) {
    let guarded = guarded.bypass_change_detection();
    let Some(scene) = case.volume.as_ref().filter(|_| blocked(&case).is_none()) else {
        *guarded = Guarded { revision: guarded.revision, ..default() };
        return;
    };
    let wanted: Vec<(&SceneStructure, Watch)> = case
        .structures
        .iter()
        .map(|s| (s, case.approach.watch(&s.structure.name)))
        .filter(|(_, watch)| watch.role != Role::Ignore)
        .collect();
    let is_wanted = |of: &Arc<Structure>| wanted.iter().any(|(s, _)| Arc::ptr_eq(&s.structure, of));
    guarded.surfaces.retain(|surface| is_wanted(&surface.of));
    guarded.preparing.retain(|preparing| is_wanted(&preparing.of));
    let mut waiting = Vec::new();
    for mut preparing in std::mem::take(&mut guarded.preparing) {
        match block_on(future::poll_once(&mut preparing.task)) {
            Some(found) => guarded.surfaces.push(Surface { of: preparing.of.clone(), found }),
            None => waiting.push(preparing),
        }
    }
    guarded.preparing = waiting;
    for (shown, _) in &wanted {
        let known = |of: &Arc<Structure>| Arc::ptr_eq(of, &shown.structure);
        let there = guarded.surfaces.iter().any(|s| known(&s.of)) || guarded.preparing.iter().any(|p| known(&p.of));
        if there || guarded.preparing.len() >= AT_ONCE {
            continue;
        }
        let (of, volume, progress) = (shown.structure.clone(), scene.volume.clone(), Progress::new());
        let (structure, told) = (of.clone(), progress.clone());
        let task = AsyncComputeTaskPool::get().spawn(async move {
            Obstacle::of_structure(&structure, Some(&volume), None, Thresholds::default(), &told)
                .map_err(|e| e.to_string())
        });
        guarded.preparing.push(Preparing { of, progress, task });
    }
    let running: Vec<_> =
        guarded.preparing.iter().map(|p| (format!("Preparing {}", p.of.name), p.progress.clone())).collect();
    if !(running.is_empty() && rehearsing.running.is_empty()) {
        rehearsing.running = running;
    }
    let all = guarded.surfaces.len() >= wanted.len();
    let doubts = doubts(&case);
    let same = guarded.made_for.as_ref().is_some_and(|(made, doubted)| {
        made.len() == wanted.len()
            && made.iter().zip(&wanted).all(|((of, was), (s, watch))| Arc::ptr_eq(of, &s.structure) && was == watch)
            && *doubted == doubts
    });
    if !all {
        (guarded.ready, guarded.made_for) = (None, None);
    } else if !same {
        guarded.revision += 1;
        let ready = guarded.put_together(&case, &wanted, &doubts, &mut rehearsing);
        guarded.ready = Some(Arc::new(ready));
        let of = wanted.iter().map(|(s, watch)| (s.structure.clone(), *watch)).collect();
        guarded.made_for = Some((of, doubts));
    }
}

impl Guarded {
    fn put_together(
        &self,
        case: &OpenCase,
        wanted: &[(&SceneStructure, Watch)],
        doubts: &Boxes,
        rehearsing: &mut ResMut<Rehearsing>,
    ) -> Ready {
        let mut guard = Guard::default();
        let (mut entry, mut bone, mut unwatched) = (None, None, Vec::new());
        for (shown, watch) in wanted {
            let name = &shown.structure.name;
            let Some(surface) = self.surfaces.iter().find(|s| Arc::ptr_eq(&s.of, &shown.structure)) else { continue };
            let thresholds = Thresholds { stop_mm: watch.stop.0, warn_mm: watch.warn.0 };
            let obstacle = surface.found.clone().and_then(|o| o.with_thresholds(thresholds).map_err(|e| e.to_string()));
            let obstacle = match obstacle {
                Ok(obstacle) => obstacle,
                Err(why) => {
                    unwatched.push((name.clone(), why));
                    continue;
                }
            };
            match watch.role {
                Role::Avoid => guard.avoid.push(obstacle),
                Role::Entry if guard.entry.is_none() => {
                    entry = Some(shown.structure.clone());
                    guard.entry = Some(obstacle);
                }
                Role::Bone if guard.bone.is_none() => {
                    bone = Some(name.clone());
                    guard.bone = Some(obstacle);
                }
                Role::Entry | Role::Bone => {
                    let why = "another structure is the entry or the bone already: it is only told where it is crossed";
                    unwatched.push((name.clone(), why.into()));
                    guard.through.push(obstacle);
                }
                Role::Cross => guard.through.push(obstacle),
                Role::Ignore => {}
            }
        }
        if let Some(scene) = case.volume.as_ref().filter(|_| !doubts.is_empty()) {
            guard.doubt = Some(Arc::new(Confidence::of_boxes(scene.volume.grid().clone(), doubts.iter().copied())));
        }
        if rehearsing.unwatched != unwatched {
            rehearsing.unwatched = unwatched;
        }
        let avoid = guard.avoid.iter().map(|o| o.name().to_owned()).collect();
        Ready { guard, avoid, entry, bone, revision: self.revision }
    }
}

/// Where a network was in doubt and nobody has settled it, in voxels of the scan that is shown.
fn doubts(case: &OpenCase) -> Boxes {
    let open =
        |state: RegionState| matches!(state, RegionState::Open | RegionState::EditedSince | RegionState::Rejected);
    let regions = case.reviews.iter().flat_map(|review| &review.regions).filter(|region| open(region.state));
    regions.map(|r| (r.region.low, r.region.high)).collect()
}
