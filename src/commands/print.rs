//! `fabrica print`: a structure as a model, with a report beside it.

use anyhow::Result;
use fabrica_case::Case;
use fabrica_print::{print_structure, report_path};
use fabrica_surface::{PrintOptions, Smoothing};

use crate::author::author;
use crate::cli::PrintArgs;
use crate::terminal::{Bar, say};

/// Runs the command.
pub fn run(args: &PrintArgs) -> Result<()> {
    let mut case = Case::open(&args.case)?;
    let bar = Bar::start();
    let options = PrintOptions {
        smoothing: (args.smoothing > 0).then(|| Smoothing { passes: args.smoothing, ..Smoothing::default() }),
        allow_open: args.allow_open,
    };
    let model = print_structure(&mut case, &args.structure, &args.out, &options, &author(None)?, bar.progress())?;
    drop(bar);
    say(&model.report);
    say(format_args!("Written to {} and {}", args.out.display(), report_path(&args.out).display()));
    Ok(())
}
