//! What the instrument in the hand leaves in the plan: a trajectory as it lies, or a screw.

use bevy::prelude::*;
use fabrica_approach::Reading;
use fabrica_approach::implant::Screw;
use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_plan::{ApproachOperation, Implant, Item, ItemOperation, Operation, Role, ScrewCheck, Trajectory};
use fabrica_scene::input::{Hands, Haptic, Tools};
use fabrica_scene::{Do, Notices, OpenCase, SceneApproach, SceneStructure, Severity};

use crate::INSTRUMENT;
use crate::assess::Assessing;
use crate::instrument::InHand;
use crate::library::Taken;
use crate::options::KEEP;
use crate::watch::{Guarded, Ready};

/// Keeps how the instrument lies, once it is known how near it is there.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub fn keep(
    case: Res<OpenCase>,
    hands: Res<Hands>,
    guarded: Res<Guarded>,
    held: Res<InHand>,
    mut tools: ResMut<Tools>,
    mut assessing: ResMut<Assessing>,
    mut waits: Local<bool>,
    mut operations: MessageWriter<Do>,
    mut haptics: MessageWriter<Haptic>,
    mut notices: ResMut<Notices>,
) {
    *waits |= Tools::take_press(&mut tools, INSTRUMENT, KEEP) || hands.working().buttons.primary.started;
    if !*waits {
        return;
    }
    let Some(taken) = held.taken.as_ref().filter(|_| held.pose.is_some()) else {
        *waits = false;
        notices.tell(Severity::Warning, "The instrument is nowhere yet: nothing was kept.");
        return;
    };
    // It is kept once it is known how it lies.
    let (Some(ready), Some(reading)) = (&guarded.ready, held.settled()) else { return };
    *waits = false;
    let kept = match taken.screw {
        Some(diameter) => screw(&case, taken, diameter, reading, ready),
        None => trajectory(&case, taken, reading, &mut assessing),
    };
    match kept {
        Ok(asked) => {
            asked.into_iter().for_each(|operation| _ = operations.write(Do(operation)));
            haptics.write(Haptic::click(hands.dominant));
        }
        Err(why) => {
            haptics.write(Haptic::warn(hands.dominant));
            notices.tell(Severity::Warning, why);
        }
    }
}

fn screw(
    case: &OpenCase,
    taken: &Taken,
    diameter: Mm,
    reading: &Reading,
    ready: &Ready,
) -> Result<Vec<Operation>, String> {
    let (Some(breach), Some(bone)) = (reading.breach, &ready.bone) else {
        return Err(
            "No structure is the bone that holds screws: say which one is, under Approach. Nothing was placed.".into(),
        );
    };
    let pose = &reading.pose;
    let entry = LpsPoint(pose.tip().0 - pose.forward().0 * taken.instrument.working_length.0);
    let screw = Screw { path: fabrica_approach::Path { entry, target: pose.tip() }, diameter };
    let purchase = match &case.volume {
        Some(scene) => screw.purchase(&scene.volume).map_err(|e| e.to_string())?,
        None => None,
    };
    let name = free_name("Screw", |name| case.approach.implants.contains_key(name));
    let implant = Implant {
        model: taken.instrument.name.clone(),
        mesh_sha256: taken.sha256.to_string(),
        origin: pose.tip(),
        axes: [LpsVector(-pose.forward().0), pose.up()],
    };
    let check = ScrewCheck {
        bone: bone.clone(),
        entry,
        tip: pose.tip(),
        diameter,
        wall: breach.wall,
        error: breach.error,
        at: breach.at,
        possible: breach.possible,
        purchase: purchase.map(|(mean, _)| mean),
    };
    Ok(vec![
        Operation::Item(ItemOperation::Set { name: name.clone(), item: Item::Implant(implant) }),
        Operation::Approach(ApproachOperation::CheckScrew { implant: name, check }),
    ])
}

fn trajectory(
    case: &OpenCase,
    taken: &Taken,
    reading: &Reading,
    assessing: &mut Assessing,
) -> Result<Vec<Operation>, String> {
    let Some(entry) = reading.entry else {
        return Err(
            "The instrument has not gone through the entry's surface: no trajectory was kept. (Which structure that \
                    is, mostly the skin, is said under Approach.)"
                .into(),
        );
    };
    let planned = of_instrument(&case.structures, &case.approach, taken, [entry.at, reading.pose.tip()]);
    Ok(vec![new_trajectory(case, planned, taken, assessing)])
}

/// A trajectory of an instrument, with the greatest of the structures' distances to stop at as its safety.
pub(crate) fn of_instrument(
    structures: &[SceneStructure],
    said: &SceneApproach,
    taken: &Taken,
    [entry, target]: [LpsPoint; 2],
) -> Trajectory {
    let diameter = taken.instrument.radius_within(entry.distance(target)) * 2.0;
    let watches = structures.iter().map(|s| said.watch(&s.structure.name)).filter(|watch| watch.role == Role::Avoid);
    let safety = watches.map(|watch| watch.stop.0).fold(0.0, f64::max).min(100.0);
    // A pointed tip alone has next to no width, and the plan wants one.
    Trajectory { entry, target, diameter: Mm(diameter.0.clamp(0.1, 100.0)), safety: Mm(safety) }
}

/// The operation of a new trajectory, which is assessed as soon as it is in the plan.
pub(crate) fn new_trajectory(
    case: &OpenCase,
    planned: Trajectory,
    taken: &Taken,
    assessing: &mut Assessing,
) -> Operation {
    let taken_names = |name: &str| case.approach.trajectories.contains_key(name) || assessing.is_awaited(name);
    let name = free_name("Trajectory", taken_names);
    assessing.keep(&name, planned, &taken.instrument.name);
    Operation::Item(ItemOperation::Set { name, item: Item::Trajectory(planned) })
}

/// "Screw 3": the first number that none has.
fn free_name(what: &str, taken: impl Fn(&str) -> bool) -> String {
    (1u32..).map(|n| format!("{what} {n}")).find(|name| !taken(name)).unwrap_or_default()
}
