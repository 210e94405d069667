//! Cinematic pictures of a case, for `fabrica render`.

use std::sync::Arc;

use anyhow::Result;
use fabrica_cinematic::{Film, LightRig, Look, denoise};
use fabrica_cinematic_rendering::{Engine, GpuError, GpuTracer, Order};
use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_raycast::{ClipSet, Image, StructureLook, draw_marks, view_marks};
use fabrica_volume::Structure;

use crate::cli::{CinematicArgs, Renderer};
use crate::picture;
use crate::terminal::remark;

/// The look asked for, or the one that suits the volume, with what the command line changes of it.
pub fn look(scene: &picture::Scene<'_>, asked: Option<&str>, args: &CinematicArgs) -> Result<Look> {
    let mut look = match asked {
        Some(name) => Look::named(name)?,
        None => Look::suited_to(scene.volume)?,
    };
    if let Some(name) = &args.lights {
        look.lights = LightRig::named(name)?;
    }
    if let Some(aperture) = args.aperture {
        look.lens.aperture = Mm(aperture);
    }
    look.check()?;
    Ok(look)
}

/// The picture, and what its file must say of how it was made.
pub fn picture(
    scene: &picture::Scene<'_>,
    look: &Look,
    args: &CinematicArgs,
    structures: &[String],
    by: Renderer,
    progress: &Progress,
) -> Result<(Image, Vec<(&'static str, String)>)> {
    let order = Order {
        volume: scene.volume.clone(),
        look: look.clone(),
        structures: looks(scene, structures, &args.hide, progress)?,
        clip: scene.keep(),
        clips: Vec::new(),
        clips_of_rest: ClipSet::ALL,
        camera: scene.camera(),
        size: scene.size,
    };
    let (film, engine) = trace(&order, args.samples, by, progress)?;
    let light = if args.denoise { denoise(&film) } else { film.means() };
    let mut image = look.development.develop(scene.size, &light)?;
    let mut captions = scene.captions(&look.name);
    if args.denoise {
        captions.push("denoised".to_owned());
    }
    draw_marks(&mut image, &view_marks(&order.camera, scene.size, &captions)?);
    let mut details = vec![
        ("Renderer", engine),
        ("Lights", look.lights.name.clone()),
        ("Samples per pixel", film.samples().to_string()),
        ("Denoised", if args.denoise { "yes" } else { "no" }.to_owned()),
    ];
    if let Some(error) = film.relative_error() {
        details.push(("Estimated noise before denoising", format!("{:.1} % of the light", error * 100.0)));
    }
    Ok((image, details))
}

/// The structures to be shown in their own colours, and those to be left out.
fn looks(
    scene: &picture::Scene<'_>,
    coloured: &[String],
    hidden: &[String],
    progress: &Progress,
) -> Result<Vec<(Arc<Structure>, StructureLook)>> {
    let state = scene.case.plan().state();
    let of = |name: &String, hide: bool| {
        let structure = scene.case.structure(name, progress)?;
        let appearance = state.appearance(name);
        let look = if hide {
            StructureLook::hidden()
        } else {
            let colour = Some(appearance.colour.unwrap_or(structure.colour));
            StructureLook { colour, opacity: appearance.opacity, ..StructureLook::default() }
        };
        Ok((Arc::new(structure), look))
    };
    coloured.iter().map(|name| of(name, false)).chain(hidden.iter().map(|name| of(name, true))).collect()
}

/// The film, and who has traced it. Of its own accord only a real graphics device does: in software the CPU's own tracer
/// is the faster one.
fn trace(order: &Order, samples: u32, by: Renderer, progress: &Progress) -> Result<(Film, String)> {
    let gpu = match by {
        Renderer::Cpu => None,
        Renderer::Gpu => Some(GpuTracer::headless()?),
        Renderer::Auto => GpuTracer::headless().ok().filter(|gpu| !gpu.is_software()),
    };
    let on_gpu = gpu.is_some();
    match run(Engine::new(gpu), order, samples, progress) {
        Err(error) if on_gpu && by == Renderer::Auto && !progress.is_cancelled() => {
            remark(format_args!("Drawn on the CPU: {error}"));
            Ok(run(Engine::new(None), order, samples, progress)?)
        }
        other => Ok(other?),
    }
}

fn run(mut engine: Engine, order: &Order, samples: u32, progress: &Progress) -> Result<(Film, String), GpuError> {
    let mut film = Film::new(order.size)?;
    engine.take(order, [samples], progress, |taken| {
        film.clone_from(taken);
        true
    })?;
    Ok((film, engine.name()))
}
