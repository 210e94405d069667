//! `fabrica import`: reads a scan into a case.

use anyhow::{Context, Result, bail};
use fabrica_import::{Found, FoundScan, ReadOptions, find, make_case};

use super::series::describe;
use crate::author::author;
use crate::cli::{ImportArgs, Irregular};
use crate::terminal::{Bar, remark, say};

/// Runs the command.
pub fn run(args: &ImportArgs) -> Result<()> {
    let bar = Bar::start();
    let found = find(&args.paths, bar.progress())?;
    let scan = choose(&found, args.series.as_deref())?;
    let phases = match args.phase {
        Some(0) => bail!("phases are counted from 1"),
        Some(phase) => vec![phase - 1],
        None => (0..scan.phases().len()).collect(),
    };
    let options = ReadOptions {
        resample_tilt: args.tilt == Irregular::Resample,
        resample_spacing: args.spacing == Irregular::Resample,
        declare_ct: args.ct,
    };
    let made =
        make_case(&args.case, &found, scan, &phases, !args.without_structures, options, &author(None)?, bar.progress())
            .with_context(|| format!("{} was not imported", scan.title()))?;
    drop(bar);
    if !found.passed_over.is_empty() {
        remark(format_args!("{} files were passed over:{}", found.passed_over.len(), reasons(&found)));
    }
    for note in &made.notes {
        remark(format_args!("note: {note}"));
    }
    say(made.case.info()?);
    if !made.case.open_warnings().is_empty() {
        remark(format_args!(
            "Measuring and printing wait until each geometry warning is accepted: fabrica accept {} --warning N --reason \"...\"",
            args.case.display()
        ));
    }
    Ok(())
}

/// The scan asked for by number or UID, or the only volume.
fn choose<'a>(found: &'a Found, asked: Option<&str>) -> Result<&'a FoundScan> {
    let list = || {
        let lines: Vec<_> = found.scans.iter().enumerate().map(|(n, s)| describe(n + 1, s)).collect();
        lines.join("\n")
    };
    if found.scans.is_empty() {
        bail!("no scan was found in {} files{}", found.passed_over.len(), reasons(found));
    }
    if let Some(asked) = asked {
        let by_number = asked.parse::<usize>().ok().and_then(|n| found.scans.get(n.wrapping_sub(1)));
        let by_uid = || found.scans.iter().find(|s| s.uid() == Some(asked));
        return by_number.or_else(by_uid).with_context(|| format!("there is no series {asked}; there are\n{}", list()));
    }
    let volumes: Vec<_> = found.scans.iter().filter(|s| s.is_volume()).collect();
    match volumes[..] {
        [only] => Ok(only),
        [] => bail!("no scan here is a volume; choose one with --series if you know better:\n{}", list()),
        _ => bail!("there are several scans; choose one with --series:\n{}", list()),
    }
}

/// The first few files that were passed over, each in a line of its own.
fn reasons(found: &Found) -> String {
    const SHOWN: usize = 5;
    let lines = found.passed_over.iter().take(SHOWN).map(|p| format!("\n  {}: {}", p.path.display(), p.reason));
    let more = if found.passed_over.len() > SHOWN { "\n  ..." } else { "" };
    lines.chain([more.to_owned()]).collect()
}
