//! `fabrica mesh check|repair|prove`: any mesh file, looked at, mended, or held against a case.

use std::path::Path;

use anyhow::{Context, Result, bail};
use fabrica_case::{Case, write_atomic};
use fabrica_geometry::Mm;
use fabrica_mesh::{
    InspectOptions, Inspection, MeshError, Model, ModelFormat, RepairOptions, Sheets, inspect, read_model, repair,
    write_model,
};

use fabrica_print::ModelSource;

use crate::cli::{MeshArgs, MeshCheckArgs, MeshCommand, MeshProveArgs, MeshRepairArgs, SheetsArg};
use crate::parse::bed;
use crate::terminal::{Bar, say};

/// Runs the command.
pub fn run(args: &MeshArgs) -> Result<()> {
    match &args.command {
        MeshCommand::Check(args) => check(args),
        MeshCommand::Repair(args) => mend(args),
        MeshCommand::Prove(args) => prove(args),
    }
}

fn read(path: &Path) -> Result<Model> {
    let format = ModelFormat::of_path(path).ok_or_else(|| MeshError::Format(path.display().to_string()))?;
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    read_model(&bytes, format).with_context(|| path.display().to_string())
}

fn check(args: &MeshCheckArgs) -> Result<()> {
    let model = read(&args.file)?;
    let bar = Bar::start();
    let options = InspectOptions {
        least_wall: (args.wall > 0.0).then_some(Mm(args.wall)),
        bed: args.bed.as_deref().map(bed).transpose()?,
        ..InspectOptions::default()
    };
    let found = inspect(&model.merged()?, &options, bar.progress())?;
    drop(bar);
    if args.json {
        say(serde_json::to_string_pretty(&found)?);
    } else {
        say(format_args!("Unit              {}", model.unit));
        say(&found);
    }
    fail_unless_solid(&args.file, &found)
}

fn prove(args: &MeshProveArgs) -> Result<()> {
    let model = read(&args.file)?;
    let case = Case::open_read_only(&args.case)?;
    let bar = Bar::start();
    let reason = args.override_unvalidated.as_deref();
    let source = ModelSource::gather(&case, &[&args.structure], reason, bar.progress())?;
    let proof = source
        .prove(&model.merged()?, Mm(args.tolerance), bar.progress())
        .with_context(|| args.file.display().to_string())?;
    drop(bar);
    if args.json {
        say(serde_json::to_string_pretty(&proof)?);
        return Ok(());
    }
    let deviation = &proof.deviation;
    say(format_args!("Unit              {}", model.unit));
    say(format_args!("Structure         {}", args.structure));
    say(format_args!(
        "Surface to voxels mean {:.3}, 95 % within {:.3}, at most {:.3} mm",
        deviation.mean().0,
        deviation.p95().0,
        deviation.max().0
    ));
    say(format_args!("Volume            {:+.2} % of the voxels'", proof.volume_difference_percent));
    super::print::say_calipers(&proof, proof.tolerance);
    say(format_args!("Proved            within {}", proof.tolerance));
    Ok(())
}

/// The exit code tells a script what the text tells a reader.
fn fail_unless_solid(file: &Path, found: &Inspection) -> Result<()> {
    if !found.is_solid() {
        bail!("{} is not a solid; `fabrica mesh repair` mends it", file.display());
    }
    Ok(())
}

fn mend(args: &MeshRepairArgs) -> Result<()> {
    let out_format =
        ModelFormat::of_path(&args.out).ok_or_else(|| MeshError::Format(args.out.display().to_string()))?;
    let model = read(&args.file)?;
    let bar = Bar::start();
    let options = RepairOptions {
        sheets: match args.sheets {
            SheetsArg::Ask => Sheets::Ask,
            SheetsArg::Remove => Sheets::Remove,
            SheetsArg::Thicken => Sheets::Thicken(Mm(args.sheet_wall / 2.0)),
        },
        allow_loss: args.allow_loss,
        tolerance: args.tolerance.map(Mm),
        remesh: args.remesh,
        ..RepairOptions::default()
    };
    let mut repaired = model.clone();
    let mut reports = Vec::new();
    for part in repaired.parts.iter_mut().filter(|part| !part.mesh.is_empty()) {
        let done = repair(&part.mesh, &options, bar.progress())
            .with_context(|| format!("{}{}", args.file.display(), named(&part.name)))?;
        part.mesh = done.mesh;
        reports.push((part.name.clone(), done.report));
    }
    drop(bar);
    let label = args.file.file_stem().unwrap_or_default().to_string_lossy();
    write_atomic(&args.out, |file| write_model(&repaired, out_format, &label, file).map_err(std::io::Error::other))
        .with_context(|| format!("{} was not written", args.out.display()))?;
    if args.json {
        say(serde_json::to_string_pretty(&reports)?);
    } else {
        say(format_args!("Unit              {}", model.unit));
        for (name, report) in &reports {
            if !name.is_empty() {
                say(format_args!("Part              {name}"));
            }
            say(report);
        }
        say(format_args!("Written to {}", args.out.display()));
    }
    Ok(())
}

fn named(part: &str) -> String {
    if part.is_empty() { String::new() } else { format!(", part \"{part}\"") }
}
