//! `fabrica export --dicom`: results as DICOM objects in a folder.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;

use anyhow::{Context, Result, bail};
use fabrica_case::{AuditData, Case, write_atomic};
use fabrica_dicom_results::{DicomFile, SegmentationKind, Source, measurement_report, segmentation, to_bytes};
use fabrica_plan::UtcTime;
use fabrica_review::require_validated;

use super::export::mark;
use super::volume_id;
use crate::author::author;
use crate::cli::ExportArgs;
use crate::terminal::{Bar, say};

/// Writes what the case has: the structures of the volume, the measurements made on it.
pub fn run(args: &ExportArgs, mut case: Case) -> Result<()> {
    // Numbers that leave the house are held to the same as those that are measured.
    case.require_settled_geometry()?;
    let by = author(None)?;
    let id = volume_id(&case, args.volume.as_deref())?;
    let entry = case.volume_entry(&id)?.clone();
    let source = Source { provenance: &entry.provenance, grid: &entry.grid, sha256: &entry.sha256 };
    let bar = Bar::start();
    let now = UtcTime::now();
    let mut data = vec![AuditData { name: id.clone(), sha256: entry.sha256.clone() }];
    let mut files: Vec<(&str, DicomFile)> = Vec::new();
    let entries: Vec<_> = case.structures().iter().filter(|s| s.volume == id && s.voxels > 0).cloned().collect();
    let on_volume = |m: &&fabrica_plan::NamedMeasurement| m.measurement.volume == id;
    let mut measurements: Vec<_> = case.plan().state().measurements.iter().filter(on_volume).cloned().collect();
    let mut names: BTreeSet<String> = entries.iter().map(|s| s.name.clone()).collect();
    names.extend(measurements.iter().flat_map(|m| m.measurement.kind.structures()).map(str::to_owned));
    // A structure that a measurement was made of may be gone; then the measurement is stale, which is told below.
    names.retain(|name| case.structure_entry(name).is_ok());
    let reason = args.override_unvalidated.as_deref();
    let pass = require_validated(&case, names.iter().map(String::as_str), reason, bar.progress())?;
    if !entries.is_empty() {
        let mut structures =
            entries.iter().map(|s| case.structure(&s.name, bar.progress())).collect::<Result<Vec<_>, _>>()?;
        mark(&mut structures, &pass);
        let kind = if args.fractional { SegmentationKind::Fractional } else { SegmentationKind::Binary };
        files.push(("segmentation.dcm", segmentation(&source, &structures, kind, &by, now)?));
        data.extend(entries.iter().map(|s| AuditData { name: s.name.clone(), sha256: s.sha256.clone() }));
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
        files.push(("measurements.dcm", measurement_report(&source, &measurements, &by, now)?));
    }
    if files.is_empty() {
        bail!("{id} has neither a structure nor a measurement");
    }
    pass.record(&mut case, "export to DICOM", &by)?;
    fs::create_dir(&args.out).with_context(|| format!("the folder {} cannot be made", args.out.display()))?;
    for (name, file) in &files {
        let bytes = to_bytes(file)?;
        let path = args.out.join(name);
        write_atomic(&path, |out| out.write_all(&bytes))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    case.audit("export to DICOM", data, &by)?;
    drop(bar);
    for (name, _) in files {
        say(format_args!("Written to {}", args.out.join(name).display()));
    }
    Ok(())
}
