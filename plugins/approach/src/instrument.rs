//! The instrument in the hand.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_approach::{Alarm, Path, Pose, Reading};
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_scene::input::{Hands, Haptic, Tools};
use fabrica_scene::pick::Pointing;
use fabrica_scene::{Held, OpenCase, Rehearsing, Told};

use crate::library::{Instruments, Taken};
use crate::options::{self, ALONG, CROSSHAIR, FOLLOW, WHICH};
use crate::stand::{Stand, in_hand};
use crate::watch::{Guarded, Ready};
use crate::{INSTRUMENT, blocked, tell};

/// Frames between two pulses of an alarm.
const PULSE: u32 = 9;

/// The instrument in the hand.
#[derive(Resource, Default)]
pub struct InHand {
    /// Which.
    pub taken: Option<Taken>,
    /// Where it is; nothing while it is nowhere.
    pub pose: Option<Pose>,
    /// How the mouse has put it.
    stand: Option<Stand>,
    /// The entry of a drag on a slice that is under way.
    anchor: Option<LpsPoint>,
    asking: Option<Asking>,
    /// The newest answer, and what it was of.
    pub answer: Option<(Wish, Arc<Reading>)>,
    /// What the hand has felt last: the alarm, and how many structures are crossed.
    felt: (Option<Alarm>, usize),
    since_pulse: u32,
}

struct Asking {
    wish: Wish,
    task: Task<Result<Reading, String>>,
}

/// What an answer is of. Two equal wishes give equal answers.
#[derive(Clone, PartialEq)]
pub struct Wish {
    instrument: String,
    pose: Pose,
    plan: Option<Path>,
    revision: u64,
}

/// Puts the instrument where the user does.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub fn hold(
    case: Res<OpenCase>,
    library: Res<Instruments>,
    mut tools: ResMut<Tools>,
    mut pointing: Pointing,
    mut held: ResMut<InHand>,
) {
    let name = tools.chosen(INSTRUMENT, WHICH).unwrap_or_default();
    if held.taken.as_ref().is_none_or(|taken| taken.instrument.name != name) {
        held.taken = library.get(name).cloned();
    }
    let Some(length) = held.taken.as_ref().map(|taken| taken.instrument.length()) else {
        held.pose = None;
        return;
    };
    if case.volume.is_none() || blocked(&case).is_some() {
        (held.pose, held.stand, held.anchor) = (None, None, None);
        return;
    }
    let trajectory = trajectory(&case, &tools);
    if Tools::take_press(&mut tools, INSTRUMENT, ALONG)
        && let Some(path) = trajectory
        && let Ok(forward) = path.direction()
    {
        held.stand = Some(Stand { entry: path.entry, forward });
        options::set_depth(&mut tools, path.length());
    }
    if pointing.slice.place.is_none() && pointing.hands.working().grip.pose.is_some() {
        held.pose = in_hand(&pointing.hands, length);
        return;
    }
    let aim = match tools.chosen(INSTRUMENT, FOLLOW) {
        Some(CROSSHAIR) => Some(case.crosshair),
        _ => trajectory.map(|path| path.target),
    };
    let pointed = pointing.pointed();
    if pointed.press.started {
        held.anchor = pointed.at;
    }
    if let (Some(anchor), Some(at)) = (held.anchor, pointed.at) {
        if pointed.on_slice {
            if let Some((stand, depth)) = Stand::dragged(anchor, at) {
                held.stand = Some(stand);
                options::set_depth(&mut tools, depth);
            }
        } else if pointed.press.held {
            let sight = pointed.sight.map(|ray| ray.direction.0).unwrap_or_default();
            held.stand = Stand::aiming(at, aim, sight).or(held.stand);
        }
    }
    if !pointed.press.held {
        held.anchor = None;
    }
    let depth = options::depth(&tools);
    held.pose = held.stand.and_then(|stand| stand.pose(depth).ok());
}

/// The trajectory that the instrument follows.
pub fn trajectory(case: &OpenCase, tools: &Tools) -> Option<Path> {
    let name = tools.chosen(INSTRUMENT, FOLLOW)?;
    case.approach.trajectories.get(name).map(|t| Path { entry: t.entry, target: t.target })
}

/// Asks how near the instrument is to everything, and tells the answer.
pub fn read(
    case: Res<OpenCase>,
    tools: Res<Tools>,
    guarded: Res<Guarded>,
    mut held: ResMut<InHand>,
    mut rehearsing: ResMut<Rehearsing>,
) {
    let held = held.bypass_change_detection();
    if let Some(asking) = &mut held.asking
        && let Some(found) = block_on(future::poll_once(&mut asking.task))
    {
        let wish = asking.wish.clone();
        held.asking = None;
        match found {
            Ok(reading) => held.answer = Some((wish, Arc::new(reading))),
            Err(why) => {
                held.answer = None;
                tell(&mut rehearsing, Told::Blocked(why));
            }
        }
    }
    let (Some(taken), Some(pose), Some(ready)) = (&held.taken, held.pose, &guarded.ready) else {
        held.answer = None;
        forget(&mut rehearsing);
        if held.pose.is_none() {
            tell(&mut rehearsing, Told::Next("Press where the instrument enters.".into()));
        }
        return;
    };
    let wish = Wish {
        instrument: taken.instrument.name.clone(),
        pose,
        plan: trajectory(&case, &tools),
        revision: ready.revision,
    };
    // What was found among other structures, or for another instrument, is not told any more.
    let of_now = |of: &Wish| of.revision == wish.revision && of.instrument == wish.instrument;
    held.answer = held.answer.take().filter(|(of, _)| of_now(of));
    match &held.answer {
        Some((_, reading)) => show(reading, taken, ready, &mut rehearsing),
        None => forget(&mut rehearsing),
    }
    if held.asking.is_none() && held.answer.as_ref().is_none_or(|(of, _)| *of != wish) {
        let (taken, ready, asked) = (taken.clone(), ready.clone(), wish.clone());
        let before = held.answer.as_ref().map(|(_, reading)| reading.clone());
        let task = AsyncComputeTaskPool::get().spawn(async move {
            let found =
                ready.guard.read(&taken.instrument, taken.screw, &asked.pose, asked.plan.as_ref(), before.as_deref());
            found.map_err(|e| e.to_string())
        });
        held.asking = Some(Asking { wish, task });
    }
}

fn forget(rehearsing: &mut ResMut<Rehearsing>) {
    if rehearsing.reading.is_some() {
        rehearsing.reading = None;
    }
}

fn show(reading: &Arc<Reading>, taken: &Taken, ready: &Ready, rehearsing: &mut ResMut<Rehearsing>) {
    if rehearsing.reading.as_ref().is_some_and(|held| Arc::ptr_eq(&held.reading, reading)) {
        return;
    }
    let held = Held { instrument: taken.instrument.name.clone(), avoid: ready.avoid.clone(), reading: reading.clone() };
    rehearsing.reading = Some(held);
    tell(rehearsing, Told::Live(headline(reading, ready)));
}

/// The nearest structure, or the breach of a screw.
fn headline(reading: &Reading, ready: &Ready) -> String {
    if let Some(breach) = reading.breach {
        let verdict = if breach.possible { "may break out" } else { "within bone" };
        return format!("wall {:.1} ± {:.1} mm: {verdict}", breach.wall.0, breach.error.0);
    }
    match reading.nearest() {
        Some((n, c)) => {
            let name = ready.avoid.get(n).map_or("", String::as_str);
            format!("{name}: {:.1} ± {:.1} mm", c.distance.0, c.error.0)
        }
        None if ready.avoid.is_empty() => "no structure is kept away from".into(),
        None => "nothing within 200 mm".into(),
    }
}

/// Lets the hand feel alarms and what the tip goes into.
pub fn feel(mut held: ResMut<InHand>, hands: Res<Hands>, mut haptics: MessageWriter<Haptic>) {
    let held = held.bypass_change_detection();
    held.since_pulse = held.since_pulse.saturating_add(1);
    let Some((_, reading)) = &held.answer else {
        held.felt = (None, 0);
        return;
    };
    let now = (Some(reading.alarm), reading.crossings.len());
    let graver = now.0 > held.felt.0 && reading.alarm > Alarm::Free;
    let hand = hands.dominant;
    if graver && reading.alarm == Alarm::Stop {
        haptics.write(Haptic::warn(hand));
        held.since_pulse = 0;
    } else if graver || (reading.alarm > Alarm::Free && held.since_pulse >= PULSE) {
        let amplitude = if reading.alarm == Alarm::Stop { 1.0 } else { 0.35 };
        haptics.write(Haptic { hand, amplitude, seconds: 0.03 });
        held.since_pulse = 0;
    } else if now.1 != held.felt.1 {
        // Another tissue.
        haptics.write(Haptic::click(hand));
    }
    held.felt = now;
}

/// The tool is not in use: nothing is in the hand.
pub fn lay_aside(tools: Res<Tools>, mut held: ResMut<InHand>, mut rehearsing: ResMut<Rehearsing>) {
    if tools.is_active(INSTRUMENT) {
        return;
    }
    if held.taken.is_some() || rehearsing.reading.is_some() {
        *held = InHand::default();
        rehearsing.reading = None;
    }
}

impl InHand {
    /// The newest answer, if it is of where the instrument is now.
    pub fn settled(&self) -> Option<&Arc<Reading>> {
        self.answer.as_ref().filter(|(of, _)| Some(of.pose) == self.pose).map(|(_, reading)| reading)
    }

    /// From the tip backwards, for drawing.
    pub fn axis(&self) -> Option<[LpsPoint; 2]> {
        let (taken, pose) = (self.taken.as_ref()?, self.pose?);
        let end: Mm = taken.instrument.length();
        Some([pose.tip(), LpsPoint(pose.tip().0 - pose.forward().0 * end.0)])
    }
}
