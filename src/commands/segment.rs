//! `fabrica segment`: separates a structure.

use std::path::Path;

use anyhow::{Context, Result, bail};
use fabrica_case::Case;
use fabrica_inference::{Model, Prediction, predict};
use fabrica_plan::{Author, Operation, ValidationOperation, WorkList};
use fabrica_progress::Progress;
use fabrica_review::{Calibration, Evidence, ListOf, ReviewSettings, is_by_network, worklist};
use fabrica_segment::{ChangeReport, Connectivity, Recipe, Seed};
use fabrica_volume::{Rgb, Structure, Volume};

use super::volume_id;
use crate::author::author;
use crate::cli::SegmentArgs;
use crate::terminal::{Bar, say};
use crate::{network, parse, steps};

/// The colour of a structure that no preset gives one.
const PLAIN: Rgb = Rgb(230, 200, 90);

/// Runs the command.
pub fn run(args: &SegmentArgs) -> Result<()> {
    if args.list {
        for recipe in Recipe::built_in()? {
            say(format_args!("{:12} {}\n{:12} Limits: {}", recipe.name, recipe.purpose, "", recipe.limits));
        }
        return Ok(());
    }
    let folder = args.case.as_ref().context("which case?")?;
    let mut case = Case::open(folder)?;
    let id = volume_id(&case, args.volume.as_deref())?;
    let bar = Bar::start();
    let progress = bar.progress();
    let volume = case.volume(&id, progress)?;
    if let Some(model) = &args.start.model {
        if !args.steps.is_empty() || args.name.is_some() {
            bail!(
                "--model gives structures of the model's own names; work on one of them with --from NAME --then STEP"
            );
        }
        return by_network(args, model, case, &id, &volume, &bar);
    }
    let mut structure = start(args, &case, &id, &volume, progress)?;
    // A copy is reviewed by the list of what it is a copy of.
    let list = args.start.from.as_deref().and_then(|name| list_of(&case, name));
    for word in &args.steps {
        let mask = steps::apply(word, &structure.mask, &case, progress).with_context(|| format!("the step {word}"))?;
        let change = ChangeReport::between(&structure.mask, &mask, Connectivity::Six, progress)?;
        say(format_args!("{word}: {change}"));
        structure.origin += &format!("; {word}");
        if let Some((_, other)) = word.split_once('=').filter(|(_, other)| is_by_network(&case, other)) {
            // As `review` knows structures that a network had a part in.
            structure.origin += &format!(" (network structure {other})");
        }
        structure.mask = mask;
        if !steps::keeps_border(word) {
            structure.isovalue = None;
        }
    }
    if let Some(name) = &args.name {
        structure.name.clone_from(name);
    }
    if structure.mask.is_empty() {
        bail!("nothing is left of \"{}\" ({}); the case was not changed", structure.name, structure.origin);
    }
    let by = author(None)?;
    let exists = case.structures().iter().any(|s| s.name == structure.name);
    if exists && args.replace {
        case.replace_structure(&id, &structure, &by, progress)?;
    } else {
        case.add_structure(&id, &structure, &by, progress)?;
    }
    if let Some(list) = list {
        keep_list(&mut case, WorkList { structure: structure.name.clone(), ..list }, &by)?;
    }
    drop(bar);
    say(format_args!(
        "{}: {} voxels, {:.2} mL ({})",
        structure.name,
        structure.mask.count(),
        structure.mask.volume().millilitres(),
        structure.origin
    ));
    Ok(())
}

/// All structures that a network finds, each as one of the case.
fn by_network(args: &SegmentArgs, folder: &Path, mut case: Case, id: &str, volume: &Volume, bar: &Bar) -> Result<()> {
    let progress = bar.progress();
    // Before the network runs for an hour.
    if !(50.0..=100.0).contains(&args.review_below) {
        bail!("--review-below is {} %; it must be 50 to 100", args.review_below);
    }
    let calibration = calibration(folder)?;
    let model = Model::open(folder)?;
    let found =
        predict(&model, &[volume], &network::engine(&args.network), &network::settings(&args.network)?, progress)?;
    for note in &found.notes {
        say(format_args!("{note}"));
    }
    let by = author(None)?;
    let mut written = 0;
    for (n, structure) in found.structures.iter().enumerate() {
        if structure.mask.is_empty() {
            say(format_args!("{}: not found", structure.name));
            continue;
        }
        let exists = case.structures().iter().any(|s| s.name == structure.name);
        if exists && args.replace {
            case.replace_structure(id, structure, &by, progress)?;
        } else {
            case.add_structure(id, structure, &by, progress)?;
        }
        written += 1;
        let regions = list_doubt(args, &mut case, (&found, n), &model.name, &calibration, &by, progress)?;
        let confidence = network::mean_confidence(&found.confidence, &structure.mask);
        say(format_args!(
            "{}: {} voxels, {:.2} mL, mean confidence {confidence:.0} %, {regions} doubtful regions",
            structure.name,
            structure.mask.count(),
            structure.mask.volume().millilitres(),
        ));
    }
    let (networks, whole) = found.time;
    say(format_args!("{:.1} s, of which {:.1} s in the networks", whole.as_secs_f64(), networks.as_secs_f64()));
    if written == 0 {
        bail!("{} found none of its structures; the case was not changed", model.name);
    }
    say(format_args!(
        "Found by a network and not validated by anybody; nothing is printed or exported of it before. Review it: fabrica review {} --structure NAME",
        case.folder().display()
    ));
    Ok(())
}

/// What a model's percentages are worth, as its folder says.
fn calibration(folder: &Path) -> Result<Calibration> {
    let path = folder.join("calibration.json");
    if !path.is_file() {
        say(
            "The confidence is uncalibrated: no calibration was fitted for this model (calibration.json in its folder).",
        );
        return Ok(Calibration::Uncalibrated);
    }
    let calibration = Calibration::read(&path)?;
    say(format_args!("Confidence calibrated: {}", calibration.words().unwrap_or_default()));
    Ok(calibration)
}

/// Keeps where the network was in doubt about one of its structures. Gives the number of regions.
fn list_doubt(
    args: &SegmentArgs,
    case: &mut Case,
    (found, n): (&Prediction, usize),
    model: &str,
    calibration: &Calibration,
    by: &Author,
    progress: &Progress,
) -> Result<usize> {
    let structure = found.structures.get(n).context("there is no such structure")?;
    let near = found.near_misses(n);
    // As the network left it, before anything else touched it.
    let evidence = Evidence { mask: &structure.mask, near_misses: &near, percent: found.percent() };
    let base = case.structure_entry(&structure.name)?.id.clone();
    let model: String = model.chars().filter(|c| !c.is_control()).take(180).collect();
    let of = ListOf { structure: structure.name.clone(), base, found_by: format!("network {model}") };
    let settings = ReviewSettings { threshold: args.review_below / 100.0, ..ReviewSettings::default() };
    let list = worklist(&of, &evidence, calibration, &settings, progress)?;
    let regions = list.regions.len();
    case.apply(Operation::Validation(ValidationOperation::List(list)), by)?;
    Ok(regions)
}

/// The list of a structure as it is now, if a network made it.
fn list_of(case: &Case, name: &str) -> Option<WorkList> {
    let list = &case.plan().state().validations.get(name)?.list.as_ref()?.list;
    case.structure_entry(name).is_ok_and(|entry| entry.id == list.base).then(|| list.clone())
}

/// Keeps a list for a copy.
fn keep_list(case: &mut Case, mut list: WorkList, by: &Author) -> Result<()> {
    list.base.clone_from(&case.structure_entry(&list.structure)?.id);
    case.apply(Operation::Validation(ValidationOperation::List(list)), by)?;
    Ok(())
}

fn start(args: &SegmentArgs, case: &Case, id: &str, volume: &Volume, progress: &Progress) -> Result<Structure> {
    let how = &args.start;
    if let Some(preset) = &how.preset {
        let recipe = Recipe::named(preset)?;
        return Ok(if args.force { recipe.run_forced(volume, progress)? } else { recipe.run(volume, progress)? });
    }
    let made = |name: &str, mask, origin: String, isovalue| Structure {
        name: name.to_owned(),
        colour: PLAIN,
        mask,
        code: None,
        origin,
        isovalue,
    };
    if let Some(text) = &how.threshold {
        let (lower, upper) = parse::range(text)?;
        let mask = fabrica_segment::threshold(volume, lower, upper, progress)?;
        // Only where nothing lies above the upper end is the border everywhere where the lower end is crossed.
        let isovalue = (lower.is_finite() && upper >= volume.range().1).then_some(lower);
        return Ok(made("threshold", mask, format!("threshold {text}"), isovalue));
    }
    if how.otsu {
        let thresholds = fabrica_segment::otsu(volume, 2, None, progress)?;
        let lower = *thresholds.first().context("Otsu's method found no threshold")?;
        let mask = fabrica_segment::threshold(volume, lower, f64::INFINITY, progress)?;
        return Ok(made("otsu", mask, format!("Otsu, from {lower:.1}"), Some(lower)));
    }
    if let Some(text) = &how.grow {
        let (at, range) = text.split_once('@').context("write the seed as L,P,S@LOWER..UPPER")?;
        let (lower, upper) = parse::range(range)?;
        let seed = Seed::Patient(parse::point(at)?);
        let mask = fabrica_segment::connected_threshold(volume, &[seed], lower, upper, Connectivity::Six, progress)?;
        return Ok(made("grown", mask, format!("grown from {at} within {range}"), None));
    }
    if let Some(name) = &how.from {
        let from = case.structure(name, progress)?;
        let origin = format!("copy of {name} ({})", from.origin);
        // A threshold of one scan says nothing about another.
        let isovalue = from.isovalue.filter(|_| case.structure_entry(name).is_ok_and(|entry| entry.volume == id));
        return Ok(Structure { name: format!("{name} copy"), origin, isovalue, ..from });
    }
    bail!("say how to start: --preset, --threshold, --otsu, --grow, --from or --model (--list lists the presets)")
}
