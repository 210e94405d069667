//! `fabrica merge`: makes one plan of two copies of a case.

use std::collections::BTreeMap;

use anyhow::Result;
use fabrica_case::Case;

use crate::author::author;
use crate::cli_edit::MergeArgs;
use crate::terminal::{Bar, say};

/// Runs the command.
pub fn run(args: &MergeArgs) -> Result<()> {
    let by = author(args.by.as_deref())?;
    let other = Case::open_read_only(&args.other)?;
    let mut case = Case::open(&args.case)?;
    let before: Vec<_> = case.plan().history().iter().map(|entry| entry.id).collect();
    let count = case.merge_copy(&other, &by)?;
    if count == 0 {
        say("Nothing is new there.");
        return Ok(());
    }
    let mut whose: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in case.plan().history().iter().filter(|entry| !before.contains(&entry.id)) {
        *whose.entry(entry.author.name()).or_default() += 1;
    }
    let whose: Vec<String> = whose.into_iter().map(|(who, n)| format!("{n} by {who}")).collect();
    say(format_args!("{count} operation(s) of the other copy are in the plan now: {}.", whose.join(", ")));
    let bar = Bar::start();
    for (id, why) in case.ineffective_strokes(bar.progress())? {
        let entry = case.plan().history().iter().find(|entry| entry.id == id);
        let what = entry.map_or("a stroke", |entry| entry.action.summary());
        let who = entry.map_or("somebody", |entry| entry.author.name());
        say(format_args!("Look at this: {what} by {who} changes nothing any more ({why})."));
    }
    Ok(())
}
