//! Pictures of the views that are kept in a plan, for reports and key images.

use std::sync::Arc;

use anyhow::{Context, Result};
use fabrica_case::Case;
use fabrica_measure::Validity;
use fabrica_progress::Progress;
use fabrica_raycast::{Image, View};
use fabrica_scene::camera;
use fabrica_volume::Structure;

use crate::cli::Renderer;
use crate::picture::{Scene, of_surfaces, of_volume, preset, structures};

/// Pictures are this wide and high, pixels.
const SIZE: [u32; 2] = [800, 600];

/// Each kept view of the plan as pictures with captions: the volume, and the surfaces of the structures that the plan shows,
/// where it shows any. What a clip plane of the plan cuts away is away, where there is one.
pub fn pictures(case: &Case, volume: &str, progress: &Progress) -> Result<Vec<(String, Image)>> {
    let state = case.plan().state();
    if state.views.is_empty() {
        return Ok(Vec::new());
    }
    let data = Arc::new(case.volume(volume, progress)?);
    let shown = structures(case, volume, &[], progress)?;
    let shown: Vec<_> = shown.into_iter().filter(|s| !s.mask.is_empty()).collect();
    let named = |s: &Structure| match Validity::of(case, &s.name).is_lacking() {
        true => format!("{} (NOT VALIDATED)", s.name),
        false => s.name.clone(),
    };
    let names = shown.iter().map(named).collect::<Vec<_>>().join(", ");
    let mut cuts = state.clip_planes.iter().filter(|(_, plane)| plane.enabled);
    let cut = cuts.next();
    let more = cuts.count();
    let mut told = cut.map_or_else(String::new, |(name, _)| format!(", cut by `{name}`"));
    if more > 0 {
        told += &format!(" ({more} more clip planes are not in the picture)");
    }
    let mut pictures = Vec::new();
    for (name, kept) in &state.views {
        let from = camera::from_plan(kept);
        let from = from.with_context(|| format!("the view `{name}` projects in a way that is not known here"))?;
        let scene = Scene {
            case,
            volume: &data,
            id: volume,
            size: SIZE,
            view: View::default(),
            from: Some(from),
            clip: cut.map(|(_, plane)| (plane.point, plane.normal)),
            through: None,
        };
        let look = preset(&scene, None)?;
        let image = of_volume(&scene, &look, Renderer::Cpu, progress)?;
        pictures.push((format!("{name}: {volume}, {}{told}", look.name), image));
        if !shown.is_empty() {
            pictures.push((format!("{name}: surfaces of {names}{told}"), of_surfaces(&scene, &shown, progress)?));
        }
    }
    Ok(pictures)
}
