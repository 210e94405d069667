//! What results are made on, for tests: a synthetic scan's provenance, its grid; and tools that others wrote.
#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};
use std::process::Command;

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_plan::{Author, UtcTime};
use fabrica_volume::{Modality, Provenance, Rescale, Source as File};

use glam::DVec3;

/// The scan's hash.
pub const SHA: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

pub fn now() -> UtcTime {
    UtcTime::try_from("2026-11-25T08:00:00.000Z".to_owned()).unwrap()
}

pub fn provenance(slices: usize) -> Provenance {
    let source = |n: usize| File {
        file_name: format!("{n}.dcm"),
        sha256: SHA.into(),
        sop_instance_uid: Some(format!("1.2.826.0.1.3680043.8.498.{n}")),
        rescale: Some(Rescale { slope: 1.0, intercept: -1024.0 }),
    };
    Provenance {
        sources: (1..=slices).map(source).collect(),
        modality: Modality::ct(),
        patient_name: "SYNTHETIC^PHANTOM".into(),
        patient_id: "SYNTHETIC-1".into(),
        study_date: "20260101".into(),
        study_uid: Some("1.2.3.4".into()),
        series_uid: Some("1.2.3.4.5".into()),
        frame_of_reference_uid: Some("1.2.3.4.6".into()),
        simulated: true,
        ..Provenance::default()
    }
}

pub fn author() -> Author {
    Author::new("Anna Ärztin").unwrap()
}

/// Turned about the patient's long axis, 13 columns so that bits do not end with bytes.
pub fn grid() -> Grid {
    let (sin, cos) = 0.3f64.sin_cos();
    let axes = [DVec3::new(cos, sin, 0.0), DVec3::new(-sin, cos, 0.0), DVec3::Z].map(LpsVector);
    Grid::new([13, 9, 6], LpsPoint::new(-20.5, 101.25, 33.125), axes, [0.75, 0.875, 2.5]).unwrap()
}

pub fn saved(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), bytes).unwrap();
    path
}

/// What a tool says of a file, if it is installed.
pub fn tool(name: &str, arguments: &[&str], file: &Path) -> Option<(bool, String)> {
    match Command::new(name).args(arguments).arg(file).output() {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
        }
        Err(_) => {
            eprintln!("SKIPPED: {name} is not installed");
            None
        }
    }
}

/// `dciodvfy` finds no error, if it is installed.
pub fn is_valid(file: &Path) {
    if let Some((_, said)) = tool("dciodvfy", &[], file) {
        let errors: Vec<_> = said.lines().filter(|l| l.starts_with("Error")).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}
