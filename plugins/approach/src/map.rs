//! The map of entries for a target, made on a task thread while the target moves.

use std::sync::Arc;
use std::time::Instant;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, futures_lite::future};
use fabrica_approach::{Access, Accessibility, Alarm, Criteria, EntrySurface, Obstacle, border};
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_progress::Progress;
use fabrica_scene::input::Tools;
use fabrica_scene::{EntryMap, Figure, FigurePaint, OpenCase, Rehearsing, Told};
use fabrica_surface::Mesh;
use fabrica_volume::{Rgb, Structure, Volume};

use crate::library::{Instruments, Taken};
use crate::options::{CANDIDATES, MAP, WHAT, WHICH};
use crate::trajectory::Planning;
use crate::watch::{Guarded, Ready};
use crate::{TRAJECTORY, blocked, tell};

/// The lattice of the map, and how far the target may go before it is prepared anew, mm.
const STEP: Mm = Mm(2.0);
const ROOM: f64 = 20.0;
/// About so many entries.
const ENTRIES: usize = 20_000;
/// The painted surface lies so far outside the structure's own, mm: else both would flicker.
const OUTSIDE: f64 = 0.8;

/// The map, and what is prepared for it.
#[derive(Resource, Default)]
pub struct Mapping {
    prepared: Option<Arc<Prepared>>,
    working: Option<Working>,
    /// What the newest map is of.
    shown: Option<Wish>,
    /// The surface with the newest map painted on it.
    pub figure: Option<Figure>,
}

struct Working {
    wish: Wish,
    progress: Progress,
    task: Task<Result<(Arc<Prepared>, Made), String>>,
}

impl Drop for Working {
    fn drop(&mut self) {
        self.progress.cancel();
    }
}

#[derive(Clone, PartialEq)]
struct Wish {
    target: LpsPoint,
    instrument: String,
    revision: u64,
}

/// What a map needs, for targets near a place.
struct Prepared {
    revision: u64,
    instrument: String,
    centre: LpsPoint,
    skin: (Arc<Structure>, Arc<Mesh>),
    surface: EntrySurface,
    /// The surface a little outside, to be painted.
    painted: Arc<Mesh>,
    access: Accessibility<Obstacle>,
    names: Vec<String>,
}

/// A map.
struct Made {
    map: EntryMap,
    figure: Figure,
}

/// Follows the target.
pub fn follow(
    case: Res<OpenCase>,
    library: Res<Instruments>,
    tools: Res<Tools>,
    guarded: Res<Guarded>,
    planning: Res<Planning>,
    mut mapping: ResMut<Mapping>,
    mut rehearsing: ResMut<Rehearsing>,
) {
    let mapping = mapping.bypass_change_detection();
    let asked = tools.chosen(TRAJECTORY, WHAT) == Some(MAP) && blocked(&case).is_none();
    let (Some(target), Some(ready), Some(taken), Some(scene)) = (
        planning.target.filter(|_| asked),
        &guarded.ready,
        tools.chosen(TRAJECTORY, WHICH).and_then(|name| library.get(name)),
        &case.volume,
    ) else {
        (mapping.working, mapping.shown, mapping.figure) = (None, None, None);
        if rehearsing.map.is_some() {
            rehearsing.map = None;
        }
        return;
    };
    let wish = Wish { target, instrument: taken.instrument.name.clone(), revision: ready.revision };
    // A map among other structures, or for another instrument, is no map of this.
    let of_now = |of: &Wish| of.revision == wish.revision && of.instrument == wish.instrument;
    if mapping.shown.as_ref().is_some_and(|of| !of_now(of)) {
        (mapping.shown, mapping.figure, rehearsing.map) = (None, None, None);
    }
    if mapping.working.as_ref().is_some_and(|working| !of_now(&working.wish)) {
        mapping.working = None;
    }
    if let Some(working) = &mut mapping.working {
        match block_on(future::poll_once(&mut working.task)) {
            None => {
                rehearsing.running = vec![("Map of entries".into(), working.progress.clone())];
                if mapping.shown.is_none() {
                    tell(&mut rehearsing, Told::Next("The map of entries is being prepared.".into()));
                }
            }
            Some(found) => {
                let of = working.wish.clone();
                mapping.working = None;
                rehearsing.running.clear();
                mapping.shown = Some(of);
                match found {
                    Ok((prepared, made)) => {
                        mapping.prepared = Some(prepared);
                        mapping.figure = Some(made.figure);
                        tell(&mut rehearsing, Told::Live(says(&made.map)));
                        rehearsing.map = Some(made.map);
                    }
                    Err(why) => {
                        (mapping.figure, rehearsing.map) = (None, None);
                        tell(&mut rehearsing, Told::Blocked(why));
                    }
                }
            }
        }
    }
    if mapping.working.is_some() || mapping.shown.as_ref() == Some(&wish) {
        return;
    }
    if ready.guard.avoid.is_empty() {
        tell(&mut rehearsing, Told::Blocked("No structure is kept away from, so there is nothing to map.".into()));
        return;
    }
    let progress = Progress::new();
    let (known, ready, taken, volume) = (mapping.prepared.clone(), ready.clone(), taken.clone(), scene.volume.clone());
    let told = progress.clone();
    let task = AsyncComputeTaskPool::get().spawn(async move { make(target, known, &ready, &taken, &volume, &told) });
    mapping.working = Some(Working { wish, progress, task });
}

fn says(map: &EntryMap) -> String {
    let offered = map.entries - map.refused.too_close - map.refused.too_long - map.refused.too_oblique;
    format!("{offered} of {} entries can be offered", map.entries)
}

fn make(
    target: LpsPoint,
    known: Option<Arc<Prepared>>,
    ready: &Ready,
    taken: &Taken,
    volume: &Volume,
    progress: &Progress,
) -> Result<(Arc<Prepared>, Made), String> {
    let criteria = Criteria::built_in().map_err(|e| e.to_string())?;
    let instrument = &taken.instrument;
    let fits = |p: &Arc<Prepared>| {
        let near = p.centre.distance(target).0 <= ROOM;
        p.revision == ready.revision && p.instrument == instrument.name && near
    };
    let prepared = match known.clone().filter(fits) {
        Some(prepared) => prepared,
        None => Arc::new(prepare(target, known, ready, taken, &criteria, volume, progress)?),
    };
    let started = Instant::now();
    let radius = instrument.radius_within(instrument.working_length);
    let entries = &prepared.surface.entries;
    let map = prepared.access.map(entries, target, radius, progress).map_err(|e| e.to_string())?;
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    let names: Vec<&str> = prepared.names.iter().map(String::as_str).collect();
    let (candidates, refused) = criteria.rank(entries, &map, &names, instrument.working_length, CANDIDATES);
    let reach = instrument.working_length.0.min(criteria.greatest_length_mm);
    let colour = |access: &Access| colour(access, reach, &criteria);
    let paint = FigurePaint::Vertices(map.iter().map(colour).collect());
    let figure = Figure { mesh: prepared.painted.clone(), paint, place: None };
    let map = EntryMap { target, entries: entries.len(), refused, candidates, milliseconds };
    Ok((prepared, Made { map, figure }))
}

fn prepare(
    target: LpsPoint,
    known: Option<Arc<Prepared>>,
    ready: &Ready,
    taken: &Taken,
    criteria: &Criteria,
    volume: &Volume,
    progress: &Progress,
) -> Result<Prepared, String> {
    let Some(structure) = &ready.entry else {
        return Err(
            "No structure is the one through whose surface instruments enter (mostly the skin): say which, under \
                    Approach."
                .into(),
        );
    };
    let known = known.filter(|p| Arc::ptr_eq(&p.skin.0, structure)).map(|p| p.skin.1.clone());
    let mesh = match known {
        Some(mesh) => mesh,
        None => Arc::new(border(structure, Some(volume), progress).map_err(|e| e.to_string())?),
    };
    let reach = Mm(taken.instrument.working_length.0.min(criteria.greatest_length_mm) + ROOM);
    let surface =
        EntrySurface::new(&mesh, Some(structure.mask.grid()), target, reach, ENTRIES).map_err(|e| e.to_string())?;
    let (low, high) = surface.mesh.bounds().unwrap_or((target, target));
    let (near, far) = (target.0 - ROOM, target.0 + ROOM);
    let region = (LpsPoint(low.0.min(near) - STEP.0), LpsPoint(high.0.max(far) + STEP.0));
    let avoid = ready.guard.avoid.iter().cloned();
    let access =
        Accessibility::new(avoid, region, STEP, ready.guard.doubt.clone(), progress).map_err(|e| e.to_string())?;
    let outside = surface.entries.iter().map(|e| (e.at.0 + e.outwards.0 * OUTSIDE).as_vec3().to_array()).collect();
    let painted = Mesh::new(outside, surface.mesh.triangles().to_vec()).map_err(|e| e.to_string())?;
    Ok(Prepared {
        revision: ready.revision,
        instrument: taken.instrument.name.clone(),
        centre: target,
        skin: (structure.clone(), mesh),
        surface,
        painted: Arc::new(painted),
        access,
        names: ready.avoid.to_vec(),
    })
}

/// Colours of the map: too near, near, free (greener with the clearance), too long or too oblique, and what is mixed in where
/// the way runs through tissue that the segmentation is unsure of.
pub const STOP: Rgb = Rgb(214, 48, 49);
pub const WARN: Rgb = Rgb(245, 170, 60);
pub const NEAR: Rgb = Rgb(190, 215, 110);
pub const FREE: Rgb = Rgb(40, 160, 90);
pub const NOT_OFFERED: Rgb = Rgb(120, 124, 130);
pub const UNSURE: Rgb = Rgb(150, 60, 200);

fn colour(access: &Access, reach: f64, criteria: &Criteria) -> Rgb {
    let offered = access.length.0 <= reach && access.tilt_degrees <= criteria.greatest_tilt_degrees;
    let plain = match access.alarm {
        _ if !offered => return NOT_OFFERED,
        Alarm::Stop => STOP,
        Alarm::Warn => WARN,
        Alarm::Free => mix(NEAR, FREE, access.clearance.0 / criteria.scale.ample_clearance_mm),
    };
    if access.uncertain.0 > 0.0 { mix(plain, UNSURE, 0.6) } else { plain }
}

fn mix(a: Rgb, b: Rgb, share: f64) -> Rgb {
    let share = share.clamp(0.0, 1.0);
    let part = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    Rgb(part(a.0, b.0), part(a.1, b.1), part(a.2, b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_says_one_thing() -> Result<(), fabrica_approach::ApproachError> {
        let criteria = Criteria::built_in()?;
        let access = Access {
            clearance: Mm(50.0),
            nearest: 0,
            alarm: Alarm::Free,
            length: Mm(80.0),
            through: Mm(0.0),
            uncertain: Mm(0.0),
            cone_degrees: 3.0,
            tilt_degrees: 10.0,
        };
        let of = |access: &Access| colour(access, 100.0, &criteria);
        assert_eq!(of(&access), FREE);
        assert_eq!(of(&Access { alarm: Alarm::Stop, ..access }), STOP);
        assert_eq!(of(&Access { length: Mm(101.0), ..access }), NOT_OFFERED);
        assert_eq!(of(&Access { tilt_degrees: 179.0, ..access }), NOT_OFFERED);
        // Unsure tissue is seen, whatever the way is like.
        for alarm in [Alarm::Free, Alarm::Warn, Alarm::Stop] {
            assert_ne!(of(&Access { uncertain: Mm(1.0), alarm, ..access }), of(&Access { alarm, ..access }));
        }
        Ok(())
    }
}
