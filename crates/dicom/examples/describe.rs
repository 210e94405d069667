//! Prints what a scan of files and folders finds, one line of JSON a phase: for comparing with other readers.
//!
//! The sums do not depend on the order of the axes: the sum of all values, and the mean position of the values above the
//! least one, in patient coordinates.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the command line")]

use fabrica_dicom::{LoadOptions, load, scan};
use fabrica_progress::Progress;
use fabrica_volume::Volume;
use glam::DVec3;

fn main() -> Result<(), fabrica_dicom::DicomError> {
    let paths: Vec<_> = std::env::args_os().skip(1).map(Into::into).collect();
    let progress = Progress::new();
    let found = scan(&paths, &progress)?;
    for series in &found.series {
        for (number, phase) in series.phases.iter().enumerate() {
            let about = format!(
                r#""modality": {:?}, "description": {:?}, "kind": "{:?}", "phase": {:?}, "dims": {:?}, "files": {}"#,
                series.modality.0,
                series.description,
                series.kind,
                phase.label,
                phase.dims,
                series.file_count(),
            );
            let warnings: Vec<String> = phase.warnings.iter().map(|w| w.issue.to_string()).collect();
            let values = match load(series, number, &LoadOptions::resample(), &progress) {
                Ok(volume) => measured(&volume),
                Err(error) => format!(r#""refused": {:?}"#, error.to_string()),
            };
            println!(r#"{{{about}, {values}, "warnings": {warnings:?}}}"#);
        }
    }
    for object in &found.objects {
        println!(r#"{{"object": {:?}, "modality": {:?}}}"#, object.sop_class_uid, object.modality.0);
    }
    for passed in &found.passed_over {
        println!(r#"{{"passed_over": {:?}, "reason": {:?}}}"#, passed.path, passed.reason);
    }
    Ok(())
}

fn measured(volume: &Volume) -> String {
    let grid = volume.grid();
    let [nx, ny, _] = grid.dims();
    let (least, greatest) = volume.range();
    let (mut sum, mut weight, mut place) = (0.0, 0.0, DVec3::ZERO);
    for index in 0..grid.len() {
        let voxel = [index % nx, index / nx % ny, index / nx / ny];
        let value = volume.value(voxel).unwrap_or(f64::NAN);
        if value.is_finite() {
            sum += value;
            weight += value - least;
            let at = DVec3::from_array(voxel.map(|v| v as f64));
            place += (value - least) * at;
        }
    }
    let centre = grid.voxel_to_patient().transform_point3(place / weight.max(f64::MIN_POSITIVE));
    format!(
        r#""spacing": {:?}, "least": {least}, "greatest": {greatest}, "sum": {sum}, "centre": {:?}, "unit": "{:?}""#,
        grid.spacing(),
        centre.to_array(),
        volume.unit
    )
}
