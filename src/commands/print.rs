//! `fabrica print`: structures as a proved model, with its report and passport beside it.

use anyhow::{Result, bail};
use fabrica_case::Case;
use fabrica_geometry::Mm;
use fabrica_mesh::{CutOptions, CutPlane, Engraving, HollowOptions};
use fabrica_print::{ModelOptions, PrintJob, Proof, dicom_path, page_path, passport_path, pdf_path, report_path};
use fabrica_surface::{PrintOptions, Smoothing};

use crate::author::author;
use crate::cli::PrintArgs;
use crate::parse::{bed, plane, point};
use crate::terminal::{Bar, say};

/// Runs the command.
pub fn run(args: &PrintArgs) -> Result<()> {
    let options = options(args)?;
    let mut case = Case::open(&args.case)?;
    let by = author(None)?;
    let bar = Bar::start();
    let names: Vec<&str> = args.structure.iter().map(String::as_str).collect();
    let reason = args.override_unvalidated.as_deref();
    let job = PrintJob::prepare_many(&case, &names, &args.out, reason, bar.progress())?;
    let printed = job.make_with(&options, &by, bar.progress())?;
    let passport = printed.record(&mut case, &by)?;
    drop(bar);
    if let Some(words) = &passport.validation {
        say(format_args!("Validation        {words}"));
    }
    for part in &passport.parts {
        say(&part.surface);
    }
    for step in &passport.steps {
        say(format_args!("Step              {}: {}", step.what, step.departures));
    }
    say(format_args!("\nThe model as written, at {:.0} % of the patient", args.scale));
    for part in &passport.parts {
        for solid in &part.solids {
            say(format_args!("\n{}", solid.name));
            say(&solid.inspection);
        }
        if let Some(rejoined) = part.rejoined {
            say(format_args!(
                "Together          {:.3} mL; put together again they leave the whole by {:.3} mm at most",
                part.volume().millilitres(),
                rejoined.farthest.0
            ));
        }
        say_calipers(&part.proof, Mm(args.tolerance));
    }
    if args.dicom {
        say(format_args!("As DICOM          {}", dicom_path(&args.out).display()));
    }
    say(format_args!(
        "Written to {}, {}, {}, {} and {}",
        args.out.display(),
        report_path(&args.out).display(),
        passport_path(&args.out).display(),
        page_path(&args.out).display(),
        pdf_path(&args.out).display()
    ));
    Ok(())
}

/// Says the user's measurements side by side.
pub fn say_calipers(proof: &Proof, tolerance: Mm) {
    for line in &proof.calipers {
        match (line.on_model, line.difference()) {
            (Some(model), Some(difference)) => say(format_args!(
                "Caliper           {}: {:.2} on the images, {model:.2} on the model ({:+.2} mm)",
                line.caliper.name, line.measured, difference.0
            )),
            _ => say(format_args!("Caliper           {}: not on this structure", line.caliper.name)),
        }
        if let Some(printed) = line.printed.filter(|_| line.is_changed(tolerance)) {
            say(format_args!(
                "CHANGED           {}: {printed:.2} on what is printed, changed on purpose",
                line.caliper.name
            ));
        }
    }
}

fn options(args: &PrintArgs) -> Result<ModelOptions> {
    let smoothing = (args.smoothing > 0).then(|| Smoothing { passes: args.smoothing, ..Smoothing::default() });
    let holes = args.drain.iter().map(|text| point(text)).collect::<Result<Vec<_>>>()?;
    if !holes.is_empty() && args.hollow.is_none() {
        bail!("--drain drills into a hollow model; give its wall with --hollow");
    }
    let cut = match &args.cut {
        None => None,
        Some(text) => {
            let (at, normal) = plane(text)?;
            let pegs = CutOptions {
                pegs: args.pegs,
                radius: Mm(args.peg_radius),
                length: Mm(args.peg_length),
                clearance: Mm(args.clearance),
                ..CutOptions::default()
            };
            Some((CutPlane { point: at, normal }, pegs))
        }
    };
    Ok(ModelOptions {
        surface: PrintOptions { smoothing, allow_open: args.allow_open },
        least_wall: (args.wall > 0.0).then_some(Mm(args.wall)),
        thicken: args.thicken,
        simplify: args.simplify.map(Mm),
        engravings: args.engrave.iter().map(|text| engraving(text, args)).collect::<Result<_>>()?,
        hollow: args.hollow.map(|wall| HollowOptions { wall: Mm(wall), hole: Mm(args.drain_radius), holes }),
        cut,
        scale: args.scale / 100.0,
        dicom: args.dicom,
        bed: args.bed.as_deref().map(bed).transpose()?,
        arrange: args.arrange.map(Mm),
        tolerance: Mm(args.tolerance),
    })
}

fn engraving(argument: &str, args: &PrintArgs) -> Result<Engraving> {
    let Some((at, text)) = argument.split_once(':') else {
        bail!("{argument:?} must be L,P,S:TEXT, a point and a text");
    };
    let plain = Engraving::of(text, point(at)?);
    Ok(Engraving { height: Mm(args.engrave_height), depth: Mm(args.engrave_depth), ..plain })
}
