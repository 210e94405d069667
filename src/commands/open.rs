//! `fabrica open`: the window.

use anyhow::Result;

use crate::app;
use crate::author::author;
use crate::cli::OpenArgs;

/// Runs the command.
pub fn run(args: &OpenArgs) -> Result<()> {
    app::run(args.paths.clone(), author(None)?, args.photograph.as_deref())
}
