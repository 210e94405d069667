//! A vessel straightened: the scan along its centreline, drawn on task threads. A place in the picture is a place in the
//! patient, so that a press there moves the crosshair.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_measure::{Border, Centreline, Settings};
use fabrica_progress::Progress;
use fabrica_raycast::{CurvedSlice, Image as Picture, Window, render_curved};
use fabrica_scene::input::Tools;
use fabrica_scene::{Along, Notices, ObliqueSlice, OpenCase, Preview, Severity, bevy_image};
use fabrica_volume::{Structure, Volume};
use glam::{DQuat, DVec3};

use crate::{ID, option};

/// A press of the button turns the picture about the centreline by so much.
const TURN_DEGREES: f64 = 30.0;
/// The picture is as wide as so many of the vessel's greatest radii, within bounds, mm.
const WIDE: f64 = 8.0;
const LEAST_WIDTH: f64 = 30.0;
const GREATEST_WIDTH: f64 = 120.0;
/// The most pixels along the vessel.
const MOST_ROWS: f64 = 2000.0;

/// What is followed and drawn.
#[derive(Resource, Default)]
pub(crate) struct Following {
    /// The vessel that the newest finished or running centreline is of.
    of: Option<Arc<Structure>>,
    finding: Option<Finding>,
    line: Option<Arc<Line>>,
    turns: u32,
    made_for: Option<Job>,
    running: Option<Task<(Job, Drawn)>>,
}

/// A picture along the vessel, and where its pixels are.
type Drawn = Result<(Picture, CurvedSlice), String>;

struct Finding {
    task: Task<Result<Line, String>>,
    progress: Progress,
}

impl Drop for Finding {
    fn drop(&mut self) {
        self.progress.cancel();
    }
}

/// The main branch of a vessel's centreline.
struct Line {
    points: Vec<LpsPoint>,
    /// The greatest radius of the vessel along it, mm.
    radius: f64,
}

/// A picture that is wanted. Two equal jobs make equal pictures.
#[derive(Clone)]
struct Job {
    volume: Arc<Volume>,
    line: Arc<Line>,
    window: Window,
    turns: u32,
}

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.volume, &other.volume)
            && Arc::ptr_eq(&self.line, &other.line)
            && self.window == other.window
            && self.turns == other.turns
    }
}

impl Job {
    fn draw(&self) -> Drawn {
        let path = &self.line.points;
        let (Some(first), Some(second)) = (path.first(), path.get(path.len() / 20 + 1)) else {
            return Err("its centreline has no length".into());
        };
        let length: f64 = path.windows(2).map(|pair| pair[0].distance(pair[1]).0).sum();
        let step = (self.volume.grid().finest_spacing().0 / 2.0).max(length / MOST_ROWS);
        let width = (WIDE * self.line.radius).clamp(LEAST_WIDTH, GREATEST_WIDTH);
        let right =
            across((*second - *first).0, f64::from(self.turns) * TURN_DEGREES).ok_or("its start has no direction")?;
        let slice = CurvedSlice::along(path, right, Mm(width), Mm(step)).map_err(|e| e.to_string())?;
        let picture = render_curved(&self.volume, &slice, self.window, &Progress::new()).map_err(|e| e.to_string())?;
        Ok((picture, slice))
    }
}

/// To the right in the picture of what runs this way: the patient's left, or what of the axes is most across it, turned about
/// it by so many degrees.
fn across(way: DVec3, degrees: f64) -> Option<LpsVector> {
    let way = way.try_normalize()?;
    let axis = if way.x.abs() < 0.8 { DVec3::X } else { DVec3::Y };
    let right = axis.reject_from_normalized(way).try_normalize()?;
    Some(LpsVector(DQuat::from_axis_angle(way, degrees.to_radians()) * right))
}

/// Follows the vessel that is chosen, and draws it.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub(crate) fn follow(
    case: Res<OpenCase>,
    preview: Res<Preview>,
    mut tools: ResMut<Tools>,
    mut following: ResMut<Following>,
    mut oblique: ResMut<ObliqueSlice>,
    mut notices: ResMut<Notices>,
    images: Option<ResMut<Assets<Image>>>,
) {
    let names: Vec<String> = case.structures.iter().map(|s| s.structure.name.clone()).collect();
    Tools::offer(&mut tools, ID, option::VESSEL, &names);
    let following = following.bypass_change_detection();
    let is_used = tools.is_active(ID) && tools.chosen(ID, option::WHAT) == Some(option::ALONG);
    let (Some(scene), true) = (&case.volume, is_used) else {
        if following.of.is_some() || oblique.along.is_some() {
            *following = Following::default();
            oblique.along = None;
        }
        return;
    };
    following.turns += u32::from(Tools::take_press(&mut tools, ID, option::TURN));
    let vessel = tools.chosen(ID, option::VESSEL);
    let vessel = case.structures.iter().find(|s| Some(s.structure.name.as_str()) == vessel).map(|s| &s.structure);
    let same = |a: Option<&Arc<Structure>>, b: Option<&Arc<Structure>>| a.map(Arc::as_ptr) == b.map(Arc::as_ptr);
    if !same(vessel, following.of.as_ref()) {
        following.of = vessel.cloned();
        following.finding = vessel.map(|vessel| find(vessel.clone(), scene.volume.clone()));
        // Another vessel's line says nothing of this one.
        (following.line, following.running, following.made_for) = (None, None, None);
        oblique.along = None;
    }
    let name = following.of.as_ref().map_or("", |of| of.name.as_str());
    let mut tell = |why: &str| {
        notices.tell_once(Severity::Warning, format!("\"{name}\" cannot be straightened: {why}."));
    };
    if let Some(found) = following.finding.as_mut().and_then(|f| block_on(future::poll_once(&mut f.task))) {
        following.finding = None;
        match found {
            Ok(line) => following.line = Some(Arc::new(line)),
            Err(why) => tell(&why),
        }
    }
    if let Some((job, made)) = following.running.as_mut().and_then(|task| block_on(future::poll_once(task))) {
        following.running = None;
        match made {
            Ok((picture, slice)) => {
                let image = images.map(|mut images| images.add(bevy_image(picture))).unwrap_or_default();
                let title = name.to_owned();
                oblique.along = Some(Along { image, slice: Arc::new(slice), title, degrees: turned(job.turns) });
            }
            Err(why) => tell(&why),
        }
    }
    let (Some(line), Some(window)) = (&following.line, preview.window.or(case.window)) else { return };
    let window = Window { centre: window.centre, width: window.width };
    let wanted = Job { volume: scene.volume.clone(), line: line.clone(), window, turns: following.turns };
    if following.running.is_none() && following.made_for.as_ref() != Some(&wanted) {
        following.made_for = Some(wanted.clone());
        following.running = Some(AsyncComputeTaskPool::get().spawn(async move {
            let made = wanted.draw();
            (wanted, made)
        }));
    }
}

/// How far the picture is turned about the line, degrees.
fn turned(turns: u32) -> f64 {
    (f64::from(turns) * TURN_DEGREES) % 360.0
}

fn find(vessel: Arc<Structure>, volume: Arc<Volume>) -> Finding {
    let progress = Progress::new();
    let watched = progress.clone();
    let task = AsyncComputeTaskPool::get().spawn(async move {
        let border = Border::of(&vessel, Some(&volume), &Settings::default(), &watched).map_err(|e| e.to_string())?;
        let line = Centreline::of(&border, None, &watched).map_err(|e| e.to_string())?;
        let main = line.branches.first().ok_or("it has no centreline")?;
        let radius = main.radii.iter().fold(0.0, |most: f64, radius| most.max(radius.0));
        Ok(Line { points: main.points.iter().map(|p| p.at).collect(), radius })
    });
    Finding { task, progress }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_is_the_patients_left_and_turns_about_the_vessel() {
        // Down along the body.
        let right = across(DVec3::NEG_Z, 0.0).unwrap();
        assert!(right.0.distance(DVec3::X) < 1e-12);
        // A quarter turn about that way: from left to front.
        assert!(across(DVec3::NEG_Z, 90.0).unwrap().0.distance(DVec3::NEG_Y) < 1e-12);
        assert_eq!(across(DVec3::ZERO, 0.0), None);
        assert!((turned(13) - 30.0).abs() < 1e-9);
    }
}
