//! `fabrica approach`: from where a target can be reached, and how close each way comes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use fabrica_approach::report::{ApproachReport, Assessed, RIGID, assess};
use fabrica_approach::{
    Access, Accessibility, Candidate, Confidence, Criteria, EntryPoint, Library, Obstacle, Path, Refused, Thresholds,
    border, spread_entries,
};
use fabrica_case::{Case, write_atomic};
use fabrica_geometry::{LpsPoint, LpsVector, Mm, VoxelPoint};
use fabrica_plan::{ApproachOperation, Item, ItemOperation, MeasuredData, Operation, Trajectory};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Volume};
use glam::DVec3;

use crate::author::author;
use crate::cli_approach::ApproachArgs;
use crate::parse;
use crate::terminal::{Bar, remark, say};

/// The lattice of the map, mm.
const STEP: Mm = Mm(2.0);

/// Runs the command.
pub fn run(args: &ApproachArgs) -> Result<()> {
    let mut library = Library::built_in()?;
    if let Some(folder) = &args.instruments {
        for problem in library.add_folder(folder)? {
            remark(format_args!("left out: {problem}"));
        }
    }
    if args.list {
        for i in library.instruments() {
            say(format_args!("{:34} reaches {:3.0} mm; {}", i.name, i.working_length.0, i.note));
        }
        return Ok(());
    }
    let folder = args.case.as_ref().context("which case?")?;
    let instrument = library.get(args.instrument.as_deref().context("which instrument?")?)?.clone();
    let criteria = args.criteria.as_ref().map_or_else(Criteria::built_in, |file| Criteria::open(file))?;
    let mut case = if args.save.is_some() { Case::open(folder)? } else { Case::open_read_only(folder)? };
    case.require_settled_geometry()?;
    let bar = Bar::start();
    let progress = bar.progress();
    let mut reader = Reader { case: &case, volume: None };
    let target = reader.target(args.target.as_deref().context("which target?")?, progress)?;
    let avoid = args.avoid.iter().map(|word| reader.obstacle(word, progress)).collect::<Result<Vec<_>>>()?;
    let through = args.through.iter().map(|name| reader.obstacle(name, progress)).collect::<Result<Vec<_>>>()?;
    let mut warnings: Vec<String> = avoid
        .iter()
        .filter(|o| o.contains(target.0))
        .map(|o| {
            format!("the target lies within \"{}\", which is to be avoided: no way there can be offered", o.name())
        })
        .collect();
    if !instrument.note.is_empty() {
        warnings.push(format!("{}: {}", instrument.name, instrument.note));
    }

    let radius = instrument.radius_within(instrument.working_length);
    let mut found = Found::default();
    if let Some(entry) = &args.from {
        let entry = parse::point(entry)?;
        found.entries = vec![EntryPoint { at: entry, outwards: LpsVector((entry - target.0).0) }];
        let path = Path { entry, target: target.0 };
        if path.length().0 > instrument.working_length.0 {
            warnings.push(format!(
                "the way is {:.1} long, the instrument reaches {:.1}",
                path.length(),
                instrument.working_length
            ));
        }
        found.assessed.push(assess("way 1", &path, None, &instrument, &avoid, &through)?);
    } else {
        let name = args.entry.as_deref().context("where may the instrument enter?")?;
        let (structure, volume) = reader.structure(name, progress)?;
        let mesh = border(&structure, volume.as_deref(), progress)?;
        let reach = Mm(instrument.working_length.0.min(criteria.greatest_length_mm));
        let entries = spread_entries(&mesh, Some(structure.mask.grid()), target.0, reach, args.entries)?;
        let confidence = args.confidence.as_ref().map(|file| {
            let volume = fabrica_formats::read(file, 0, progress)?;
            anyhow::Ok(Confidence::new(volume, args.least_confidence)?)
        });
        let confidence = confidence.transpose()?;
        let ready = Accessibility::new(
            &avoid,
            region(&entries, target.0),
            STEP,
            confidence.map(std::sync::Arc::new),
            progress,
        )?;
        let started = Instant::now();
        let map = ready.map(&entries, target.0, radius, progress)?;
        let took = started.elapsed();
        let names: Vec<&str> = avoid.iter().map(Obstacle::name).collect();
        let (best, refused) = criteria.rank(&entries, &map, &names, instrument.working_length, args.best);
        for (n, candidate) in best.iter().enumerate() {
            let path = Path { entry: candidate.at, target: target.0 };
            let entry = entries.get(candidate.entry).copied();
            found.assessed.push(assess(&format!("way {}", n + 1), &path, entry, &instrument, &avoid, &through)?);
        }
        if let Some(file) = &args.map {
            write(file, &table(&entries, &map, &names))?;
        }
        say(format_args!("{} entries in {:.0} ms", entries.len(), took.as_secs_f64() * 1e3));
        found = Found { entries, candidates: best, refused, ..found };
    }
    let simulated = case.volumes().iter().any(|v| v.provenance.simulated);
    drop(bar);

    let report = ApproachReport {
        case: folder.file_name().map_or_else(|| "case".into(), |n| n.to_string_lossy().into_owned()),
        simulated,
        target,
        instrument,
        criteria,
        entries: found.entries.len(),
        refused: found.refused,
        candidates: found.candidates,
        assessed: found.assessed,
        warnings,
        rigid: RIGID,
    };
    tell(&report);
    if let Some(file) = &args.json {
        write(file, &serde_json::to_string_pretty(&report)?)?;
    }
    if let Some(file) = &args.report {
        write(file, &report.html())?;
    }
    if let Some(name) = &args.save {
        save(&mut case, name, &report, &avoid, radius)?;
    }
    if report.assessed.is_empty() {
        bail!("no way fits the criteria \"{}\"", report.criteria.name);
    }
    Ok(())
}

#[derive(Default)]
struct Found {
    entries: Vec<EntryPoint>,
    candidates: Vec<Candidate>,
    refused: Refused,
    assessed: Vec<Assessed>,
}

/// Reads structures, and the scan that they lie on once.
struct Reader<'a> {
    case: &'a Case,
    volume: Option<(String, std::rc::Rc<Volume>)>,
}

impl Reader<'_> {
    fn structure(
        &mut self,
        name: &str,
        progress: &Progress,
    ) -> Result<(fabrica_volume::Structure, Option<std::rc::Rc<Volume>>)> {
        let structure = self.case.structure(name, progress)?;
        if structure.isovalue.is_none() {
            return Ok((structure, None));
        }
        let id = self.case.structure_entry(name)?.volume.clone();
        if self.volume.as_ref().is_none_or(|(held, _)| *held != id) {
            self.volume = Some((id.clone(), std::rc::Rc::new(self.case.volume(&id, progress)?)));
        }
        Ok((structure, self.volume.as_ref().map(|(_, v)| v.clone())))
    }

    /// `NAME`, `NAME=STOP` or `NAME=STOP,WARN`.
    fn obstacle(&mut self, word: &str, progress: &Progress) -> Result<Obstacle> {
        let (name, thresholds) = match word.rsplit_once('=') {
            Some((name, limits)) if self.case.structure_entry(word).is_err() => (name, thresholds(limits)?),
            _ => (word, Thresholds::default()),
        };
        let (structure, volume) = self.structure(name, progress)?;
        Ok(Obstacle::of_structure(&structure, volume.as_deref(), None, thresholds, progress)?)
    }

    fn target(&mut self, word: &str, progress: &Progress) -> Result<(LpsPoint, String)> {
        if let Ok(point) = parse::point(word) {
            return Ok((point, "the point given".into()));
        }
        let structure =
            self.case.structure(word, progress).context("the target is neither a point L,P,S nor a structure")?;
        let Some(at) = middle(&structure.mask) else { bail!("the target \"{word}\" is empty") };
        Ok((at, format!("the middle of {word}")))
    }
}

/// The voxel of a mask nearest to its centre of volume.
fn middle(mask: &Mask) -> Option<LpsPoint> {
    let (mut sum, mut count) = (DVec3::ZERO, 0.0);
    for run in mask.runs() {
        let n = (run.end - run.start) as f64;
        let i = (run.start + run.end - 1) as f64 / 2.0;
        sum += DVec3::new(i, run.j as f64, run.k as f64) * n;
        count += n;
    }
    let centre = mask.grid().to_patient(VoxelPoint(sum / count));
    let places = mask.runs().map(|run| {
        let i = (sum.x / count).clamp(run.start as f64, run.end as f64 - 1.0).round();
        mask.grid().to_patient(VoxelPoint::new(i, run.j as f64, run.k as f64))
    });
    places.min_by(|a, b| a.distance(centre).0.total_cmp(&b.distance(centre).0))
}

fn thresholds(text: &str) -> Result<Thresholds> {
    let number = |word: &str| word.trim().parse::<f64>().with_context(|| format!("`{word}` is no distance in mm"));
    Ok(match text.split_once(',') {
        Some((stop, warn)) => Thresholds { stop_mm: number(stop)?, warn_mm: number(warn)? },
        None => {
            let stop = number(text)?;
            Thresholds { stop_mm: stop, warn_mm: stop.max(Thresholds::default().warn_mm) }
        }
    })
}

/// The box around all entries and the target.
fn region(entries: &[EntryPoint], target: LpsPoint) -> (LpsPoint, LpsPoint) {
    let (low, high) = entries.iter().fold((target.0, target.0), |(l, h), e| (l.min(e.at.0), h.max(e.at.0)));
    (LpsPoint(low - STEP.0), LpsPoint(high + STEP.0))
}

/// The map as a table.
fn table(entries: &[EntryPoint], map: &[Access], names: &[&str]) -> String {
    let mut text = String::from(
        "left_mm,posterior_mm,superior_mm,clearance_mm,nearest,alarm,length_mm,through_mm,uncertain_mm,tilt_degrees,cone_degrees\n",
    );
    for (e, a) in entries.iter().zip(map) {
        let p = e.at.0;
        let name = names.get(usize::from(a.nearest)).copied().unwrap_or_default().replace('"', "\"\"");
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:.3},{:.3},{:.3},{:.3},\"{name}\",{:?},{:.3},{:.3},{:.3},{:.2},{:.2}",
            p.x,
            p.y,
            p.z,
            a.clearance.0,
            a.alarm,
            a.length.0,
            a.through.0,
            a.uncertain.0,
            a.tilt_degrees,
            a.cone_degrees
        );
    }
    text
}

fn tell(report: &ApproachReport) {
    let p = report.target.0.0;
    say(format_args!(
        "Target: {} (L {:.1}, P {:.1}, S {:.1} mm); {}",
        report.target.1, p.x, p.y, p.z, report.instrument.name
    ));
    let r = report.refused;
    if r != Refused::default() {
        let (close, long, oblique) = (r.too_close, r.too_long, r.too_oblique);
        say(format_args!("Not offered: {close} too close to a structure, {long} too long, {oblique} too oblique"));
    }
    for (n, way) in report.assessed.iter().enumerate() {
        let e = way.path.entry.0;
        say(format_args!(
            "{}: {:?}, from L {:.1}, P {:.1}, S {:.1}, {:.1} long",
            way.name, way.alarm, e.x, e.y, e.z, way.length
        ));
        for (name, c) in &way.clearances {
            say(format_args!("    {name}: {:.1} ± {:.1} mm", c.distance.0, c.error.0));
        }
        for c in &way.crossings {
            say(format_args!(
                "    crosses {}: {:.1} ± {:.1} mm, from {:.1} mm on",
                c.structure,
                c.length().0,
                c.error.0,
                c.from.0
            ));
        }
        if let Some(candidate) = report.candidates.get(n) {
            say(format_args!("    {} (score {:.2})", candidate.reason, candidate.score));
        }
    }
    for warning in &report.warnings {
        remark(format_args!("mind: {warning}"));
    }
    say(RIGID);
}

/// Keeps the ways in the plan.
fn save(case: &mut Case, name: &str, report: &ApproachReport, avoid: &[Obstacle], radius: Mm) -> Result<()> {
    let by = author(None)?;
    let safety = avoid.iter().map(|o| o.thresholds().stop_mm).fold(0.0, f64::max).min(100.0);
    for (n, way) in report.assessed.iter().enumerate() {
        let name = format!("{name} {}", n + 1);
        let (entry, target) = (way.path.entry, way.path.target);
        let item = Item::Trajectory(Trajectory { entry, target, diameter: radius * 2.0, safety: Mm(safety) });
        case.apply(Operation::Item(ItemOperation::Set { name: name.clone(), item }), &by)?;
        let mut assessment = way.for_plan(&report.instrument.name, avoid);
        for obstacle in avoid {
            if let Ok(entry) = case.structure_entry(obstacle.name()) {
                assessment.data.push(MeasuredData { name: entry.name.clone(), sha256: entry.sha256.clone() });
            }
        }
        case.apply(Operation::Approach(ApproachOperation::Assess { trajectory: name, assessment }), &by)?;
    }
    say(format_args!("{} trajectories kept in the plan", report.assessed.len()));
    Ok(())
}

fn write(file: &std::path::Path, text: &str) -> Result<()> {
    write_atomic(file, |to| to.write_all(text.as_bytes())).with_context(|| format!("cannot write {}", file.display()))
}
