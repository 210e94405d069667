//! `fabrica review`: what a network was unsure of, decided by people.

use anyhow::{Context, Result, bail};
use fabrica_case::Case;
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_plan::{DoubtSide, Operation, ValidationOperation, Verdict};
use fabrica_progress::Progress;
use fabrica_review::{Status, bounds, check_size, decide, is_by_network, status, validate};
use serde_json::{Value, json};

use crate::author::author;
use crate::cli_review::ReviewArgs;
use crate::parse;
use crate::terminal::{Bar, remark, say};

/// Runs the command.
pub fn run(args: &ReviewArgs) -> Result<()> {
    let bar = Bar::start();
    let progress = bar.progress();
    let steps = step(args, progress)?;
    let case = Case::open_read_only(&args.case)?;
    let names: Vec<String> = match &args.structure {
        Some(name) => vec![name.clone()],
        None => case
            .structures()
            .iter()
            .map(|s| s.name.clone())
            .filter(|name| is_by_network(&case, name) || case.plan().state().validations.contains_key(name))
            .collect(),
    };
    let found = names.iter().map(|name| status(&case, name, progress)).collect::<Result<Vec<_>, _>>()?;
    if args.json {
        let all = found.iter().map(|s| as_json(&case, s, progress)).collect::<Result<Vec<_>>>()?;
        drop(bar);
        say(serde_json::to_string_pretty(&json!({ "simulated": case.is_simulated(), "structures": all }))?);
        return Ok(());
    }
    drop(bar);
    if case.is_simulated() {
        remark("SYNTHETIC data: simulated, not measured on a patient.");
    }
    if let Some(words) = steps {
        say(words);
    }
    if found.is_empty() {
        say("No structure of this case was made by a network.");
    }
    for structure in &found {
        tell(structure, args);
    }
    Ok(())
}

/// Does the step that was asked for, if one was; says what was done.
fn step(args: &ReviewArgs, progress: &Progress) -> Result<Option<String>> {
    let asked = &args.step;
    let Some(name) = &args.structure else { return Ok(None) };
    let verdict = match (asked.accept, asked.corrected, asked.reject) {
        (Some(n), ..) => Some((n, Verdict::Accept, "accepted")),
        (_, Some(n), _) => Some((n, Verdict::Corrected, "corrected")),
        (.., Some(n)) => Some((n, Verdict::Reject, "rejected")),
        _ => None,
    };
    let nothing = verdict.is_none() && asked.goto.is_none() && asked.check.is_empty();
    if nothing && !asked.validate && !asked.withdraw {
        return Ok(None);
    }
    let mut case = Case::open(&args.case)?;
    let by = author(args.by.as_deref())?;
    if let Some((region, verdict, word)) = verdict {
        decide(&mut case, name, region, verdict, args.reason.clone(), &by, progress)?;
        return Ok(Some(format!("Region {region} of {name}: {word} by {by}.")));
    }
    if let Some(region) = asked.goto {
        let list = status(&case, name, progress)?.list.context("the structure has no list of doubtful regions")?;
        let found = list.regions.iter().find(|r| r.number == region);
        let at = found.with_context(|| format!("the list has no region {region}"))?.at;
        case.apply(Operation::SetCrosshair { at }, &by)?;
        return Ok(Some(format!("The crosshair is in region {region} of {name}, at {}.", place(at))));
    }
    if let [a, b] = &asked.check[..] {
        let mut points = [parse::point(a)?, parse::point(b)?];
        if let Some(within) = args.snap {
            if !(within > 0.0 && within <= 20.0) {
                bail!("--snap is {within} mm; it must be over 0 and at most 20");
            }
            let volume = case.volume(&case.structure_entry(name)?.volume, progress)?;
            for point in &mut points {
                *point = fabrica_measure::snap_to_edge(&volume, *point, Mm(within))?;
            }
        }
        let done = check_size(&mut case, name, points, args.tolerance.map(Mm), &by, progress)?;
        let agrees = if done.agrees() { "they agree" } else { "THEY DO NOT AGREE" };
        return Ok(Some(format!(
            "Size of {name}: {:.2} in the images, {:.2} on the structure, {:+.2} mm; {agrees} within {:.2}.",
            done.in_images,
            done.on_structure,
            done.difference().0,
            done.tolerance
        )));
    }
    if asked.withdraw {
        let reason = args.reason.clone().context("say why: --reason")?;
        let operation = ValidationOperation::Withdraw { structure: name.clone(), reason };
        case.apply(Operation::Validation(operation), &by)?;
        return Ok(Some(format!("The validation of {name} was withdrawn by {by}.")));
    }
    validate(&mut case, name, &by, progress)?;
    Ok(Some(format!("{name} is validated by {by}.")))
}

fn tell(found: &Status, args: &ReviewArgs) {
    let name = &found.structure;
    match (&found.signature, found.is_validated(), found.by_network) {
        (Some(by), true, _) => say(format_args!("{name}: validated by {} at {}", by.by, by.at)),
        (_, _, true) => say(format_args!("{name}: made by a network, not validated")),
        _ => say(format_args!("{name}: not made by a network, not validated")),
    }
    if let Some(done) = &found.check {
        say(format_args!(
            "  size: {:.2} in the images, {:.2} on the structure, by {}",
            done.check.in_images, done.check.on_structure, done.by
        ));
    }
    if let Some(list) = &found.list {
        let calibrated = list.calibration.as_deref().unwrap_or("UNCALIBRATED: the network's own, often too sure");
        let open = found.open().count();
        say(format_args!(
            "  {open} of {} regions below {:.0} % are to be decided; found by {}; probabilities: {calibrated}",
            list.regions.len(),
            list.threshold * 100.0,
            list.found_by
        ));
        if list.specks.count > 0 {
            say(format_args!(
                "  not listed: {} doubtful parts smaller than {:.2}, together {:.1}, expected error {:.1}",
                list.specks.count, list.specks.smaller_than, list.specks.volume, list.specks.expected_error
            ));
        }
    }
    for r in found.regions.iter().filter(|r| args.all || !r.state.is_done()) {
        let side = match r.region.side {
            DoubtSide::Inside => "taken in, perhaps wrongly",
            DoubtSide::Outside => "left out, perhaps wrongly",
        };
        let by = r.decision.as_ref().map_or_else(String::new, |d| format!(" by {} at {}", d.by, d.at));
        say(format_args!(
            "  {:3}. {:.0} % right, {:.1}, expected error {:.1}, at {}, {side}: {}{by}",
            r.region.number,
            r.region.probability * 100.0,
            r.region.volume,
            r.region.expected_error,
            place(r.region.at),
            r.state.words()
        ));
    }
    if !found.is_validated() {
        for missing in found.obstacles() {
            say(format_args!("  missing: {missing}"));
        }
    }
}

fn place(at: LpsPoint) -> String {
    format!("{:.1},{:.1},{:.1}", at.0.x, at.0.y, at.0.z)
}

fn as_json(case: &Case, found: &Status, progress: &Progress) -> Result<Value> {
    let mut value = serde_json::to_value(found)?;
    // Boxes in patient coordinates too, for those who do not know the grid.
    let mask = (!found.regions.is_empty()).then(|| case.structure(&found.structure, progress)).transpose()?;
    if let (Some(structure), Some(list)) = (mask, value["regions"].as_array_mut()) {
        for (entry, r) in list.iter_mut().zip(&found.regions) {
            let (low, high) = bounds(&structure.mask, &r.region);
            entry["box_lps_mm"] = json!([low, high]);
        }
    }
    value["validated"] = json!(found.is_validated());
    value["obstacles"] = json!(if found.is_validated() { Vec::new() } else { found.obstacles() });
    if let Some(object) = value.as_object_mut() {
        // The regions stand there already.
        if let Some(list) = object.get_mut("list").and_then(Value::as_object_mut) {
            list.remove("regions");
        }
    }
    Ok(value)
}
