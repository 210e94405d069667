//! `fabrica gallery`: every preset that suits a case, on one sheet.

use std::sync::Arc;

use anyhow::Result;
use fabrica_case::Case;
use fabrica_raycast::{Image, Preset};
use fabrica_volume::Rgb;

use super::volume_id;
use crate::cli::GalleryArgs;
use crate::terminal::{Bar, say};
use crate::{parse, picture};

/// Pixels between the pictures.
const GAP: u32 = 4;

/// Runs the command.
pub fn run(args: &GalleryArgs) -> Result<()> {
    let case = Case::open_read_only(&args.case)?;
    let id = volume_id(&case, args.volume.as_deref())?;
    let size = parse::size(&args.size)?;
    let view = args.camera.parse()?;
    let bar = Bar::start();
    let volume = Arc::new(case.volume(&id, bar.progress())?);
    let scene =
        picture::Scene { case: &case, volume: &volume, id: &id, size, view, from: None, clip: None, through: None };
    let modality = volume.provenance.modality.to_string();
    let mut presets = match args.preset.as_slice() {
        [] => Preset::all()?,
        names => names.iter().map(|name| Preset::named(name)).collect::<Result<_, _>>()?,
    };
    presets.retain(|p| !args.preset.is_empty() || p.modality.is_empty() || p.modality == modality);
    let columns = args.columns.clamp(1, presets.len().max(1) as u32);
    let rows = (presets.len() as u32).div_ceil(columns);
    let across = |count: u32, side: u32| count * (side + GAP) - GAP;
    let mut sheet = Image::filled([across(columns, size[0]), across(rows, size[1])], Rgb(24, 24, 26))?;
    for (number, preset) in presets.iter().enumerate() {
        let (column, row) = (number as u32 % columns, number as u32 / columns);
        let image = picture::of_volume(&scene, preset, args.renderer, bar.progress())?;
        picture::paste(&image, &mut sheet, [column * (size[0] + GAP), row * (size[1] + GAP)]);
    }
    picture::save(&sheet, &scene, "gallery of presets", &[], &args.out)?;
    drop(bar);
    say(format_args!("Drawn to {}", args.out.display()));
    Ok(())
}
