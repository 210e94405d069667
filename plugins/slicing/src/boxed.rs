//! The clip box in the hand: a face is dragged, or the whole box is carried. Shown while it moves, one operation when it is
//! let go.

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_plan::{ClipBox, Cuts, Operation};
use fabrica_scene::input::{
    HandState, Hands, Haptic, PatientPlace, PatientRay, Press, SlicePlace, SlicePointer, Tools,
};
use fabrica_scene::world::PatientPose;
use fabrica_scene::{Annotation, Annotations, Do, ObliqueSlice, OpenCase, Preview, Redraw};
use fabrica_volume::Rgb;

use crate::boxes::{self, Face};
use crate::{ID, option};

/// The clip box that the tool moves.
const CLIP: &str = "clip";
/// How near a hand must be to a face to take it, metres in the room.
const AT_HAND: f32 = 0.04;
/// How near the pointer on a slice must be, as a share of the box's longest side.
const AT_POINTER: f64 = 0.08;
/// Its edges, and the face in the hand.
const EDGES: Rgb = Rgb(120, 200, 255);
const IN_HAND: Rgb = Rgb(255, 220, 90);

/// Before and after a structure's name: what the box cuts.
const EVERYTHING: &str = "everything";
const ALL_BUT: &str = "all but ";
const ONLY: &str = "only ";

/// How the box is held.
#[derive(Resource, Default)]
pub(crate) struct Boxing {
    grasp: Option<Grasp>,
    /// The choice that was last seen: another one is the user's.
    cuts: Option<String>,
    is_used: bool,
    /// What was let go and is not in the plan yet, and for how many frames: it stays shown so long.
    waiting: Option<(ClipBox, u32)>,
}

/// Frames after which what was let go is no longer waited for: the plan did not take it.
const PATIENCE: u32 = 300;

struct Grasp {
    was: ClipBox,
    by: By,
    /// The face, and where it was taken; nothing for the whole box.
    face: Option<(Face, LpsPoint)>,
}

/// What holds it.
#[derive(Clone, Copy)]
enum By {
    /// A hand in the room.
    Hand(PatientPlace),
    /// A ray.
    Ray(PatientRay),
    /// The pointer on a slice.
    Slice(SlicePlace),
}

/// What could hold something now, and its press.
fn reach(slice: &SlicePointer, hand: &HandState) -> (Option<By>, Press) {
    let press = if slice.is_at_work() { slice.press } else { hand.pointer.trigger };
    let by = match (slice.place, hand.grip.place, hand.pointer.ray) {
        (Some(place), ..) => Some(By::Slice(place)),
        _ if hand.pointer.taken => None,
        (None, Some(place), _) => Some(By::Hand(place)),
        (None, None, ray) => ray.map(By::Ray),
    };
    (by, press)
}

/// What the box may cut, by names of structures.
pub(crate) fn choices(structures: &[String]) -> Vec<String> {
    let named = structures.iter().flat_map(|name| [ALL_BUT, ONLY].map(|what| format!("{what}{name}")));
    std::iter::once(EVERYTHING.to_owned()).chain(named).collect()
}

fn cuts_of(choice: &str) -> Cuts {
    match (choice.strip_prefix(ALL_BUT), choice.strip_prefix(ONLY)) {
        (Some(name), _) => Cuts::AllBut(vec![name.to_owned()]),
        (_, Some(name)) => Cuts::Only(vec![name.to_owned()]),
        _ => Cuts::All,
    }
}

/// What a choice is called; nothing for what several structures are named in.
fn choice_of(cuts: &Cuts) -> Option<String> {
    match cuts {
        Cuts::All => Some(EVERYTHING.to_owned()),
        Cuts::AllBut(names) if names.len() == 1 => Some(format!("{ALL_BUT}{}", names[0])),
        Cuts::Only(names) if names.len() == 1 => Some(format!("{ONLY}{}", names[0])),
        _ => None,
    }
}

/// Moves the box as the user does.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn hold(
    case: Res<OpenCase>,
    hands: Res<Hands>,
    slice: Res<SlicePointer>,
    patient: Res<PatientPose>,
    mut tools: ResMut<Tools>,
    mut boxing: ResMut<Boxing>,
    mut preview: ResMut<Preview>,
    mut annotations: ResMut<Annotations>,
    mut oblique: ResMut<ObliqueSlice>,
    mut operations: MessageWriter<Do>,
    mut haptics: MessageWriter<Haptic>,
    mut redraw: MessageWriter<Redraw>,
) {
    let names: Vec<String> = case.structures.iter().map(|s| s.structure.name.clone()).collect();
    Tools::offer(&mut tools, ID, option::CUTS, &choices(&names));
    let is_used = tools.chosen(ID, option::WHAT) == Some(option::BOX);
    let (Some(scene), true) = (&case.volume, is_used) else {
        put_down(&mut boxing, &mut preview, &mut annotations, &mut oblique, &mut redraw);
        return;
    };
    let (low, high) = scene.volume.grid().bounds();
    let around = || ClipBox::around(low, high);
    let planned = case.clip_box.clone();
    let mut now = planned.clone().unwrap_or_else(around);
    follow_choice(&mut boxing, &mut tools, planned.as_ref(), &mut now);
    if Tools::take_press(&mut tools, ID, option::AROUND) {
        now = ClipBox { cuts: now.cuts.clone(), ..around() };
    }
    if Tools::take_press(&mut tools, ID, option::ON_OFF) {
        now.enabled = !now.enabled;
    }
    let asked = planned.as_ref().map_or(now != around(), |planned| *planned != now);

    let (by, press) = reach(&slice, hands.working());
    if press.started
        && let Some(by) = by
    {
        let face = face_at(&now, &by, &patient);
        // A ray that meets no face and a pointer outside hold nothing; a hand may hold the box from afar.
        let whole = match by {
            By::Slice(place) => boxes::holds(&now, place.at),
            By::Hand(_) => true,
            By::Ray(_) => false,
        };
        if face.is_some() || whole {
            boxing.grasp = Some(Grasp { was: now.clone(), by, face });
            haptics.write(Haptic::click(hands.dominant));
        }
    }
    let mut moved = None;
    let mut face = None;
    if let Some(grasp) = &boxing.grasp {
        face = grasp.face.map(|(face, _)| face);
        let to = by.filter(|_| press.held || press.ended).and_then(|by| grasp.moved(&by));
        // A hand that is lost leaves it where it was last.
        moved = to.or_else(|| preview.clip_box.clone()).map(|clip| ClipBox {
            enabled: true,
            cuts: now.cuts.clone(),
            ..clip
        });
    }
    if boxing.grasp.is_some() && press.held {
        if moved.is_some() && preview.clip_box != moved {
            preview.clip_box.clone_from(&moved);
            redraw.write_default();
        }
    } else {
        let released = boxing.grasp.take().is_some();
        let wanted = moved.clone().filter(|_| released).or(asked.then(|| now.clone()));
        if let Some(clip) = wanted.filter(|clip| planned.as_ref() != Some(clip)) {
            boxing.waiting = preview.clip_box.is_some().then(|| (clip.clone(), 0));
            operations.write(Do(Operation::SetClipBox { name: CLIP.into(), clip }));
        }
        if let Some((clip, frames)) = &mut boxing.waiting {
            *frames += 1;
            if planned.as_ref() == Some(clip) || *frames > PATIENCE {
                boxing.waiting = None;
            }
        }
        if boxing.waiting.is_none() && preview.clip_box.is_some() {
            preview.clip_box = None;
            redraw.write_default();
        }
    }
    boxing.is_used = true;
    let shown = moved.or_else(|| preview.clip_box.clone()).unwrap_or(now);
    Annotations::set(&mut annotations, CLIP_BOX, drawn(&shown, face));
    if oblique.boxed.as_ref() != Some(&shown) {
        oblique.boxed = Some(shown);
    }
}

/// Whose annotations these are.
const CLIP_BOX: &str = "clip box";

/// The choice of what is cut follows the plan, and the plan the user's choice.
fn follow_choice(boxing: &mut Boxing, tools: &mut ResMut<Tools>, planned: Option<&ClipBox>, now: &mut ClipBox) {
    let chosen = tools.chosen(ID, option::CUTS).map(str::to_owned);
    let known = boxing.cuts.is_some() && boxing.is_used;
    if known && chosen != boxing.cuts {
        if let Some(chosen) = &chosen {
            now.cuts = cuts_of(chosen);
        }
        boxing.cuts = chosen;
    } else if let Some(in_plan) = planned.and_then(|clip| choice_of(&clip.cuts)) {
        if chosen.as_ref() != Some(&in_plan) {
            tools.set(ID, option::CUTS, &in_plan).ok();
        }
        boxing.cuts = Some(in_plan);
    } else {
        boxing.cuts = chosen;
    }
}

fn face_at(now: &ClipBox, by: &By, patient: &PatientPose) -> Option<(Face, LpsPoint)> {
    match by {
        By::Hand(place) => {
            let within = patient.length_to_patient(AT_HAND);
            boxes::nearest_face(now, place.at, within, None).map(|face| (face, place.at))
        }
        By::Ray(ray) => boxes::face_on_ray(now, ray),
        By::Slice(place) => {
            let longest = now.half.iter().fold(0.0, |most: f64, half| most.max(half.0));
            let within = Mm((2.0 * longest * AT_POINTER).max(2.0));
            boxes::nearest_face(now, place.at, within, Some(place.normal)).map(|face| (face, place.at))
        }
    }
}

impl Grasp {
    fn moved(&self, to: &By) -> Option<ClipBox> {
        match (self.by, *to, self.face) {
            (By::Hand(_), By::Hand(to), Some((face, from))) => {
                Some(boxes::pushed(&self.was, face, Mm((to.at - from).0.dot(face.normal(&self.was).0))))
            }
            (By::Hand(from), By::Hand(to), None) => boxes::carried(&self.was, &from, &to),
            (By::Ray(_), By::Ray(ray), Some((face, from))) => {
                Some(boxes::pushed(&self.was, face, boxes::along(&ray, from, face.normal(&self.was))?))
            }
            (By::Slice(_), By::Slice(to), Some((face, from))) => {
                Some(boxes::pushed(&self.was, face, Mm((to.at - from).0.dot(face.normal(&self.was).0))))
            }
            (By::Slice(from), By::Slice(to), None) => {
                Some(ClipBox { centre: self.was.centre + (to.at - from.at), ..self.was.clone() })
            }
            _ => None,
        }
    }
}

/// Its edges; the face in the hand, with the box's sides.
fn drawn(clip: &ClipBox, face: Option<Face>) -> Vec<Annotation> {
    let ring =
        |points: Vec<LpsPoint>, colour| Annotation { closed: true, dots: false, ..Annotation::line(points, colour) };
    let ends = [true, false].map(|ahead| Face { axis: 2, ahead }.corners(clip));
    let mut lines: Vec<Annotation> = ends.iter().map(|corners| ring(corners.to_vec(), EDGES)).collect();
    let upright = |n: usize| Annotation { dots: false, ..Annotation::line(vec![ends[0][n], ends[1][n]], EDGES) };
    lines.extend((0..4).map(upright));
    if let Some(face) = face {
        let sides = clip.half.map(|half| format!("{:.0}", 2.0 * half.0)).join(" × ");
        lines.push(ring(face.corners(clip).to_vec(), IN_HAND).says(format!("{sides} mm")));
    }
    lines
}

/// The box is not in the hand: what was half-moved stays as the plan has it.
fn put_down(
    boxing: &mut ResMut<Boxing>,
    preview: &mut ResMut<Preview>,
    annotations: &mut ResMut<Annotations>,
    oblique: &mut ResMut<ObliqueSlice>,
    redraw: &mut MessageWriter<Redraw>,
) {
    if !boxing.is_used {
        return;
    }
    if preview.clip_box.take().is_some() {
        redraw.write_default();
    }
    **boxing = Boxing::default();
    oblique.boxed = None;
    Annotations::set(annotations, CLIP_BOX, Vec::new());
}

/// The tool is not in use.
pub(crate) fn lay_aside(
    mut boxing: ResMut<Boxing>,
    mut preview: ResMut<Preview>,
    mut annotations: ResMut<Annotations>,
    mut oblique: ResMut<ObliqueSlice>,
    mut redraw: MessageWriter<Redraw>,
) {
    put_down(&mut boxing, &mut preview, &mut annotations, &mut oblique, &mut redraw);
}
