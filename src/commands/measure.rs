//! `fabrica measure`: measures in a case, with errors.

use anyhow::{Context, Result, bail};
use fabrica_case::Case;
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_measure::{Request, Settings, Shown, Snap, measure, measurements_csv, measurements_json, sections_csv};
use fabrica_plan::{Measurement, MeasurementKind, MeasurementOperation, OpId, Operation};
use fabrica_progress::Progress;

use super::{unvalidated, volume_id};
use crate::author::author;
use crate::cli::{MeasureArgs, MeasureWhat};
use crate::parse;
use crate::terminal::{Bar, remark, say};

/// Runs the command.
pub fn run(args: &MeasureArgs) -> Result<()> {
    let changes = args.what.remove.is_some() || args.what.rename.is_some();
    if changes || args.what.list {
        return of_plan(args, changes);
    }
    let request = request(args)?;
    let keep = args.name.is_some() || args.edit.is_some();
    let mut case = if keep { Case::open(&args.case)? } else { Case::open_read_only(&args.case)? };
    let volume = volume_id(&case, args.volume.as_deref())?;
    let snap = args.snap.as_deref().map(snap).transpose()?;
    let settings = Settings {
        segmentation: args.segmentation_error.map(Mm),
        repeatability: Mm(args.repeatability),
        registration: args.registration_error.map(Mm),
    };
    let bar = Bar::start();
    let snap = snap.as_ref().map(|s| (s, Mm(args.within)));
    let measurement = measure(&case, &volume, &request, snap, &settings, bar.progress())?;
    drop(bar);
    let name = args.name.clone().unwrap_or_else(|| measurement.kind.name().to_owned());
    let mut shown = Shown::made_of(&case, name.clone(), measurement.clone());
    let measurement = Box::new(measurement);
    let operation = match &args.edit {
        Some(asked) => Some(MeasurementOperation::Edit { id: find(&case, asked)?, measurement }),
        None => args.name.is_some().then_some(MeasurementOperation::Add { name, measurement }),
    };
    if let Some(operation) = operation {
        let applied = case.apply(Operation::Measurement(operation), &author(None)?)?;
        let id = match &args.edit {
            Some(asked) => find(&case, asked)?,
            None => applied.id,
        };
        let kept = case.plan().state().measurements.iter().find(|m| m.id == id);
        shown = kept.map_or(shown, |m| Shown::of_plan(&case, m));
    }
    print(args, &[shown], &case)
}

/// Lists, removes or renames what is in the plan.
fn of_plan(args: &MeasureArgs, changes: bool) -> Result<()> {
    let mut case = if changes { Case::open(&args.case)? } else { Case::open_read_only(&args.case)? };
    let operation = if let Some(asked) = &args.what.remove {
        Some(MeasurementOperation::Remove { id: find(&case, asked)? })
    } else if let Some(asked) = &args.what.rename {
        let name = args.name.clone().context("say the new name: --name NAME")?;
        Some(MeasurementOperation::Rename { id: find(&case, asked)?, name })
    } else {
        None
    };
    if let Some(operation) = operation {
        case.apply(Operation::Measurement(operation), &author(None)?)?;
    }
    print(args, &Shown::all_of(&case), &case)
}

/// A measurement of the plan, by its id or by a name that only one has.
fn find(case: &Case, asked: &str) -> Result<OpId> {
    let all = &case.plan().state().measurements;
    if let Some(found) = all.iter().find(|m| m.id.to_string() == asked) {
        return Ok(found.id);
    }
    let named: Vec<_> = all.iter().filter(|m| m.name == asked).collect();
    match named[..] {
        [only] => Ok(only.id),
        [] => bail!("the plan has no measurement `{asked}`; `fabrica measure CASE --list` lists them"),
        _ => bail!("{} measurements are called `{asked}`; name one by its id (--list)", named.len()),
    }
}

fn print(args: &MeasureArgs, all: &[Shown], case: &Case) -> Result<()> {
    // What is told of structures, snapped to them or not, is said to be of unvalidated ones where it is.
    let is_used = |name: &str| all.iter().any(|shown| shown.measurement.data.iter().any(|data| data.name == name));
    let mut unvalidated = unvalidated::all(case, &Progress::new())?;
    unvalidated.retain(|u| is_used(&u.structure));
    if args.json {
        let mut json = measurements_json(all, case.is_simulated());
        unvalidated::add_to(&mut json, &unvalidated);
        say(serde_json::to_string_pretty(&json)?);
        return Ok(());
    }
    if args.csv {
        if let [
            Shown { measurement: Measurement { kind: MeasurementKind::DiameterProfile { sections, .. }, .. }, .. },
        ] = all
        {
            say(sections_csv(sections).trim_end());
        } else {
            say(measurements_csv(all).trim_end());
        }
        return Ok(());
    }
    if case.is_simulated() {
        remark("SYNTHETIC data: simulated, not measured on a patient.");
    }
    unvalidated.iter().for_each(|u| remark(u.words()));
    for shown in all {
        let m = &shown.measurement;
        let id = shown.id.as_ref().map_or_else(String::new, |id| format!(" ({id})"));
        say(format_args!("{}{id}", shown.name));
        for q in &m.quantities {
            let parts = q.error.iter().map(|p| format!("{} {:.2}", p.source.name(), p.standard));
            say(format_args!("  {}: {q}   [{}]", q.what.name(), parts.collect::<Vec<_>>().join(", ")));
        }
        say(format_args!("  {}", m.method));
        for data in m.data.iter().filter(|data| unvalidated.iter().any(|u| u.structure == data.name)) {
            say(format_args!("  NOT VALIDATED: {}", data.name));
        }
        if !shown.stale.is_empty() {
            say(format_args!("  STALE: {} changed since it was measured", shown.stale.join(", ")));
        }
    }
    if all.is_empty() {
        say("The plan has no measurement.");
    }
    Ok(())
}

fn snap(text: &str) -> Result<Snap> {
    Ok(match text.split_once('=') {
        None if text == "edge" => Snap::Edge,
        Some(("surface", name)) => Snap::Surface(name.into()),
        Some(("centreline", name)) => Snap::Centreline(name.into()),
        _ => bail!("there is nothing to snap to called `{text}`; write surface=NAME, centreline=NAME or edge"),
    })
}

fn points<const N: usize>(words: &[String]) -> Result<[LpsPoint; N]> {
    let points = words.iter().map(|w| parse::point(w)).collect::<Result<Vec<_>>>()?;
    points.try_into().map_err(|p: Vec<_>| anyhow::anyhow!("{} points were given, not {N}", p.len()))
}

fn named<const N: usize>(words: &[String]) -> Result<(String, [LpsPoint; N])> {
    let (name, rest) = words.split_first().context("name the structure first")?;
    Ok((name.clone(), points(rest)?))
}

fn request(args: &MeasureArgs) -> Result<Request> {
    let what: &MeasureWhat = &args.what;
    if !what.distance.is_empty() {
        return Ok(Request::Distance(points(&what.distance)?));
    }
    if !what.along_surface.is_empty() {
        let (name, points) = named(&what.along_surface)?;
        return Ok(Request::SurfaceDistance(name, points));
    }
    if !what.along_centreline.is_empty() {
        let (name, points) = named(&what.along_centreline)?;
        return Ok(Request::CentrelineDistance(name, points));
    }
    if what.angle.len() == 4 {
        let [a, b, c, d] = points(&what.angle)?;
        return Ok(Request::LineAngle([[a, b], [c, d]]));
    }
    if !what.angle.is_empty() {
        return Ok(Request::Angle(points(&what.angle)?));
    }
    if !what.area.is_empty() {
        return Ok(Request::Area(what.area.iter().map(|w| parse::point(w)).collect::<Result<_>>()?));
    }
    if let Some(structure) = &what.size {
        return Ok(Request::Volume(structure.clone()));
    }
    if let Some(structure) = &what.diameters {
        return Ok(Request::Diameters {
            structure: structure.clone(),
            branch: args.branch.checked_sub(1).context("branches are counted from 1")?,
            step: args.step.map(Mm),
            from: args.from.as_deref().map(parse::point).transpose()?,
        });
    }
    if let Some(at) = &what.probe {
        return Ok(Request::Probe(parse::point(at)?));
    }
    if let Some(sphere) = &what.sphere {
        let (centre, radius) = sphere.split_once(':').context("write the ball as L,P,S:MM, its centre and radius")?;
        let radius = radius.parse().with_context(|| format!("`{radius}` is no radius in mm"))?;
        return Ok(Request::Sphere(parse::point(centre)?, Mm(radius)));
    }
    if let Some(structure) = &what.statistics {
        return Ok(Request::Statistics(structure.clone()));
    }
    if let [first, second] = &what.closest[..] {
        return Ok(Request::Closest([first.clone(), second.clone()]));
    }
    bail!(
        "say what to measure: --distance, --along-surface, --along-centreline, --angle, --area, --size, --diameters, \
         --probe, --sphere, --statistics or --closest; or --list, --rename, --remove"
    )
}
