//! `fabrica replay`: plays a rehearsal back, step by step.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use fabrica_case::{AuditData, Case, CaseError};
use fabrica_edit::Masks;
use fabrica_plan::{Action, Entry};
use fabrica_progress::Progress;
use fabrica_volume::Structure;
use serde::Serialize;

use crate::author::author;
use crate::cli_edit::ReplayArgs;
use crate::terminal::{Bar, say};

/// The longest pause between two steps, seconds of the rehearsal.
const PAUSE: f64 = 10.0;

/// One step as it is told.
#[derive(Serialize)]
struct Step<'a> {
    step: usize,
    #[serde(flatten)]
    entry: &'a Entry,
    what: &'static str,
    /// Voxels of each structure that changed, after the step.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    voxels: BTreeMap<String, usize>,
}

/// Runs the command.
pub fn run(args: &ReplayArgs) -> Result<()> {
    let case = Case::open_read_only(&args.case)?;
    let history = case.plan().history();
    let count = args.until.unwrap_or(history.len());
    if count > history.len() {
        bail!("the rehearsal has {} steps, not {count}", history.len());
    }
    if args.speed.is_some_and(|s| !(s.is_finite() && s > 0.0)) {
        bail!("the speed must be over 0");
    }
    let bar = Bar::start();
    let progress = bar.progress();
    let mut masks = Masks::new();
    if args.voxels {
        case.replay(&mut masks, 0, progress)?;
    }
    let mut before = history.first().map(|e| e.time);
    for (entry, step) in history.iter().zip(1..).take(count) {
        progress.check()?;
        if let (Some(speed), Some(last)) = (args.speed, before.replace(entry.time)) {
            let passed = entry.time.unix_milliseconds().saturating_sub(last.unix_milliseconds()) as f64 / 1000.0;
            std::thread::sleep(Duration::from_secs_f64(passed.min(PAUSE) / speed));
        }
        let voxels = if args.voxels { changed(&case, &mut masks, step, progress)? } else { BTreeMap::new() };
        tell(args.json, &Step { step, entry, what: entry.action.summary(), voxels })?;
    }
    if let Some(folder) = &args.to_case {
        let made = to_case(&case, folder, count, progress)?;
        drop(bar);
        say(format_args!("{} holds the structures as they were after step {count}: {made}", folder.display()));
    }
    Ok(())
}

fn changed(case: &Case, masks: &mut Masks, step: usize, progress: &Progress) -> Result<BTreeMap<String, usize>> {
    let mut voxels = BTreeMap::new();
    for name in case.replay(masks, step, progress)?.into_keys() {
        if masks.standings().contains_key(&name) {
            let count = case.replayed_mask(masks, &name, progress)?.count();
            voxels.insert(name, count);
        } else {
            voxels.insert(name, 0);
        }
    }
    Ok(voxels)
}

fn tell(json: bool, step: &Step<'_>) -> Result<()> {
    if json {
        say(serde_json::to_string(step)?);
        return Ok(());
    }
    let meant = match &step.entry.action {
        Action::Do(_) => String::new(),
        Action::Undo(id) | Action::Redo(id) => format!(" of {id}"),
    };
    let voxels: String = step.voxels.iter().map(|(name, n)| format!("; {name} has {n} voxels")).collect();
    say(format_args!("{:5}  {}  {}  {}{meant}{voxels}", step.step, step.entry.time, step.entry.author, step.what));
    Ok(())
}

/// Makes a case of the volumes and structures after the first `count` steps. Names the structures.
fn to_case(case: &Case, folder: &Path, count: usize, progress: &Progress) -> Result<String> {
    let by = author(None)?;
    let mut masks = Masks::new();
    case.replay(&mut masks, count, progress)?;
    let names: Vec<String> = masks.standings().keys().cloned().collect();
    let mut data = Vec::new();
    Case::create_with(folder, &by, |new| -> Result<(), anyhow::Error> {
        let mut ids = BTreeMap::new();
        for volume in case.volumes() {
            new.add_volume(&case.volume(&volume.id, progress)?, &by, progress)?;
            let id = new.volumes().last().map(|v| v.id.clone()).unwrap_or_default();
            data.push(AuditData { name: volume.id.clone(), sha256: volume.sha256.clone() });
            ids.insert(volume.id.clone(), id);
        }
        for name in &names {
            let Some(standing) = masks.standings().get(name).cloned() else { continue };
            let mask = case.replayed_mask(&mut masks, name, progress)?;
            if mask.is_empty() {
                continue;
            }
            let known = case.structure_entry(name).ok();
            let structure = Structure {
                name: name.clone(),
                colour: known.map_or_else(|| fabrica_volume::Rgb::palette(0), |k| k.colour),
                mask: mask.as_ref().clone(),
                code: known.and_then(|k| k.code.clone()),
                origin: format!("as after step {count} of a rehearsal, {} edit(s)", standing.strokes),
                isovalue: known.and_then(|k| k.isovalue).filter(|_| !standing.moved),
            };
            let volume = ids.get(&standing.volume).ok_or_else(|| CaseError::UnknownVolume {
                id: standing.volume.clone(),
                known: ids.keys().cloned().collect(),
            })?;
            new.add_structure(volume, &structure, &by, progress)?;
            data.push(AuditData { name: name.clone(), sha256: standing.version.to_string() });
        }
        new.audit(&format!("made of step {count} of {}", case.folder().display()), data.clone(), &by)?;
        Ok(())
    })?;
    Ok(if names.is_empty() { "none".into() } else { names.join(", ") })
}
