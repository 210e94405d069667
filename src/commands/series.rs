//! `fabrica series`: lists what can be imported.

use anyhow::Result;
use fabrica_import::{Found, FoundScan};
use serde_json::json;

use crate::cli::SeriesArgs;
use crate::terminal::{Bar, say};

/// Runs the command.
pub fn run(args: &SeriesArgs) -> Result<()> {
    let bar = Bar::start();
    let found = fabrica_import::find(&args.paths, bar.progress())?;
    drop(bar);
    if args.json {
        say(serde_json::to_string_pretty(&as_json(&found))?);
        return Ok(());
    }
    for (number, scan) in found.scans.iter().enumerate() {
        say(describe(number + 1, scan));
    }
    for structures in &found.structures {
        say(format_args!("     {} ({})", structures.title(), structures.path().display()));
    }
    if found.scans.is_empty() {
        say("No scan was found.");
    }
    if !found.passed_over.is_empty() {
        say(format_args!("{} files were not used:", found.passed_over.len()));
        for passed in found.passed_over.iter().take(20) {
            say(format_args!("     {}: {}", passed.path.display(), passed.reason));
        }
        if found.passed_over.len() > 20 {
            say(format_args!("     and {} more (--json lists all)", found.passed_over.len() - 20));
        }
    }
    Ok(())
}

/// A scan in a few lines, with its number.
pub fn describe(number: usize, scan: &FoundScan) -> String {
    let mut text = format!("{number:3}  {} ({}, {} files)", scan.title(), scan.kind(), scan.file_count());
    let phases = scan.phases();
    for (index, phase) in phases.iter().enumerate() {
        if phases.len() > 1 {
            text += &format!("\n       phase {}: {}", index + 1, phase.label);
        }
        for warning in &phase.warnings {
            text += &format!("\n       warning: {warning}");
        }
        if let Some(obstacle) = &phase.obstacle {
            text += &format!("\n       cannot be read as a volume: {obstacle}");
        }
    }
    text
}

fn as_json(found: &Found) -> serde_json::Value {
    let scans: Vec<_> = found
        .scans
        .iter()
        .enumerate()
        .map(|(index, scan)| {
            json!({
                "number": index + 1,
                "modality": scan.modality(),
                "description": scan.description(),
                "series_uid": scan.uid(),
                "kind": scan.kind(),
                "files": scan.file_count(),
                "phases": scan.phases(),
            })
        })
        .collect();
    let structures: Vec<_> = found.structures.iter().map(|s| json!({"title": s.title(), "path": s.path()})).collect();
    json!({"scans": scans, "structures": structures, "passed_over": found.passed_over})
}
