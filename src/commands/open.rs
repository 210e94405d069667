//! `fabrica open`: the headset, or the window.

use anyhow::{Context, Result};
use fabrica_scene::input::Script;

use crate::app::{self, Options, Place};
use crate::author::author;
use crate::cli::OpenArgs;

/// Runs the command.
pub fn run(args: &OpenArgs) -> Result<()> {
    let script = match &args.script {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
            Some(Script::parse(&text).with_context(|| format!("{} cannot be played", path.display()))?)
        }
        None => None,
    };
    let place = match (args.vr, args.desktop) {
        (true, _) => Place::Headset,
        (_, true) => Place::Desktop,
        _ => Place::Either,
    };
    app::run(Options {
        paths: args.paths.clone(),
        place,
        left_handed: args.left_handed,
        seated: args.seated,
        script,
        instruments: args.instruments.clone(),
        trace: args.trace.clone(),
        pictures: args.pictures.clone(),
        photograph: args.photograph.clone(),
        size: args.size.as_deref().map(crate::parse::size).transpose()?.unwrap_or(app::WINDOW),
        ..Options::new(author(None)?)
    })
}
