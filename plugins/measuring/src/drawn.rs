//! Measurements as lines and labels in the patient.

use std::collections::BTreeSet;
use std::f64::consts::TAU;

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, Mm, VoxelPoint};
use fabrica_plan::{MeasurementKind, OpId, Path, Region};
use fabrica_scene::presence::Headset;
use fabrica_scene::{Annotation, Annotations, Measuring, OpenCase, SceneMeasurement};
use fabrica_volume::Rgb;
use glam::DVec3;

use crate::making::Making;
use crate::work::Bench;

/// What is in the plan, what is in it and out of date, what is under the pointer.
const KEPT: Rgb = Rgb(255, 214, 90);
const STALE: Rgb = Rgb(255, 140, 60);
const LIVE: Rgb = Rgb(120, 225, 255);
/// Points of a circle.
const CIRCLE: usize = 48;

/// Draws the plan's measurements that are not hidden, and the one that is being made.
pub(crate) fn draw(
    case: Res<OpenCase>,
    headset: Res<Headset>,
    making: Res<Making>,
    bench: Res<Bench>,
    mut measuring: ResMut<Measuring>,
    mut annotations: ResMut<Annotations>,
    mut hidden: Local<Option<BTreeSet<OpId>>>,
) {
    if case.is_changed() || hidden.as_ref() != Some(&measuring.hidden) {
        let shown = case.measurements.iter().filter(|m| !measuring.hidden.contains(&m.measurement.id));
        let drawn = shown.flat_map(|m| of_plan(m, &case)).collect();
        Annotations::set(&mut annotations, "measurements", drawn);
        *hidden = Some(measuring.hidden.clone());
    }
    let live = of_pointer(&making, &bench);
    // On the desktop the panel draws it over the views, so that the volume need not be drawn again for each move.
    Annotations::set(&mut annotations, "measuring", if headset.shown { live.clone() } else { Vec::new() });
    if measuring.live != live {
        measuring.live = live;
    }
}

fn of_plan(shown: &SceneMeasurement, case: &OpenCase) -> Vec<Annotation> {
    let measurement = &shown.measurement.measurement;
    let value = measurement.main().map_or_else(String::new, ToString::to_string);
    let (colour, text) = if shown.stale.is_empty() {
        (KEPT, format!("{}: {value}", shown.measurement.name))
    } else {
        (STALE, format!("{}: {value} (out of date)", shown.measurement.name))
    };
    lines(&measurement.kind, colour, text, case)
}

/// The points that are set, and the value with the pointer as the next one.
fn of_pointer(making: &Making, bench: &Bench) -> Vec<Annotation> {
    if making.kind.is_none() {
        return Vec::new();
    }
    let points = making.with_pointed();
    if let Some((_, Ok(value))) = &bench.value {
        let text = value.main().map_or_else(String::new, ToString::to_string);
        return lines(&value.kind, LIVE, text, &OpenCase::default());
    }
    if points.is_empty() { Vec::new() } else { vec![Annotation::line(points, LIVE)] }
}

/// A measurement's lines, with its label on the first.
fn lines(kind: &MeasurementKind, colour: Rgb, text: String, case: &OpenCase) -> Vec<Annotation> {
    let line = |points: &[LpsPoint]| Annotation::line(points.to_vec(), colour);
    let plain = |points: &[LpsPoint]| Annotation { dots: false, ..line(points) };
    match kind {
        MeasurementKind::Distance { points } | MeasurementKind::ClosestDistance { points, .. } => {
            vec![line(points).says(text)]
        }
        MeasurementKind::Angle { points } => {
            vec![Annotation { label: Some((points[1], text)), ..line(points) }]
        }
        MeasurementKind::LineAngle { lines: [first, second] } => vec![line(first).says(text), line(second)],
        MeasurementKind::Area { polygon } => vec![Annotation { closed: true, ..line(polygon) }.says(text)],
        MeasurementKind::PathLength { path: Path::Surface { .. } | Path::Centreline { .. }, points } => {
            let middle = points.get(points.len() / 2).copied().unwrap_or_default();
            let ends = points.first().into_iter().chain(points.last()).map(|end| line(&[*end]));
            std::iter::once(Annotation { label: Some((middle, text)), ..plain(points) }).chain(ends).collect()
        }
        MeasurementKind::Probe { at } => vec![line(&[*at]).says(text)],
        MeasurementKind::RegionStatistics { region: Region::Sphere { centre, radius } } => {
            let mut circles: Vec<Annotation> =
                (0..3).map(|axis| Annotation { closed: true, ..plain(&circle(*centre, *radius, axis)) }).collect();
            if let Some(first) = circles.first_mut() {
                first.label = Some((*centre, text));
            }
            circles
        }
        MeasurementKind::DiameterProfile { sections, .. } => {
            let centres: Vec<LpsPoint> = sections.iter().map(|s| s.centre.at).collect();
            let whole = sections.iter().filter(|s| !s.near_end);
            let widest = whole.max_by(|a, b| a.maximum.value.total_cmp(&b.maximum.value));
            let across = widest.map(|section| line(&section.widest).says(text));
            across.into_iter().chain([plain(&centres)]).collect()
        }
        MeasurementKind::Volume { structure }
        | MeasurementKind::RegionStatistics { region: Region::Structure { structure } } => {
            let label = middle(structure, case).map(|at| (at, text));
            label.map(|label| Annotation { label: Some(label), ..plain(&[]) }).into_iter().collect()
        }
        // A kind that a newer version brings is in the list, not in the views.
        _ => Vec::new(),
    }
}

fn circle(centre: LpsPoint, radius: Mm, axis: usize) -> Vec<LpsPoint> {
    let (u, v) = (DVec3::AXES[(axis + 1) % 3], DVec3::AXES[(axis + 2) % 3]);
    let at = |n: usize| {
        let (sin, cos) = (TAU * n as f64 / CIRCLE as f64).sin_cos();
        LpsPoint(centre.0 + (u * cos + v * sin) * radius.0)
    };
    (0..CIRCLE).map(at).collect()
}

/// The middle of a structure's bounding box.
fn middle(structure: &str, case: &OpenCase) -> Option<LpsPoint> {
    let mask = &case.structures.iter().find(|s| s.structure.name == structure)?.structure.mask;
    let (low, high) = mask.bounding_box()?;
    let half = |axis: usize| (low[axis] + high[axis]) as f64 / 2.0;
    Some(mask.grid().to_patient(VoxelPoint::new(half(0), half(1), half(2))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ball_is_three_circles_of_its_radius() {
        let centre = LpsPoint::new(1.0, 2.0, 3.0);
        let kind = MeasurementKind::RegionStatistics { region: Region::Sphere { centre, radius: Mm(5.0) } };
        let drawn = lines(&kind, KEPT, "x".into(), &OpenCase::default());
        assert_eq!(drawn.len(), 3);
        assert!(drawn.iter().flat_map(|a| &a.points).all(|p| (p.distance(centre).0 - 5.0).abs() < 1e-9));
        assert_eq!(drawn.iter().filter(|a| a.label.is_some()).count(), 1);
    }
}
