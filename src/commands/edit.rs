//! `fabrica edit`: edits structures, from words or from a script.

use anyhow::{Context, Result, anyhow, bail};
use clap::Parser;
use fabrica_case::Case;
use fabrica_geometry::{Mm, Mm3, PatientAxis};
use fabrica_plan::{
    Area, Author, EditOperation, HollowSide, IslandChoice, Limits, Logic, Mode, Operation, Overwrite, Shape, Smoothing,
    Stroke, StrokePath, StructureProgress, Tool, ValueRange,
};
use fabrica_progress::Progress;
use fabrica_volume::Rgb;

use super::volume_id;
use crate::author::author;
use crate::cli_edit::{EditArgs, EditLine, EditTool, EditWords, Overwriting, Side, Slice, State};
use crate::parse;
use crate::terminal::{Bar, say};

/// What a line asks for.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
enum Ask {
    Do(Operation),
    Undo,
    Redo,
}

/// Runs the command.
pub fn run(args: &EditArgs) -> Result<()> {
    let by = author(args.by.as_deref())?;
    let mut case = if args.try_out { Case::open_read_only(&args.case)? } else { Case::open(&args.case)? };
    let bar = Bar::start();
    let progress = bar.progress();
    match (&args.script, &args.edit.tool) {
        (Some(_), Some(_)) => bail!("give either a script or one edit, not both"),
        (None, None) => bail!("say what to do: a tool (fabrica edit --help lists them) or --script"),
        (None, Some(tool)) => {
            let ask = ask(&args.edit, tool, &case)?;
            take(&mut case, ask, &by, args.try_out, progress)
        }
        (Some(script), None) => {
            let text = std::fs::read_to_string(script).with_context(|| format!("reading {}", script.display()))?;
            for (line, number) in text.lines().zip(1..) {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let ask = read_line(line, &case).with_context(|| format!("line {number} of {}", script.display()))?;
                take(&mut case, ask, &by, args.try_out, progress)
                    .with_context(|| format!("line {number} of {}; those before it are done", script.display()))?;
            }
            Ok(())
        }
    }
}

fn read_line(line: &str, case: &Case) -> Result<Ask> {
    if line.starts_with('{') {
        return Ok(Ask::Do(serde_json::from_str(line).context("this is no operation of the plan")?));
    }
    let words = EditLine::try_parse_from(line.split_whitespace()).map_err(|e| anyhow!("{e}"))?.edit;
    let tool = words.tool.as_ref().context("say what to do")?;
    ask(&words, tool, case)
}

fn take(case: &mut Case, ask: Ask, by: &Author, try_out: bool, progress: &Progress) -> Result<()> {
    match ask {
        Ask::Do(Operation::Edit(EditOperation::Stroke(stroke))) => {
            let what = stroke.summary();
            let tallies = if try_out { case.try_out(&stroke, progress)? } else { case.edit(stroke, by, progress)?.1 };
            let nothing = if tallies.is_empty() { "no voxel changes" } else { "" };
            say(format_args!("{what}: {nothing}{}", if try_out { " (not done)" } else { "" }));
            for (name, tally) in &tallies {
                say(format_args!("  {name}: +{} -{} voxels", tally.gained, tally.lost));
            }
        }
        Ask::Do(operation) if try_out => say(format_args!("{} (not done)", operation.summary())),
        Ask::Do(operation) => {
            let done = case.apply(operation, by)?;
            say(done.action.summary());
        }
        Ask::Undo | Ask::Redo if try_out => bail!("undo and redo cannot be tried out"),
        Ask::Undo => drop(case.undo(by)?),
        Ask::Redo => drop(case.redo(by)?),
    }
    Ok(())
}

fn ask(words: &EditWords, tool: &EditTool, case: &Case) -> Result<Ask> {
    match tool {
        EditTool::Undo => return Ok(Ask::Undo),
        EditTool::Redo => return Ok(Ask::Redo),
        _ => {}
    }
    let structure = words.structure.clone().context("which structure? --structure NAME")?;
    Ok(Ask::Do(match tool {
        EditTool::Create { volume } => {
            let volume = volume_id(case, volume.as_deref())?;
            EditOperation::Create { structure, volume, colour: Rgb::palette(case.structures().len()) }.into()
        }
        EditTool::Progress { state } => {
            let progress = match state {
                State::NotStarted => StructureProgress::NotStarted,
                State::InProgress => StructureProgress::InProgress,
                State::Completed => StructureProgress::Completed,
                State::Flagged => StructureProgress::Flagged,
            };
            EditOperation::SetProgress { structure, progress }.into()
        }
        EditTool::Lock => EditOperation::Lock { structure, locked: true }.into(),
        EditTool::Unlock => EditOperation::Lock { structure, locked: false }.into(),
        stroke => {
            let tool = tool_of(stroke, &structure, case)?;
            Stroke { structure, tool, limits: limits(words)?, overwrite: overwrite(words.overwrite, case) }.into()
        }
    }))
}

fn limits(words: &EditWords) -> Result<Limits> {
    let area = if !words.inside.is_empty() {
        Area::Inside(words.inside.clone())
    } else if !words.outside.is_empty() {
        Area::Outside(words.outside.clone())
    } else {
        Area::Everywhere
    };
    Ok(Limits { area, values: words.values.as_deref().map(values).transpose()? })
}

fn overwrite(how: Overwriting, case: &Case) -> Overwrite {
    let state = case.plan().state();
    match how {
        Overwriting::None => Overwrite::None,
        Overwriting::All => state.overwrite_all(),
        Overwriting::Visible => state.overwrite_visible(case.structures().iter().map(|s| s.name.as_str())),
    }
}

fn values(text: &str) -> Result<ValueRange> {
    let (lower, upper) = parse::range(text)?;
    let end = |v: f64| v.is_finite().then_some(v);
    Ok(ValueRange { lower: end(lower), upper: end(upper) })
}

fn path(points: &[String]) -> Result<StrokePath> {
    let points = points.iter().map(|p| parse::point(p)).collect::<Result<Vec<_>>>()?;
    Ok(StrokePath::new(points)?)
}

fn mode(erase: bool) -> Mode {
    if erase { Mode::Erase } else { Mode::Add }
}

fn axis(across: Slice) -> PatientAxis {
    match across {
        Slice::Axial => PatientAxis::InferiorSuperior,
        Slice::Coronal => PatientAxis::AnteriorPosterior,
        Slice::Sagittal => PatientAxis::RightLeft,
    }
}

fn tool_of(tool: &EditTool, structure: &str, case: &Case) -> Result<Tool> {
    Ok(match tool {
        EditTool::Brush { points, radius, erase } => {
            Tool::Brush { path: path(points)?, radius: Mm(*radius), mode: mode(*erase) }
        }
        EditTool::Draw { corners, across, normal, thickness, erase } => {
            let volume = &case.structure_entry(structure)?.volume;
            let grid = &case.volume_entry(volume)?.grid;
            // The scan's own axis nearest to the slices' normal.
            let component = match across {
                Slice::Sagittal => 0,
                Slice::Coronal => 1,
                Slice::Axial => 2,
            };
            let steep = |a: &usize| grid.axis(*a).0[component].abs();
            let nearest = (0..3).max_by(|a, b| steep(a).total_cmp(&steep(b))).unwrap_or(2);
            let along = match normal {
                Some(normal) => parse::point(normal)? - fabrica_geometry::LpsPoint::default(),
                None => grid.axis(nearest),
            };
            let thickness = Some(Mm(thickness.unwrap_or(grid.spacing()[nearest])));
            let shape = Shape::Prism { outline: path(corners)?, along, thickness };
            Tool::Cut { shape, inside: true, mode: mode(*erase) }
        }
        EditTool::Scissors { corners, along, eye, around, fill } => {
            let along = parse::point(along)? - fabrica_geometry::LpsPoint::default();
            let outline = path(corners)?;
            let shape = match eye {
                Some(eye) => Shape::Cone { outline, eye: parse::point(eye)?, along },
                None => Shape::Prism { outline, along, thickness: None },
            };
            Tool::Cut { shape, inside: !around, mode: mode(!fill) }
        }
        EditTool::CutPlane { plane } => {
            let (point, normal) = parse::plane(plane)?;
            Tool::Cut { shape: Shape::HalfSpace { point, normal }, inside: true, mode: Mode::Erase }
        }
        EditTool::Level { at, across, erase } => {
            Tool::LevelTracing { at: parse::point(at)?, across: axis(*across), mode: mode(*erase) }
        }
        EditTool::Threshold { range, erase } => Tool::Threshold { values: values(range)?, mode: mode(*erase) },
        EditTool::Grow { with, per_mm, margin } => {
            Tool::GrowFromSeeds { with: with.clone(), per_mm: *per_mm, margin: margin.map(Mm) }
        }
        EditTool::Between { across } => Tool::FillBetweenSlices { across: axis(*across) },
        EditTool::Islands { choice } => Tool::Islands(islands(choice)?),
        EditTool::Smooth { how, with } => smoothing(how, with)?,
        EditTool::Margin { by } => Tool::Margin { by: Mm(*by) },
        EditTool::Hollow { thickness, side } => Tool::Hollow {
            thickness: Mm(*thickness),
            side: match side {
                Side::Outer => HollowSide::Outer,
                Side::Middle => HollowSide::Middle,
                Side::Inner => HollowSide::Inner,
            },
        },
        EditTool::Logic { what } => Tool::Logic(logic(what)?),
        EditTool::Create { .. }
        | EditTool::Progress { .. }
        | EditTool::Lock
        | EditTool::Unlock
        | EditTool::Undo
        | EditTool::Redo => bail!("this is no tool for voxels"),
    })
}

fn split(word: &str) -> Result<(&str, &str)> {
    word.split_once('=').with_context(|| format!("`{word}` needs a value: {word}=..."))
}

fn number(text: &str) -> Result<f64> {
    text.parse().with_context(|| format!("`{text}` is no number"))
}

fn islands(word: &str) -> Result<IslandChoice> {
    Ok(match split(word)? {
        ("largest", n) => {
            IslandChoice::KeepLargest { count: n.parse().with_context(|| format!("`{n}` is no number"))? }
        }
        ("least", size) => IslandChoice::RemoveSmaller { than: Mm3(number(size)?) },
        ("keep", at) => IslandChoice::KeepAt { at: parse::point(at)? },
        ("remove", at) => IslandChoice::RemoveAt { at: parse::point(at)? },
        (other, _) => bail!("`{other}` is none of largest, least, keep, remove"),
    })
}

fn smoothing(word: &str, with: &[String]) -> Result<Tool> {
    let (how, length) = split(word)?;
    let length = Mm(number(length)?);
    if !with.is_empty() {
        if how != "gaussian" {
            bail!("structures are smoothed together by gaussian=MM only");
        }
        return Ok(Tool::SmoothJointly { with: with.to_vec(), sigma: length });
    }
    Ok(Tool::Smooth(match how {
        "median" => Smoothing::Median { radius: length },
        "opening" => Smoothing::Opening { radius: length },
        "closing" => Smoothing::Closing { radius: length },
        "gaussian" => Smoothing::Gaussian { sigma: length },
        other => bail!("`{other}` is none of median, opening, closing, gaussian"),
    }))
}

fn logic(word: &str) -> Result<Logic> {
    match word {
        "invert" => return Ok(Logic::Invert),
        "clear" => return Ok(Logic::Clear),
        "fill" => return Ok(Logic::Fill),
        _ => {}
    }
    let (what, other) = split(word)?;
    let other = other.to_owned();
    Ok(match what {
        "copy" => Logic::Copy(other),
        "add" => Logic::Add(other),
        "subtract" => Logic::Subtract(other),
        "intersect" => Logic::Intersect(other),
        "exclusive" => Logic::Exclusive(other),
        unknown => bail!("`{unknown}` is none of copy, add, subtract, intersect, exclusive, invert, clear, fill"),
    })
}
