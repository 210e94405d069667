//! `fabrica render`: draws a case into a PNG file.

use std::sync::Arc;

use anyhow::Result;
use fabrica_case::Case;
use fabrica_cinematic::Look;
use fabrica_raycast::{Preset, WINDOW_PRESETS};

use super::volume_id;
use crate::cli::{RenderArgs, RenderMode};
use crate::terminal::{Bar, say};
use crate::{cinematic, parse, picture};

/// Runs the command.
pub fn run(args: &RenderArgs) -> Result<()> {
    if args.preset.as_deref() == Some("list") {
        for preset in Preset::all()? {
            say(format_args!("{:20} {}", preset.name, preset.description));
        }
        for look in Look::all()? {
            say(format_args!("{:20} cinematic: {}", look.name, look.description));
        }
        for window in &WINDOW_PRESETS {
            say(format_args!("{:20} window: {}", window.name, window.description));
        }
        return Ok(());
    }
    let case = Case::open_read_only(&args.case)?;
    let id = volume_id(&case, args.volume.as_deref())?;
    let size = parse::size(&args.size)?;
    let view = args.camera.parse()?;
    let clip = args.clip.as_deref().map(parse::plane).transpose()?;
    let at = args.at.as_deref().map(parse::point).transpose()?;
    let through = match (&args.endoscope, &args.entry, &args.tip) {
        (Some(name), Some(entry), Some(tip)) => {
            let path = fabrica_approach::Path { entry: parse::point(entry)?, target: parse::point(tip)? };
            Some(picture::endoscope(name, &path, args.turn)?)
        }
        _ => None,
    };
    if through.is_some() && !matches!(args.mode, RenderMode::Volume | RenderMode::Surface) {
        anyhow::bail!("an endoscope shows --mode volume or surface");
    }
    let bar = Bar::start();
    let progress = bar.progress();
    let volume = Arc::new(case.volume(&id, progress)?);
    let scene = picture::Scene { case: &case, volume: &volume, id: &id, size, view, from: None, clip, through };
    let asked = args.preset.as_deref();
    let mut details = Vec::new();
    let (image, look) = match args.mode {
        RenderMode::Volume => {
            let preset = picture::preset(&scene, asked)?;
            (picture::of_volume(&scene, &preset, args.renderer, progress)?, preset.name)
        }
        RenderMode::Cinematic => {
            let look = cinematic::look(&scene, asked, &args.cinematic)?;
            let image;
            (image, details) =
                cinematic::picture(&scene, &look, &args.cinematic, &args.structure, args.renderer, progress)?;
            (image, look.name)
        }
        RenderMode::Surface => {
            let structures = picture::structures(&case, &id, &args.structure, progress)?;
            if structures.is_empty() {
                anyhow::bail!("the case has no visible structure to draw; make one with fabrica segment");
            }
            (picture::of_surfaces(&scene, &structures, progress)?, "surface".to_owned())
        }
        RenderMode::Slices => {
            let window = picture::window(&scene, asked)?;
            let structures = picture::structures(&case, &id, &args.structure, progress)?;
            let at = picture::crosshair(&case, &volume, at);
            let look = format!("slices, centre {}, width {}", window.centre, window.width);
            (picture::of_slices(&scene, window, &structures, at, progress)?, look)
        }
    };
    picture::save(&image, &scene, &look, &details, &args.out)?;
    drop(bar);
    say(format_args!("Drawn to {}", args.out.display()));
    Ok(())
}
