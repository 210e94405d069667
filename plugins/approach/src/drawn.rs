//! The instrument, what is nearest to it, trajectories and implants in the views.

use std::sync::Arc;

use bevy::prelude::*;
use fabrica_approach::Alarm;
use fabrica_geometry::LpsPoint;
use fabrica_scene::presence::Headset;
use fabrica_scene::{Annotation, Annotations, Figure, FigurePaint, Figures, OpenCase, Rehearsing};
use fabrica_volume::Rgb;

use crate::instrument::InHand;
use crate::library::Instruments;
use crate::map::{FREE, Mapping, STOP, WARN};
use crate::trajectory::Planning;

/// Steel, what is set and not yet kept, and what nothing is known of.
const STEEL: Rgb = Rgb(190, 196, 204);
const LIVE: Rgb = Rgb(120, 225, 255);
const UNKNOWN: Rgb = Rgb(170, 170, 170);
/// Titanium, and a screw that may break out.
const IMPLANT: Rgb = Rgb(120, 170, 220);

/// The most distances that are written into the views, how far these are apart, and how far outside the depth is, mm.
const LABELS: usize = 3;
const APART: f64 = 45.0;
const ASIDE: f64 = 40.0;

/// The colour of an alarm.
fn of_alarm(alarm: Alarm) -> Rgb {
    match alarm {
        Alarm::Free => FREE,
        Alarm::Warn => WARN,
        Alarm::Stop => STOP,
    }
}

/// Draws all of it.
#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
pub fn draw(
    case: Res<OpenCase>,
    headset: Res<Headset>,
    library: Res<Instruments>,
    held: Res<InHand>,
    planning: Res<Planning>,
    mapping: Res<Mapping>,
    mut rehearsing: ResMut<Rehearsing>,
    mut annotations: ResMut<Annotations>,
    mut figures: ResMut<Figures>,
) {
    Annotations::set(&mut annotations, "trajectories", trajectories(&case, &rehearsing));
    let mut live = of_instrument(&held, &rehearsing);
    live.extend(of_planning(&planning, &rehearsing));
    // On the desktop the panel draws it over the views, so that the volume need not be drawn again for each move.
    Annotations::set(&mut annotations, "approach", if headset.shown { live.clone() } else { Vec::new() });
    if rehearsing.live != live {
        rehearsing.live = live;
    }
    Figures::set(&mut figures, "instrument", figure(&held).into_iter().collect());
    Figures::set(&mut figures, "map of entries", mapping.figure.clone().into_iter().collect());
    Figures::set(&mut figures, "implants", implants(&case, &library));
}

fn figure(held: &InHand) -> Option<Figure> {
    let (taken, pose) = (held.taken.as_ref()?, held.pose?);
    let alarm = held.answer.as_ref().map(|(_, reading)| reading.alarm);
    // Its own x runs backwards from the tip.
    let axes = [-pose.forward(), pose.up()];
    Some(Figure {
        mesh: taken.mesh.clone(),
        paint: FigurePaint::One(alarm.filter(|a| *a > Alarm::Free).map_or(STEEL, of_alarm)),
        place: Some((pose.tip(), axes)),
    })
}

/// Implants of shapes that are known here: the plan names them by their hash.
fn implants(case: &OpenCase, library: &Instruments) -> Vec<Figure> {
    let known = case.approach.implants.iter().filter_map(|(name, implant)| {
        let taken = library.get(&implant.model).filter(|taken| *taken.sha256 == *implant.mesh_sha256)?;
        let breaks = case.approach.screws.get(name).is_some_and(|check| check.possible);
        Some(Figure {
            mesh: Arc::clone(&taken.mesh),
            paint: FigurePaint::One(if breaks { STOP } else { IMPLANT }),
            place: Some((implant.origin, implant.axes)),
        })
    });
    known.collect()
}

/// The axis, and a line to the nearest point of each structure that is near, and of the nearest one.
fn of_instrument(held: &InHand, rehearsing: &Rehearsing) -> Vec<Annotation> {
    let Some([tip, end]) = held.axis() else { return Vec::new() };
    let mut lines = vec![Annotation::line(vec![end, tip], STEEL)];
    let Some(told) = &rehearsing.reading else { return lines };
    let (Some(taken), pose) = (&held.taken, told.reading.pose) else { return lines };
    let placed = fabrica_approach::PlacedInstrument::new(&taken.instrument, &pose);
    let near = told.avoid.iter().zip(&told.reading.clearances).filter_map(|(name, c)| Some((name, c.as_ref()?)));
    let least = near.clone().map(|(_, c)| c.distance.0).fold(f64::INFINITY, f64::min);
    let mut shown: Vec<_> = near.filter(|(_, c)| c.alarm > Alarm::Free || c.distance.0 <= least).collect();
    shown.sort_by(|a, b| a.1.distance.0.total_cmp(&b.1.distance.0));
    let mut labelled: Vec<LpsPoint> = Vec::new();
    for (name, c) in shown {
        let line = Annotation::line(vec![placed.nearest_to(c.nearest), c.nearest], of_alarm(c.alarm));
        // Labels that lie on one another cannot be read; the panel has all the values.
        if labelled.len() < LABELS && labelled.iter().all(|at| at.distance(c.nearest).0 > APART) {
            labelled.push(c.nearest);
            let text = format!("{name} {:.1} ± {:.1} mm", c.distance.0, c.error.0);
            lines.push(Annotation { label: Some((c.nearest, text)), ..line });
        } else {
            lines.push(line);
        }
    }
    if let Some(entry) = told.reading.entry {
        let outside = LpsPoint(entry.at.0 - pose.forward().0 * ASIDE);
        let text = format!("{:.0} mm deep", entry.depth.0);
        lines.push(Annotation { label: Some((outside, text)), ..Annotation::line(vec![entry.at], LIVE) });
    }
    lines
}

fn of_planning(planning: &Planning, rehearsing: &Rehearsing) -> Vec<Annotation> {
    let mut lines = Vec::new();
    if let Some(entry) = planning.entry {
        let points: Vec<LpsPoint> = std::iter::once(entry).chain(planning.pointed).collect();
        let length = planning.pointed.map_or(0.0, |at| entry.distance(at).0);
        lines.push(Annotation::line(points, LIVE).says(format!("{length:.0} mm")));
    }
    if let Some(target) = planning.target {
        lines.push(Annotation::line(vec![target], LIVE).says("target"));
        for (n, candidate) in
            rehearsing.map.iter().filter(|m| m.target == target).flat_map(|m| m.candidates.iter().enumerate())
        {
            let label = Some((candidate.at, (n + 1).to_string()));
            let line = Annotation::line(vec![candidate.at, target], of_alarm(candidate.access.alarm));
            lines.push(Annotation { label, dots: false, ..line });
        }
    }
    lines
}

/// The plan's, coloured by what is found now; grey while that is not known.
fn trajectories(case: &OpenCase, rehearsing: &Rehearsing) -> Vec<Annotation> {
    let one = |(name, t): (&String, &fabrica_plan::Trajectory)| {
        let found = rehearsing.assessed.get(name);
        let least = found.and_then(|f| f.clearances.first());
        let text = match least {
            Some((structure, c)) => format!("{name}: {structure} {:.1} ± {:.1} mm", c.distance.0, c.error.0),
            None => name.clone(),
        };
        let line = Annotation::line(vec![t.entry, t.target], found.map_or(UNKNOWN, |f| of_alarm(f.alarm)));
        Annotation { label: Some((t.entry, text)), ..line }
    };
    case.approach.trajectories.iter().map(one).collect()
}
