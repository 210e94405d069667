//! `fabrica info`: tells all about a case.

use anyhow::Result;
use fabrica_case::Case;
use fabrica_measure::Validity;
use fabrica_progress::Progress;

use super::unvalidated;
use crate::cli::InfoArgs;
use crate::terminal::say;

/// Runs the command.
pub fn run(args: &InfoArgs) -> Result<()> {
    let case = Case::open_read_only(&args.case)?;
    let info = case.info()?;
    let unvalidated = unvalidated::all(&case, &Progress::new())?;
    if args.json {
        let mut json = serde_json::to_value(&info)?;
        for (n, structure) in info.structures.iter().enumerate() {
            json["structures"][n]["validation"] = Validity::of(&case, &structure.name).json();
        }
        unvalidated::add_to(&mut json, &unvalidated);
        say(serde_json::to_string_pretty(&json)?);
    } else {
        say(info);
        unvalidated.iter().for_each(|u| say(u.words()));
    }
    Ok(())
}
