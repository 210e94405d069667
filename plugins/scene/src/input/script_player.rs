//! Plays a [`Script`].

use bevy::prelude::*;

use super::{Aim, ButtonsDown, Hand, HandSample, RoomPose, Script, SliceSample, Source, Step, Tools};
use crate::presence::MovePatient;
use crate::world::PatientPose;
use crate::{Do, Navigate, Notices, OpenCase, Request, Severity, TakePicture, Work};

/// A script's second, in frames.
const FRAMES_PER_SECOND: f32 = 30.0;
/// Frames that a script waits after the case has been opened: what is shown follows some frames later.
const FRAMES_BEFORE: u32 = 10;
/// Frames without work before a picture is taken: slices, labels and the 3D view follow some frames later.
const SETTLED: u32 = 25;

/// Asks for a script to be played, once the case is open and nothing is being worked on.
#[derive(Message, Clone, Debug)]
pub struct PlayScript(pub Script);

/// The script's `end` was reached.
#[derive(Message, Clone, Copy, Debug, Default)]
pub struct ScriptEnded;

/// The script that is played.
#[derive(Default)]
pub(super) struct Playing {
    script: Script,
    next: usize,
    frame: u32,
    waited: u32,
    /// Frames in which nothing was worked on, since a picture has been due.
    settled: u32,
    hands: [Played; 2],
    slice: Sliced,
}

/// The pointer on the slice views as the script has it.
struct Sliced(SliceSample);

impl Default for Sliced {
    fn default() -> Self {
        Self(SliceSample::gone(Source::Script))
    }
}

/// A hand as the script has it.
struct Played {
    sample: HandSample,
    from: Option<RoomPose>,
    to: Option<Aim>,
    started: f32,
    over: f32,
}

impl Default for Played {
    fn default() -> Self {
        let sample = HandSample::gone(Hand::Right, Source::Script);
        Self { sample, from: None, to: None, started: 0.0, over: 0.0 }
    }
}

impl Aim {
    fn in_room(self, patient: &PatientPose) -> RoomPose {
        let (at, toward) = match self {
            Self::Room { at, toward } => (at, toward),
            Self::Patient { toward, from } => (patient.to_room(from), patient.to_room(toward)),
        };
        RoomPose::looking_at(at, toward)
    }
}

impl Played {
    fn follow(&mut self, now: f32, patient: &PatientPose) {
        let Some(to) = self.to else { return };
        let to = to.in_room(patient);
        let share = if self.over > 0.0 { ((now - self.started) / self.over).clamp(0.0, 1.0) } else { 1.0 };
        let from = self.from.unwrap_or(to);
        let pose = RoomPose {
            position: from.position.lerp(to.position, share),
            rotation: from.rotation.slerp(to.rotation, share),
        };
        self.sample.aim = Some(pose);
        self.sample.grip = Some(pose);
    }
}

/// What a script may ask of the app.
#[derive(bevy::ecs::system::SystemParam)]
pub(super) struct Asked<'w> {
    samples: MessageWriter<'w, HandSample>,
    slices: MessageWriter<'w, SliceSample>,
    operations: MessageWriter<'w, Do>,
    requests: MessageWriter<'w, Request>,
    moves: MessageWriter<'w, MovePatient>,
    navigation: MessageWriter<'w, Navigate>,
    pictures: MessageWriter<'w, TakePicture>,
    ended: MessageWriter<'w, ScriptEnded>,
    tools: ResMut<'w, Tools>,
    notices: ResMut<'w, Notices>,
}

pub(super) fn play(
    mut scripts: MessageReader<PlayScript>,
    mut playing: Local<Option<Playing>>,
    case: Res<OpenCase>,
    work: Res<Work>,
    patient: Res<PatientPose>,
    mut asked: Asked,
) {
    if let Some(PlayScript(script)) = scripts.read().last() {
        *playing = Some(Playing { script: script.clone(), ..default() });
    }
    let Some(now_playing) = playing.as_mut() else { return };
    if case.volume.is_none() || work.running.is_some() || now_playing.waited < FRAMES_BEFORE {
        now_playing.waited += u32::from(case.volume.is_some() && work.running.is_none());
        return;
    }
    let now = now_playing.frame as f32 / FRAMES_PER_SECOND;
    let due = now_playing.script.lines.get(now_playing.next).filter(|line| line.seconds <= now);
    if due.is_some_and(|line| matches!(line.step, Step::Picture(_))) && now_playing.settled < SETTLED {
        // Time stands still for it.
        now_playing.settled = if work.beside.is_empty() { now_playing.settled + 1 } else { 0 };
        return;
    }
    now_playing.settled = 0;
    now_playing.frame += 1;
    let time_of_first = now_playing.script.lines.get(now_playing.next).map(|line| line.seconds);
    while let Some(line) = now_playing.script.lines.get(now_playing.next) {
        // Steps of different times never share a frame, so that each is seen.
        if line.seconds > now || Some(line.seconds) != time_of_first {
            break;
        }
        let step = line.step.clone();
        now_playing.next += 1;
        now_playing.step(step, now, &mut asked);
    }
    for (hand, played) in Hand::BOTH.into_iter().zip(&mut now_playing.hands) {
        played.sample.hand = hand;
        played.follow(now, &patient);
        if played.to.is_some() {
            asked.samples.write(played.sample);
        }
    }
    if now_playing.next >= now_playing.script.lines.len() && now > now_playing.script.duration() {
        *playing = None;
    }
}

impl Playing {
    fn step(&mut self, step: Step, now: f32, asked: &mut Asked) {
        let hand = |playing: &mut Self, hand: Hand, change: &dyn Fn(&mut HandSample)| {
            change(&mut playing.hands[hand as usize].sample);
        };
        match step {
            Step::Aim { hand, aim, over } => {
                let played = &mut self.hands[hand as usize];
                played.from = played.sample.aim;
                (played.to, played.started, played.over) = (Some(aim), now, over);
            }
            Step::Gone(which) => {
                let gone = HandSample::gone(which, Source::Script);
                self.hands[which as usize] = Played { sample: gone, ..default() };
                asked.samples.write(gone);
            }
            Step::Trigger(which, value) => hand(self, which, &|s| s.trigger = value),
            Step::Squeeze(which, value) => hand(self, which, &|s| s.squeeze = value),
            Step::Stick(which, value) => hand(self, which, &|s| s.stick = value),
            Step::Button(which, button, down) => hand(self, which, &|s| set_button(&mut s.buttons, &button, down)),
            Step::Tool(name) => {
                if !asked.tools.choose(name.as_deref()) {
                    let name = name.unwrap_or_default();
                    asked
                        .notices
                        .tell(Severity::Error, format!("The script asks for a tool `{name}` that is not there."));
                }
            }
            Step::SliceAt(place) => {
                self.slice.0.place = place;
                asked.slices.write(self.slice.0);
            }
            Step::SlicePress(pressed) => {
                self.slice.0.pressed = pressed;
                asked.slices.write(self.slice.0);
            }
            Step::Option(tool, option, value) => {
                if let Err(reason) = asked.tools.set(&tool, &option, &value) {
                    asked.notices.tell(Severity::Error, format!("The script sets an option: {reason}."));
                }
            }
            Step::Do(json) => match serde_json::from_str(&json) {
                Ok(operation) => {
                    asked.operations.write(Do(operation));
                }
                Err(error) => {
                    asked.notices.tell(Severity::Error, format!("The script's operation cannot be read: {error}"));
                }
            },
            Step::Undo => {
                asked.requests.write(Request::Undo);
            }
            Step::Redo => {
                asked.requests.write(Request::Redo);
            }
            Step::Segment(preset) => {
                asked.requests.write(Request::Segment { preset });
            }
            Step::Look(from) => {
                asked.navigation.write(Navigate::Look(from));
            }
            Step::Picture(name) => {
                asked.pictures.write(TakePicture(name));
            }
            Step::Move(to) => {
                asked.moves.write(to);
            }
            Step::End => {
                asked.ended.write_default();
            }
        }
    }
}

fn set_button(buttons: &mut ButtonsDown, name: &str, down: bool) {
    match name {
        "primary" => buttons.primary = down,
        "secondary" => buttons.secondary = down,
        "menu" => buttons.menu = down,
        // The parser lets no other name through.
        _ => buttons.stick = down,
    }
}
