//! What changes while the app runs, as lines of JSON: `fabrica open --trace`. Tests wait for what they expect to see here.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use bevy::prelude::*;
use fabrica_scene::input::{Hands, OptionKind, OptionValue, ToolOption, Tools};
use fabrica_scene::presence::{Comfort, Headset, PanelPlaces};
use fabrica_scene::world::PatientPose;
use fabrica_scene::{Editing, Measuring, Notices, ObliqueSlice, OpenCase, Rehearsing, Told, Work};
use serde_json::{Value, json};

/// The file, and what was last written of each kind.
#[derive(Resource)]
struct Trace {
    file: File,
    last: Vec<(&'static str, Value)>,
    frame: u64,
}

/// Adds the trace to the app.
pub fn add(app: &mut App, to: &Path) -> Result<()> {
    let file = File::create(to).with_context(|| format!("{} cannot be written", to.display()))?;
    app.insert_resource(Trace { file, last: Vec::new(), frame: 0 }).add_systems(Last, write);
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "a system takes what it touches")]
fn write(
    mut trace: ResMut<Trace>,
    headset: Res<Headset>,
    patient: Res<PatientPose>,
    comfort: Res<Comfort>,
    case: Res<OpenCase>,
    work: Res<Work>,
    notices: Res<Notices>,
    places: Res<PanelPlaces>,
    hands: Res<Hands>,
    tools: Res<Tools>,
    rehearsing: Res<Rehearsing>,
    editing: Res<Editing>,
    measuring: Res<Measuring>,
    oblique: Res<ObliqueSlice>,
) {
    trace.frame += 1;
    let pose = |p: Vec3, q: Quat| json!({ "position": p.to_array(), "rotation": q.to_array() });
    let head = headset.head.map(|head| pose(head.position, head.rotation));
    let now = [
        (
            "headset",
            json!({ "told": headset.told, "shown": headset.shown, "hz": headset.refresh_hz, "scale": headset.resolution_scale }),
        ),
        ("tracking", pose(headset.tracking.translation, headset.tracking.rotation)),
        ("seen", json!(head.is_some())),
        ("head", json!(head)),
        ("patient", {
            let mut placed = pose(patient.translation, patient.rotation);
            placed["scale"] = json!(patient.scale);
            placed
        }),
        (
            "case",
            json!({ "open": case.volume.is_some(), "working": work.running.is_some() || !work.beside.is_empty() }),
        ),
        ("warnings", json!(case.warnings.iter().map(|w| format!("{:?}", w.warning.resolution)).collect::<Vec<_>>())),
        ("preset", json!(case.preset)),
        ("window", json!(case.window.map(|w| [w.centre, w.width]))),
        ("crosshair", json!(case.crosshair.0.to_array())),
        (
            "measurements",
            json!(
                case.measurements
                    .iter()
                    .map(|m| json!([m.measurement.name, m.measurement.measurement.main().map(ToString::to_string)]))
                    .collect::<Vec<_>>()
            ),
        ),
        (
            "approach",
            json!({
                "told": rehearsing.told.as_ref().map(|told| format!("{told:?}")),
                "trajectories": case.approach.trajectories.keys().collect::<Vec<_>>(),
                "map": rehearsing.map.as_ref().map(|map| [map.candidates.len(), map.entries]),
            }),
        ),
        ("comfort", json!(format!("{:?}", *comfort))),
        ("hands", json!(hands.both().each_ref().map(|hand| json!(hand.source.map(|source| format!("{source:?}")))))),
        ("aims", {
            let aims = hands.both().each_ref().map(|hand| hand.pointer.pose);
            json!(aims.map(|aim| aim.map(|p| [p.position.to_array(), p.forward().to_array()])))
        }),
        ("dominant", json!(hands.dominant.name())),
        ("tool", json!(tools.active().map(|tool| tool.id))),
        ("options", options(&tools)),
        ("painting", json!(editing.painting)),
        ("brush", json!(editing.ball.map(|(at, radius)| (at.0.to_array(), radius.0)))),
        ("measuring", {
            let told = measuring.told.as_ref().map(|told| match told {
                Told::Next(said) | Told::Live(said) | Told::Blocked(said) => said.as_str(),
            });
            json!({ "told": told, "points": measuring.points.iter().map(|p| p.0.to_array()).collect::<Vec<_>>() })
        }),
        ("slice", json!(oblique.shown.map(|(plane, _)| [plane.centre.0.to_array(), plane.normal().0.to_array()]))),
        ("clip", json!(case.clip.map(|clip| json!([clip.point.0.to_array(), clip.normal.0.to_array(), clip.enabled])))),
        ("views", json!(case.views.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>())),
        ("panel", json!(headset.panel.map(|p| pose(p.position, p.rotation)))),
        ("places", json!(places.0.iter().map(|(name, at)| json!([name, at.to_array()])).collect::<Vec<_>>())),
        ("notices", json!(notices.0.iter().map(|n| n.text.as_str()).collect::<Vec<_>>())),
        // Frames are counted in hundreds, or every frame would be a line.
        ("hundreds", json!(headset.frames.0 / 100)),
    ];
    let frame = trace.frame;
    for (what, value) in now {
        match trace.last.iter_mut().find(|(name, _)| *name == what) {
            Some((_, last)) if *last == value => continue,
            Some((_, last)) => *last = value.clone(),
            None => trace.last.push((what, value.clone())),
        }
        let line = json!({ "frame": frame, "what": what, "value": value });
        // Nobody depends on the trace but a test, which sees that it ends.
        if writeln!(trace.file, "{line}").and_then(|()| trace.file.flush()).is_err() {
            return;
        }
    }
}

/// What the options of the tool in use are, by name.
fn options(tools: &Tools) -> Value {
    let Some(tool) = tools.active() else { return Value::Null };
    let value = |option: &ToolOption| match (&option.value, &option.kind) {
        (OptionValue::Flag(on), _) => json!(on),
        (OptionValue::Length(length), _) => json!(length.0),
        (OptionValue::Chosen(index), OptionKind::Choice(names)) => json!(names.get(*index)),
        (OptionValue::Chosen(index), _) => json!(index),
    };
    tools.options(tool.id).iter().map(|option| (option.id.to_owned(), value(option))).collect()
}
