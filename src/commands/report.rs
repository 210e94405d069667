//! `fabrica report`: the plan as a page or a table.

use std::io::Write;

use anyhow::{Context, Result, bail};
use fabrica_case::{Case, write_atomic};
use fabrica_measure::{Picture, plan_report, report_csv, report_json};
use fabrica_progress::Progress;

use super::export::refuse_inside;
use super::unvalidated::{self, Unvalidated};
use crate::author::author;
use crate::cli::ReportArgs;
use crate::terminal::{Bar, say};
use crate::views;

/// The first bytes of every PNG file.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Runs the command.
pub fn run(args: &ReportArgs) -> Result<()> {
    let mut case = Case::open(&args.case)?;
    refuse_inside(case.folder(), &args.out)?;
    let ending = args.out.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let unvalidated = unvalidated::all(&case, &Progress::new())?;
    let text = match ending.as_str() {
        "html" => {
            let mut all = if args.without_views { Vec::new() } else { of_views(&case)? };
            all.extend(pictures(args)?);
            let remarks: Vec<String> = unvalidated.iter().map(Unvalidated::words).collect();
            plan_report(&case, &all, &remarks)?
        }
        "csv" => report_csv(&case)?,
        "json" => {
            let mut json = report_json(&case)?;
            unvalidated::add_to(&mut json, &unvalidated);
            serde_json::to_string_pretty(&json)?
        }
        _ => bail!("{} must end in .html, .csv or .json", args.out.display()),
    };
    write_atomic(&args.out, |file| file.write_all(text.as_bytes()))
        .with_context(|| format!("{} cannot be written", args.out.display()))?;
    case.audit(&format!("report of the plan as {ending}"), Vec::new(), &author(None)?)?;
    say(format_args!("Written to {}", args.out.display()));
    Ok(())
}

/// The kept views of the plan, drawn.
fn of_views(case: &Case) -> Result<Vec<Picture>> {
    let bar = Bar::start();
    let mut pictures = Vec::new();
    for volume in case.volumes() {
        for (caption, image) in views::pictures(case, &volume.id, bar.progress())? {
            let mut png = Vec::new();
            image.write_png(&mut png, &[])?;
            pictures.push(Picture { caption, png });
        }
    }
    Ok(pictures)
}

fn pictures(args: &ReportArgs) -> Result<Vec<Picture>> {
    let read = |path: &std::path::PathBuf| -> Result<Picture> {
        let png = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        if !png.starts_with(PNG) {
            bail!("{} is no PNG picture", path.display());
        }
        let caption = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Picture { caption, png })
    };
    args.picture.iter().map(read).collect()
}
