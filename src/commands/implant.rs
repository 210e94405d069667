//! `fabrica implant`: which screw, stent or valve fits, and a cranial implant from the sound side.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use fabrica_approach::implant::{Catalogue, Fit, Measured, Screw};
use fabrica_approach::mirror::{CranialImplant, CranialOptions, box_around, cranial_implant, departure, fit_mid_plane};
use fabrica_approach::{Obstacle, Pose, Thresholds, border};
use fabrica_case::{Case, write_atomic};
use fabrica_geometry::{LpsPoint, LpsVector, Mm, VoxelPoint};
use fabrica_measure::{Request, Settings, measure};
use fabrica_plan::{
    ApproachOperation, CrossSection, Implant, Item, ItemOperation, MeasurementKind, Operation, ScrewCheck,
};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, MeshFormat, write_mesh};
use fabrica_volume::{Mask, Rgb, Structure, ValueUnit, Volume};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::author::author;
use crate::cli_operate::{ImplantArgs, ImplantKindArgs};
use crate::parse;
use crate::terminal::{Bar, remark, say};

/// Runs the command.
pub fn run(args: &ImplantArgs) -> Result<()> {
    match &args.kind {
        ImplantKindArgs::Screw { bone, entry, target, catalogue, save } => {
            screw(&args.case, bone, [entry, target], catalogue.as_deref(), save.as_deref())
        }
        ImplantKindArgs::Tube { .. } => tube(args),
        ImplantKindArgs::Cranial { .. } => cranial(args),
    }
}

/// A catalogue, by its name among the built-in ones or as a file.
fn catalogue(asked: &str) -> Result<Catalogue> {
    let built_in = Catalogue::built_in()?;
    if let Some(found) = built_in.iter().find(|c| c.name == asked) {
        return Ok(found.clone());
    }
    let path = Path::new(asked);
    if path.exists() {
        return Ok(Catalogue::open(path)?);
    }
    let names: Vec<&str> = built_in.iter().map(|c| c.name.as_str()).collect();
    bail!("there is no catalogue \"{asked}\", neither a file nor one of: {}", names.join(", "))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A structure with the scan that places its border, where there is one.
fn structure(case: &Case, name: &str, progress: &Progress) -> Result<(Structure, Option<Volume>)> {
    let structure = case.structure(name, progress)?;
    let volume = match structure.isovalue {
        Some(_) => Some(case.volume(&case.structure_entry(name)?.volume, progress)?),
        None => None,
    };
    Ok((structure, volume))
}

fn tell_fit(fit: &Fit) {
    let sure = if fit.sure { "" } else { "   MIND: not when the errors go against it" };
    say(format_args!(
        "  {:16} margin {:.1} ± {:.1} mm, length left {:.1} ± {:.1} mm{sure}",
        fit.size.name, fit.margin.value.0, fit.margin.error.0, fit.length_margin.value.0, fit.length_margin.error.0
    ));
}

fn screw(folder: &Path, bone: &str, ends: [&str; 2], file: Option<&Path>, save: Option<&str>) -> Result<()> {
    let mut case = if save.is_some() { Case::open(folder)? } else { Case::open_read_only(folder)? };
    case.require_settled_geometry()?;
    let catalogue = match file {
        Some(file) => Catalogue::open(file)?,
        None => catalogue("pedicle screws")?,
    };
    let path = fabrica_approach::Path { entry: parse::point(ends[0])?, target: parse::point(ends[1])? };
    let bar = Bar::start();
    let (structure, volume) = structure(&case, bone, bar.progress())?;
    let obstacle = Obstacle::of_structure(&structure, volume.as_ref(), None, Thresholds::default(), bar.progress())?;
    let fits = catalogue.fit_screw(&path, &obstacle)?;
    let scan = case.volume(&case.structure_entry(bone)?.volume, bar.progress())?;
    drop(bar);
    let Some(best) = fits.iter().find(|f| f.sure).or(fits.first()) else {
        bail!(
            "no screw of \"{}\" stays within {bone} there with {} mm of wall",
            catalogue.name,
            catalogue.fit.margin_mm
        )
    };
    say(format_args!("{}: {}", catalogue.name, catalogue.note));
    fits.iter().for_each(tell_fit);
    let direction = path.direction()?;
    let tip = LpsPoint(path.entry.0 + direction.0 * best.size.length_mm);
    let placed =
        Screw { path: fabrica_approach::Path { entry: path.entry, target: tip }, diameter: Mm(best.size.diameter_mm) };
    let breach = placed.breach(&obstacle)?;
    let purchase = placed.purchase(&scan)?;
    say(format_args!("Best: {}, {:.1} ± {:.1} mm of wall", best.size.name, breach.wall.0, breach.error.0));
    if let Some((mean, _)) = purchase {
        let unit = if scan.unit == ValueUnit::Hounsfield { "HU" } else { "in the scan's unit" };
        say(format_args!("  purchase: {mean:.0} {unit} around the thread"));
    }
    let Some(name) = save else { return Ok(()) };
    let pose = Pose::along(&placed.path)?;
    let implant = Implant {
        model: format!("{}, {}", catalogue.name, best.size.name),
        mesh_sha256: sha256(serde_json::to_string(&best.size)?.as_bytes()),
        origin: tip,
        axes: [LpsVector(-pose.forward().0), pose.up()],
    };
    let check = ScrewCheck {
        bone: bone.to_owned(),
        entry: path.entry,
        tip,
        diameter: placed.diameter,
        wall: breach.wall,
        error: breach.error,
        at: breach.at,
        possible: breach.possible,
        purchase: purchase.map(|(mean, _)| mean),
    };
    let by = author(None)?;
    let item = Item::Implant(implant);
    case.apply(Operation::Item(ItemOperation::Set { name: name.to_owned(), item }), &by)?;
    case.apply(Operation::Approach(ApproachOperation::CheckScrew { implant: name.to_owned(), check }), &by)?;
    say(format_args!("kept in the plan as {name}"));
    Ok(())
}

/// What a tube's fit rests on.
#[derive(Debug, Serialize)]
struct TubeReport<'a> {
    vessel: &'a str,
    simulated: bool,
    /// Along the centreline.
    length: Measured,
    /// Of each landing zone, the area-equivalent diameter of its widest section.
    landing: [Measured; 2],
    /// Of each landing zone, its least and greatest diameter in any direction, mm.
    range_mm: [[f64; 2]; 2],
    catalogue: &'a str,
    fits: &'a [Fit],
}

fn tube(args: &ImplantArgs) -> Result<()> {
    let ImplantKindArgs::Tube { vessel, between, landing, branch, from, catalogue: asked, json } = &args.kind else {
        bail!("this is no tube")
    };
    let case = Case::open_read_only(&args.case)?;
    let catalogue = catalogue(asked)?;
    let [Ok(first), Ok(second)] = between.iter().map(|w| parse::point(w)).collect::<Vec<_>>()[..] else {
        bail!("--between needs two points L,P,S")
    };
    let volume = case.structure_entry(vessel)?.volume.clone();
    let bar = Bar::start();
    let request = Request::Diameters {
        structure: vessel.clone(),
        branch: branch.checked_sub(1).context("branches are counted from 1")?,
        step: Some(Mm(1.0)),
        from: from.as_deref().map(parse::point).transpose()?,
    };
    let settings = Settings::default();
    let measured = measure(&case, &volume, &request, None, &settings, bar.progress())?;
    drop(bar);
    let MeasurementKind::DiameterProfile { sections, .. } = &measured.kind else {
        bail!("the diameters were not measured")
    };
    let place = |to: LpsPoint| {
        let near = sections.iter().map(|s| (s.centre.at.distance(to).0, s.centre.along.0));
        near.min_by(|a, b| a.0.total_cmp(&b.0)).context("the vessel has no section")
    };
    let ((off_a, a), (off_b, b)) = (place(first)?, place(second)?);
    for (point, off) in [(first, off_a), (second, off_b)] {
        if off > 20.0 {
            let p = point.0;
            bail!("the point {},{},{} lies {off:.0} mm from the centreline of {vessel}", p.x, p.y, p.z);
        }
    }
    let (start, end) = (a.min(b), a.max(b));
    if end - start < 2.0 * landing {
        bail!("there are {:.0} mm between the points: too little for two landing zones of {landing} mm", end - start);
    }
    let zone = |from: f64, to: f64| zone(sections, from, to);
    let zones = [zone(start, start + landing)?, zone(end - landing, end)?];
    // Both ends of a way along the centreline are as sure as it was picked.
    let length = Measured { value: Mm(end - start), error: Mm(1.96 * 2f64.sqrt() * settings.repeatability.0) };
    let wider = if zones[0].0.value.0 >= zones[1].0.value.0 { zones[0].0 } else { zones[1].0 };
    let fits = catalogue.fit_tube(wider, length);
    let report = TubeReport {
        vessel,
        simulated: case.is_simulated(),
        length,
        landing: [zones[0].0, zones[1].0],
        range_mm: [zones[0].1, zones[1].1],
        catalogue: &catalogue.name,
        fits: &fits,
    };
    if *json {
        say(serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    if report.simulated {
        say("Simulated data.");
    }
    say(format_args!("{vessel}: {:.1} ± {:.1} mm along the centreline", length.value.0, length.error.0));
    for (n, (d, range)) in report.landing.iter().zip(report.range_mm).enumerate() {
        say(format_args!(
            "  landing zone {}: {:.1} ± {:.1} mm (area-equivalent; {:.1} to {:.1} mm in all directions)",
            n + 1,
            d.value.0,
            d.error.0,
            range[0],
            range[1]
        ));
    }
    let taper = (report.landing[0].value.0 - report.landing[1].value.0).abs();
    let allowed = (catalogue.fit.greatest_oversize - catalogue.fit.least_oversize) * wider.value.0;
    if taper > allowed {
        remark(format_args!(
            "mind: the landing zones differ by {taper:.1} mm, more than one straight size bridges ({allowed:.1} mm)"
        ));
    }
    say(format_args!("{}: {}", catalogue.name, catalogue.note));
    if fits.is_empty() {
        bail!("no size fits {:.1} mm over {:.0} mm", wider.value.0, length.value.0);
    }
    fits.iter().for_each(tell_fit);
    Ok(())
}

/// The widest area-equivalent diameter of the sections between two places, with its error, and the range of all diameters.
fn zone(sections: &[CrossSection], from: f64, to: f64) -> Result<(Measured, [f64; 2])> {
    let within = || sections.iter().filter(|s| (from..=to).contains(&s.centre.along.0));
    if let Some(cut) = within().find(|s| s.near_end) {
        bail!(
            "a landing zone reaches to an end of the vessel or of the scan, {:.0} mm along: its diameter is not known there",
            cut.centre.along.0
        );
    }
    let widest = within()
        .max_by(|a, b| a.area_equivalent.value.total_cmp(&b.area_equivalent.value))
        .context("a landing zone has no section")?;
    let least = within().map(|s| s.minimum.value).fold(f64::INFINITY, f64::min);
    let greatest = within().map(|s| s.maximum.value).fold(0.0, f64::max);
    if greatest > 2.0 * least {
        bail!(
            "{least:.0} to {greatest:.0} mm across within one landing zone are not one vessel: cut away what else the structure \
             holds there (a chamber, a branch), or take the landing zone elsewhere"
        );
    }
    let of = &widest.area_equivalent;
    Ok((Measured { value: Mm(of.value), error: Mm(of.half_width()) }, [least, greatest]))
}

fn cranial(args: &ImplantArgs) -> Result<()> {
    let ImplantKindArgs::Cranial { skull, hole, around, gap, rounding, name, out, json } = &args.kind else {
        bail!("this is no cranial implant")
    };
    let mut case = Case::open(&args.case)?;
    case.require_settled_geometry()?;
    if case.structures().iter().any(|s| s.name == *name) {
        bail!("there is a structure \"{name}\" already; give the implant another name: --name");
    }
    let bar = Bar::start();
    let progress = bar.progress();
    let (bone, scan) = structure(&case, skull, progress)?;
    let mesh = border(&bone, scan.as_ref(), progress)?;
    let piece = case.structure(hole, progress)?;
    let region = box_around(&piece.mask, Mm(around + 2.0)).with_context(|| format!("\"{hole}\" is empty"))?;
    let (low, high) = box_around(&bone.mask, Mm(0.0)).with_context(|| format!("\"{skull}\" is empty"))?;
    let middle = LpsPoint((low.0 + high.0) / 2.0);
    let plane = fit_mid_plane(&mesh, (middle, LpsVector::new(1.0, 0.0, 0.0)), progress)?;
    let options = CranialOptions { gap: Mm(*gap), rounding: Mm(*rounding), ..CranialOptions::default() };
    let filling = border(&piece, None, progress)?;
    let made = cranial_implant(&mesh, &plane, region, Some((&filling, Mm(*around))), &options, progress)?;
    let from_piece = departure(&made.mesh, &filling);
    let volume = case.structure_entry(skull)?.volume.clone();
    let structure = Structure {
        name: name.clone(),
        colour: Rgb(120, 200, 220),
        mask: mask_of(&made.mesh, &bone.mask, progress)?,
        code: None,
        origin: format!("mirrored from the sound side of {skull}"),
        isovalue: None,
    };
    if structure.mask.is_empty() {
        bail!("the implant is thinner than the scan's voxels");
    }
    let by = author(None)?;
    case.add_structure(&volume, &structure, &by, progress)?;
    let mut stl = Vec::new();
    write_mesh(&made.mesh, MeshFormat::Stl, name, &mut stl)?;
    let item = Item::Implant(Implant {
        model: format!("patient-specific, mirrored from {skull}"),
        mesh_sha256: sha256(&stl),
        origin: LpsPoint::default(),
        axes: [LpsVector::new(1.0, 0.0, 0.0), LpsVector::new(0.0, 1.0, 0.0)],
    });
    case.apply(Operation::Item(ItemOperation::Set { name: name.clone(), item }), &by)?;
    if let Some(file) = out {
        let format = MeshFormat::of_path(file).context("write it as .stl, .obj or .ply")?;
        let mut bytes = Vec::new();
        write_mesh(&made.mesh, format, name, &mut bytes)?;
        write_atomic(file, |to| to.write_all(&bytes)).with_context(|| format!("cannot write {}", file.display()))?;
    }
    drop(bar);
    tell_cranial(&made, from_piece, hole, case.is_simulated(), *json)
}

fn tell_cranial(
    made: &CranialImplant,
    from_piece: Option<(Mm, Mm)>,
    hole: &str,
    simulated: bool,
    json: bool,
) -> Result<()> {
    let r = &made.report;
    if json {
        let mut value = serde_json::to_value(r)?;
        value["departure_from_hole_mean_and_greatest"] = serde_json::to_value(from_piece)?;
        value["triangles"] = made.mesh.triangles().len().into();
        value["simulated"] = simulated.into();
        say(serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    if simulated {
        say("Simulated data.");
    }
    let n = r.plane.normal.0;
    say(format_args!(
        "mid-plane: normal {:.3}, {:.3}, {:.3}; the two sides differ by {:.2} mm (median, where they agree best)",
        n.x, n.y, n.z, r.plane.departure.0
    ));
    say(format_args!("gap to the bone: least {:.2} mm, mean at the rim {:.2} mm", r.least_gap.0, r.mean_rim_gap.0));
    say(match r.thickness {
        Some([least, median, greatest]) => {
            format!("thickness: least {:.1}, median {:.1}, greatest {:.1} mm", least.0, median.0, greatest.0)
        }
        None => "thickness: it is all rim".to_owned(),
    });
    if r.left_out.0 > 0.0 {
        say(format_args!(
            "left out: {:.2} mL that the other side has there too, thin films on sound bone and loose pieces",
            r.left_out.0 / 1000.0
        ));
    }
    if let Some((mean, greatest)) = from_piece {
        say(format_args!("from the surface of {hole}: mean {:.2} mm, greatest {:.2} mm", mean.0, greatest.0));
    }
    Ok(())
}

/// The voxels of a grid whose middles lie within a closed mesh.
fn mask_of(mesh: &Mesh, like: &Mask, progress: &Progress) -> Result<Mask> {
    let obstacle = Obstacle::new("implant", mesh, Mm(0.0), Thresholds::default())?;
    let Some((low, high)) = obstacle.tree().bounds() else { bail!("the implant is empty") };
    let grid = like.grid();
    progress.check()?;
    Ok(Mask::from_fn(grid.clone(), |n| {
        let [i, j, k] = grid.position(n).map(|v| v as f64);
        let at = grid.to_patient(VoxelPoint::new(i, j, k));
        at.0.cmpge(low).all() && at.0.cmple(high).all() && obstacle.contains(at)
    }))
}
