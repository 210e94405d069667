//! `fabrica demo`: the whole path on the sample case.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use fabrica_case::{Case, CaseWarning};
use fabrica_import::{ReadOptions, find, make_case};
use fabrica_plan::Author;
use fabrica_print::print_structure;
use fabrica_progress::Progress;
use fabrica_raycast::{Preset, Window};
use fabrica_segment::Recipe;
use fabrica_surface::PrintOptions;
use fabrica_volume::GeometryIssue;

use crate::app::{self, Options, Place};
use crate::author::author;
use crate::cli::{DemoArgs, Orientation, PhantomArgs, Region, Renderer};
use crate::picture;
use crate::terminal::{Bar, say};

/// The sample head CT of Debian's package `invesalius-examples`.
const HEAD_CT: &str = "/usr/share/doc/invesalius-examples/examples/Cranium.inv3";
/// What the demo accepts of the sample head in the user's name, and says so.
const ACCEPTED: &str = "demo: the axes of this sample were checked against the anatomy";
/// The audit entry by which a later demo knows its own case.
const MARK: &str = "made by fabrica demo";

/// Runs the command.
pub fn run(args: &DemoArgs) -> Result<()> {
    let by = author(None)?;
    let folder = args.out.join("case");
    if folder.exists() {
        remove_own(&folder)?;
    }
    std::fs::create_dir_all(&args.out).with_context(|| format!("{} cannot be made", args.out.display()))?;
    let bar = Bar::start();
    let progress = bar.progress();
    let head = Path::new(HEAD_CT);
    let real = !args.synthetic && head.is_file();
    let source = if real { head.to_owned() } else { synthetic(&args.out, progress)? };
    say(format_args!("Sample case: {}", if real { "real head CT (invesalius-examples)" } else { "SYNTHETIC patient" }));
    let mut case = import(&source, &folder, &by, progress)?;
    let presets: &[&str] = if real { &["bone", "skin"] } else { &["bone", "lung", "vessels"] };
    separate(&mut case, presets, &by, progress)?;
    let model = args.out.join("bone.stl");
    if real {
        accept_laterality(&mut case, &by)?;
    }
    let name = Recipe::named("bone")?.title;
    let printed = print_structure(&mut case, &name, &model, &PrintOptions::default(), &by, progress)?;
    printed.parts.iter().for_each(|part| say(&part.surface));
    pictures(&case, real, &args.out, progress)?;
    drop(bar);
    say(format_args!("The case, the pictures, the model and its report are in {}.", args.out.display()));
    if args.headless || !app::has_display() {
        return Ok(());
    }
    drop(case);
    app::run(Options { paths: vec![folder], place: Place::Desktop, ..Options::new(by) })
}

fn synthetic(out: &Path, progress: &Progress) -> Result<PathBuf> {
    let folder = out.join("phantom");
    if folder.join("truth.json").is_file() {
        return Ok(folder.join("dicom"));
    }
    let args = PhantomArgs {
        out: folder.clone(),
        region: Region::Trunk,
        orientation: Orientation::Axial,
        pixel: 1.5,
        slice: 1.5,
        noise: 8.0,
        seed: 1,
        tilt: 0.0,
    };
    super::phantom::write(&args, progress)?;
    Ok(folder.join("dicom"))
}

fn import(source: &Path, folder: &Path, by: &Author, progress: &Progress) -> Result<Case> {
    let found = find(&[source.to_owned()], progress)?;
    let scan = found.scans.first().with_context(|| format!("{} holds no scan", source.display()))?;
    let made = make_case(folder, &found, scan, &[0], true, ReadOptions::default(), by, progress)?;
    let mut case = made.case;
    case.audit(MARK, Vec::new(), by)?;
    Ok(case)
}

/// Removes the case of an earlier demo, and nothing else.
fn remove_own(folder: &Path) -> Result<()> {
    let elsewhere = || format!("{} is not a case that fabrica demo made; choose another --out", folder.display());
    // Opened for changes: a case that is open elsewhere is left alone.
    let case = Case::open(folder).with_context(elsewhere)?;
    if !case.audit_log()?.iter().any(|line| line.what == MARK) {
        bail!(elsewhere());
    }
    drop(case);
    std::fs::remove_dir_all(folder).with_context(|| format!("{} cannot be removed", folder.display()))
}

fn separate(case: &mut Case, presets: &[&str], by: &Author, progress: &Progress) -> Result<()> {
    let id = super::volume_id(case, None)?;
    let volume = case.volume(&id, progress)?;
    for preset in presets {
        progress.stage(format!("separating {preset}"));
        let structure = Recipe::named(preset)?.run(&volume, progress)?;
        say(format_args!("{}: {:.1} mL ({})", structure.name, structure.mask.volume().millilitres(), structure.origin));
        case.add_structure(&id, &structure, by, progress)?;
    }
    Ok(())
}

/// An InVesalius file does not say which side is which; of this one it is known. Users decide for their own scans.
fn accept_laterality(case: &mut Case, by: &Author) -> Result<()> {
    let of_sides = |w: &CaseWarning| matches!(w.warning.issue, GeometryIssue::LateralityAssumed { .. });
    for open in case.open_warnings().into_iter().filter(of_sides) {
        say(format_args!("Accepted for the demo: {}", open.warning.issue));
        case.accept_warning(&open.volume, open.index, by, ACCEPTED)?;
    }
    Ok(())
}

fn pictures(case: &Case, real: bool, out: &Path, progress: &Progress) -> Result<()> {
    let id = super::volume_id(case, None)?;
    let volume = Arc::new(case.volume(&id, progress)?);
    let scene = |size, view: &str| -> Result<picture::Scene<'_>> {
        Ok(picture::Scene {
            case,
            volume: &volume,
            id: &id,
            size,
            view: view.parse()?,
            from: None,
            clip: None,
            through: None,
        })
    };
    let looks: &[(&str, &str)] = if real {
        &[("ct-bone", "azimuth=30,elevation=10,zoom=1.4"), ("ct-skin", "azimuth=-30,elevation=5,zoom=1.4")]
    } else {
        &[("ct-bone", "azimuth=20,elevation=5"), ("ct-vessels", "anterior")]
    };
    for (preset, view) in looks {
        let scene = scene([900, 900], view)?;
        progress.stage(format!("drawing {preset}"));
        let image = picture::of_volume(&scene, &Preset::named(preset)?, Renderer::Auto, progress)?;
        picture::save(&image, &scene, preset, &[], &out.join(format!("volume-{preset}.png")))?;
    }
    let whole = scene([1500, 500], "anterior")?;
    // Bone alone: the skin would cover all of the slices.
    let structures = picture::structures(case, &id, &[Recipe::named("bone")?.title], progress)?;
    let window = if real { Window::named("brain") } else { Window::named("abdomen") };
    let window = window.unwrap_or_else(|| Window::suited_to(&volume));
    let at = picture::crosshair(case, &volume, None);
    let image = picture::of_slices(&whole, window, &structures, at, progress)?;
    picture::save(&image, &whole, "slices", &[], &out.join("slices.png"))?;
    let front = scene([900, 900], "azimuth=30,elevation=10,zoom=1.4")?;
    let image = picture::of_surfaces(&front, &structures, progress)?;
    picture::save(&image, &front, "surface", &[], &out.join("surface-bone.png"))
}
