//! `fabrica info`: tells all about a case.

use anyhow::Result;
use fabrica_case::Case;

use crate::cli::InfoArgs;
use crate::terminal::say;

/// Runs the command.
pub fn run(args: &InfoArgs) -> Result<()> {
    let info = Case::open_read_only(&args.case)?.info()?;
    if args.json {
        say(serde_json::to_string_pretty(&info)?);
    } else {
        say(info);
    }
    Ok(())
}
