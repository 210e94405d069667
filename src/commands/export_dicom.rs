//! `fabrica export --dicom`: results as DICOM objects in a folder.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;

use anyhow::{Context, Result, bail};
use fabrica_case::{AuditData, Case, write_atomic};
use fabrica_dicom_results::{
    DicomFile, FilledPart, Key, Picture, Presentation, Presented, ResultError, SegmentationKind, Source, captured,
    key_objects, measurement_report, presentation_state, segmentation, structure_set, to_bytes,
};
use fabrica_measure::{Occupancy, occupancy};
use fabrica_plan::{Author, NamedMeasurement, UtcTime};
use fabrica_progress::Progress;
use fabrica_review::{Pass, require_validated};
use fabrica_volume::Structure;

use super::export::mark;
use super::volume_id;
use crate::author::author;
use crate::cli::ExportArgs;
use crate::terminal::{Bar, remark, say};
use crate::{picture, views};

/// What is written, and what is said of it.
#[derive(Default)]
struct Results {
    files: Vec<(String, DicomFile)>,
    told: Vec<String>,
}

impl Results {
    fn add(&mut self, name: impl Into<String>, file: DicomFile) {
        self.files.push((name.into(), file));
    }
}

/// Writes what the case has: the structures of the volume, the measurements made on it, views.
pub fn run(args: &ExportArgs, mut case: Case) -> Result<()> {
    // Numbers that leave the house are held to the same as those that are measured.
    case.require_settled_geometry()?;
    let by = author(None)?;
    let id = volume_id(&case, args.volume.as_deref())?;
    let entry = case.volume_entry(&id)?.clone();
    let source = Source { provenance: &entry.provenance, grid: &entry.grid, sha256: &entry.sha256 };
    let bar = Bar::start();
    let progress = bar.progress();
    let now = UtcTime::now();
    let mut results = Results::default();
    // What was drawn or edited is not in the entries' counts: the masks say which structures hold something.
    let (mut entries, mut structures) = (Vec::new(), Vec::new());
    for entry in case.structures().iter().filter(|s| s.volume == id) {
        let structure = case.structure(&entry.name, progress)?;
        if structure.mask.is_empty() {
            results.told.push(format!("`{}` is empty and left out", entry.name));
        } else {
            entries.push(entry.clone());
            structures.push(structure);
        }
    }
    let on_volume = |m: &&NamedMeasurement| m.measurement.volume == id;
    let mut measurements: Vec<_> = case.plan().state().measurements.iter().filter(on_volume).cloned().collect();
    let pass = let_pass(args, &case, &structures, &measurements, progress)?;
    if !structures.is_empty() {
        mark(&mut structures, &pass);
        let scan = if args.fractional { Some(case.volume(&id, progress)?) } else { None };
        let filled: Vec<Occupancy> = match &scan {
            Some(scan) => structures.iter().map(|s| occupancy(s, Some(scan), progress)).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let parts: Vec<FilledPart<'_>> =
            filled.iter().map(|o| FilledPart { first: o.first, size: o.size, values: &o.values }).collect();
        let kind = if args.fractional { SegmentationKind::Fractional(&parts) } else { SegmentationKind::Binary };
        results.add("segmentation.dcm", segmentation(&source, &structures, kind, &by, now)?);
        if args.rtstruct {
            contours(&mut results, &source, &structures, &pass, &by, now, progress)?;
        }
    }
    if let Some(stale) = measurements.iter().find(|m| !fabrica_measure::stale(&case, &m.measurement).is_empty()) {
        bail!(
            "the measurement `{}` is stale: its data has changed. Measure it again (--edit) or remove it",
            stale.name
        );
    }
    for measured in &mut measurements {
        if measured.measurement.kind.structures().iter().any(|name| pass.of(name).is_some()) {
            measured.name = format!("NOT VALIDATED {}", measured.name);
        }
    }
    if !measurements.is_empty() {
        results.add("measurements.dcm", measurement_report(&source, &measurements, &by, now)?);
    }
    if args.presentation || args.views {
        key_images(&mut results, args, &case, &id, &source, &measurements, (&by, now), progress)?;
    }
    if results.files.is_empty() {
        bail!("{id} has neither a structure nor a measurement{}", if args.views { " nor a kept view" } else { "" });
    }
    pass.record(&mut case, "export to DICOM", &by)?;
    fs::create_dir(&args.out).with_context(|| format!("the folder {} cannot be made", args.out.display()))?;
    for (name, file) in &results.files {
        let bytes = to_bytes(file)?;
        let path = args.out.join(name);
        write_atomic(&path, |out| out.write_all(&bytes))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let mut data = vec![AuditData { name: id, sha256: entry.sha256 }];
    data.extend(entries.iter().map(|s| AuditData { name: s.name.clone(), sha256: s.sha256.clone() }));
    case.audit("export to DICOM", data, &by)?;
    drop(bar);
    for (name, _) in results.files {
        say(format_args!("Written to {}", args.out.join(name).display()));
    }
    results.told.iter().for_each(remark);
    Ok(())
}

/// The gate, for the structures and for what measurements were made of.
fn let_pass(
    args: &ExportArgs,
    case: &Case,
    structures: &[Structure],
    measurements: &[NamedMeasurement],
    progress: &Progress,
) -> Result<Pass> {
    let mut names: BTreeSet<&str> = structures.iter().map(|s| s.name.as_str()).collect();
    names.extend(measurements.iter().flat_map(|m| m.measurement.kind.structures()));
    // A structure that a measurement was made of may be gone; then the measurement is stale, which is told.
    names.retain(|name| case.structure_entry(name).is_ok());
    if args.views {
        // Pictures show them.
        names.extend(case.structures().iter().map(|s| s.name.as_str()));
    }
    Ok(require_validated(case, names, args.override_unvalidated.as_deref(), progress)?)
}

fn contours(
    results: &mut Results,
    source: &Source<'_>,
    structures: &[Structure],
    pass: &Pass,
    by: &Author,
    now: UtcTime,
    progress: &Progress,
) -> Result<()> {
    // Planning systems show names and little else.
    let named = |s: &Structure| match pass.of(&s.name) {
        Some(_) => Structure { name: format!("NOT VALIDATED {}", s.name), ..s.clone() },
        None => s.clone(),
    };
    let structures: Vec<Structure> = structures.iter().map(named).collect();
    let (file, told) = structure_set(source, &structures, by, now, progress)?;
    let lines = told
        .iter()
        .map(|t| format!("{}: {} contour(s) around {:.3} mL of voxels", t.name, t.contours, t.volume.millilitres()));
    results.told.extend(lines);
    results.add("structure-set.dcm", file);
    Ok(())
}

/// Measurements on images, pictures of views, and the selection that marks both as key images.
fn key_images(
    results: &mut Results,
    args: &ExportArgs,
    case: &Case,
    id: &str,
    source: &Source<'_>,
    measurements: &[NamedMeasurement],
    (by, now): (&Author, UtcTime),
    progress: &Progress,
) -> Result<()> {
    let mut presentation: Option<Presentation> = None;
    if args.presentation {
        let annotations: Vec<_> = case.plan().state().items.annotations.clone().into_iter().collect();
        let volume = std::sync::Arc::new(case.volume(id, progress)?);
        let window = match case.plan().state().windows.get(id) {
            Some(planned) => *planned,
            None => {
                let suited = fabrica_raycast::Window::suited_to(&volume);
                fabrica_plan::Window { centre: suited.centre, width: suited.width }
            }
        };
        let what = Presented { measurements, annotations: &annotations, window };
        match presentation_state(source, &what, by, now) {
            Ok(made) => {
                let lines = made.left_out.iter().map(|(name, why)| format!("`{name}` is not drawn on an image: {why}"));
                results.told.extend(lines);
                results.add("presentation.dcm", made.file.clone());
                presentation = Some(made);
            }
            // With views asked for too there may be key images all the same.
            Err(error @ ResultError::Nothing(_)) if args.views => results.told.push(error.to_string()),
            Err(error) => return Err(error.into()),
        }
    }
    let mut keys = Vec::new();
    if args.views {
        for (n, (caption, image)) in views::pictures(case, id, progress)?.into_iter().enumerate() {
            let rgb = picture::rgb(&image);
            let drawn = Picture { caption: &caption, size: image.size(), rgb: &rgb };
            let file = captured(source, &drawn, n + 1, now)?;
            keys.push(Key::of(&file)?);
            results.add(format!("view-{}.dcm", n + 1), file);
        }
        if keys.is_empty() {
            results.told.push("the plan keeps no view".to_owned());
        }
    }
    let state = presentation.as_ref().map(|p| Ok::<_, ResultError>((Key::of(&p.file)?, &p.slices))).transpose()?;
    let shown = state.as_ref().map(|(key, slices)| (key, slices.as_slice()));
    if keys.is_empty() && shown.is_none() {
        return Ok(());
    }
    let what = "Views and measurements of a plan made with Fabrica, which is no cleared medical device";
    results.add("key-images.dcm", key_objects(source, &keys, shown, what, by, now)?);
    Ok(())
}
