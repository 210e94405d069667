//! `fabrica accept`: accepts a geometry warning.

use anyhow::{Result, bail};
use fabrica_case::Case;

use crate::author::author;
use crate::cli::AcceptArgs;
use crate::terminal::say;

/// Runs the command.
pub fn run(args: &AcceptArgs) -> Result<()> {
    let mut case = Case::open(&args.case)?;
    let warnings = case.warnings();
    let Some(asked) = warnings.iter().find(|w| w.number == args.warning) else {
        bail!("the case has no geometry warning {}; it has {}", args.warning, warnings.len());
    };
    case.accept_warning(&asked.volume, asked.index, &author(args.by.as_deref())?, &args.reason)?;
    let open = case.open_warnings().len();
    say(if open == 0 {
        "Accepted. No geometry warning is open any more.".to_owned()
    } else {
        format!("Accepted. {open} more geometry warnings are open.")
    });
    Ok(())
}
